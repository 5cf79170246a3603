"""Students and their teacher: the exact loss against samples, training against Keras."""

import keras
import numpy as np
import pytest

from helpers.reference import students

SOME = students.initial(np.random.default_rng(0), 3)


def answers(weights, x):
    return np.maximum(x @ weights, 0).sum(axis=-1)


def test_the_loss_is_the_mean_squared_error_over_normal_inputs():
    x = np.random.default_rng(1).normal(size=(400_000, students.UNITS))
    target = answers(np.eye(students.UNITS), x)
    sampled = [np.mean((answers(own, x) - target) ** 2) for own in SOME]
    assert students.loss(SOME) == pytest.approx(sampled, rel=0.02)
    assert np.var(target) == pytest.approx(students.VARIANCE, rel=0.02)


def test_the_teacher_has_no_loss_in_whatever_order_its_units_stand():
    shuffled = np.eye(students.UNITS)[:, np.random.default_rng(2).permutation(students.UNITS)]
    assert students.loss(shuffled[None]) == pytest.approx([0], abs=1e-12)
    assert students.train(shuffled[None], 0.1, 3, np.random.default_rng(3)) == pytest.approx(
        shuffled[None], abs=1e-6
    )


def test_students_train_as_keras_does():
    steps, batch = 7, 16
    drawn = np.random.default_rng(4).standard_normal((steps, batch, students.UNITS), np.float32)
    net = keras.Sequential(
        [keras.Input((students.UNITS,)), keras.layers.Dense(students.UNITS, "relu", use_bias=False)]
    )
    model = keras.Model(net.inputs, keras.ops.sum(net.outputs[0], axis=1, keepdims=True))
    model.compile(keras.optimizers.SGD(0.05), "mse")
    net.set_weights([SOME[1]])
    for x in drawn:
        model.train_on_batch(x, np.maximum(x, 0).sum(axis=1, keepdims=True))
    found = students.train(SOME, 0.05, steps, np.random.default_rng(4))
    assert found[1] == pytest.approx(net.get_weights()[0], abs=1e-5)
    assert SOME[1] is not found[1] and (found != SOME).any()
