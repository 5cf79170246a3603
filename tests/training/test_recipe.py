"""Many runs: what each has of its own, what is reported, what is refused, and how it ends."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers import training
from helpers.nets.models import mlp
from helpers.training import Run, fit_runs, frozen_order, lr_range_test, suggested_rates


def make_split(x, y, valid=20):
    parts = {"x_train": x[valid:], "y_train": y[valid:], "x_valid": x[:valid], "y_valid": y[:valid]}
    return SimpleNamespace(**parts)


@pytest.fixture(scope="module")
def split():
    """70 training rows of 5 numbers, and a smooth function of them."""
    x = np.random.default_rng(0).normal(size=(90, 5)).astype("float32")
    return make_split(x, np.sin(x.sum(axis=1)))


def build():
    return mlp(5, [8])


def train(split, build=build, **changed):
    return fit_runs(build, split, **{**ASKED, **changed})


ASKED = {"runs": 3, "epochs": 4, "batch_size": 16, "optimizer": "adam", "loss": "mse"}


@pytest.fixture(scope="module")
def three(split):
    return train(split, metrics=["mae"])


# What comes back ----------------------------------------------------------------------------------------------------


def test_shapes_and_names(three, split):
    assert set(three.history) == {"loss", "penalty", "mae", "val_loss", "val_mae"}
    assert all(
        curve.shape == (3, 4) and np.isfinite(curve).all() for curve in three.history.values()
    )
    assert [len(losses) for losses in three.step_losses] == [20, 20, 20]
    assert three.predict(split.x_valid).shape == (3, 20, 1)
    assert three.epochs.tolist() == [4, 4, 4] and not three.failures and not three.partial
    assert repr(three) == "<3 runs of up to 4 epochs: loss, penalty, mae, val_loss, val_mae>"


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows(three):
    sizes = [16, 16, 16, 16, 6]
    epochs = three.step_losses[1].reshape(4, 5)
    np.testing.assert_allclose(three.history["loss"][1], np.average(epochs, axis=1, weights=sizes))


def test_validation_is_that_of_the_weights(three, split):
    errors = three.predict(split.x_valid)[:, :, 0] - split.y_valid
    np.testing.assert_allclose(three.last("val_loss"), (errors**2).mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(three.last("val_mae"), abs(errors).mean(axis=1), rtol=1e-5)


def test_last_best_and_epochs_to():
    curve = np.array([[3.0, 1.0, 2.0], [5.0, 4.0, np.nan]])
    runs = training.Runs({"val_loss": curve}, [], [[], []], np.array([1, 1]), np.array([3, 2]))
    assert runs.last("val_loss").tolist() == [2, 4] and runs.best("val_loss").tolist() == [1, 4]
    np.testing.assert_array_equal(runs.epochs_to("val_loss", 2.5), [2, np.nan])
    np.testing.assert_array_equal(runs.epochs_to("val_loss", 4.5, better="higher"), [np.nan, 1])


def test_watched_data_are_reported_beside_validation(split):
    runs = train(
        split,
        watch={"test": (split.x_valid, split.y_valid), "train": (split.x_train, split.y_train)},
    )
    np.testing.assert_array_equal(runs.history["test_loss"], runs.history["val_loss"])
    errors = runs.predict(split.x_train)[:, :, 0] - split.y_train
    np.testing.assert_allclose(runs.last("train_loss"), (errors**2).mean(axis=1), rtol=1e-5)


def test_more_rows_than_are_evaluated_at_once(split, monkeypatch):
    whole = train(split, metrics=["mae"])
    monkeypatch.setattr("helpers.tensorflow_engine.EVALUATION_ROWS", 7)
    monkeypatch.setattr("helpers.tensorflow_engine._engines", {})
    pieces = train(split, metrics=["mae"])
    np.testing.assert_allclose(pieces.history["val_loss"], whole.history["val_loss"], rtol=1e-5)
    np.testing.assert_allclose(pieces.history["val_mae"], whole.history["val_mae"], rtol=1e-5)
    np.testing.assert_allclose(
        pieces.predict(split.x_train), whole.predict(split.x_train), rtol=1e-4, atol=1e-6
    )


def test_no_validation_part(split):
    empty = SimpleNamespace(
        **{**vars(split), "x_valid": split.x_train[:0], "y_valid": split.y_train[:0]}
    )
    runs = train(empty)
    assert set(runs.history) == {"loss", "penalty"}
    np.testing.assert_array_equal(runs.best_epoch, runs.history["loss"].argmin(axis=1))


def test_the_penalty_is_reported_apart(split):
    """Claim REG-22: curves of differently regularized nets can be compared."""

    def penalized():
        return mlp(5, [8], kernel_regularizer=keras.regularizers.L2(0.3))

    runs = train(split, penalized, epochs=1, batch_size=70)
    plain = train(split, epochs=1, batch_size=70)
    np.testing.assert_allclose(
        runs.history["loss"], plain.history["loss"], rtol=1e-5
    )  # same weights before the step
    start = training.seeded(penalized, 2).get_weights()[0]
    np.testing.assert_allclose(runs.history["penalty"][2, 0], 0.3 * (start**2).sum(), rtol=1e-5)
    errors = runs.predict(split.x_valid)[:, :, 0] - split.y_valid
    np.testing.assert_allclose(runs.last("val_loss"), (errors**2).mean(axis=1), rtol=1e-5)


# Repeatability ------------------------------------------------------------------------------------------------------


def assert_equal_runs(first, second, number=slice(None)):
    for name in first.history:
        np.testing.assert_array_equal(first.history[name][number], second.history[name])
    for ours, theirs in zip(first.weights[number], second.weights, strict=True):
        for left, right in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(left, right)


def test_the_same_call_twice_gives_the_same_bits(three, split, monkeypatch):
    assert_equal_runs(three, train(split, metrics=["mae"]))
    monkeypatch.setattr("helpers.tensorflow_engine._engines", {})  # compiled again
    assert_equal_runs(three, train(split, metrics=["mae"]))


def test_a_run_does_not_depend_on_the_others(three, split):
    assert_equal_runs(three, train(split, metrics=["mae"], runs=[Run(seed=2)]), slice(2, 3))
    assert_equal_runs(three, train(split, metrics=["mae"], runs=1), slice(0, 1))


def test_seeds_differ_in_weights_and_order(split):
    order = np.arange(70)
    runs = train(split, runs=[Run(0), Run(1), Run(0, order=order), Run(1, order=order)], epochs=1)
    assert len(set(runs.history["loss"][:, 0])) == 4


def test_dropout_and_noise_repeat_by_seed(split):
    def noisy():
        middle = [layers.Dense(8), layers.Dropout(0.5), layers.GaussianNoise(0.1)]
        return keras.Sequential([keras.Input((5,)), *middle, layers.Dense(1)])

    first = train(split, noisy)
    assert_equal_runs(first, train(split, noisy))
    assert len(set(first.history["loss"][:, 0])) == 3


def test_minibatches_are_fresh_in_every_epoch_and_complete():
    """With inputs that are row numbers and weights that stay, the loss of a step tells its rows."""
    rows = np.arange(10, dtype="float32")
    data = SimpleNamespace(
        x_train=rows[:, None], y_train=2.0**rows, x_valid=rows[:0, None], y_valid=rows[:0]
    )

    def zero():
        start = {"kernel_initializer": "zeros", "kernel_constraint": keras.constraints.MaxNorm(0)}
        return keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False, **start)])

    runs = train(data, zero, runs=2, batch_size=4, optimizer="sgd", loss="mae")
    sums = [losses.reshape(4, 3) * [4, 4, 2] for losses in runs.step_losses]
    for losses in sums:
        np.testing.assert_array_equal(losses.sum(axis=1), 2**10 - 1)  # every row once
        assert len(set(losses[:, 0])) == 4
    assert (sums[0] != sums[1]).any()
    drawn = np.random.default_rng(0).permutation(10)[:4]
    assert sums[0][0, 0] == (2.0**drawn).sum()


def test_orders_of_ones_own(split):
    one = np.random.default_rng(3).permutation(70)
    runs = train(split, runs=[Run(0, order=one), Run(0, order=np.tile(one, (4, 1)))])
    np.testing.assert_array_equal(runs.history["loss"][0], runs.history["loss"][1])


class Recorder(keras.Model):
    """Trains nothing and notes the minibatches that `model.fit` hands out."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def train_step(self, data):
        self.seen.append(data[0].numpy())
        return {"loss": 0.0}


