"""Inputs rescaled by the training part of each replicate."""

import numpy as np
import pytest

from helpers import datasets

SIZES = {"train": 60, "valid": 20, "test": 20}


@pytest.fixture(scope="module")
def wines():
    return datasets.replicates("wine", [1, 2], **SIZES)


def test_every_replicate_is_standardized_by_its_own_training_part(wines):
    made = datasets.rescaled(wines, datasets.standard, note="standardized")
    for own in made.divisions:
        train = made.x_train[own.train]
        np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-3)
    assert made.title.endswith(", standardized")
    assert made.correlation == wines.correlation


def test_rows_are_those_of_the_pool(wines):
    made = datasets.rescaled(wines, lambda x, train: 2 * x, note="doubled")
    for own, new in zip(wines.divisions, made.divisions, strict=True):
        for rows, new_rows in zip(own, new, strict=True):
            np.testing.assert_allclose(made.x_train[new_rows], 2 * wines.x_train[rows])
            np.testing.assert_array_equal(made.y_train[new_rows], wines.y_train[rows])


def test_the_range_is_that_of_the_training_part(wines):
    made = datasets.rescaled(wines, datasets.unit_range, note="from 0 to 1")
    train = made.x_train[made.divisions[0].train]
    np.testing.assert_allclose([train.min(axis=0), train.max(axis=0)], [[0] * 11, [1] * 11])


def test_a_constant_feature_stays_finite():
    x = np.ones((4, 1))
    for how in (datasets.standard, datasets.unit_range):
        np.testing.assert_array_equal(how(x, x), np.zeros((4, 1)))


def test_a_split_without_divisions_is_refused():
    with pytest.raises(ValueError, match="no divisions"):
        datasets.rescaled(datasets.pool("wine"), datasets.standard, note="")
