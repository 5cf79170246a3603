"""The dense layer, activations, and the loss behind the last layer: forward and backward.

A batch x has shape (n, inputs). A function `..._backward` gets the gradient of the loss with
respect to the layer's output and returns those with respect to its inputs and parameters (the chain
rule, one factor a layer).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_softmax

# With these mean 0 and variance 1 are a fixed point: Klambauer et al. 2017, section 2.
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def dense(x: np.ndarray, kernel: np.ndarray, bias=0.0) -> np.ndarray:
    """Outputs x W + b, shape (n, units), for a kernel of shape (inputs, units)."""
    return x @ kernel + bias


def dense_backward(
    gradient: np.ndarray, x: np.ndarray, kernel: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Gradients with respect to x, kernel and bias, from that of the outputs, shape (n, units)."""
    return gradient @ kernel.T, x.T @ gradient, gradient.sum(axis=0)


class Activation(NamedTuple):
    """A function of single numbers and its slope, both of the pre-activation z, for arrays of any
    shape.
    """

    value: Callable
    slope: Callable


def _elu(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def _elu_slope(z: np.ndarray) -> np.ndarray:
    return np.exp(np.minimum(z, 0))


def _selu(z: np.ndarray) -> np.ndarray:
    return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))


def _selu_slope(z: np.ndarray) -> np.ndarray:
    return SELU_SCALE * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0)))


# By the names that Keras gives them. The slope of ReLU at 0 is 0, as in Keras.
ACTIVATIONS = {
    "linear": Activation(lambda z: z, np.ones_like),
    "sigmoid": Activation(expit, lambda z: expit(z) * expit(-z)),
    "tanh": Activation(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": Activation(lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "elu": Activation(_elu, _elu_slope),
    "selu": Activation(_selu, _selu_slope),
}


def softmax_cross_entropy(z: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy of softmax(z), shape (n, classes), for whole-number labels (n,), and its
    gradient by z.
    """
    rows = np.arange(len(z))
    log_probability = log_softmax(z, axis=1)
    gradient = np.exp(log_probability)
    gradient[rows, labels] -= 1
    return float(-log_probability[rows, labels].mean()), gradient / len(z)
