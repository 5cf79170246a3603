"""Versions of pictures: every replicate has rows of its own, and only what is said is changed."""

import numpy as np
import pytest

from helpers import datasets
from helpers.datasets import versions

SEEDS = range(3)


@pytest.fixture(scope="module")
def pool():
    return datasets.replicates("digits", SEEDS, train=40, valid=10, test=20)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(1, 9, (50, 6, 5)).astype("float32")


def test_unchanged_replicates_have_the_same_examples(pool):
    same = datasets.each(pool, SEEDS, lambda x, generator: x)
    for old, new in zip(pool.divisions, same.divisions, strict=True):
        for before, after in zip(old, new, strict=True):
            np.testing.assert_array_equal(pool.x_train[before], same.x_train[after])
            np.testing.assert_array_equal(pool.y_train[before], same.y_train[after])
    rows = np.concatenate([np.concatenate(own) for own in same.divisions])
    assert sorted(rows) == list(range(len(same.y_train)))
    assert (same.correlation, str(same)) == (pool.correlation, str(pool))


def test_each_replicate_draws_by_itself(pool):
    draw = lambda x, generator: np.full(x.shape, generator.random())
    once, again = (datasets.each(pool, SEEDS, draw).x_train for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert len(np.unique(once)) == len(SEEDS)
    with pytest.raises(ValueError, match="there are 2 seeds"):
        datasets.each(pool, range(2), draw)


def test_pictures_move_by_every_offset_and_zeros_come_in(pictures):
    found = versions.moved(pictures, 2, np.random.default_rng(1))
    offsets = set()
    for before, after in zip(pictures, found, strict=True):
        wide = np.pad(before, 2)
        fits = {
            (down, right)
            for down in range(5)
            for right in range(5)
            if np.array_equal(wide[down : down + 6, right : right + 5], after)
        }
        assert len(fits) == 1
        offsets |= fits
    assert len(offsets) > 15
    np.testing.assert_array_equal(versions.moved(pictures, 0, np.random.default_rng(1)), pictures)


def test_pixels_are_permuted_alike_in_all_pictures(pictures):
    found = versions.permuted(pictures, np.random.default_rng(1))
    assert not np.array_equal(found, pictures)
    flat, places = found.reshape(50, -1), pictures.reshape(50, -1)
    order = [np.flatnonzero((places == column[:, None]).all(axis=0))[0] for column in flat.T]
    assert sorted(order) == list(range(30))
