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


@dataclass(frozen=True)
class Lesson:
    """A lesson's exercises: their package, the name of each exercise's answer, the sources of the
    code cells.
    """

    package: str
    answers: dict[str, str]
    sources: list[str]


def lessons() -> dict[str, Path]:
    """The lessons that have exercises, by the name of their exercises' package."""
    packages = {path.stem for path in (ROOT / "helpers" / "exercises").iterdir()}
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    named = {re.sub(r"^\d+_", "", path.stem): path for path in paths}
    return {package: path for package, path in named.items() if package in packages}


def read_lesson(package: str) -> Lesson:
    """The lesson with this package of exercises, from the course's own notebook."""
    sources = code_cells(lessons()[package], LARGEST_NOTEBOOK)
    answers = {}
    for source in sources:
        for node in ast.walk(tree(source)):
            if isinstance(node, ast.Call):
                check = re.fullmatch(r"ex\.(\w+)\.check", ast.unparse(node.func))
                if check:
                    answers[check[1]] = ast.unparse(node.args[0])
    return Lesson(package, answers, sources)


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


def most_imported(found: list[Path]) -> str:
    """The package of exercises that most of the notebooks import. Raises ValueError where none
    imports any.
    """
    small = [path.read_bytes() for path in found if path.stat().st_size <= LARGEST_NOTEBOOK]
    counts = Counter(
        name
        for text in small
        for name in set(re.findall(rb"helpers\.exercises import (\w+)", text))
    )
    if not counts:
        raise ValueError(
            "No notebook imports exercises: name the lesson, for example --lesson overfitting."
        )
    return counts.most_common(1)[0][0].decode()
