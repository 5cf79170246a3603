"""The update rules against the Keras optimizers of the same name, step by step, and on problems
with a known answer.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn import linear_model

from helpers.reference import optimizers, surfaces

PAIRS = {
    "sgd": (optimizers.sgd, keras.optimizers.SGD, {"learning_rate": 0.05}, {}),
    "momentum": (
        optimizers.momentum,
        keras.optimizers.SGD,
        {"learning_rate": 0.02, "momentum": 0.9},
        {},
    ),
    "nesterov": (
        optimizers.nesterov,
        keras.optimizers.SGD,
        {"learning_rate": 0.02, "momentum": 0.9},
        {"nesterov": True},
    ),
    "adagrad": (optimizers.adagrad, keras.optimizers.Adagrad, {"learning_rate": 0.1}, {}),
    "adadelta": (optimizers.adadelta, keras.optimizers.Adadelta, {"learning_rate": 1.0}, {}),
    "rmsprop": (optimizers.rmsprop, keras.optimizers.RMSprop, {"learning_rate": 0.01}, {}),
    "adam": (optimizers.adam, keras.optimizers.Adam, {"learning_rate": 0.01}, {}),
    "nadam": (optimizers.nadam, keras.optimizers.Nadam, {"learning_rate": 0.01}, {}),
}
OTHER_SETTINGS = {
    "sgd": {"learning_rate": 0.001},
    "momentum": {"learning_rate": 0.05, "momentum": 0.5},
    "nesterov": {"learning_rate": 0.05, "momentum": 0.5},
    "adagrad": {"learning_rate": 0.3, "initial_accumulator_value": 0.0, "epsilon": 0.01},
    "adadelta": {"learning_rate": 0.5, "rho": 0.8, "epsilon": 0.01},
    "rmsprop": {"learning_rate": 0.03, "rho": 0.6, "epsilon": 0.01},
    "adam": {"learning_rate": 0.03, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01},
    "nadam": {"learning_rate": 0.03, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01},
}
# How far each rule is to come on a parabola and on Rosenbrock's valley, with settings that suit it.
SUITABLE = {
    "sgd": {"learning_rate": 0.001},
    "momentum": {"learning_rate": 0.0005},
    "nesterov": {"learning_rate": 0.0005},
    "adagrad": {"learning_rate": 0.5},
    "adadelta": {"learning_rate": 1.0},
    "rmsprop": {"learning_rate": 0.01},
    "adam": {"learning_rate": 0.05},
    "nadam": {"learning_rate": 0.05},
}


def steps_of(rule, gradients, start):
    """The parameters after every update of a NumPy rule, shape (steps, ...)."""
    parameters, state, visited = start, rule.init(start), []
    for gradient in gradients:
        step, state = rule.update(gradient, state)
        parameters = parameters + step
        visited.append(parameters)
    return np.stack(visited)


def keras_steps(optimizer, gradients, start):
    """The same with a Keras optimizer, whose step is traced once, as `model.fit` does it."""
    variable = keras.Variable(start, dtype="float64")
    optimizer.build([variable])
    apply = tf.function(lambda gradient: optimizer.apply([gradient], [variable]))
    visited = []
    for gradient in tf.constant(gradients, tf.float64):
        apply(gradient)
        visited.append(variable.numpy())
    return np.stack(visited)


def random_gradients(seed, steps=200, size=7):
    """Noisy gradients whose scale differs between parameters and changes over time; some are
    exactly zero.
    """
    generator = np.random.default_rng(seed)
    scale = 10.0 ** generator.uniform(-3, 2, size) * np.exp(
        np.cumsum(0.1 * generator.normal(size=(steps, 1)), axis=0)
    )
    gradients = scale * (generator.normal(size=(steps, size)) + 0.5)
    gradients[:, 0] *= generator.random(steps) < 0.1  # a rare feature
    return gradients, generator.normal(size=size)


def largest_difference(ours, theirs, start):
    """Largest difference of two paths, relative to how far they went."""
    return np.max(np.abs(ours - theirs) / (1 + np.abs(theirs - start)))


@pytest.mark.parametrize("other", [False, True], ids=["usual", "other"])
@pytest.mark.parametrize("name", PAIRS)
def test_takes_the_steps_of_keras(name, other):
    rule, optimizer, settings, extra = PAIRS[name]
    settings = OTHER_SETTINGS[name] if other else settings
    drawn = [random_gradients(seed) for seed in range(3)]
    gradients = np.stack([gradients for gradients, _ in drawn], axis=1)  # (steps, seeds, numbers)
    start = np.stack([start for _, start in drawn])
    ours = steps_of(rule(**settings), gradients, start)
    theirs = keras_steps(optimizer(**settings, **extra), gradients, start)
    assert largest_difference(ours, theirs, start) < 1e-5


@pytest.mark.parametrize("name", PAIRS)
def test_has_the_defaults_of_keras(name):
    rule, optimizer, _, extra = PAIRS[name]
    extra = extra | (
        {"momentum": 0.9} if name in ("momentum", "nesterov") else {}
    )  # Keras's own is 0: plain descent
    gradients, start = random_gradients(0)
    ours = steps_of(rule(), gradients, start)
    assert largest_difference(ours, keras_steps(optimizer(**extra), gradients, start), start) < 1e-5


@pytest.mark.parametrize("name", PAIRS)
def test_follows_keras_down_a_quadratic(name):
    """With the gradient taken where each path is: differences would grow."""
    rule, optimizer, settings, extra = PAIRS[name]
    settings = settings | {
        "learning_rate": float(np.float32(settings["learning_rate"]))
    }  # Keras has it in single precision
    generator = np.random.default_rng(1)
    root = generator.normal(size=(5, 5))
    matrix, start = root @ root.T / 5 + 0.1 * np.eye(5), generator.normal(size=5)
    variable = keras.Variable(start, dtype="float64")
    built = optimizer(**settings, **extra)
    built.build([variable])
    apply = tf.function(lambda gradient: built.apply([gradient], [variable]))
    chosen = rule(**settings)
    parameters, state = start, chosen.init(start)
    for _ in range(200):
        step, state = chosen.update(matrix @ parameters, state)
        parameters = parameters + step
        apply(tf.constant(matrix @ variable.numpy()))
        assert np.abs(parameters - variable.numpy()).max() < 1e-5


@pytest.mark.parametrize("name", PAIRS)
def test_minimizes_a_parabola(name):
    rule = PAIRS[name][0]
    settings = SUITABLE[name] | (
        {"learning_rate": 0.05} if name in ("sgd", "momentum", "nesterov") else {}
    )
    start = np.array([1.5, -0.7])
    end = surfaces.path(rule, surfaces.quadratic(1), start, 2000, **settings)[-1]
    assert np.linalg.norm(end) < 0.02


@pytest.mark.parametrize("name", PAIRS)
def test_makes_progress_on_rosenbrock(name):
    start = np.array([-1.5, 1.8])
    points = surfaces.path(PAIRS[name][0], surfaces.rosenbrock, start, 2000, **SUITABLE[name])
    values = surfaces.rosenbrock.value(points)
    assert values[-1] < values[0] / 20
    assert np.linalg.norm(points[-1] - 1) < np.linalg.norm(start - 1) / 2


@pytest.mark.parametrize("name", PAIRS)
def test_is_pure(name):
    """The same state gives the same step again, and nothing that was passed in is changed."""
    rule = PAIRS[name][0]()
    gradients, start = random_gradients(2, steps=3)
    _, state = rule.update(gradients[0], rule.init(start))
    before = [np.copy(part) for part in state]
    first, after = rule.update(gradients[1], state)
    rule.update(gradients[2], after)
    second, _ = rule.update(gradients[1], state)
    np.testing.assert_array_equal(first, second)
    assert all(np.array_equal(a, b) for a, b in zip(state, before, strict=True))


@pytest.mark.parametrize("name", PAIRS)
def test_keeps_the_shape(name):
    rule = PAIRS[name][0]()
    start = np.ones((2, 3, 4), np.float32)
    step, _ = rule.update(np.full((2, 3, 4), 0.5), rule.init(start))
    assert step.shape == (2, 3, 4)
    assert (step < 0).all()


@pytest.mark.parametrize("name", PAIRS)
def test_keeps_single_precision(name):
    rule, start = PAIRS[name][0](), np.ones(3, np.float32)
    step, state = rule.update(start, rule.init(start))
    step, _ = rule.update(start, state)
    assert step.dtype == np.float32
    assert rule.update(np.ones(3), rule.init(np.ones(3, int)))[0].dtype == np.float64


def test_the_family_has_the_constants_of_the_papers():
    assert {name.lower() for name in optimizers.FAMILY} == set(PAIRS)
    start = np.ones(3)
    assert not optimizers.FAMILY["Adagrad"](0.1).init(start).total.any()
    first, _ = optimizers.FAMILY["Adadelta"](1.0).update(start, optimizers.adadelta().init(start))
    np.testing.assert_allclose(first, -((1e-6 / (0.05 + 1e-6)) ** 0.5))
    for name in set(PAIRS) - {"adagrad", "adadelta"}:
        made = {key.lower(): make for key, make in optimizers.FAMILY.items()}[name](0.02)
        usual = PAIRS[name][0](0.02)
        steps = [rule.update(start, rule.init(start))[0] for rule in (made, usual)]
        np.testing.assert_array_equal(*steps)


def test_nesterov_holds_the_point_looked_ahead_to():
    """The paper's form, with the gradient at p + m v, visits the same points one momentum step
    behind.
    """
    rate, friction, curvature = 0.1, 0.8, np.array([1.0, 5.0])
    p, v = np.array([1.0, -2.0]), np.zeros(2)
    ours = surfaces.path(
        optimizers.nesterov, surfaces.quadratic(5), p, 50, learning_rate=rate, momentum=friction
    )
    for point in ours:
        np.testing.assert_allclose(point, p + friction * v, atol=1e-12)
        v = friction * v - rate * curvature * (p + friction * v)
        p = p + v


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_adadelta_does_not_mind_units(scale):
    """Zeiler 2012, section 3.2: with epsilon 0 but for the start, a loss times any factor gives the
    same path.
    """
    gradients, start = random_gradients(3)
    rule = optimizers.adadelta(1.0, epsilon=1e-30)
    seeded = rule.init(start)._replace(step_square=np.full_like(start, 1e-6))

    def walk(factor):
        point, state = start, seeded
        for gradient in gradients:
            step, state = rule.update(factor * gradient, state)
            point = point + step
        return point

    np.testing.assert_allclose(walk(scale), walk(1.0), rtol=1e-6)


def test_soft_thresholding_after_gradient_steps_finds_the_lasso():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 8))
    y = x @ np.array([2.0, -1, 0.5, 0, 0, 0, 0, 0]) + generator.normal(size=60)
    strength, rate, weights = 0.3, 0.2, np.zeros(8)
    for _ in range(500):
        weights = optimizers.soft_threshold(
            weights - rate * x.T @ (x @ weights - y) / len(x), rate * strength
        )
    lasso = linear_model.Lasso(strength, fit_intercept=False, tol=1e-10).fit(x, y).coef_
    np.testing.assert_allclose(weights, lasso, atol=1e-6)
    assert ((weights == 0) == (lasso == 0)).all() and (weights == 0).any()


def test_soft_thresholding_moves_toward_zero_only():
    np.testing.assert_allclose(
        optimizers.soft_threshold(np.array([-3.0, -0.1, 0, 0.2, 1]), 0.2), [-2.8, 0, 0, 0, 0.8]
    )
    with pytest.raises(ValueError, match="amount"):
        optimizers.soft_threshold(np.ones(2), -0.1)


def test_the_largest_rate_parts_descents_that_converge_from_those_that_diverge():
    generator = np.random.default_rng(0)
    root = generator.normal(size=(5, 9))
    hessian, start = root @ root.T, generator.normal(size=5)
    limit = optimizers.largest_rate(hessian)
    assert limit == pytest.approx(2 / np.linalg.norm(hessian, 2))
    for factor, converges in ((0.99, True), (1.01, False)):
        step = np.eye(5) - factor * limit * hessian
        end = np.linalg.matrix_power(step, 2000) @ start
        assert (np.linalg.norm(end) < np.linalg.norm(start)) == converges


def test_accumulated_micro_batches_give_the_gradient_of_the_whole_batch():
    generator = np.random.default_rng(1)
    x, y, weights = generator.normal(size=(10, 3)), generator.normal(size=10), np.ones(3)

    def gradient(rows):
        return x[rows].T @ (x[rows] @ weights - y[rows]) / len(rows)

    pieces = np.split(np.arange(10), [4, 8])
    found = optimizers.accumulate(list(map(gradient, pieces)), list(map(len, pieces)))
    assert found == pytest.approx(gradient(np.arange(10)), rel=1e-12)
    with pytest.raises(ValueError, match="zip"):
        optimizers.accumulate([weights], [1, 2])
