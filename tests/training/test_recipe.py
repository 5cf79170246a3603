"""A recipe trains many runs: what is reported, what each run has of its own, and how it ends."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers import training
from helpers.nets.models import mlp
from helpers.training import Recipe, Run, loop
from tests.conftest import split_of
from tests.training.small import REQUEST, build, changed, train


@pytest.fixture(scope="module")
def three(numbers):
    return train(numbers, metrics=["mae"])


def assert_equal_runs(first, second, number=slice(None)):
    for name in first.history:
        np.testing.assert_array_equal(first.history[name][number], second.history[name])
    for ours, theirs in zip(first.weights[number], second.weights, strict=True):
        for left, right in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(left, right)


# What comes back ----------------------------------------------------------------------------------


def test_shapes_and_names(three, numbers):
    assert set(three.history) == {"loss", "penalty", "mae", "val_loss", "val_mae"}
    assert all(
        curve.shape == (3, 4) and np.isfinite(curve).all() for curve in three.history.values()
    )
    assert [len(losses) for losses in three.step_losses] == [20, 20, 20]
    assert three.predict(numbers.x_valid).shape == (3, 20, 1)
    assert three.epochs.tolist() == [4, 4, 4] and not three.failures and not three.partial
    assert repr(three) == "<3 runs of up to 4 epochs: loss, penalty, mae, val_loss, val_mae>"


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows(three):
    sizes = [16, 16, 16, 16, 6]
    epochs = three.step_losses[1].reshape(4, 5)
    np.testing.assert_allclose(three.history["loss"][1], np.average(epochs, axis=1, weights=sizes))


def test_validation_is_that_of_the_weights(three, numbers):
    errors = three.predict(numbers.x_valid)[:, :, 0] - numbers.y_valid
    np.testing.assert_allclose(three.last("val_loss"), (errors**2).mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(three.last("val_mae"), abs(errors).mean(axis=1), rtol=1e-5)


def test_watched_data_are_reported_beside_validation(numbers):
    runs = train(
        numbers,
        watch={
            "test": (numbers.x_valid, numbers.y_valid),
            "train": (numbers.x_train, numbers.y_train),
        },
    )
    np.testing.assert_array_equal(runs.history["test_loss"], runs.history["val_loss"])
    errors = runs.predict(numbers.x_train)[:, :, 0] - numbers.y_train
    np.testing.assert_allclose(runs.last("train_loss"), (errors**2).mean(axis=1), rtol=1e-5)


def test_more_rows_than_are_evaluated_at_once(numbers, empty_cache, monkeypatch):
    whole = train(numbers, metrics=["mae"])
    monkeypatch.setattr("helpers.training.tensorflow_engine.EVALUATION_ROWS", 7)
    empty_cache.clear()
    pieces = train(numbers, metrics=["mae"])
    np.testing.assert_allclose(pieces.history["val_loss"], whole.history["val_loss"], rtol=1e-5)
    np.testing.assert_allclose(pieces.history["val_mae"], whole.history["val_mae"], rtol=1e-5)
    np.testing.assert_allclose(
        pieces.predict(numbers.x_train), whole.predict(numbers.x_train), rtol=1e-4, atol=1e-6
    )


def test_no_validation_part(numbers):
    empty = changed(numbers, x_valid=numbers.x_valid[:0], y_valid=numbers.y_valid[:0])
    runs = train(empty)
    assert set(runs.history) == {"loss", "penalty"}
    np.testing.assert_array_equal(runs.best_epoch, runs.history["loss"].argmin(axis=1))


def test_the_penalty_is_reported_apart(numbers):
    """Claim REG-22: curves of differently regularized nets can be compared."""

    def penalized():
        return mlp(5, [8], kernel_regularizer=keras.regularizers.L2(0.3))

    runs = train(numbers, penalized, epochs=1, batch_size=70)
    plain = train(numbers, epochs=1, batch_size=70)
    # The weights before the step are the same.
    np.testing.assert_allclose(runs.history["loss"], plain.history["loss"], rtol=1e-5)
    start = training.seeded(penalized, 2).get_weights()[0]
    np.testing.assert_allclose(runs.history["penalty"][2, 0], 0.3 * (start**2).sum(), rtol=1e-5)
    errors = runs.predict(numbers.x_valid)[:, :, 0] - numbers.y_valid
    np.testing.assert_allclose(runs.last("val_loss"), (errors**2).mean(axis=1), rtol=1e-5)


# Repeatability ------------------------------------------------------------------------------------


def test_the_same_call_twice_gives_the_same_bits(three, numbers, empty_cache):
    assert_equal_runs(three, train(numbers, metrics=["mae"]))
    empty_cache.clear()  # so that it is compiled again
    assert_equal_runs(three, train(numbers, metrics=["mae"]))


def test_a_run_does_not_depend_on_the_others(three, numbers):
    assert_equal_runs(three, train(numbers, metrics=["mae"], runs=[Run(seed=2)]), slice(2, 3))
    assert_equal_runs(three, train(numbers, metrics=["mae"], runs=[0]), slice(0, 1))


def test_a_weight_of_the_model_itself_begins_afresh_in_each_run(numbers):
    """Only the model holds it, none of its layers."""

    def build():
        held = []  # Keras would track a list that is an attribute

        class Scale(layers.Layer):
            def call(self, x):
                return x * held[0] if held else x

        inputs = keras.Input((5,))
        hidden = layers.Dense(4, "tanh")(inputs)
        model = keras.Model(inputs, layers.Dense(1)(Scale()(hidden)))
        held.append(model.add_weight(shape=(), initializer="ones", name="scale"))
        return model

    model = build()
    assert len(model.weights) == 5 and sum(len(layer.weights) for layer in model.layers) == 4
    asked = {"optimizer": keras.optimizers.SGD(0.1)}
    both, alone = (
        train(numbers, build, runs=[0, 1], **asked),
        train(numbers, build, runs=[1], **asked),
    )
    scales = [value.item() for weights in both.weights for value in weights if value.ndim == 0]
    assert len(set(scales)) == 2 and all(abs(scale - 1) > 0.01 for scale in scales)  # trained
    assert_equal_runs(both, alone, slice(1, 2))


def test_seeds_differ_in_weights_and_order(numbers):
    order = np.arange(70)
    runs = train(numbers, runs=[Run(0), Run(1), Run(0, order=order), Run(1, order=order)], epochs=1)
    assert len(set(runs.history["loss"][:, 0])) == 4


def test_dropout_and_noise_repeat_by_seed(numbers):
    def noisy():
        middle = [layers.Dense(8), layers.Dropout(0.5), layers.GaussianNoise(0.1)]
        return keras.Sequential([keras.Input((5,)), *middle, layers.Dense(1)])

    first = train(numbers, noisy)
    assert_equal_runs(first, train(numbers, noisy))
    assert len(set(first.history["loss"][:, 0])) == 3


def test_minibatches_are_fresh_in_every_epoch_and_complete():
    """With inputs that are row numbers and weights that stay, the loss of a step tells its rows."""
    rows = np.arange(10, dtype="float32")
    data = split_of(rows[:, None], 2.0**rows, valid=0)

    def zero():
        start = {"kernel_initializer": "zeros", "kernel_constraint": keras.constraints.MaxNorm(0)}
        return keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False, **start)])

    runs = train(data, zero, runs=range(2), batch_size=4, optimizer="sgd", loss="mae")
    sums = [losses.reshape(4, 3) * [4, 4, 2] for losses in runs.step_losses]
    for losses in sums:
        np.testing.assert_array_equal(losses.sum(axis=1), 2**10 - 1)  # every row once
        assert len(set(losses[:, 0])) == 4
    assert (sums[0] != sums[1]).any()
    drawn = np.random.default_rng(0).permutation(10)[:4]
    assert sums[0][0, 0] == (2.0**drawn).sum()


def test_orders_of_ones_own(numbers):
    one = np.random.default_rng(3).permutation(70)
    runs = train(numbers, runs=[Run(0, order=one), Run(0, order=np.tile(one, (4, 1)))])
    np.testing.assert_array_equal(runs.history["loss"][0], runs.history["loss"][1])


# What a run has of its own ------------------------------------------------------------------------


def test_folds_bootstraps_and_noisy_labels_equal_slicing_by_hand(numbers):
    generator = np.random.default_rng(1)
    bootstrap, noise = generator.integers(0, 70, 70), generator.normal(size=70)
    fold = np.flatnonzero(np.arange(70) % 5)
    runs = train(
        numbers, runs=[Run(1, train_rows=fold), Run(2, train_rows=bootstrap), Run(3, targets=noise)]
    )
    sliced = [
        changed(numbers, x_train=numbers.x_train[rows], y_train=targets[rows])
        for rows, targets in (
            (fold, numbers.y_train),
            (bootstrap, numbers.y_train),
            (np.arange(70), noise),
        )
    ]
    for number, by_hand in enumerate(sliced):
        assert_equal_runs(runs, train(by_hand, runs=[Run(number + 1)]), slice(number, number + 1))


def divisions(sizes) -> list[Run]:
    """Runs with a division of the 70 rows each; `sizes` are their numbers of training and
    validation rows.
    """
    draws = [np.random.default_rng(seed).permutation(70) for seed in range(len(sizes))]
    return [
        Run(seed, draw[:train], draw[train : train + valid], draw[train + valid :])
        for seed, (draw, (train, valid)) in enumerate(zip(draws, sizes, strict=True))
    ]


def by_hand(pool, run):
    """The split that the run's division makes of the pool."""
    parts = {"train": run.train_rows, "valid": run.valid_rows, "test": run.test_rows}
    x = {f"x_{part}": pool.x_train[rows] for part, rows in parts.items()}
    return changed(pool, **x, **{f"y_{part}": pool.y_train[rows] for part, rows in parts.items()})


