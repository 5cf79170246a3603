"""Verdicts statement by statement: settled in one word, read from notebooks, shown as tables."""

import json

import numpy as np
import pytest

from helpers import claims
from helpers.claims import (
    BOUNDARY,
    BY_DEFINITION,
    FURTHER,
    MIXED,
    OPEN,
    OUTDATED,
    PRIMARY,
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    Verdict,
    protocol,
    tables,
)
from tests.claims.small_course import SmallCourse

BASE = np.linspace(0.5, 0.7, 10)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=10)


def compared(shift, name="OVF-04", **options):
    asked = {"claimed": "higher", "measure": "test accuracy", "data": "simulated"} | options
    return claims.compare_pairs(name, BASE + shift + NOISE, BASE, **asked)


def judged(*words: tuple[str, str]) -> list[Verdict]:
    """A verdict for each (word, role)."""
    return [
        Verdict("OVF-04", word, "", setting=str(place), role=role)
        for place, (word, role) in enumerate(words)
    ]


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        ([(SUPPORTED, PRIMARY)], SUPPORTED),
        ([(UNDECIDED, PRIMARY)], UNDECIDED),
        ([(OPEN, PRIMARY)], OPEN),
        ([(BY_DEFINITION, PRIMARY)], BY_DEFINITION),
        ([(OUTDATED, PRIMARY)], OUTDATED),
        ([(SUPPORTED, PRIMARY), (SUPPORTED, FURTHER)], SUPPORTED),
        ([(SUPPORTED, PRIMARY), (UNDECIDED, FURTHER)], SUPPORTED),
        ([(SUPPORTED, PRIMARY), (REFUTED, FURTHER)], MIXED),
        ([(REFUTED, PRIMARY), (SUPPORTED, FURTHER)], MIXED),
        ([(SUPPORTED, PRIMARY), (REFUTED, BOUNDARY)], SUPPORTED),
        ([(REFUTED, PRIMARY), (SUPPORTED, BOUNDARY), (REFUTED, FURTHER)], REFUTED),
        ([(UNDECIDED, PRIMARY), (SUPPORTED, FURTHER)], UNDECIDED),  # no other supports it
        ([(UNDECIDED, PRIMARY), (SUPPORTED, FURTHER), (REFUTED, FURTHER)], UNDECIDED),
        ([(REFUTED, FURTHER), (SUPPORTED, PRIMARY)], MIXED),  # in whatever order
        ([(SUPPORTED, PRIMARY), (REFUTED, PRIMARY)], MIXED),
        ([(SUPPORTED, PRIMARY), (UNDECIDED, PRIMARY)], UNDECIDED),
    ],
)
def test_the_word_is_that_of_the_primary_setting(verdicts, word):
    assert claims.settle(judged(*verdicts)) == word


@pytest.mark.parametrize("verdicts", [[(SUPPORTED, FURTHER)], [(REFUTED, BOUNDARY)]])
def test_without_a_primary_setting_a_statement_is_decided_elsewhere(verdicts):
    assert claims.settle(judged(*verdicts)) == tables.ELSEWHERE
    assert claims.table(judged(*verdicts))["verdict"].tolist() == [tables.ELSEWHERE]
    assert tables.ELSEWHERE in claims.summary(judged(*verdicts))._repr_markdown_()


def test_statements_that_are_dropped_are_in_no_table():
    (name, *_) = [claim.id for claim in claims.read().values() if claim.dropped]
    assert claims.table([Verdict(name, REFUTED, "of before")]).empty


def test_settings_of_both_ends_make_a_statement_mixed():
    yes, no = compared(0.1, setting="a"), compared(-0.1, setting="b", role=FURTHER)
    counted = claims.Ledger().compute("OVF-33", True, detail="counted")
    table = claims.table([no, counted, yes])
    assert table.loc["OVF-04", "verdict"] == MIXED
    assert table.loc["OVF-04", "evidence"] == "a: supported; b: refuted"  # the primary one first
    assert table.loc["OVF-33", "verdict"] == SUPPORTED
    assert table.index.tolist() == ["OVF-04", "OVF-33"]


def test_a_cell_that_ran_twice_counts_once():
    table = claims.table([compared(-0.1), compared(0.1)])
    assert table.loc["OVF-04", "verdict"] == SUPPORTED


def test_totals_are_given_by_the_way_in_which_a_word_was_found():
    ledger = claims.Ledger()
    found = [
        compared(0.1),
        compared(0.0, name="OVF-03"),
        ledger.compute("OVF-33", False, detail="counted"),
        ledger.by_definition("OVF-01", detail="usage"),
        ledger.open("REG-28", detail="nobody knows"),
        ledger.outdated("REG-29", detail="Keras 1"),
    ]
    assert claims.totals(found) == {
        "by comparison": {SUPPORTED: 1, UNDECIDED: 1},
        "by computation": {REFUTED: 1},
        "by definition": {BY_DEFINITION: 1},
        "not measured": {OPEN: 1, OUTDATED: 1},
    }


def test_the_summary_names_every_setting_and_links():
    verdicts = [
        compared(0.1, setting="a"),
        compared(-0.1, setting="b", role=FURTHER),
        compared(0.0, setting="c", role=BOUNDARY),
    ]
    text = claims.summary(verdicts, link="audits/x.ipynb")._repr_markdown_()
    assert "[OVF-04](audits/x.ipynb)" in text and f"±\N{NO-BREAK SPACE}**{MIXED}**" in text
    assert "✓ a<br>✗ b (further)<br>≈ c (boundary)" in text


def test_what_is_not_locked_yet_is_marked(tmp_path, monkeypatch):
    course = SmallCourse(tmp_path, monkeypatch)
    entries = {entry.id: entry for entry in course.lock("OVF-01")}
    monkeypatch.setattr(protocol, "locked", lambda: entries)
    found = [compared(0.1, name="OVF-01"), compared(0.1)]
    assert claims.table(found)["protocol"].tolist() == ["", claims.NOT_YET]
    lines = claims.summary(found)._repr_markdown_().splitlines()
    assert [claims.NOT_YET in line for line in lines[2:]] == [False, True]


def test_a_table_without_verdicts_has_its_columns():
    table = claims.table([])
    assert len(table) == 0 and table.index.name == "id"
    assert {"statement", "verdict", "evidence", "runs", "data"} <= set(table.columns)


def test_a_notebook_shows_its_verdicts_with_their_cells(tmp_path):
    shown = {"output_type": "display_data", "data": {claims.MIME_TYPE: vars(compared(0.1))}}
    cells = [
        {"cell_type": "markdown", "source": "x", "metadata": {}},
        {"cell_type": "code", "id": "abc", "outputs": [{"output_type": "stream"}, shown, shown]},
    ]
    path = tmp_path / "some.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert claims.live(path) == [compared(0.1)] * 2
    assert [cell for cell, _ in claims.live_by_cell(path)] == ["abc", "abc"]
    path.write_text(json.dumps({"cells": cells[:1]}))
    assert claims.live(path) == []
