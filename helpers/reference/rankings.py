"""How far single runs can be trusted to put variants into order.

Right is what the means say; a share counts all ways to draw single runs.
"""

from collections.abc import Callable
from itertools import pairwise, permutations

import numpy as np
from scipy import stats

RESAMPLES = 2_000


def share_of_right_pairs(better, worse) -> np.floating:
    """The share of all pairs, one run of each variant, in which the better variant is higher.

    `better` and `worse` hold one number a run, shapes (runs,) each; a tie counts as one half. It is
    what statistics calls the Mann-Whitney U, divided by the number of pairs.
    """
    better, worse = np.asarray(better, float)[:, None], np.asarray(worse, float)
    return np.mean((better > worse) + 0.5 * (better == worse))


def share_between_replicates(right, weights: np.ndarray | None = None) -> np.ndarray:
    """The share of right pairs among those of different replicates, for each resample.

    `right` says of run i of one variant and run j of another whether they are, shape (runs, runs);
    `weights` how often each replicate was drawn, shape (resamples, runs); once if not given.
    """
    weights = np.ones((1, len(right))) if weights is None else weights
    apart = 1 - np.eye(len(right))
    counts = [((weights @ each) * weights).sum(axis=1) for each in (right * apart, apart)]
    return counts[0] / counts[1]


def normal_share_of_right_pairs(one, other, weights: np.ndarray | None = None) -> np.ndarray:
    """The share of pairs whose difference has the sign of the mean one, were both normal.

    `one` and `other` hold the accuracies of single runs of two variants, shapes (runs,); `weights`
    are as in `share_between_replicates`. It is for variants so far apart that every pair is right.
    """
    values = np.array([one, other], float)
    weights = np.ones((1, values.shape[1])) if weights is None else weights
    runs = weights.sum(axis=1)
    means = values @ weights.T / runs  # shape (2, resamples)
    squares = (weights * (values[:, None] - means[..., None]) ** 2).sum(axis=2)
    spread = np.sqrt(squares.sum(axis=0) / (runs - 1))
    return stats.norm.cdf(np.abs(means[0] - means[1]) / spread)


def share_of_right_orders(values, decided, weights: np.ndarray | None = None) -> np.ndarray:
    """The share of all draws, one run of each variant, that put the variants into the right order.

    `values` has shape (variants, runs). `decided` are pairs of variants (better, worse) which must
    stand so; others may stand either way. `weights` are as in `share_between_replicates`. Of equal
    values either is as good: ties are broken at random, and always in the same way.
    """
    values = np.asarray(values, float)
    values = values + 1e-9 * np.random.default_rng(0).normal(size=values.shape)
    count, runs = values.shape
    weights = np.ones((1, runs)) if weights is None else weights
    right = np.zeros(len(weights))
    for order in permutations(range(count)):  # from the lowest to the highest
        if all(order.index(worse) < order.index(better) for better, worse in decided):
            chains = weights  # weighted numbers of ways up to each run of a variant
            for lower, higher in pairwise(order):
                below = values[lower][:, None] < values[higher]
                chains = (chains @ below) * weights
            right = right + chains.sum(axis=1)
    return right / weights.sum(axis=1) ** count


def resampled(
    share: Callable, runs: int, *, level: float = 0.99, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """The bootstrap interval of a share over replicates, which are drawn anew with replacement.

    `share(weights)` takes how often each replicate was drawn, shape (resamples, runs).
    """
    draws = np.random.default_rng(0).multinomial(runs, np.full(runs, 1 / runs), resamples)
    low, high = np.quantile(share(draws.astype(float)), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
