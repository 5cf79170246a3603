"""Rows of a data set divided into parts, so that a row and its copies are all in one of them."""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from helpers.datasets import arrays


class Parts(NamedTuple):
    """Inputs (n, ...) and targets (n,) of the three parts, in the order of `Split`'s fields."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


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
    fresh = np.array([row for row, digest in enumerate(prints) if digest not in tested])
    train, valid = cut(fresh, originals(prints), validation, seed, y)
    order, length = np.concatenate([train, valid]), len(train)
    x, y = arrays.rearrange(np.require(x, requirements=["C", "W"]), order), y[order]
    y_test = given["y_test"].astype(np.int64)
    return Parts(x[:length], y[:length], x[length:], y[length:], given["x_test"], y_test)


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
