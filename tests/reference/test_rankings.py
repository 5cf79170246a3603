"""The share of runs that rank variants as the means do."""

import numpy as np
import pytest

from helpers.reference import rankings


@pytest.mark.parametrize(
    ("accuracy", "share"),
    [
        ([[0.1, 0.2, 0.3]], 1.0),
        ([[0.1, 0.2, 0.3], [0.2, 0.1, 0.4], [0.1, 0.4, 0.6], [0.0, 0.3, 0.2]], 0.5),
        ([[0.5, 0.3], [0.1, 0.9], [0.7, 0.4], [0.8, 0.1]], 0.75),
    ],
)
def test_shares_by_hand(accuracy, share):
    assert rankings.share_of_right_rankings(accuracy) == share


def test_pure_noise_ranks_three_variants_rightly_in_a_sixth_of_the_runs():
    accuracy = np.random.default_rng(0).normal(size=(6000, 3))
    assert rankings.share_of_right_rankings(accuracy) == pytest.approx(1 / 6, abs=0.02)
