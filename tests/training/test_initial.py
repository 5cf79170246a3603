"""Runs begin as fresh models do: what the seed foretells is what building gives, bit for bit."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import initializers, layers
from keras.src.backend.common import global_state

from helpers.training import initial
from helpers.training.initial import initial_values, values_of
from helpers.training.seeding import KERAS_GENERATOR, seeded

SEEDS = [3, 7, 11, 12345]


def net(*stack) -> keras.Model:
    return keras.Sequential([keras.Input((6, 6, 2)), *stack, layers.Flatten(), layers.Dense(3)])


def random_layers():
    return net(
        layers.GaussianNoise(0.1),
        layers.Conv2D(4, 3, kernel_initializer="he_normal", activation="relu"),
        layers.Dropout(0.5),
        layers.BatchNormalization(),
    )


def every_initializer():
    kinds = (
        initializers.RandomNormal(stddev=0.1),
        initializers.TruncatedNormal(),
        initializers.RandomUniform(-1, 1),
        initializers.Orthogonal(),
        initializers.LecunUniform(),
        initializers.HeNormal(seed=5),
        initializers.Constant(0.5),
        "glorot_uniform",
    )
    dense = [layers.Dense(5, kernel_initializer=kind, bias_initializer=kind) for kind in kinds[:3]]
    return net(*dense, *[layers.Dense(5, kernel_initializer=kind) for kind in kinds[3:]])


def nested():
    inner = keras.Sequential([keras.Input((6, 6, 2)), layers.Dense(4), layers.Dropout(0.1)])
    return net(inner, layers.LayerNormalization())


@pytest.fixture
def builds(monkeypatch) -> list:
    """The seeds that models are built for."""
    seen = []

    def counted(build, seed):
        seen.append(seed)
        return seeded(build, seed)

    monkeypatch.setattr(initial, "seeded", counted)
    return seen


@pytest.mark.parametrize("build", [random_layers, every_initializer, nested])
def test_foretold_is_what_building_gives(build, builds):
    values = initial_values(build, seeded(build, SEEDS[0]), SEEDS)
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        for ours, theirs in zip(values(seed), values_of(build()), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert builds == SEEDS[1:2]  # one model more, to compare


def weights_of_ones_own():
    model = net(layers.Dense(2))
    generator = np.random.default_rng(len(model.layers))
    model.set_weights([generator.normal(size=values.shape) for values in model.get_weights()])
    return model


def shuffled_by_python():
    import random

    return net(layers.Dense(2 if random.random() < 2 else 3))


class Own(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=shape[-1:], initializer="uniform")

    def call(self, inputs):
        return inputs * self.scale


@pytest.mark.parametrize("build", [weights_of_ones_own, shuffled_by_python, lambda: net(Own())])
def test_weights_from_elsewhere_are_built_for_every_run(build, builds):
    values = initial_values(build, seeded(build, SEEDS[0]), SEEDS)
    for seed in SEEDS:
        for ours, theirs in zip(values(seed), values_of(seeded(build, seed)), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    again, *others = SEEDS  # the first once more, to see whether the seed decides
    assert builds == [others[0], again, *others[1:]]


def set_seed(seed):
    """As Keras does it; before 3.11 it does not forget the generator of `keras.random`."""
    keras.utils.set_random_seed(seed)
    global_state.set_global_attribute(KERAS_GENERATOR, None)


def drawn(draw):
    """A build whose weights `draw` makes, a function of a shape."""

    def build():
        model = net(layers.Dense(2))
        model.set_weights([np.asarray(draw(values.shape)) for values in model.get_weights()])
        return model

    return build


DRAWS = [
    lambda shape: np.random.normal(size=shape),  # noqa: NPY002 (the state that the seed decides)
    keras.random.normal,
    tf.random.normal,
]


@pytest.mark.parametrize("draw", DRAWS, ids=["numpy", "keras", "tensorflow"])
def test_the_seed_decides_whatever_draws(draw):
    build = drawn(draw)
    values = initial_values(build, seeded(build, SEEDS[0]), SEEDS)
    for seed in SEEDS:
        set_seed(seed)
        for ours, theirs in zip(values(seed), values_of(build()), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("draw", DRAWS, ids=["numpy", "keras", "tensorflow"])
def test_what_the_notebook_draws_next_stays_the_same(draw):
    set_seed(9)
    expected = [np.asarray(draw((4,))) for _ in range(2)]
    set_seed(9)
    found = [np.asarray(draw((4,)))]
    for seed in (9, 3):
        seeded(drawn(draw), seed)
    np.testing.assert_array_equal([*found, np.asarray(draw((4,)))], expected)


@pytest.mark.parametrize("seeds", [SEEDS, SEEDS[:1], SEEDS[:1] * 2], ids=len)
def test_a_build_that_no_seed_decides_is_refused(seeds):
    generator = np.random.default_rng(0)
    build = drawn(lambda shape: generator.normal(size=shape))
    with pytest.raises(ValueError, match="gives other weights each time"):
        initial_values(build, seeded(build, seeds[0]), seeds)


@pytest.mark.parametrize("draw", DRAWS, ids=["numpy", "keras", "tensorflow"])
def test_one_run_of_a_build_that_draws_is_granted(draw):
    build = drawn(draw)
    first = seeded(build, 3)
    for ours, theirs in zip(initial_values(build, first, [3])(3), values_of(first), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_one_run_builds_no_second_model(builds):
    first = seeded(random_layers, 3)
    expected = values_of(first)
    for ours, theirs in zip(initial_values(random_layers, first, [3])(3), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert builds == []


def test_the_same_model_twice_is_refused():
    model = random_layers()
    with pytest.raises(ValueError, match="a new model each time"):
        initial_values(lambda: model, model, [0, 1])
