"""Data sets that are made to order: fresh for every seed, with noise where it belongs."""

import numpy as np
import pytest

from helpers import datasets, training
from helpers.datasets.making import FUNCTIONS

SIZES = {"train": 60, "valid": 20, "test": 400}


def drawn(generator, rows):
    return generator.normal(size=(rows, 2)), generator.integers(0, 3, rows)


def test_every_seed_has_rows_of_its_own_in_three_parts():
    pool = datasets.made("three classes", drawn, range(4), **SIZES)
    runs = training.replicates(pool, range(4))
    assert [len(run.valid_rows) for run in runs] == [20] * 4
    rows = np.concatenate([np.concatenate(division) for division in pool.divisions])
    assert np.array_equal(rows, np.arange(4 * 480))
    assert pool.x_train.dtype == np.float32 and pool.y_train.dtype == np.int64
    assert len(pool.x_valid) == len(pool.y_test) == 0
    again = datasets.made("three classes", drawn, [2], **SIZES)
    assert np.array_equal(again.x_train, pool.x_train[960:1440])
    assert str(pool) == ("three classes, 4 x 60 training + 20 validation + 400 test (generated)")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_variance_one_and_noise_in_training_alone(name):
    inputs = 1 if "teeth" in name else 5
    sizes = {**SIZES, "inputs": inputs}
    noisy, truth = (datasets.function(name, range(3), noise=noise, **sizes) for noise in (0.5, 0))
    assert np.array_equal(noisy.x_train, truth.x_train)
    changes = noisy.y_train - truth.y_train
    for division in noisy.divisions:
        assert changes[division.train].std() == pytest.approx(0.5**0.5, rel=0.4)
        assert not changes[division.valid].any() and not changes[division.test].any()
        own = truth.y_train[np.concatenate(division)]
        assert own.mean() == pytest.approx(0, abs=1e-5)
        assert own.std() == pytest.approx(1, rel=1e-4)


def test_a_sawtooth_turns_twice_a_tooth():
    pool = datasets.function("eight teeth", [7], inputs=1, noise=0, train=1, test=4_000)
    order = np.argsort(pool.x_train[:, 0])
    slopes = np.sign(np.diff(pool.y_train[order]) / np.diff(pool.x_train[order, 0]))
    assert np.count_nonzero(np.diff(slopes[np.abs(slopes) > 0])) in range(15, 32)


def test_an_unknown_function_is_refused():
    with pytest.raises(ValueError, match="no function 'teeth'; choose one of linear"):
        datasets.function("teeth", [0], inputs=1, noise=0, train=5, test=5)