def test_divisions_of_one_pool_in_one_call_equal_slicing_by_hand(numbers):
    runs = divisions([(40, 20), (50, 10), (40, 20), (33, 30)])
    found = train(numbers, runs=runs, metrics=["mae"])
    for place, run in enumerate(runs):
        alone = train(by_hand(numbers, run), runs=[run.seed], metrics=["mae"])
        assert_equal_runs(found, alone, slice(place, place + 1))
        for metric in ("loss", "mae"):
            assert found.test(metric)[place] == alone.test(metric)[0]


def test_divisions_stop_by_their_own_validation_rows(numbers):
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
    how = {"epochs": 30, "early_stopping": stopping, "optimizer": keras.optimizers.Adam(0.05)}
    runs = divisions([(40, 20), (40, 20), (40, 20)])
    found = train(numbers, runs=runs, **how)
    assert len(set(found.epochs)) > 1
    for place, run in enumerate(runs):
        alone = train(by_hand(numbers, run), runs=[run.seed], **how)
        assert (found.epochs[place], found.best_epoch[place]) == (alone.epochs, alone.best_epoch)
        assert found.test("loss")[place] == alone.test("loss")[0]


def test_divisions_need_no_validation_and_test_part(numbers):
    empty = {
        f"{side}_{part}": vars(numbers)[f"{side}_train"][:0]
        for side in "xy"
        for part in ("valid", "test")
    }
    runs = divisions([(40, 20), (40, 20)])
    found, pooled = train(numbers, runs=runs), train(changed(numbers, **empty), runs=runs)
    assert_equal_runs(found, pooled)
    np.testing.assert_array_equal(found.test("loss"), pooled.test("loss"))


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint64", "list"])
def test_rows_are_whole_numbers_of_any_type(numbers, kind):
    (run,) = divisions([(40, 20)])

    def as_kind(rows):
        return rows.tolist() if kind == "list" else rows.astype(kind)

    parts = ("train_rows", "valid_rows", "test_rows")
    other = replace(run, **{part: as_kind(getattr(run, part)) for part in parts})
    found, same = train(numbers, runs=[run]), train(numbers, runs=[other])
    assert_equal_runs(found, same)
    assert found.test("loss") == same.test("loss")


