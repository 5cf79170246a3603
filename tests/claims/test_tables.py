"""Verdicts statement by statement: settled in one word, read from notebooks, shown as tables."""

import json

import numpy as np

from helpers import claims
from helpers.claims import QUALIFIED, SUPPORTED

BASE = np.linspace(0.5, 0.7, 10)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=10)


def compared(shift, **options):
    asked = {"claimed": "higher", "measure": "test accuracy", "data": "simulated"} | options
    return claims.compare_pairs("OVF-04", BASE + shift + NOISE, BASE, **asked)


def test_settings_that_disagree_qualify_a_statement():
    yes, no = compared(0.1, setting="a"), compared(-0.1, setting="b")
    counted = claims.Ledger().compute("OVF-33", True, detail="counted")
    table = claims.table([yes, no, counted])
    assert table.loc["OVF-04", "verdict"] == QUALIFIED
    assert table.loc["OVF-04", "evidence"] == "a: supported; b: refuted"
    assert table.loc["OVF-33", "verdict"] == SUPPORTED
    assert table.index.tolist() == ["OVF-04", "OVF-33"]


def test_a_cell_that_ran_twice_counts_once():
    table = claims.table([compared(-0.1), compared(0.1)])
    assert table.loc["OVF-04", "verdict"] == SUPPORTED


def test_the_summary_names_every_setting_and_links():
    verdicts = [compared(0.1, setting="a"), compared(-0.1, setting="b")]
    text = claims.summary(verdicts, link="audits/x.ipynb")._repr_markdown_()
    assert "[OVF-04](audits/x.ipynb)" in text and "✓ a<br>✗ b" in text and QUALIFIED in text


def test_a_table_without_verdicts_has_its_columns():
    table = claims.table([])
    assert len(table) == 0 and table.index.name == "id"
    assert {"statement", "verdict", "evidence", "runs", "data"} <= set(table.columns)


def test_a_notebook_without_verdicts_has_none(tmp_path):
    path = tmp_path / "none.ipynb"
    path.write_text(
        json.dumps({"cells": [{"cell_type": "markdown", "source": "x", "metadata": {}}]})
    )
    assert claims.recorded(path) == []
