"""A learner's notebook, read with care: the statements that one answer needs, and what the exercise says to the answer.

What runs is not the notebook but the last definition of the answer together with what that definition uses: imports,
functions and values of the notebook, and of the lesson itself where the notebook has lost them. So a cell that trains for a
minute, calls exit() or prints a verdict of its own has no part in the grade.
"""

import ast
import json
import os
import re
import symtable
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

from helpers.exercises.core import NOT_ATTEMPTED, NOT_YET, Exercise

LONGEST_MESSAGE = 1000
OK, SYNTAX, EXIT, MEMORY, SOLUTION, UNREADABLE = (
    "ok", "syntax error", "called exit", "out of memory", "uses the solution", "unreadable",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What grading one answer found: one of the exercise's three words, what happened on the way, and a reason."""

    verdict: str
    event: str
    message: str


@dataclass(frozen=True)
class Statement:
    """A statement of a notebook's top level: the names that it defines, changes and uses."""

    node: ast.stmt
    defines: frozenset[str]
    changes: frozenset[str]
    uses: frozenset[str]


def code_cells(notebook: Path, largest: int) -> list[str]:
    """The sources of the code cells. Raises ValueError where the file has more than `largest` bytes or holds no notebook."""
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
    """What the exercise says to the answer called `name` in the submission's code cells; `lesson`: the lesson's own."""
    written, broken = parsed(submission)
    own = names_defined(written)
    if name not in own:
        if any(re.search(rf"\b{name}\b", source) for source in broken):
            return Finding(NOT_YET, SYNTAX, f"The cell that should define {name} is no Python.")
        return Finding(NOT_ATTEMPTED, OK, f"No cell defines {name}.")
    given = parsed(lesson)[0]
    chosen = needed([*(one for one in given if not one.defines & own), *written], name)
    # The lesson itself imports functions that answers may call, `from helpers.exercises.resampling import linear_accuracy`.
    granted = {path for path in imported(given) if path.count(".") > 2}
    if any(path.startswith("helpers.exercises") for path in imported(chosen) - granted):
        return Finding(
            NOT_YET, SOLUTION, f"{name} is made from helpers.exercises, which holds the solution."
        )
    return judged(exercise, name, chosen)


def judged(exercise: Exercise, name: str, chosen: list[Statement]) -> Finding:
    """Execute the statements, each whether or not the one before failed, and examine the answer."""
    namespace, failures = {"__name__": "answer"}, []
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


def needed(statements: list[Statement], name: str) -> list[Statement]:
    """The statements that define or change the name, and, in turn, those of all names that these use; in their order."""
    modules = names_defined(
        one for one in statements if isinstance(one.node, ast.Import | ast.ImportFrom)
    )
    wanted, chosen = {name, "*"}, []
    while True:
        # A module is not the notebook's to change: np.random.seed(0) is no part of every answer that uses np.
        found = [one for one in statements if wanted & (one.defines | one.changes - modules)]
        if len(found) == len(chosen):
            return chosen
        chosen = found
        wanted |= reduce(or_, (one.uses for one in chosen))


def names_defined(statements: Iterable[Statement]) -> frozenset[str]:
    return reduce(or_, (statement.defines for statement in statements), frozenset())


def parsed(sources: list[str]) -> tuple[list[Statement], list[str]]:
    """The statements of all cells that are Python, and the sources of those that are not."""
    statements, broken = [], []
    for source in sources:
        try:
            statements += map(described, tree(source).body)
        except (
            SyntaxError,
            ValueError,
            RecursionError,
            MemoryError,
        ):  # the last two: nested too deeply
            broken.append(source)
    return statements, broken


def tree(source: str) -> ast.Module:
    """A cell as Python: magics become calls; of a cell with a cell magic such as %%time only the body stays."""
    try:
        return ast.parse(source)
    except SyntaxError:
        first, _, rest = source.lstrip().partition("\n")
        return ast.parse(
            TransformerManager().transform_cell(rest if first.startswith("%%") else source)
        )


def described(node: ast.stmt) -> Statement:
    """The statement with the names that it defines, changes and uses."""
    top = symtable.symtable(ast.unparse(node), "cell", "exec")
    defines = {
        one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()
    }
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        defines = {"*"}  # nobody knows what
    uses = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
    inner = list(top.get_children())
    while inner:
        table = inner.pop()
        uses |= {one.get_name() for one in table.get_symbols() if one.is_global()}
        inner += table.get_children()
    return Statement(node, frozenset(defines), frozenset(changed(node)), frozenset(uses))


def changed(node: ast.stmt) -> set[str]:
    """Names whose values the statement changes: `name[...] = ...`, `name.part = ...`, `name.method(...)`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        places = [node.value.func]
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        places = node.targets if isinstance(node, ast.Assign) else [node.target]
    else:
        return set()
    return {owner(place) for place in places if isinstance(place, ast.Attribute | ast.Subscript)}


def owner(place: ast.expr) -> str:
    """The name at the bottom of `name.part[...].part`; empty where there is none."""
    while isinstance(place, ast.Attribute | ast.Subscript):
        place = place.value
    return place.id if isinstance(place, ast.Name) else ""


def imported(statements: Iterable[Statement]) -> set[str]:
    """What the statements import, at whatever depth, with the modules' full names."""
    nodes = [
        node
        for one in statements
        for node in ast.walk(one.node)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return {
        f"{getattr(node, 'module', None) or ''}.{alias.name}".strip(".")
        for node in nodes
        for alias in node.names
    }


def confine(seconds: int, memory: int, file_size: int) -> None:
    """Limit this process and each of its children: computing time, `memory` bytes more than now, files of `file_size` bytes.

    The memory limit needs Linux; elsewhere it is left out. Standard input, output and error lead nowhere from here on.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no dump of what crashes
    statm = Path("/proc/self/statm")
    if statm.exists():
        limit = int(statm.read_text().split()[0]) * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
