"""Data sets that are made to order: fresh examples for every replicate."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from helpers.datasets import dividing
from helpers.datasets.split import Split

RELEVANT = 4  # inputs of the functions that heed only some
WAVES = 500  # of the smooth function: the more, the nearer to a Gaussian process


def made(
    title: str, draw: Callable, seeds: Iterable[int], *, train: int, valid: int = 0, test: int
) -> Split:
    """A pool with examples of its own for every seed, as `replicates` makes of data with a name.

    `draw(generator, rows)` returns inputs, shape (rows, ...), and targets, shape (rows,): whole
    numbers for classes. The first `train` rows of a replicate are for training, and so on.
    """
    seeds, rows = list(seeds), train + valid + test
    drawn = [draw(np.random.default_rng([dividing.DRAW, seed]), rows) for seed in seeds]
    x, y = map(np.concatenate, zip(*drawn, strict=True))
    x, y = x.astype("float32"), y.astype(np.int64 if y.dtype.kind in "biu" else "float32")
    own = np.arange(len(y)).reshape(len(seeds), rows)
    divisions = tuple(dividing.Division(*np.split(each, (train, train + valid))) for each in own)
    caption = f"{title}, {len(seeds)} x {train:,} training + {valid:,} validation + {test:,} test"
    none = x[:0], y[:0]  # the pool holds them all
    return Split("made", caption, "generated", x, y, *none, *none, divisions=divisions)


def function(
    name: str,
    seeds: Iterable[int],
    *,
    inputs: int,
    noise: float,
    train: int,
    valid: int = 0,
    test: int,
) -> Split:
    """A pool of points of a function that is drawn anew for every seed (see `made`).

    Names: linear, smooth, products, sines, four teeth, eight teeth. The values have mean 0 and
    variance 1; to those of the training points normal noise of the variance `noise` is added, the
    others are the truth. Raises ValueError for another name.
    """
    if name not in FUNCTIONS:
        raise ValueError(f"There is no function {name!r}; choose one of {', '.join(FUNCTIONS)}.")

    def draw(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
        x, y = FUNCTIONS[name](generator, (rows, inputs))
        y = (y - y.mean()) / y.std()
        return x, y + generator.normal(scale=noise**0.5, size=rows) * (np.arange(rows) < train)

    title = f"{name} function of {inputs} input{'s' if inputs > 1 else ''}"
    return made(title, draw, seeds, train=train, valid=valid, test=test)


def _linear(generator: np.random.Generator, shape: tuple[int, int]) -> tuple:
    """A weighted sum of all inputs."""
    x = generator.normal(size=shape)
    return x, x @ generator.normal(size=shape[1])


def _smooth(generator: np.random.Generator, shape: tuple[int, int]) -> tuple:
    """Random Fourier features, of a Gaussian kernel with length scale 2, of four of the inputs."""
    x, some = _some(generator, shape)
    waves = generator.normal(scale=1 / 2, size=(RELEVANT, WAVES))
    phases = generator.uniform(0, 2 * np.pi, WAVES)
    return x, np.cos(some @ waves + phases) @ generator.normal(size=WAVES)


def _products(generator: np.random.Generator, shape: tuple[int, int]) -> tuple:
    """A sum of two products of two inputs each."""
    x, some = _some(generator, shape)
    return x, some[:, 0] * some[:, 1] + some[:, 2] * some[:, 3]


def _some(generator: np.random.Generator, shape: tuple[int, int]) -> tuple:
    """Normal inputs, and the few of them that count."""
    x = generator.normal(size=shape)
    return x, x[:, generator.permutation(shape[1])[:RELEVANT]]


def _sines(generator: np.random.Generator, shape: tuple[int, int]) -> tuple:
    """A sum of sines, one of each input from -1 to 1."""
    x = generator.uniform(-1, 1, shape)
    return x, np.sin(3 * x).sum(axis=1)


def _sawtooth(generator: np.random.Generator, shape: tuple[int, int], *, teeth: int) -> tuple:
    """Down and up so many times while the first input goes from -1 to 1."""
    x = generator.uniform(-1, 1, shape)
    return x, np.abs(2 * ((x[:, 0] + 1) * teeth / 2 % 1) - 1)


FUNCTIONS: Mapping[str, Callable] = MappingProxyType(
    {
        "linear": _linear,
        "smooth": _smooth,
        "products": _products,
        "sines": _sines,
        "four teeth": partial(_sawtooth, teeth=4),
        "eight teeth": partial(_sawtooth, teeth=8),
    }
)
