"""A data set divided anew for every replicate: the pool, and the rows of each."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from helpers import display
from helpers.datasets import dividing, loading
from helpers.datasets.dividing import Division, Sizes
from helpers.datasets.split import PARTS, Split


def pool(name: str) -> Split:
    """All distinct rows of a data set in the training part, the others empty: not divided yet.

    What every replicate needs, such as pictures that are shrunk, is done to it once, and
    `replicates` divides it as often as one likes. Raises ValueError for generated data, which are
    fresh in every replicate, and for a name that there is not.
    """
    loading.check_names(name, [])
    if name in loading.GENERATORS:
        raise ValueError(f"{name} is generated: there is no pool of it.")
    return _pooled(loading.everything(name))


def replicates(
    name: str | Split,
    seeds: Iterable[int],
    *,
    train: int,
    valid: int = 0,
    test: int,
    apart_from: Split | None = None,
) -> Split:
    """The pool of a data set, with rows of its own for each seed: `divisions`, in the seeds' order.

    `name` is that of a data set, or a `pool` that is ready.

    The training part is the pool, all distinct rows, the other parts are empty. Training rows of
    different replicates have none in common if the pool is large enough, else they are drawn anew
    for each; validation and test rows are drawn from the rest, and no row is in two parts of a
    replicate. Where a pool of so many is enough nothing overlaps at all. No test row is a
    validation row of `apart_from`, the replicates that were tuned on. Generated data (moons,
    polynomial, friedman) are fresh for each seed.

    `correlation` is that of replicates that share rows, for `verdicts.compare`. Inputs are shared:
    `standardized` takes mean and scale from the whole pool, and the vocabulary of reviews is
    that of `load`; targets are used for neither. One line is printed that says what was made.

    Raises ValueError for a name or seeds that cannot be, and for sizes that do not fit.
    """
    seeds, sizes = list(seeds), (train, valid, test)
    loading.check_names(name.name if isinstance(name, Split) else name, seeds)
    _check(seeds, sizes)
    if isinstance(name, str) and name in loading.GENERATORS:
        made = _generated(name, seeds, sizes)
    else:
        pooled = pool(name) if isinstance(name, str) else name
        untested = _validated(apart_from, pooled)
        rows, count = len(pooled.y_train), len(untested)
        found = dividing.divisions(rows, seeds, Sizes(*sizes), untested)
        correlation = dividing.correlation(found, rows, count)
        made = replace(pooled, divisions=tuple(found), correlation=correlation)
    made = replace(made, title=f"{made.title}, {_design(made)}")
    display.say(repr(made))
    return made


def _check(seeds: list[int], sizes: tuple[int, int, int]) -> None:
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds are {seeds}; give at least one, and none twice.")
    for word, size, lowest in zip(PARTS, sizes, (1, 0, 1), strict=True):
        if not isinstance(size, int | np.integer) or size < lowest:
            raise ValueError(f"{word} is {size!r}; choose a whole number of at least {lowest}.")


def _generated(name: str, seeds: list[int], sizes: tuple[int, int, int]) -> Split:
    """Fresh examples for every seed, one after the other."""
    made = [loading.GENERATORS[name](seed, sizes) for seed in seeds]
    starts = np.arange(len(seeds))[:, None] * sum(sizes) + np.arange(sum(sizes))
    cuts = np.cumsum(sizes)[:-1]
    pool = _joined(made[0], made)
    return replace(pool, divisions=tuple(Division(*np.split(rows, cuts)) for rows in starts))


def _pooled(split: Split) -> Split:
    """All examples in the training part; of those with equal inputs the first."""
    pool = _joined(split, [split])
    first = np.unique(dividing.originals(dividing.digests(pool.x_train)))
    return replace(pool, x_train=pool.x_train[first], y_train=pool.y_train[first])


def _joined(first: Split, splits: list[Split]) -> Split:
    """The parts of all splits, one after the other, in the training part of the first."""
    x, y = (
        np.concatenate([getattr(split, f"{side}_{part}") for split in splits for part in PARTS])
        for side in "xy"
    )
    return replace(
        first, x_train=x, y_train=y, x_valid=x[:0], y_valid=y[:0], x_test=x[:0], y_test=y[:0]
    )


def _validated(apart_from: Split | None, pool: Split) -> np.ndarray:
    """The validation rows of other replicates of the same pool."""
    if apart_from is None:
        return np.array([], int)
    same = apart_from.name == pool.name and len(apart_from.y_train) == len(pool.y_train)
    if not same or not apart_from.divisions:
        raise ValueError(
            f"apart_from is {apart_from!r}; it must be replicates of {pool.name}, of the same rows."
        )
    return np.unique(np.concatenate([division.valid for division in apart_from.divisions]))


def _design(pool: Split) -> str:
    """The numbers of replicates and rows, and which rows replicates share, in words."""
    parts = zip(("training", "validation", "test"), pool.divisions[0], strict=True)
    rows = " + ".join(f"{len(rows):,} {word}" for word, rows in parts if len(rows))
    trained = dividing.overlap([division.train for division in pool.divisions])
    shared = "overlapping" if trained else "training rows disjoint" if pool.correlation else ""
    return f"{len(pool.divisions)} x {rows}, {shared or 'disjoint'}"
