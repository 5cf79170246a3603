"""Curvature against closed forms: least squares has X'X, and every Hessian its own eigenvalues."""

import keras
import numpy as np
import pytest

from helpers import training
from helpers.nets import curvature, models


def test_hessian_of_least_squares(line):
    x, y = line
    model = models.mlp(3, [])
    with_one = np.c_[x, np.ones(60)]
    expected = 2 * with_one.T @ with_one / 60
    np.testing.assert_allclose(curvature.hessian(model, x, y, loss="mse"), expected, atol=1e-4)


def test_top_eigenvalue_is_that_of_the_hessian(line):
    x, y = line

    def build():
        return models.mlp(3, [4], activation="tanh")

    nets = [
        training.seeded(build, seed) for seed in range(3)
    ]  # in one of twenty, two eigenvalues differ in little but their sign
    found = curvature.top_eigenvalues(
        build, [net.get_weights() for net in nets], x, y, loss="mse", iterations=200
    )
    for net, value in zip(nets, found, strict=True):
        eigenvalues = np.linalg.eigvalsh(curvature.hessian(net, x, y, loss="mse"))
        assert value == pytest.approx(eigenvalues[np.abs(eigenvalues).argmax()], rel=1e-3)


def test_eigenvalue_of_a_classifier(line):
    x, y = line

    def build():
        return models.mlp(3, [4], 3, output_activation="softmax")

    net, labels = training.seeded(build, 0), np.arange(60) % 3
    found = curvature.top_eigenvalues(
        build,
        [net.get_weights()],
        x,
        labels,
        loss="sparse_categorical_crossentropy",
        iterations=300,
    )
    eigenvalues = np.linalg.eigvalsh(
        curvature.hessian(net, x, labels, loss="sparse_categorical_crossentropy")
    )
    assert found[0] == pytest.approx(eigenvalues[np.abs(eigenvalues).argmax()], rel=1e-3)


def test_large_models_are_refused(line):
    x, y = line
    with pytest.raises(ValueError, match="top_eigenvalues"):
        curvature.hessian(models.mlp(100, [100]), np.zeros((2, 100)), np.zeros((2, 1)), loss="mse")


def test_leaves_no_seed_behind(line):
    x, y = line
    keras.utils.set_random_seed(3)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (the state that Keras sets)
    curvature.top_eigenvalues(
        lambda: models.mlp(3, []), [models.mlp(3, []).get_weights()], x, y, loss="mse"
    )
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_each_set_of_weights_has_its_own_moving_averages(line):
    x, y = line

    def build():
        return keras.Sequential(
            [keras.Input((3,)), keras.layers.BatchNormalization(), *models.mlp(3, [4]).layers]
        )

    first = training.seeded(build, 0)
    second = training.seeded(build, 0)
    normalization = second.layers[0]
    normalization.moving_variance.assign(np.full(3, 0.05))
    sets = [net.get_weights() for net in (first, second)]
    together = curvature.top_eigenvalues(build, sets, x, y, loss="mse")
    alone = [curvature.top_eigenvalues(build, [one], x, y, loss="mse")[0] for one in sets]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert together[1] > 2 * together[0]
