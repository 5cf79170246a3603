"""Which lesson is graded, what its exercises ask for, and whose notebooks there are."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from helpers.cells import tree
from helpers.exercises.grading.submissions import code_cells
from helpers.runtime import ROOT

LARGEST_NOTEBOOK = 20_000_000
"""Bytes of a learner's notebook; a larger one is not read."""
IMPORTED = re.compile(r"helpers\.exercises import (\w+)")
CHECKED = re.compile(r"(?:\b|\\n)ex\.(\w+)\.check\(")
"""A check in a notebook's file, where the ends of lines are written out as backslash and n."""


@dataclass(frozen=True)
class Lesson:
    """The exercises of a lesson's notebook: their package, the name of each exercise's answer, the
    sources of the code cells.
    """

    name: str
    package: str
    answers: dict[str, str]
    sources: list[str]


def lessons(root: Path = ROOT) -> dict[str, Path]:
    """The notebooks of the lessons that have exercises, by their names without the number.

    Two notebooks of one lesson share a package of exercises, and each asks for some of them.
    """
    paths = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    return {without_number(path.stem): path for path in paths if imports(path)}


def imports(notebook: Path) -> set[str]:
    """The packages of exercises that a notebook imports."""
    text = notebook.read_text(encoding="utf-8", errors="replace")
    return set(IMPORTED.findall(text))


def without_number(name: str) -> str:
    """The name of a lesson's notebook without its number: of `03b_update_rules`, update_rules."""
    return re.sub(r"^\d+[a-z]?_", "", name)


def read_lesson(name: str, root: Path = ROOT) -> Lesson:
    """The lesson's notebook with this name, from the course itself."""
    sources = code_cells(lessons(root)[name], LARGEST_NOTEBOOK)
    (package,) = set(IMPORTED.findall("\n".join(sources)))
    answers = {}
    for source in sources:
        for node in ast.walk(tree(source)):
            if isinstance(node, ast.Call):
                check = re.fullmatch(r"ex\.(\w+)\.check", ast.unparse(node.func))
                if check:
                    answers[check[1]] = ast.unparse(node.args[0])
    return Lesson(name, package, answers, sources)


def learners(folder: Path) -> dict[str, Path]:
    """The notebooks below the folder by learner: the path inside the folder, without .ipynb. Raises
    FileNotFoundError.
    """
    found = sorted(
        path
        for path in folder.rglob("*.ipynb")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    )
    if not found:
        raise FileNotFoundError(
            f"There is no .ipynb below {folder}: put one notebook a learner there."
        )
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in found}


def most_answered(found: list[Path], root: Path = ROOT) -> str:
    """The name of the lesson's notebook that most of these are copies of: they import the same
    exercises and check the most of the same. Raises ValueError where none imports any.
    """
    given = [read_lesson(name, root) for name in lessons(root)]
    small = [path for path in found if path.stat().st_size <= LARGEST_NOTEBOOK]
    counts: Counter[str] = Counter()
    for text in (path.read_text(encoding="utf-8", errors="replace") for path in small):
        imported, checked = set(IMPORTED.findall(text)), set(CHECKED.findall(text))
        own = [lesson for lesson in given if lesson.package in imported]
        if own:
            counts[max(own, key=lambda lesson: len(checked & lesson.answers.keys())).name] += 1
    if not counts:
        raise ValueError(
            "No notebook imports exercises: name the lesson, for example --lesson overfitting."
        )
    return counts.most_common(1)[0][0]
