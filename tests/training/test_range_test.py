"""The range test: true losses of minibatches while the rate grows, and the rates that it
suggests.
"""

import keras
import numpy as np
import pytest

from helpers import training
from helpers.training import Recipe, Run, suggested_rates
from tests.training.small import REQUEST, build, train

RATES = {"lowest": 1e-4, "highest": 1e3, "steps": 60}


def range_test(split, runs=range(3), **how):
    rates = {name: how.pop(name, value) for name, value in RATES.items()}
    return Recipe(build, **{**REQUEST, "optimizer": "sgd", **how}).range_test(split, runs, **rates)


def test_range_test_trains_with_growing_rates(numbers):
    rates, losses = range_test(numbers)
    np.testing.assert_allclose([rates[0], rates[-1]], [1e-4, 1e3])
    np.testing.assert_allclose(np.diff(np.log(rates)), np.log(1e7) / 59)
    assert losses.shape == (3, 60)
    orders = np.concatenate([np.random.default_rng(1).permutation(70) for _ in range(2)])
    model = training.seeded(build, 1)
    start = np.mean(
        (model(numbers.x_train[orders[:16]]).numpy()[:, 0] - numbers.y_train[orders[:16]]) ** 2
    )
    np.testing.assert_allclose(
        losses[1, 0], start, rtol=1e-5
    )  # a true loss of one minibatch, no running mean
    model.compile(keras.optimizers.SGD(), "mse")
    for step in range(4):
        model.optimizer.learning_rate = rates[step]
        rows = orders[16 * step : 16 * (step + 1)]
        model.reset_metrics()  # in older Keras train_on_batch returns a running mean
        np.testing.assert_allclose(
            losses[1, step],
            model.train_on_batch(numbers.x_train[rows], numbers.y_train[rows]),
            rtol=1e-5,
        )


def test_range_test_stops_when_diverged_and_suggests(numbers):
    rates, losses = range_test(numbers)
    assert np.isnan(losses[:, -1]).all() and np.isfinite(losses[:, :20]).all()
    suggested = suggested_rates(rates, losses)
    assert set(suggested) == {
        "steepest descent of the loss",
        "a tenth of the rate with the lowest loss",
    }
    for rate in suggested.values():
        asked = [Run(seed, learning_rate=rate) for seed in range(3)]
        runs = train(numbers, runs=asked, optimizer="sgd")
        assert not runs.failures and (runs.last("loss") < runs.history["loss"][:, 0]).all()


def test_a_constant_in_the_loss_changes_no_rate(numbers):
    """A loss may be negative: a likelihood's logarithm, a similarity."""

    def shifted(targets, outputs):
        return keras.losses.mean_squared_error(targets, outputs) - 5

    _, losses = range_test(numbers)
    rates, lower = range_test(numbers, loss=shifted)
    np.testing.assert_allclose(lower, losses - 5, rtol=1e-3)
    assert suggested_rates(rates, lower) == suggested_rates(rates, losses)


@pytest.mark.parametrize("shapes", [((2,), (3, 2)), ((5,), (5,)), ((5,), (3, 4))])
def test_suggestions_need_three_steps_and_a_row_for_each_run(shapes):
    rates, losses = map(np.ones, shapes)
    with pytest.raises(ValueError, match="at least three steps"):
        suggested_rates(rates, losses)


def test_suggestions_on_a_crafted_curve():
    rates = np.geomspace(1e-5, 1, 501)
    position = np.log10(rates)
    losses = np.tile(
        np.where(position < -1, -np.tanh(3 * (position + 3)), position * 3 + 2), (3, 1)
    )
    steepest, tenth = suggested_rates(rates, losses).values()
    assert 0.7e-3 < steepest < 1.5e-3 and 0.001 < tenth < 0.012
    losses[1, 3:] = np.nan
    assert suggested_rates(rates, losses)["a tenth of the rate with the lowest loss"] < 1e-5
    losses[1, 2] = np.nan
    with pytest.raises(ValueError, match="begin the range test at a lower rate"):
        suggested_rates(rates, losses)


def test_range_test_changes_nothing_of_the_readers(numbers):
    optimizer = keras.optimizers.SGD(0.5)
    range_test(numbers, optimizer=optimizer)
    assert not optimizer.built and float(optimizer.learning_rate) == 0.5


def test_range_test_of_samples_and_weights(numbers):
    """What a run has of its own counts in a range test too."""
    rows = np.random.default_rng(3).integers(0, 70, 40)
    weight = np.random.default_rng(4).random(70)
    runs = [Run(0, train_rows=rows), Run(0, sample_weight=weight), Run(0, targets=-numbers.y_train)]
    _, losses = range_test(numbers, runs)
    model = training.seeded(build, 0)
    order = rows[np.random.default_rng(0).permutation(40)][:16]
    error = model(numbers.x_train[order]).numpy()[:, 0] - numbers.y_train[order]
    np.testing.assert_allclose(losses[0, 0], (error**2).mean(), rtol=1e-5)
    order = np.random.default_rng(0).permutation(70)[:16]
    outputs = model(numbers.x_train[order]).numpy()[:, 0]
    error = outputs - numbers.y_train[order]
    np.testing.assert_allclose(losses[1, 0], (weight[order] * error**2).mean(), rtol=1e-5)
    error = outputs + numbers.y_train[order]
    np.testing.assert_allclose(losses[2, 0], (error**2).mean(), rtol=1e-5)


def test_range_test_with_a_momentum_of_the_runs(numbers):
    own = [Run(seed, momentum=0.9) for seed in range(3)]
    _, losses = range_test(numbers, own, highest=0.01)
    of_optimizer = keras.optimizers.SGD(momentum=0.9)
    _, expected = range_test(numbers, optimizer=of_optimizer, highest=0.01)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    _, without = range_test(numbers, highest=0.01)
    assert abs(losses / without - 1).max() > 0.01


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"learning_rate": 0.1}, "sets the learning rate"),
        ({"order": np.arange(70)}, "order"),
        ({"momentum": np.full(20, 0.9)}, "one momentum"),
    ],
    ids=["rate", "order", "momenta"],
)
def test_range_test_refuses_what_it_would_pass_over(numbers, own, says):
    with pytest.raises(ValueError, match=says):
        range_test(numbers, [Run(seed, **own) for seed in range(3)])
