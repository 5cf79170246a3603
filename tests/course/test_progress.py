"""The progress bar and the order of the work, without kernels."""

import io
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from helpers import claims
from helpers.claims import evidence
from helpers.course import progress


@pytest.fixture
def chosen(tmp_path) -> list[Path]:
    """Three notebooks: a lesson with 3 cells and one with 5, an audit with 2."""
    sizes = {"01_a": 3, "02_b": 5, "audits/01_a": 2}
    (tmp_path / "notebooks" / "audits").mkdir(parents=True)
    paths = [tmp_path / "notebooks" / f"{name}.ipynb" for name in sizes]
    for path, size in zip(paths, sizes.values(), strict=True):
        nbformat.write(new_notebook(cells=[new_code_cell("") for _ in range(size)]), path)
    return paths


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_tells_the_cell_of_each_notebook_and_the_time_left(chosen, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "120")
    cells, meeting = {chosen[0]: 2, chosen[2]: 1}, threading.Barrier(2)

    def action(path, watch):
        watch(cells[path] - 1)
        meeting.wait()  # neither ends before both are drawn

    progress.together([chosen[0], chosen[2]], action, jobs=2)

    drawn = sys.stderr.getvalue().replace("audits/01 1/2, 01 2/3", "01 2/3, audits/01 1/2")
    assert re.search(  # one cell of five is done
        r" 20%\|.{12}\| 1/5 cells \[\d\d:\d\d<\d\d:\d\d, 01 2/3, audits/01 1/2\]", drawn
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["notebooks/01_a", "3", "cells"], ["audits/01_a", "2", "cells"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        (1, ["01_a", "02_b", "audits/01_a"]),
        (3, ["02_b", "01_a", "audits/01_a"]),  # the longest first
    ],
)
def test_in_which_order_notebooks_are_begun(chosen, monkeypatch, jobs, expected):
    begun = []

    def action(path, watch):
        begun.append(path.relative_to(chosen[0].parent).with_suffix("").as_posix())

    # With one thread whatever `jobs` is, the order is that in which the pool was filled.
    monkeypatch.setattr(progress, "ThreadPoolExecutor", lambda jobs: ThreadPoolExecutor(1))
    progress.together(chosen, action, jobs=jobs)
    assert begun == expected


def test_an_error_ends_the_work(chosen, monkeypatch):
    interrupted, done = threading.Event(), []
    monkeypatch.setattr(progress.notebooks, "interrupt", interrupted.set)

    def action(path, watch):
        if path == chosen[0]:
            raise OSError("no space left")
        interrupted.wait()
        done.append(path)

    with pytest.raises(OSError, match="no space left"):
        progress.together(chosen, action, jobs=1)
    assert chosen[2] not in done


# The table of verdicts


BASE = np.linspace(0.5, 0.7, 10)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=10)


def compared(shift, runs=10, **options):
    asked = {"claimed": "higher", "measure": "gap"} | options
    return claims.compare_pairs("OVF-04", (BASE + shift + NOISE)[:runs], BASE[:runs], **asked)


@pytest.fixture
def known(monkeypatch) -> dict[str, evidence.Record]:
    """What is recorded of OVF-04, by setting; of all else nothing is."""
    records: dict[str, evidence.Record] = {}
    find = lambda name, setting: records.get(setting) if name == "OVF-04" else None
    monkeypatch.setattr(evidence, "find", find)
    monkeypatch.setattr(evidence, "read", lambda: list(records.values()))
    return records


def record(verdict) -> evidence.Record:
    return evidence.Record(verdict, "01.ipynb", "a", "part", "", 0, "tensorflow", "2026", "Linux")


def test_the_table_has_recorded_words_totals_by_kind_and_what_contradicts(known):
    known["a"] = record(compared(0.1, setting="a"))
    known["b"] = record(compared(0.1, setting="b", role=claims.FURTHER))
    counted = claims.Verdict("OVF-33", claims.REFUTED, "counted")
    usage = claims.Verdict("OVF-01", claims.BY_DEFINITION, "The word means that.")
    here = [
        compared(0.1, 4, setting="a"),
        compared(-0.5, 4, setting="b", role=claims.FURTHER),
        counted,
        usage,
    ]
    table, _, totals = progress.verdict_table(here).partition("\n\n")
    rows = {line.split()[0]: line for line in table.splitlines()[2:]}
    assert list(rows) == ["OVF-01", "OVF-04", "OVF-33"]
    assert "supported" in rows["OVF-04"] and " 10 " in rows["OVF-04"]  # not mixed, not 4
    assert totals.splitlines() == [
        "3 statements",
        "1 by definition",
        "1 by comparison: 1 supported",
        "1 by computation: 1 refuted",
        "2 comparisons ran here; against the record: OVF-04 [b]",
    ]


def test_what_stays_open_here_has_the_word_of_the_record(known):
    here = [claims.Verdict("OVF-04", claims.OPEN, "IMDB is absent here.")]
    assert "1 not measured: 1 open" in progress.verdict_table(here)
    known["IMDB"] = record(compared(0.1, setting="IMDB"))
    assert "1 by comparison: 1 supported" in progress.verdict_table(here)


def test_what_is_not_recorded_shows_what_came_out_here(known):
    table = progress.verdict_table([compared(-0.1, setting="new")])
    assert "OVF-04  refuted" in table
    assert table.endswith("1 comparisons ran here; against the record: none")
