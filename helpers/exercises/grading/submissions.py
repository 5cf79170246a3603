"""A learner's notebook, read with care: what an exercise says to the answer that stands in it.

What runs is at first not the notebook but the last definition of the answer together with what that
definition uses: imports, functions and values of the notebook, and of the lesson itself where the
notebook has lost them. So a cell that trains for a minute, calls exit() or prints a verdict of its
own has no part in the grade. An answer may depend on more than its code shows: on a dictionary that
a loop fills, on a name that a function sets. So one that is not correct in this way is examined
once more where all that the learner has written up to its check has run, as where the learner sits.
"""

import ast
import asyncio
import builtins
import codeop
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from helpers.cells import (
    Statement,
    described,
    names_defined,
    needed,
    parsed,
    paths_used,
)
from helpers.exercises.core import CORRECT, NOT_ATTEMPTED, NOT_YET, Exercise, told

LONGEST_MESSAGE = 1000
ASKING = re.compile(r"(\w+ = )?(ex\.\w+\.check\(|[\w.]+\.(hint|solution)\()")
"""A statement that asks an exercise, in a notebook of the course's."""
REACHING_ALL = {"exec", "globals", "locals", "vars"}
"""Functions by which a statement can define any name."""
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
    if not notebook.is_file():  # a folder, a pipe, a link that leads nowhere
        raise ValueError(f"{notebook.name} is no file.")
    if notebook.stat().st_size > largest:
        raise ValueError(
            f"{notebook.name} has {notebook.stat().st_size:,} bytes; at most {largest:,} are read."
        )
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except OSError as error:
        raise ValueError(f"{notebook.name} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{notebook.name} is no notebook: {type(error).__name__}: {error}"
        ) from error


def examine(
    exercise: Exercise, name: str, submission: list[str], lesson: list[str]
) -> Iterator[Finding]:
    """What the exercise says to the answer called `name` in the submission's code cells; `lesson`:
    the lesson's own. Of several findings the last counts.
    """
    written, broken = parsed(submission)
    given, before = parsed(lesson)[0], until_check(written, exercise.name, name)
    chosen = needed([*lost(given, written), *written], name)
    found = first_finding(
        exercise, name, chosen, beside(given, chosen), defined=name in names_defined(written)
    )
    if found.verdict == NOT_ATTEMPTED and any(re.search(rf"\b{name}\b", cell) for cell in broken):
        found = Finding(NOT_YET, SYNTAX, f"The cell that should define {name} is no Python.")
    yield found
    own, seated = without(before, given), [*lost(given, before), *before]
    if found.verdict == CORRECT or found.event == SOLUTION or uses_solution(exercise, own):
        return
    if uses_solution(exercise, beside(given, needed(seated, name))):
        yield from_the_course(name)
        return
    late = without(chosen, before)  # a name that the answer uses may mean something else by then
    if late or touch(without(own, chosen), name, chosen):
        again = judged(exercise, name, with_needs(seated, name, own))
        if again.event == OK and again.verdict != NOT_ATTEMPTED:
            yield again


def first_finding(
    exercise: Exercise, name: str, chosen: list[Statement], added: list[Statement], *, defined: bool
) -> Finding:
    """What is said of the answer with the statements that it needs alone; `added`: those of them
    that are not the lesson's, and imports.
    """
    if not defined:
        return Finding(NOT_ATTEMPTED, OK, f"No cell defines {name}.")
    if uses_solution(exercise, added):
        return from_the_course(name)
    return judged(exercise, name, chosen)


def from_the_course(name: str) -> Finding:
    """What is said of an answer that is the course's own."""
    return Finding(
        NOT_YET, SOLUTION, f"{name} is made from a function of the course that is the solution."
    )


def until_check(statements: list[Statement], exercise: str, name: str) -> list[Statement]:
    """The statements up to the last check of this exercise; all, if there is none.

    Where the check was given something else than `name`, that becomes the value of `name`.
    """
    asking = re.compile(rf"\b{exercise}\.check\(")
    places = [place for place, one in enumerate(statements) if asking.search(ast.unparse(one.node))]
    if not places:
        return statements
    until = statements[: places[-1] + 1]
    call = getattr(until[-1].node, "value", None)  # of an expression, of an assignment
    if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(f"{exercise}.check"):
        given = [*call.args, *(each.value for each in call.keywords if each.arg == "answer")]
        if given and ast.unparse(given[0]) != name:
            until.append(described(ast.parse(f"{name} = {ast.unparse(given[0])}").body[0]))
    return until


