"""Rehearse Colab: `python -m tools.colab` runs lesson 1, alone in a folder, in an environment like
Colab's of July 2025.

The course as it lies here is published, put into a bare repository with a tag, and fetched from
there by the setup cell. Every package is the oldest that is supported, tqdm is missing, Python is
3.12.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers import claims
from helpers.course import colab, notebooks, publishing
from helpers.runtime import ROOT
from tools import versions

LESSON = "01_overfitting.ipynb"
TAG = "v1.0"
MISSING = "tqdm"
STAND_IN = 'import sys, types\n\nsys.modules["google.colab"] = types.ModuleType("google.colab")\n'


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
    return outside | redirected | {"PYTHONPATH": str(folder), "GIT_TERMINAL_PROMPT": "0"}


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


def main() -> int:
    """Rehearse; the exit status: 0 if the lesson ran and nothing but what was missing was
    installed.
    """
    pins = colab.pins(ROOT / "requirements.txt") | colab.pins(colab.OLDEST)
    wanted = {*colab.pins(colab.OLDEST), "ipykernel", "nbclient"} - {MISSING}
    python = versions.make(
        "colab",
        versions.Environment("3.12", tuple(f"{name}=={pins[name]}" for name in sorted(wanted))),
    )
    before = packages(python)
    with tempfile.TemporaryDirectory() as name:
        course, hub, machine, content = (
            Path(name) / part for part in ("course", "hub", "machine", "content")
        )
        for folder in (course, hub, machine, content):
            folder.mkdir()
        course_as_it_lies_here(course)
        publishing.publish(publishing.Address("someone/course", TAG), course)
        upload(course, hub, "someone/course")
        shutil.copy(course / "notebooks" / LESSON, content)
        command = [python.parent / "jupyter-execute", "--inplace", "--timeout=600", LESSON]
        if subprocess.run(
            command, cwd=content, env=environment(machine, hub), check=False
        ).returncode:
            return 1
        lesson, verdicts = notebooks.read(content / LESSON), claims.live(content / LESSON)
    setup = next(cell for cell in lesson.cells if "setup" in cell.metadata.get("tags", ()))
    print(
        "".join(output.get("text", "") for output in setup.outputs),
        f"{len(verdicts)} verdicts",
        sep="",
    )
    changed = {package.split("==")[0] for package in before ^ packages(python)}
    print(f"Installed or changed: {', '.join(sorted(changed))}")
    return int(changed != {MISSING} or not verdicts)


if __name__ == "__main__":
    sys.exit(main())
