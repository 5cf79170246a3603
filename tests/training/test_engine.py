"""The cache of compiled engines never takes one for another's; training leaves the reader's world
as it was.
"""

import functools
import random
import threading

import keras
import numpy as np
import pytest
from keras import layers, optimizers, regularizers

from helpers.training import Run
from helpers.training import engine as engines
from helpers.training.tensorflow_engine import TensorFlowEngine
from tests.training.small import changed, net, train

# The cache of engines -----------------------------------------------------------------------------


def tracings() -> int:
    programs = [
        each for engine in engines._cache.values() for each in (engine._train, engine._train_rest)
    ]
    return sum(program.experimental_get_tracing_count() for program in programs)


def test_names_of_layers_and_being_compiled_make_no_difference():
    def build():
        hidden = [
            layers.Dense(4),
            layers.Activation("relu"),
        ]  # a layer named as a setting is: "activation"
        return keras.Sequential([keras.Input((5,)), *hidden, layers.Dense(1)])

    keras.utils.clear_session()
    models = [build() for _ in range(3)]
    models[2].compile(optimizers.SGD(0.3), "mse")
    assert models[0].layers[1].name == "activation"
    assert len({engines.describe(model, optimizers.SGD(0.1)) for model in models}) == 1


def test_a_second_call_compiles_nothing(numbers):
    def fit(optimizer):
        build = net(layers.BatchNormalization, kernel_initializer="he_normal")
        return train(numbers, build, runs=[0], epochs=2, optimizer=optimizer)

    first = fit(optimizers.Adam(0.01))
    before, cached = tracings(), len(engines._cache)
    again, other = fit(optimizers.Adam(0.01)), fit(optimizers.Adam(0.1))
    assert (tracings(), len(engines._cache)) == (before, cached)
    np.testing.assert_array_equal(first.history["val_loss"], again.history["val_loss"])
    # The rate is the call's, not the engine's.
    assert (first.history["val_loss"] != other.history["val_loss"]).all()


def test_less_data_compiles_nothing_either(numbers):
    def fit(*sizes):
        runs = [Run(0, np.arange(size)) for size in sizes]
        train(numbers, net(), runs=runs, epochs=1, optimizer="rmsprop")

    fit(70, 69, 40)
    before = tracings()
    fit(16, 32, 57, 68)
    assert tracings() == before


def test_a_run_is_the_same_before_and_after_one_with_a_smaller_minibatch(numbers, empty_cache):
    """Its program is called from Python before, and from another program after."""

    def fit(size):
        found = train(numbers, net(), runs=[Run(0, np.arange(size))], epochs=2, optimizer="adam")
        return found.weights[0]

    for before, after in zip(fit(64), (fit(70), fit(64))[1], strict=True):
        np.testing.assert_array_equal(before, after)


def cached_for(build=None, optimizer="adam", loss="mse", metrics=()):
    """The engine for a net, without training anything."""
    model = (build or net())()
    shapes = model.input_shape[1:], model.output_shape[1:]
    example = tuple(np.zeros((2, *shape), "float32") for shape in shapes)
    asked = {"example": example, "momentum": False, "augment": None}
    return engines.engine_for(
        TensorFlowEngine, model, optimizers.get(optimizer), loss, list(metrics), **asked
    )


def test_one_engine_for_equal_nets_only(empty_cache):
    huber = keras.losses.Huber(0.5)
    asked = [
        {},
        {"build": net(layers.BatchNormalization)},
        {"build": net(layers.LayerNormalization)},
        {"build": net(kernel_regularizer="l2")},
        {"build": net(kernel_regularizer=regularizers.L2(0.1))},
        {"build": net(outputs=2)},
        {"build": net(activation="sigmoid")},
        {"optimizer": optimizers.Adam(beta_1=0.8)},
        {"optimizer": optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 9))},
        {"optimizer": optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 8))},
        {"loss": "mae"},
        {"loss": huber},
        {"metrics": ["mae"]},
        {"loss": keras.losses.mean_squared_error},
    ]
    found = [cached_for(**each) for each in asked]
    assert len({id(engine) for engine in found}) == len(asked)
    for engine, each in zip(found, asked, strict=True):
        assert cached_for(**each) is engine
    # Keras describes it as it does the other Huber.
    assert cached_for(loss=keras.losses.Huber(0.6)) not in found


