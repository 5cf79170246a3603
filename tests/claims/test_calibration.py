"""How often the protocol is wrong: what it counts is compared with theory and with SciPy."""

import numpy as np
import pytest
from scipy import stats

from helpers import claims
from helpers.claims import calibration, intervals

TRIALS = 400


def bounds(share: float, trials: int = TRIALS) -> tuple[float, float]:
    """Between which shares 99.9 % of simulations lie, by the binomial distribution."""
    low, high = stats.binom.ppf([0.0005, 0.9995], trials, share)
    return low / trials, high / trials


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 500)
    monkeypatch.setattr(calibration, "RESAMPLED", 50)


def test_simulated_nulls_of_normal_values_are_one_in_a_hundred(quick):
    table = calibration.simulated_nulls(trials=TRIALS)
    low, high = bounds(0.01)
    normal = table.loc["normal, Student's t"]
    assert ((low <= normal) & (normal <= high)).all() and normal.max() > 0
    assert table.columns.tolist() == [3, 5, 10, 30]
    assert table.loc["two skewed arms, alike, Student's t"].max() <= high  # they are symmetric
    assert table.loc["one skewed arm, one steady, Student's t", 10] > high
    assert np.isnan(table.loc["one skewed arm, one steady, bootstrap-t", 5])


def test_a_broken_interval_shows_in_the_simulated_nulls(quick, monkeypatch):
    intact = intervals.paired_interval
    broken = lambda sample: intact(sample, 0.9)
    samples = np.random.default_rng(0).normal(size=(TRIALS, 5))
    assert calibration._false_words(samples, broken) > bounds(0.01)[1]


def test_the_truth_at_the_margin_is_seldom_called_support():
    table = calibration.simulated_margins(trials=TRIALS)
    low, high = bounds(0.005)
    assert table.index.tolist() == ["higher", "lower", "equal", "no worse"]
    assert table["supported at the margin"].between(low, high).all()


@pytest.mark.parametrize("size", [5, 30])
@pytest.mark.parametrize("effect", [1, 3, 5])
def test_power_is_that_of_scipys_test(size, effect):
    trials = 20_000
    samples = np.random.default_rng(1).normal(effect / size**0.5, 1, size=(trials, size))
    done = stats.ttest_1samp(samples, 0, axis=1)
    found = np.mean((done.pvalue < 0.01) & (done.statistic > 0))
    low, high = bounds(calibration.power(effect, size), trials)
    assert low <= found <= high


def test_planted_effects_are_found_as_often_as_they_should_be():
    table = calibration.simulated_effects(trials=TRIALS)
    for (_, effect), row in table.iterrows():
        low, high = bounds(row["expected"])
        assert low <= row["found"] <= high
        assert effect == 1 or row["wrong way"] <= bounds(0.001)[1]


def verdict(treatment, setting="", name="OVF-01", **options):
    control = np.random.default_rng(99).normal(10, 1, size=len(treatment))
    asked = {"claimed": "higher", "measure": "m", "data": "d"} | options
    return claims.compare_pairs(name, treatment, control, setting=setting, **asked)


def test_planted_nulls_of_sound_values_give_no_more_alarms_than_chance():
    arms = np.random.default_rng(0).normal(10, 1, size=(150, 30))
    planted = calibration.planted_nulls(verdict(arm, str(n)) for n, arm in enumerate(arms))
    assert planted.tests == 151  # the control is the same everywhere, and counts once
    assert planted.alarms == len(planted.places) <= planted.allowed == 6


def test_replicates_that_are_not_alike_give_alarms():
    arms = np.random.default_rng(0).normal(10, 1, size=(20, 30))
    arms[:, ::2] += 3  # as if two kinds of runs took turns
    planted = calibration.planted_nulls(
        verdict(arm, str(n), scale="log") for n, arm in enumerate(arms)
    )
    assert planted.alarms >= 18 > planted.allowed
    assert planted.places[0] == "OVF-01 [0] treatment"


def test_arms_that_are_few_or_do_not_vary_are_left_out():
    few, same = np.arange(19.0), np.full(30, 2.0)
    x = np.random.default_rng(0).normal(size=(5, 10))
    correlated = claims.compare_within("OVF-01", x, x, claimed="higher", measure="m")
    alone = verdict(same)
    assert calibration.planted_nulls([verdict(few), correlated]).tests == 0
    assert calibration.planted_nulls([alone]).tests == 1  # its control


def test_words_are_compared_with_those_of_other_seeds_in_primary_settings():
    high, low = np.full(5, 20.0) + np.arange(5), np.arange(5.0)
    first = [verdict(high, "a"), verdict(high, "b", role=claims.FURTHER), verdict(high, "c")]
    table = calibration.replicated(first, [verdict(low, "a"), verdict(high, "b")])
    assert table.to_dict("records") == [
        {"id": "OVF-01", "setting": "a", "recorded": "supported", "again": "refuted"}
    ]


def test_what_no_seed_changes_is_no_replication():
    high = np.full(5, 20.0) + np.arange(5)
    counted = claims.Verdict("OVF-02", claims.REFUTED, "counted", "a")
    first = [verdict(high, "of a study"), verdict(high, "drawn"), counted]
    again = [verdict(high, "of a study"), verdict(high + 1, "drawn"), counted]
    assert list(calibration.replicated(first, again)["setting"]) == ["drawn"]