@pytest.mark.parametrize(("rows", "seed"), [(50, 0), (50, 1), (101, 42)])
def test_frozen_order_is_that_of_a_seeded_fit(rows, seed):
    """Claim NEW-01, seen in the minibatches of three epochs."""
    keras.utils.set_random_seed(seed)
    model = Recorder()
    model.compile(run_eagerly=True)
    model.fit(np.arange(rows), np.zeros(rows), batch_size=16, epochs=3, verbose=0)
    epochs = np.concatenate(model.seen).reshape(3, rows)
    np.testing.assert_array_equal(epochs, np.tile(frozen_order(rows, seed), (3, 1)))


# What a run has of its own ------------------------------------------------------------------------------------------


def test_folds_bootstraps_and_noisy_labels_equal_slicing_by_hand(split):
    generator = np.random.default_rng(1)
    bootstrap, noise = generator.integers(0, 70, 70), generator.normal(size=70)
    fold = np.flatnonzero(np.arange(70) % 5)
    runs = train(
        split, runs=[Run(1, train_index=fold), Run(2, train_index=bootstrap), Run(3, targets=noise)]
    )
    sliced = [
        SimpleNamespace(**{**vars(split), "x_train": split.x_train[rows], "y_train": targets[rows]})
        for rows, targets in (
            (fold, split.y_train),
            (bootstrap, split.y_train),
            (np.arange(70), noise),
        )
    ]
    for number, by_hand in enumerate(sliced):
        assert_equal_runs(runs, train(by_hand, runs=[Run(number + 1)]), slice(number, number + 1))


