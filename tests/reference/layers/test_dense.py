"""Dense layers and activations in NumPy against Keras, its gradients, and finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import approx_fprime

from helpers.reference import layers

Z = np.concatenate([np.linspace(-6, 6, 41), [-50.0, 0.0, 50.0]])
every_activation = pytest.mark.parametrize("name", layers.ACTIVATIONS)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_the_dense_layer_is_that_of_keras(generator):
    layer = keras.layers.Dense(3)
    x = generator.normal(size=(5, 4)).astype(np.float32)
    weight = generator.normal(size=(5, 3)).astype(np.float32)
    watched = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = layer(watched)
        loss = tf.reduce_sum(outputs * weight)
    expected = tape.gradient(loss, [watched, layer.kernel, layer.bias])
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(layers.dense(x, kernel, bias), outputs, rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(layers.dense_backward(weight, x, kernel), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@every_activation
def test_an_activation_is_that_of_keras(name):
    ours, theirs = layers.ACTIVATIONS[name], keras.activations.get(name)
    z = tf.constant(Z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        value = theirs(z)
    np.testing.assert_allclose(ours.value(Z), value, rtol=1e-6, atol=1e-9)
    slope, away_from_zero = (
        tape.gradient(value, z).numpy(),
        Z != 0,
    )  # at the kink of a function there are two slopes
    np.testing.assert_allclose(
        ours.slope(Z)[away_from_zero], slope[away_from_zero], rtol=1e-6, atol=1e-9
    )


@every_activation
def test_a_slope_is_the_slope_of_the_value(name):
    value, slope = layers.ACTIVATIONS[name]
    z = np.linspace(-3.03, 3, 60)
    np.testing.assert_allclose(slope(z), (value(z + 1e-6) - value(z - 1e-6)) / 2e-6, atol=1e-6)


def test_large_pre_activations_do_not_overflow():
    with np.errstate(all="raise", under="ignore"):
        for value, slope in layers.ACTIVATIONS.values():
            assert (
                np.isfinite(value(np.array([-1e3, 1e3]))).all()
                and np.isfinite(slope(np.array([-1e3, 1e3]))).all()
            )


def test_the_loss_is_that_of_keras_and_its_gradient_that_of_finite_differences(generator):
    z, labels = generator.normal(size=(6, 4)) * 3, np.array([0, 1, 2, 3, 3, 0])
    loss, gradient = layers.softmax_cross_entropy(z, labels)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, z)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    numeric = approx_fprime(
        z.ravel(), lambda at: layers.softmax_cross_entropy(at.reshape(z.shape), labels)[0], 1e-7
    )
    np.testing.assert_allclose(gradient.ravel(), numeric, atol=1e-6)
