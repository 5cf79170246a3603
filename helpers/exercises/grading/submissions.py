"""A learner's notebook, read with care: what an exercise says to the answer that stands in it.

What runs is at first not the notebook but the last definition of the answer together with what that
definition uses: imports, functions and values of the notebook, and of the lesson itself where the
notebook has lost them. So a cell that trains for a minute, calls exit() or prints a verdict of its
own has no part in the grade. An answer may depend on more than its code shows: on a dictionary that
a loop fills, on a file, on the value of an earlier cell. So one that is not correct in this way is
examined once more as where the learner sits: what the check is given in a kernel that has run all
that the learner has written.
"""

import ast
import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from helpers.cells import (
    Statement,
    described,
    names_defined,
    needed,
    parsed,
    paths_used,
)
from helpers.exercises.core import CORRECT, NOT_ATTEMPTED, NOT_YET, Exercise, told
from helpers.exercises.grading import kernel
from helpers.exercises.grading.kernel import Cell

LONGEST_MESSAGE = 1000
LARGEST_NUMBER = 1_000_000
"""Of a cell that a person has run; IPython keeps a place for each one below it."""
ASKING = re.compile(r"(\w+ = )?(ex\.\w+\.check\(|[\w.]+\.(hint|solution)\()")
"""A statement that asks an exercise, in a notebook of the course's."""
SOLUTIONS = {"reference", "equivalents", "solution_text"}
"""The parts of an exercise that hold a right answer."""
OK, SYNTAX, EXIT, MEMORY, SOLUTION, OTHER, UNREADABLE = (
    "ok",
    "syntax error",
    "called exit",
    "out of memory",
    "uses the solution",
    "another lesson",
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


class Settled(BaseException):
    """Ends the cell in which a check has found an answer to be correct."""


def code_cells(notebook: Path, largest: int) -> list[Cell]:
    """The code cells. Raises ValueError where the file has more than `largest` bytes
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
        return [
            Cell("".join(cell["source"]), number_of(cell))
            for cell in cells
            if cell["cell_type"] == "code"
        ]
    except OSError as error:
        raise ValueError(f"{notebook.name} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{notebook.name} is no notebook: {type(error).__name__}: {error}"
        ) from error


def number_of(cell: dict) -> int | None:
    """The number that a cell had when it last ran, if it has run."""
    number = cell.get("execution_count")
    return number if isinstance(number, int) and 0 < number <= LARGEST_NUMBER else None


def examine(
    exercise: Exercise, name: str, submission: list[Cell], lesson: list[str]
) -> Iterator[Finding]:
    """What the exercise says to the answer called `name` in the submission's code cells; `lesson`:
    the sources of the lesson's own. Of several findings the last counts.
    """
    written, broken = parsed([cell.source for cell in submission])
    given = parsed(lesson)[0]
    chosen = needed([*lost(given, written), *written], name)
    plain = [[without_checks(one) for one in each] for each in (given, written)]
    added = beside(plain[0], needed([*lost(*plain), *plain[1]], name))
    defined = name in names_defined(written)
    found = first_finding(exercise, name, chosen, added, defined=defined)
    if found.verdict == NOT_ATTEMPTED and any(re.search(rf"\b{name}\b", cell) for cell in broken):
        found = Finding(NOT_YET, SYNTAX, f"The cell that should define {name} is no Python.")
    yield found
    for cells in orders(submission):
        if found.verdict == CORRECT or found.event == SOLUTION:
            return
        again = where_the_learner_sits(exercise, name, cells, given)
        if again.event == SOLUTION or (again.event == OK and again.verdict != NOT_ATTEMPTED):
            found = again
            yield found


def orders(cells: list[Cell]) -> list[list[Cell]]:
    """The cells as they stand, and as they were run where that is another order."""
    numbers = accumulate((cell.number for cell in cells), lambda before, own: own or before)
    as_run = sorted(zip(numbers, cells, strict=True), key=lambda pair: pair[0] or 0)
    run = [cell for _, cell in as_run]
    return [cells] if run == cells else [cells, run]


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


def where_the_learner_sits(
    exercise: Exercise, name: str, cells: list[Cell], given: list[Statement]
) -> Finding:
    """What is said of the answer where all has run that the learner has written up to the last
    check; NOT_ATTEMPTED where there is nothing more to examine.

    Of what the lesson gave runs what these statements need, and what costs nothing.
    """
    cells = until_check(cells, exercise.name)
    before = [one for cell in cells for one in in_cell(cell.source)]
    asked, known = asking(before, exercise.name), dumps(given)
    own = [one for one in before if ast.dump(one.node) not in known]
    own = [one for one in own if one in asked or not asks(one)]
    lesson = lost(given, before)
    there = [*lesson, *before]
    if not own:
        return Finding(NOT_ATTEMPTED, OK, "The notebook is the lesson's.")
    checks = [one for one in asked if one in own]
    given = [without_checks(one) for one in given]
    if uses_solution(exercise, beside(given, behind_checks(there, checks, name))):
        return from_the_course(name)
    if reads_solution(own) or uses_solution(exercise, spelled_out(map(without_checks, own))):
        return Finding(NOT_ATTEMPTED, OK, "Somewhere the notebook uses the solution.")
    names = {name}.union(*(one.uses | one.changes for one in own))
    run = [*own, *filter(costs_nothing, there), *needed_for(there, names)]
    run += [one for one in asked if one.uses <= names_defined(run)]
    first = [one for one in lesson if one in run]
    return judged(exercise, name, first, cells, dumps(before) - dumps(run))


@cache
def in_cell(source: str) -> list[Statement]:
    """The statements of a cell; one call for a cell whose body runs elsewhere, as with %%bash."""
    found, broken = parsed([source])
    if not found and not broken and source.lstrip().startswith("%%"):
        return parsed([TransformerManager().transform_cell(source)])[0]
    return found


def asks(one: Statement) -> bool:
    """Whether the statement asks an exercise, as those of the lesson do."""
    return bool(ASKING.match(ast.unparse(one.node)))


def asking(statements: list[Statement], exercise: str) -> list[Statement]:
    """The statements that check an answer to this exercise, or use what such a one defines."""
    check = re.compile(rf"\b{exercise}\b.*\bcheck\b", re.DOTALL)
    found: list[Statement] = []
    for one in statements:
        if check.search(ast.unparse(one.node)) or one.uses & names_defined(found):
            found.append(one)
    return found


def until_check(cells: list[Cell], exercise: str) -> list[Cell]:
    """The cells up to the last that checks an answer to this exercise; all, if none does."""
    each = [in_cell(cell.source) for cell in cells]
    asked = asking([one for cell in each for one in cell], exercise)
    last = [place for place, cell in enumerate(each, 1) if any(one in asked for one in cell)]
    return cells[: last[-1]] if last else cells


def behind_checks(there: list[Statement], checks: list[Statement], name: str) -> list[Statement]:
    """What the answer is made from: that called `name`, and those that the checks are given."""
    plain = [without_checks(one) for one in there]
    given = [one for one, had in zip(plain, there, strict=True) if had in checks]
    return [*given, *needed_for(plain, {name}.union(*(one.uses for one in given)))]


class Unasked(ast.NodeTransformer):
    """Puts an underscore in the place of each `ex.name.check`, `.hint` and `.solution`."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """A name behind a dot, but for what reaches through a method to its exercise."""
        if node.attr.startswith("__"):
            return node
        asks = node.attr in ("check", "hint", "solution")
        return ast.Name("_", node.ctx) if asks else self.generic_visit(node)


def without_checks(one: Statement) -> Statement:
    """The statement as one that asks no exercise: to ask is not to use the solution."""
    text = ast.unparse(one.node)
    if not re.search(r"\.(check|hint|solution)\b", text):
        return one
    return described(Unasked().visit(ast.parse(text).body[0]))


def spelled_out(statements: Iterable[Statement]) -> list[Statement]:
    """The statements, and those in their texts: of files that they write, of what they `exec`."""
    found = list(statements)
    texts = [
        node.value
        for one in found
        for node in ast.walk(one.node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [*found, *parsed([text for text in texts if "helpers" in text])[0]]


def costs_nothing(one: Statement) -> bool:
    """Whether the statement only imports, names a constant, or defines a function that needs
    nothing for that, such as a default that would have to be computed.
    """
    node = one.node
    if isinstance(node, ast.FunctionDef):
        at_once = [*node.args.defaults, *filter(None, node.args.kw_defaults), *node.decorator_list]
        return all(isinstance(each, ast.Constant) for each in at_once)
    return isinstance(node, ast.Import | ast.ImportFrom) or not one.uses


def dumps(statements: Iterable[Statement]) -> set[str]:
    """What the statements do, whatever line they stand in."""
    return {ast.dump(one.node) for one in statements}


def needed_for(statements: list[Statement], names: Iterable[str]) -> list[Statement]:
    """The statements that define or change one of the names, with what these need."""
    return [one for name in names for one in needed(statements, name)]


def lost(given: list[Statement], written: list[Statement]) -> list[Statement]:
    """The statements of the lesson that define nothing that the learner's do."""
    own = names_defined(written)
    return [one for one in given if not one.defines & own]


def imports(statements: list[Statement]) -> list[Statement]:
    """Those of the statements that import something."""
    return [one for one in statements if isinstance(one.node, ast.Import | ast.ImportFrom)]


def without(statements: list[Statement], others: list[Statement]) -> list[Statement]:
    """The statements that are not among the others, nor ask an exercise."""
    known = dumps(others)
    return [one for one in statements if ast.dump(one.node) not in known and not asks(one)]


def beside(given: list[Statement], chosen: list[Statement]) -> list[Statement]:
    """Those of the chosen statements that are not the lesson's, and imports: the lesson may use the
    solution, and may call something by the answer's name.
    """
    return [*imports(chosen), *without(chosen, given)]


def uses_solution(exercise: Exercise, chosen: Iterable[Statement]) -> bool:
    """Whether the statements take the solution from the course: from the exercises, among them the
    one that a notebook is offered by its bare name, or its function from elsewhere.
    """
    chosen = list(chosen)
    used = frozenset[str]().union(*(one.uses for one in chosen))
    if exercise.name in used - names_defined(chosen):
        return True
    solution = getattr(exercise.reference, "__name__", "*")
    return any(
        path.startswith("helpers.exercises")
        or (path.startswith("helpers.") and path.rpartition(".")[2] in (solution, "*"))
        for path in paths_used(chosen)
    )


def reads_solution(statements: Iterable[Statement]) -> bool:
    """Whether the statements name a part of an exercise that holds a solution."""
    nodes = [node for one in statements for node in ast.walk(one.node)]
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
    return not SOLUTIONS.isdisjoint(attributes | texts)


def judged(
    exercise: Exercise,
    name: str,
    first: list[Statement],
    cells: Iterable[Cell] = (),
    omitted: Iterable[str] = (),
) -> Finding:
    """What the exercise says of what it is asked while the cells run, after the `first` statements
    and without the `omitted` ones; of `name`, where it is not asked.

    Each statement and cell runs whether or not the one before failed.
    """
    found: list[Finding] = []
    failures: list[BaseException] = []
    shell = kernel.started(omitted)
    with listening(exercise, name, shell, found):
        alone = [Cell(ast.unparse(one.node)) for one in first]
        kernel.run(shell, alone, failures.append, counted=False)
        kernel.run(shell, cells, failures.append)
        if not found and name in shell.user_ns:
            with contextlib.suppress(BaseException), shell.builtin_trap:
                exercise.check(shell.user_ns[name])
    if not found:
        return undefined(name, failures)
    correct = [one for one in found if one.verdict == CORRECT]
    told_before = [told(error) for error in failures if not isinstance(error, Settled)]
    return with_failures([*found, *correct][-1], told_before)


@contextlib.contextmanager
def listening(
    exercise: Exercise, name: str, shell: kernel.Kernel, found: list[Finding]
) -> Iterator[None]:
    """Have the exercise add to `found` what it says of each answer that it is asked about, on its
    own evidence, and end the cell in which one is correct.
    """
    check = exercise.check

    def asked(answer, *_) -> Any:
        shell.user_ns.setdefault(exercise.name, exercise)  # what a notebook is offered
        try:
            result = check(answer, *exercise.evidence)
        except BaseException as error:  # asyncio's CancelledError, or one of the learner's own
            found.append(stopped(error))
            raise
        own = answer is not exercise.reference
        found.append(Finding(result.status, OK, result.message) if own else from_the_course(name))
        if found[-1].verdict == CORRECT:
            raise Settled
        return result

    vars(exercise)["check"] = asked
    try:
        yield
    finally:
        del vars(exercise)["check"]


def stopped(error: BaseException) -> Finding:
    """What is said of an answer whose examination the error ended."""
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return Finding(NOT_YET, EXIT, "The answer stops Python.")
    return Finding(NOT_YET, OK, f"Your code raised {told(error)}")


def with_failures(found: Finding, failures: list[str]) -> Finding:
    """The finding with what failed before."""
    message = " ".join([found.message, *(f"Before that: {failure}." for failure in failures)])
    full = found.verdict == NOT_YET and found.event == OK and "MemoryError" in message
    return replace(found, event=MEMORY if full else found.event, message=message[:LONGEST_MESSAGE])


def undefined(name: str, failures: list[BaseException]) -> Finding:
    """What is said where nothing is called by the answer's name."""
    if failures and isinstance(failures[-1], SystemExit | KeyboardInterrupt):
        return stopped(failures[-1])
    texts = [told(error) for error in failures] or ["no statement that ran defines it."]
    memory = "MemoryError" in "".join(texts)
    return Finding(NOT_YET, MEMORY if memory else OK, f"Defining {name}: {texts[-1]}")
