"""Schedules against Keras's own, step by step, and against what the papers say where Keras has
none.
"""

import keras
import numpy as np
import pytest

from helpers.reference import schedules

STEPS = 91
KERAS = keras.optimizers.schedules
PAIRS = {
    "piecewise": (
        schedules.piecewise(STEPS, [30, 60], [0.1, 0.01, 0.001]),
        KERAS.PiecewiseConstantDecay([30, 60], [0.1, 0.01, 0.001]),
    ),
    "step decay": (
        schedules.step_decay(STEPS, 0.1, factor=0.5, every=20),
        KERAS.ExponentialDecay(0.1, 20, 0.5, staircase=True),
    ),
    "linear": (schedules.linear(STEPS, 0.1, 0.02), KERAS.PolynomialDecay(0.1, STEPS - 1, 0.02)),
    "exponential": (
        schedules.exponential(STEPS, 0.1, 1e-4),
        KERAS.ExponentialDecay(0.1, STEPS - 1, 1e-3),
    ),
    "cosine": (schedules.cosine(STEPS, 0.1), KERAS.CosineDecay(0.1, STEPS - 1)),
    "cosine above zero": (
        schedules.cosine(STEPS, 0.1, 0.01),
        KERAS.CosineDecay(0.1, STEPS - 1, alpha=0.1),
    ),
    "warm-up": (
        np.concatenate([schedules.warm_up(20, 0.1), schedules.cosine(STEPS - 20, 0.1)]),
        KERAS.CosineDecay(0.0, STEPS - 21, warmup_target=0.1, warmup_steps=20),
    ),
}


def by_keras(schedule, steps: int) -> np.ndarray:
    return np.array([float(schedule(np.int64(step))) for step in range(steps)])


@pytest.mark.parametrize("name", PAIRS)
def test_equals_keras_at_every_step(name):
    ours, theirs = PAIRS[name]
    assert ours.shape == (STEPS,)
    np.testing.assert_allclose(ours, by_keras(theirs, STEPS), rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("steps", "length", "growth", "shrink"),
    [(71, 10, 2.0, 1.0), (71, 10, 2.0, 0.5), (40, 3, 3.0, 1.0), (31, 10, 1.0, 0.8)],
)
def test_restarts_equal_keras_before_the_last_step(steps, length, growth, shrink):
    ours = schedules.cosine_restarts(steps, 0.1, cycles=3, growth=growth, shrink=shrink)
    theirs = by_keras(KERAS.CosineDecayRestarts(0.1, length, growth, shrink), steps)
    np.testing.assert_allclose(ours[:-1], theirs[:-1], rtol=1e-4, atol=1e-7)
    assert (
        ours[-1] == pytest.approx(0, abs=1e-12) and theirs[-1] > 0.01
    )  # there Keras has begun the fourth cycle


def test_restarts_follow_the_formula_of_the_paper():
    highest, lowest, length = (
        0.05,
        0.001,
        20,
    )  # Loshchilov and Hutter 2017, equation 5, with T_mult = 2
    expected = []
    for period in (length, 2 * length, 4 * length):
        expected += [
            lowest + (highest - lowest) * (1 + np.cos(np.pi * step / period)) / 2
            for step in range(period)
        ]
    ours = schedules.cosine_restarts(7 * length + 1, highest, lowest, cycles=3)
    np.testing.assert_allclose(ours, [*expected, lowest], atol=1e-12)


@pytest.mark.parametrize("shrink", [1.0, 0.5])
def test_restarts_never_leave_the_last_rate_behind(shrink):
    ours = schedules.cosine_restarts(123, 0.1, 0.02, cycles=4, growth=1.5, shrink=shrink)
    assert ours[0] == 0.1 and ours[-1] == pytest.approx(0.02) and ours.min() >= 0.02 - 1e-12
    assert (np.diff(ours) > 0).sum() == 3


@pytest.mark.parametrize("steps", [*range(4, 60), 352, 5280, 14 * 352])
@pytest.mark.parametrize("tail", [0.1, 0.3])
def test_one_cycle_is_as_smith_describes_it(steps, tail):
    rate, momentum = schedules.one_cycle(steps, 0.8, tail=tail)
    turn, back = int(rate.argmax()), 2 * int(rate.argmax())
    assert rate.shape == momentum.shape == (steps,)
    assert (
        rate[turn] == 0.8 and momentum[turn] == 0.85
    )  # momentum is lowest where the rate is highest
    assert rate[0] == pytest.approx(0.08) and rate[back] == pytest.approx(0.08)
    assert (
        rate[-1] == pytest.approx(0.8e-4) and (rate[:-1] > rate[-1]).all()
    )  # ends exactly at the last step, above 0
    assert back < steps - 1, "the cycle is shorter than the run"
    if steps > 30:
        assert abs((steps - 1 - back) / (steps - 1) - tail) < 2 / (steps - 1) + 1e-9
    for values, sign in ((rate, 1), (momentum, -1)):
        np.testing.assert_allclose(
            np.diff(values[: turn + 1]), np.diff(values[: turn + 1])[0]
        )  # a straight line up
        np.testing.assert_allclose(values[: back + 1], values[: back + 1][::-1])  # and back
        assert (sign * np.diff(values[: turn + 1]) > 0).all()
    assert (momentum[back:] == 0.95).all()


def test_one_cycle_keeps_the_settings():
    rate, momentum = schedules.one_cycle(
        101, 2.0, start=0.5, end=0.01, tail=0.2, momenta=(0.9, 0.8)
    )
    np.testing.assert_allclose(rate[[0, 40, 80, 100]], [1.0, 2.0, 1.0, 0.02])
    np.testing.assert_allclose(momentum[[0, 40, 80, 100]], [0.9, 0.8, 0.9, 0.9])


