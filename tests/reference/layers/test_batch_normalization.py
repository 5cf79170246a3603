"""Batch normalization in NumPy against Keras, its gradients, and finite differences; the block of
`models`.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import approx_fprime

from helpers.nets import models
from helpers.reference import layers


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.fixture
def layer(generator):
    layer = keras.layers.BatchNormalization()
    layer.build((None, 3))
    gamma, beta, mean = generator.normal(size=(3, 3))
    layer.set_weights([gamma, beta, mean, generator.uniform(0.5, 2, 3)])
    return layer


def float32(generator, *shape):
    return (generator.normal(size=shape) * [1, 5, 0.1] + [0, 3, -2]).astype(np.float32)


def test_training_is_that_of_keras(layer, generator):
    x, weight = float32(generator, 8, 3), generator.normal(size=(8, 3)).astype(np.float32)
    gamma, beta, mean, variance = layer.get_weights()
    watched = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = layer(watched, training=True)
        loss = tf.reduce_sum(outputs * weight)
    expected = tape.gradient(loss, [watched, layer.gamma, layer.beta])
    ours, cache = layers.batch_normalization(x, gamma, beta)
    np.testing.assert_allclose(ours, outputs, rtol=1e-4, atol=1e-5)
    for mine, theirs in zip(
        layers.batch_normalization_backward(weight, gamma, cache), expected, strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)
    for mine, theirs in zip(
        layers.moving_averages(mean, variance, cache), layer.get_weights()[2:], strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_inference_is_that_of_keras(layer, generator):
    x = float32(generator, 8, 3)
    ours = layers.batch_normalization_inference(x, *layer.get_weights())
    np.testing.assert_allclose(ours, layer(x, training=False), rtol=1e-4, atol=1e-5)


def test_gradients_are_those_of_finite_differences(generator):
    x, weight = generator.normal(size=(7, 3)) * 2, generator.normal(size=(7, 3))
    gamma, beta = generator.normal(size=(2, 3))

    def loss(flat):
        parts = np.split(flat, [21, 24])
        return (
            layers.batch_normalization(parts[0].reshape(7, 3), parts[1], parts[2])[0] * weight
        ).sum()

    _, cache = layers.batch_normalization(x, gamma, beta)
    found = layers.batch_normalization_backward(weight, gamma, cache)
    numeric = approx_fprime(np.concatenate([x.ravel(), gamma, beta]), loss, 1e-7)
    np.testing.assert_allclose(np.concatenate([part.ravel() for part in found]), numeric, atol=1e-5)


def test_a_batch_of_one_is_forgotten(generator):
    x = generator.normal(size=(1, 3))
    outputs, cache = layers.batch_normalization(x, np.ones(3), np.full(3, 0.5))
    np.testing.assert_allclose(outputs, 0.5)
    np.testing.assert_allclose(
        layers.batch_normalization_backward(np.ones((1, 3)), np.ones(3), cache)[0], 0
    )


def test_folding_changes_nothing(layer, generator):
    x, kernel, bias = (
        float32(generator, 8, 3),
        generator.normal(size=(3, 3)),
        generator.normal(size=3),
    )
    expected = layers.batch_normalization_inference(
        layers.dense(x, kernel, bias), *layer.get_weights()
    )
    folded = layers.fold(kernel, bias, *layer.get_weights())
    np.testing.assert_allclose(layers.dense(x, *folded), expected, rtol=1e-5)


def test_the_net_of_the_notes_is_built():
    model = models.batch_normalized_mlp(
        (32, 32, 3),
        [100] * 20,
        10,
        activation="elu",
        output_activation="softmax",
        normalize_inputs=True,
        kernel_initializer="he_normal",
    )
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [
        "Flatten",
        "BatchNormalization",
        *["Dense", "BatchNormalization", "Activation"] * 20,
        "Dense",
    ]
    assert model.count_params() == 4 * 3072 + 3072 * 100 + 19 * 100 * 100 + 20 * 400 + 1010
    plain = models.batch_normalized_mlp(4, [3])
    assert [type(layer).__name__ for layer in plain.layers] == [
        "Dense",
        "BatchNormalization",
        "Activation",
        "Dense",
    ]