def own_code():
    """Nets, losses and metrics that hold code of the reader's own, under names that Keras uses
    too.
    """

    class Dense(layers.Dense):
        pass

    class L2(regularizers.L2):
        pass

    class Adam(optimizers.Adam):
        pass

    class Decay(optimizers.schedules.CosineDecay):
        pass

    def relu(x):
        return x

    def error(targets, outputs):
        return keras.ops.mean(outputs, axis=-1)

    return {
        "layer": {"build": net(lambda: Dense(2))},
        "activation": {"build": net(lambda: layers.Dense(2, relu))},
        "regularizer": {"build": net(kernel_regularizer=L2(0.1))},
        "Lambda": {"build": net(lambda: layers.Lambda(lambda x: x))},
        "wrapped": {
            "build": lambda: keras.Sequential(
                [keras.Input((4, 5)), layers.TimeDistributed(layers.Dense(2, relu))]
            )
        },
        "optimizer": {"optimizer": Adam()},
        "schedule": {"optimizer": optimizers.Adam(Decay(0.1, 9))},
        "loss": {"loss": error},
        "metric": {"metrics": [keras.metrics.MeanMetricWrapper(error)]},
    }


@pytest.mark.parametrize("what", own_code())
def test_own_code_is_never_taken_for_code_compiled_earlier(what):
    asked = own_code()[what]
    assert cached_for(**asked) is not cached_for(**asked)


def test_a_partial_function_is_code_of_ones_own(numbers, empty_cache):
    """Keras cannot write it down: "Unable to serialize"."""
    leaky = functools.partial(keras.ops.leaky_relu, negative_slope=0.3)
    build = net(lambda: layers.Dense(3, leaky))
    assert engines.describe(build(), optimizers.SGD(0.1)) is None
    runs = train(numbers, build, optimizer="sgd")
    assert np.isfinite(runs.last("val_loss")).all() and not empty_cache
    other = functools.partial(keras.ops.leaky_relu, negative_slope=0.9)
    assert (
        train(numbers, net(lambda: layers.Dense(3, other)), optimizer="sgd").last("val_loss")
        != runs.last("val_loss")
    ).all()


def without_decay_of(name):
    """A function that makes an AdamW whose decay leaves out weights of this name."""

    def make():
        optimizer = optimizers.AdamW(0.01, weight_decay=1.0)
        optimizer.exclude_from_weight_decay(var_names=[name])
        return optimizer

    return make


def test_weights_left_out_of_the_decay_are_never_taken_for_others(numbers, empty_cache):
    """Keras's description of an optimizer does not tell them."""
    plain = train(numbers, net(), optimizer=optimizers.AdamW(0.01, weight_decay=1.0))
    found = {
        name: train(numbers, net(), optimizer=without_decay_of(name))
        for name in ("kernel", "bias", "none of this name")
    }
    assert len(empty_cache) == 1
    losses = {name: runs.last("val_loss") for name, runs in found.items()}
    for name in ("kernel", "bias"):
        assert (losses[name] != plain.last("val_loss")).all()
    assert (losses["kernel"] != losses["bias"]).all()
    np.testing.assert_allclose(losses["none of this name"], plain.last("val_loss"), rtol=1e-6)
    with pytest.raises(ValueError, match="excludes weights from its decay, .* give a function"):
        train(numbers, net(), optimizer=without_decay_of("bias")())


def test_weights_left_out_one_by_one_are_seen_too():
    model, optimizer = net()(), optimizers.AdamW(0.01)
    assert not engines.excludes_weights(optimizer)
    optimizer.exclude_from_weight_decay(var_list=[model.weights[1]])
    assert engines.excludes_weights(optimizer)


def test_a_redefined_layer_is_compiled_anew(numbers):
    def losses(factor):
        class Scale(layers.Layer):
            def call(self, x):
                return x * factor

        return train(numbers, net(Scale), runs=[0], epochs=1, optimizer="sgd").history["loss"]

    assert losses(1.0) != losses(0.5)


