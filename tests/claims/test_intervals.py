"""Intervals against SciPy, against formulas by hand, and against what they promise of chance."""

import numpy as np
import pytest
from scipy import stats

from helpers.claims import intervals
from helpers.claims.intervals import bootstrap_t_interval, paired_interval

VALUES = np.random.default_rng(0).normal(1, 2, size=12)


def bounds(trials: int, share: float = 0.01) -> tuple[float, float]:
    """Between which shares of alarms 99.9 % of simulations lie, by the binomial distribution."""
    low, high = stats.binom.ppf([0.0005, 0.9995], trials, share)
    return low / trials, high / trials


def alarms(samples: np.ndarray, interval=paired_interval) -> float:
    """Share of samples of mean 0 whose interval does not hold 0."""
    found = [interval(sample) for sample in samples]
    return float(np.mean([not low <= 0 <= high for low, high in found]))


def normal(size: int, trials: int = 10_000) -> np.ndarray:
    return np.random.default_rng(size).normal(size=(trials, size))


@pytest.mark.parametrize("level", [0.95, 0.99, 0.9999])
def test_the_paired_interval_is_scipys(level):
    one = stats.ttest_1samp(VALUES, 0).confidence_interval(level)
    assert paired_interval(VALUES, level) == pytest.approx((one.low, one.high))
    control = np.linspace(0, 1, 12)
    pairs = stats.ttest_rel(VALUES + control, control).confidence_interval(level)
    assert paired_interval(VALUES, level) == pytest.approx((pairs.low, pairs.high))


def test_an_interval_is_at_99_per_cent_unless_it_is_said():
    assert paired_interval(VALUES) == paired_interval(VALUES, 0.99)


def test_overlapping_divisions_are_corrected_as_nadeau_and_bengio_do():
    # 1, 2, 3, 4, 5: mean 3, variance 2.5; 80 rows of training, 20 of testing.
    variance = (1 / 5 + 20 / 80) * 2.5
    half = 4.604095 * variance**0.5  # Student's t with 4 degrees of freedom, from a printed table
    found = paired_interval([1, 2, 3, 4, 5], correlation=20 / (80 + 20))
    assert found == pytest.approx((3 - half, 3 + half), rel=1e-6)


def test_the_correction_is_right_where_divisions_overlap_and_needed():
    # A row of the pool adds its own difference wherever it is tested.
    pool, rows, replicates, trials = 50, 10, 10, 1_000
    generator = np.random.default_rng(0)
    differences = generator.normal(size=(trials, pool))
    tested = generator.random((trials, replicates, pool)).argsort(axis=-1)[..., :rows]
    means = np.take_along_axis(differences[:, None], tested, axis=-1).mean(axis=-1)
    corrected = lambda sample: paired_interval(sample, correlation=rows / pool)
    low, high = bounds(trials)
    assert low <= alarms(means, corrected) <= high
    assert alarms(means) > 0.1  # ten times as many as promised


@pytest.mark.parametrize("size", [3, 5, 30])
def test_normal_values_give_one_false_alarm_in_a_hundred(size):
    samples = normal(size)
    low, high = bounds(len(samples))
    assert low <= alarms(samples) <= high


def divided_by_n(sample):
    half = stats.t.ppf(0.995, len(sample) - 1) * np.std(sample) / len(sample) ** 0.5
    return sample.mean() - half, sample.mean() + half


def normal_quantile(sample):
    half = stats.norm.ppf(0.995) * np.std(sample, ddof=1) / len(sample) ** 0.5
    return sample.mean() - half, sample.mean() + half


def at_95_per_cent(sample):
    return paired_interval(sample, 0.95)


def uncorrected_root(sample):
    half = stats.t.ppf(0.995, len(sample) - 1) * np.std(sample, ddof=1) / len(sample)
    return sample.mean() - half, sample.mean() + half


@pytest.mark.parametrize(
    "broken", [divided_by_n, normal_quantile, at_95_per_cent, uncorrected_root]
)
def test_a_broken_interval_would_be_noticed(broken):
    samples = normal(3)
    low, high = bounds(len(samples))
    assert not low <= alarms(samples, broken) <= high


def test_bootstrap_t_is_wrong_less_often_than_students_t_where_values_are_skewed(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 1_000)
    draws = np.random.default_rng(2).lognormal(size=(300, 30)) - np.exp(0.5)
    student, resampled = alarms(draws), alarms(draws, bootstrap_t_interval)
    assert student > bounds(300)[1]
    assert resampled < student


def test_bootstrap_t_agrees_with_students_t_where_values_are_normal():
    sample = stats.norm.ppf((np.arange(40) + 0.5) / 40)
    assert bootstrap_t_interval(sample) == pytest.approx(paired_interval(sample), rel=0.1)
    assert bootstrap_t_interval(sample) == bootstrap_t_interval(sample)  # nothing is left to luck


def test_bootstrap_t_is_widened_by_the_same_factor():
    plain = np.array(bootstrap_t_interval(VALUES)) - VALUES.mean()
    wide = np.array(bootstrap_t_interval(VALUES, correlation=0.2)) - VALUES.mean()
    assert wide == pytest.approx(plain * (1 + 12 / 4) ** 0.5)


def test_bootstrap_t_needs_ten_replicates():
    with pytest.raises(ValueError, match="at least 10 replicates; there are 9"):
        bootstrap_t_interval(VALUES[:9])


@pytest.mark.parametrize("interval", [paired_interval, bootstrap_t_interval])
@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e9])
def test_equal_differences_have_no_width_though_their_mean_is_rounded(interval, value):
    low, high = interval([value] * 12)
    assert low == high == pytest.approx(value)
    residue = np.array([3.1, 4.1, 5.1, 6.1] * 3) - np.array([3.0, 4.0, 5.0, 6.0] * 3)
    assert np.ptp(residue) > 0
    low, high = interval(residue)
    assert low == high


def test_differences_below_rounding_are_none():
    large = np.array([1000.0, 1000.0])
    found = intervals.without_rounding(large, large + [1e-4, 1e-2])
    assert found.tolist() == [0.0, pytest.approx(-1e-2)]


def test_the_correlations_are_scipys_in_each_group():
    generator = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], 8)
    x = generator.integers(0, 5, size=24).astype(float)  # with ties
    y = x + generator.normal(size=24)
    inside = [stats.spearmanr(x[groups == one], y[groups == one]).statistic for one in range(3)]
    assert intervals.correlations(x, y, groups) == pytest.approx(inside)


def test_a_group_that_does_not_vary_is_uncorrelated():
    x, y = [1.0, 1, 1, 1, 2, 3], [1.0, 2, 3, 1, 2, 3]
    assert intervals.correlations(x, y, np.repeat([0, 1], 3)) == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize("plans", [3, 5, 10])
def test_plans_that_differ_by_chance_seldom_make_a_correlation(plans):
    generator, trials = np.random.default_rng(1), 300
    wrong = 0
    for _ in range(trials):
        tilt = generator.normal(scale=0.5, size=(plans, 1))  # of each plan, around none
        x = generator.normal(size=(plans, 10))
        y = tilt * x + generator.normal(size=(plans, 10))
        found = intervals.correlations(x.ravel(), y.ravel(), np.repeat(np.arange(plans), 10))
        low, high = intervals.paired_interval(found)
        wrong += not low <= 0 <= high
    assert wrong <= stats.binom.ppf(0.999, trials, 0.01)
