"""Expected squared error in three parts: bias, variance and noise."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Decomposition:
    """Expected squared error in three parts, at every input: arrays of shape (points,), in squared
    units of y.
    """

    bias_squared: np.ndarray
    variance: np.ndarray
    noise: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Their sum: the expected squared error on fresh, noisy observations."""
        return self.bias_squared + self.variance + self.noise


def decompose(predictions, truth, noise=0.0) -> Decomposition:
    """Bias squared and variance, estimated from models fitted to different training sets; `noise`
    is the variance of y.

    `predictions` has shape (training sets, points), `truth` (points,). Both estimates are unbiased:
    the variance divides by sets - 1, and its share of the squared distance of the mean prediction
    is taken off the bias (which may thereby come out slightly below 0). Their sum is exactly the
    mean squared distance of the predictions from the truth. Geman, Bienenstock and Doursat (1992),
    "Neural Networks and the Bias/Variance Dilemma", section 3. Raises ValueError for fewer than two
    training sets.
    """
    predictions, truth = np.asarray(predictions, float), np.asarray(truth, float)
    if predictions.ndim != 2 or predictions.shape[1:] != truth.shape or len(predictions) < 2:
        raise ValueError(
            f"predictions have shape {predictions.shape}, truth {truth.shape}; "
            "they must be (training sets, points) and (points,), with at least two training sets."
        )
    variance = predictions.var(axis=0, ddof=1)
    bias_squared = (predictions.mean(axis=0) - truth) ** 2 - variance / len(predictions)
    return Decomposition(bias_squared, variance, np.broadcast_to(noise, truth.shape))


def best_starts(errors, outputs, starts: int) -> np.ndarray:
    """Of nets that began from several initial weights, the outputs of those with the least error.

    `errors` on the training data have shape (columns, nets), `outputs` (points, columns, nets); a
    training set has as many columns as `starts`, one after the other. Returns shape (nets, training
    sets, points).
    """
    errors, outputs = np.asarray(errors), np.asarray(outputs)
    points, columns, nets = outputs.shape
    if errors.shape != (columns, nets) or columns % starts:
        raise ValueError(
            f"errors have shape {errors.shape}, outputs {outputs.shape}, with {starts} starts: "
            "these must be (columns, nets) and (points, columns, nets), with all "
            "starts of a training set in a row."
        )
    best = errors.reshape(-1, starts, nets).argmin(axis=1)
    by_start = outputs.reshape(points, -1, starts, nets)
    return np.take_along_axis(by_start, best[None, :, None], axis=2)[:, :, 0].T
