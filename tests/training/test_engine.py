"""Compiled programs are kept and never taken for another's; training leaves the reader's world as it was."""

import random
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, optimizers, regularizers

from helpers.training import engine as engines, tensorflow_engine
from helpers.training.tensorflow_engine import as_tensor, engine_for
from helpers.training import Run, fit_runs


@pytest.fixture(scope="module")
def numbers():
    x = np.random.default_rng(0).normal(size=(90, 5)).astype("float32")
    y = np.sin(x.sum(axis=1))
    return SimpleNamespace(x_train=x[20:], y_train=y[20:], x_valid=x[:20], y_valid=y[:20])


def net(*middle, outputs=1, activation=None, **dense):
    """A function that builds a net of one hidden layer, with further layers behind it."""

    def build():
        behind = [make() for make in middle]
        hidden = layers.Dense(4, activation="tanh", **dense)
        return keras.Sequential(
            [keras.Input((5,)), hidden, *behind, layers.Dense(outputs, activation)]
        )

    return build


# Engines that are kept ----------------------------------------------------------------------------------------------


def tracings() -> int:
    programs = [
        each
        for kept in tensorflow_engine._engines.values()
        for each in (kept._train, kept._train_rest)
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
    def train(optimizer, seed):
        build = net(layers.BatchNormalization, kernel_initializer="he_normal")
        return fit_runs(
            build,
            numbers,
            runs=[Run(seed)],
            epochs=2,
            batch_size=16,
            optimizer=optimizer,
            loss="mse",
        )

    first = train(optimizers.Adam(0.01), 0)
    before, kept = tracings(), len(tensorflow_engine._engines)
    again, other = train(optimizers.Adam(0.01), 0), train(optimizers.Adam(0.1), 0)
    assert (tracings(), len(tensorflow_engine._engines)) == (before, kept)
    np.testing.assert_array_equal(first.history["val_loss"], again.history["val_loss"])
    assert (
        first.history["val_loss"] != other.history["val_loss"]
    ).all()  # the rate is the call's, not the engine's


def test_less_data_compiles_nothing_either(numbers):
    asked = {"epochs": 1, "batch_size": 16, "optimizer": "rmsprop", "loss": "mse"}
    fit_runs(net(), numbers, runs=[Run(0, np.arange(size)) for size in (70, 69, 40)], **asked)
    before = tracings()
    fit_runs(net(), numbers, runs=[Run(0, np.arange(size)) for size in (16, 32, 57, 68)], **asked)
    assert tracings() == before


def kept_for(build=None, optimizer="adam", loss="mse", metrics=()):
    """The engine for a net, without training anything."""
    model = (build or net())()
    example = tf.zeros((2, *model.input_shape[1:])), tf.zeros((2, *model.output_shape[1:]))
    asked = {"example": example, "momentum": False, "augment": None}
    return engine_for(model, optimizers.get(optimizer), loss, list(metrics), **asked)


def test_one_engine_for_equal_nets_only(monkeypatch):
    monkeypatch.setattr(tensorflow_engine, "_engines", {})
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
    engines = [kept_for(**each) for each in asked]
    assert len({id(engine) for engine in engines}) == len(asked)
    for engine, each in zip(engines, asked, strict=True):
        assert kept_for(**each) is engine
    assert (
        kept_for(loss=keras.losses.Huber(0.6)) not in engines
    )  # Keras describes it as it does the other Huber


def own_code():
    """Nets, losses and metrics that hold code of the reader's own, under names that Keras uses too."""

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
    assert kept_for(**asked) is not kept_for(**asked)


def test_a_redefined_layer_is_compiled_anew(numbers):
    def losses(factor):
        class Scale(layers.Layer):
            def call(self, x):
                return x * factor

        asked = {"runs": 1, "epochs": 1, "batch_size": 16, "optimizer": "sgd", "loss": "mse"}
        return fit_runs(net(Scale), numbers, **asked).history["loss"]

    assert losses(1.0) != losses(0.5)


def test_old_engines_make_room(numbers, monkeypatch):
    monkeypatch.setattr(tensorflow_engine, "KEPT_ENGINES", 1)
    monkeypatch.setattr(tensorflow_engine, "_engines", {})
    asked = {"runs": 1, "epochs": 1, "batch_size": 70, "optimizer": "sgd"}
    first = fit_runs(net(), numbers, loss="mse", **asked)
    fit_runs(net(), numbers, loss="mae", **asked)
    assert len(tensorflow_engine._engines) == 1
    assert first.predict(numbers.x_valid).shape == (1, 20, 1)  # the runs keep what they need


# State of the world -------------------------------------------------------------------------------------------------


def test_generators_of_the_reader_stay_as_they_were(numbers):
    random.seed(1)
    np.random.seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist()
    fit_runs(net(), numbers, runs=1, epochs=1, batch_size=70, optimizer="sgd", loss="mse")
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def aligned(array, offset: int):
    """The array in memory that begins `offset` bytes behind a multiple of 64."""
    buffer = np.empty(array.nbytes + 128, np.uint8)
    start = -buffer.ctypes.data % 64 + offset
    copy = buffer[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@pytest.mark.parametrize("kind", ["uint8", "int64", "float32", "float64", "bool"])
def test_tensors_share_memory_where_tensorflow_can(kind):
    array = np.arange(240).reshape(-1, 4).astype(kind)
    shared, copied = aligned(array, 0), aligned(array, 16)
    tensors = as_tensor(shared), as_tensor(copied)
    for tensor in tensors:
        np.testing.assert_array_equal(tensor, array)
    if not tf.config.list_physical_devices("GPU"):
        shared[0], copied[0] = 1, 1
        assert tensors[0].numpy()[0, 0] == 1 and tensors[1].numpy()[0, 0] == 0


@pytest.mark.parametrize(
    "awkward", [np.zeros((0, 3)), np.arange(6).reshape(2, 3).T, np.broadcast_to(1.0, (4, 2))]
)
def test_tensors_of_awkward_arrays(awkward):
    np.testing.assert_array_equal(as_tensor(awkward), awkward)
