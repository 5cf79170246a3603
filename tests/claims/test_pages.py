"""The page of the evidence says what is recorded, and no more."""

from dataclasses import replace

import numpy as np
import pytest

from helpers import claims
from helpers.claims import calibration, evidence, pages
from tests.claims.small_course import SmallCourse

BASE = np.linspace(0.5, 0.7, 30)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=30)


def compared(shift, **options):
    asked = {"claimed": "higher", "margin": 0.02, "measure": "gap", "data": "simulated"} | options
    return claims.compare_pairs("OVF-01", BASE + shift + NOISE, BASE, **asked)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """One statement in two settings, measured twice, and one that was counted."""
    for name in ("simulated_nulls", "simulated_margins", "simulated_effects"):
        simulate = getattr(calibration, name)
        patched = lambda simulate=simulate: simulate(trials=20)
        monkeypatch.setattr(calibration, name, patched)
    small = SmallCourse(tmp_path, monkeypatch)
    counted = claims.Verdict("OVF-02", claims.REFUTED, "counted")
    first = small.measure(compared(0.1), compared(0.0, setting="w", role=claims.FURTHER), counted)
    again = small.measure(compared(-0.1), replace(counted), seed=1)
    evidence.write(first, small.folder)
    evidence.write(again, small.folder, evidence.REPLICATION)
    return small


def test_the_page_tells_words_false_alarms_and_replication(course):
    line = pages.write(course.folder)
    assert line == f"3 settings of 2 statements in {course.folder}"
    text = (course.folder / pages.PAGE).read_text(encoding="utf-8")
    for part in (
        "- 2 statements in 3 settings, 2 of them comparisons over replicates",
        "- replicates: 30",
        "- measured on 2999-01-01; machine: Linux x86_64, 2 cores;",
        "| by comparison | mixed | 0 | 1 |",
        "| by computation | refuted | 0 | 1 |",
        "2 comparisons have an interval, 1 of them in primary settings.",
        "about 0.0 would be decided nonetheless",
        "0.0% of 1 comparisons in primary settings have the same word (wanted: 97%); "
        "from supported to refuted or back: OVF-01 []",
        "normal, Student's t",
    ):
        assert part in text
    assert "nan" not in text


def test_the_page_names_statements_whose_word_other_seeds_change(course):
    text = pages.page(course.folder)
    assert "of 2 statements, all their settings counted, 1 have another word" in text
    assert "OVF-01 (supported, then refuted)" in text
    assert "OVF-02 (" not in text


def test_nothing_measured_writes_nothing(tmp_path):
    assert pages.write(tmp_path) == "Nothing was measured, so nothing was written."
    assert list(tmp_path.iterdir()) == []
