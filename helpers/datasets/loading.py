"""The data sets of the course, each divided into a training, a validation and a test part.

`load("wine")` always works: it takes your own copy in $COURSE_DATA_DIR, else what Keras has cached, else, only in the
`full` profile, a download, else what is embedded here. It prints in one line which of these it was.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.datasets import load_digits, make_moons
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from helpers.datasets import arrays, sources, standins

VOCABULARY = 10_000  # words, the commonest first
GENERATED = 1_000  # examples in each part of a generated data set
STAND_IN = (20_000, 4_000, 4_000)  # training, validation and test images of Fashion-on-photos
MOONS_NOISE = 0.2  # standard deviation around the two half circles
POLYNOMIAL_NOISE = 0.3  # standard deviation around the truth

FASHION_CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
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


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A data set in three disjoint parts, and where it came from. `str(split)` is its caption for a figure.

    `x_*` have shape (n, ...), `y_*` (n,): whole numbers 0, 1, ... into `class_names`, or float32 where that is empty.
    `source` is "embedded", "local", "download" or "generated"; `title` says what it really is, a stand-in included.
    """

    name: str
    title: str
    source: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.title} ({self.source})"

    def __repr__(self) -> str:
        train, valid, test = (f"{len(y):,}" for y in (self.y_train, self.y_valid, self.y_test))
        shape = self.x_train.shape[1:]
        return f"{self.name}: {self}, {train} training + {valid} validation + {test} test examples of shape {shape}"

    def standardized(self) -> "Split":
        """The same split with float32 inputs of mean 0 and standard deviation 1 over the training part.

        Mean and scale are taken from the training part alone, for each feature of a table and each colour of an
        image (one for a grey image: a border pixel that hardly varies would blow up). A constant feature becomes 0.
        """
        mean, scale = _mean_and_scale(self.x_train)

        def transform(x: np.ndarray) -> np.ndarray:
            result = arrays.empty(x.shape, np.float32)
            result[...] = x
            flat = result.reshape(len(x), -1)  # a view, because `result` is contiguous
            flat -= mean
            flat /= scale
            return result

        parts = {part: transform(getattr(self, part)) for part in ("x_train", "x_valid", "x_test")}
        return replace(self, **parts)

    def subset(self, size: int, *, seed: int = 0) -> "Split":
        """The split with `size` of its training examples; validation and test parts stay as they are.

        Classes keep their proportions, and for one seed a smaller subset lies within every larger one.
        Raises ValueError if `size` is no whole number from 1 to the number of training examples.
        """
        available = len(self.y_train)
        if not isinstance(size, int | np.integer) or not 1 <= size <= available:
            raise ValueError(
                f"size is {size!r}; {self.name} has room for a whole number from 1 to {available}."
            )
        order = _balanced_order(self.y_train if self.class_names else np.zeros(available), seed)
        kept = order[:size]
        return replace(self, x_train=self.x_train[kept], y_train=self.y_train[kept])


def load(name: str, *, seed: int = 0, size: int | None = None) -> Split:
    """The data set `name`, divided by `seed`, with `size` training examples (None: all), announced in one line.

    Names: wine, reviews, fashion, cifar10, digits, moons, polynomial. Raises ValueError for another name, seed or
    size; `helpers.files.DataError` if a file is damaged or a download fails, with the cure.
    """
    return splits(name, [seed], size=size)[0]


def splits(name: str, seeds: Iterable[int], *, size: int | None = None) -> list[Split]:
    """`load` for several seeds: the same data divided (or generated) anew for each, announced once."""
    seeds = list(seeds)
    if name not in BUILDERS:
        raise ValueError(f"There is no data set {name!r}; choose one of {', '.join(BUILDERS)}.")
    for seed in seeds:
        if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
            raise ValueError(f"seed is {seed!r}; choose a whole number from 0 to {2**32 - 1}.")
    if size is not None and not (isinstance(size, int | np.integer) and size >= 1):
        raise ValueError(
            f"size is {size!r}; choose a whole number from 1, or None for all training examples."
        )
    found = [BUILDERS[name](seed) for seed in seeds]
    if size is not None:
        found = [split.subset(size, seed=seed) for split, seed in zip(found, seeds)]
    for split in found[:1]:
        print(repr(split))
    return found


