"""Gradient descent and seven variants in NumPy, as pure `init` / `update` pairs.

A rule is made with its settings, `rule = adam(learning_rate=0.01)`, and used so:

    state = rule.init(parameters)
    step, state = rule.update(gradient, state)
    parameters = parameters + step

`parameters` and `gradient` are arrays of one shape, any shape. Every rule takes the steps of the
Keras optimizer with the same settings, to rounding (tests/reference/test_optimizers.py); names and
defaults are those of Keras. Below, p are the parameters, g the gradient, a the learning rate; all
operations go element by element.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np


class Rule(NamedTuple):
    """`init(parameters) -> state` and `update(gradient, state) -> (step, state)`; the step is added
    to the parameters.
    """

    init: Callable
    update: Callable


class SGDState(NamedTuple):
    """Plain gradient descent remembers nothing."""


class MomentumState(NamedTuple):
    """What momentum, Nesterov's too, remembers."""

    velocity: np.ndarray


class AdagradState(NamedTuple):
    """What Adagrad remembers."""

    total: np.ndarray  # sum of the squared gradients


class AdadeltaState(NamedTuple):
    """What Adadelta remembers."""

    gradient_square: np.ndarray  # moving average of the squared gradients
    step_square: np.ndarray  # moving average of the squared steps, before the learning rate


class RMSpropState(NamedTuple):
    """What RMSprop remembers."""

    square: np.ndarray  # moving average of the squared gradients


class AdamState(NamedTuple):
    """What Adam remembers."""

    mean: np.ndarray  # moving average of the gradients
    square: np.ndarray  # moving average of the squared gradients
    count: int  # updates so far


class NadamState(NamedTuple):
    """What Nadam remembers: as Adam, and the product of its momentum coefficients."""

    mean: np.ndarray
    square: np.ndarray
    count: int
    product: float  # of the momentum coefficients so far


def _zeros(parameters) -> np.ndarray:
    """Zeros of the parameters' shape and precision, at least single."""
    return np.zeros_like(parameters, np.result_type(parameters, np.float32))


def sgd(learning_rate: float = 0.01) -> Rule:
    """Gradient descent: against the gradient.

    p <- p - a g

    Cauchy 1847; on one sample at a time: Robbins and Monro 1951. The gradient may come from any
    number of samples: what makes the descent stochastic is the data that it was computed on, not
    this rule.
    """

    def init(parameters):
        return SGDState()

    def update(gradient, state):
        return -learning_rate * gradient, state

    return Rule(init, update)


def momentum(learning_rate: float = 0.01, momentum: float = 0.9) -> Rule:
    """Momentum: a velocity that every gradient pushes and that friction slows down ("heavy ball").

    v <- m v - a g;  p <- p + v

    Polyak 1964, written as in Sutskever et al. 2013, section 2, equations 1 and 2. In Keras:
    `SGD(momentum=0.9)`; its default is 0, plain gradient descent. The learning rate is inside the
    velocity; PyTorch has it outside (v <- m v + g; p <- p - a v), which is the same as long as the
    rate stays the same. An average like Adam's, with (1 - m) g in place of g, takes steps 1 / (1 -
    m) times smaller.
    """

    def init(parameters):
        return MomentumState(_zeros(parameters))

    def update(gradient, state):
        velocity = momentum * state.velocity - learning_rate * gradient
        return velocity, MomentumState(velocity)

    return Rule(init, update)


def nesterov(learning_rate: float = 0.01, momentum: float = 0.9) -> Rule:
    """Nesterov's accelerated gradient: the gradient is taken where the momentum is about to lead.

    paper: v <- m v - a g(p + m v);  p <- p + v
    here:  v <- m v - a g(q);  q <- q + m v - a g(q), with q = p + m v, the point looked ahead to

    Nesterov 1983, in the form of Sutskever et al. 2013, section 2, equations 3 and 4. In Keras:
    `SGD(momentum=0.9, nesterov=True)`. As in Keras, the parameters that you hold are the look-ahead
    points q: the paper's sequence, seen one momentum step further on. The coefficient m is
    constant; Nesterov's own grows towards 1.
    """

    def init(parameters):
        return MomentumState(_zeros(parameters))

    def update(gradient, state):
        velocity = momentum * state.velocity - learning_rate * gradient
        return momentum * velocity - learning_rate * gradient, MomentumState(velocity)

    return Rule(init, update)


