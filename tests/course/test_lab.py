"""JupyterLab as `make lab` starts it: on this machine only, with a token, saving an .ipynb keeps its .py in step."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from helpers.course import notebooks
from helpers.runtime import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def course(tmp_path) -> Path:
    """A folder with the configuration of the pairs and one pair."""
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for suffix in (".py", ".ipynb"):
        shutil.copy(ROOT / "tests" / "fixtures" / f"intact{suffix}", tmp_path / "notebooks")
    return tmp_path


@pytest.fixture
def server(course, tmp_path_factory):
    """What a running JupyterLab says of itself: url, token, hostname."""
    folders = {
        name: str(tmp_path_factory.mktemp(name))
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"],
        cwd=course, env=os.environ | folders, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield wait_for_server(Path(folders["JUPYTER_RUNTIME_DIR"]))
    finally:
        process.terminate()
        process.communicate(timeout=30)


def wait_for_server(folder: Path) -> dict:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in folder.glob("jpserver-*.json"):
            try:
                return json.loads(path.read_text())
            except json.JSONDecodeError:  # being written
                pass
        time.sleep(0.1)
    raise TimeoutError("JupyterLab did not start within a minute.")


def request(server: dict, method: str, path: str, body: dict | None = None) -> dict:
    message = urllib.request.Request(
        f"{server['url']}api/contents/{path}",
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"token {server['token']}"},
    )
    with urllib.request.urlopen(message, timeout=30) as answer:
        return json.load(answer)


def test_saving_a_notebook_keeps_its_script_in_step(course, server):
    assert server["hostname"] in {"localhost", "127.0.0.1"}
    assert len(server["token"]) >= 32
    script = course / "notebooks" / "intact.py"
    before = script.read_text()

    opened = request(server, "GET", "notebooks/intact.ipynb")["content"]
    request(server, "PUT", "notebooks/intact.ipynb", {"type": "notebook", "content": opened})
    assert script.read_text() == before  # saving what was not changed changes nothing

    opened["cells"][-1]["source"] = "print('saved from JupyterLab')"
    request(server, "PUT", "notebooks/intact.ipynb", {"type": "notebook", "content": opened})
    assert script.read_text() == before.replace(
        "PROFILE, SEED, RUNS\n", "print('saved from JupyterLab')\n"
    )
    assert (
        notebooks.read(script.with_suffix(".ipynb")).cells[-1].source
        == "print('saved from JupyterLab')"
    )
