"""Batch normalization of a batch (n, features): forward, backward, and folded.

Names and defaults are those of `keras.layers.BatchNormalization`: momentum 0.99 is the share that
the moving averages retain (PyTorch calls 1 - 0.99 momentum), epsilon 0.001.
"""

from typing import NamedTuple

import numpy as np

EPSILON, MOMENTUM = 1e-3, 0.99


class Cache(NamedTuple):
    """What the forward pass leaves for the backward pass."""

    normalized: np.ndarray  # (n, features)
    deviation: np.ndarray  # (features,), the root of variance + epsilon
    mean: np.ndarray  # of the batch, (features,)
    variance: np.ndarray  # of the batch, with divisor n


def batch_normalization(
    x: np.ndarray, gamma, beta, epsilon: float = EPSILON
) -> tuple[np.ndarray, Cache]:
    """Outputs in training, normalized by this batch's own mean and variance, then scaled and
    shifted.

    Source: Ioffe and Szegedy 2015, algorithm 1.
    """
    mean, variance = x.mean(axis=0), x.var(axis=0)
    deviation = np.sqrt(variance + epsilon)
    normalized = (x - mean) / deviation
    return gamma * normalized + beta, Cache(normalized, deviation, mean, variance)


def batch_normalization_backward(
    gradient: np.ndarray, gamma, cache: Cache
) -> tuple[np.ndarray, ...]:
    """Gradients with respect to x, gamma and beta, from that of the outputs, shape (n, features).

    An example moves the batch's mean and variance too, so what all examples have in common, and
    what they have in common with the normalized values, is taken out of the gradient by x. The
    closed form of the equations in Ioffe and Szegedy 2015, section 3.
    """
    by_gamma, by_beta = (gradient * cache.normalized).sum(axis=0), gradient.sum(axis=0)
    shared = (by_beta + cache.normalized * by_gamma) / len(gradient)
    return gamma / cache.deviation * (gradient - shared), by_gamma, by_beta


def moving_averages(
    mean, variance, cache: Cache, momentum: float = MOMENTUM
) -> tuple[np.ndarray, np.ndarray]:
    """The moving mean and variance after a training batch: what inference will use.

    The variance has the divisor n, as in Keras; the paper (algorithm 2) and PyTorch take n - 1.
    """
    return momentum * mean + (1 - momentum) * cache.mean, momentum * variance + (
        1 - momentum
    ) * cache.variance


def batch_normalization_inference(
    x: np.ndarray, gamma, beta, mean, variance, epsilon: float = EPSILON
) -> np.ndarray:
    """Outputs at inference: the same line for every example, by the moving mean and variance."""
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def fold(
    kernel, bias, gamma, beta, mean, variance, epsilon: float = EPSILON
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the one dense layer that does what dense and batch normalization do at
    inference.
    """
    scale = gamma / np.sqrt(variance + epsilon)
    return kernel * scale, (bias - mean) * scale + beta
