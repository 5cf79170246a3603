"""Nets with one hidden layer in NumPy: loss, gradient, training to rest, curvature, and a crowd.

Small enough that a step takes microseconds: with Keras most of the time would go elsewhere, and
that would be what a comparison of batch sizes measures.
"""

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh
from threadpoolctl import threadpool_limits  # comes with scikit-learn

Weights = list[np.ndarray]
"""Hidden weights (inputs, units) and biases, output weights (units, outputs) and biases."""


def initial(generator: np.random.Generator, inputs: int, units: int, outputs: int) -> Weights:
    """Weights to begin with, drawn as Keras's Dense does (Glorot and Bengio 2010); biases are 0."""

    def layer(wide, high):
        limit = np.sqrt(6 / (wide + high))
        return generator.uniform(-limit, limit, (wide, high)).astype("float32")

    zeros = [np.zeros(size, "float32") for size in (units, outputs)]
    return [layer(inputs, units), zeros[0], layer(units, outputs), zeros[1]]


def forward(weights: Weights, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the hidden units (ReLU) and the outputs (logits) say of rows (n, inputs)."""
    kernel, bias, output, shift = weights
    hidden = x @ kernel
    hidden += bias
    np.maximum(hidden, 0, out=hidden)
    return hidden, hidden @ output + shift


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def mean_loss(weights: Weights, x: np.ndarray, y: np.ndarray) -> float:
    """The mean cross-entropy over the rows, whose classes are `y`."""
    logits = forward(weights, x)[1].astype(float)
    logits -= logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(y)), y]))


def accuracy(weights: Weights, x: np.ndarray, y: np.ndarray) -> float:
    """The share of rows whose largest output is that of their class."""
    return float(np.mean(forward(weights, x)[1].argmax(axis=1) == y))


def gradient(weights: Weights, x: np.ndarray, y: np.ndarray) -> Weights:
    """The gradient of the mean cross-entropy over the rows, in the order of the weights."""
    hidden, logits = forward(weights, x)
    error = probabilities(logits)
    error[np.arange(len(y)), y] -= 1
    error /= len(y)
    back = error @ weights[2].T
    back *= hidden > 0
    return [x.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


def step(weights: Weights, x: np.ndarray, y: np.ndarray, rate: float) -> None:
    """One step of gradient descent on these rows; changes the weights in place."""
    for weight, slope in zip(weights, gradient(weights, x, y), strict=True):
        slope *= rate
        weight -= slope


def batches(rows: int, size: int, generator: np.random.Generator) -> Iterator[np.ndarray | slice]:
    """Minibatches without end: pass after pass, each in a new order; a rest is left out."""
    while size == rows:  # all of them, in whatever order
        yield slice(None)
    while True:
        order = generator.permutation(rows)
        yield from (order[n : n + size] for n in range(0, rows - size + 1, size))


@dataclass(frozen=True)
class Trained:
    """A net as training left it: its weights, its loss over all rows, and how many steps it took.

    `reached` says whether it came down to the mark.
    """

    weights: Weights
    loss: float
    steps: int
    reached: bool


# Products this small take longer on several threads, and many times as long on a busy machine.
@threadpool_limits.wrap(limits=1)
def train(
    weights: Weights,
    x: np.ndarray,
    y: np.ndarray,
    *,
    batch_size: int,
    rate: float,
    generator: np.random.Generator,
    mark: float,
    right: float = 0.0,
    look: int = 10,
    near: int | None = None,
    most: int = 100_000,
) -> Trained:
    """Steps on minibatches until the loss over all rows is first at most `mark`.

    `right` is the share of rows that must be right as well. Looks at the loss every `look` steps,
    and every `near` steps once it is below 1.5 times the mark. Gives up where the loss is no
    number, or after `most` steps. Does not change `weights`.
    """
    weights = [weight.copy() for weight in weights]
    stream, number, loss = batches(len(x), batch_size, generator), 0, np.inf
    with np.errstate(over="ignore", invalid="ignore"):  # some rates diverge
        while number < most:
            span = look if near is None or loss > 1.5 * mark else near
            for rows in itertools.islice(stream, span):
                step(weights, x[rows], y[rows], rate)
            number += span
            loss = mean_loss(weights, x, y)
            if loss <= mark and accuracy(weights, x, y) >= right:
                return Trained(weights, loss, number, True)
            if not np.isfinite(loss):
                break
    return Trained(weights, loss, number, False)


def seconds_of_a_step(
    weights: Weights, x: np.ndarray, y: np.ndarray, steps: Mapping[int, int], slices: int = 20
) -> dict[int, float]:
    """Seconds of one step with each batch size: the median of slices in which they take turns.

    `steps` maps a batch size to the steps of its slices. The weights stay.
    """
    generator, found = np.random.default_rng(0), {size: [] for size in steps}
    streams = {size: batches(len(x), size, generator) for size in steps}
    for _ in range(slices):
        for size, number in steps.items():
            clock = time.perf_counter()
            for rows in itertools.islice(streams[size], number):
                step(weights, x[rows], y[rows], 0.0)
            found[size].append((time.perf_counter() - clock) / number)
    return {size: float(np.median(own)) for size, own in found.items()}


def hessian_product(weights: Weights, x: np.ndarray, y: np.ndarray, way: Weights) -> Weights:
    """The Hessian of the mean cross-entropy times a direction (Pearlmutter 1994)."""
    hidden, logits = forward(weights, x)
    active, chance = hidden > 0, probabilities(logits)
    error = chance.copy()
    error[np.arange(len(y)), y] -= 1
    hidden_moves = (x @ way[0] + way[1]) * active
    logits_move = hidden_moves @ weights[2] + hidden @ way[2] + way[3]
    error_moves = chance * (logits_move - (chance * logits_move).sum(axis=1, keepdims=True))
    back = (error_moves @ weights[2].T + error @ way[2].T) * active
    output = hidden_moves.T @ error + hidden.T @ error_moves
    moves = [x.T @ back, back.sum(axis=0), output, error_moves.sum(axis=0)]
    return [move / len(y) for move in moves]


@threadpool_limits.wrap(limits=1)
def sharpness(weights: Weights, x: np.ndarray, y: np.ndarray, *, adaptive: bool = False) -> float:
    """The largest eigenvalue of the Hessian of the mean cross-entropy over the rows.

    `adaptive`: each weight's move counts in proportion to the size of the weight (Kwon and others
    2021), which a rescaling between the layers does not change.
    """
    sizes = [weight.shape for weight in weights]
    cuts = np.cumsum([weight.size for weight in weights])[:-1]
    scale = np.concatenate([np.abs(w).ravel() if adaptive else np.ones(w.size) for w in weights])

    def product(vector):
        parts = np.split((scale * vector.ravel()).astype("float32"), cuts)
        way = [part.reshape(size) for part, size in zip(parts, sizes, strict=True)]
        moved = hessian_product(weights, x, y, way)
        return scale * np.concatenate([part.ravel() for part in moved])

    how: dict = {"v0": np.random.default_rng(0).normal(size=len(scale)), "tol": 0.01}
    operator = LinearOperator((len(scale),) * 2, product, dtype=float)  # pyright: ignore[reportCallIssue]
    found = eigsh(operator, k=1, which="LA", return_eigenvectors=False, **how)
    return float(found[0])


def rescaled(weights: Weights, factor: float) -> Weights:
    """The same function at another place: hidden weights times the factor, output weights by it."""
    kernel, bias, output, shift = weights
    return [kernel * factor, bias * factor, output / factor, shift]


# A crowd of tiny nets: tanh units, one output, all on the same rows -----------------------------
#
# `penalty` times the sum of a net's squared weights is part of its loss.


def crowd(generator: np.random.Generator, inputs: int, units: int, nets: int) -> Weights:
    """Weights of many nets, drawn from a normal distribution; the nets are the last axis."""
    shapes = [(inputs, units, nets), (units, nets), (units, nets), (nets,)]
    return [generator.normal(size=shape).astype("float32") for shape in shapes]


def crowd_forward(weights: Weights, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the hidden units say, shape (n, units, nets), and the logits, shape (n, nets)."""
    kernel, bias, output, shift = weights
    hidden = (x @ kernel.reshape(len(kernel), -1)).reshape(len(x), *bias.shape)
    hidden += bias
    np.tanh(hidden, out=hidden)
    return hidden, np.einsum("nuk,uk->nk", hidden, output) + shift


