"""Replicates whose inputs are rescaled, each by its own training part."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from helpers.datasets.dividing import Division
from helpers.datasets.split import Split


def standard(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Features with mean 0 and standard deviation 1 among the training rows, (rows, features)."""
    scale = train.std(axis=0)
    return (x - train.mean(axis=0)) / np.where(scale > 0, scale, 1)


def unit_range(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Features from 0 to 1 among the training rows (others may go beyond), (rows, features)."""
    lowest, width = train.min(axis=0), np.ptp(train, axis=0)
    return (x - lowest) / np.where(width > 0, width, 1)


def rescaled(pool: Split, how: Callable, *, note: str) -> Split:
    """Replicates with inputs of their own: `how(x, train)` changes those of each replicate.

    `how` takes the inputs of all rows of a replicate and those of its training rows, and returns
    the new inputs. The pool has then a copy of the data for each replicate; `note` says in the
    caption what was done. Raises ValueError for a split without divisions.
    """
    if not pool.divisions:
        raise ValueError(f"{pool.name} has no divisions: give replicates.")
    x, y, divisions, rows = [], [], [], 0
    for own in pool.divisions:
        used = np.concatenate(own)
        x.append(how(pool.x_train[used], pool.x_train[own.train]))
        y.append(pool.y_train[used])
        cuts = np.cumsum([len(part) for part in own])[:-1]
        divisions.append(Division(*np.split(np.arange(rows, rows + len(used)), cuts)))
        rows += len(used)
    return replace(
        pool,
        title=f"{pool.title}, {note}",
        x_train=np.concatenate(x).astype("float32"),
        y_train=np.concatenate(y),
        divisions=tuple(divisions),
    )
