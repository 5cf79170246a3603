"""Writing files whole or not at all, and checksums of files."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file `path` when the block ends; nothing, if it raises.

    The folder is made if need be. The bytes go to a hidden file with a random name beside `path`,
    which takes its place in one step: a program that is killed never leaves a file that looks
    finished, and two programs may write the same file at once. Raises OSError if there is no
    permission to write or no space on the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb") as stream:
            yield stream
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8, its line ends as they are, whole or not at all: see `whole`."""
    with whole(path) as stream:
        stream.write(text.encode("utf-8"))


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
