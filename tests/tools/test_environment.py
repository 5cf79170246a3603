"""Environments: made once, one set-up at a time, made again when not complete; what is wrong is
said in one line.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from helpers.runtime import ROOT
from tools import environment

HASH = "--hash=sha256:" + 64 * "0"
LONG = 300  # seconds that a busy machine may take for what a quiet one does at once


@pytest.fixture
def place(tmp_path) -> Path:
    """A clone with a space in its name, whose set-up has nothing to install."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    (folder / "requirements.lock").write_text("# nothing\n")
    return folder


@pytest.fixture
def filled(monkeypatch) -> list[Path]:
    """The environments that were filled, each with no more than a Python."""
    made = []

    def fill(folder, lock, held):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(sys.executable)
        made.append(folder)

    monkeypatch.setattr(environment, "fill", fill)
    return made


def make(place: Path) -> None:
    environment.make(place / ".venv", place / "requirements.lock", place / "build" / "venv")


def forget_stamp(place):
    (place / ".venv" / "complete").unlink()


def change_lock(place):
    (place / "requirements.lock").write_text("# nothing else\n")


def lose_python(place):
    (place / ".venv" / "bin" / "python").unlink()


def lose_interpreter(place):
    lose_python(place)
    (place / ".venv" / "bin" / "python").symlink_to(place / "python that was here")


def move(place):
    stamp = place / ".venv" / "complete"
    stamp.write_text(stamp.read_text().replace(str(place), "elsewhere"))


def other_interpreter(place):
    stamp = place / ".venv" / "complete"
    stamp.write_text(stamp.read_text().replace(sys.version, "3.11.0"))


def spoil_stamp(place):
    (place / ".venv" / "complete").write_bytes(b"\xff")


@pytest.mark.parametrize(
    "damage",
    [
        forget_stamp,
        change_lock,
        lose_python,
        lose_interpreter,
        move,
        other_interpreter,
        spoil_stamp,
    ],
)
def test_what_is_not_complete_is_made_again(place, filled, damage):
    make(place)
    make(place)
    assert len(filled) == 1
    damage(place)
    left_over = place / ".venv" / "left over"
    left_over.touch()
    make(place)
    assert len(filled) == 2
    assert not left_over.exists()


def test_a_link_in_its_place_is_removed_and_not_what_it_points_to(place, filled):
    (place / "mine").mkdir()
    (place / "mine" / "file").touch()
    (place / ".venv").symlink_to(place / "mine")
    make(place)
    assert (place / "mine" / "file").exists()
    assert not (place / ".venv").is_symlink()


def test_half_made_environment_is_removed(place, monkeypatch):
    def fill(folder, lock, held):
        folder.mkdir()
        raise environment.SetupError("the disk is full")

    monkeypatch.setattr(environment, "fill", fill)
    with pytest.raises(environment.SetupError, match="the disk is full"):
        make(place)
    assert not (place / ".venv").exists()


CHILD = """
import pathlib, time
with open("started", "a") as file:
    file.write("x")
while not pathlib.Path("go").exists():
    time.sleep(0.02)
"""
DRIVER = """
    import pathlib, sys
    sys.path.insert(0, {root!r})
    from tools import environment

    environment.ROOT = pathlib.Path({place!r})
    environment.check_python = lambda root: None
    place = environment.ROOT

    def fill(folder, lock, held):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(sys.executable)
        environment.run([sys.executable, "-c", {child!r}], held)

    environment.fill = fill
    sys.argv = ["environment.py", "course"]
    environment.main()
"""


def start(place: Path) -> subprocess.Popen:
    """A set-up in a process of its own that fills the environment until there is a file `go`."""
    code = textwrap.dedent(DRIVER.format(root=str(ROOT), place=str(place), child=CHILD))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", code], preexec_fn=heed_interrupts, **pipes)


