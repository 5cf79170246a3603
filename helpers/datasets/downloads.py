"""Downloads that are checked, and readers that run nothing they read."""

import hashlib
import http.client
import math
import pickle
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from helpers import display, files
from helpers.datasets import arrays

CHUNK = 1 << 20  # bytes read at a time
# The cures that several messages name.
ELSEWHERE = "set KERAS_HOME to a folder where you may write, on a disk with free space"
DAMAGED = (
    OSError, EOFError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
    RuntimeError,  # encrypted, or compressed in a way that Python does not know
)  # fmt: skip
"""What reading an archive raises that is none, or is no longer whole."""
INSTEAD = (
    "copy the file by hand into the folder that COURSE_DATA_DIR names, "
    "or set COURSE_PROFILE=quick (no downloads)"
)


class DataError(RuntimeError):
    """A data file is missing, damaged or out of reach; the message names it and the cure."""


def verify(path: Path, expected: str) -> None:
    """Raise DataError unless the file at `path` has the expected SHA-256, hexadecimal."""
    found = sha256(path)
    if found != expected:
        raise DataError(
            f"{path} is damaged or not the public file (SHA-256 {found}, expected {expected}): "
            "move it away or put a good copy in its place."
        )


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal. Raises DataError if it cannot be read."""
    try:
        return files.sha256(path)
    except OSError as error:
        raise DataError(f"Cannot read {path} ({error}): put a good copy in its place.") from error


def download(url: str, path: Path, expected: str, *, timeout: float = 30.0) -> None:
    """Fetch `url` to `path`, complete and with the expected SHA-256, or not at all.

    `timeout` is in seconds: how long the server may stay silent. Raises DataError if there is no
    network or no permission to write, or if other bytes came than expected.
    """
    display.say(f"Downloading {url} to {path}")
    digest = hashlib.sha256()
    try:
        with files.whole(path) as stream:
            for chunk in _chunks(url, timeout):
                stream.write(chunk)
                digest.update(chunk)
            if digest.hexdigest() != expected:
                raise DataError(
                    f"{url} sent other bytes than expected: SHA-256 {digest.hexdigest()}, "
                    f"not {expected}; {INSTEAD}."
                )
    except OSError as error:
        raise DataError(f"Cannot write {path} ({error}): {ELSEWHERE}, or {INSTEAD}.") from error


def _chunks(url: str, timeout: float) -> Iterator[bytes]:
    """The bytes behind `url`; DataError if the network fails or the server stops half-way."""
    received = 0
    try:
        with urllib.request.urlopen(url, timeout=timeout) as reply:
            announced = int(reply.headers.get("Content-Length", 0))
            while chunk := reply.read(CHUNK):
                received += len(chunk)
                yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise DataError(
            f"Cannot download {url} ({error}): connect and try again, or {INSTEAD}."
        ) from error
    if received < announced:
        raise DataError(
            f"{url} ended after {received:,} of {announced:,} bytes: try again, or {INSTEAD}."
        )


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The named arrays of an .npz archive, without unpickling anything.

    Raises DataError if the archive is damaged, lacks one of the arrays, or holds Python objects in
    it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _read_array(archive, name) for name in names}
    except KeyError as error:
        raise DataError(
            f"{path} lacks an array ({error.args[0]}); it must hold {', '.join(names)}."
        ) from error
    except DAMAGED as error:
        raise DataError(
            f"{path} is damaged or no .npz of plain arrays ({error}): put a good copy there."
        ) from error


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """One array of an .npz, read straight into its memory, of which np.load needs twice as much."""
    with cast(zipfile.ZipExtFile, archive.open(f"{name}.npy")) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, in_columns, dtype = read_header(stream)
        if dtype.hasobject:
            raise ValueError(f"{name} holds Python objects")
        if math.prod(shape) * dtype.itemsize > archive.getinfo(f"{name}.npy").file_size:
            raise EOFError(f"{name} ends early")
        array = arrays.empty(shape[::-1] if in_columns else shape, dtype)
        missing = array.data.cast("B") if array.size else b""
        while missing and (count := stream.readinto(missing[:CHUNK])):
            missing = missing[count:]
        if missing:
            raise EOFError(f"{name} ends early")
    return array.T if in_columns else array


class _OnlyArrays(pickle.Unpickler):
    """Rebuilds NumPy arrays and built-in containers; other names are errors: nothing can run."""

    ALLOWED = {("numpy", "ndarray"), ("numpy", "dtype")} | {
        (module, "_reconstruct") for module in ("numpy.core.multiarray", "numpy._core.multiarray")
    }

    def find_class(self, module: str, name: str) -> object:
        """The class or function of this name; DataError unless arrays are made of it."""
        if (module, name) not in self.ALLOWED:
            raise DataError(
                f"The file asks to run {module}.{name}, which no data set needs: put a good copy "
                "in its place."
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_pickle(stream: IO[bytes], *, encoding: str = "ASCII") -> Any:
    """Unpickle arrays, numbers, texts and containers of these.

    After "Restricting Globals" in Python's documentation. Two public files hold pickles; call this
    only on a file that `verify` has passed. `encoding` is how texts that Python 2 wrote are read.
    Raises DataError if the stream holds anything else.
    """
    return _OnlyArrays(stream, encoding=encoding).load()


def read_object_array(path: Path, name: str) -> np.ndarray:
    """One array of Python objects of an .npz archive, for a file that `verify` has passed."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
        np.lib.format.read_magic(stream)
        np.lib.format.read_array_header_1_0(stream)  # the pickle follows the header
        return read_pickle(stream)
