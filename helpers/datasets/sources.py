"""Where the files of data sets lie, and how they are read.

They may be own copies, in Keras's cache, downloads, or embedded.
"""

import gzip
import hashlib
import os
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers import runtime
from helpers.datasets import arrays as memory
from helpers.datasets import downloads
from helpers.datasets.downloads import DataError

EMBEDDED = runtime.ROOT / "data"
WINE = EMBEDDED / "winequality-red.csv"
SENTENCES = EMBEDDED / "movie-review-sentences.tsv"
FASHION = EMBEDDED / "fashion-mnist-12000.npz"
REBUILD = "put a good copy in its place; `python data/build.py` rebuilds what the course embeds"

WINE_COLUMNS = (
    "fixed acidity", "volatile acidity", "citric acid", "residual sugar", "chlorides",
    "free sulfur dioxide",
    "total sulfur dioxide", "density", "pH", "sulphates", "alcohol", "quality",
)  # fmt: skip
WINES = 1_599
WINE_SHA256 = "d4f6a6d672e0ee31d41fdd93b4b58985b45a31f2f971499c18137c42229278ac"
"""Of the numbers of Cortez et al.'s own table, row by row as float64."""
RATED_SENTENCES = 10_605
PARTS = ("x_train", "y_train", "x_test", "y_test")


EMBEDDED_SHA256 = {
    SENTENCES.name: "bb8abef8a258d9632bed4a4675d4501f859ae6cef77c68061de045637cbb160d",
    FASHION.name: "fa05ebf3d207d78dfcc49c3ab266c6ee1294952f6a23cb0c78960fb7ffc90d36",
}
# Two independent public lists of checksums agree on these; Keras itself has none for them.
FASHION_FILES = {
    "train-images-idx3": "08dc20ab1689590a0bcd66e874647b6ee8464e2d501b5a3f1f78831db19a3fdc",
    "train-labels-idx1": "b0197879cbda89f3dc7b894f9fd52b858e68ea4182b6947c9d8c2b67e5f18dcc",
    "t10k-images-idx3": "78dcbbfb5a27efaf1b6c1d616caca68560be8766c5bffcb2791df9273a534229",
    "t10k-labels-idx1": "42bd18137a62d5998cdeae52bf3a0676ac6b706f5cf8439b47bb5b151ae3dccf",
}
CIFAR10_SHA256 = (
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"  # as in Keras's source
)
IMDB_SHA256 = (
    "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"  # as in Keras's source
)
GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass(frozen=True)
class Real:
    """Where a real data set may lie.

    `own` are names of own copies, `cached` is its place below Keras's `datasets`, `downloads` are
    (address, file below `datasets`, SHA-256): the files that keras.datasets fetches, under its
    names.
    """

    own: tuple[str, ...]
    cached: str
    downloads: tuple[tuple[str, str, str], ...]


REAL = {
    "cifar10": Real(
        ("cifar10.npz", "cifar-10-python.tar.gz"),
        "cifar-10-batches-py-target_archive",
        (
            (
                "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                "cifar-10-batches-py-target_archive",
                CIFAR10_SHA256,
            ),
        ),
    ),
    "reviews": Real(("imdb.npz",), "imdb.npz", ((f"{GOOGLE}imdb.npz", "imdb.npz", IMDB_SHA256),)),
    "fashion": Real(
        ("fashion-mnist",),
        "fashion-mnist",
        tuple(
            (f"{GOOGLE}{name}-ubyte.gz", f"fashion-mnist/{name}-ubyte.gz", sha256)
            for name, sha256 in FASHION_FILES.items()
        ),
    ),
}


def own(*names: str) -> Path | None:
    """The first of these files or folders that $COURSE_DATA_DIR holds, or None.

    Raises DataError for a link that leads nowhere: a stand-in would take its place unnoticed; and
    for a pipe or a device, which one could wait for without end.
    """
    folder = runtime.data_directory()
    candidates = [folder / name for name in names] if folder else []
    found = next((path for path in candidates if os.path.lexists(path)), None)
    if found and not found.exists():
        raise DataError(f"{found} is a link that leads nowhere: put a good copy in its place.")
    if found and not (found.is_file() or found.is_dir()):
        raise DataError(f"{found} is no file: put a good copy in its place.")
    return found


