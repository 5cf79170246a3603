"""Dropout in NumPy: against Keras's layer, its moments, and finite differences."""

import keras
import numpy as np
import pytest

from helpers.reference.layers import dropout, dropout_backward


def test_values_are_silenced_or_scaled_as_in_keras():
    ones = np.ones((400, 50))
    ours, mask = dropout(ones, 0.3, np.random.default_rng(0))
    theirs = keras.ops.convert_to_numpy(keras.layers.Dropout(0.3, seed=0)(ones, training=True))
    np.testing.assert_allclose(np.unique(ours), np.unique(theirs), rtol=1e-6)
    np.testing.assert_array_equal(ours, mask)
    assert (ours == 0).mean() == pytest.approx((theirs == 0).mean(), abs=0.02)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.8])
def test_the_mean_stays_and_the_variance_grows_by_the_rate(rate):
    x = np.full((200_000,), 2.0)
    silenced, _ = dropout(x, rate, np.random.default_rng(1))
    assert silenced.mean() == pytest.approx(2, rel=0.02)
    assert silenced.var() == pytest.approx(4 * rate / (1 - rate), abs=0.05 * 4 / (1 - rate))


def test_every_example_has_a_mask_of_its_own():
    _, mask = dropout(np.ones((50, 30)), 0.5, np.random.default_rng(2))
    assert len(np.unique(mask, axis=0)) == 50 and (mask.std(axis=0) > 0).all()


def test_backward_agrees_with_finite_differences():
    generator = np.random.default_rng(3)
    x, weights = generator.normal(size=(4, 5)), generator.normal(size=(4, 5))

    def loss(x):
        return (weights * dropout(x, 0.4, np.random.default_rng(4))[0] ** 2).sum()

    outputs, mask = dropout(x, 0.4, np.random.default_rng(4))
    gradient = dropout_backward(2 * weights * outputs, mask)
    step = 1e-6
    for place in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[place] = step
        assert gradient[place] == pytest.approx(
            (loss(x + moved) - loss(x - moved)) / (2 * step), abs=1e-6
        )


@pytest.mark.parametrize("rate", [-0.1, 1.0, 30])
def test_a_rate_is_a_share(rate):
    with pytest.raises(ValueError, match="share"):
        dropout(np.ones(3), rate, np.random.default_rng(0))
