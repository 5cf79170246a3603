"""The surfaces against finite differences and their known minima; paths against the rules taken by
hand.
"""

import numpy as np
import pytest
from scipy import optimize

from helpers.reference import optimizers, surfaces

ALL = (
    surfaces.quadratic(),
    surfaces.quadratic(5),
    surfaces.rosenbrock,
    surfaces.beale,
    surfaces.himmelblau,
    surfaces.double_well,
    surfaces.saddle,
)
every_surface = pytest.mark.parametrize("surface", ALL, ids=lambda surface: surface.name)


def random_points(surface, count=50):
    low_x, high_x, low_y, high_y = surface.window
    return np.random.default_rng(0).uniform((low_x, low_y), (high_x, high_y), (count, 2))


@every_surface
def test_gradient_agrees_with_finite_differences(surface):
    for point in random_points(surface):
        measured = optimize.approx_fprime(point, surface.value, 1e-7)
        np.testing.assert_allclose(surface.gradient(point), measured, rtol=1e-4, atol=1e-3)


@every_surface
def test_minima_are_the_lowest_points(surface):
    lowest = surface.value(np.array(surface.minima))
    np.testing.assert_allclose(lowest, lowest[0], atol=1e-9)
    np.testing.assert_allclose(surface.gradient(np.array(surface.minima)), 0, atol=1e-6)
    assert (surface.value(random_points(surface, 2000)) >= lowest[0] - 1e-9).all()


@every_surface
def test_minimizer_of_scipy_ends_at_a_known_place(surface):
    known = np.array(surface.minima + surface.others)
    found = optimize.minimize(surface.value, np.add(surface.minima[0], 0.1), jac=surface.gradient).x
    assert np.linalg.norm(known - found, axis=1).min() < 1e-3


@every_surface
def test_minima_lie_within_the_window(surface):
    low_x, high_x, low_y, high_y = surface.window
    for x, y in surface.minima + surface.others:
        assert low_x < x < high_x
        assert low_y < y < high_y


def test_other_places_are_level_but_not_lowest():
    for surface in (surfaces.double_well, surfaces.saddle):
        np.testing.assert_allclose(surface.gradient(np.array(surface.others)), 0, atol=1e-9)
        assert (
            surface.value(np.array(surface.others))
            > surface.value(np.array(surface.minima[0])) + 0.1
        ).all()


def test_quadratic_has_the_curvatures_that_it_says():
    slopes = surfaces.quadratic(30).gradient(np.eye(2))
    np.testing.assert_array_equal(slopes, [[1, 0], [0, 30]])


@pytest.mark.parametrize("condition", [0.5, -1, np.nan])
def test_condition_below_one_is_refused(condition):
    with pytest.raises(ValueError, match="at least 1"):
        surfaces.quadratic(condition)


@every_surface
def test_many_points_at_once_are_many_points(surface):
    points = random_points(surface, 6).reshape(2, 3, 2)
    assert surface.value(points).shape == (2, 3)
    assert surface.gradient(points).shape == (2, 3, 2)
    for row in range(2):
        for column in range(3):
            np.testing.assert_allclose(
                surface.gradient(points)[row, column], surface.gradient(points[row, column])
            )


def test_path_of_plain_descent_is_the_formula():
    points = surfaces.path(optimizers.sgd, surfaces.quadratic(4), (2.0, 1.0), 20, learning_rate=0.1)
    expected = np.array([2.0, 1.0]) * (1 - 0.1 * np.array([1.0, 4.0])) ** np.arange(21)[:, None]
    np.testing.assert_allclose(points, expected)


def test_path_of_a_crowd_is_that_of_each():
    starts = random_points(surfaces.beale, 4)
    crowd = surfaces.path(optimizers.adam, surfaces.beale, starts, 30, learning_rate=0.05)
    assert crowd.shape == (31, 4, 2)
    alone = surfaces.path(optimizers.adam, surfaces.beale, starts[2], 30, learning_rate=0.05)
    np.testing.assert_allclose(crowd[:, 2], alone)


def test_path_may_diverge():
    points = surfaces.path(optimizers.sgd, surfaces.rosenbrock, (-1.5, 1.5), 50, learning_rate=0.1)
    assert not np.isfinite(points[-1]).all()


def test_start_must_be_in_the_plane():
    with pytest.raises(ValueError, match="point of the plane"):
        surfaces.path(optimizers.sgd, surfaces.saddle, 1.0, 3)