def test_rates_of_runs_of_the_call_and_of_the_optimizer(split):
    runs = train(split, runs=[Run(), Run(learning_rate=0.05)], learning_rate=0.1, optimizer="sgd")
    for rate, number in ((0.1, 0), (0.05, 1)):
        alone = train(split, runs=1, optimizer=keras.optimizers.SGD(rate))
        assert_equal_runs(runs, alone, slice(number, number + 1))
    constant = train(split, runs=1, optimizer="sgd", learning_rate=np.full(20, 0.1))
    assert_equal_runs(runs, constant, slice(0, 1))


def test_rows_of_weight_zero_count_for_nothing(split):
    weight = np.ones(70)
    weight[::2] = 0
    other = split.y_train + 100 * (weight == 0)
    runs = train(
        split, runs=[Run(0, sample_weight=weight), Run(0, sample_weight=weight, targets=other)]
    )
    np.testing.assert_array_equal(runs.history["val_loss"][0], runs.history["val_loss"][1])


def test_augmentation_differs_by_step_and_run_and_repeats(split):
    def jitter(x, y, seed):
        return x + tf.random.stateless_normal(tf.shape(x), seed, dtype=x.dtype), y

    still = {"order": np.arange(70), "learning_rate": 0.0}
    runs = train(
        split,
        runs=[Run(0, **still), Run(0, **still), Run(1, **still)],
        augment=jitter,
        batch_size=70,
    )
    assert_equal_runs(
        runs, train(split, runs=[Run(0, **still)], augment=jitter, batch_size=70), slice(0, 1)
    )
    np.testing.assert_array_equal(runs.history["loss"][0], runs.history["loss"][1])
    assert (
        len(set(runs.history["loss"][0])) == 4
    )  # weights stay at rate 0, so only the noise differs
    plain = train(split, runs=[Run(0, **still)], augment=lambda x, y, seed: (x, y), batch_size=70)
    assert len(set(plain.history["loss"][0])) == 1
    np.testing.assert_array_equal(runs.history["val_loss"][0], plain.history["val_loss"][0])


def test_augmentation_may_change_the_targets_too(split):
    still = {"order": np.arange(70), "learning_rate": 0.0}
    moved = train(
        split, runs=[Run(0, **still)], augment=lambda x, y, seed: (x, y + 1), batch_size=70
    )
    asked = train(split, runs=[Run(0, targets=split.y_train + 1, **still)], batch_size=70)
    np.testing.assert_allclose(moved.history["loss"][0], asked.history["loss"][0], rtol=1e-6)


# How it ends --------------------------------------------------------------------------------------------------------


