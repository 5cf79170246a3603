"""Shares of right pairs and orders: by hand, by counting all draws, and against SciPy."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy import stats

from helpers.reference import rankings


@pytest.mark.parametrize(
    ("better", "worse", "share"),
    [
        ([0.3, 0.4], [0.1, 0.2], 1.0),
        ([0.3, 0.4], [0.35, 0.2], 0.75),
        ([0.3], [0.3], 0.5),
        ([0.1, 0.9, 0.9], [0.5], 2 / 3),
    ],
)
def test_pairs_by_hand(better, worse, share):
    assert rankings.share_of_right_pairs(better, worse) == pytest.approx(share)


def test_pairs_are_those_of_mann_and_whitney():
    first, second = np.random.default_rng(0).integers(0, 9, (2, 12))
    found = stats.mannwhitneyu(first, second).statistic / 144
    assert rankings.share_of_right_pairs(first, second) == pytest.approx(found)


def test_pairs_of_one_replicate_are_left_out():
    right = np.array([[1, 0, 0], [1, 1, 1], [0, 1, 1]])
    assert rankings.share_between_replicates(right) == pytest.approx([3 / 6])
    drawn = np.array([[2.0, 1.0, 0.0]])  # the pairs (0, 1) and (1, 0), twice each
    assert rankings.share_between_replicates(right, drawn) == pytest.approx([0.5])


def test_the_normal_share_is_that_of_endless_pairs():
    generator = np.random.default_rng(0)
    one, other = generator.normal(0.53, 0.008, 30), generator.normal(0.5, 0.006, 30)
    spread = np.hypot(one.std(ddof=1), other.std(ddof=1))
    found = rankings.normal_share_of_right_pairs(one, other)
    assert found == pytest.approx([stats.norm(one.mean() - other.mean(), spread).sf(0)])
    assert rankings.normal_share_of_right_pairs(other, one) == pytest.approx(found)
    draws = generator.integers(30, size=30)
    drawn = rankings.normal_share_of_right_pairs(one, other, np.bincount(draws, minlength=30)[None])
    assert drawn == pytest.approx(rankings.normal_share_of_right_pairs(one[draws], other[draws]))


@pytest.mark.parametrize("decided", [[(2, 1), (2, 0), (1, 0)], [(2, 0)], []])
def test_orders_are_counted_as_if_all_draws_were_made(decided):
    values = np.random.default_rng(1).normal(size=(3, 6)) + np.array([[0.0], [0.5], [1.0]])
    draws = [all(draw[a] > draw[b] for a, b in decided) for draw in product(*values)]
    assert rankings.share_of_right_orders(values, decided) == pytest.approx([np.mean(draws)])
    weights = np.array([[3.0, 1.0, 0.0, 1.0, 1.0, 0.0]])
    repeated = np.repeat(values, weights[0].astype(int), axis=1)
    expected = rankings.share_of_right_orders(repeated, decided)
    assert rankings.share_of_right_orders(values, decided, weights) == pytest.approx(expected)


def test_pure_noise_orders_three_variants_rightly_in_a_sixth_of_the_draws():
    values = np.random.default_rng(0).normal(size=(3, 300))
    decided = [(2, 1), (1, 0)]
    assert rankings.share_of_right_orders(values, decided)[0] == pytest.approx(1 / 6, abs=0.02)


def test_an_interval_holds_the_share_and_is_narrow_with_many_runs():
    generator = np.random.default_rng(0)
    widths = []
    for runs in (20, 200):
        values = generator.normal(size=(2, runs)) + np.array([[0.0], [1.0]])
        share = partial(rankings.share_of_right_orders, values, [(1, 0)])
        low, high = rankings.resampled(share, runs)
        assert low < share()[0] < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