def test_the_engine_not_used_for_longest_leaves_the_cache(numbers, empty_cache, monkeypatch):
    monkeypatch.setattr(engines, "CACHE_SIZE", 2)
    asked = {"runs": [0], "epochs": 1, "batch_size": 70, "optimizer": "sgd"}
    first = train(numbers, net(), loss="mse", **asked)
    (oldest,) = empty_cache.values()
    train(numbers, net(), loss="mae", **asked)
    _, second = empty_cache.values()
    train(numbers, net(), loss="mse", **asked)  # now the other is the one used longest ago
    train(numbers, net(), loss="log_cosh", **asked)
    left, newest = empty_cache.values()
    assert left is oldest and newest not in (oldest, second)
    train(numbers, net(), loss="mae", **asked)
    assert oldest not in empty_cache.values() and newest in empty_cache.values()
    assert first.predict(numbers.x_valid).shape == (1, 20, 1)  # the runs hold what they need


def test_targets_as_a_column_and_as_a_row_have_an_engine_each(numbers, empty_cache):
    """Keras chooses its metrics by the shape of the targets; one engine for both failed."""
    parts = ("y_train", "y_valid", "y_test")
    column = changed(numbers, **{part: vars(numbers)[part][:, None] for part in parts})
    for metrics in ([], ["mae"]):
        first = train(column, net(), runs=[0], metrics=metrics)
        then = train(numbers, net(), runs=[0], metrics=metrics)
        again = train(column, net(), runs=[0], metrics=metrics)
        for name, curve in first.history.items():
            np.testing.assert_allclose(then.history[name], curve, rtol=1e-6)
            np.testing.assert_array_equal(again.history[name], curve)
    assert len(empty_cache) == 4


def test_each_epsilon_of_keras_s_has_an_engine(numbers, empty_cache):
    """Losses that divide have it built in."""

    def loss():
        return train(numbers, net(), runs=[0], loss="mape").history["loss"][0, 0]

    zeros = np.zeros_like(numbers.y_train)
    numbers, before = changed(numbers, y_train=zeros), keras.config.epsilon()
    first = loss()
    try:
        keras.config.set_epsilon(0.2)
        assert loss() < first / 1000
    finally:
        keras.config.set_epsilon(before)


# What predicting and threads do to an engine in the cache -----------------------------------------


def test_predicting_changes_no_model_in_the_cache(numbers, empty_cache):
    build = net(layers.BatchNormalization, lambda: layers.Dropout(0.5))
    runs = train(numbers, build, runs=range(2))
    (engine,) = empty_cache.values()
    state = *engine.model.variables, *engine.model.optimizer.variables
    before = [variable.numpy() for variable in state]
    first = runs[:1]  # not the run that the engine trained last
    outputs = first.predict(numbers.x_valid)
    first.accuracy(numbers.x_valid, numbers.y_valid > 0)
    first.test("loss")
    for variable, value in zip(state, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    both = runs.predict(numbers.x_valid)
    assert (both[0] != both[1]).any()
    np.testing.assert_array_equal(both[:1], outputs)


def test_threads_that_train_at_once_get_what_each_gets_alone(numbers, empty_cache):
    def fit(seed):
        return train(numbers, net(layers.BatchNormalization), runs=[seed, seed + 1], epochs=6)

    alone = {seed: fit(seed) for seed in range(0, 8, 2)}
    together = {}
    threads = [
        threading.Thread(target=lambda seed=seed: together.update({seed: fit(seed)}))
        for seed in alone
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(empty_cache) == 1 and together.keys() == alone.keys()
    for seed, runs in alone.items():
        np.testing.assert_array_equal(together[seed].history["val_loss"], runs.history["val_loss"])
        np.testing.assert_array_equal(
            together[seed].predict(numbers.x_valid), runs.predict(numbers.x_valid)
        )


# State of the world -------------------------------------------------------------------------------


def test_generators_of_the_reader_stay_as_they_were(numbers):
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the state that a reader may have
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    train(numbers, net(), runs=[0], epochs=1, batch_size=70, optimizer="sgd")
    after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert after == before
