"""The study beyond the exercise, in miniature: one condition missing at a time, and it resumes."""

import argparse
from dataclasses import replace

import keras
import numpy as np

from studies import cifar10, cifar10_beyond
from studies.augmentation import read
from tests.studies.test_cifar10 import tiny_pool

ALL = argparse.Namespace(runs=2, epochs=8)


def test_a_condition_is_missing_at_a_time():
    whole, *others, standardized = cifar10_beyond.conditions().values()
    tried = read(cifar10.RESULTS)["d Nadam constant"]["tuning"]["rates"]
    assert whole.rate in tried and not whole.rates
    assert all(arm.rates == tuple(tried) and arm.judged == whole.judged for arm in others)
    he, raw, skipping, control = others
    layers = [arm.net().layers for arm in (whole, he, skipping)]
    kinds = [
        {
            (layer.kernel_initializer.__class__.__name__, layer.activation.__name__)
            for layer in each
            if isinstance(layer, keras.layers.Dense) and layer.units == 100
        }
        for each in layers
    ]
    assert kinds == [{("LecunNormal", "selu")}, {("HeNormal", "selu")}, {("LecunNormal", "selu")}]
    assert raw.raw and control.raw and control.net is cifar10.exponential
    chosen = read(cifar10.RESULTS)["b Nadam constant"]["rate"]
    assert standardized == replace(control, raw=False, rates=(), rate=chosen)
    assert not any(arm.raw for arm in (whole, he, skipping))
    added = [sum(isinstance(layer, keras.layers.Add) for layer in each) for each in layers]
    assert added == [0, 0, 9]
    assert whole.net().count_params() == skipping.net().count_params()


def test_a_skipped_pair_adds_its_inputs():
    """With the last hidden layer of every pair at zero outputs, the pairs change nothing."""
    net = cifar10_beyond.skipping()
    dense = [layer for layer in net.layers if isinstance(layer, keras.layers.Dense)]
    first, *pairs, final, last = dense
    for layer in pairs[1::2]:
        layer.set_weights([np.zeros_like(weights) for weights in layer.get_weights()])
    images = np.random.default_rng(0).normal(size=(5, *cifar10.SHAPE)).astype("float32")
    expected = last(final(first(images.reshape(5, -1))))
    np.testing.assert_allclose(net(images), expected, rtol=1e-5)


def test_better_nets_go_on_where_they_were_stopped(monkeypatch, tmp_path):
    path = tmp_path / "results.json"
    arm = replace(cifar10.smaller(cifar10_beyond.better()["beyond"], ALL), batch_size=16)
    monkeypatch.setattr(cifar10, "DEPTH", [8] * 2)
    asked = tiny_pool(), path, "beyond"
    cifar10_beyond.train_better(replace(arm, judged=1), *asked)
    (first,) = read(path)["beyond"]["runs"]
    cifar10_beyond.train_better(arm, *asked)
    found = read(path)["beyond"]["runs"]
    assert found[0] == first and len(found) == 2 and found[1]["seed"] != first["seed"]
    assert all(len(found[1][metric]) == 8 for metric in cifar10_beyond.CURVES)
    assert found[1]["processor_seconds"] > 0


def test_better_nets_have_no_more_weights_than_the_exercise_s():
    beyond, convnet = (arm.net().count_params() for arm in cifar10_beyond.better().values())
    assert convnet <= beyond


def test_the_work_of_a_net_is_counted():
    inputs = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(5, 3, strides=2, padding="same")(inputs)
    outputs = keras.layers.Dense(10)(keras.layers.Flatten()(maps))
    counted = cifar10_beyond.work_of(keras.Model(inputs, outputs))
    convolution, dense = 4 * 4 * (3 * 3 * 3) * 5, 4 * 4 * 5 * 10
    assert counted == {"weights": 140 + 810, "products": convolution + dense}
