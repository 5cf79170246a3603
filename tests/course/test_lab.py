"""JupyterLab as `make lab` starts it: on this machine only, with a token.

Saving an .ipynb writes its .py.
"""

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
START_SECONDS = 300  # on a busy machine


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
        cwd=course,
        env=os.environ | folders,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield wait_for_server(Path(folders["JUPYTER_RUNTIME_DIR"]), process)
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def wait_for_server(folder: Path, process: subprocess.Popen) -> dict:
    """The server's own file, once the server answers; the file is there before it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for path in folder.glob("jpserver-*.json"):
            try:
                server = json.loads(path.read_text())
                request(server, "GET", "notebooks")
                return server
            except (json.JSONDecodeError, OSError):  # half written; nobody listens yet
                pass
        time.sleep(0.1)
    raise TimeoutError(f"JupyterLab did not answer within {START_SECONDS} seconds.")


def request(server: dict, method: str, path: str, body: dict | None = None) -> dict:
    message = urllib.request.Request(
        f"{server['url']}api/contents/{path}",
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"token {server['token']}"},
    )
    with urllib.request.urlopen(message, timeout=START_SECONDS) as answer:
        return json.load(answer)


def test_saving_a_notebook_writes_its_script(course, server):
    assert server["hostname"] in {"localhost", "127.0.0.1"}
    assert len(server["token"]) >= 32
    script = course / "notebooks" / "intact.py"
    before = script.read_text()

    opened = request(server, "GET", "notebooks/intact.ipynb")["content"]
    request(server, "PUT", "notebooks/intact.ipynb", {"type": "notebook", "content": opened})
    assert script.read_text() == before  # saving what was not changed changes nothing

    opened["cells"][-1]["source"] = "print('saved from JupyterLab')"
    request(server, "PUT", "notebooks/intact.ipynb", {"type": "notebook", "content": opened})
    changed = before.replace("PROFILE, SEED, RUNS\n", "print('saved from JupyterLab')\n")
    assert script.read_text() == changed
    written = notebooks.read(script.with_suffix(".ipynb")).cells[-1].source
    assert written == "print('saved from JupyterLab')"
