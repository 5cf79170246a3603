"""Small nets side by side against Keras, one net at a time."""

import keras
import numpy as np
import pytest

from helpers.datasets.dividing import Division
from helpers.reference import optimizers, rule_nets

SIZES = (4, 6, 5, 3)


def keras_net(weights, sizes):
    """The same net as a Keras model."""
    layers = [keras.layers.Dense(units, "relu") for units in sizes[1:-1]]
    model = keras.Sequential([keras.Input(sizes[:1]), *layers, keras.layers.Dense(sizes[-1])])
    pairs = rule_nets.layers(weights, sizes)
    model.set_weights([part for kernel, bias in pairs for part in (kernel, bias[0])])
    return model


def drawn(rows=7, classes=3):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(rows, SIZES[0])).astype("float32")
    return x, generator.integers(0, classes, rows)


@pytest.mark.parametrize("classes", [True, False], ids=["classes", "numbers"])
def test_outputs_loss_and_gradient_are_those_of_keras(classes):
    tf = pytest.importorskip("tensorflow")
    sizes = SIZES if classes else (*SIZES[:-1], 1)
    x, y = drawn()
    y = y if classes else y.astype("float32")
    measure = (
        keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        if classes
        else keras.losses.MeanSquaredError()
    )
    weights = rule_nets.initial(sizes, range(3))
    said = rule_nets.outputs(weights, sizes, x)
    losses = rule_nets.loss(weights, sizes, x, y)
    slopes = rule_nets.gradient(weights, sizes, x, y)
    for number, own in enumerate(weights):
        model = keras_net(own, sizes)
        with tf.GradientTape() as tape:
            outputs = model(x)
            loss = measure(y if classes else y[:, None], outputs)
        found = [np.ravel(part) for part in tape.gradient(loss, model.trainable_variables)]
        np.testing.assert_allclose(said[number], outputs, atol=1e-5)
        assert losses[number] == pytest.approx(float(loss), abs=1e-5)
        np.testing.assert_allclose(slopes[number], np.concatenate(found), atol=1e-6)


def test_initial_weights_are_drawn_as_keras_draws_them():
    sizes = (200, 100, 1)
    (kernel, bias), _ = rule_nets.layers(rule_nets.initial(sizes, [5, 6]), sizes)
    limit = (6 / 300) ** 0.5
    assert np.abs(kernel).max() <= limit
    assert np.abs(kernel).max() > 0.99 * limit
    assert kernel.std() == pytest.approx(limit / 3**0.5, rel=0.02)
    assert not bias.any()
    assert not np.array_equal(kernel[0], kernel[1])
    np.testing.assert_array_equal(
        rule_nets.initial(sizes, [6])[0], rule_nets.initial(sizes, [5, 6])[1]
    )


def test_every_net_goes_its_own_way():
    """Trained with others or alone, with other rules beside it or not: the same steps."""
    x, y = drawn(20)
    rows = np.stack([np.arange(12), np.arange(8, 20)])
    rules = [optimizers.sgd(0.1), optimizers.adam(0.01)]

    def trained(rules, nets):
        start = rule_nets.initial(SIZES, nets)
        order = rule_nets.orders(rows[nets], nets, 3)
        return list(rule_nets.train(rules, start, SIZES, (x, y), order, batch_size=5))

    together = trained(rules, [0, 1])
    alone = trained(rules[1:], [1])
    assert len(together) == len(alone) == 3
    for both, one in zip(together, alone, strict=True):
        np.testing.assert_allclose(both.weights[1, 1], one.weights[0, 0], rtol=1e-4, atol=1e-6)
    assert not np.allclose(together[0].weights, together[1].weights)


def test_the_effective_rate_of_plain_descent_is_its_rate():
    x, y = drawn(20)
    start, order = rule_nets.initial(SIZES, [0]), rule_nets.orders(np.arange(20)[None], [0], 2)
    for epoch in rule_nets.train([optimizers.sgd(0.05)], start, SIZES, (x, y), order):
        np.testing.assert_allclose(epoch.effective_rate, np.log(0.05), rtol=1e-3)


def test_an_epoch_has_every_row_once_and_the_next_another_order():
    rows = np.stack([np.arange(9), np.arange(9) + 100])
    first, second = rule_nets.orders(rows, [1, 2], 2)
    for order in (first, second):
        np.testing.assert_array_equal(np.sort(order, axis=1), rows)
    assert not np.array_equal(first, second)


def test_the_best_epoch_is_kept_and_guessing_where_it_diverges():
    x, y = drawn(40)
    own = {seed: Division(np.arange(20), np.arange(20, 30), np.arange(30, 40)) for seed in (1, 2)}
    rules = [optimizers.sgd(0.05), optimizers.sgd(1e9)]
    how = {"epochs": 4, "batch_size": 5}
    kept = rule_nets.keep_best(rules, SIZES, (x, y), own, **how)
    assert kept.test.shape == (2, 2)
    assert kept.valid.shape == kept.effective_rate.shape == (2, 2, 4)
    np.testing.assert_allclose(kept.valid[1], np.log(3))
    np.testing.assert_allclose(kept.test[1], np.log(3))

    start, rows = rule_nets.initial(SIZES, own), np.tile(range(20), (2, 1))
    order = rule_nets.orders(rows, own, 4)
    followed = [
        [rule_nets.loss(epoch.weights[0], SIZES, x[held], y[held]) for held in own[1][1:]]
        for epoch in rule_nets.train(rules[:1], start, SIZES, (x, y), order, batch_size=5)
    ]
    valid, test = np.moveaxis(followed, 1, 0)  # (epochs, nets)
    np.testing.assert_allclose(kept.valid[0].T, np.minimum(valid, np.log(3)), rtol=1e-5)
    best = test[valid.argmin(axis=0), [0, 1]]
    expected = np.where(valid.min(axis=0) < np.log(3), best, np.log(3))
    np.testing.assert_allclose(kept.test[0], expected, rtol=1e-5)


def test_numbers_are_learned_from_their_mean_on():
    x = drawn(30)[0]
    y = np.arange(100, 130, dtype="float32")
    own = {3: Division(np.arange(20), np.arange(20, 25), np.arange(25, 30))}
    sizes, rules = (4, 3, 1), [optimizers.adam(0.01)]
    found = [
        rule_nets.keep_best(rules, sizes, (x, y - shift), own, epochs=3).valid for shift in (0, 100)
    ]
    np.testing.assert_allclose(*found, rtol=1e-3)


def test_guessing_numbers_costs_their_variance():
    x = drawn(30)[0]
    y = np.arange(30, dtype="float32")
    own = {3: Division(np.arange(20), np.arange(20, 25), np.arange(25, 30))}
    sizes, rules = (4, 3, 1), [optimizers.sgd(1e9)]
    kept = rule_nets.keep_best(rules, sizes, (x, y), own, epochs=1)
    np.testing.assert_allclose(kept.valid, np.var(np.arange(20)))
