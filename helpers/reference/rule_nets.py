"""Small nets side by side, and the loop that trains each of them with each update rule.

A net is fully connected, with ReLU after its hidden layers. `sizes` are the numbers of its inputs,
hidden units and outputs, and all of its weights are one vector of n numbers: so a rule of
`optimizers` moves them in one step. Every function takes many nets at once, weights of shape (...,
n) with inputs of shape (..., rows, inputs). Targets (..., rows) that are whole numbers are classes
(softmax and cross-entropy), others are numbers to predict (one output, squared error).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from helpers.reference.optimizers import Rule

TINY = 1e-15
"""Probabilities below it count as 0, and its square in what rules remember: processors crawl where
numbers leave the range of single precision.
"""


class Epoch(NamedTuple):
    """The nets after an epoch: weights (rules, nets, n), and the effective rate of its steps.

    That is the length of a step over the length of its gradient, as the mean over the epoch of its
    natural logarithm, shape (rules, nets); steps with a gradient of zero do not count.
    """

    weights: np.ndarray
    effective_rate: np.ndarray


class Kept(NamedTuple):
    """What nets lost, and the effective rate of their steps (see `Epoch`).

    `test` is the loss on test data at the epoch with the lowest validation loss, shape (rules,
    nets), that of guessing where a net never did better; `valid` and `effective_rate` have the
    value of every epoch, shape (rules, nets, epochs), `valid` no more than that of guessing.
    """

    test: np.ndarray
    valid: np.ndarray
    effective_rate: np.ndarray


def layers(weights: np.ndarray, sizes: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel (..., inputs, outputs) and bias (..., 1, outputs) of every layer, views of weights."""
    found, start = [], 0
    for inputs, outputs in pairwise(sizes):
        middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
        kernel = weights[..., start:middle].reshape(*weights.shape[:-1], inputs, outputs)
        found.append((kernel, weights[..., None, middle:end]))
        start = end
    return found


def initial(sizes: Sequence[int], seeds: Iterable[int]) -> np.ndarray:
    """Fresh weights for a net with each seed, shape (nets, n), drawn as Keras does by default.

    Kernels are uniform and as wide as Glorot and Bengio 2010, equation 16, have it; biases are 0.
    """
    generators = [np.random.default_rng([1, seed]) for seed in seeds]
    count = sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))
    weights = np.zeros((len(generators), count), np.float32)
    for kernel, _ in layers(weights, sizes):
        limit = (6 / sum(kernel.shape[1:])) ** 0.5
        kernel[:] = [one.uniform(-limit, limit, kernel.shape[1:]) for one in generators]
    return weights


def outputs(weights: np.ndarray, sizes: Sequence[int], x: np.ndarray) -> np.ndarray:
    """What the nets say of the rows of x: scores of classes, or numbers (..., rows, outputs)."""
    return _activations(weights, sizes, x)[-1]


