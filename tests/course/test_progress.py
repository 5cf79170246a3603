"""The progress bar and the order of the work, without kernels."""

import io
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

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
    ("jobs", "waits", "expected"),
    [
        (1, False, ["01_a", "02_b", "audits/01_a"]),
        (3, False, ["02_b", "01_a", "audits/01_a"]),  # the longest first
        (3, True, ["02_b", "audits/01_a", "01_a"]),
    ],
)
def test_in_which_order_notebooks_are_begun(chosen, monkeypatch, jobs, waits, expected):
    lesson, other, audit = chosen
    begun = []

    def action(path, watch):
        begun.append(path.relative_to(lesson.parent).with_suffix("").as_posix())

    # With one thread whatever `jobs` is, the order is that in which the pool was filled.
    monkeypatch.setattr(progress, "ThreadPoolExecutor", lambda jobs: ThreadPoolExecutor(1))
    order = [audit, lesson, other] if waits else chosen
    progress.together(order, action, jobs=jobs, after={lesson: audit} if waits else {})
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
