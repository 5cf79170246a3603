"""Reliability and expected calibration error: does 90 % come out right nine times in ten?

Probabilities have shape (n, classes), or (n,) for the probability of class 1 of two; labels are
class numbers (n,), from 0.
"""

from typing import NamedTuple

import numpy as np


class Reliability(NamedTuple):
    """Bins of equal width from 0 to 1: for each the mean confidence and accuracy of its examples,
    and their number.

    Confidence is the probability given to the predicted class. Empty bins hold NaN, and 0 examples.
    Shapes (bins,).
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


def reliability(probabilities, labels, *, bins: int = 15) -> Reliability:
    """How often the predictions of each confidence are right (Guo et al. 2017, "On Calibration of
    Modern Neural Networks", section 2).

    Raises ValueError for probabilities and labels that do not fit together, and for fewer than one
    bin.
    """
    probabilities, labels = np.asarray(probabilities, float), np.asarray(labels)
    check(probabilities, labels, bins)
    if probabilities.ndim == 1:
        probabilities = np.stack([1 - probabilities, probabilities], axis=1)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.clip(
        np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1
    )  # a bin holds its upper border
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=values, minlength=bins) for values in (confidence, right)]
    with np.errstate(invalid="ignore"):
        return Reliability(sums[0] / count, sums[1] / count, count)


def expected_calibration_error(probabilities, labels, *, bins: int = 15) -> float:
    """The distance between accuracy and confidence, averaged over the examples by bin (Guo et al.
    2017, eq. 3).

    0 is perfect; a finite sample of a perfectly calibrated classifier is a little above. Raises as
    `reliability`.
    """
    found = reliability(probabilities, labels, bins=bins)
    gaps = np.nan_to_num(np.abs(found.accuracy - found.confidence))
    return float(gaps @ found.count / found.count.sum())


def check(probabilities: np.ndarray, labels: np.ndarray, bins: int) -> None:
    """Refuse what cannot be compared, and say what would be right."""
    if bins < 1:
        raise ValueError(f"bins is {bins}; take at least one.")
    if (
        probabilities.ndim not in (1, 2)
        or labels.shape != probabilities.shape[:1]
        or not len(labels)
    ):
        raise ValueError(
            f"probabilities have shape {probabilities.shape} and labels {labels.shape}; "
            "give (n, classes) or (n,), and (n,)."
        )
    if not (probabilities >= 0).all() or not (probabilities <= 1).all():
        raise ValueError(
            "probabilities must lie between 0 and 1: put logits through a softmax first."
        )
    classes = 2 if probabilities.ndim == 1 else probabilities.shape[1]
    if not np.isin(labels, range(classes)).all():
        raise ValueError(
            f"labels must be class numbers from 0 to {classes - 1}; "
            f"these hold {', '.join(map(str, np.setdiff1d(labels, range(classes))[:5]))}."
        )
    if probabilities.ndim == 2 and not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            "the probabilities of an example must sum to 1: put logits through a softmax first."
        )
