"""Rows of a data set divided into parts, so that a row and its copies are all in one of them."""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from helpers.datasets import arrays

DRAW = 1  # with a seed: random numbers of their own, apart from those of training


class Parts(NamedTuple):
    """Inputs (n, ...) and targets (n,) of the three parts, in the order of `Split`'s fields."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Division(NamedTuple):
    """Rows of a pool for the three parts of one replicate, each of shape (rows,)."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


class Sizes(NamedTuple):
    """Numbers of rows in the three parts of one replicate."""

    train: int
    valid: int
    test: int


def thirds(originals: np.ndarray, seed: int, labels: np.ndarray | None = None) -> list[np.ndarray]:
    """Row numbers of training, validation and test part: 60, 20 and 20 % of the distinct rows.

    `originals` (n,) says of which row each is a copy (see `originals`), `labels` (n,) the classes
    to stratify by.
    """
    rest, test = cut(np.arange(len(originals)), originals, 0.2, seed, labels)
    train, valid = cut(rest, originals, 0.25, seed, labels)
    return [train, valid, test]


def cut(
    rows: np.ndarray,
    originals: np.ndarray,
    fraction: float,
    seed: int,
    labels: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`rows` in two, the second with `fraction` of the distinct ones, by class if there are labels.

    Copies follow their original, so that no row is in both. `originals` and `labels` are as in
    `thirds`.
    """
    distinct = np.unique(originals[rows])
    stratify = None if labels is None else labels[distinct]
    _, second = train_test_split(distinct, test_size=fraction, random_state=seed, stratify=stratify)
    taken = np.isin(originals[rows], second)
    return rows[~taken], rows[taken]


def beside_test_part(given: Mapping[str, np.ndarray], seed: int, validation: float = 0.2) -> Parts:
    """The three parts of a data set that comes with a test part of its own.

    `given` holds x_train, y_train, x_test and y_test. The fraction `validation` of the distinct
    training rows becomes the validation part, by class. Training examples of which the test part
    holds a copy are left out. The array x_train is overwritten if it can be, because it may be too
    large to be copied.
    """
    x, y = given["x_train"], given["y_train"].astype(np.int64)
    prints, tested = digests(x), set(digests(given["x_test"]))
    fresh = np.array([row for row, digest in enumerate(prints) if digest not in tested], int)
    train, valid = cut(fresh, originals(prints), validation, seed, y)
    order, length = np.concatenate([train, valid]), len(train)
    x, y = arrays.rearrange(np.require(x, requirements=["C", "W"]), order), y[order]
    y_test = given["y_test"].astype(np.int64)
    return Parts(x[:length], y[:length], x[length:], y[length:], given["x_test"], y_test)


def divisions(
    pool: int, seeds: Sequence[int], sizes: Sizes, untested: np.ndarray
) -> list[Division]:
    """Random rows of a pool of so many, of these `sizes`, for each seed.

    As far as the pool allows, no training row is in two replicates, and then nothing is; `untested`
    rows are no test rows. Raises ValueError for sizes that do not fit.
    """
    check_sizes(pool, sizes, len(untested))
    count, needed = len(seeds), sizes.train * len(seeds)
    orders = [np.random.default_rng([DRAW, seed]).permutation(pool) for seed in seeds]
    trained = [order[: sizes.train] for order in orders]
    rests = [order[sizes.train :] for order in orders]
    if needed <= pool:
        trained = np.split(orders[0][:needed], count)
        rests = [without(order, rows) for order, rows in zip(orders, trained, strict=True)]
        many = Sizes(*(size * count for size in sizes))
        held = held_out(orders[0][needed:], many, untested)
        if [len(rows) for rows in held] == [many.valid, many.test]:
            held = zip(*(np.split(rows, count) for rows in held), strict=True)
            return [Division(rows, *each) for rows, each in zip(trained, held, strict=True)]
    return [
        Division(rows, *held_out(rest, sizes, untested))
        for rows, rest in zip(trained, rests, strict=True)
    ]


def held_out(rest: np.ndarray, sizes: Sizes, untested: np.ndarray) -> list[np.ndarray]:
    """Validation and test rows from the `rest`, the first that may be: fewer if it is short."""
    tested = without(rest, untested)[: sizes.test]
    return [without(rest, tested)[: sizes.valid], tested]


def without(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The rows, in their order, that are not among the others."""
    return rows[~np.isin(rows, others)]


def check_sizes(pool: int, sizes: Sizes, untested: int = 0) -> None:
    """Raise ValueError unless every replicate can have its parts from a pool of so many rows."""
    if sum(sizes) > pool or sizes.train + sizes.test > pool - untested:
        kept = f", {untested:,} of them kept from tests" if untested else ""
        raise ValueError(
            f"{sizes.train} training + {sizes.valid} validation + {sizes.test} test rows do not "
            f"fit into {pool:,} distinct ones{kept}: ask for fewer."
        )


def correlation(found: Sequence[Division], pool: int, untested: int) -> float:
    """How much replicates with these divisions go together, at most: by the rows they share.

    The larger of the expected shares of training rows and of test rows that two have in common,
    and no more than test / (training + test rows) (Nadeau and Bengio 2003, "Inference for the
    Generalization Error", section 3). 0 where nothing overlaps.
    """
    train, test = len(found[0].train), len(found[0].test)
    shares = [
        size / rows if overlap(part) else 0.0
        for part, size, rows in (
            ([each.train for each in found], train, pool),
            ([each.test for each in found], test, pool - untested),
        )
    ]
    return min(max(shares), test / (train + test))


def overlap(parts: Sequence[np.ndarray]) -> bool:
    """Whether any row is in two of the parts."""
    rows = np.concatenate(parts)
    return len(np.unique(rows)) < len(rows)


def parts_of(x: np.ndarray, y: np.ndarray, rows: Sequence[np.ndarray]) -> Parts:
    """The parts whose row numbers are given, in the order training, validation, test."""
    train, valid, test = rows
    return Parts(x[train], y[train], x[valid], y[valid], x[test], y[test])


def digests(x: np.ndarray) -> list[bytes]:
    """A fingerprint of every row: equal rows, and only they, have equal ones."""
    return [hashlib.blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(x)]


def originals(keys: Iterable[Hashable]) -> np.ndarray:
    """For every key the place where it, or its equal, comes first, shape (n,)."""
    first: dict[Hashable, int] = {}
    return np.array([first.setdefault(key, place) for place, key in enumerate(keys)])


def balanced_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """A random order of all rows; any first rows hold the classes in their proportions."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    position = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels[shuffled] == label)
        position[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return shuffled[np.argsort(position)]
