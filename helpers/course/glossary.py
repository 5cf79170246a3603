"""The terms of the course's glossary, and which of them each lesson brings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jupytext

from helpers.exercises import catalogue
from helpers.runtime import ROOT

GLOSSARY = ROOT / "docs" / "pages" / "glossary.md"
ENTRIES = re.compile(r"^```\{glossary\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
BOLD = re.compile(r"\*\*([^*]+)\*\*")


@dataclass(frozen=True)
class Term:
    """An entry: its name in English and in Korean, and what it means.

    The words of the verdicts are the course's own: they have no Korean name.
    """

    name: str
    korean: str
    meaning: str


def read(path: Path = GLOSSARY) -> list[Term]:
    """All terms in the order of the glossary. Raises OSError where there is none."""
    text = path.read_text(encoding="utf-8")
    entries = [entry for block in ENTRIES.findall(text) for entry in block.strip().split("\n\n")]
    return [_term(entry) for entry in entries]


def _term(entry: str) -> Term:
    name, *korean, meaning = entry.splitlines()
    return Term(name, "".join(korean), meaning.strip())


def of(lesson: catalogue.Lesson) -> list[Term]:
    """The terms that the lesson brings, in the order of the glossary.

    A term belongs to the first lesson that sets it in bold, or, where none does, to the first that
    uses it. The words of the verdicts come with lesson 1. Lesson 0, which only says what is to
    come, brings none.
    """
    taught = [each.name for each in catalogue.lessons().values() if each.number != "0"]
    prose = {name: _prose(name) for name in taught}
    return [term for term in read() if _lesson_of(term, prose) == lesson.name]


@cache
def _prose(name: str) -> str:
    cells = jupytext.read(ROOT / "notebooks" / f"{name}.py").cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def _lesson_of(term: Term, prose: Mapping[str, str]) -> str | None:
    """The name of the lesson to which the term belongs; None if there is none."""
    if not term.korean:
        return next(iter(prose))
    words = r"[\s-]+".join(map(re.escape, term.name.split()))
    written = re.compile(rf"\b{words}(s|es)?\b", re.IGNORECASE)
    in_bold = [n for n, text in prose.items() if any(map(written.fullmatch, BOLD.findall(text)))]
    used = [name for name, text in prose.items() if written.search(text)]
    return next(iter(in_bold + used), None)