def test_corrected_momentum_is_a_velocity_without_the_rate():
    """Keras's SGD with the corrected momenta takes the steps of v <- m v + g, p <- p - rate v (as
    in PyTorch).
    """
    gradients = np.random.default_rng(0).normal(size=(40, 3))
    cycle = schedules.momentum_corrected(schedules.piecewise(40, [9, 24], [0.1, 0.001, 0.5]), 0.9)
    rates = cycle.learning_rate
    expected, velocity = np.zeros(3), np.zeros(3)
    for rate, gradient in zip(rates, gradients, strict=True):
        velocity = 0.9 * velocity + gradient
        expected -= rate * velocity
    variable = keras.Variable(np.zeros(3), dtype="float64")
    velocity = np.zeros(3)
    for rate, momentum, gradient in zip(*cycle, gradients, strict=True):
        optimizer = keras.optimizers.SGD(rate, momentum=min(float(momentum), 1.0))
        optimizer.momentum = float(
            momentum
        )  # Keras refuses more than 1, which a rising rate can ask for
        optimizer.build([variable])
        optimizer.momentums[0].assign(velocity)
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        velocity = optimizer.momentums[0].numpy()
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)
    assert schedules.momentum_corrected(schedules.constant(5, 0.1), 0.8).momentum == pytest.approx(
        [0.8] * 5
    )


@pytest.mark.parametrize(
    "arrives",
    [
        (schedules.linear(7, 1.0, 0.25), 0.25),
        (schedules.exponential(7, 1.0, 0.25), 0.25),
        (schedules.cosine(7, 1.0, 0.25), 0.25),
        (schedules.cosine_restarts(100, 1.0, 0.25, cycles=3), 0.25),
        (schedules.one_cycle(7, 1.0, end=0.25).learning_rate, 0.25),
    ],
    ids=str,
)
def test_arrives_at_the_last_step(arrives):
    rates, last = arrives
    assert rates[-1] == pytest.approx(last, abs=1e-15)


def test_constant():
    assert (schedules.constant(5, 0.3) == [0.3] * 5).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: schedules.constant(0, 0.1), "steps is 0"),
        (lambda: schedules.constant(2.5, 0.1), "whole number"),
        (lambda: schedules.constant(5, -0.1), "rate is -0.1"),
        (lambda: schedules.constant(5, np.nan), "rate is nan"),
        (lambda: schedules.piecewise(9, [3], [0.1]), "need 2 rates"),
        (lambda: schedules.piecewise(9, [5, 3], [0.1, 0.2, 0.3]), "growing boundaries"),
        (lambda: schedules.step_decay(9, 0.1, factor=0.5, every=0), "every is 0"),
        (lambda: schedules.exponential(9, 0.1, 0.0), "never reaches 0"),
        (lambda: schedules.cosine(1, 0.1), "at least 2"),
        (lambda: schedules.cosine_restarts(9, 0.1, cycles=5), "at least 10"),
        (
            lambda: schedules.momentum_corrected(np.array([0.1, 0.0, 0.1])),
            "only the last rate can be 0",
        ),
        (lambda: schedules.one_cycle(3, 0.1), "steps is 3"),
        (lambda: schedules.one_cycle(30, 0.1, tail=0), "tail is 0"),
        (lambda: schedules.one_cycle(30, 0.1, momenta=(0.8, 0.9)), "momenta"),
        (lambda: schedules.one_cycle(30, float("inf")), "peak is inf"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("case", [(100, 32, 3), (96, 32, 3), (5, 8, 2), (7, 1, 2)])
def test_total_steps_are_those_that_keras_trains(case):
    examples, batch_size, epochs = case
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    zeros = np.zeros((examples, 1))
    model.fit(zeros, zeros, batch_size=batch_size, epochs=epochs, verbose=0)
    assert schedules.total_steps(*case) == int(model.optimizer.iterations)


EVERY = {
    "constant": lambda steps: schedules.constant(steps, 0.1),
    "piecewise": lambda steps: schedules.piecewise(steps, [3, 6], [0.1, 0.01, 0.001]),
    "step_decay": lambda steps: schedules.step_decay(steps, 0.1, factor=0.5, every=steps // 4),
    "linear": lambda steps: schedules.linear(steps, 0.1),
    "exponential": lambda steps: schedules.exponential(steps, 0.1, 0.01),
    "cosine": lambda steps: schedules.cosine(steps, 0.1),
    "cosine_restarts": lambda steps: schedules.cosine_restarts(steps, 0.1, cycles=2),
    "warm_up": lambda steps: schedules.warm_up(steps, 0.1),
    "one_cycle": lambda steps: schedules.one_cycle(steps, 0.1).learning_rate,
}


@pytest.mark.parametrize("steps", [3 * np.ceil(100 / 32), np.int64(12), np.float32(12), 12.0])
@pytest.mark.parametrize("name", EVERY)
def test_a_whole_number_may_be_a_float(name, steps):
    np.testing.assert_array_equal(EVERY[name](steps), EVERY[name](12))


@pytest.mark.parametrize("steps", [12.5, np.nan, np.inf, -12.0])
@pytest.mark.parametrize("name", EVERY)
def test_other_numbers_of_steps_are_refused(name, steps):
    with pytest.raises(ValueError, match="must be a whole number"):
        EVERY[name](steps)


@pytest.mark.parametrize("rate", ["0.1", None, np.nan, [0.1, 0.2], -0.1])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValueError, match="first is .*; it must be a finite number, not below 0"):
        schedules.cosine(12, rate)


def test_steps_of_a_training_are_a_whole_number():
    assert schedules.total_steps(100.0, np.int64(32), 3) == 12
    assert type(schedules.total_steps(100.0, 32.0, 3.0)) is int
