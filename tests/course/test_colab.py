"""The set-up cell alone in a folder, on a machine that takes itself for Colab or Kaggle.

`make versions` runs whole lessons so.
"""

import ast
import shutil
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from helpers.course import colab, publishing
from helpers.runtime import ROOT
from tools import colab as rehearsal

REPOSITORY = "someone/course"
SETUP = publishing.setup_cell(publishing.Address(REPOSITORY, rehearsal.TAG))
QUICK = """
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BACKENDS = {}


def backend():
    return "tensorflow"


def start():
    if "google.colab" in sys.modules:
        from google.colab import output  # as JAX does there

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


@pytest.fixture
def on_another_machine(hub, content):
    """Runs the set-up cell on a machine that is not Colab's, with these variables besides."""

    def run(**variables: str) -> subprocess.CompletedProcess:
        environment = rehearsal.with_github(hub) | variables
        options = {"cwd": content, "env": environment, "capture_output": True, "text": True}
        return subprocess.run([sys.executable, "-c", SETUP], **options, check=False)

    return run


def test_on_kaggle_it_is_fetched_too(on_another_machine, content):
    done = on_another_machine(KAGGLE_KERNEL_RUN_TYPE="Interactive")
    assert (done.stdout, done.stderr) == ("Colab\n", "")
    assert (content / f"course-{rehearsal.TAG}" / "helpers").is_dir()


def test_elsewhere_nothing_is_fetched(on_another_machine, content):
    refused = on_another_machine()
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
    """Also what the course does not need: a newer TensorFlow would bring a newer protobuf."""
    versions = {"numpy": "2.0.2", "keras": "3.12.0", "protobuf": "5.29.6"}
    monkeypatch.setattr(colab, "installed", lambda: versions)
    assert colab.complete({"numpy": "2.0.2", "tqdm": "4.67.1", "keras": "3.10.0"}) == ["tqdm"]
    constraints = ["numpy==2.0.2", "keras==3.12.0", "protobuf==5.29.6"]
    assert commands == [["-m", "pip", "install", "--quiet", "tqdm>=4.67.1", "|", *constraints]]


def test_every_package_is_known_once_by_a_version_that_pip_can_read():
    found = colab.installed()
    assert found["numpy"] == version("numpy") and found["pip"] == version("pip")
    constraints = [Requirement(f"{name}=={found[name]}") for name in found]
    assert len({one.name for one in constraints}) == len(found)


def test_what_pip_cannot_compare_and_what_lies_behind_another_is_left_out(monkeypatch):
    known = [("Distro_Info", "1.1"), ("distro-info", "0.9"), ("zope", "one"), (None, "1.0")]
    given = [SimpleNamespace(metadata={"Name": name}, version=number) for name, number in known]
    monkeypatch.setattr(colab, "distributions", lambda: given)
    assert colab.installed() == {"distro-info": "1.1"}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_tensorflow_is_needed_where_keras_computes_with_it(backend):
    found, every = colab.packages_for(backend), colab.pins(colab.OLDEST)
    assert every.keys() - found.keys() == ({"tensorflow"} if backend == "jax" else set())


def test_what_is_too_old_is_named_and_stays(commands, monkeypatch, capsys):
    monkeypatch.setattr(colab, "installed", lambda: {"keras": "3.9.2"})
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