def test_rates_of_runs_and_of_the_optimizer(numbers):
    runs = train(
        numbers, runs=[Run(), Run(learning_rate=0.05)], optimizer=keras.optimizers.SGD(0.1)
    )
    for rate, number in ((0.1, 0), (0.05, 1)):
        alone = train(numbers, runs=[0], optimizer=keras.optimizers.SGD(rate))
        assert_equal_runs(runs, alone, slice(number, number + 1))
    constant = train(numbers, runs=[Run(learning_rate=np.full(20, 0.1))], optimizer="sgd")
    assert_equal_runs(runs, constant, slice(0, 1))


@pytest.mark.parametrize("first", [None, 0.95], ids=["plain first", "own first"])
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_a_momentum_of_some_runs_is_that_of_these_runs_only(first, kind, numbers):
    def make():
        if kind == "Adam":
            return keras.optimizers.Adam(0.05, beta_1=0.5)
        return keras.optimizers.SGD(0.05, momentum=0.5)

    momenta = [first, 0.95 if first is None else None]
    asked = [Run(seed, momentum=momentum) for seed, momentum in enumerate(momenta)]
    for _ in range(2):  # the second time with the engine that the first has left behind
        found = train(numbers, runs=asked, optimizer=make())
        for place, run in enumerate(asked):
            alone = train(numbers, runs=[run], optimizer=make())
            for name, curve in alone.history.items():
                np.testing.assert_allclose(found.history[name][place], curve[0], rtol=1e-5)
            for ours, theirs in zip(found.weights[place], alone.weights[0], strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("optimizer", "own"),
    [(keras.optimizers.SGD(0.05, momentum=0.5), 0.5), (keras.optimizers.Adam(0.05), 0.9)],
    ids=["SGD", "Adam"],
)
def test_every_run_has_a_momentum_if_one_has(optimizer, own):
    """Engines that train runs together need the same settings in all of them."""
    some = loop.with_defaults([Run(0), Run(1, momentum=0.95), Run(2, momentum=0.0)], optimizer)
    assert [run.momentum for run in some] == [own, 0.95, 0.0]
    none = loop.with_defaults([Run(0), Run(1, learning_rate=0.1)], optimizer)
    assert [run.momentum for run in none] == [None, None]
    assert [run.learning_rate for run in none] == [pytest.approx(0.05), 0.1]


