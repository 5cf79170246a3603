"""The data sets by name: where each is taken from and how it is divided.

`load("wine")` always works: it takes your own copy in $COURSE_DATA_DIR, else what Keras has cached,
else, only in the `full` profile, a download, else what is embedded here. It prints in one line
which of these it was.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits, make_moons
from sklearn.feature_extraction.text import CountVectorizer

from helpers import display
from helpers.datasets import dividing, sources, standins
from helpers.datasets.downloads import DataError
from helpers.datasets.split import Split

VOCABULARY = 10_000  # words, the commonest first
GENERATED = (1_000,) * 3  # examples in the parts of a generated data set
STAND_IN = (20_000, 4_000, 4_000)  # training, validation and test images of Fashion-on-photos
ITEMS = (8_000, 2_000, 2_000)  # pieces of clothing on them
MOONS_NOISE = 0.2  # standard deviation around the two half circles
POLYNOMIAL_NOISE = 0.3  # standard deviation around the truth
FRIEDMAN_NOISE = 1.0  # standard deviation around the truth, as large as that of the truth itself
FRIEDMAN_INPUTS = 10
FRIEDMAN_MEAN, FRIEDMAN_SPREAD = 14.4133, 4.88124  # of his function, over all inputs

FASHION_CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot",
)  # fmt: skip
REVIEW_CLASSES = ("negative", "positive")
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def load(name: str, *, seed: int = 0, size: int | None = None) -> Split:
    """The data set `name`, divided by `seed`, with `size` training examples (None: all).

    One line is printed that says what was loaded. Names: wine, reviews, fashion, cifar10, digits,
    moons, polynomial, friedman. Raises ValueError for another name, seed or size; `DataError` if a
    file is damaged or a download fails, with the cure.
    """
    return splits(name, [seed], size=size)[0]


def splits(name: str, seeds: Iterable[int], *, size: int | None = None) -> list[Split]:
    """`load` for several seeds: the same data, divided or generated anew for each."""
    seeds = list(seeds)
    check_names(name, seeds)
    if size is not None and not (isinstance(size, int | np.integer) and size >= 1):
        raise ValueError(
            f"size is {size!r}; choose a whole number from 1, or None for all training examples."
        )
    found = [BUILDERS[name](seed) for seed in seeds]
    if size is not None:
        found = [split.subset(size, seed=seed) for split, seed in zip(found, seeds, strict=True)]
    for split in found[:1]:
        display.say(repr(split))
    return found


def check_names(name: str, seeds: list[int]) -> None:
    """Raise ValueError unless there is such a data set, and all seeds are whole numbers."""
    if name not in BUILDERS:
        raise ValueError(f"There is no data set {name!r}; choose one of {', '.join(BUILDERS)}.")
    for seed in seeds:
        if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
            raise ValueError(f"seed is {seed!r}; choose a whole number from 0 to {2**32 - 1}.")


def polynomial_truth(x: np.ndarray) -> np.ndarray:
    """The smooth function behind `polynomial`: sin(pi x) + x / 2, for x of any shape from -1 to 1.

    It is not a polynomial, but close to one.
    """
    return np.sin(np.pi * x) + x / 2


def friedman_truth(x: np.ndarray) -> np.ndarray:
    """The smooth function behind `friedman`, for x of shape (n, 10) from -1 to 1: shape (n,).

    Friedman's function of the first five inputs, shifted and scaled to mean 0 and variance 1; the
    other five do nothing (Friedman 1991, "Multivariate Adaptive Regression Splines").
    """
    first, second, third, fourth, fifth = (np.asarray(x, float).T[:5] + 1) / 2
    value = 10 * np.sin(np.pi * first * second) + 20 * (third - 0.5) ** 2 + 10 * fourth + 5 * fifth
    return (value - FRIEDMAN_MEAN) / FRIEDMAN_SPREAD


def _wine(seed: int) -> Split:
    own = sources.own("winequality-red.csv")
    x, y = sources.read_wine(own or sources.WINE)
    rows = dividing.thirds(dividing.originals(dividing.digests(x)), seed)
    return Split(
        "wine",
        "red wine quality",
        "local" if own else "embedded",
        *dividing.parts_of(x, y, rows),
        feature_names=sources.WINE_COLUMNS[:-1],
    )


def _reviews(seed: int) -> Split:
    if found := sources.find("reviews"):
        path, source = found
        parts = _divided(path, sources.read_imdb(path, VOCABULARY), seed)
        return Split("reviews", "IMDB", source, *parts, class_names=REVIEW_CLASSES)
    sentences, ratings = sources.read_sentences(sources.embedded(sources.SENTENCES))
    y = (ratings > 0).astype(np.int64)
    counter = CountVectorizer(binary=True)
    # A sparse matrix, its columns in alphabetical order.
    words: Any = counter.fit_transform(sentences)
    copies = dividing.originals(row.indices.tobytes() for row in words)
    rows = dividing.thirds(copies, seed, y)
    # The vocabulary is chosen on the training part alone: its commonest words, ties by alphabet.
    counts = np.asarray(words[rows[0]].sum(axis=0)).ravel()
    chosen = np.argsort(-counts, kind="stable")[:VOCABULARY]
    return Split(
        "reviews",
        "movie-review sentences standing in for IMDB",
        "embedded",
        *dividing.parts_of(words[:, chosen].astype(np.uint8).toarray(), y, rows),
        class_names=REVIEW_CLASSES,
        feature_names=tuple(counter.get_feature_names_out()[chosen]),
    )


def _fashion(seed: int) -> Split:
    if found := sources.find("fashion"):
        path, source = found
        title, given = "Fashion-MNIST", sources.read_fashion(path)
    else:
        path = sources.FASHION
        title, source, given = "Fashion-MNIST, 12,000 images", "embedded", _embedded_fashion()
    parts = _divided(path, given, seed)
    return Split("fashion", title, source, *parts, class_names=FASHION_CLASSES)


def _divided(
    path: Path, given: dict[str, np.ndarray], seed: int, validation: float = 0.2
) -> dividing.Parts:
    """The parts of a data set of `path` that has a test part of its own.

    Raises DataError where too little is left of the training part without copies of the test part.
    """
    try:
        return dividing.beside_test_part(given, seed, validation)
    except ValueError as error:  # scikit-learn's, of a class with too few examples
        raise DataError(
            f"{path}: the training part, without copies of test examples, is too small to be "
            f"divided ({error}). Put a good copy there."
        ) from error


def _embedded_fashion() -> dict[str, np.ndarray]:
    return sources.read_images(sources.embedded(sources.FASHION), (28, 28))


def _cifar10(seed: int, sizes: Sequence[int] = STAND_IN) -> Split:
    if found := sources.find("cifar10"):
        path, source = found
        parts = _divided(path, sources.read_cifar10(path), seed, validation=0.1)
        return Split("cifar10", "CIFAR-10", source, *parts, class_names=CIFAR10_CLASSES)
    items = dividing.beside_test_part(_embedded_fashion(), seed)
    made = []
    for number, count in enumerate(sizes):
        x, y = items[2 * number : 2 * number + 2]
        # Each item two or three times, in one part only.
        chosen = np.resize(dividing.balanced_order(y, seed), count)
        made += [standins.fashion_on_photos(x[chosen], [seed, number]), y[chosen]]
    title = "Fashion-on-photos standing in for CIFAR-10"
    return Split("cifar10", title, "embedded", *made, class_names=FASHION_CLASSES)


def _digits(seed: int) -> Split:
    digits: Any = load_digits()
    x, y = digits.images.astype(np.uint8), digits.target
    rows = dividing.thirds(dividing.originals(dividing.digests(x)), seed, y)
    parts = dividing.parts_of(x, y, rows)
    names = tuple(str(name) for name in digits.target_names)
    return Split("digits", "8x8 digits", "embedded", *parts, class_names=names)


def _moons(seed: int, sizes: Sequence[int] = GENERATED) -> Split:
    x, y = map(np.asarray, make_moons(sum(sizes), noise=MOONS_NOISE, random_state=seed))
    rows = np.split(dividing.balanced_order(y, seed), np.cumsum(sizes)[:-1])
    return Split(
        "moons",
        "two moons",
        "generated",
        *dividing.parts_of(x.astype(np.float32), y, rows),
        class_names=("upper moon", "lower moon"),
        feature_names=("x1", "x2"),
    )


def _polynomial(seed: int, sizes: Sequence[int] = GENERATED) -> Split:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(sum(sizes), 1))
    y = polynomial_truth(x[:, 0]) + rng.normal(scale=POLYNOMIAL_NOISE, size=len(x))
    rows = np.split(np.arange(len(x)), np.cumsum(sizes)[:-1])
    parts = dividing.parts_of(x.astype(np.float32), y.astype(np.float32), rows)
    return Split("polynomial", "a noisy curve", "generated", *parts, feature_names=("x",))


def _friedman(seed: int, sizes: Sequence[int] = GENERATED) -> Split:
    rng = np.random.default_rng([dividing.DRAW, seed])
    x = rng.uniform(-1, 1, size=(sum(sizes), FRIEDMAN_INPUTS))
    y = friedman_truth(x) + rng.normal(scale=FRIEDMAN_NOISE, size=len(x))
    rows = np.split(np.arange(len(x)), np.cumsum(sizes)[:-1])
    parts = dividing.parts_of(x.astype(np.float32), y.astype(np.float32), rows)
    names = tuple(f"x{number}" for number in range(1, FRIEDMAN_INPUTS + 1))
    title = "Friedman's function with noise"
    return Split("friedman", title, "generated", *parts, feature_names=names)


BUILDERS: dict[str, Callable[[int], Split]] = {
    "wine": _wine,
    "reviews": _reviews,
    "fashion": _fashion,
    "cifar10": _cifar10,
    "digits": _digits,
    "moons": _moons,
    "polynomial": _polynomial,
    "friedman": _friedman,
}
GENERATORS: dict[str, Callable[[int, Sequence[int]], Split]] = {
    "moons": _moons,
    "polynomial": _polynomial,
    "friedman": _friedman,
}
"""Data sets of which there are as many examples as one asks for: seed and sizes of the parts."""


def everything(name: str) -> Split:
    """A data set that is not generated, with all of its examples, in the parts of seed 0."""
    if name == "cifar10":
        return _cifar10(0, ITEMS)  # a stand-in shows each item on several photos: one is enough
    return BUILDERS[name](0)