def heed_interrupts() -> None:
    """As in a terminal: what a script starts in the background is born deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(path: Path, size: int = 1) -> None:
    """Wait until a file has this size."""
    end = time.monotonic() + LONG
    while not (path.exists() and path.stat().st_size >= size):
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.02)


def test_the_second_of_two_set_ups_says_that_it_waits_and_finds_all_done(place):
    first = start(place)
    wait_for(place / "started")
    second = start(place)
    assert "Another set-up" in second.stdout.readline()
    (place / "go").touch()
    for process in (first, second):
        process.communicate(timeout=LONG)
        assert process.returncode == 0
    assert (place / "started").read_text() == "x"
    assert (place / ".venv" / "complete").exists()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_set_up_leaves_nothing_and_says_so(place, end):
    process = start(place)
    wait_for(place / "started")
    process.send_signal(end)
    _, said = process.communicate(timeout=LONG)
    assert process.returncode == 1
    assert said.strip() == "Interrupted; the next set-up begins anew."
    assert not (place / ".venv").exists()


def test_a_set_up_that_was_killed_is_made_anew_once_its_children_have_ended(place):
    killed = start(place)
    wait_for(place / "started")
    killed.kill()
    killed.wait(timeout=LONG)
    again = start(place)
    assert "Another set-up" in again.stdout.readline()  # the first one's child still writes
    (place / "go").touch()
    again.communicate(timeout=LONG)
    assert again.returncode == 0
    assert (place / "started").read_text() == "xx"


@pytest.mark.parametrize(
    "registry",
    [["--no-index"], ["--index-url=http://127.0.0.1:9/", "--retries=0", "--timeout=1"]],
)
def test_no_registry_is_said_in_one_line(place, registry, capfd, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    lock = place / "requirements.lock"
    lock.write_text(f"absl-py==2.5.1 {HASH}\n")
    install = [*environment.PIP, *registry, "--dry-run", "--ignore-installed"]
    with (
        environment.alone(place / "lock", place) as held,
        pytest.raises(environment.SetupError, match="no package registry answers .*absl-py"),
    ):
        environment.run([sys.executable, *install, "--require-hashes", "-r", str(lock)], held)
    assert "No matching distribution" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("OSError: [Errno 28] No space left on device: '/x'", "the disk is full"),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: pool", "stopped answering"),
        (
            "WARNING: Retrying: NameResolutionError\nERROR: No matching distribution",
            "no package reg",
        ),
        ("ERROR: Invalid requirement", None),
        (
            (
                "ERROR: Ignored the following versions that require a different python version:"
                " 1\nERROR: Could not find a version that satisfies the requirement a==1 (from"
                " versions: none)"
            ),
            None,
        ),
    ],
)
def test_what_pip_says_is_explained(said, meaning):
    found = environment.explained(said)
    assert found == meaning if meaning is None else meaning in found


def test_what_pip_says_is_shown_where_it_is_clear(place, capfd):
    with (
        environment.alone(place / "lock", place) as held,
        pytest.raises(environment.SetupError, match="see above"),
    ):
        environment.run([sys.executable, "-c", "raise SystemExit('no such file')"], held)
    assert "no such file" in capfd.readouterr().err


def settled(place: Path, monkeypatch, name: str = "course") -> None:
    """`python tools/environment.py course` in a place, with this Python."""
    monkeypatch.setattr(environment, "ROOT", place)
    monkeypatch.setattr(sys, "argv", ["environment.py", name])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    environment.main()


def python_range(place: Path, wanted: str) -> None:
    (place / "pyproject.toml").write_text(f'requires-python = "{wanted}"\n')


def test_unfit_python_is_refused_with_the_cure(place, monkeypatch):
    python_range(place, ">=3.96,<3.99")
    with pytest.raises(SystemExit) as refused:
        settled(place, monkeypatch)
    assert "The course needs Python 3.96, 3.97 or 3.98;" in str(refused.value)
    assert f" is Python {sys.version.split()[0]}. Choose one" in str(refused.value)
    assert "make run PYTHON=python3.97" in str(refused.value)
    assert not (place / ".venv").exists()


def test_python_without_venv_is_refused_with_the_cure(place, monkeypatch):
    python_range(place, ">=3.11,<3.14")
    monkeypatch.setattr(environment, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        settled(place, monkeypatch)


def test_folder_that_cannot_be_written_is_said_in_one_line(place, monkeypatch, filled):
    python_range(place, ">=3.11,<3.14")
    (place / "build").touch()
    with pytest.raises(SystemExit, match=r"^Cannot write .*build.*: (Not a directory|File exists)"):
        settled(place, monkeypatch)
    assert filled == []


def test_each_environment_has_its_lock():
    for folder, lock in environment.ENVIRONMENTS.values():
        assert (ROOT / lock).is_file(), folder


def test_the_syntax_is_old():
    """A Python that is too old must get as far as being told so."""
    import ast

    ast.parse((ROOT / "tools" / "environment.py").read_text(), feature_version=(3, 8))
