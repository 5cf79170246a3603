"""The builders make the layers that they promise."""

import keras
import numpy as np

from helpers.nets import models


def kinds(model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


def test_a_convnet_pools_between_its_stages_and_averages_at_the_end():
    model = models.convnet((32, 32, 3), [[8, 8], [16]], 10)
    convolved = ["Conv2D", "Activation"]
    expected = [
        *convolved,
        *convolved,
        "MaxPooling2D",
        *convolved,
        "GlobalAveragePooling2D",
        "Dense",
    ]
    assert kinds(model) == expected
    assert model.count_params() == (27 * 8 + 8) + (72 * 8 + 8) + (72 * 16 + 16) + (16 * 10 + 10)


def test_batch_norm_stands_before_the_activation_and_replaces_the_bias():
    model = models.convnet((8, 8, 1), [[4]], batch_norm=True)
    assert kinds(model)[:3] == ["Conv2D", "BatchNormalization", "Activation"]
    assert not model.layers[0].use_bias


def test_a_grey_image_needs_no_axis_for_its_channel():
    model = models.convnet((8, 8), [[4]], 2, kernel_regularizer=keras.regularizers.L2(0.1))
    assert model(np.zeros((3, 8, 8))).shape == (3, 2)
    assert len(model.losses) == 1


def test_a_convnet_for_cifar10_stays_within_the_parameters_of_the_deep_net():
    assert (
        models.convnet(
            (32, 32, 3), [[48, 48], [96, 96], [128, 160]], 10, batch_norm=True
        ).count_params()
        <= 500_210
    )


def test_nets_by_column_learn_what_each_would_alone():
    keras.utils.set_random_seed(0)
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 30, 4)).astype("float32")
    penalty = keras.regularizers.L2(0.02)
    hidden = keras.layers.Dense(5, activation="relu", kernel_regularizer=penalty)
    last = keras.layers.Dense(1, kernel_regularizer=penalty)
    alone = keras.Sequential([keras.Input((1,)), hidden, last])
    many = models.nets_by_column(4, (3, 5), (0.0, 0.02))
    incoming, outgoing, shift, level = many.weights
    assert incoming.shape == (4, 8) and abs(np.asarray(incoming)[:, 3:]).max() <= 1
    parts = incoming[2:3, 3:], shift[2, 3:], outgoing[2, 3:, None], level[2, 1:]
    for target, source in zip(alone.weights, parts, strict=True):
        target.assign(np.asarray(source))
    alone.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    many.compile(optimizer=keras.optimizers.SGD(0.01), loss=models.summed_squares)
    for _ in range(10):
        alone.train_on_batch(x[:, 2:3], y[:, 2:3])
        many.train_on_batch(x, y)
    together = np.asarray(many(x))
    assert together.shape == (30, 4, 2)
    np.testing.assert_allclose(
        together[:, 2, 1:], np.asarray(alone(x[:, 2:3])), rtol=1e-4, atol=1e-5
    )


def test_nets_side_by_side_train_with_adam_as_each_would_alone():
    keras.utils.set_random_seed(0)  # Adam makes a full step of a gradient that is nearly 0
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(40, 3)), generator.normal(size=(40, 1))
    alone, both = models.mlp(3, [5]), models.side_by_side(3, [5, 8])
    kernel, bias, out, out_bias = (np.array(weights) for weights in both.get_weights())
    own = kernel[:, :5], bias[:5], out[:5, None], out_bias[:1]
    alone.set_weights(own)
    for model, targets in ((alone, y), (both, np.repeat(y, 2, axis=1))):
        model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
        for _ in range(10):
            model.train_on_batch(x, targets)
    together = np.asarray(both(x))
    assert together.shape == (40, 2)
    np.testing.assert_allclose(together[:, :1], np.asarray(alone(x)), rtol=1e-3, atol=1e-4)