def adagrad(
    learning_rate: float = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7
) -> Rule:
    """Adagrad: every parameter has its own rate, which falls with the gradients that it has seen.

    G <- G + g^2;  p <- p - a g / sqrt(G + epsilon)

    Duchi, Hazan and Singer 2011, figure 1 (diagonal form, no projection). As in Keras, G starts at
    0.1 and not at the paper's 0 (TensorFlow's choice), and epsilon is inside the root; the paper
    adds a constant outside, as PyTorch does.
    """

    def init(parameters):
        return AdagradState(_zeros(parameters) + initial_accumulator_value)

    def update(gradient, state):
        total = state.total + gradient**2
        return -learning_rate * gradient / np.sqrt(total + epsilon), AdagradState(total)

    return Rule(init, update)


def adadelta(learning_rate: float = 0.001, rho: float = 0.95, epsilon: float = 1e-7) -> Rule:
    """Adadelta: Adagrad with a moving average for the sum, and the size of past steps for a
    learning rate.

    E <- rho E + (1 - rho) g^2;  d = -g sqrt(D + epsilon) / sqrt(E + epsilon);  D <- rho D + (1 -
    rho) d^2;  p <- p + a d

    Zeiler 2012, algorithm 1. The paper has no learning rate: that is a = 1, a thousand times
    Keras's default. Keras's epsilon is 1e-7, the paper's experiments take 1e-6; both have it inside
    the roots, where it also makes the first step.
    """

    def init(parameters):
        zeros = _zeros(parameters)
        return AdadeltaState(zeros, zeros)

    def update(gradient, state):
        gradient_square = rho * state.gradient_square + (1 - rho) * gradient**2
        step = -gradient * np.sqrt(state.step_square + epsilon) / np.sqrt(gradient_square + epsilon)
        step_square = rho * state.step_square + (1 - rho) * step**2
        return learning_rate * step, AdadeltaState(gradient_square, step_square)

    return Rule(init, update)


def rmsprop(learning_rate: float = 0.001, rho: float = 0.9, epsilon: float = 1e-7) -> Rule:
    """RMSprop: Adagrad with a moving average for the sum, so that steps do not die out.

    E <- rho E + (1 - rho) g^2;  p <- p - a g / sqrt(E + epsilon)

    Tieleman and Hinton 2012, lecture 6.5, slide 29. As in Keras, epsilon is inside the root
    (PyTorch: outside), E starts at 0 without a correction, so the first step is 1 / sqrt(1 - rho)
    times the rate, and neither momentum nor centring is used.
    """

    def init(parameters):
        return RMSpropState(_zeros(parameters))

    def update(gradient, state):
        square = rho * state.square + (1 - rho) * gradient**2
        return -learning_rate * gradient / np.sqrt(square + epsilon), RMSpropState(square)

    return Rule(init, update)


def adam(
    learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
) -> Rule:
    """Adam: RMSprop with momentum, both averages corrected for their start at zero.

    m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  t <- t + 1
    p <- p - a sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)

    Kingma and Ba 2015, the faster form at the end of section 2. There, as here and in Keras,
    epsilon is added to the root of the *uncorrected* v: it counts 1 / sqrt(1 - b2^t) times as much
    as the epsilon of their algorithm 1, at the first step 32 times. The paper's and PyTorch's
    epsilon is 1e-8, Keras's 1e-7.
    """

    def init(parameters):
        zeros = _zeros(parameters)
        return AdamState(zeros, zeros, 0)

    def update(gradient, state):
        count = state.count + 1
        mean = beta_1 * state.mean + (1 - beta_1) * gradient
        square = beta_2 * state.square + (1 - beta_2) * gradient**2
        rate = learning_rate * (1 - beta_2**count) ** 0.5 / (1 - beta_1**count)
        return -rate * mean / (np.sqrt(square) + epsilon), AdamState(mean, square, count)

    return Rule(init, update)


