"""Weights as one vector: where that changes no number, and only there."""

from collections import OrderedDict

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import constraints, layers, optimizers

from helpers.training import engine, flat, tensorflow_engine
from helpers.training.flat import Flat, Separate, weights_for
from tests.conftest import split_of
from tests.training.small import train


def net(*stack):
    return keras.Sequential([keras.Input((4,)), layers.Dense(3), *stack, layers.Dense(2)])


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(momentum=0.9),
        optimizers.Adam(),
        optimizers.AdamW(),
        optimizers.Nadam(clipvalue=1.0),
        optimizers.Adamax(),
        optimizers.Lion(),
    ],
    ids=lambda optimizer: optimizer.name,
)
def test_flat(optimizer):
    weights = weights_for(net(layers.BatchNormalization()), optimizer)
    assert isinstance(weights, Flat)
    assert [tuple(variable.shape) for variable in weights.updated] == [(4 * 3 + 3 + 6 + 3 * 2 + 2,)]


class Own(optimizers.SGD):
    """It might look at other weights."""


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.RMSprop(),
        optimizers.Adagrad(),
        optimizers.Adadelta(),
        optimizers.Lamb(),
        optimizers.SGD(clipnorm=1.0),
        optimizers.Adam(global_clipnorm=1.0),
        optimizers.Adam(use_ema=True),
        Own(),
    ],
    ids=lambda optimizer: optimizer.name,
)
def test_separate(optimizer):
    model = net()
    weights = weights_for(model, optimizer)
    assert isinstance(weights, Separate)
    assert list(map(id, weights.updated)) == list(map(id, model.trainable_variables))


def test_weights_left_out_of_the_decay_stay_separate():
    optimizer = optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert isinstance(weights_for(net(), optimizer), Separate)


@pytest.mark.parametrize(
    "model",
    [
        net(layers.Dense(3, kernel_constraint=constraints.MaxNorm(1.0))),
        keras.Sequential([keras.Input((4,)), layers.Embedding(10, 2), layers.Dense(2)]),
        keras.Sequential([keras.Input((4,)), layers.Embedding(10, 2)]),
    ],
    ids=["constraint", "embedding", "only an embedding"],
)
def test_a_constraint_or_an_embedding_stays_separate(model):
    assert isinstance(weights_for(model, optimizers.SGD()), Separate)


def test_there_and_back():
    model = net()
    before = model.get_weights()
    weights = Flat(model.trainable_variables)
    weights.begin()
    vector = np.concatenate([values.ravel() for values in before])
    np.testing.assert_array_equal(weights.updated[0].numpy(), vector)
    for ours, theirs in zip(weights.values(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    weights.updated[0].assign(tf.range(float(len(vector))))
    weights.end()
    np.testing.assert_array_equal(
        np.concatenate([values.ravel() for values in model.get_weights()]), np.arange(len(vector))
    )


def test_a_large_weight_stays_apart_from_the_vector_of_the_small_ones():
    model = keras.Sequential([keras.Input((100,)), layers.Dense(60), layers.Dense(2)])
    weights = weights_for(model, optimizers.Adam())
    large = model.trainable_variables[0]
    assert [tuple(variable.shape) for variable in weights.updated] == [
        (60 + 60 * 2 + 2,),
        (100, 60),
    ]
    weights.begin()
    for ours, theirs in zip(weights.values(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    large.assign(np.ones((100, 60)))
    weights.updated[0].assign(tf.range(182.0))
    weights.end()
    kernel, bias, last, _ = model.get_weights()
    np.testing.assert_array_equal(kernel, 1)
    np.testing.assert_array_equal(np.concatenate([bias, last.ravel()]), np.arange(180))


def test_large_weights_alone_stay_separate():
    model = keras.Sequential([keras.Input((100,)), layers.Dense(60, use_bias=False)])
    assert isinstance(weights_for(model, optimizers.Adam()), Separate)


def test_weights_apart_and_together_train_alike_to_the_last_bit(monkeypatch):
    monkeypatch.setattr(tensorflow_engine, "wants_xla", lambda *_: False)
    split = split_of(np.random.default_rng(0).normal(size=(64, 5)), np.arange(64) % 3)
    build = lambda: keras.Sequential([keras.Input((5,)), layers.Dense(40), layers.Dense(1)])
    together = train(split, build)
    monkeypatch.setattr(flat, "LARGE", 100)  # the first kernel has 200 numbers
    monkeypatch.setattr(engine, "_cache", OrderedDict())
    apart = train(split, build)
    for ours, theirs in zip(together.weights, apart.weights, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
