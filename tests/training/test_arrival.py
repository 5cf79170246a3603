"""How many passes a training needs until its error has fallen to a level."""

import keras
import numpy as np
import pytest

from helpers import datasets, training

RATES = (0.05, 0.2, 0.001, 1e4)  # two arrive, one is too slow, one diverges


def blank():
    """A linear net that begins with zeros, so that its error is the variance of the targets."""
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])


@pytest.fixture(scope="module")
def found():
    """The passes of four runs of a linear net, the whole data a batch, and those by hand."""
    pool = datasets.function("linear", [1, 2, 3, 4], inputs=2, noise=0.1, train=32, test=1)
    recipe = training.Recipe(blank, loss="mse", optimizer="sgd", epochs=30, batch_size=32)
    runs = [
        training.Run(number, train_rows=own.train, learning_rate=rate)
        for number, (own, rate) in enumerate(zip(pool.divisions, RATES, strict=True))
    ]
    passes = training.passes_needed(recipe, pool, runs, share=0.5)
    return passes, [by_hand(pool, run) for run in runs]


def by_hand(pool, run):
    """Gradient descent in NumPy, and where a straight line between its errors crosses one half."""
    x = np.column_stack([pool.x_train[run.train_rows], np.ones(32)]).astype(float)
    y = pool.y_train[run.train_rows].astype(float)
    weights, errors = np.zeros(3), [y.var()]
    for _ in range(30):
        weights -= run.learning_rate * 2 * x.T @ (x @ weights - y) / 32
        errors.append(np.square(x @ weights - y).mean())
    shares = np.array(errors) / y.var()
    if shares.min() > 0.5:
        return np.nan
    first = int((shares <= 0.5).argmax())
    return float(np.interp(0.5, shares[[first, first - 1]], [first, first - 1]))


def test_passes_are_those_of_gradient_descent_by_hand(found):
    passes, expected = found
    assert np.isfinite(expected).tolist() == [True, True, False, False]
    np.testing.assert_allclose(passes, expected, rtol=1e-3)
