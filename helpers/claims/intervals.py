"""Intervals of a mean difference, of a mean correlation: what a word rests on."""

import numpy as np
from scipy import stats

LEVEL = 0.99
"""Of an interval that decides: some 300 settings give about three false alarms."""
ROUNDING = 1e-6
"""Differences smaller than this share of the values are float32's rounding, and count as none."""
RESAMPLES = 10_000
FEWEST_FOR_BOOTSTRAP = 10


def paired_interval(
    differences, level: float = LEVEL, *, correlation: float = 0.0
) -> tuple[float, float]:
    """Student's t interval of the mean of paired differences, shape (replicates,).

    `correlation` is that between replicates whose divisions overlap; for random divisions of one
    pool it is about test rows / (training + test rows) (Nadeau and Bengio 2003, "Inference for the
    Generalization Error", section 3: the corrected resampled t-test).
    """
    differences = np.asarray(differences, float)
    mean, half = differences.mean(), standard_error(differences, correlation)
    half *= stats.t.ppf((1 + level) / 2, len(differences) - 1)
    return float(mean - half), float(mean + half)


def standard_error(differences: np.ndarray, correlation: float = 0.0) -> float:
    """Standard error of the mean of replicates that correlate so much with each other.

    It is 0 where they differ by no more than rounding: the mean of equal numbers has a residue too.
    """
    if np.ptp(differences) <= ROUNDING * np.abs(differences).max():
        return 0.0
    share = 1 / len(differences) + correlation / (1 - correlation)
    return float(np.sqrt(share) * np.std(differences, ddof=1))


def bootstrap_t_interval(
    differences, level: float = LEVEL, *, correlation: float = 0.0
) -> tuple[float, float]:
    """Interval of the mean for skewed differences, shape (replicates,), from ten replicates on.

    `correlation` widens it as it does `paired_interval`. It resamples Student's t instead of
    looking it up (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 12.5).
    Raises ValueError for fewer than ten.
    """
    differences = np.asarray(differences, float)
    number = len(differences)
    if number < FEWEST_FOR_BOOTSTRAP:
        raise ValueError(
            f"The bootstrap-t interval needs at least {FEWEST_FOR_BOOTSTRAP} replicates; "
            f"there are {number}."
        )
    mean, error = differences.mean(), standard_error(differences, correlation)
    if error == 0:
        return float(mean), float(mean)
    generator = np.random.default_rng(0)  # the same replicates give the same interval
    drawn = generator.choice(differences, (RESAMPLES, number))
    errors = drawn.std(axis=1, ddof=1) / np.sqrt(number)
    varied = errors > 0
    pivots = (drawn.mean(axis=1)[varied] - mean) / errors[varied]
    upper, lower = np.quantile(pivots, [(1 + level) / 2, (1 - level) / 2])
    return float(mean - upper * error), float(mean - lower * error)


def without_rounding(treatment: np.ndarray, control: np.ndarray) -> np.ndarray:
    """Differences of paired values; those below what rounding makes are 0."""
    differences = treatment - control
    smallest = ROUNDING * np.maximum(np.abs(treatment), np.abs(control))
    return np.where(np.abs(differences) <= smallest, 0.0, differences)


def correlations(x, y, groups) -> np.ndarray:
    """Spearman's correlation of x and y, shape (nets,), within each group, shape (groups,).

    A group in which one of them does not vary counts as uncorrelated.
    """
    x, y, groups = np.asarray(x, float), np.asarray(y, float), np.asarray(groups)
    members = [groups == group for group in np.unique(groups)]
    return np.array([_rank_correlation(x[rows], y[rows]) for rows in members])


def _rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's correlation; 0 where x or y does not vary."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1])