def embedded(path: Path) -> Path:
    """The path of a file that the course brings along. Raises DataError if it was changed."""
    if downloads.sha256(path) != EMBEDDED_SHA256[path.name]:
        raise DataError(f"{path} is damaged or was changed: {REBUILD}.")
    return path


def find(name: str) -> tuple[Path, str] | None:
    """Where a data set of REAL lies, and "local" or "download"; None if there is no real one.

    First an own copy, then what Keras has cached, then, in the full profile only, a download into
    Keras's cache. Raises DataError as `downloads.download` does.
    """
    real = REAL[name]
    if copy := own(*real.own):
        return copy, "local"
    cache = runtime.keras_home() / "datasets"
    missing = [
        (url, cache / file, sha256)
        for url, file, sha256 in real.downloads
        if not (cache / file).exists()
    ]
    if missing and runtime.profile() != "full":
        return None
    for url, path, sha256 in missing:
        downloads.download(url, path, sha256)
    return cache / real.cached, "download" if missing else "local"


def read_wine(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Red wine: features float32 (1599, 11) in the table's units, quality float32 (1599,).

    Reads commas, and the semicolons of the UCI original. Raises DataError unless it is that table,
    whole.
    """
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        delimiter = ";" if ";" in header else ","
        columns = tuple(word.strip('"') for word in header.split(delimiter))
        table = np.loadtxt(lines, delimiter=delimiter, ndmin=2)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}): {REBUILD}.") from error
    if columns != WINE_COLUMNS or table.shape != (WINES, len(WINE_COLUMNS)):
        raise DataError(
            f"{path} is not the red wine table: {len(table)} rows of {', '.join(columns)}; "
            f"expected {WINES} rows of {', '.join(WINE_COLUMNS)}: {REBUILD}."
        )
    if hashlib.sha256(table.astype("<f8").tobytes()).hexdigest() != WINE_SHA256:
        raise DataError(f"{path} holds other numbers than the red wine table: {REBUILD}.")
    table = table.astype(np.float32)
    return table[:, :-1], table[:, -1]


def read_sentences(path: Path) -> tuple[list[str], np.ndarray]:
    """Movie-review sentences and their mean ratings, from -4, very negative, to 4, float64."""
    try:
        records = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
        sentences, ratings = (
            [sentence for _, sentence in records],
            np.array([float(rating) for rating, _ in records]),
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}): {REBUILD}.") from error
    if len(sentences) != RATED_SENTENCES:
        raise DataError(
            f"{path} holds {len(sentences)} sentences, expected {RATED_SENTENCES}: {REBUILD}."
        )
    return sentences, ratings


def read_images(path: Path, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """The arrays PARTS of an .npz: uint8 images of `shape` in ten classes, or a DataError."""
    return check_images(path, downloads.read_npz(path, PARTS), shape)


def check_images(
    path: Path, arrays: dict[str, np.ndarray], shape: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """`arrays` with labels (n,), if they are uint8 images of `shape` with labels from 0 to 9, all
    of which occur, and the parts differ.
    """
    checked = {}
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"].reshape(-1)
        if (
            x.dtype != np.uint8
            or x.shape[1:] != shape
            or len(x) != len(y)
            or not np.array_equal(np.unique(y), np.arange(10))
        ):
            raise DataError(
                f"{path}: the {part} part is {x.dtype} {x.shape} with {len(y)} labels; "
                f"expected uint8 (n, {', '.join(map(str, shape))}) with a label from 0 to 9 "
                "for each image, and images of all ten. Put a good copy in its place."
            )
        checked |= {f"x_{part}": x, f"y_{part}": y}
    check_apart(path, checked)
    return checked


def check_apart(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Raise DataError where a test part is the training part: nothing could be measured with it."""
    if np.array_equal(arrays["x_train"], arrays["x_test"]):
        raise DataError(
            f"{path}: the training part and the test part are the same. Put a good copy there."
        )


def read_fashion(folder: Path) -> dict[str, np.ndarray]:
    """Fashion-MNIST as `read_images`, from Zalando's four gzipped IDX files, or a DataError."""
    arrays = {}
    # IDX: a header of 16 bytes for images, 8 for labels, then the numbers.
    for name, file in zip(PARTS, FASHION_FILES, strict=True):
        path = folder / f"{file}-ubyte.gz"
        try:
            content = gzip.decompress(path.read_bytes())
            images = name.startswith("x")
            numbers = np.frombuffer(content, np.uint8, offset=16 if images else 8)
            arrays[name] = numbers.reshape(-1, 28, 28) if images else numbers
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise DataError(
                f"{path} is missing or damaged ({error}): put a good copy in its place."
            ) from error
    return check_images(folder, arrays, (28, 28))


def read_cifar10(path: Path) -> dict[str, np.ndarray]:
    """CIFAR-10 as `read_images`, from an .npz of the arrays PARTS or from the public archive.

    Raises DataError if the file is damaged. The archive holds pickles: it is opened only if it has
    the public one's SHA-256.
    """
    shape = (32, 32, 3)
    if path.suffix == ".npz":
        return read_images(path, shape)
    downloads.verify(path, CIFAR10_SHA256)
    images, labels = [], []
    with tarfile.open(path, "r:gz") as archive:
        for batch in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
            member = archive.extractfile(f"cifar-10-batches-py/{batch}")
            if member is None:
                raise DataError(f"{path} lacks {batch}: put a good copy in its place.")
            with member as stream:
                content = downloads.read_pickle(stream, encoding="bytes")
            images.append(content[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
            labels.append(np.array(content[b"labels"]))
    arrays = (np.concatenate(images[:5]), np.concatenate(labels[:5]), images[5], labels[5])
    return check_images(path, dict(zip(PARTS, arrays, strict=True)), shape)


def read_imdb(path: Path, columns: int) -> dict[str, np.ndarray]:
    """IMDB reviews as multi-hot uint8 (n, columns), the commonest word first, named as PARTS.

    Reads Keras's imdb.npz, which holds pickles, only if it has the public one's SHA-256; any other
    file must hold plain arrays: word ids in a row (4 + rank of the word), offsets, labels. Raises
    DataError if it does not.
    """
    if downloads.sha256(path) == IMDB_SHA256:
        return _read_imdb_keras(path, columns)
    names = [f"{part}_{name}" for part in ("train", "test") for name in ("ids", "offsets")]
    arrays = downloads.read_npz(path, (*names, "y_train", "y_test"))
    found = {}
    for part in ("train", "test"):
        ids, offsets, y = arrays[f"{part}_ids"], arrays[f"{part}_offsets"], arrays[f"y_{part}"]
        if not all(each.ndim == 1 and each.dtype.kind in "iu" for each in (ids, offsets, y)):
            raise DataError(
                f"{path}: the {part} part's ids, offsets and labels must be rows of whole numbers: "
                "put a good copy there."
            )
        ends = offsets[[0, -1]].tolist() if len(offsets) else []
        falls = (np.diff(offsets.astype(np.int64)) < 0).any()
        if len(offsets) != len(y) + 1 or ends != [0, len(ids)] or falls:
            raise DataError(
                f"{path}: the {part} part's offsets do not fit its ids or labels: "
                "put a good copy there."
            )
        if not np.array_equal(np.unique(y), [0, 1]):
            raise DataError(
                f"{path}: the {part} part's labels must be 0 and 1, both of them: "
                "put a good copy there."
            )
        rows = np.repeat(np.arange(len(y)), np.diff(offsets))
        found |= {
            f"x_{part}": multi_hot(rows, ids.astype(np.int64) - 4, (len(y), columns)),
            f"y_{part}": y,
        }
    check_apart(path, found)
    return found


def _read_imdb_keras(path: Path, columns: int) -> dict[str, np.ndarray]:
    """Keras's imdb.npz: lists of word ranks, from 1."""
    found = downloads.read_npz(path, ("y_train", "y_test"))
    for part in ("train", "test"):
        reviews = downloads.read_object_array(path, f"x_{part}")
        rows = np.repeat(np.arange(len(reviews)), [len(review) for review in reviews])
        ranks = np.concatenate([np.array(review, dtype=np.int64) for review in reviews])
        found[f"x_{part}"] = multi_hot(rows, ranks - 1, (len(reviews), columns))
    return found


def multi_hot(rows: np.ndarray, words: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Ones at (row, word) in zeros of `shape`, uint8; words outside of its columns are left out."""
    inside = (words >= 0) & (words < shape[1])
    table = memory.empty(shape, np.uint8)
    table[...] = 0
    table[rows[inside], words[inside]] = 1
    return table
