"""Gradients in stacks of layers, compared with Keras's."""

import keras
import numpy as np
import pytest

from helpers.nets import gradients, models
from helpers.reference import normalized_nets


@pytest.mark.parametrize("normalized", [False, True])
def test_sizes_of_gradients_are_those_of_keras(normalized):
    generator = np.random.default_rng(0)
    x, labels = generator.normal(size=(16, 7)).astype("float32"), generator.integers(0, 3, 16)
    build = models.batch_normalized_mlp if normalized else models.mlp
    model = build(7, [5, 6, 5], 3, activation="tanh")
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1 * generator.normal(size=variable.shape))
    net = normalized_nets.from_keras(model.get_weights(), normalized=normalized)
    found = normalized_nets.gradient_sizes(net, "tanh", x, labels)

    kernels = [v for v in model.trainable_variables if v.name == "kernel"]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    _, by_kernel = gradients.gradients(lambda: loss(labels, model(x, training=True)), kernels)
    lengths = [
        np.linalg.norm(gradient) / np.linalg.norm(kernel)
        for gradient, kernel in zip(by_kernel, kernels, strict=True)
    ]
    np.testing.assert_allclose(found.weights, lengths[:-1], rtol=1e-4)

    def outputs_nudged(by):
        activations = [layer for layer in model.layers if "activation" in layer.name]
        after = activations if normalized else model.layers[:-1]
        start = model.layers.index(after[-1]) + 1
        values = x
        for layer in model.layers[:start]:
            values = layer(values, training=True)
        values = values + by.value
        for layer in model.layers[start:]:
            values = layer(values, training=True)
        return loss(labels, values)

    nudge = keras.Variable(np.zeros((16, 5), "float32"))
    _, (by_output,) = gradients.gradients(lambda: outputs_nudged(nudge), [nudge])
    assert found.outputs[-1] == pytest.approx(np.sqrt(np.mean(by_output**2)), rel=1e-4)


def test_initial_weights_have_the_variance_of_their_names():
    generator = np.random.default_rng(0)
    for start, variance in (("Glorot", 2 / 700), ("He", 2 / 400)):
        hidden, last = normalized_nets.initial(start, [400, 300, 2], generator, normalized=True)
        assert hidden.kernel.var() == pytest.approx(variance, rel=0.02)
        assert hidden.gamma is not None
        assert last.gamma is None
    with pytest.raises(KeyError):
        normalized_nets.initial("Xavier", [4, 3, 2], generator)
