"""The JAX engine where the backend is JAX: stacked runs against `model.fit`.
tests/training/test_jax_engine.py runs these.
"""

from itertools import chain

import jax
import keras
import numpy as np
import pytest
from keras import layers

from helpers.nets import augmentation
from helpers.training import Recipe, Run, checks, devices, jax_engine, loop
from helpers.training import engine as engines
from tests.conftest import images_split, numbers_split
from tests.training.engine_cases import BATCH_SIZE, EPOCHS, net, train

ORDER = np.random.default_rng(8).permutation(70)


def fitted(build, split, seed: int, **compiled) -> list[np.ndarray]:
    """Weights after Keras's own training on the minibatches of `Run(seed, order=ORDER)`."""
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(**compiled)
    asked = {"batch_size": BATCH_SIZE, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
    model.fit(split.x_train[ORDER], split.y_train[ORDER], **asked)
    return model.get_weights()


NETS = {
    "dense": net(),
    "dropout": net(lambda: layers.Dropout(0.3)),
    "noise": net(lambda: layers.GaussianNoise(0.1)),
    "alpha dropout": net(lambda: layers.AlphaDropout(0.2)),
    "batch norm": net(layers.BatchNormalization),
}


@pytest.mark.parametrize("name", NETS)
def test_stacked_runs_are_those_of_fit(name):
    asked = {"optimizer": "adam", "loss": "mse"}
    runs = train(
        NETS[name], numbers_split(), runs=[Run(seed, order=ORDER) for seed in (3, 4)], **asked
    )
    for seed, weights in zip((3, 4), runs.weights, strict=True):
        for ours, theirs in zip(
            weights, fitted(NETS[name], numbers_split(), seed, **asked), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("stack", [True, False])
def test_convolutions_stacked_and_one_by_one(stack, monkeypatch):
    monkeypatch.setattr(jax_engine, "wants_stack", lambda model: stack)
    middle = lambda: layers.Rescaling(1 / 255), lambda: layers.Conv2D(4, 3)
    build = net(*middle, outputs=3, activation="softmax", shape=(6, 6, 3))
    asked = {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy"}
    runs = train(build, images_split(), runs=[Run(seed, order=ORDER) for seed in (3, 4)], **asked)
    for ours, theirs in zip(
        runs.weights[1], fitted(build, images_split(), 4, **asked), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_convolutions_are_stacked_where_that_is_faster(monkeypatch):
    convolution = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3)])
    assert jax_engine.wants_stack(net()()) and not jax_engine.wants_stack(convolution)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert jax_engine.wants_stack(convolution)


def test_a_run_does_not_depend_on_those_beside_it():
    three, one = train(net(), numbers_split()), train(net(), numbers_split(), runs=[Run(2)])
    np.testing.assert_allclose(three.history["val_loss"][2], one.history["val_loss"][0], rtol=1e-5)


def test_a_run_is_the_same_bit_for_bit_on_any_number_of_cores(monkeypatch):
    split = numbers_split()
    asked = [Run(seed, targets=split.y_train[::-1] if seed == 1 else None) for seed in range(5)]
    found = {}
    for cores in (1, 2, 8):
        monkeypatch.setattr(devices, "CORES", cores)
        runs = train(net(), split, runs=asked, optimizer="adam", metrics=["mae"])
        found[cores] = [*runs.history.values(), *runs.step_losses, *chain(*runs.weights)]
    for cores in (2, 8):
        for ours, alone in zip(found[cores], found[1], strict=True):
            np.testing.assert_array_equal(ours, alone)


@pytest.mark.parametrize("together", [True, False])
def test_predictions_of_all_runs_are_those_of_each_net(together, monkeypatch):
    monkeypatch.setattr(jax_engine, "EVALUATION_ROWS", 16)
    size = (lambda runs, device: runs) if together else devices.prediction_size
    monkeypatch.setattr(jax_engine, "prediction_size", size)
    build, split = net(layers.BatchNormalization, lambda: layers.Dropout(0.3)), numbers_split()
    runs = train(build, split)
    model = build()
    for weights, outputs in zip(runs.weights, runs.predict(split.x_train), strict=True):
        model.set_weights(weights)
        np.testing.assert_allclose(outputs, model(split.x_train), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("activation", "loss", "warned"),
    [
        ("softmax", "sparse_categorical_crossentropy", 1),
        ("softmax", keras.losses.SparseCategoricalCrossentropy(), 1),
        (None, keras.losses.SparseCategoricalCrossentropy(from_logits=True), 0),
        ("softmax", keras.losses.SparseCategoricalCrossentropy(from_logits=True), 0),
        ("sigmoid", "mse", 0),
    ],
)
def test_probabilities_that_can_saturate_are_warned_of_once(activation, loss, warned, recwarn):
    checks._warn_of_saturation.cache_clear()
    split = images_split() if loss != "mse" else numbers_split()
    build = net(
        outputs=1 if loss == "mse" else 3, activation=activation, shape=split.x_train.shape[1:]
    )
    for _ in range(2):
        train(build, split, loss=loss, epochs=1)
    told = [str(one.message) for one in recwarn if "from_logits=True" in str(one.message)]
    assert len(told) == warned


def test_a_sigmoid_in_a_net_within_the_net_can_saturate_too(recwarn):
    checks._warn_of_saturation.cache_clear()
    ends = keras.Sequential([layers.Dense(1, activation="sigmoid")])
    checks.warn_of_saturation(keras.Sequential([keras.Input((5,)), ends]), "binary_crossentropy")
    assert len(recwarn) == 1


def test_a_second_call_compiles_nothing(monkeypatch):
    monkeypatch.setattr(engines, "_cache", type(engines._cache)())
    train(net(), numbers_split())
    (engine,) = engines._cache.values()
    programs = engine._train_steps, engine._train_step, engine._evaluate
    before = [program._cache_size() for program in programs]
    train(net(), numbers_split(), runs=[Run(7), Run(8), Run(9)])
    assert [program._cache_size() for program in programs] == before == [1, 1, 1]


def test_an_interrupt_returns_the_runs_that_have_stopped(monkeypatch):
    left = iter(range(3))

    def impatient(bar, steps=1):
        if next(left, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop.tqdm, "update", impatient)
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=0)
    runs = [Run(0, learning_rate=1.0), Run(1, learning_rate=1e-3)]
    found = train(net(), numbers_split(), runs=runs, epochs=9, early_stopping=stopper)
    assert found.partial and len(found) == 1 and found.epochs[0] < 4


