"""The lessons keep within the limits that the course promises.

A lesson that just keeps within them, and copies of it damaged on purpose, prove that each limit is
watched.
"""

import nbformat
import pytest

from helpers.course import notebooks
from tests.repository.lesson_limits import Effort, effort, limit_faults

LESSONS = [path.stem for path in notebooks.lessons() if path.stem != "00_start"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_keeps_within_its_limits(lesson):
    (notebook,) = [path for path in notebooks.lessons() if path.stem == lesson]
    assert limit_faults(notebooks.read(notebook)) == []


@pytest.fixture
def full():
    """A lesson to which nothing can be added: 60 minutes, 250 lines, a cell of 25, 5 exercises."""
    text, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    exercises = [text(f"### Exercise {number} · Try") for number in range(1, 6)]
    hidden = code("\n".join(["x = 1"] * 25))
    hidden.metadata = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}
    shown = [code("\n".join(["y = 2"] * 25)) for _ in range(10)]
    prose = text("word " * (200 * 10 - 5 * 5))
    return nbformat.v4.new_notebook(cells=[*exercises, hidden, *shown, prose])


def test_the_effort_is_counted(full):
    assert effort(full) == Effort(words=2_000, lines=250, longest=25, exercises=5)
    assert effort(full).minutes == 60
    assert limit_faults(full) == []
    full.cells[5].metadata.tags = ["setup"]
    assert effort(full).lines == 250


def one_word_more(lesson):
    lesson.cells[-1].source += "more"


def one_line_more(lesson):
    lesson.cells.append(nbformat.v4.new_code_cell("z = 3"))
    lesson.cells[-2].source = "fewer words"


def a_longer_cell(lesson):
    lesson.cells[5].source += "\nx = 2"


def a_cell_that_is_shown(lesson):
    lesson.cells[5].metadata = {}
    lesson.cells[-1].source = "fewer words"


def an_exercise_less(lesson):
    lesson.cells[0].source = "Exercise 1"


def an_exercise_more(lesson):
    lesson.cells[-1].source = "### Exercise 6"


def not_collapsed_in_jupyterlab(lesson):
    lesson.cells[5].metadata.jupyter = {}


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (one_word_more, "takes 60.0 minutes"),
        (one_line_more, "shows 251 lines"),
        (a_longer_cell, "a cell of 26 lines"),
        (a_cell_that_is_shown, "shows 275 lines"),
        (an_exercise_less, "has 4 exercises"),
        (an_exercise_more, "has 6 exercises"),
        (not_collapsed_in_jupyterlab, "in the book or in JupyterLab"),
    ],
)
def test_a_broken_limit_is_named(full, damage, fault):
    damage(full)
    (found,) = limit_faults(full)
    assert fault in found
