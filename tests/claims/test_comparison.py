"""Comparing paired replicates: the word follows from the interval and the protocol's table;
nothing is shown.
"""

import json
from dataclasses import asdict
from functools import reduce
from operator import add

import numpy as np
import pytest
from scipy import stats

from helpers import claims, datasets
from helpers.claims import REFUTED, SUPPORTED, UNDECIDED, comparison

BASE = np.linspace(0.5, 0.7, 10)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=10)
STEADY = NOISE - NOISE.mean()


def compared(treatment, control=BASE, **options):
    asked = {"claimed": "higher", "measure": "test accuracy", "data": "simulated"} | options
    return claims.compare_pairs("OVF-04", treatment, control, **asked)


@pytest.mark.parametrize(
    ("claimed", "interval", "word"),
    [
        ("higher", (1.1, 2.0), SUPPORTED),
        ("higher", (0.9, 2.0), UNDECIDED),
        ("higher", (1.0, 2.0), UNDECIDED),  # it touches the margin
        ("higher", (0.1, 0.9), REFUTED),  # higher, but by less than matters
        ("higher", (0.1, 1.0), UNDECIDED),
        ("higher", (-3.0, -2.0), REFUTED),
        ("lower", (-2.0, -1.1), SUPPORTED),
        ("lower", (-2.0, -0.9), UNDECIDED),
        ("lower", (-0.9, -0.1), REFUTED),
        ("lower", (2.0, 3.0), REFUTED),
        ("equal", (-0.9, 0.9), SUPPORTED),
        ("equal", (0.2, 0.9), SUPPORTED),  # it differs, but by less than matters
        ("equal", (-0.9, 1.0), UNDECIDED),
        ("equal", (-1.1, 0.9), UNDECIDED),
        ("equal", (-2.0, 2.0), UNDECIDED),
        ("equal", (1.1, 2.0), REFUTED),
        ("equal", (-2.0, -1.1), REFUTED),
        ("no worse", (-0.9, 5.0), SUPPORTED),
        ("no worse", (2.0, 3.0), SUPPORTED),
        ("no worse", (-1.1, 5.0), UNDECIDED),
        ("no worse", (-2.0, -1.1), REFUTED),
        *((claimed, (5.0, 5.0), UNDECIDED) for claimed in comparison.CLAIMED),
        *((claimed, (0.0, 0.0), UNDECIDED) for claimed in comparison.CLAIMED),
        *((claimed, (np.nan, np.nan), UNDECIDED) for claimed in comparison.CLAIMED),
    ],
)
def test_the_protocols_table(claimed, interval, word):
    assert comparison.word(interval, claimed, 1.0) == word


@pytest.mark.parametrize(
    ("shift", "options", "word"),
    [
        (0.1, {}, SUPPORTED),
        (-0.1, {}, REFUTED),
        (0.0, {}, UNDECIDED),
        (0.1, {"claimed": "lower"}, REFUTED),
        (0.1, {"margin": 0.05}, SUPPORTED),
        (0.1, {"margin": 0.2}, REFUTED),
        (0.1, {"margin": 0.1}, UNDECIDED),
        (0.0, {"claimed": "equal", "margin": 0.05}, SUPPORTED),
        (0.1, {"claimed": "equal", "margin": 0.05}, REFUTED),
        (0.0, {"claimed": "no worse", "margin": 0.05}, SUPPORTED),
        (-0.1, {"claimed": "no worse", "margin": 0.05}, REFUTED),
    ],
)
def test_the_interval_against_the_margin_decides(shift, options, word):
    verdict = compared(BASE + shift + STEADY, **options)
    assert verdict.verdict == word
    assert verdict.low < verdict.effect < verdict.high
    assert verdict.effect == pytest.approx(shift)


def test_the_interval_is_scipys_at_99_per_cent():
    verdict = compared(BASE + NOISE)
    found = stats.ttest_rel(BASE + NOISE, BASE).confidence_interval(0.99)
    assert (verdict.low, verdict.high) == pytest.approx((found.low, found.high))


