"""Gradients against closed forms, on the backend that runs the tests and on JAX in a process of its own."""

import importlib.util

import keras
import numpy as np
import pytest
from keras import layers, ops

from helpers.nets import models
from helpers.nets.gradients import compiled_gradients, gradients
from helpers.runtime import with_jax

X = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
Y = (X @ [1.0, -2.0, 0.5] + 1)[:, None].astype("float32")


def test_gradient_of_least_squares_by_its_weights():
    model = models.mlp(3, [])
    kernel, bias = model.get_weights()
    error = X @ kernel + bias - Y
    value, (by_kernel, by_bias) = gradients(
        lambda: keras.losses.MeanSquaredError()(Y, model(X)), model.trainable_variables
    )
    assert value == pytest.approx(np.mean(error**2), rel=1e-5)
    np.testing.assert_allclose(by_kernel, 2 * X.T @ error / 60, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(by_bias, 2 * error.mean(axis=0), rtol=1e-4, atol=1e-5)


def test_gradient_by_an_array():
    model, inputs = models.mlp(3, []), keras.Variable(X)
    _, (by_inputs,) = gradients(lambda: ops.sum(model(inputs.value)), [inputs])
    np.testing.assert_allclose(by_inputs, np.tile(model.get_weights()[0].T, (60, 1)), rtol=1e-5)


def test_a_variable_without_influence_has_gradient_zero():
    used, idle = keras.Variable(2.0), keras.Variable(np.ones(3))
    value, (by_used, by_idle) = gradients(lambda: used.value**2, [used, idle])
    assert (value, by_used, by_idle.tolist()) == (4.0, 4.0, [0.0, 0.0, 0.0])


def test_moving_averages_move_once():
    layer = layers.BatchNormalization(momentum=0.9)
    layer.build(X.shape)
    gradients(lambda: ops.sum(layer(X, training=True)), layer.trainable_variables)
    np.testing.assert_allclose(
        layer.moving_mean.numpy(), 0.1 * X.mean(axis=0), rtol=1e-4, atol=1e-6
    )


def test_value_and_gradient_see_the_same_random_numbers():
    layer, scale = layers.Dropout(0.5, seed=1), keras.Variable(2.0)
    value, (by_scale,) = gradients(lambda: scale.value * ops.sum(layer(X, training=True)), [scale])
    assert value == pytest.approx(2 * by_scale, rel=1e-5)
    again, _ = gradients(lambda: scale.value * ops.sum(layer(X, training=True)), [scale])
    assert again != value


def test_compiled_gradients_are_those_of_the_present_values():
    model = models.mlp(3, [4], activation="tanh")
    compiled = compiled_gradients(lambda: ops.mean(model(X) ** 2), model.trainable_variables)
    for scale in (1.0, 2.0):
        model.set_weights([scale * weight for weight in model.get_weights()])
        _, expected = gradients(lambda: ops.mean(model(X) ** 2), model.trainable_variables)
        for ours, theirs in zip(compiled(), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_other_variables_are_refused():
    with pytest.raises(TypeError, match="keras.Variable, not by ndarray"):
        gradients(lambda: 0.0, [X])


WITH_JAX = [
    "tests/test_gradients.py",
    pytest.param("tests/test_curvature.py", marks=pytest.mark.slow),
]


@pytest.mark.skipif(
    with_jax() or not importlib.util.find_spec("jax"), reason="pip install -r requirements-jax.txt"
)
@pytest.mark.parametrize("tests", WITH_JAX)
def test_the_same_with_jax(tests):
    from tests import test_jax_engine  # only here: the tests that JAX runs need none of it

    test_jax_engine.with_jax(
        "pytest", "-q", "-p", "no:cacheprovider", "-W", test_jax_engine.OF_KERAS, tests
    )
