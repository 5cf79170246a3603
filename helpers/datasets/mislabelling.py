"""Labels as people get them wrong, and pools of the same rows put one after the other."""

from dataclasses import replace

import numpy as np

from helpers.datasets.split import Split

ALIKE = {
    "T-shirt/top": ("shirt", "dress"),
    "trouser": ("dress",),
    "pullover": ("coat", "shirt"),
    "dress": ("T-shirt/top", "coat"),
    "coat": ("pullover", "shirt"),
    "sandal": ("sneaker", "ankle boot"),
    "shirt": ("T-shirt/top", "pullover", "coat"),
    "sneaker": ("sandal", "ankle boot"),
    "bag": ("shirt",),
    "ankle boot": ("sneaker", "sandal"),
}
"""What somebody who labels clothes in a hurry may take each for; written down before any run."""


def mislabelled(pool: Split, share: float, *, seed: int | np.random.Generator) -> Split:
    """The pool of clothes with this share of its labels wrong, drawn among similar classes.

    `seed` is one of NumPy's, or a generator to draw from: `training.generator(seed)` has other
    numbers than the order of the minibatches of the run with that seed.
    Raises ValueError for a share that is none, and for data that are not clothes.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; it is a probability, from 0 to 1.")
    if set(pool.class_names) != set(ALIKE):
        raise ValueError(f"{pool.name} are no clothes: their similar classes are not known.")
    generator, labels = np.random.default_rng(seed), pool.y_train.copy()
    for row in np.flatnonzero(generator.random(len(labels)) < share):
        similar = ALIKE[pool.class_names[labels[row]]]
        labels[row] = pool.class_names.index(similar[generator.integers(len(similar))])
    return replace(pool, y_train=labels)


def stacked(first: Split, *others: Split) -> Split:
    """The training rows of pools one after the other, with the name and divisions of the first.

    Where all are versions of one pool, row n of it comes again at n + len(pool), and so on: a run
    may train on one version and be tested on another. Raises ValueError for examples of different
    shapes.
    """
    pools = (first, *others)
    if len({pool.x_train.shape[1:] for pool in pools}) > 1:
        raise ValueError("The examples have different shapes: stack versions of one pool.")
    x, y = (np.concatenate([getattr(pool, f"{side}_train") for pool in pools]) for side in "xy")
    return replace(first, x_train=x, y_train=y)
