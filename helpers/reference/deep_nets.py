"""Stacks of dense layers in NumPy: how they begin, and what passes through them, there and back.

A net is the list of its kernels, each of shape (inputs, units), the last of them that of the
output layer; hidden layers are of 100 units. Biases are 0, as at the start of a training, unless
they are given.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from helpers.reference.layers import ACTIVATIONS, dense, softmax_cross_entropy

UNITS, CLASSES = 100, 10
FLAT = 0.001
"""A unit whose slope is no more than that for every row is dead in effect."""
Kernels = list[np.ndarray]

VARIANCES: dict[str, Callable[[int, int], float]] = {
    "LeCun": lambda inputs, units: 1 / inputs,
    "Glorot": lambda inputs, units: 2 / (inputs + units),
    "He": lambda inputs, units: 2 / inputs,
}
"""The variance of the weights of a layer, from the numbers of its inputs and of its units."""


class Passed(NamedTuple):
    """What passed a hidden layer: the sums WX + b and the outputs, both of shape (n, units)."""

    sums: np.ndarray
    outputs: np.ndarray


def sizes(inputs: int, depth: int) -> list[int]:
    """The number of inputs, the units of each hidden layer, the number of classes."""
    return [inputs, *[UNITS] * depth, CLASSES]


def initial(start: str | float, sizes: Sequence[int], generator: np.random.Generator) -> Kernels:
    """Kernels to begin with, as Keras draws them.

    `start` is "LeCun" or "He" for normal weights that are cut off at two standard deviations
    (`lecun_normal`, `he_normal`), "Glorot" for uniform ones (`glorot_uniform`, Keras's default), or
    the standard deviation of normal weights (`random_normal` has 0.05). Raises KeyError for another
    name.
    """
    return [_kernel(start, shape, generator) for shape in pairwise(sizes)]


def _kernel(start: str | float, shape: tuple[int, int], generator) -> np.ndarray:
    if not isinstance(start, str):
        return generator.normal(scale=start, size=shape).astype("float32")
    deviation = VARIANCES[start](*shape) ** 0.5
    if start == "Glorot":
        limit = 3**0.5 * deviation  # the variance of a uniform distribution is limit² / 3
        return generator.uniform(-limit, limit, shape).astype("float32")
    drawn = generator.standard_normal(shape)
    while (far := np.abs(drawn) > 2).any():
        drawn[far] = generator.standard_normal(far.sum())
    # 0.88 is the standard deviation of what is left of a normal distribution.
    return (drawn * (deviation / 0.87962566103423978)).astype("float32")


def forward(
    x: np.ndarray, kernels: Kernels, activation: str, biases: Sequence | None = None, skip=False
) -> list[Passed]:
    """What passes each hidden layer when rows of x, shape (n, inputs), go through the net.

    With `skip` every layer's inputs are added to its outputs, from the second layer on.
    """
    passed: list[Passed] = []
    for number, kernel in enumerate(kernels[:-1]):
        sums = dense(x, kernel, 0.0 if biases is None else biases[number])
        outputs = ACTIVATIONS[activation].value(sums)
        x = outputs + x if skip and number else outputs
        passed.append(Passed(sums, x))
    return passed


def backward(
    passed: list[Passed], kernels: Kernels, activation: str, labels: np.ndarray
) -> list[np.ndarray]:
    """The gradient of the mean loss by the sums of each hidden layer, first to last, (n, units)."""
    _, gradient = softmax_cross_entropy(dense(passed[-1].outputs, kernels[-1]), labels)
    arriving = []
    for here, kernel in zip(reversed(passed), reversed(kernels[1:]), strict=True):
        gradient = (gradient @ kernel.T) * ACTIVATIONS[activation].slope(here.sums)
        arriving.append(gradient)
    return arriving[::-1]


def relative_gradients(
    x: np.ndarray, passed: list[Passed], arriving: list[np.ndarray], kernels: Kernels
) -> np.ndarray:
    """For each hidden layer the length of the gradient by its kernel over that of the kernel."""
    inputs = [x, *(each.outputs for each in passed[:-1])]
    pairs = zip(inputs, arriving, kernels[:-1], strict=True)
    return np.array([_length(given.T @ came) / _length(kernel) for given, came, kernel in pairs])


def dead_share(passed: list[Passed], activation: str) -> float:
    """The share of hidden units whose slope is next to nothing for every row (see `FLAT`)."""
    slope = ACTIVATIONS[activation].slope
    return float(np.mean([(slope(each.sums) <= FLAT).all(axis=0) for each in passed]))


def rms(array: np.ndarray) -> float:
    """The root of the mean square, in double precision: squares of tiny numbers must not be 0."""
    return float(np.sqrt(np.mean(np.square(array, dtype=float))))


def _length(array: np.ndarray) -> float:
    return rms(array) * array.size**0.5
