"""JupyterLab as a reader meets it: `make lab`, lesson 01 in Chromium, exercises solved in it."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from helpers.runtime import ROOT
from tests.browser.conftest import PATIENCE

LESSON = "01_overfitting"
RAN = re.compile(r"\[\d+\]:")  # before a cell that ran to its end
# No question about news from the network; all cells on the page, also those out of sight.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}

RIGHT = """def choose(training_error, validation_error, test_error):
    return int(np.argmin(validation_error))


ex.choosing.check(choose)"""
WRONG = """def count_parameters(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    return sum(before * after for before, after in zip(widths, widths[1:]))


ex.counting.check(count_parameters)"""


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A copy of the course, so that saving changes nothing here."""
    folder = tmp_path_factory.mktemp("course")
    for part in ("helpers", "data", "notebooks"):
        shutil.copytree(
            ROOT / part,
            folder / part,
            ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
        )
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / file, folder)
    return folder


@pytest.fixture(scope="module")
def server(course, tmp_path_factory):
    """What the server that `make lab` starts says of itself: url, token, hostname."""
    recipe = subprocess.run(
        ["make", "--no-print-directory", "-n", "lab"],
        cwd=course,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    command = shlex.split(recipe.splitlines()[-1])
    home = tmp_path_factory.mktemp("home")
    settings = home / "config" / "lab" / "user-settings" / "@jupyterlab"
    for name, values in SETTINGS.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    folders = {
        f"JUPYTER_{name.upper()}_DIR": str(home / name) for name in ("runtime", "config", "data")
    }
    log = (home / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, *command[1:], "--no-browser", "--allow-root", "--port=0"],
        cwd=course,
        env=os.environ | folders | {"IPYTHONDIR": str(home / "ipython")},
        stdout=log,
        stderr=log,
    )
    try:
        yield said_by_server(home, process)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE / 1000)
        log.close()


def said_by_server(home: Path, process: subprocess.Popen) -> dict:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        for path in (home / "runtime").glob("jpserver-*.json"):
            try:
                return json.loads(path.read_text())
            except json.JSONDecodeError:  # being written
                pass
        time.sleep(0.2)
    raise TimeoutError(f"JupyterLab did not start: {(home / 'log').read_text()[-2000:]}")


@pytest.fixture(scope="module")
def console() -> list[str]:
    """Errors that the page reported."""
    return []


@pytest.fixture(scope="module")
def page(chromium: Browser, server, console):
    """Lesson 01, opened with the link that the server prints."""
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE)
    page.on(
        "console", lambda message: console.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: console.append(str(error)))
    page.goto(
        f"{server['url']}lab/tree/notebooks/{LESSON}.ipynb?token={server['token']}",
        wait_until="domcontentloaded",
    )
    expect(
        page.locator(".jp-CodeCell").filter(has_text="verdicts = claims.Ledger(").first
    ).to_be_attached()
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first).to_be_attached()
    yield page
    page.close()


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
    before = prompt.inner_text()
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(RAN)
    return place.locator(".jp-OutputArea").inner_text()


def test_the_server_is_for_this_machine_only_and_asks_for_a_token(server):
    assert server["hostname"] in {"localhost", "127.0.0.1"}
    assert len(server["token"]) >= 32 and not server["password"]
    port = f"{server['port']:04X}"
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    assert [address for address in listening if address.endswith(f":{port}")] == [
        f"0100007F:{port}"
    ]


def test_without_the_token_nothing_opens(chromium, server):
    stranger = chromium.new_page()
    stranger.goto(f"{server['url']}lab", wait_until="domcontentloaded")
    assert "/login" in stranger.url
    stranger.close()


def test_all_cells_run(page):
    parameters = cell(page, "RUNS = 5")
    write(page, parameters, 'PROFILE = "quick"\nSEED = 0\nRUNS = 3')
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
    last = page.locator(".jp-CodeCell .jp-InputArea-prompt").last
    expect(last).to_have_text(RAN, timeout=4 * PATIENCE)
    assert (
        page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
        ).count()
        == 0
    )
    figures = page.locator(".jp-RenderedImage img").evaluate_all(
        "images => images.map(image => image.naturalWidth)"
    )
    assert len(figures) >= 5 and min(figures) > 300
    assert (
        page.get_by_text("not attempted.").count() == 5
    )  # one an exercise, and the page ran on to its end


def test_moving_the_slider_draws_another_figure(page):
    handle = page.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    figure = page.locator(".widget-html img, .widget-html-content img").first
    shows = lambda degree: re.compile(f"^Polynomial of degree {degree} through 20 points")
    expect(figure).to_have_attribute("alt", shows(0))
    for degree in (1, 2, 3):  # on a busy machine a figure takes the focus when it comes late
        handle.press("ArrowRight")
        expect(figure).to_have_attribute("alt", shows(degree))


def test_a_right_answer_is_correct(page):
    place = cell(page, "def choose(")
    write(page, place, RIGHT)
    assert "✓ choosing: correct. Choose on validation data" in run(page, place)


def test_a_wrong_answer_is_told_what_is_wrong_and_a_hint_helps(page):
    place = cell(page, "def count_parameters(")
    write(page, place, WRONG)
    assert (
        "✗ counting: not yet. The weights are right, but every unit of every layer has a bias"
        in run(page, place)
    )
    write(page, place, WRONG + "\nex.counting.hint()")
    assert "Hint 1 (of 2; .hint(2) shows the next): A layer from a units to b units" in run(
        page, place
    )


def test_saving_updates_the_script(page, course):
    script = course / "notebooks" / f"{LESSON}.py"
    before = script.read_text(encoding="utf-8")
    page.keyboard.press("Control+S")
    deadline = time.monotonic() + PATIENCE / 1000
    while (text := script.read_text(encoding="utf-8")) == before and time.monotonic() < deadline:
        page.wait_for_timeout(500)
    assert (
        "return int(np.argmin(validation_error))" in text
        and "ex.counting.hint()" in text
        and "RUNS = 3" in text
    )
    assert "ex.counting.hint()" in (script.with_suffix(".ipynb")).read_text(encoding="utf-8")


def test_the_console_has_no_errors(page, console):
    assert console == []  # nothing had to be excused