def test_pairing_is_what_counts():
    # Replicates differ far more from each other than the treatment from the control.
    spread = np.linspace(0, 1, 10)
    assert compared(spread + 0.01 + NOISE / 10, spread).verdict == SUPPORTED


def test_where_divisions_overlap_the_interval_is_wider_and_says_so():
    wine = datasets.load("wine")
    plain, told = compared(BASE + NOISE), compared(BASE + NOISE, correlation=0.2)
    factor = (1 + 10 / 4) ** 0.5
    assert told.high - told.low == pytest.approx(factor * (plain.high - plain.low))
    assert "divisions overlap, correlation 0.2" in told.detail
    assert compared(BASE + NOISE, data=wine).correlation == getattr(wine, "correlation", 0.0)
    with pytest.raises(ValueError, match="correlation is 1.0"):
        compared(BASE, correlation=1)


@pytest.mark.parametrize("method", comparison.METHODS)
@pytest.mark.parametrize("claimed", comparison.CLAIMED)
@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_differences_that_do_not_vary_decide_nothing(method, claimed, shift):
    verdict = compared(BASE + shift, claimed=claimed, margin=0.05, method=method)
    assert (verdict.verdict, verdict.low) == (UNDECIDED, verdict.high)
    assert "the differences do not vary, so they decide nothing" in verdict.detail


def test_a_residue_of_rounding_decides_nothing():
    verdict = compared([0.1 + 0.2] * 3, [0.3] * 3)
    assert (verdict.verdict, verdict.effect) == (UNDECIDED, 0.0)
    folds = np.random.default_rng(0).uniform(size=(30, 10))
    # `sum` rounds only once, from Python 3.12 on.
    forth = [reduce(add, row) / 10 for row in folds.tolist()]
    back = [reduce(add, row[::-1]) / 10 for row in folds.tolist()]
    assert forth != back and compared(forth, back).effect == 0.0
    for claimed in ("higher", "lower"):
        assert compared(forth, back, claimed=claimed).verdict == UNDECIDED


def test_float32_sums_in_another_order_decide_nothing():
    values = np.random.default_rng(0).uniform(size=(30, 1000)).astype("float32")
    forth, back = np.cumsum(values, axis=1)[:, -1], np.cumsum(values[:, ::-1], axis=1)[:, -1]
    assert (forth != back).any()
    found = compared(forth, forth + np.spacing(forth), scale="log")
    assert (found.effect, found.verdict) == (0.0, UNDECIDED)


def test_on_the_log_scale_differences_intervals_and_margins_are_ratios():
    slow = np.exp(np.random.default_rng(0).normal(size=30))
    fast = slow / 2 * np.exp(np.random.default_rng(1).normal(scale=0.05, size=30))
    verdict = compared(fast, slow, claimed="lower", scale="log", margin=1.5)
    known = stats.ttest_rel(np.log(fast), np.log(slow)).confidence_interval(0.99)
    assert (verdict.low, verdict.high) == pytest.approx((known.low, known.high))
    assert verdict.verdict == SUPPORTED and "ratio x 0.498" in verdict.detail
    assert "lower by more than a factor of 1.5" in verdict.detail
    assert compared(fast, slow, claimed="lower", scale="log", margin=3).verdict == REFUTED
    assert compared(fast, slow, claimed="equal", scale="log", margin=3).verdict == SUPPORTED
    assert compared(fast, slow, claimed="equal", scale="log", margin=1.1).verdict == REFUTED
    kilo = compared(1000 * fast, 1000 * slow, claimed="lower", scale="log", margin=1.5)
    assert (kilo.low, kilo.high) == pytest.approx((verdict.low, verdict.high))  # no unit counts


def test_a_setting_that_cannot_speak_is_undecided_whatever_came_out():
    verdict = compared(BASE + 0.1 + NOISE, void="both nets were still learning")
    assert verdict.verdict == UNDECIDED and verdict.low > 0
    assert verdict.detail.endswith("; both nets were still learning")


