"""Bootstrap samples, and the rows that a sample leaves out."""

import numpy as np


def bootstrap(n: int, times: int, generator: np.random.Generator) -> np.ndarray:
    """`times` bootstrap samples of n rows: row numbers of shape (times, n), each drawn with
    replacement.

    Efron and Tibshirani (1993), section 6.2.
    """
    return generator.integers(0, n, (times, n))


def left_out(samples, n: int) -> np.ndarray:
    """Which of n rows each sample does not hold: booleans of shape (samples, n)."""
    mask = np.ones((len(samples), n), bool)
    for row, sample in zip(mask, samples, strict=True):
        row[np.asarray(sample)] = False
    return mask