@pytest.mark.parametrize(
    "change",
    [
        augmentation.shifts(1),
        augmentation.rotations(20),
        augmentation.flips(),
        augmentation.noise(0.1),
    ],
)
def test_augmentation_differs_by_run_and_step_and_repeats(change):
    build = net(layers.Flatten, outputs=3, activation="softmax", shape=(6, 6, 3))
    still = {"order": np.arange(70), "learning_rate": 0.0}
    split = images_split()
    recipe = Recipe(
        build,
        loss="sparse_categorical_crossentropy",
        optimizer="sgd",
        epochs=3,
        batch_size=70,
        augment=change,
    )
    runs = recipe.fit(split, [Run(0, **still), Run(0, **still), Run(1, **still)])
    np.testing.assert_array_equal(runs.history["loss"][0], runs.history["loss"][1])
    assert (
        len(set(runs.history["loss"][0])) == 3
        and runs.history["loss"][0, 0] != runs.history["loss"][2, 0]
    )


def test_an_augmentation_of_tensorflows_is_refused_at_once(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(jax_engine.JaxEngine, "train_epoch", lambda *_: pytest.fail("trained"))
    with pytest.raises(ValueError, match="keras.ops"):
        train(net(), numbers_split(), augment=lambda x, y, seed: (tf.cast(x, tf.float32), y))