def test_bootstrap_t_is_used_where_it_is_asked_for():
    skewed = np.random.default_rng(0).lognormal(size=30)
    verdict = compared(skewed, np.zeros(30), method="bootstrap-t")
    assert (verdict.low, verdict.high) == claims.bootstrap_t_interval(skewed)


def test_few_replicates_of_skewed_values_are_judged_by_students_t():
    skewed = np.random.default_rng(0).lognormal(size=10)
    few = compared(skewed[:9], np.zeros(9), method="bootstrap-t")
    assert (few.low, few.high) == claims.paired_interval(skewed[:9])
    ten = compared(skewed, np.zeros(10), method="bootstrap-t")
    assert (ten.low, ten.high) == claims.bootstrap_t_interval(skewed)


@pytest.mark.parametrize(
    ("treatment", "control", "options", "says"),
    [
        (BASE[:9], BASE, {}, "one number for each replicate"),
        (BASE.reshape(2, 5), BASE.reshape(2, 5), {}, "one number for each replicate"),
        (BASE[:2], BASE[:2], {}, "at least 3"),
        (np.where(np.arange(10) == 4, np.nan, BASE), BASE, {}, r"\[4\] are not finite"),
        (BASE, np.where(np.arange(10) == 3, np.inf, BASE), {}, r"\[3\] are not finite"),
        (BASE, BASE, {"margin": -1.0}, "margin is -1.0"),
        (BASE, BASE, {"margin": np.nan}, "margin is nan"),
        (BASE, BASE, {"margin": np.inf}, "margin is inf"),
        (BASE, BASE, {"margin": 0.5, "scale": "log"}, "a ratio, so at least 1"),
        (BASE - 0.5, BASE, {"scale": "log"}, r"\[0\] are not above 0"),
        (BASE, BASE, {"claimed": "equal"}, "it needs one above 0"),
        (BASE, BASE, {"claimed": "equal", "margin": 0}, "it needs one above 0"),
        (BASE, BASE, {"claimed": "no worse"}, "the largest difference that does not matter"),
        (BASE, BASE, {"claimed": "equal", "margin": 1, "scale": "log"}, "it needs one above 1"),
        (BASE, BASE, {"scale": "ratio"}, 'scale is \'ratio\'; it must be "linear" or "log"'),
        (BASE, BASE, {"method": "z"}, "method is 'z'"),
        (BASE, BASE, {"role": "main"}, "role is 'main'"),
    ],
)
def test_what_cannot_be_compared_is_refused(treatment, control, options, says):
    with pytest.raises(ValueError, match=says):
        compared(treatment, control, **options)


@pytest.mark.parametrize("claimed", ["better", "Higher", "", None])
def test_another_direction_is_refused_by_its_name(claimed):
    known = '"higher", "lower", "equal" or "no worse"'
    with pytest.raises(ValueError, match=f"claimed is .*; it must be {known}"):
        compared(BASE, claimed=claimed)


def test_what_is_compared_comes_first_and_the_rest_by_name():
    with pytest.raises(TypeError):
        claims.compare_pairs("OVF-04", BASE, BASE, "higher", "test accuracy", "simulated")
    with pytest.raises(TypeError, match="claimed"):
        claims.compare_pairs("OVF-04", BASE, BASE, measure="test accuracy", data="simulated")


def test_comparing_shows_nothing(capsys):
    verdict = compared(BASE + 0.1 + NOISE, margin=0.05, setting="small nets")
    assert verdict == compared(BASE + 0.1 + NOISE, margin=0.05, setting="small nets")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_verdict_holds_all_that_it_rests_on():
    treatment = BASE - 0.1 + NOISE
    verdict = compared(
        treatment, claimed="lower", margin=0.02, setting="small nets", role=claims.FURTHER
    )
    given = (verdict.id, verdict.claimed, verdict.margin, verdict.runs, verdict.setting)
    assert given == ("OVF-04", "lower", 0.02, 10, "small nets")
    assert (verdict.treatment, verdict.control) == (tuple(treatment), tuple(BASE))
    assert (verdict.role, verdict.method, verdict.scale) == ("further", "t", "linear")
    assert verdict.data == "simulated" and verdict.versions["numpy"] == np.__version__
    for part in ("test accuracy", "claimed: lower by more than 0.02", "10 replicates"):
        assert part in verdict.detail
    assert claims.Verdict(**json.loads(json.dumps(asdict(verdict)))) == verdict
    assert comparison.judged(verdict) == verdict  # from the values alone