def test_rows_of_weight_zero_count_for_nothing(numbers):
    weight = np.ones(70)
    weight[::2] = 0
    other = numbers.y_train + 100 * (weight == 0)
    runs = train(
        numbers, runs=[Run(0, sample_weight=weight), Run(0, sample_weight=weight, targets=other)]
    )
    np.testing.assert_array_equal(runs.history["val_loss"][0], runs.history["val_loss"][1])


def test_augmentation_differs_by_step_and_run_and_repeats(numbers):
    def jitter(x, y, seed):
        return x + tf.random.stateless_normal(tf.shape(x), seed, dtype=x.dtype), y

    still = {"order": np.arange(70), "learning_rate": 0.0}
    runs = train(
        numbers,
        runs=[Run(0, **still), Run(0, **still), Run(1, **still)],
        augment=jitter,
        batch_size=70,
    )
    assert_equal_runs(
        runs, train(numbers, runs=[Run(0, **still)], augment=jitter, batch_size=70), slice(0, 1)
    )
    np.testing.assert_array_equal(runs.history["loss"][0], runs.history["loss"][1])
    # The weights stay, because the rate is 0: only the noise differs.
    assert len(set(runs.history["loss"][0])) == 4
    plain = train(numbers, runs=[Run(0, **still)], augment=lambda x, y, seed: (x, y), batch_size=70)
    assert len(set(plain.history["loss"][0])) == 1
    np.testing.assert_array_equal(runs.history["val_loss"][0], plain.history["val_loss"][0])


def test_augmentation_may_change_the_targets_too(numbers):
    still = {"order": np.arange(70), "learning_rate": 0.0}
    moved = train(
        numbers, runs=[Run(0, **still)], augment=lambda x, y, seed: (x, y + 1), batch_size=70
    )
    asked = train(numbers, runs=[Run(0, targets=numbers.y_train + 1, **still)], batch_size=70)
    np.testing.assert_allclose(moved.history["loss"][0], asked.history["loss"][0], rtol=1e-6)


# How it ends --------------------------------------------------------------------------------------


def test_each_run_stops_by_itself(numbers):
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
    asked = [Run(seed, learning_rate=0.05) for seed in range(4)]
    runs = train(numbers, runs=asked, epochs=60, early_stopping=stopping)
    assert len(set(runs.epochs)) > 1 and (runs.epochs < 60).all()
    np.testing.assert_array_equal(runs.best_epoch, np.nanargmin(runs.history["val_loss"], axis=1))
    errors = runs.predict(numbers.x_valid)[:, :, 0] - numbers.y_valid
    np.testing.assert_allclose(runs.best("val_loss"), (errors**2).mean(axis=1), rtol=1e-5)
    assert stopping.model is None  # the reader's callback is left alone


def test_what_early_stopping_restored_and_the_end_of_one_training_can_both_be_tested(numbers):
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=20, restore_best_weights=True)
    asked = [Run(seed, learning_rate=0.05) for seed in range(3)]
    kept = train(numbers, runs=asked, epochs=20, early_stopping=stopping)
    ended = train(numbers, runs=asked, epochs=20)
    assert (kept.best_epoch < 19).any()
    np.testing.assert_array_equal(kept.at_the_end().test("loss"), ended.test("loss"))
    np.testing.assert_array_equal(ended.at_the_end().test("loss"), ended.test("loss"))
    assert (kept.test("loss") != ended.test("loss")).any()
    assert len(kept[1:].at_the_end()) == 2


