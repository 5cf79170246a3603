"""Which lesson asks for which exercise, and under what number: read from the lessons' scripts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers.runtime import ROOT

__all__ = ["Entry", "Lesson", "after", "lesson", "lessons", "number"]

TITLE = re.compile(r"^# # (?:\d+\w? · )?(.+)$", re.MULTILINE)
PACKAGE = re.compile(r"^from helpers\.exercises import (\w+) as ex$", re.MULTILINE)
STEP = re.compile(r"^# ### Exercise (?P<number>\d+) · (?P<title>.+)$|\bex\.(?P<name>\w+)\.check\(",
                  re.MULTILINE)  # fmt: skip
"""The heading of an exercise, or its check, which comes after the heading."""


@dataclass(frozen=True)
class Entry:
    """An exercise as its lesson shows it."""

    package: str
    name: str
    number: int
    title: str

    @property
    def key(self) -> str:
        """By which a reader's progress names it; two lessons may use a name."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True)
class Lesson:
    """A notebook with the exercises that it asks for, in their order; `name` is its file's."""

    name: str
    title: str
    exercises: tuple[Entry, ...]

    @property
    def number(self) -> str:
        """What its name begins with: "3b" for 03b_update_rules."""
        return self.name.split("_")[0].lstrip("0") or "0"


@cache
def lessons(root: Path = ROOT) -> dict[str, Lesson]:
    """The notebooks of all lessons by name, in their order."""
    return {path.stem: _read(path) for path in sorted((root / "notebooks").glob("[0-9]*.py"))}


def lesson(name: str) -> Lesson:
    """The lesson's notebook of this name, or of this number: "03b_update_rules", "03b" or "3b".

    Raises ValueError where there is none.
    """
    for found in lessons().values():
        if name in (found.name, found.number, found.name.split("_")[0]):
            return found
    raise ValueError(f"There is no lesson {name!r}; there are {', '.join(lessons())}.")


def after(lesson: Lesson) -> Lesson | None:
    """The lesson's notebook that follows this one; None after the last."""
    known = list(lessons().values())
    return next(iter(known[known.index(lesson) + 1 :]), None)


@cache
def number(key: str) -> int | None:
    """The number of an exercise in its lesson; None for one that no lesson asks for."""
    for found in lessons().values():
        for entry in found.exercises:
            if entry.key == key:
                return entry.number
    return None


def _read(script: Path) -> Lesson:
    text = script.read_text(encoding="utf-8")
    title, package = TITLE.search(text), PACKAGE.search(text)
    entries = tuple(_entries(text, package[1])) if package else ()
    return Lesson(script.stem, title[1] if title else script.stem, entries)


def _entries(text: str, package: str) -> Iterator[Entry]:
    """The exercises in the order of their headings, each at its first check."""
    heading, seen = None, set()
    for step in STEP.finditer(text):
        if step["number"]:
            heading = step
        elif heading and step["name"] not in seen:
            seen.add(step["name"])
            yield Entry(package, step["name"], int(heading["number"]), heading["title"])
