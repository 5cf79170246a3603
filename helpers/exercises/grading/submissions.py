"""A learner's notebook, read with care: what an exercise says to the answer that stands in it.

What runs is not the notebook but the last definition of the answer together with what that
definition uses: imports, functions and values of the notebook, and of the lesson itself where the
notebook has lost them. So a cell that trains for a minute, calls exit() or prints a verdict of its
own has no part in the grade.
"""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.cells import (
    Statement,
    names_defined,
    needed,
    parsed,
    paths_used,
)
from helpers.exercises.core import NOT_ATTEMPTED, NOT_YET, Exercise

LONGEST_MESSAGE = 1000
OK, SYNTAX, EXIT, MEMORY, SOLUTION, UNREADABLE = (
    "ok",
    "syntax error",
    "called exit",
    "out of memory",
    "uses the solution",
    "unreadable",
)


@dataclass(frozen=True)
class Finding:
    """What grading one answer found: one of the exercise's three words, what happened on the way,
    and a reason.
    """

    verdict: str
    event: str
    message: str


def code_cells(notebook: Path, largest: int) -> list[str]:
    """The sources of the code cells. Raises ValueError where the file has more than `largest` bytes
    or holds no notebook.
    """
    if notebook.stat().st_size > largest:
        raise ValueError(
            f"{notebook.name} has {notebook.stat().st_size:,} bytes; at most {largest:,} are read."
        )
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{notebook.name} is no notebook: {type(error).__name__}: {error}"
        ) from error


def examine(exercise: Exercise, name: str, submission: list[str], lesson: list[str]) -> Finding:
    """What the exercise says to the answer called `name` in the submission's code cells; `lesson`:
    the lesson's own.
    """
    written, broken = parsed(submission)
    own = names_defined(written)
    if name not in own:
        if any(re.search(rf"\b{name}\b", source) for source in broken):
            return Finding(NOT_YET, SYNTAX, f"The cell that should define {name} is no Python.")
        return Finding(NOT_ATTEMPTED, OK, f"No cell defines {name}.")
    given = parsed(lesson)[0]
    chosen = needed([*(one for one in given if not one.defines & own), *written], name)
    if uses_solution(exercise, chosen):
        return Finding(
            NOT_YET, SOLUTION, f"{name} is made from a function of the course that is the solution."
        )
    return judged(exercise, name, chosen)


def uses_solution(exercise: Exercise, chosen: Iterable[Statement]) -> bool:
    """Whether the statements take the solution from the course: from the exercises, or its function
    from elsewhere.
    """
    solution = getattr(exercise.reference, "__name__", "*")
    return any(
        path.startswith("helpers.exercises")
        or (path.startswith("helpers.") and path.rpartition(".")[2] in (solution, "*"))
        for path in paths_used(chosen)
    )


def judged(exercise: Exercise, name: str, chosen: list[Statement]) -> Finding:
    """Execute the statements, each whether or not the one before failed, and examine the answer."""
    namespace: dict[str, Any] = {"__name__": "answer"}
    failures: list[str] = []
    try:
        for statement in chosen:
            try:
                exec(compile(ast.Module([statement.node], []), "answer", "exec"), namespace)
            except Exception as error:
                failures.append(f"{type(error).__name__}: {error}")
        if name not in namespace:
            return Finding(
                NOT_YET,
                MEMORY if "MemoryError" in "".join(failures) else OK,
                f"Defining {name}: {failures[-1]}",
            )
        result = exercise.check(namespace[name], *exercise.evidence)
    except (SystemExit, KeyboardInterrupt):
        return Finding(NOT_YET, EXIT, "The answer stops Python.")
    message = " ".join([result.message, *(f"Before that: {failure}." for failure in failures)])
    event = MEMORY if result.status == NOT_YET and "MemoryError" in message else OK
    return Finding(result.status, event, message[:LONGEST_MESSAGE])
