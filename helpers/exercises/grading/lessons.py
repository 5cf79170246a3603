"""Which lesson is graded, what its exercises ask for, and whose notebooks there are."""

import ast
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from helpers.cells import tree
from helpers.exercises.grading.submissions import code_cells
from helpers.runtime import ROOT

LARGEST_NOTEBOOK = 20_000_000
"""Bytes of a learner's notebook; a larger one is not read."""
BY_ITSELF = {".ipynb_checkpoints", ".git", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}
"""Files and folders that nobody hands in on purpose; macOS also writes `._name` beside `name`."""
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
    sources = [cell.source for cell in code_cells(lessons(root)[name], LARGEST_NOTEBOOK)]
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
    """What is called .ipynb below the folder by learner: the path inside the folder, without
    .ipynb. Raises FileNotFoundError.

    A folder or a pipe of that name has a row too: somebody may wait for it. Two names that read
    alike, in different encodings, have a row each.
    """
    if not folder.is_dir():
        is_there = "is a file" if folder.exists() else "is not there"
        raise FileNotFoundError(f"{folder} {is_there}: name a folder with one notebook a learner.")
    found: dict[str, Path] = {}
    for path in filter(is_notebook, handed_in(folder)):
        name = readable(path.relative_to(folder).with_suffix("").as_posix())
        while name in found:
            name += " (another)"
        found[name] = path
    if not found:
        raise FileNotFoundError(
            f"There is no .ipynb below {folder}: put one notebook a learner there."
        )
    return found


def passed_over(folder: Path) -> list[str]:
    """The names of what is not graded: files that do not end in .ipynb, and folders that are links
    or may not be read.
    """
    return [
        readable(path.relative_to(folder).as_posix())
        for path in handed_in(folder)
        if not is_notebook(path) and not is_entered(path)
    ]


def is_notebook(path: Path) -> bool:
    """Whether a file is called as notebooks are; Windows does not tell .IPYNB from .ipynb."""
    return path.suffix.lower() == ".ipynb"


def is_entered(path: Path) -> bool:
    """Whether this is a folder whose files are found too."""
    return path.is_dir() and not path.is_symlink() and os.access(path, os.R_OK | os.X_OK)


def handed_in(folder: Path) -> list[Path]:
    """Everything below the folder, but for what Jupyter and systems put there by themselves."""
    found = [path for path in folder.rglob("*") if not path.name.startswith("._")]
    return sorted(path for path in found if BY_ITSELF.isdisjoint(path.relative_to(folder).parts))


def readable(name: str) -> str:
    """A file's name as text. Archives made with Korean Windows hold names in its own encoding."""
    encoded = os.fsencode(name)
    for encoding in ("utf-8", "cp949"):
        try:
            return encoded.decode(encoding)
        except UnicodeDecodeError:
            pass
    return encoded.decode("ascii", "backslashreplace")


def text_of(path: Path) -> str:
    """The text of a notebook's file; empty where there is none that could be graded."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_NOTEBOOK:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def most_answered(found: list[Path], root: Path = ROOT) -> str:
    """The name of the lesson's notebook that most of these are copies of: they import the same
    exercises and check the most of the same. Raises ValueError where none imports any.
    """
    given = [read_lesson(name, root) for name in lessons(root)]
    counts: Counter[str] = Counter()
    for text in map(text_of, found):
        imported, checked = set(IMPORTED.findall(text)), set(CHECKED.findall(text))
        own = [lesson for lesson in given if lesson.package in imported]
        if own:
            counts[max(own, key=lambda lesson: len(checked & lesson.answers.keys())).name] += 1
    if not counts:
        raise ValueError("No notebook imports exercises: name the lesson, for example --lesson 01.")
    return counts.most_common(1)[0][0]