def nadam(
    learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
) -> Rule:
    """Nadam: Adam with Nesterov's look-ahead, and a momentum that warms up.

    u_t = b1 (1 - 0.96^t / 2), for the step t that is made and the one after it;  P <- P u_t m, v as
    in Adam;  p <- p - a (u_{t+1} m / (1 - P u_{t+1}) + (1 - u_t) g / (1 - P)) / (sqrt(v / (1 -
    b2^t)) + epsilon)

    Dozat 2016, "Incorporating Nesterov Momentum into Adam", with the schedule that it proposes. As
    in Keras, m itself decays with the constant b1, whereas the paper uses u_t there too; and 0.96^t
    stands for the paper's 0.96^(t / 250), so the warm-up is over after about a hundred steps
    instead of tens of thousands. PyTorch's `momentum_decay`, 0.004, is the paper's 1 / 250; optax
    keeps b1 constant. Epsilon is added to the root of the corrected v, unlike in `adam`.
    """

    def warmed(step):
        return beta_1 * (1 - 0.5 * 0.96**step)

    def init(parameters):
        zeros = _zeros(parameters)
        return NadamState(zeros, zeros, 0, 1.0)

    def update(gradient, state):
        count = state.count + 1
        now, following = warmed(count), warmed(count + 1)
        product = state.product * now
        mean = beta_1 * state.mean + (1 - beta_1) * gradient
        square = beta_2 * state.square + (1 - beta_2) * gradient**2
        ahead = following * mean / (1 - product * following) + (1 - now) * gradient / (1 - product)
        scale = np.sqrt(square / (1 - beta_2**count)) + epsilon
        return -learning_rate * ahead / scale, NadamState(mean, square, count, product)

    return Rule(init, update)


FAMILY: Mapping[str, Callable[[float], Rule]] = MappingProxyType(
    {
        "SGD": sgd,
        "momentum": momentum,
        "Nesterov": nesterov,
        "Adagrad": partial(adagrad, initial_accumulator_value=0.0),
        "RMSprop": rmsprop,
        "Adadelta": partial(adadelta, epsilon=1e-6),
        "Adam": adam,
        "Nadam": nadam,
    }
)
"""The eight rules by name, each made with a rate: Adagrad's sum begins at 0, and Adadelta's epsilon
is 1e-6, as in their papers.
"""


def soft_threshold(parameters: np.ndarray, amount) -> np.ndarray:
    """Every parameter moved toward zero by `amount`, and to exactly zero where it is smaller: L1's
    proximal step.

    After a gradient step of the data loss alone, with amount = learning rate x strength of the L1
    penalty, it minimizes the sum of both (Beck and Teboulle 2009, "A fast iterative
    shrinkage-thresholding algorithm", equation 1.4). Raises ValueError for an amount below 0.
    """
    if np.any(np.asarray(amount) < 0):
        raise ValueError(f"amount is {amount}; parameters move toward zero by at least 0.")
    return np.sign(parameters) * np.maximum(np.abs(parameters) - amount, 0)


def largest_rate(hessian: np.ndarray) -> float:
    """The learning rate below which gradient descent converges on a quadratic bowl.

    It is 2 / the largest eigenvalue of `hessian`, a symmetric matrix of shape (n, n) with positive
    eigenvalues. Above it the steps grow along the steepest direction. LeCun et al. 1998,
    "Efficient BackProp", section 5.1.
    """
    return 2 / np.linalg.eigvalsh(hessian).max()


def accumulate(gradients: Sequence[np.ndarray], sizes: Sequence[int]):
    """Gradient of the mean loss of a whole batch, from those of its micro-batches.

    The gradients are arrays of one shape; `sizes` holds the number of examples of each
    micro-batch. Every example counts once. Raises ValueError unless there are as many sizes.
    """
    total = sum(size * gradient for size, gradient in zip(sizes, gradients, strict=True))
    return total / sum(sizes)
