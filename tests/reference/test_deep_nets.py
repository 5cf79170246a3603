"""Stacks of dense layers against Keras: how they begin, what passes there and what comes back."""

import keras
import numpy as np
import pytest

from helpers.nets.gradients import gradients
from helpers.reference import deep_nets

INPUTS, DEPTH, ROWS = 30, 4, 12


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    return generator.normal(size=(ROWS, INPUTS)).astype("float32"), generator.integers(0, 10, ROWS)


def kernels_for(start, seed=1):
    sizes = deep_nets.sizes(INPUTS, DEPTH)
    return deep_nets.initial(start, sizes, np.random.default_rng(seed))


def in_keras(kernels, activation):
    """The same net in Keras, with a variable of zeros that is added to the sums of each layer."""
    hidden = [keras.Variable(np.zeros((ROWS, deep_nets.UNITS), "float32")) for _ in kernels[:-1]]
    weights = [keras.Variable(kernel) for kernel in kernels]

    def scores(x):
        for kernel, shift in zip(weights, hidden, strict=False):
            x = keras.activations.get(activation)(keras.ops.matmul(x, kernel) + shift)
        return keras.ops.matmul(x, weights[-1])

    return scores, weights, hidden


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "elu", "selu"])
def test_gradients_are_those_of_keras(data, activation):
    x, labels = data
    kernels = kernels_for("He")
    scores, weights, hidden = in_keras(kernels, activation)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    _, found = gradients(lambda: loss(labels, scores(x)), [*hidden, *weights[:-1]])
    passed = deep_nets.forward(x, kernels, activation)
    arriving = deep_nets.backward(passed, kernels, activation, labels)
    for ours, theirs in zip(arriving, found[:DEPTH], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-7)
    relative = [
        np.linalg.norm(gradient) / np.linalg.norm(kernel)
        for gradient, kernel in zip(found[DEPTH:], kernels[:-1], strict=True)
    ]
    ours = deep_nets.relative_gradients(x, passed, arriving, kernels)
    np.testing.assert_allclose(ours, relative, rtol=1e-3)


def test_biases_and_skips(data):
    x, _ = data
    kernels = kernels_for("LeCun")
    biases = [np.full(deep_nets.UNITS, 0.5)] * DEPTH
    first, second, *_ = deep_nets.forward(x, kernels, "elu", biases, skip=True)
    np.testing.assert_allclose(first.sums, x @ kernels[0] + 0.5, rtol=1e-5)
    plain = np.where(second.sums > 0, second.sums, np.expm1(np.minimum(second.sums, 0)))
    np.testing.assert_allclose(second.outputs, plain + first.outputs, rtol=1e-5)


@pytest.mark.parametrize(
    ("start", "theirs"),
    [
        ("LeCun", keras.initializers.LecunNormal(seed=1)),
        ("He", keras.initializers.HeNormal(seed=1)),
        ("Glorot", keras.initializers.GlorotUniform(seed=1)),
        (0.05, keras.initializers.RandomNormal(seed=1)),
    ],
)
def test_weights_begin_as_in_keras(start, theirs):
    (ours,) = deep_nets.initial(start, [400, 300], np.random.default_rng(0))
    other = np.asarray(theirs((400, 300)))
    assert ours.dtype == other.dtype == np.float32
    np.testing.assert_allclose(ours.std(), other.std(), rtol=0.01)
    assert abs(ours.mean()) < 0.01 * ours.std()
    quantiles = np.linspace(0.01, 0.99, 9)
    spread = other.std()
    assert np.abs(np.quantile(ours, quantiles) - np.quantile(other, quantiles)).max() < spread / 20
    if start != 0.05:
        np.testing.assert_allclose(np.abs(ours).max(), np.abs(other).max(), rtol=0.01)


def test_an_unknown_start_is_named():
    with pytest.raises(KeyError, match="Xavier"):
        kernels_for("Xavier")


def test_what_is_dead():
    sums = np.array([[-1.0, -8.0, 0.5], [-2.0, -7.0, -3.0]])
    passed = [deep_nets.Passed(sums, sums)]
    assert deep_nets.dead_share(passed, "relu") == pytest.approx(2 / 3)
    assert deep_nets.dead_share(passed, "elu") == pytest.approx(1 / 3)


def test_tiny_numbers_have_a_size():
    assert deep_nets.rms(np.full(4, 1e-30, "float32")) == pytest.approx(1e-30)