def polynomial_truth(x: np.ndarray) -> np.ndarray:
    """The smooth function behind `polynomial`, sin(pi x) + x / 2 for x from -1 to 1: no polynomial, but near one."""
    return np.sin(np.pi * x) + x / 2


def _wine(seed: int) -> Split:
    own = sources.own("winequality-red.csv")
    x, y = sources.read_wine(own or sources.WINE)
    parts = _thirds(_originals(_digests(x)), seed)
    return Split(
        "wine",
        "red wine quality",
        "local" if own else "embedded",
        *_arrays(x, y, parts),
        feature_names=sources.WINE_COLUMNS[:-1],
    )


def _reviews(seed: int) -> Split:
    if found := sources.find("reviews"):
        path, source = found
        return _with_test_part(
            "reviews", "IMDB", source, sources.read_imdb(path, VOCABULARY), REVIEW_CLASSES, seed
        )
    sentences, ratings = sources.read_sentences(sources.SENTENCES)
    y = (ratings > 0).astype(np.int64)
    counter = CountVectorizer(binary=True)
    words = counter.fit_transform(sentences)  # sparse; columns in alphabetical order
    parts = _thirds(_originals(row.indices.tobytes() for row in words), seed, y)
    # The vocabulary is chosen on the training part alone: its commonest words, equally common ones by alphabet.
    counts = np.asarray(words[parts[0]].sum(axis=0)).ravel()
    chosen = np.argsort(-counts, kind="stable")[:VOCABULARY]
    return Split(
        "reviews",
        "movie-review sentences standing in for IMDB",
        "embedded",
        *_arrays(words[:, chosen].astype(np.uint8).toarray(), y, parts),
        class_names=REVIEW_CLASSES,
        feature_names=tuple(counter.get_feature_names_out()[chosen]),
    )


def _fashion(seed: int) -> Split:
    if found := sources.find("fashion"):
        path, source = found
        return _with_test_part(
            "fashion", "Fashion-MNIST", source, sources.read_fashion(path), FASHION_CLASSES, seed
        )
    arrays = sources.read_images(sources.FASHION, (28, 28))
    return _with_test_part(
        "fashion", "Fashion-MNIST, 12,000 images", "embedded", arrays, FASHION_CLASSES, seed
    )


def _cifar10(seed: int) -> Split:
    if found := sources.find("cifar10"):
        path, source = found
        arrays = sources.read_cifar10(path)
        return _with_test_part(
            "cifar10", "CIFAR-10", source, arrays, CIFAR10_CLASSES, seed, validation=0.1
        )
    arrays = sources.read_images(sources.FASHION, (28, 28))
    items = _with_test_part("fashion", "", "embedded", arrays, FASHION_CLASSES, seed)
    made = []
    pairs = (
        (items.x_train, items.y_train),
        (items.x_valid, items.y_valid),
        (items.x_test, items.y_test),
    )
    for part, ((x, y), count) in enumerate(zip(pairs, STAND_IN)):
        chosen = np.resize(
            _balanced_order(y, seed), count
        )  # each item two or three times, in one part only
        made += [standins.fashion_on_photos(x[chosen], [seed, part]), y[chosen]]
    title = "Fashion-on-photos standing in for CIFAR-10"
    return Split("cifar10", title, "embedded", *made, class_names=FASHION_CLASSES)


def _digits(seed: int) -> Split:
    digits = load_digits()
    x, y = digits.images.astype(np.uint8), digits.target
    parts = _thirds(_originals(_digests(x)), seed, y)
    names = tuple(str(name) for name in digits.target_names)
    return Split("digits", "8x8 digits", "embedded", *_arrays(x, y, parts), class_names=names)


def _moons(seed: int) -> Split:
    x, y = make_moons(3 * GENERATED, noise=MOONS_NOISE, random_state=seed)
    parts = np.split(_balanced_order(y, seed), 3)
    return Split(
        "moons",
        "two moons",
        "generated",
        *_arrays(x.astype(np.float32), y, parts),
        class_names=("upper moon", "lower moon"),
        feature_names=("x1", "x2"),
    )


def _polynomial(seed: int) -> Split:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(3 * GENERATED, 1))
    y = polynomial_truth(x[:, 0]) + rng.normal(scale=POLYNOMIAL_NOISE, size=len(x))
    parts = np.split(np.arange(len(x)), 3)
    arrays = _arrays(x.astype(np.float32), y.astype(np.float32), parts)
    return Split("polynomial", "a noisy curve", "generated", *arrays, feature_names=("x",))