def lost(given: list[Statement], written: list[Statement]) -> list[Statement]:
    """The statements of the lesson that define nothing that the learner's do."""
    own = names_defined(written)
    return [one for one in given if not one.defines & own]


def with_needs(statements: list[Statement], name: str, own: list[Statement]) -> list[Statement]:
    """Of the statements the learner's own, all imports, and what these or the answer need."""
    names = {name}.union(*(one.uses | one.changes for one in own))
    taken = {id(one) for one in [*own, *imports(statements)]}
    taken |= {id(one) for each in names for one in needed(statements, each)}
    return [one for one in statements if id(one) in taken]


def imports(statements: list[Statement]) -> list[Statement]:
    """Those of the statements that import something."""
    return [one for one in statements if isinstance(one.node, ast.Import | ast.ImportFrom)]


def without(statements: list[Statement], others: list[Statement]) -> list[Statement]:
    """The statements that are not among the others, nor ask an exercise."""
    known = {ast.dump(one.node) for one in others}
    return [
        one
        for one in statements
        if ast.dump(one.node) not in known and not ASKING.match(ast.unparse(one.node))
    ]


def beside(given: list[Statement], chosen: list[Statement]) -> list[Statement]:
    """Those of the chosen statements that are not the lesson's, and imports: the lesson may use the
    solution, and may call something by the answer's name.
    """
    return [*imports(chosen), *without(chosen, given)]


def touch(statements: list[Statement], name: str, chosen: list[Statement]) -> bool:
    """Whether one of the statements has to do with the answer, or with what was chosen for it."""
    names = {name}.union(*(one.defines | one.changes | one.uses for one in chosen))
    names -= names_defined(imports(chosen)) | vars(builtins).keys()
    names |= REACHING_ALL
    return any((one.defines | one.changes | one.uses) & names for one in statements)


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
    check = exercise.check  # the cells of a learner may put something else in its place
    namespace: dict[str, Any] = notebook_names()
    failures: list[str] = []
    compiled: Any = codeop.Compile()  # as IPython has it: `from __future__` holds for what follows
    compiled.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        for statement in chosen:
            try:
                code = compiled(ast.Module([statement.node], []), "answer", "exec")
                awaited = eval(code, namespace)
                if awaited is not None:
                    asyncio.run(awaited)
            except Exception as error:
                failures.append(told(error)[:LONGEST_MESSAGE])
        if name not in namespace:
            reason = failures[-1] if failures else "no statement that ran defines it."
            memory = "MemoryError" in "".join(failures)
            return Finding(NOT_YET, MEMORY if memory else OK, f"Defining {name}: {reason}")
        result = check(namespace[name], *exercise.evidence)
    except (SystemExit, KeyboardInterrupt):
        return Finding(NOT_YET, EXIT, "The answer stops Python.")
    except BaseException as error:  # asyncio's CancelledError, or one of the learner's own
        return Finding(NOT_YET, OK, f"Your code raised {told(error)}"[:LONGEST_MESSAGE])
    message = " ".join([result.message, *(f"Before that: {failure}." for failure in failures)])
    event = MEMORY if result.status == NOT_YET and "MemoryError" in message else OK
    return Finding(result.status, event, message[:LONGEST_MESSAGE])


def notebook_names() -> dict[str, Any]:
    """What a notebook's cells find defined; magics and `display` do nothing here."""
    shell = SimpleNamespace(
        **dict.fromkeys(
            ("run_line_magic", "run_cell_magic", "magic", "system", "getoutput", "set_next_input"),
            nothing,
        )
    )
    return {"__name__": "__main__", "display": nothing, "get_ipython": lambda: shell}


def nothing(*_, **__) -> None:
    """Stands in for what has to do with a screen."""
