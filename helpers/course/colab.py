"""`python -m helpers.course.colab` installs what a Colab machine lacks and changes nothing else.

It runs before the course's packages are there, so it needs none of them.
"""

import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import Version

from helpers.runtime import ROOT

OLDEST = ROOT / "requirements-oldest.txt"
"""The packages that the notebooks import, each with the oldest version that is tested."""


def pins(requirements: Path) -> dict[str, str]:
    """The packages that a file of requirements pins, with their versions."""
    return dict(
        re.findall(r"^([\w-]+)==(\S+)$", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    )


def complete(needed: dict[str, str]) -> list[str]:
    """Install the packages that are missing, none older than in `needed`; change no other.

    Returns the names that were installed. Prints a line for each package that is there but older
    than what is tested. Raises CalledProcessError if pip finds no version that goes with the
    packages that are there.
    """
    present = {name: found for name in needed if (found := _installed(name))}
    for name, found in present.items():
        if Version(found) < Version(needed[name]):
            print(f"This machine has {name} {found}; the course is tested from {needed[name]} on.")
    missing = [name for name in needed if name not in present]
    if missing:
        print(f"Installing what is missing: {', '.join(missing)}")
        _install(
            [f"{name}>={needed[name]}" for name in missing],
            [f"{name}=={found}" for name, found in present.items()],
        )
    return missing


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _install(wanted: list[str], present: list[str]) -> None:
    """Install what is wanted without a change to what is present, both as requirements of pip."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "present.txt"
        constraints.write_text("\n".join(present), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--constraint", str(constraints), *wanted], check=True)


if __name__ == "__main__":
    complete(pins(OLDEST))
