"""The small nets: gradient and curvature against differences, training to a mark, the crowd."""

import keras
import numpy as np
import pytest

from helpers.reference import small_nets

X = np.random.default_rng(0).normal(size=(40, 5))
Y = np.random.default_rng(1).integers(0, 3, 40)


@pytest.fixture
def net():
    """A net in double precision, with biases that are not 0."""
    generator = np.random.default_rng(2)
    weights = small_nets.initial(generator, 5, 7, 3)
    return [weight + 0.1 * generator.normal(size=weight.shape) for weight in weights]


def moved(weights, way, by):
    return [weight + by * part for weight, part in zip(weights, way, strict=True)]


def whole_hessian(weights):
    """The Hessian, column by column."""
    ways = np.eye(sum(weight.size for weight in weights))
    cuts = np.cumsum([weight.size for weight in weights])[:-1]
    columns = []
    for column in ways:
        parts = zip(np.split(column, cuts), weights, strict=True)
        way = [part.reshape(weight.shape) for part, weight in parts]
        found = small_nets.hessian_product(weights, X, Y, way)
        columns.append(np.concatenate([part.ravel() for part in found]))
    return np.array(columns)


def test_it_is_the_net_that_keras_makes(net):
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(7, "relu"), keras.layers.Dense(3)]
    )
    model.set_weights(net)
    logits = model.predict(X, verbose=0)
    np.testing.assert_allclose(small_nets.forward(net, X)[1], logits, rtol=1e-4, atol=1e-5)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(Y, logits)
    assert small_nets.mean_loss(net, X, Y) == pytest.approx(float(loss), rel=1e-5)
    assert small_nets.accuracy(net, X, Y) == np.mean(logits.argmax(axis=1) == Y)


def test_gradient_and_hessian_are_those_of_differences(net):
    generator, by = np.random.default_rng(3), 1e-6
    way = [generator.normal(size=weight.shape) for weight in net]
    there, back = (moved(net, way, sign * by) for sign in (1, -1))
    slope = (small_nets.mean_loss(there, X, Y) - small_nets.mean_loss(back, X, Y)) / (2 * by)
    parts = zip(small_nets.gradient(net, X, Y), way, strict=True)
    assert sum(np.sum(part * own) for part, own in parts) == pytest.approx(slope, rel=1e-6)
    product = small_nets.hessian_product(net, X, Y, way)
    gradients = zip(*(small_nets.gradient(at, X, Y) for at in (there, back)), strict=True)
    for part, (ahead, behind) in zip(product, gradients, strict=True):
        np.testing.assert_allclose(part, (ahead - behind) / (2 * by), atol=1e-7)


def test_sharpness_is_the_largest_eigenvalue(net):
    hessian, sizes = whole_hessian(net), np.concatenate([np.abs(w).ravel() for w in net])
    largest = np.linalg.eigvalsh(hessian).max()
    assert small_nets.sharpness(net, X, Y) == pytest.approx(largest, rel=0.01)
    scaled = np.linalg.eigvalsh(sizes[:, None] * hessian * sizes).max()
    assert small_nets.sharpness(net, X, Y, adaptive=True) == pytest.approx(scaled, rel=0.01)


def test_rescaling_keeps_the_function_and_the_adaptive_sharpness_alone(net):
    other = small_nets.rescaled(net, 5)
    np.testing.assert_allclose(small_nets.forward(other, X)[1], small_nets.forward(net, X)[1])
    adaptive = [small_nets.sharpness(at, X, Y, adaptive=True) for at in (net, other)]
    assert adaptive[1] == pytest.approx(adaptive[0], rel=0.01)
    assert small_nets.sharpness(other, X, Y) > 2 * small_nets.sharpness(net, X, Y)


@pytest.mark.parametrize("batch_size", [1, 8, 40])
def test_training_stops_at_the_mark_and_leaves_the_first_weights(net, batch_size):
    before = [weight.copy() for weight in net]
    how = {"batch_size": batch_size, "rate": 0.1, "generator": np.random.default_rng(4)}
    found = small_nets.train(net, X, Y, mark=0.9, **how)
    assert found.reached and found.loss <= 0.9 and found.steps > 0
    assert found.loss == small_nets.mean_loss(found.weights, X, Y)
    assert all((own == old).all() for own, old in zip(net, before, strict=True))


def test_training_gives_up():
    net = small_nets.initial(np.random.default_rng(5), 5, 7, 3)
    how = {"batch_size": 8, "generator": np.random.default_rng(5), "mark": 1e-9}
    assert not small_nets.train(net, X, Y, rate=1e-6, most=50, **how).reached
    assert not small_nets.train(net, 100 * X, Y, rate=1e9, most=500, **how).reached


def test_a_step_is_timed_and_not_made(net):
    before = [weight.copy() for weight in net]
    x, y = np.repeat(X, 500, axis=0), np.repeat(Y, 500)
    found = small_nets.seconds_of_a_step(net, x, y, {1: 5, len(x): 2})
    assert 0 < found[1] < found[len(x)] < 1
    assert all((own == old).all() for own, old in zip(net, before, strict=True))


def test_batches_pass_over_all_rows_in_new_orders():
    stream = small_nets.batches(10, 5, np.random.default_rng(6))
    first, second = ([next(stream), next(stream)] for _ in range(2))
    for one in (first, second):
        assert sorted(np.concatenate(one)) == list(range(10))
    assert (np.concatenate(first) != np.concatenate(second)).any()
    assert next(small_nets.batches(10, 10, np.random.default_rng(6))) == slice(None)


@pytest.mark.parametrize("penalty", [0.0, 0.1])
def test_a_step_of_the_crowd_is_that_of_each_net(penalty):
    generator, by = np.random.default_rng(7), 1e-5
    x, y = (part.astype(float) for part in small_nets.xor(generator, 30))
    crowd = [weight.astype(float) for weight in small_nets.crowd(generator, 2, 3, 4)]
    after = [weight.copy() for weight in crowd]
    small_nets.crowd_step(after, x, y, 0.01, penalty)
    for place, (weight, own) in enumerate(zip(crowd, after, strict=True)):
        for index in np.ndindex(weight.shape[:-1]):
            ways = [np.zeros_like(part) for part in crowd]
            ways[place][index] = by  # in every net at once: none touches another
            ahead, behind = (
                small_nets.crowd_loss(moved(crowd, ways, sign), x, y, penalty) for sign in (1, -1)
            )
            slope = (ahead - behind) / (2 * by)
            np.testing.assert_allclose((weight - own)[index], 0.01 * slope, atol=1e-8)
    how = {"batch_size": 30, "rate": 0.5, "steps": 200, "generator": generator}
    rest = small_nets.crowd_train(crowd, x, y, penalty=penalty, **how)
    before, after = (small_nets.crowd_loss(nets, x, y, penalty) for nets in (crowd, rest))
    assert (after < before).all()
