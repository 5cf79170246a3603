"""Smoothed targets against Keras's loss."""

import keras
import numpy as np
import pytest

from helpers.reference import label_smoothing


def test_smoothed_targets_are_those_of_keras():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 9)
    probabilities = generator.dirichlet(np.ones(4), 9)
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    expected = float(smoothed(np.eye(4)[labels], probabilities))
    targets = label_smoothing.smooth(labels, 4, 0.2)
    assert -(targets * np.log(probabilities)).sum(axis=1).mean() == pytest.approx(
        expected, rel=1e-5
    )


def test_rows_sum_to_one_and_nothing_is_smoothed_at_zero():
    labels = np.array([0, 2, 1])
    assert label_smoothing.smooth(labels, 3, 0.3).sum(axis=1) == pytest.approx(np.ones(3))
    assert np.array_equal(label_smoothing.smooth(labels, 3, 0.0), np.eye(3)[labels])
