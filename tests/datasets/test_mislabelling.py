"""Labels as people get them wrong, and stacked pools."""

import numpy as np
import pytest

from helpers import datasets
from helpers.datasets.mislabelling import ALIKE


@pytest.fixture(scope="module")
def clothes():
    return datasets.replicates("fashion", [3, 4], train=20, test=10)


def test_the_share_is_wrong_and_similar(clothes):
    wrong = datasets.mislabelled(clothes, 0.1, seed=1)
    changed = np.flatnonzero(wrong.y_train != clothes.y_train)
    assert len(changed) / len(clothes.y_train) == pytest.approx(0.1, abs=0.015)
    names = clothes.class_names
    assert all(names[wrong.y_train[n]] in ALIKE[names[clothes.y_train[n]]] for n in changed)
    assert wrong.divisions == clothes.divisions


def test_a_seed_repeats_its_mistakes(clothes):
    first, same, other = (datasets.mislabelled(clothes, 0.3, seed=s).y_train for s in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
    drawn = datasets.mislabelled(clothes, 0.3, seed=np.random.default_rng(1)).y_train
    assert np.array_equal(first, drawn)


def test_no_share_changes_nothing(clothes):
    assert np.array_equal(datasets.mislabelled(clothes, 0.0, seed=1).y_train, clothes.y_train)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_a_probability(clothes, share):
    with pytest.raises(ValueError, match="probability"):
        datasets.mislabelled(clothes, share, seed=1)


def test_only_clothes_have_similar_classes():
    with pytest.raises(ValueError, match="no clothes"):
        datasets.mislabelled(datasets.pool("digits"), 0.1, seed=1)


def test_versions_come_one_after_the_other(clothes):
    dark = clothes.map(lambda x: x // 2)
    both, rows = datasets.stacked(clothes, dark), len(clothes.y_train)
    assert len(both.y_train) == 2 * rows
    assert np.array_equal(both.x_train[rows:], dark.x_train)
    assert both.divisions == clothes.divisions


def test_shapes_that_differ_are_refused(clothes):
    with pytest.raises(ValueError, match="different shapes"):
        datasets.stacked(clothes, clothes.map(lambda x: x[:, :14]))
