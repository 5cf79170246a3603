"""Rehearse Colab: lessons, each alone in a folder, in an environment like that of one of its
runtimes.

The course as it lies here is published, put into a bare repository with a tag, and fetched from
there by the set-up cell. `python -m tools.versions` makes the environments: for each
`locks/colab-DATE.txt`, the packages of the runtime of that day as pip lists them, one with what the
course needs of them, and `colab-2025-07` with the oldest packages that are supported.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import nbformat

from helpers import claims
from helpers.course import colab, notebooks, publishing
from helpers.runtime import ROOT

LESSONS = (
    "01_overfitting",
    "04_regularization",
    "05_initialization",
    "07_cifar10_deep_net",
    "08_learning_rate_schedules",
)
RUNS = 3
TAG = "v1.0"
KERNEL = ("ipykernel", "nbclient")
"""What executes notebooks there."""
STAND_IN = """\
import sys, types

colab, output = types.ModuleType("google.colab"), types.ModuleType("google.colab.output")
colab.output = output
sys.modules.update({"google.colab": colab, "google.colab.output": output})
"""
"""Colab's own package, of which JAX imports `output`."""


def runtimes() -> dict[str, Path]:
    """The lists of Colab's packages by name, `colab-2026-08-19` and so on."""
    return {path.stem: path for path in sorted((ROOT / "locks").glob("colab-*.txt"))}


def python_of(runtime: Path) -> str:
    """The Python of a list of packages, "3.13", which its first line tells.

    Raises ValueError for a list that does not.
    """
    first = runtime.read_text(encoding="utf-8").partition("\n")[0]
    found = re.search(r"\(Python (3\.\d+)", first)
    if not found:
        raise ValueError(f"{runtime.name} must name its Python first: # ... (Python 3.13.15)")
    return found[1]


def packages_of(runtime: Path) -> tuple[str, ...]:
    """What pip is told to install of a list: all that notebooks import, JAX, and a kernel."""
    names = sorted({*colab.pins(colab.OLDEST), *KERNEL, "jax"})
    return ("--constraint", runtime.relative_to(ROOT).as_posix(), *names)


def git(*arguments: str, folder: Path) -> str:
    """What git says in `folder`, as a user of its own."""
    user = ["-c", "user.name=Someone", "-c", "user.email=someone@example.org"]
    return subprocess.run(
        ["git", *user, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def upload(course: Path, hub: Path, repo: str) -> None:
    """Commit a folder, tag it, and put it into `hub` as a bare repository named as on GitHub."""
    git("init", "--quiet", folder=course)
    git("add", "--all", folder=course)
    git("commit", "--quiet", "--message", "The course", folder=course)
    git("tag", TAG, folder=course)
    git("clone", "--quiet", "--bare", str(course), str(hub / f"{repo}.git"), folder=course)


def environment(folder: Path, hub: Path) -> dict[str, str]:
    """Environment variables of a machine that takes itself for Colab and finds GitHub in `hub`."""
    (folder / "sitecustomize.py").write_text(STAND_IN)
    return with_github(hub) | {"PYTHONPATH": str(folder)}


def with_github(hub: Path) -> dict[str, str]:
    """Environment variables of a fresh machine that finds GitHub in `hub`."""
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COURSE_", "GIT_", "KERAS_", "PYTHON"))
    }
    redirected = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{hub.as_uri()}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }
    return outside | redirected | {"GIT_TERMINAL_PROMPT": "0"}


def course_as_it_lies_here(folder: Path) -> None:
    """Copy all files that git knows or would add, committed or not."""
    for name in git(
        "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=ROOT
    ).split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def packages(python: Path) -> set[str]:
    """All packages of an environment with their versions."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "list", "--format=freeze"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def rehearse(
    python: Path, out: Path, lessons: Sequence[str] = LESSONS, missing: Iterable[str] = ()
) -> bool:
    """Whether the lessons run to their ends, say nothing on the error stream, and nothing but what
    is `missing` was installed.

    The executed lessons come into `out`, those that ended well. Prints what is wrong with others.
    """
    before, faults = packages(python), []
    with tempfile.TemporaryDirectory() as name:
        course, hub, machine = (Path(name) / part for part in ("course", "hub", "machine"))
        for folder in (course, hub, machine):
            folder.mkdir()
        course_as_it_lies_here(course)
        publishing.publish(publishing.Address("someone/course", TAG), course)
        upload(course, hub, "someone/course")
        variables = environment(machine, hub)
        for lesson in lessons:
            found = _alone(python, course / "notebooks" / f"{lesson}.ipynb", out, variables)
            print(lesson, *found or ["done"], sep=": ", flush=True)
            faults += found
    changed = {package.split("==")[0] for package in before ^ packages(python)}
    print(f"Installed or changed: {', '.join(sorted(changed)) or 'nothing'}", flush=True)
    return not faults and changed == {*missing}


def _alone(python: Path, published: Path, out: Path, variables: dict[str, str]) -> list[str]:
    """Execute a published lesson in a folder of its own; what is wrong with what it said."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / published.name
        content = notebooks.read(published)
        (parameters,) = (one for one in content.cells if _has_tag(one, "parameters"))
        parameters.source += f"\nRUNS = {RUNS}"
        nbformat.write(content, copy)
        command = [python.parent / "jupyter-execute", "--inplace", "--timeout=1200", copy.name]
        if subprocess.run(command, cwd=name, env=variables, check=False).returncode:
            return [f"{published.stem} stopped"]
        faults = _faults(copy)
        if not faults:
            (out / "notebooks").mkdir(parents=True, exist_ok=True)
            shutil.move(copy, out / "notebooks" / copy.name)
        return faults


def _faults(executed: Path) -> list[str]:
    """What an executed lesson says that it should not, and what it lacks."""
    cells = [cell for cell in notebooks.read(executed).cells if cell.cell_type == "code"]
    for cell in cells:
        if _has_tag(cell, "setup"):
            print(executed.stem, *(each.get("text", "") for each in cell.outputs), flush=True)
    errors = [each.text for cell in cells for each in cell.outputs if each.get("name") == "stderr"]
    faults = [f"{executed.stem} says on the error stream: {text.strip()}" for text in errors]
    return faults if claims.live(executed) else [*faults, f"{executed.stem} has no verdicts"]


def _has_tag(cell: nbformat.NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", ())
