"""Calibration: against a computation by hand, scikit-learn's calibration curve, and a classifier
that is calibrated.
"""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from helpers.reference.calibration import expected_calibration_error, reliability


def test_by_hand():
    probabilities = [
        [0.9, 0.1],
        [0.8, 0.2],
        [0.3, 0.7],
        [0.45, 0.55],
    ]  # confidences 0.9, 0.8, 0.7, 0.55
    labels = [0, 1, 1, 1]  # right, wrong, right, right
    table = reliability(
        probabilities, labels, bins=5
    )  # 0.55 in (0.4, 0.6]; 0.7, 0.8 in (0.6, 0.8]; 0.9 above
    np.testing.assert_array_equal(table.count, [0, 0, 1, 2, 1])
    np.testing.assert_allclose(table.confidence, [np.nan, np.nan, 0.55, 0.75, 0.9])
    np.testing.assert_allclose(table.accuracy, [np.nan, np.nan, 1, 0.5, 1])
    error = (1 * 0.45 + 2 * 0.25 + 1 * 0.1) / 4
    assert expected_calibration_error(probabilities, labels, bins=5) == pytest.approx(error)


def test_table_agrees_with_scikit_learn():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(500, 6)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = generator.integers(0, 6, 500)
    right, confidence = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    accuracy, mean = calibration_curve(right, confidence, n_bins=10)  # leaves out empty bins
    table = reliability(probabilities, labels, bins=10)
    full = table.count > 0
    np.testing.assert_allclose(table.accuracy[full], accuracy)
    np.testing.assert_allclose(table.confidence[full], mean)


def test_two_classes_by_one_number_or_two():
    generator = np.random.default_rng(1)
    chance, labels = generator.random(200), generator.integers(0, 2, 200)
    both = np.stack([1 - chance, chance], axis=1)
    assert expected_calibration_error(chance, labels) == expected_calibration_error(both, labels)


def test_a_calibrated_classifier_has_a_small_error_and_a_boastful_one_a_large_one():
    generator = np.random.default_rng(2)
    chance = generator.random(50_000)
    labels = generator.random(50_000) < chance
    assert expected_calibration_error(chance, labels) < 0.01
    boastful = np.round(chance)  # says 0 or 1, and is right three times in four
    assert expected_calibration_error(boastful, labels) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_the_ends_have_bins(confidence):
    table = reliability([confidence] * 3, [1, 1, 0], bins=4)
    assert table.count.tolist() == [
        0,
        0,
        0,
        3,
    ]  # the predicted class has a probability of at least one half


@pytest.mark.parametrize(
    ("probabilities", "labels", "bins", "message"),
    [
        ([[0.5, 0.5]], [0, 1], 10, "shape"),
        ([[1.5, -0.5]], [0], 10, "between 0 and 1"),
        ([[np.nan, 0.5]], [0], 10, "between 0 and 1"),
        ([[0.5, 0.9]], [0], 10, "sum to 1"),
        ([0.5], [0], 0, "at least one"),
        ([], [], 10, "shape"),
        ([0.9, 0.2], [1, -1], 10, "class numbers from 0 to 1; these hold -1"),
        ([0.2, 0.3], [0, 2], 10, "these hold 2"),
        ([[0.5, 0.5], [0.2, 0.8]], [0, 5], 10, "class numbers from 0 to 1; these hold 5"),
        ([0.9, 0.2], [1, 0.5], 10, "these hold 0.5"),
        ([0.9, 0.2], ["b", "a"], 10, "these hold a, b"),
    ],
)
def test_what_does_not_fit_is_refused(probabilities, labels, bins, message):
    with pytest.raises(ValueError, match=message):
        reliability(probabilities, labels, bins=bins)
