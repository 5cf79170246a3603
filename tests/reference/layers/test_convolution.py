"""Convolution in NumPy against Keras and its gradients over a grid of shapes, and against finite
differences.
"""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import approx_fprime

from helpers.reference import layers

KERAS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
SIZES = {1: (9,), 2: (7, 6), 3: (5, 6, 4)}
KERNELS = {1: [(1,), (2,), (3,)], 2: [(1, 1), (3, 2), (2, 3)], 3: [(2, 2, 2), (3, 1, 2)]}
STEPS = [(1, 1), (2, 1), (3, 1), (1, 2)]  # stride and dilation; Keras refuses both at once
GRID = [
    (dimensions, kernel, stride, dilation, padding)
    for dimensions in KERAS
    for kernel, (stride, dilation), padding in itertools.product(
        KERNELS[dimensions], STEPS, ("valid", "same")
    )
    if padding == "same"
    or all((k - 1) * dilation < n for k, n in zip(kernel, SIZES[dimensions], strict=True))
]


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def compare(layer, x, generator, **options):
    """Outputs and gradients of our convolution and of a Keras layer with the same weights are equal
    within 1e-5.
    """
    watched = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = layer(watched)
        weight = generator.normal(size=outputs.shape).astype(np.float32)
        loss = tf.reduce_sum(outputs * weight)
    expected = tape.gradient(loss, [watched, layer.kernel, layer.bias])
    kernel, bias = layer.get_weights()
    close = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(layers.convolution(x, kernel, bias, **options), outputs, **close)
    for ours, theirs in zip(
        layers.convolution_backward(weight, x, kernel, **options), expected, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, **close)


@pytest.mark.parametrize(("dimensions", "kernel", "stride", "dilation", "padding"), GRID)
def test_it_is_that_of_keras(dimensions, kernel, stride, dilation, padding, generator):
    x = generator.normal(size=(2, *SIZES[dimensions], 3)).astype(np.float32)
    layer = KERAS[dimensions](
        4,
        kernel,
        strides=stride,
        dilation_rate=dilation,
        padding=padding,
        bias_initializer="normal",
    )
    compare(layer, x, generator, stride=stride, dilation=dilation, padding=padding)


@pytest.mark.parametrize(("groups", "filters"), [(1, 2), (2, 2), (2, 6), (4, 4), (4, 8)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_groups_are_those_of_keras(groups, filters, padding, generator):
    x = generator.normal(size=(2, 6, 5, 4)).astype(np.float32)
    layer = keras.layers.Conv2D(
        filters, 3, padding=padding, groups=groups, bias_initializer="normal"
    )
    compare(layer, x, generator, padding=padding, groups=groups)


def test_one_step_for_each_dimension(generator):
    x = generator.normal(size=(2, 9, 7, 2)).astype(np.float32)
    layer = keras.layers.Conv2D(3, (3, 2), dilation_rate=(2, 3))
    compare(layer, x, generator, dilation=(2, 3))


@pytest.mark.parametrize(
    ("shape", "kernel", "options"),
    [
        ((2, 8, 2), (3, 1, 4), {"stride": 2, "dilation": 2, "padding": "same", "groups": 2}),
        ((1, 5, 6, 2), (2, 3, 2, 2), {"stride": (2, 1), "dilation": (1, 2)}),
        ((1, 3, 4, 3, 4), (2, 2, 2, 2, 2), {"stride": 2, "padding": "same", "groups": 2}),
    ],
)
def test_gradients_are_finite_differences(shape, kernel, options, generator):
    x, kernel = generator.normal(size=shape), generator.normal(size=kernel)
    weight = generator.normal(size=layers.convolution(x, kernel, **options).shape)

    def loss_of_x(values):
        return np.sum(weight * layers.convolution(values.reshape(x.shape), kernel, **options))

    def loss_of_kernel(values):
        return np.sum(weight * layers.convolution(x, values.reshape(kernel.shape), **options))

    by_x, by_kernel, _ = layers.convolution_backward(weight, x, kernel, **options)
    np.testing.assert_allclose(
        by_x.ravel(), approx_fprime(x.ravel(), loss_of_x), rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(
        by_kernel.ravel(), approx_fprime(kernel.ravel(), loss_of_kernel), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_output_size_is_that_of_keras(padding):
    for size, kernel, stride, dilation in itertools.product(
        range(1, 12), range(1, 6), range(1, 4), range(1, 4)
    ):
        if (stride > 1 and dilation > 1) or (
            padding == "valid" and (kernel - 1) * dilation >= size
        ):
            continue
        layer = keras.layers.Conv1D(
            1, kernel, strides=stride, dilation_rate=dilation, padding=padding
        )
        expected = layer.compute_output_shape((1, size, 1))[1]
        assert (
            layers.output_size(size, kernel, stride=stride, padding=padding, dilation=dilation)
            == expected
        )


@pytest.mark.parametrize(
    ("shape", "kernel", "options", "message"),
    [
        ((1, 5, 2), (3, 3, 2, 1), {}, "as many sizes"),
        ((1, 5, 2), (3, 4, 1), {}, "2 channels"),
        ((1, 5, 4), (3, 2, 3), {"groups": 2}, "3 filters"),
        ((1, 5, 2), (6, 2, 1), {}, "covers 6 values"),
        ((1, 5, 2), (3, 2, 1), {"dilation": 3}, "covers 7 values"),
        ((1, 5, 2), (3, 2, 1), {"padding": "full"}, "'full'"),
        ((1, 5, 2), (3, 2, 1), {"stride": 0}, "at least 1"),
        ((1, 5, 2), (3, 2, 1), {"stride": (1, 2)}, "one for each of 1 dimensions"),
    ],
)
def test_what_does_not_fit_is_named(shape, kernel, options, message):
    with pytest.raises(ValueError, match=message):
        layers.convolution(np.ones(shape), np.ones(kernel), **options)


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="the outputs have"):
        layers.convolution_backward(np.ones((1, 5, 1)), np.ones((1, 5, 2)), np.ones((3, 2, 1)))


@pytest.mark.parametrize("length", [1, 2, 5])
def test_correlating_one_signal_is_numpy_s_correlation_and_the_layer_s(generator, length):
    signal, kernel = generator.normal(size=9), generator.normal(size=length)
    found = layers.correlate(signal, kernel)
    assert found == pytest.approx(np.correlate(signal, kernel, mode="valid"), rel=1e-12)
    outputs = layers.convolution(signal[None, :, None], kernel[:, None, None])
    assert found == pytest.approx(outputs[0, :, 0], rel=1e-12)
