"""The mean over passes with dropout: on a stand-in for a net, and on a net of Keras."""

import keras
import numpy as np

from helpers.reference import ensembles


def test_the_mean_is_over_passes_in_training_mode():
    outputs = np.random.default_rng(0).dirichlet(np.ones(3), size=(5, 2))
    passes = iter(outputs)

    def model(images, training):
        assert training
        return next(passes)

    found = ensembles.monte_carlo(model, np.zeros((2, 4)), 5)
    assert np.array_equal(found, outputs.mean(axis=0))


def test_many_passes_of_a_net_are_probabilities_between_the_single_ones():
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    images = np.ones((2, 4), "float32")
    found = ensembles.monte_carlo(net, images, 50)
    assert found.shape == (2, 3) and np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert not np.allclose(found, np.asarray(net(images)), atol=1e-6)
