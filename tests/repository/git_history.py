"""The committed past of a file that may only grow: whether anything was taken from it."""

import subprocess
from pathlib import Path


def rewritten(file: Path) -> list[str]:
    """The commits whose version of a file is no beginning of the present one.

    Raises OSError where there is no git, CalledProcessError where there is no repository.
    """
    now = file.read_bytes() if file.exists() else b""
    return [
        commit
        for commit in _git(file, "log", "--format=%H", "--", file.name).decode().split()
        if not now.startswith(_version(file, commit))
    ]


def _version(file: Path, commit: str) -> bytes:
    """What a commit has of a file; nothing if it removed it."""
    there = _git(file, "ls-tree", "--name-only", commit, "--", file.name)
    return _git(file, "show", f"{commit}:./{file.name}") if there else b""


def _git(file: Path, *command: str) -> bytes:
    return subprocess.run(
        ["git", *command], cwd=file.parent, capture_output=True, check=True
    ).stdout
