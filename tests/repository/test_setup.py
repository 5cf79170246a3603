"""The set-up: one home of versions, and `make setup`, which notices and repairs what is not complete."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from helpers.course import colab
from helpers.runtime import ROOT
from tests import versions

PINS = colab.pins(ROOT / "requirements.txt")
LOCK = (ROOT / "requirements.lock").read_text()
LINUX = {"sys_platform": "linux", "os_name": "posix", "implementation_name": "cpython"}


@pytest.mark.parametrize("package", PINS)
def test_pinned_version_is_what_runs(package):
    assert version(package) == PINS[package]


def test_every_requirement_is_pinned():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert len(PINS) == sum(bool(line) and not line.startswith("#") for line in lines)


def test_lock_holds_the_requirements_and_a_hash_of_every_package():
    entries = re.split(r"^(?=[\w-])", LOCK, flags=re.MULTILINE)[1:]
    locked = [(Requirement(entry.splitlines()[0].rstrip(" \\")), entry) for entry in entries]
    assert all(
        " --hash=sha256:" in entry and len(wanted.specifier) == 1 for wanted, entry in locked
    )
    everywhere = {wanted.name: str(wanted.specifier) for wanted, _ in locked if not wanted.marker}
    assert {f"{name}=={everywhere.get(name, '').removeprefix('==')}" for name in PINS} == {
        f"{name}=={PINS[name]}" for name in PINS
    }


def test_lock_serves_each_python():
    for python in ("3.11.0", "3.12.0", "3.13.0"):
        wanted = [
            Requirement(line.rstrip(" \\"))
            for line in LOCK.splitlines()
            if re.match(r"[\w-]+==", line)
        ]
        names = [
            each.name
            for each in wanted
            if not each.marker or each.marker.evaluate(LINUX | {"python_full_version": python})
        ]
        assert len(names) == len(set(names)), python
        assert names, python


def test_lock_names_no_registry():
    assert "://" not in LOCK
    assert set(re.findall(r"(?:^|\s)(--?\w[\w-]*)", LOCK)) == {"--hash", "-r"}


def test_conda_environment_takes_its_versions_from_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert packages == {"pip": ["-r requirements.lock"]}
    assert pip == "pip"
    assert python in {"python=3.11", "python=3.12", "python=3.13"}


def test_workflow_runs_the_readme_command_on_every_python():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert job["steps"][-1]["run"].startswith("make test")
    assert workflow["permissions"] == {"contents": "read"}


def test_weekly_workflow_tries_every_environment():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "versions.yml").read_text())
    tried = {
        entry["name"]: entry["python"]
        for entry in workflow["jobs"]["versions"]["strategy"]["matrix"]["include"]
    }
    pythons = {name: environment.python for name, environment in versions.environments().items()}
    assert tried == pythons | {"colab": "3.12", "jax": "3.12"}
    assert workflow["permissions"] == {"contents": "read"}


def test_oldest_are_older_than_the_pinned():
    oldest = colab.pins(colab.OLDEST)
    assert oldest.keys() <= PINS.keys()
    assert all(Version(version) < Version(PINS[name]) for name, version in oldest.items())


@pytest.mark.parametrize("names", [["2.7"], ["oldest", "latest"]])
def test_unknown_version_is_named_before_any_work(names, capsys):
    with pytest.raises(SystemExit):
        versions.main(names)
    assert (
        f"there is no {names[-1]}; there are 3.11, 3.12, 3.13, oldest, newest"
        in capsys.readouterr().err
    )


def test_python_that_is_not_there_is_said(monkeypatch, capsys):
    monkeypatch.setattr(versions, "find", {}.get)
    assert versions.main([]) == 0
    assert capsys.readouterr().out.count("skipped: no python3.1") == 5
    with pytest.raises(SystemExit):
        versions.main(["oldest"])
    assert "no Python on the PATH for oldest" in capsys.readouterr().err


def test_pairs_are_configured():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["jupytext"]
    assert settings["formats"] == "ipynb,py:percent"


@pytest.fixture
def clone(tmp_path) -> Path:
    """The Makefile in a folder with a space in its name, with no packages to install."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "requirements.lock").write_text("# nothing\n")
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """`make` in a folder with this Python, unless the arguments name another."""
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    command = ["make", f"PYTHON={sys.executable}", *arguments]
    return subprocess.run(
        command, cwd=folder, env=outside, capture_output=True, text=True, check=False
    )


def forget_stamp(clone):
    (clone / ".venv" / "complete").unlink()


def change_lock(clone):
    (clone / "requirements.lock").write_text("# nothing else\n")


def lose_python(clone):
    (clone / ".venv" / "bin" / "python").unlink()


@pytest.mark.slow
def test_setup_is_done_once_and_again_when_it_is_not_complete(clone):
    assert "Setting up" in make(clone, "setup").stdout
    for damage in (forget_stamp, change_lock, lose_python):
        again = make(clone, "setup")
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
        damage(clone)
        left_over = clone / ".venv" / "left over"
        left_over.touch()
        repaired = make(clone, "setup")
        assert "Setting up" in repaired.stdout, damage.__name__
        assert repaired.returncode == 0, repaired.stderr
        assert not left_over.exists()


@pytest.mark.slow
def test_failed_installation_is_not_taken_for_complete(clone):
    (clone / "requirements.lock").write_text("./no-such-package\n")
    for _ in range(2):
        failed = make(clone, "setup")
        assert failed.returncode != 0
        assert "no-such-package" in failed.stderr
    assert not (clone / ".venv" / "complete").exists()


def stand_in(folder: Path, script: str) -> Path:
    """A program that takes Python's place."""
    program = folder / "python-stand-in"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ('case "$1" in -V) echo Python 3.9.1;; *) exit 1;; esac', "is Python 3.9.1."),
        ('case "$2" in *ensurepip*) exit 1;; esac', "apt install python3-venv"),
    ],
)
def test_unfit_python_is_refused_with_the_cure(clone, tmp_path, script, message):
    refused = make(clone, "setup", f"PYTHON={stand_in(tmp_path, script)}")
    assert refused.returncode != 0
    assert message in refused.stderr
    assert not (clone / ".venv").exists()


def test_help_is_the_default_and_lists_the_commands(clone):
    listed = make(clone).stdout
    for command in ("run", "test", "lab", "sync", "execute", "help"):
        assert f"make {command} " in listed
