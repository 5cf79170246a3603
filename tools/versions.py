"""Pass the suite with other versions: `python -m tools.versions [NAME ...]`, by default all whose
Python is found.

3.11, 3.12, 3.13: requirements.lock on that Python. oldest: locks/oldest.lock. newest: the newest
that there are. Each gets an environment of its own under build/versions, made anew; it must pass
the unit tests and run every notebook.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.course.colab import pins
from helpers.runtime import ROOT

FOLDER = ROOT / "build" / "versions"
NOT_AS_PINNED = (
    "--deselect=tests/repository/test_setup.py::test_pinned_version_is_what_runs",
    *(
        f"-W=default::{warning}"
        for warning in ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
    ),
)
"""What other versions may do: not be those of requirements.txt, and warn of what comes."""


@dataclass(frozen=True)
class Environment:
    """A Python, what pip is told to install, and what pytest is told beside."""

    python: str
    install: tuple[str, ...]
    pytest: tuple[str, ...] = ()


def environments() -> dict[str, Environment]:
    """All environments by name."""
    locked = ("--require-hashes", "-r", "requirements.lock")
    old = ("--require-hashes", "-r", "locks/oldest.lock")
    new = tuple(pins(ROOT / "requirements.txt"))
    not_muon = "-k=not Muon"  # which was new in Keras 3.10 and soon rewritten
    return {python: Environment(python, locked) for python in ("3.11", "3.12", "3.13")} | {
        "oldest": Environment("3.12", old, (*NOT_AS_PINNED, not_muon)),
        "newest": Environment("3.13", new, NOT_AS_PINNED),
    }


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
    print("\n".join(f"{name:<8} {outcome}" for name, outcome in outcomes.items()))
    return int("FAILED" in outcomes.values())


def find(python: str) -> str | None:
    """The program python3.11, python3.12, ... on the PATH, or None."""
    return shutil.which(f"python{python}")


def attempt(name: str, environment: Environment) -> str:
    """Make an environment and use it: "passed", "FAILED", or why it was not tried."""
    if not find(environment.python):
        return f"skipped: no python{environment.python} on the PATH"
    print(f"\n== {name} ==", flush=True)
    try:
        python = make(name, environment)
        for command in (
            ["pytest", "-m", "not slow", "-q", "-p", "no:cacheprovider", *environment.pytest],
            ["helpers", "run", "-p", "RUNS", "3", "--out", str(FOLDER / name / "run")],
        ):
            subprocess.run([python, "-m", *command], cwd=ROOT, check=True)
    except subprocess.CalledProcessError:
        return "FAILED"
    return "passed"


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