def test_a_diverging_run_says_where_and_the_others_go_on(numbers):
    runs = train(
        numbers,
        runs=[Run(0), Run(0, learning_rate=1e6), Run(1)],
        optimizer=keras.optimizers.SGD(0.01),
        epochs=9,
    )
    assert list(runs.failures) == [1]
    step = int(np.flatnonzero(~np.isfinite(runs.step_losses[1]))[0]) + 1
    assert f"at step {step} (epoch {(step - 1) // 5 + 1}), learning rate 1e+06" in runs.failures[1]
    assert runs.epochs[1] < 9 and runs.epochs[0] == runs.epochs[2] == 9
    assert np.isfinite(runs.last("loss")[[0, 2]]).all()


def test_divergence_under_a_schedule_names_the_rate_of_that_step(numbers):
    rates = keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.01, 1e30])
    runs = train(numbers, runs=[0], optimizer=keras.optimizers.SGD(rates))
    assert "learning rate 1e+30" in runs.failures[0]


def test_an_interrupt_returns_what_is_finished(numbers, monkeypatch):
    whole = train(numbers)
    left = iter(range(6))  # four epochs of the first run, two of the second

    def impatient(bar, steps=1):
        if next(left, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop.tqdm, "update", impatient)
    runs = train(numbers)
    assert runs.partial and len(runs) == 1 and "interrupted" in repr(runs)
    assert_equal_runs(whole, runs, slice(0, 1))
    monkeypatch.undo()
    assert_equal_runs(whole, train(numbers))  # nothing is left over from the run that was cut off


def test_an_interrupt_before_anything_is_finished_is_an_interrupt(numbers, monkeypatch):
    def impatient(bar, steps=1):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop.tqdm, "update", impatient)
    with pytest.raises(KeyboardInterrupt):
        train(numbers)


def test_the_bar_is_shown_on_request(numbers, capfd):
    train(numbers, progress=False)
    assert "epoch" not in capfd.readouterr().err
    train(numbers, progress=True)
    assert "run 3 of 3" in capfd.readouterr().err


# A recipe as a value ------------------------------------------------------------------------------


def test_a_recipe_is_a_plain_value(numbers):
    recipe = Recipe(build, **REQUEST)
    other = replace(recipe, epochs=2)
    assert (recipe.epochs, other.epochs) == (4, 2) and replace(other, epochs=4) == recipe
    found = other.fit(numbers, [0, 1])
    assert_equal_runs(found, train(numbers, runs=range(2), epochs=2))
    with pytest.raises(AttributeError):
        recipe.epochs = 3
    with pytest.raises(TypeError):
        Recipe(build, "mse", "adam", 4, 16)


def test_fit_changes_nothing_of_the_readers(numbers):
    optimizer = keras.optimizers.SGD(0.5, momentum=0.5)
    runs = [Run(0, momentum=0.9), Run(1)]
    train(numbers, runs=runs, optimizer=optimizer)
    assert not optimizer.built and float(optimizer.learning_rate) == 0.5
    assert optimizer.momentum == 0.5 and runs == [Run(0, momentum=0.9), Run(1)]


def test_numbers_of_numpy_are_numbers(numbers):
    found = train(numbers, runs=[np.int64(2)], epochs=np.int32(4), batch_size=np.uint8(16))
    assert_equal_runs(train(numbers, runs=[2]), found)
    one = train(numbers, runs=np.arange(2), optimizer="sgd")
    rates = [Run(np.int64(seed), learning_rate=np.float32(0.01)) for seed in range(2)]
    np.testing.assert_allclose(
        train(numbers, runs=rates, optimizer="sgd").history["loss"], one.history["loss"], rtol=1e-6
    )


def test_a_run_goes_on_from_its_initial_weights_as_keras_does(numbers):
    order = np.random.default_rng(3).permutation(len(numbers.x_train))
    begun = train(numbers, epochs=2).weights[1]
    rate = 0.01
    runs = [Run(5, order=order, learning_rate=rate, initial_weights=begun)]
    ours = train(numbers, runs=runs, epochs=1)
    model = build()
    model.set_weights(begun)
    model.compile(keras.optimizers.get(REQUEST["optimizer"]), REQUEST["loss"])
    model.optimizer.learning_rate = rate
    x, y = numbers.x_train[order], numbers.y_train[order]
    model.fit(x, y, batch_size=REQUEST["batch_size"], shuffle=False, verbose=0)
    for left, right in zip(ours.weights[0], model.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


def test_initial_weights_of_another_net_are_refused(numbers):
    with pytest.raises(ValueError, match="Run 0: initial_weights have shapes .*the model that"):
        train(numbers, runs=[Run(0, initial_weights=[np.zeros((2, 2))])])
