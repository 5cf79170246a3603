"""Pass the suite with other versions: `python -m tools.versions [NAME ...]`, by default all whose
Python is found.

3.11, 3.12, 3.13: requirements.lock on that Python. oldest: locks/oldest.lock. newest: the newest
that there are. These must pass the unit tests and run every notebook. jax: requirements-jax.txt,
where TensorFlow is missing; every notebook must run. colab-DATE: a runtime of Colab's, in which
tools/colab.py executes lessons. Each gets an environment of its own under build/versions, made
anew, and leaves the notebooks that ran to their ends in its folder `run`, their names in green.txt,
which docs/book/last_green.py reads.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from docs.book.last_green import LIST
from helpers.course.colab import OLDEST, pins
from helpers.runtime import ROOT
from tools import colab

FOLDER = ROOT / "build" / "versions"
NOT_AS_PINNED = (
    "--deselect=tests/repository/test_setup.py::test_pinned_version_is_what_runs",
    *(
        f"-W=default::{warning}"
        for warning in ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
    ),
)
"""What other versions may do: not be those of requirements.txt, and warn of what comes."""
NOT_THERE = "tqdm"
"""The package that Colab of July 2025 is taken to lack, so that one is installed."""


@dataclass(frozen=True)
class Environment:
    """A Python, what pip is told to install, and whether what must work with it does.

    `works` takes the environment's Python and a folder for executed notebooks.
    """

    python: str
    install: tuple[str, ...]
    works: Callable[[Path, Path], bool]


def environments() -> dict[str, Environment]:
    """All environments by name."""
    complete = ("--no-deps", "--require-hashes", "-r")  # as tools/environment.py takes a lock
    locked, old = (*complete, "requirements.lock"), (*complete, "locks/oldest.lock")
    new = tuple(pins(ROOT / "requirements.txt"))
    not_muon = "-k=not Muon"  # which was new in Keras 3.10 and soon rewritten
    as_pinned, elsewhere = partial(passes, ()), partial(passes, NOT_AS_PINNED)
    runtimes = {
        name: Environment(colab.python_of(path), colab.packages_of(path), colab.rehearse)
        for name, path in colab.runtimes().items()
    }
    first = partial(colab.rehearse, lessons=colab.LESSONS[:1], missing=(NOT_THERE,))
    return {
        **{python: Environment(python, locked, as_pinned) for python in ("3.11", "3.12", "3.13")},
        "oldest": Environment("3.12", old, partial(passes, (*NOT_AS_PINNED, not_muon))),
        "newest": Environment("3.13", new, elsewhere),
        "jax": Environment("3.12", ("-r", "requirements-jax.txt"), runs_with_jax),
        "colab-2025-07": Environment("3.12", oldest_runtime(), first),
        **runtimes,
    }


def oldest_runtime() -> tuple[str, ...]:
    """The packages of the oldest runtime of Colab's that is supported, without one."""
    known = pins(ROOT / "requirements.txt") | pins(OLDEST)
    names = {*pins(OLDEST), *colab.KERNEL} - {NOT_THERE}
    return tuple(f"{name}=={known[name]}" for name in sorted(names))


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the environments; the exit status: 0, or 1 if one failed."""
    known = environments()
    parser = argparse.ArgumentParser(
        prog="python -m tools.versions", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(known)} (default: all whose Python is found)",
    )
    names = parser.parse_args(arguments).names
    if unknown := set(names) - known.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if absent := [name for name in names if not find(known[name].python)]:
        parser.error(f"no Python on the PATH for {', '.join(absent)}")
    outcomes = {name: attempt(name, known[name]) for name in names or known}
    print("\n".join(f"{name:<16} {outcome}" for name, outcome in outcomes.items()))
    return int("FAILED" in outcomes.values())


def find(python: str) -> str | None:
    """The program python3.11, python3.12, ... on the PATH, or None where there is none that runs:
    pyenv puts one there for each Python that it knows, of which only those chosen do.
    """
    found = shutil.which(f"python{python}")
    runs = (
        found and not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode
    )
    return found if runs else None


def attempt(name: str, environment: Environment) -> str:
    """Make an environment and use it: "passed", "FAILED", or why it was not tried."""
    if not find(environment.python):
        return f"skipped: no python{environment.python} on the PATH"
    print(f"\n== {name} ==", flush=True)
    try:
        python = make(name, environment)
    except subprocess.CalledProcessError:
        return "FAILED"
    out = FOLDER / name / "run"
    outcome = "passed" if environment.works(python, out) else "FAILED"
    (FOLDER / name / LIST).write_text("\n".join(green(out)), encoding="utf-8")
    return outcome


def green(out: Path) -> list[str]:
    """The notebooks that ran to their ends, of which there are copies: "audits/01_overfitting"."""
    copies = sorted((out / "notebooks").glob("**/*.ipynb"))
    whole = [path for path in copies if not path.stem.endswith((".failed", ".partial"))]
    return [path.relative_to(out / "notebooks").with_suffix("").as_posix() for path in whole]


def passes(options: Sequence[str], python: Path, out: Path) -> bool:
    """Whether the unit tests pass, pytest told the options, and every notebook runs."""
    tests = ["pytest", "-m", "not slow", "-q", "-p", "no:cacheprovider", *options]
    passed = not subprocess.run([python, "-m", *tests], cwd=ROOT, check=False).returncode
    return runs(python, out, "tensorflow") and passed


def runs_with_jax(python: Path, out: Path) -> bool:
    """Whether every notebook runs on JAX."""
    return runs(python, out, "jax")


def runs(python: Path, out: Path, backend: str) -> bool:
    """Whether every notebook runs to its end, few replicates each."""
    command = [python, "-m", "helpers", "run", "-p", "RUNS", "3", "--out", out]
    variables = os.environ | {"KERAS_BACKEND": backend}
    return not subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


def make(name: str, environment: Environment) -> Path:
    """A fresh environment with its packages; its Python. Raises CalledProcessError."""
    folder = FOLDER / name
    subprocess.run([find(environment.python), "-m", "venv", "--clear", folder], check=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, *environment.install], cwd=ROOT, check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
