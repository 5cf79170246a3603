"""The lines on a page give the recorded interval and word from the file that the page offers."""

import re

import pytest

from docs.book import evidence, pages
from helpers.runtime import ROOT
from tests.docs import recorded

LISTING = re.compile(r"```python\n(.*?)```", re.DOTALL)
MOST = 12
"""Of the course's own statements, those with the fewest values: two seconds."""


def listings(statements):
    """Every listing of the pages, exactly as shown, with the verdict that it is to find."""
    found = pages.pages(statements, [])
    for name, statement in statements.items():
        verdicts = [setting.record.verdict for setting in statement.settings]
        shown = LISTING.findall(found[f"evidence/{name}.md"])
        yield from zip(shown, [v for v in verdicts if v.effect is not None], strict=True)


def follow(statements, folder, monkeypatch, capsys):
    """Save the files, run the listings beside them, compare what they print."""
    for name, statement in statements.items():
        if table := evidence.values_table(statement):
            (folder / f"{name}.csv").write_text(table, encoding="utf-8")
    monkeypatch.chdir(folder)
    methods = set()
    for lines, verdict in listings(statements):
        names: dict = {}
        exec(lines, names)
        assert names["word"] == verdict.verdict, verdict
        interval = names["low"], names["high"]
        assert interval == pytest.approx((verdict.low, verdict.high), rel=1e-6, abs=1e-9), verdict
        assert capsys.readouterr().out.split()[-1] == verdict.verdict
        methods.add((verdict.method, verdict.scale, verdict.correlation > 0, verdict.claimed))
    return methods


def test_the_lines_give_word_and_interval_of_every_kind(tmp_path, monkeypatch, capsys):
    folder = recorded.write(tmp_path)
    statements = evidence.collect([], ROOT, folder)
    methods = follow(statements, tmp_path, monkeypatch, capsys)
    assert {
        ("t", "linear", False, "higher"),
        ("t", "linear", True, "lower"),
        ("t", "linear", False, "equal"),
        ("t", "linear", False, "no worse"),
        ("t", "log", False, "lower"),
        ("bootstrap-t", "linear", True, "higher"),
        ("correlation within groups", "linear", False, "higher"),
    } <= methods


def test_the_lines_give_what_the_course_records(tmp_path, monkeypatch, capsys):
    statements = evidence.collect([], ROOT)
    compared = {name: each for name, each in statements.items() if evidence.values_table(each)}
    if not compared:
        pytest.skip("Nothing is recorded yet: `make evidence` records.")
    fewest = sorted(compared, key=lambda name: len(evidence.values_table(compared[name])))
    chosen = {name: compared[name] for name in fewest[:MOST]}
    follow(chosen, tmp_path, monkeypatch, capsys)


def test_the_lines_are_few_and_use_nothing_of_the_course(tmp_path):
    statements = evidence.collect([], ROOT, recorded.write(tmp_path))
    for lines, _ in listings(statements):
        assert "helpers" not in lines
        assert all(len(s) <= 100 for s in lines.splitlines() if not s.startswith("setting = "))