def test_each_run_stops_by_itself(split):
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
    runs = train(split, runs=4, epochs=60, early_stopping=stopping, learning_rate=0.05)
    assert len(set(runs.epochs)) > 1 and (runs.epochs < 60).all()
    np.testing.assert_array_equal(runs.best_epoch, np.nanargmin(runs.history["val_loss"], axis=1))
    errors = runs.predict(split.x_valid)[:, :, 0] - split.y_valid
    np.testing.assert_allclose(runs.best("val_loss"), (errors**2).mean(axis=1), rtol=1e-5)
    assert stopping.model is None  # the reader's callback is left alone


def test_a_diverging_run_says_where_and_the_others_go_on(split):
    runs = train(
        split,
        runs=[Run(0), Run(0, learning_rate=1e6), Run(1)],
        optimizer="sgd",
        learning_rate=0.01,
        epochs=9,
    )
    assert list(runs.failures) == [1]
    step = int(np.flatnonzero(~np.isfinite(runs.step_losses[1]))[0]) + 1
    assert f"at step {step} (epoch {(step - 1) // 5 + 1}), learning rate 1e+06" in runs.failures[1]
    assert runs.epochs[1] < 9 and runs.epochs[0] == runs.epochs[2] == 9
    assert np.isfinite(runs.last("loss")[[0, 2]]).all()


def test_divergence_under_a_schedule_names_the_rate_of_that_step(split):
    rates = keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.01, 1e30])
    runs = train(split, runs=1, optimizer=keras.optimizers.SGD(rates))
    assert "learning rate 1e+30" in runs.failures[0]


def test_an_interrupt_returns_what_is_finished(split, monkeypatch):
    whole = train(split)
    left = iter(range(6))  # four epochs of the first run, two of the second

    def impatient(bar, steps=1):
        if next(left, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.tqdm, "update", impatient)
    runs = train(split)
    assert runs.partial and len(runs) == 1 and "interrupted" in repr(runs)
    assert_equal_runs(whole, runs, slice(0, 1))
    monkeypatch.undo()
    assert_equal_runs(whole, train(split))  # nothing is left over from the run that was cut off


def test_an_interrupt_before_anything_is_finished_is_an_interrupt(split, monkeypatch):
    def impatient(bar, steps=1):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.tqdm, "update", impatient)
    with pytest.raises(KeyboardInterrupt):
        train(split)


def test_the_bar_is_shown_on_request(split, capfd):
    train(split, progress=False)
    assert "epoch" not in capfd.readouterr().err
    train(split, progress=True)
    assert "run 3 of 3" in capfd.readouterr().err


# The learning-rate range test ---------------------------------------------------------------------------------------

RANGE = {
    "lowest": 1e-4,
    "highest": 1e3,
    "steps": 60,
    "batch_size": 16,
    "optimizer": "sgd",
    "loss": "mse",
}


def test_range_test_trains_with_growing_rates(split):
    rates, losses = lr_range_test(build, split, **RANGE)
    np.testing.assert_allclose([rates[0], rates[-1]], [1e-4, 1e3])
    np.testing.assert_allclose(np.diff(np.log(rates)), np.log(1e7) / 59)
    assert losses.shape == (3, 60)
    orders = np.concatenate([np.random.default_rng(1).permutation(70) for _ in range(2)])
    model = training.seeded(build, 1)
    start = np.mean(
        (model(split.x_train[orders[:16]]).numpy()[:, 0] - split.y_train[orders[:16]]) ** 2
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
            model.train_on_batch(split.x_train[rows], split.y_train[rows]),
            rtol=1e-5,
        )


def test_range_test_stops_when_diverged_and_suggests(split):
    rates, losses = lr_range_test(build, split, **RANGE)
    assert np.isnan(losses[:, -1]).all() and np.isfinite(losses[:, :20]).all()
    suggested = suggested_rates(rates, losses)
    assert set(suggested) == {
        "steepest descent of the loss",
        "a tenth of the rate with the lowest loss",
    }
    for rate in suggested.values():
        runs = train(split, learning_rate=rate, optimizer="sgd")
        assert not runs.failures and (runs.last("loss") < runs.history["loss"][:, 0]).all()


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


def test_range_test_changes_nothing_of_the_readers(split):
    optimizer = keras.optimizers.SGD(0.5)
    lr_range_test(build, split, **{**RANGE, "optimizer": optimizer})
    assert not optimizer.built and float(optimizer.learning_rate) == 0.5


def test_a_run_is_a_plain_value():
    assert replace(Run(3), learning_rate=0.1) == Run(seed=3, learning_rate=0.1)
