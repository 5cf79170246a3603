"""A lesson as the source of an assignment for nbgrader: stubs, solutions and tests.

nbgrader's `generate_assignment` takes the solutions out, its `autograde` runs the tests.
"""

import importlib
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers import files
from helpers.course import copies
from helpers.exercises import catalogue
from helpers.exercises.core import CORRECT, Exercise

CONFIGURATION = """\
c = get_config()
# What stands in a learner's notebook where the solution was; the stub stays above it.
c.ClearSolutions.code_stub = {"python": "# Edit the code above."}
# Seconds that a cell of a submission may take.
c.Execute.timeout = 600
"""
"""nbgrader_config.py, in the folder of nbgrader's course."""
CHECK = re.compile(
    r"^ex\.(?P<exercise>\w+)\.check\((?P<answer>\w+)\)(?:  # stuck\?.*)?$", re.MULTILINE
)
"""The check in the cell of a stub; where a run judges a prediction, the check has measurements."""
SOLVED = """\
### BEGIN SOLUTION
{solution}
### END SOLUTION

"""
TEST = """\
from helpers.exercises import {package} as ex

result = ex.{exercise}.check({answer}, *ex.{exercise}.evidence)
assert result.status == "{correct}", result.message"""
POINTS = 1
"""Of each exercise."""


def write(notebook: Path, folder: Path) -> list[Path]:
    """Write a lesson as an assignment into the folder of an nbgrader course; the files written.

    A configuration that is there already is the teacher's, and stays. Raises OSError.
    """
    place = folder / "source" / notebook.stem / notebook.name
    copies.write(source(notebook), place)
    configuration = folder / "nbgrader_config.py"
    if configuration.exists():
        return [place]
    files.write_text(configuration, CONFIGURATION)
    return [place, configuration]


def source(notebook: Path) -> NotebookNode:
    """A lesson's notebook as an instructor has it in nbgrader. Raises what reading it raises.

    Each exercise has its solution below the stub, and a locked cell with a test after it. Outputs
    and cells tagged `answer` are left out, as in any handout.
    """
    content = copies.handout(notebook)
    entries = {entry.name: entry for entry in catalogue.lesson(notebook.stem).exercises}
    cells = []
    for cell in content.cells:
        check = CHECK.search(cell.source) if cell.cell_type == "code" else None
        cells.append(cell)
        if check:
            cells.append(_with_solution(cell, check, entries[check["exercise"]].package))
    content.cells = cells
    return content


def _with_solution(cell: NotebookNode, check: re.Match, package: str) -> NotebookNode:
    """Put the solution into the cell of a stub; the cell that tests it."""
    name, answer = check["exercise"], check["answer"]
    exercise = getattr(importlib.import_module(f"helpers.exercises.{package}"), name)
    solved = SOLVED.format(solution=_solution(exercise, answer))
    cell.source = f"{cell.source[: check.start()]}{solved}{cell.source[check.start() :]}"
    cell.metadata["nbgrader"] = _marked(name, solution=True)
    test = TEST.format(package=package, exercise=name, answer=answer, correct=CORRECT)
    marked = {"nbgrader": _marked(f"{name}-test", grade=True, locked=True, points=POINTS)}
    return nbformat.v4.new_code_cell(test, id=f"{cell.id}-test", metadata=marked)


def _solution(exercise: Exercise, answer: str) -> str:
    text = exercise.solution_text().rstrip()
    return text if callable(exercise.reference) else f"{answer} = {text}"


def _marked(grade_id: str, **parts) -> dict:
    """What nbgrader keeps with a cell, by the third version of its schema."""
    nothing = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"schema_version": 3, "grade_id": grade_id, **nothing, **parts}
