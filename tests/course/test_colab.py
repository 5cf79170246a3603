"""The set-up cell alone in a folder, on a machine that takes itself for Colab.

`make test-colab` runs a whole lesson so.
"""

import ast
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from helpers.course import colab, publishing
from helpers.runtime import ROOT
from tools import colab as rehearsal

REPOSITORY = "someone/course"
SETUP = publishing.setup_cell(publishing.Address(REPOSITORY, rehearsal.TAG))
QUICK = """
from pathlib import Path

ROOT = Path(__file__).parent.parent


def start():
    return "Colab"
"""


@pytest.fixture
def hub(tmp_path) -> Path:
    """A bare repository of a course in which `runtime.start` is quick."""
    course, hub = tmp_path / "course", tmp_path / "hub"
    hub.mkdir()
    for name in ("helpers/__init__.py", "helpers/course/__init__.py", "helpers/course/colab.py"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, course / name)
    (course / "helpers" / "runtime.py").write_text(QUICK)
    (course / "requirements-oldest.txt").write_text("numpy==2.0.2\n")
    rehearsal.upload(course, hub, REPOSITORY)
    return hub


@pytest.fixture
def content(tmp_path) -> Path:
    """Colab's working folder, empty but for a notebook."""
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "lesson.ipynb").touch()
    return folder


def run(source: str, content: Path, hub: Path) -> subprocess.CompletedProcess:
    machine = content.parent / "machine"
    machine.mkdir(exist_ok=True)
    environment = rehearsal.environment(machine, hub)
    return subprocess.run(
        [sys.executable, "-c", source],
        cwd=content,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_fetches_the_tag_once_and_says_one_line(hub, content):
    first = run(SETUP, content, hub)
    assert (first.stdout, first.stderr) == ("Colab\n", "")
    course = content / f"course-{rehearsal.TAG}"
    assert rehearsal.git("describe", "--tags", folder=course).strip() == rehearsal.TAG
    (course / "mine.txt").touch()
    hub.rename(hub.parent / "away")
    again = run(SETUP, content, hub)
    assert (again.stdout, again.stderr) == ("Colab\n", "")
    assert (course / "mine.txt").exists()


def test_a_tag_that_is_not_there_is_named_and_leaves_nothing(hub, content):
    failed = run(publishing.setup_cell(publishing.Address(REPOSITORY, "v9")), content, hub)
    assert failed.returncode != 0
    assert "Remote branch v9 not found" in failed.stderr
    assert [path.name for path in content.iterdir()] == ["lesson.ipynb"]


def test_elsewhere_nothing_is_fetched(content):
    refused = subprocess.run(
        [sys.executable, "-c", SETUP], cwd=content, capture_output=True, text=True, check=False
    )
    assert "Open this notebook in the course's folder" in refused.stderr
    assert [path.name for path in content.iterdir()] == ["lesson.ipynb"]


@pytest.fixture
def commands(monkeypatch) -> list[list[str]]:
    """What was to be installed: for each command its arguments, then the constraints."""
    seen = []

    def remember(command, check):
        constraints = Path(command[command.index("--constraint") + 1]).read_text().split()
        seen.append(
            [*command[1:5], *command[command.index("--constraint") + 2 :], "|", *constraints]
        )

    monkeypatch.setattr(subprocess, "run", remember)
    return seen


def test_pip_is_not_called_where_nothing_is_missing(commands, capsys):
    assert colab.complete(colab.pins(colab.OLDEST)) == []
    assert commands == []
    assert capsys.readouterr().out == ""


def test_what_is_there_stays_as_it_is(commands, monkeypatch):
    versions = {"numpy": "2.0.2", "keras": "3.12.0"}
    monkeypatch.setattr(colab, "_installed", versions.get)
    assert colab.complete({"numpy": "2.0.2", "tqdm": "4.67.1", "keras": "3.10.0"}) == ["tqdm"]
    assert commands == [
        ["-m", "pip", "install", "--quiet", "tqdm>=4.67.1", "|", "numpy==2.0.2", "keras==3.12.0"]
    ]


def test_what_is_too_old_is_named_and_stays(commands, monkeypatch, capsys):
    monkeypatch.setattr(colab, "_installed", {"keras": "3.9.2"}.get)
    assert colab.complete({"keras": "3.10.0"}) == []
    assert commands == []
    assert "keras 3.9.2; the course is tested from 3.10.0" in capsys.readouterr().out


def test_the_oldest_packages_are_all_that_notebooks_import():
    known = {
        distribution for name in colab.pins(colab.OLDEST) for distribution in (name, *needs(name))
    }
    named_otherwise = {"sklearn": "scikit-learn", "PIL": "pillow", "IPython": "ipython"}
    modules = imported_modules() - sys.stdlib_module_names - {"helpers", "jax"}  # JAX is an extra
    assert {named_otherwise.get(module, module) for module in modules} <= known


def needs(distribution: str) -> set[str]:
    """What comes with it by itself."""
    return {
        wanted.name.lower()
        for text in requires(distribution) or ()
        if "extra" not in str((wanted := Requirement(text)).marker)
    }


def imported_modules() -> set[str]:
    """The top modules that the notebooks import, and the modules of helpers that they lead to."""
    open_files, seen, modules = {*ROOT.glob("notebooks/**/*.py")}, set(), set()
    while open_files:
        path = open_files.pop()
        seen.add(path)
        names = imported_names(path)
        modules |= {name.split(".")[0] for name in names}
        open_files |= {file for name in names for file in files_of(name)} - seen
    return modules


def imported_names(path: Path) -> set[str]:
    """All that a file imports, with dots: modules, and members, which may be modules."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def files_of(name: str) -> set[Path]:
    """The files of helpers that are read when this name is imported: its own, its packages'."""
    parts = name.split(".")
    if parts[0] != "helpers":
        return set()
    packages = [ROOT.joinpath(*parts[:end], "__init__.py") for end in range(1, len(parts) + 1)]
    modules = [ROOT.joinpath(*parts).with_suffix(".py")]
    return {path for path in [*packages, *modules] if path.exists()}
