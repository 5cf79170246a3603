"""Versions of pictures, other ones in every replicate: moved, and with their pixels permuted."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from helpers.datasets.dividing import Division
from helpers.datasets.split import Split

CHANGE = 2  # with a seed: random numbers of their own, apart from those of drawing and training


def each(pool: Split, seeds: Iterable[int], change: Callable) -> Split:
    """Replicates whose inputs are changed, those of each replicate by themselves.

    `change(x, generator)` gets the inputs of a replicate, shape (rows, ...), and returns as many. A
    row that several replicates share comes once for each; their `correlation` stays as it was.
    Raises ValueError unless there are as many seeds as divisions.
    """
    seeds = list(seeds)
    if not pool.divisions or len(pool.divisions) != len(seeds):
        raise ValueError(
            f"The split has {len(pool.divisions)} divisions, and there are {len(seeds)} seeds: "
            "give datasets.replicates the same seeds."
        )
    rows = [np.concatenate(own) for own in pool.divisions]
    changed = [
        change(pool.x_train[own], np.random.default_rng([CHANGE, seed]))
        for own, seed in zip(rows, seeds, strict=True)
    ]
    cuts = [np.cumsum([len(part) for part in own])[:-1] for own in pool.divisions]
    starts = np.cumsum([0, *map(len, rows[:-1])])
    divisions = [
        Division(*np.split(start + np.arange(len(own)), cut))
        for start, own, cut in zip(starts, rows, cuts, strict=True)
    ]
    return replace(
        pool,
        x_train=np.concatenate(changed),
        y_train=pool.y_train[np.concatenate(rows)],
        divisions=tuple(divisions),
    )


def moved(pictures: np.ndarray, furthest: int, generator: np.random.Generator) -> np.ndarray:
    """Each picture, (n, height, width), moved by up to `furthest` pixels along both sides.

    Zeros come in, and what is pushed over the edge is lost.
    """
    corners = generator.integers(0, 2 * furthest + 1, (len(pictures), 2))
    padded = np.pad(pictures, [(0, 0), (furthest, furthest), (furthest, furthest)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, pictures.shape[1:], axis=(1, 2))
    return windows[np.arange(len(pictures)), corners[:, 0], corners[:, 1]]


def permuted(pictures: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The pictures, (n, height, width), with their pixels in another order, the same for all."""
    flat = pictures.reshape(len(pictures), -1)
    return flat[:, generator.permutation(flat.shape[1])].reshape(pictures.shape)
