"""Bootstrap samples, the rows that a sample leaves out, and predictions for those rows."""

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


def predict_left_out(predictions, mask) -> np.ndarray:
    """For every row, the mean prediction of the models that did not train on it; NaN where all of
    them did.

    `predictions` has shape (models, n, ...), `mask` (see `left_out`) shape (models, n). With folds
    these are the out-of-fold predictions, with bootstrap samples the out-of-bag ones (Breiman 1996,
    Out-of-bag estimation). Raises ValueError where the shapes do not belong together.
    """
    predictions, mask = np.asarray(predictions, float), np.asarray(mask, bool)
    if predictions.shape[:2] != mask.shape:
        raise ValueError(
            f"predictions are {predictions.shape[:2]} (models, rows), the mask is {mask.shape}:"
            " they must agree."
        )
    wide = mask.reshape(mask.shape + (1,) * (predictions.ndim - 2))
    counts = wide.sum(axis=0)
    total = np.where(wide, predictions, 0.0).sum(axis=0)
    return np.divide(total, counts, out=np.full(total.shape, np.nan), where=counts > 0)
