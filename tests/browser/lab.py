"""JupyterLab as `make lab` starts it, and what a reader does with its cells."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from helpers.runtime import ROOT
from tests.browser.conftest import PATIENCE

RAN = re.compile(r"\[\d+\]:")  # before a cell that ran to its end
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"


def copy_of_the_course(folder: Path) -> Path:
    """A copy of what JupyterLab needs of the course, so that saving changes nothing here."""
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for part in ("helpers", "data", "notebooks"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / file, folder)
    return folder


@contextmanager
def running(course: Path, home: Path, theme: str = LIGHT) -> Iterator[dict]:
    """What the server that `make lab` starts says of itself: url, token, hostname, and `opens`.

    The server keeps its own files in `home`; `opens` is the address that it would open. All cells
    are on its pages, also those out of sight.
    """
    settings = home / "config" / "lab" / "user-settings" / "@jupyterlab"
    chosen = {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/themes": {"theme": theme},
    }
    for name, values in chosen.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    folders = {
        f"JUPYTER_{name.upper()}_DIR": str(home / name) for name in ("runtime", "config", "data")
    }
    command = ["make", "lab", "ENVIRONMENT=true", f"IN_VENV={shlex.quote(sys.executable)}"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "LAB=--no-browser --allow-root --port=0"],
            cwd=course,
            env=os.environ | folders | {"IPYTHONDIR": str(home / "ipython")},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield said_by_server(home, process)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=PATIENCE / 1000)


def said_by_server(home: Path, process: subprocess.Popen) -> dict:
    """The server's own file, and the address in its log, once both are written."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        opens = re.search(r"http://localhost:\S+", (home / "log").read_text())
        for path in (home / "runtime").glob("jpserver-*.json") if opens else ():
            with suppress(json.JSONDecodeError):  # being written
                return json.loads(path.read_text()) | {"opens": opens[0]}
        time.sleep(0.2)
    raise TimeoutError(f"JupyterLab did not start: {(home / 'log').read_text()[-2000:]}")


def open_page(browser: Browser, address: str, console: list[str]) -> Page:
    """A page of JupyterLab; `console` gets the errors that it reports."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.on(
        "console", lambda message: console.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: console.append(str(error)))
    page.goto(address, wait_until="domcontentloaded")
    expect(page.get_by_text("| Idle")).to_be_visible()  # in the status bar: the kernel listens
    return page


def cell(page: Page, text: str) -> Locator:
    """The first code cell that holds the text now; it stays the same cell when its text changes."""
    cells = page.locator(".jp-CodeCell")
    expect(cells.filter(has_text=text).first).to_be_attached()
    holds = """(cells, text) => cells.findIndex(
        cell => cell.querySelector('.jp-InputArea')?.innerText.includes(text))"""  # none if folded
    return cells.nth(cells.evaluate_all(holds, text))


def write(page: Page, place: Locator, source: str) -> None:
    """Replace what the cell holds, as a reader would: click, select all, type."""
    place.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    expect(place.locator(".cm-content")).to_contain_text(source.splitlines()[0])


def run(page: Page, place: Locator) -> str:
    """Run the cell that has the cursor; what it says."""
    prompt = place.locator(".jp-InputArea-prompt")
    prompt.evaluate("prompt => prompt.replaceChildren()")  # the saved number may come out again
    page.keyboard.press("Control+Enter")
    expect(prompt).to_have_text(RAN)
    return place.locator(".jp-OutputArea").inner_text()