@pytest.mark.parametrize("margin", [np.float32(0.25), np.float64(0.25), np.int64(0), 0])
def test_a_margin_of_any_type_is_a_number_that_can_be_written_down(margin):
    verdict = compared(BASE + 0.1 + NOISE, margin=margin)
    assert type(verdict.margin) is float and verdict.margin == margin
    assert claims.Verdict(**json.loads(json.dumps(asdict(verdict)))) == verdict


def test_data_may_be_a_split():
    wine = datasets.load("wine")
    assert compared(BASE, data=wine).data == str(wine)


def test_numbers_are_told_in_three_digits_with_a_sign():
    assert [claims.signed(value) for value in (0.012345, -1234.5, 1e-13)] == [
        "+0.0123",
        "-1.23e+03",
        "0",
    ]


# Two quantities of the same nets


def within(x, y, **options):
    asked = {"claimed": "higher", "measure": "sharpness and error", "data": "simulated"} | options
    return claims.compare_within("OVF-04", x, y, **asked)


def test_what_differs_between_plans_makes_no_correlation():
    # Simpson: across all nets x and y rise together, within every plan they fall.
    generator = np.random.default_rng(0)
    plans = 10 * np.arange(12)[:, None]
    inside = generator.normal(size=(12, 10))
    x, y = plans + inside, plans - inside + 0.3 * generator.normal(size=(12, 10))
    assert stats.spearmanr(x.ravel(), y.ravel()).statistic > 0.9
    verdict = within(x, y)
    assert verdict.verdict == REFUTED and verdict.high < -0.5
    assert within(x, y, claimed="lower").verdict == SUPPORTED
    expected = np.mean([stats.spearmanr(*pair).statistic for pair in zip(x, y, strict=True)])
    assert verdict.effect == pytest.approx(expected)
    assert verdict.groups == tuple(np.repeat(np.arange(12), 10)) and verdict.runs == 120
    assert "12 plans, 120 nets" in verdict.detail
    assert comparison.judged(claims.Verdict(**json.loads(json.dumps(asdict(verdict))))) == verdict


def test_what_does_not_go_together_is_undecided():
    x, y = np.random.default_rng(3).normal(size=(2, 12, 10))
    assert within(x, y).verdict == UNDECIDED
    assert within(x, x + 0.1 * y, void="one data set only").verdict == UNDECIDED


@pytest.mark.parametrize(
    ("x", "y", "options", "says"),
    [
        (BASE, BASE, {}, "must be"),
        (np.ones((4, 5)), np.ones((5, 4)), {}, "must be"),
        (np.ones((2, 5)), np.ones((2, 5)), {}, "at least 3"),
        (np.full((4, 5), np.nan), np.ones((4, 5)), {}, "not finite"),
        (np.ones((4, 5)), np.ones((4, 5)), {"claimed": "equal"}, '"higher" or "lower" than 0'),
        (np.ones((4, 5)), np.ones((4, 5)), {"claimed": "more"}, "claimed is 'more'"),
    ],
)
def test_what_cannot_be_correlated_is_refused(x, y, options, says):
    with pytest.raises(ValueError, match=says):
        within(x, y, **options)


def test_an_interval_beyond_a_threshold_is_above_or_below_it():
    assert claims.beyond((0.2, 0.3), 0.1) is True
    assert claims.beyond((0.2, 0.3), 0.4) is False
    assert claims.beyond((0.2, 0.3), 0.25) is None