BUILDERS: dict[str, Callable[[int], Split]] = {
    "wine": _wine,
    "reviews": _reviews,
    "fashion": _fashion,
    "cifar10": _cifar10,
    "digits": _digits,
    "moons": _moons,
    "polynomial": _polynomial,
}


def _with_test_part(
    name: str,
    title: str,
    source: str,
    parts: dict[str, np.ndarray],
    class_names: tuple[str, ...],
    seed: int,
    validation: float = 0.2,
) -> Split:
    """A data set that comes with its test part; training examples of which the test part holds a copy are left out."""
    x, y = parts["x_train"], parts["y_train"].astype(np.int64)
    digests, tested = _digests(x), set(_digests(parts["x_test"]))
    fresh = np.array([row for row, digest in enumerate(digests) if digest not in tested])
    train, valid = _cut(fresh, _originals(digests), validation, seed, y)
    order, length = np.concatenate([train, valid]), len(train)
    x, y = (
        arrays.rearrange(np.require(x, requirements=["C", "W"]), order),
        y[order],
    )  # in place: nobody else has x
    parts = (
        x[:length],
        y[:length],
        x[length:],
        y[length:],
        parts["x_test"],
        parts["y_test"].astype(np.int64),
    )
    return Split(name, title, source, *parts, class_names=class_names)


def _thirds(originals: np.ndarray, seed: int, labels: np.ndarray | None = None) -> list[np.ndarray]:
    """Row numbers of a training, validation and test part: 60, 20 and 20 % of the distinct rows."""
    rest, test = _cut(np.arange(len(originals)), originals, 0.2, seed, labels)
    train, valid = _cut(rest, originals, 0.25, seed, labels)
    return [train, valid, test]


def _cut(
    rows: np.ndarray,
    originals: np.ndarray,
    fraction: float,
    seed: int,
    labels: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`rows` in two, the second with `fraction` of the distinct ones, by class if there are labels.

    Copies follow their original, so that no row is in both.
    """
    distinct = np.unique(originals[rows])
    stratify = None if labels is None else labels[distinct]
    _, second = train_test_split(distinct, test_size=fraction, random_state=seed, stratify=stratify)
    taken = np.isin(originals[rows], second)
    return rows[~taken], rows[taken]


def _digests(x: np.ndarray) -> list[bytes]:
    """A fingerprint of every row: equal rows, and only they, have equal ones."""
    return [hashlib.blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(x)]


def _originals(keys: Iterable[Hashable]) -> np.ndarray:
    """For every key the place where it, or its equal, comes first."""
    first: dict[Hashable, int] = {}
    return np.array([first.setdefault(key, place) for place, key in enumerate(keys)])


def _arrays(x: np.ndarray, y: np.ndarray, parts: Iterable[np.ndarray]) -> list[np.ndarray]:
    """x and y of each part, in the order of Split's fields."""
    return [array[rows] for rows in parts for array in (x, y)]


def _balanced_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """A random order of all rows in which every beginning holds the classes in their proportions."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    position = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels[shuffled] == label)
        position[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return shuffled[np.argsort(position)]


def _mean_and_scale(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the inputs, float32, one number for each value of an example, in one row.

    All pixels of an image share those of their colour. The scale of a constant is 1.
    """
    scaler = StandardScaler()
    for start in range(0, len(x), 4_096):  # in pieces: it makes float64 copies
        piece = x[start : start + 4_096]
        scaler.partial_fit(piece.reshape(len(piece), -1))
    columns = x.shape[-1] if x.ndim in (2, 4) else 1  # features of a table, colours of an image
    means, variances = scaler.mean_.reshape(-1, columns), scaler.var_.reshape(-1, columns)
    mean = means.mean(axis=0)
    scale = np.sqrt(
        variances.mean(axis=0) + means.var(axis=0)
    )  # the law of total variance, over the pixels
    scale[scale <= 1e-6 * np.abs(mean)] = 1.0  # smaller than float32 can tell from a constant
    return np.tile(mean.astype(np.float32), len(means)), np.tile(
        scale.astype(np.float32), len(means)
    )