def crowd_loss(weights: Weights, x: np.ndarray, y: np.ndarray, penalty: float = 0.0) -> np.ndarray:
    """The mean cross-entropy of each net over rows with targets 0 or 1, plus the penalty."""
    logits = crowd_forward(weights, x)[1].astype(float)
    squares = sum((weight.reshape(-1, weight.shape[-1]) ** 2).sum(axis=0) for weight in weights)
    return np.mean(np.logaddexp(0, logits) - y[:, None] * logits, axis=0) + penalty * squares


def crowd_step(
    weights: Weights, x: np.ndarray, y: np.ndarray, rate: float, penalty: float = 0.0
) -> None:
    """One step of gradient descent of every net on these rows; changes the weights in place."""
    kernel, bias, output, shift = weights
    hidden, logits = crowd_forward(weights, x)
    error = (1 / (1 + np.exp(-logits)) - y[:, None]) * (rate / len(y))
    back = error[:, None] * output
    by_output = np.einsum("nk,nuk->uk", error, hidden)
    hidden *= hidden
    back -= back * hidden
    for weight in weights:
        weight *= 1 - 2 * rate * penalty
    kernel -= (x.T @ back.reshape(len(x), -1)).reshape(kernel.shape)
    bias -= back.sum(axis=0)
    output -= by_output
    shift -= error.sum(axis=0)


def xor(generator: np.random.Generator, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points around the corners (1, 1), (-1, 1), ...; 1 where the corner's coordinates agree.

    The clouds (standard deviation 0.5) overlap, so that no net is right about all of them.
    """
    corners = generator.choice([-1.0, 1.0], (points, 2))
    x = corners + 0.5 * generator.normal(size=(points, 2))
    return x.astype("float32"), (corners.prod(axis=1) > 0).astype("float32")


def crowd_train(
    weights: Weights,
    x: np.ndarray,
    y: np.ndarray,
    *,
    batch_size: int,
    rate: float,
    steps: int,
    generator: np.random.Generator,
    penalty: float = 0.0,
) -> Weights:
    """The weights after so many steps, all nets on the same minibatches; `weights` stay."""
    weights = [weight.copy() for weight in weights]
    with np.errstate(over="ignore", invalid="ignore"):  # some rates diverge
        for rows in itertools.islice(batches(len(x), batch_size, generator), steps):
            crowd_step(weights, x[rows], y[rows], rate, penalty)
    return weights
