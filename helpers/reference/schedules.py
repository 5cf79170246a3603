"""Learning rates (and momenta) as arrays with one value for each training step.

A schedule is nothing but a list of numbers that is fixed before training begins, so here it is an
array: look at it, plot it, join two with `np.concatenate`, give it to
`training.Run(learning_rate=...)`. Steps are counted from 0, so the last of `steps` is `steps - 1`,
and every schedule that goes somewhere arrives there exactly at its last step. Where Keras has the
same schedule, the docstring says with which settings the two are equal at every step
(tests/reference/test_schedules.py).
"""

from typing import NamedTuple

import numpy as np


class Cycle(NamedTuple):
    """A learning rate and a momentum for each step; `training.Run(seed, **cycle._asdict())` trains
    with them.
    """

    learning_rate: np.ndarray
    momentum: np.ndarray


def total_steps(examples: int, batch_size: int, epochs: int) -> int:
    """How many steps a training has.

    The last minibatch of an epoch may be smaller than the others; it is a step of its own.
    """
    examples, batch_size = whole(examples, "examples"), whole(batch_size, "batch_size")
    return -(-examples // batch_size) * whole(epochs, "epochs")


def constant(steps: int, rate: float) -> np.ndarray:
    """The same rate at every step, shape (steps,)."""
    steps = whole(steps)
    check_rates(rate=rate)
    return np.full(steps, float(rate))


def piecewise(steps: int, boundaries: list[int], rates: list[float]) -> np.ndarray:
    """Constant rates one after the other, shape (steps,): `rates[0]` up to and with step
    `boundaries[0]`, and so on.

    Keras: `PiecewiseConstantDecay(boundaries, rates)`. A boundary is the last step of the old rate,
    not the first of the new one. Raises ValueError unless the boundaries grow and there is one rate
    more than boundaries.
    """
    steps = whole(steps)
    if len(rates) != len(boundaries) + 1 or np.any(np.diff(boundaries) <= 0):
        needed = f"{len(boundaries)} growing boundaries need {len(boundaries) + 1} rates"
        raise ValueError(f"{needed}; got {boundaries} and {rates}.")
    check_rates(**{f"rates[{number}]": rate for number, rate in enumerate(rates)})
    return np.asarray(rates, float)[np.searchsorted(boundaries, np.arange(steps))]


def step_decay(steps: int, first: float, *, factor: float, every: int) -> np.ndarray:
    """The rate times `factor` after each `every` steps, shape (steps,).

    Keras: `ExponentialDecay(first, decay_steps=every, decay_rate=factor, staircase=True)`.
    """
    steps, every = whole(steps), whole(every, "every")
    check_rates(first=first, factor=factor)
    return first * float(factor) ** (np.arange(steps) // every)


def linear(steps: int, first: float, last: float = 0.0) -> np.ndarray:
    """A straight line from `first` to `last`, shape (steps,). Keras: `PolynomialDecay(first, steps
    - 1, last)`.
    """
    steps = whole(steps, least=2)
    check_rates(first=first, last=last)
    return np.linspace(first, last, steps)


def exponential(steps: int, first: float, last: float) -> np.ndarray:
    """The same factor from each step to the next, from `first` to `last`, shape (steps,).

    Keras: `ExponentialDecay(first, decay_steps=steps - 1, decay_rate=last / first)`. Both must be
    above 0.
    """
    steps = whole(steps, least=2)
    check_rates(first=first, last=last)
    if not first * last:
        raise ValueError(f"An exponential never reaches 0: first is {first}, last is {last}.")
    return np.geomspace(first, last, steps)


def cosine(steps: int, first: float, last: float = 0.0) -> np.ndarray:
    """Half a cosine from `first` to `last`, shape (steps,).

    Loshchilov and Hutter 2017 (SGDR), equation 5, one cycle. Keras: `CosineDecay(first, steps - 1,
    last / first)`.
    """
    steps = whole(steps, least=2)
    check_rates(first=first, last=last)
    return half_cosine(np.linspace(0, 1, steps), first, last)


def cosine_restarts(
    steps: int,
    first: float,
    last: float = 0.0,
    *,
    cycles: int,
    growth: float = 2.0,
    shrink: float = 1.0,
) -> np.ndarray:
    """`cycles` half cosines from `first` to `last`, each `growth` times as long as the one before,
    shape (steps,).

    The first rate of each is `shrink` times that of the one before. Loshchilov and Hutter 2017
    (SGDR), equation 5 and section 3. The length of the first cycle follows from `steps`, so that
    the last ends on the last step. Keras: `CosineDecayRestarts(first, length, growth, shrink)`,
    equal at every step before the last, where Keras would start again. A cycle whose length is no
    whole number of steps begins between two of them, so the rate of its first step is a little
    below the highest. With a `last` above 0 and shrinking cycles Keras shrinks only what is above
    `last`, as we do.
    """
    cycles = whole(cycles, "cycles")
    steps = whole(steps, least=2 * cycles)
    check_rates(first=first, last=last, growth=growth, shrink=shrink)
    lengths = float(growth) ** np.arange(cycles)
    lengths *= (steps - 1) / lengths.sum()
    starts = np.cumsum(lengths) - lengths
    step = np.arange(steps)
    # A start that is a whole number of steps must not be missed by a rounding error.
    number = np.searchsorted(starts, step + 1e-6 * lengths.min(), side="right") - 1
    return half_cosine(
        (step - starts[number]) / lengths[number], last + (first - last) * shrink**number, last
    )


def warm_up(steps: int, peak: float, first: float = 0.0) -> np.ndarray:
    """A straight line from `first` to just before `peak`, shape (steps,): let a schedule that
    starts at `peak` follow.

    Goyal et al. 2017, section 2.2, "gradual warmup". Keras: `np.concatenate([warm_up(w, peak),
    cosine(n, peak)])` is `CosineDecay(0.0, n - 1, warmup_target=peak, warmup_steps=w)`. With
    `first` at 0 the first step changes nothing.
    """
    steps = whole(steps)
    check_rates(peak=peak, first=first)
    return np.linspace(first, peak, steps, endpoint=False)


def one_cycle(
    steps: int,
    peak: float,
    *,
    start: float = 0.1,
    end: float = 1e-4,
    tail: float = 0.1,
    momenta: tuple[float, float] = (0.95, 0.85),
) -> Cycle:
    """1cycle: the rate up to `peak` and back in straight lines, then a short way far down; momentum
    the other way.

    `start` and `end` are the first and the last rate as shares of `peak`; `tail` is the share of
    the steps that is reserved for the way from `start` to `end`. `momenta` are the momentum at the
    lowest and at the highest rate; it stays high in the tail. Smith 2018, "A disciplined approach
    to neural network hyper-parameters", sections 4.1 and 4.3; Smith and Topin 2019. The papers give
    no shapes for the tail; straight lines are what the common implementations take.

    Raises ValueError for fewer steps than the three lines need.
    """
    check_rates(peak=peak, start=start, end=end)
    knots = cycle_knots(steps, tail)
    high, low = momenta
    if not 0 < low <= high < 1:
        raise ValueError(
            f"momenta are the high and the low one, above 0 and below 1; got {momenta}."
        )
    step = np.arange(knots[-1] + 1)
    rates = np.interp(step, knots, peak * np.array([start, 1, start, end]))
    return Cycle(rates, np.interp(step, knots, [high, low, high, high]))


def momentum_corrected(rates: np.ndarray, momentum: float = 0.9) -> Cycle:
    """The rates, and momenta with which the velocity of Keras's SGD shrinks (or grows) along with
    the rate.

    The velocity is a sum of past steps, each with the rate of its time. After a sudden drop of the
    rate it carries the parameters on at the former speed, with gradients too weak to steer. Here
    the momentum of each step is multiplied by rate / rate before, as if the rate stood outside the
    velocity: Goyal et al. 2017, section 3, "momentum correction".

    Raises ValueError for a rate of 0 before the last step: nothing could be made of it again.
    """
    rates = np.asarray(rates, float)
    if not (rates[:-1] > 0).all():
        raise ValueError(
            "The velocity is scaled by rate / rate before, so that only the last rate can be 0."
        )
    return Cycle(rates, momentum * np.append(1.0, rates[1:] / rates[:-1]))


def cycle_knots(steps: int, tail: float) -> list[int]:
    """The steps at which a 1cycle starts, turns, begins its tail, and ends. Raises ValueError for
    too few steps.
    """
    if not 0 < tail < 1:
        raise ValueError(
            f"tail is {tail}; it is the share of the steps after the cycle, above 0 and below 1."
        )
    steps = whole(steps)
    half = int((steps - 1) * (1 - tail) / 2)
    if half < 1:
        raise ValueError(f"steps is {steps}; up, down and a tail of {tail:g} of them need more.")
    return [0, half, 2 * half, steps - 1]


def half_cosine(done: np.ndarray, first, last: float) -> np.ndarray:
    """From `first`, where nothing is done (0), to `last`, where all is (1)."""
    return last + (first - last) * (1 + np.cos(np.pi * done)) / 2


def whole(number, name: str = "steps", least: int = 1) -> int:
    """The number as Python's own: 12 of 12, of NumPy's 12, and of 12.0, which `np.ceil` gives.

    Raises ValueError unless it is whole and at least `least`.
    """
    value = np.asarray(number)
    if not is_number(value) or value < least or value != int(value):
        raise ValueError(f"{name} is {number}; it must be a whole number, at least {least}.")
    return int(value)


def is_number(value: np.ndarray) -> bool:
    """Whether the array is one finite number."""
    return value.ndim == 0 and value.dtype.kind in "iuf" and bool(np.isfinite(value))


def check_rates(**rates: float) -> None:
    """Raise ValueError for a rate that is negative or not a number: it would climb the loss, or
    break the weights.
    """
    for name, rate in rates.items():
        if not is_number(np.asarray(rate)) or rate < 0:
            raise ValueError(f"{name} is {rate}; it must be a finite number, not below 0.")
