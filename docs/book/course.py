"""What the book knows of the course: its lessons, and what each of them needs."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.runtime import ROOT

COURSE = ROOT / "docs" / "course.toml"


@dataclass(frozen=True)
class Lesson:
    """A notebook of a lesson as it stands in course.toml, with the name of its audit.

    A second notebook of a lesson, `03b_more`, shares the audit and the statements of the first.
    `audit` is empty for a notebook without one.
    """

    name: str
    title: str
    learn: str
    minutes: int
    needs: tuple[str, ...]
    audit: str

    @property
    def number(self) -> str:
        """The lesson's number, which its name begins with; a second notebook has a b behind it."""
        return self.name.split("_")[0].lstrip("0") or "0"

    @property
    def is_first(self) -> bool:
        """Whether audit and statements bear the name of this notebook."""
        return self.name == self.audit


def lessons(path: Path = COURSE) -> dict[str, Lesson]:
    """The notebooks of all lessons by name, in the order of the file.

    Raises ValueError where a lesson needs one that does not come before it.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["lessons"]
    found: dict[str, Lesson] = {}
    for name, entry in entries.items():
        first = next(other for other in (*found, name) if other[:2] == name[:2])
        lesson = Lesson(name, **{"audit": first, **entry, "needs": tuple(entry["needs"])})
        unknown = [needed for needed in lesson.needs if needed not in found]
        if unknown:
            raise ValueError(
                f"{path.name}: {name} needs {unknown}; a lesson can only need those before it."
            )
        found[name] = lesson
    return found


def levels(needs: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The names in rows: first those that need nothing, then always those that need the row before.

    `needs` maps each name to those that it needs, which come before it.
    """
    depth: dict[str, int] = {}
    for name, needed in needs.items():
        depth[name] = 1 + max((depth[other] for other in needed), default=-1)
    return [
        [name for name in depth if depth[name] == row] for row in range(max(depth.values()) + 1)
    ]
