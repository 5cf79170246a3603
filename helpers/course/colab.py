"""`python -m helpers.course.colab` installs what a machine of Colab or Kaggle lacks, nothing else.

It runs before the course's packages are there, so it needs none of them.
"""

import re
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from helpers.runtime import BACKENDS, ROOT, backend

OLDEST = ROOT / "requirements-oldest.txt"
"""The packages that the notebooks import, each with the oldest version that is tested."""


def pins(requirements: Path) -> dict[str, str]:
    """The packages that a file of requirements pins, with their versions."""
    return dict(
        re.findall(r"^([\w-]+)==(\S+)$", requirements.read_text(encoding="utf-8"), re.MULTILINE)
    )


def packages_for(backend: str) -> dict[str, str]:
    """What the notebooks need with this backend of Keras's, each with the oldest version.

    TensorFlow is not needed beside another: Colab's machines with a TPU have none.
    """
    others = BACKENDS.keys() - {backend}
    return {name: oldest for name, oldest in pins(OLDEST).items() if name not in others}


def complete(needed: dict[str, str]) -> list[str]:
    """Install the packages that are missing, none older than in `needed`; change no other.

    Returns the names that were installed. Prints a line for each package that is there but older
    than what is tested. Raises CalledProcessError if pip finds no version that goes with the
    packages that are there.
    """
    present = installed()
    for name in needed.keys() & present.keys():
        if Version(present[name]) < Version(needed[name]):
            print(
                f"This machine has {name} {present[name]}; "
                f"the course is tested from {needed[name]} on."
            )
    missing = [name for name in needed if name not in present]
    if missing:
        print(f"Installing what is missing: {', '.join(missing)}")
        _install(
            [f"{name}>={needed[name]}" for name in missing],
            [f"{name}=={found}" for name, found in present.items()],
        )
    return missing


def installed() -> dict[str, str]:
    """Every package that this Python finds, with its version, of two the one that it imports.

    Without those whose version is none for pip, such as some of the system's own.
    """
    found: dict[str, str] = {}
    for distribution in distributions():
        name = canonicalize_name(distribution.metadata["Name"] or "")
        if name not in found and is_version(distribution.version):
            found[name] = distribution.version
    found.pop("", None)  # an installation that was broken off
    return found


def is_version(text: str | None) -> bool:
    """Whether pip can compare it with others."""
    try:
        return bool(Version(text or ""))
    except InvalidVersion:
        return False


def _install(wanted: list[str], present: list[str]) -> None:
    """Install what is wanted without a change to what is present, both as requirements of pip."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "present.txt"
        constraints.write_text("\n".join(present), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--constraint", str(constraints), *wanted], check=True)


if __name__ == "__main__":
    complete(packages_for(backend()))