def loss(weights: np.ndarray, sizes: Sequence[int], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The mean loss of every net over its rows, shape (...,); infinite or NaN if it diverged."""
    with np.errstate(over="ignore", invalid="ignore"):
        said = outputs(weights, sizes, x)
        if _numbers(y):
            return np.mean((said[..., 0] - y) ** 2, axis=-1)
        said = said - said.max(axis=-1, keepdims=True)
        right = np.take_along_axis(said, np.broadcast_to(y, said.shape[:-1])[..., None], axis=-1)
        return np.mean(np.log(np.exp(said).sum(axis=-1)) - right[..., 0], axis=-1)


def gradient(weights: np.ndarray, sizes: Sequence[int], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of the mean loss by the weights, of the shape of `weights` (backpropagation)."""
    values = _activations(weights, sizes, x)
    kernels = [kernel for kernel, _ in layers(weights, sizes)]
    error, found = _error(values.pop(), y), np.empty_like(weights)
    for number, (by_kernel, by_bias) in reversed(list(enumerate(layers(found, sizes)))):
        np.matmul(values[number].swapaxes(-1, -2), error, out=by_kernel)
        by_bias[...] = error.sum(axis=-2, keepdims=True)
        if number:
            error = error @ kernels[number].swapaxes(-1, -2) * (values[number] > 0)
    return found


def orders(rows: np.ndarray, seeds: Iterable[int], epochs: int) -> Iterator[np.ndarray]:
    """For every epoch the rows of each net, shape (nets, rows), in a fresh random order."""
    generators = [np.random.default_rng(seed) for seed in seeds]
    for _ in range(epochs):
        yield np.stack([one.permutation(own) for one, own in zip(generators, rows, strict=True)])


def train(
    rules: Sequence[Rule],
    weights: np.ndarray,
    sizes: Sequence[int],
    data: tuple[np.ndarray, np.ndarray],
    orders: Iterable[np.ndarray],
    *,
    batch_size: int = 32,
) -> Iterator[Epoch]:
    """Train nets that begin with `weights` (nets, n), each with every rule, an epoch at a time.

    `data` are inputs (examples, inputs) and targets (examples,); `orders` has for every epoch the
    rows that each net sees, which are the same for all rules. What diverges goes on as NaN.
    """
    x, y = data
    weights = np.repeat(weights[None], len(rules), axis=0)
    states = [rule.init(own) for rule, own in zip(rules, weights, strict=True)]
    for order in orders:
        rates = []
        with np.errstate(all="ignore"):
            for first in range(0, order.shape[1], batch_size):
                rows = order[:, first : first + batch_size]
                slopes, steps = gradient(weights, sizes, x[rows], y[rows]), np.empty_like(weights)
                for number, rule in enumerate(rules):
                    steps[number], states[number] = rule.update(slopes[number], states[number])
                weights += steps
                rates.append(np.log(_length(steps) / _length(slopes)))
        states = [_without_tiny(state) for state in states]
        yield Epoch(weights.copy(), _mean_of_finite(np.array(rates)))


def keep_best(
    rules: Sequence[Rule],
    sizes: Sequence[int],
    data: tuple[np.ndarray, np.ndarray],
    divisions: Mapping[int, Sequence],
    *,
    epochs: int,
    batch_size: int = 32,
) -> Kept:
    """Train a fresh net for every seed with every rule; keep the epoch with the best validation.

    `divisions` maps a seed to training, validation and test rows of the data. Where numbers are to
    be predicted the last bias begins at the mean of the training targets. That is the same as
    taking the mean off the targets: else rules with short steps would spend their time on the way.
    """
    training, *held_out = map(np.stack, zip(*divisions.values(), strict=True))
    valid, test = ((data[0][rows], data[1][rows]) for rows in held_out)
    best = np.tile(_guessing(data[1][training], sizes[-1]), (len(rules), 1))
    tested, watched, rates = best, [best], []
    start, order = initial(sizes, divisions), orders(training, divisions, epochs)
    if _numbers(data[1]):
        start[:, -1] = data[1][training].mean(axis=-1)
    for epoch in train(rules, start, sizes, data, order, batch_size=batch_size):
        watched.append(np.fmin(loss(epoch.weights, sizes, *valid), watched[0]))  # NaN: diverged
        better = watched[-1] < best
        best = np.where(better, watched[-1], best)
        tested = np.where(better, loss(epoch.weights, sizes, *test), tested)
        rates.append(epoch.effective_rate)
    return Kept(tested, np.stack(watched[1:], axis=-1), np.stack(rates, axis=-1))


def _guessing(y: np.ndarray, outputs: int) -> np.ndarray:
    """The loss of guessing, for targets (nets, rows): all classes alike, or the mean number."""
    return np.var(y, axis=-1) if _numbers(y) else np.full(len(y), np.log(outputs))


def _numbers(y: np.ndarray) -> bool:
    """Whether targets are numbers to predict; whole ones are classes."""
    return y.dtype.kind not in "iu"


def _activations(weights, sizes, x) -> list[np.ndarray]:
    """Inputs, what every hidden layer passes on, and outputs."""
    found = [x]
    for number, (kernel, bias) in enumerate(layers(weights, sizes)):
        inputs = np.maximum(found.pop(), 0) if number else found.pop()
        found += [inputs, inputs @ kernel + bias]
    return found


def _error(said: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of the mean loss by the outputs."""
    rows = y.shape[-1]
    if _numbers(y):
        return 2 * (said - y[..., None]) / rows
    error = np.exp(said - said.max(axis=-1, keepdims=True))
    error /= error.sum(axis=-1, keepdims=True)
    error[error < TINY] = 0
    error -= y[..., None] == np.arange(said.shape[-1])
    return error / rows


def _without_tiny(state: NamedTuple) -> NamedTuple:
    """The memory of a rule with zero for what has decayed to next to nothing."""
    cleaned = {
        name: np.where(np.abs(part) < TINY**2, part.dtype.type(0), part)
        for name, part in state._asdict().items()
        if isinstance(part, np.ndarray)
    }
    return state._replace(**cleaned)


def _mean_of_finite(values: np.ndarray) -> np.ndarray:
    """Means over the first axis of what is finite; NaN where nothing is."""
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(finite, values, 0).sum(axis=0) / finite.sum(axis=0)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("...n,...n", vectors, vectors))
