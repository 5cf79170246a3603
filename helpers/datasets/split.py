"""A data set in three parts, and what can be made of it: standardized, smaller, transformed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.preprocessing import StandardScaler

from helpers.datasets import arrays, dividing

PARTS = ("train", "valid", "test")
PIECE = 4_096  # examples that are measured at a time


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A data set in three disjoint parts, and where it came from.

    `x_*` have shape (n, ...), `y_*` (n,): whole numbers 0, 1, ... into `class_names`, or float32
    where that is empty. `source` is "embedded", "local", "download" or "generated"; `title` names
    what the data are, also for a stand-in; `str(split)` is the caption for a figure. `divisions`
    are those of a pool into the parts of replicates, rows of the training part, and `correlation`
    is that between replicates whose divisions overlap (see `datasets.replicates`). Raises
    ValueError if a part has more inputs than targets, or fewer.
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
    divisions: tuple[dividing.Division, ...] = ()
    correlation: float = 0.0

    def __post_init__(self) -> None:
        """Check that every example has its target."""
        for part in PARTS:
            x, y = self._part(part)
            if len(x) != len(y):
                raise ValueError(
                    f"x_{part} of {self.name} has {len(x)} rows and y_{part} has {len(y)}; "
                    "every example needs one target."
                )

    def __str__(self) -> str:
        """The caption for a figure: what the data are, and where they came from."""
        return f"{self.title} ({self.source})"

    def __repr__(self) -> str:
        """One line: name, caption, number of examples in each part, shape of one."""
        if self.divisions:
            count = f"{len(self.y_train):,} examples of shape {self.x_train.shape[1:]}"
            return f"{self.name}: {self}, from a pool of {count}"
        train, valid, test = (f"{len(self._part(part)[1]):,}" for part in PARTS)
        counts = f"{train} training + {valid} validation + {test} test examples"
        return f"{self.name}: {self}, {counts} of shape {self.x_train.shape[1:]}"

    def standardized(self) -> "Split":
        """The split with float32 inputs of mean 0 and standard deviation 1 in the training part.

        Mean and scale are taken from the training part alone, for each feature of a table and each
        colour of an image (one for a grey image: a border pixel that hardly varies would blow up).
        A constant feature becomes 0. In a pool of replicates the training part is the pool, test
        rows with it: inputs are shared, targets are not used.
        """
        mean, scale = _mean_and_scale(self.x_train)

        def transform(x: np.ndarray) -> np.ndarray:
            result = arrays.empty(x.shape, np.float32)
            result[...] = x
            flat = result.reshape(len(x), mean.size)  # a view, because `result` is contiguous
            flat -= mean
            flat /= scale
            return result

        return self.map(transform)

    def subset(self, size: int, *, seed: int = 0) -> "Split":
        """The split with `size` of its training examples, and the other parts as they are.

        Classes have their proportions, and for one seed a smaller subset lies within every larger
        one. Raises ValueError if `size` is no whole number from 1 to the number of training
        examples, and for a pool of replicates.
        """
        self._check_undivided()
        self._check_size("size", size, "train", lowest=1)
        labels = self.y_train if self.class_names else np.zeros(len(self.y_train))
        chosen = dividing.balanced_order(labels, seed)[:size]
        return replace(self, x_train=self.x_train[chosen], y_train=self.y_train[chosen])

    def head(
        self, train: int | None = None, valid: int | None = None, test: int | None = None
    ) -> "Split":
        """The split with the first rows of each part, so many of each; None leaves a part as it is.

        The arrays are views of this split's. Raises ValueError for a number that is not whole,
        negative or larger than its part, and for `train` in a pool of replicates.
        """
        if train is not None:
            self._check_undivided()
        shorter = {}
        for part, size in zip(PARTS, (train, valid, test), strict=True):
            if size is not None:
                self._check_size(part, size, part)
                x, y = self._part(part)
                shorter |= {f"x_{part}": x[:size], f"y_{part}": y[:size]}
        return replace(self, **shorter)

    def without_validation(self) -> "Split":
        """The split with an empty validation part: training evaluates nothing, and is faster."""
        return self.head(valid=0)

    def map(self, function: Callable[[np.ndarray], np.ndarray], *, note: str = "") -> "Split":
        """The split with `function` applied to the inputs of all three parts.

        Parts are taken in the order training, validation, test. `function` takes an array (n, ...)
        and returns an array (n, ...), of another shape or type if need be; it is not called for an
        empty part. `note` says in the caption what was done to the inputs. Raises ValueError if the
        number of rows changes, or if the parts come out in different shapes.
        """
        inputs = {part: self._part(part)[0] for part in PARTS}
        made = {part: np.asarray(function(x)) for part, x in inputs.items() if len(x)}
        for part, x in made.items():
            if x.shape[:1] != inputs[part].shape[:1]:
                raise ValueError(
                    f"The function made {x.shape} of {inputs[part].shape} in the {part} part; "
                    "it must return one row for each example."
                )
        if len({x.shape[1:] for x in made.values()}) > 1:
            shapes = ", ".join(f"{part} {x.shape[1:]}" for part, x in made.items())
            raise ValueError(f"The function made examples of different shapes: {shapes}.")
        for part in set(PARTS) - set(made):
            made[part] = next(iter(made.values()))[:0] if made else inputs[part]
        title = f"{self.title}, {note}" if note else self.title
        return replace(self, title=title, **{f"x_{part}": x for part, x in made.items()})

    def _part(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets of "train", "valid" or "test"."""
        return getattr(self, f"x_{part}"), getattr(self, f"y_{part}")

    def _check_undivided(self) -> None:
        if self.divisions:
            raise ValueError(
                f"{self.name} is a pool, and its {len(self.divisions)} divisions name its rows: "
                "give datasets.replicates the numbers of rows."
            )

    def _check_size(self, word: str, size: int, part: str, lowest: int = 0) -> None:
        available = len(self._part(part)[1])
        if not isinstance(size, int | np.integer) or not lowest <= size <= available:
            raise ValueError(
                f"{word} is {size!r}; the {part} part of {self.name} has {available} examples: "
                f"choose a whole number from {lowest} to {available}."
            )


def _mean_and_scale(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the inputs, float32, shape (values of an example,).

    All pixels of an image share those of their colour. The scale of a constant is 1.
    """
    scaler = StandardScaler()
    for start in range(0, len(x), PIECE):  # in pieces: it makes float64 copies
        piece = x[start : start + PIECE]
        scaler.partial_fit(piece.reshape(len(piece), -1))
    columns = x.shape[-1] if x.ndim in (2, 4) else 1  # features of a table, colours of an image
    means = np.asarray(scaler.mean_).reshape(-1, columns)
    variances = np.asarray(scaler.var_).reshape(-1, columns)
    mean = means.mean(axis=0)
    # The law of total variance, over the pixels.
    scale = np.sqrt(variances.mean(axis=0) + means.var(axis=0))
    scale[scale <= 1e-6 * np.abs(mean)] = 1.0  # smaller than float32 can tell from a constant
    everywhere = np.tile(np.stack([mean, scale]).astype(np.float32), len(means))
    return everywhere[0], everywhere[1]
