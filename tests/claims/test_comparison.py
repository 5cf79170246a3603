"""Comparing paired runs: the word follows from SciPy's interval and the margin; nothing is
shown.
"""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from helpers import claims, datasets
from helpers.claims import REFUTED, SUPPORTED, UNDECIDED

BASE = np.linspace(0.5, 0.7, 10)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=10)


def compared(treatment, control=BASE, **options):
    asked = {"claimed": "higher", "measure": "test accuracy", "data": "simulated"} | options
    return claims.compare_pairs("OVF-04", treatment, control, **asked)


@pytest.mark.parametrize(
    ("shift", "options", "word"),
    [
        (0.1, {}, SUPPORTED),
        (-0.1, {}, REFUTED),
        (0.0, {}, UNDECIDED),
        (-0.1, {"claimed": "lower"}, SUPPORTED),
        (0.1, {"claimed": "lower"}, REFUTED),
        (0.1, {"margin": 0.05}, SUPPORTED),
        (0.1, {"margin": 0.2}, REFUTED),
        (0.1, {"margin": 0.1}, UNDECIDED),
        (-0.1, {"claimed": "lower", "margin": 0.2}, REFUTED),
    ],
)
def test_the_interval_against_the_margin_decides(shift, options, word):
    verdict = compared(BASE + shift + NOISE - NOISE.mean(), **options)
    assert verdict.verdict == word
    assert verdict.low <= verdict.effect <= verdict.high
    assert verdict.effect == pytest.approx(shift)


def test_the_interval_is_scipys():
    found = stats.bootstrap(
        (NOISE,), np.mean, rng=np.random.default_rng(0), method="BCa"
    ).confidence_interval
    assert claims.paired_interval(NOISE) == (found.low, found.high)


def test_pairing_is_what_counts():
    # Runs differ far more from each other than the treatment from the control.
    spread = np.linspace(0, 1, 10)
    assert compared(spread + 0.01 + NOISE / 10, spread).verdict == SUPPORTED


def test_differences_that_do_not_vary_have_no_width():
    verdict = compared([3.0, 4.0, 5.0], [2.0, 3.0, 4.0])
    assert (verdict.low, verdict.high, verdict.verdict) == (1.0, 1.0, SUPPORTED)
    assert compared(BASE, BASE).verdict == UNDECIDED


@pytest.mark.parametrize(
    ("treatment", "control", "options", "says"),
    [
        (BASE[:9], BASE, {}, "one number for each run"),
        (BASE.reshape(2, 5), BASE.reshape(2, 5), {}, "one number for each run"),
        (BASE[:2], BASE[:2], {}, "at least 3"),
        (np.where(np.arange(10) == 4, np.nan, BASE), BASE, {}, r"\[4\] are not finite"),
        (BASE, BASE, {"claimed": "bigger"}, "higher"),
        (BASE, BASE, {"margin": -1.0}, "margin is -1.0"),
        (BASE, BASE, {"margin": np.nan}, "margin is nan"),
        (BASE, BASE, {"margin": np.inf}, "margin is inf"),
    ],
)
def test_what_cannot_be_compared_is_refused(treatment, control, options, says):
    with pytest.raises(ValueError, match=says):
        compared(treatment, control, **options)


@pytest.mark.parametrize("claimed", ["better", "Higher", "", None])
def test_another_direction_is_refused_by_its_name(claimed):
    with pytest.raises(ValueError, match='claimed is .*; it must be "higher" or "lower"'):
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
    verdict = compared(BASE - 0.1 + NOISE, claimed="lower", margin=0.02, setting="small nets")
    given = (verdict.id, verdict.claimed, verdict.margin, verdict.runs, verdict.setting)
    assert given == ("OVF-04", "lower", 0.02, 10, "small nets")
    assert verdict.data == "simulated" and verdict.versions["numpy"] == np.__version__
    for part in ("test accuracy", "claimed: lower by more than 0.02", "10 paired runs"):
        assert part in verdict.detail
    known = json.loads(json.dumps(asdict(verdict)))
    assert claims.Verdict(**known) == verdict and "better" not in known


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
