"""Gradients against closed forms, on the backend of the tests and on JAX in its own process."""

import importlib.util

import keras
import numpy as np
import pytest
from keras import layers, ops

from helpers.nets import models
from helpers.nets.gradients import compiled_gradients, gradients
from helpers.runtime import with_jax
from tests.conftest import check_with_jax


def test_gradient_of_least_squares_by_its_weights(line):
    x, y = line
    model = models.mlp(3, [])
    kernel, bias = model.get_weights()
    error = x @ kernel + bias - y
    value, (by_kernel, by_bias) = gradients(
        lambda: keras.losses.MeanSquaredError()(y, model(x)), model.trainable_variables
    )
    assert value == pytest.approx(np.mean(error**2), rel=1e-5)
    np.testing.assert_allclose(by_kernel, 2 * x.T @ error / 60, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(by_bias, 2 * error.mean(axis=0), rtol=1e-4, atol=1e-5)


def test_gradient_by_an_array(line):
    x, _ = line
    model, inputs = models.mlp(3, []), keras.Variable(x)
    _, (by_inputs,) = gradients(lambda: ops.sum(model(inputs.value)), [inputs])
    np.testing.assert_allclose(by_inputs, np.tile(model.get_weights()[0].T, (60, 1)), rtol=1e-5)


def test_a_variable_without_influence_has_gradient_zero():
    used, idle = keras.Variable(2.0), keras.Variable(np.ones(3))
    value, (by_used, by_idle) = gradients(lambda: used.value**2, [used, idle])
    assert (value, by_used, by_idle.tolist()) == (4.0, 4.0, [0.0, 0.0, 0.0])


def test_moving_averages_move_once(line):
    x, _ = line
    layer = layers.BatchNormalization(momentum=0.9)
    layer.build(x.shape)
    gradients(lambda: ops.sum(layer(x, training=True)), layer.trainable_variables)
    np.testing.assert_allclose(
        layer.moving_mean.numpy(), 0.1 * x.mean(axis=0), rtol=1e-4, atol=1e-6
    )


def test_value_and_gradient_see_the_same_random_numbers(line):
    x, _ = line
    layer, scale = layers.Dropout(0.5, seed=1), keras.Variable(2.0)
    value, (by_scale,) = gradients(lambda: scale.value * ops.sum(layer(x, training=True)), [scale])
    assert value == pytest.approx(2 * by_scale, rel=1e-5)
    again, _ = gradients(lambda: scale.value * ops.sum(layer(x, training=True)), [scale])
    assert again != value


def test_compiled_gradients_are_those_of_the_present_values(line):
    x, _ = line
    model = models.mlp(3, [4], activation="tanh")
    compiled = compiled_gradients(lambda: ops.mean(model(x) ** 2), model.trainable_variables)
    for scale in (1.0, 2.0):
        model.set_weights([scale * weight for weight in model.get_weights()])
        _, expected = gradients(lambda: ops.mean(model(x) ** 2), model.trainable_variables)
        for ours, theirs in zip(compiled(), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_other_variables_are_refused(line):
    x, _ = line
    with pytest.raises(TypeError, match="keras.Variable, not by ndarray"):
        gradients(lambda: 0.0, [x])


WITH_JAX = [
    "tests/nets/test_gradients.py",
    pytest.param("tests/nets/test_curvature.py", marks=pytest.mark.slow),
]


@pytest.mark.skipif(
    with_jax() or not importlib.util.find_spec("jax"), reason="pip install -r requirements-jax.txt"
)
@pytest.mark.parametrize("tests", WITH_JAX)
def test_the_same_with_jax(tests):
    check_with_jax(tests)
