"""What the book knows of the course: its lessons, and what each of them needs."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.runtime import ROOT

COURSE = ROOT / "docs" / "course.toml"


@dataclass(frozen=True)
class Lesson:
    """A lesson as it stands in course.toml; `name` is that of its notebook."""

    name: str
    title: str
    learn: str
    minutes: int
    needs: tuple[str, ...]

    @property
    def number(self) -> int:
        """The lesson's number, which its name begins with."""
        return int(self.name.split("_")[0])


def lessons(path: Path = COURSE) -> dict[str, Lesson]:
    """All lessons by name, in the order of the file.

    Raises ValueError where a lesson needs one that does not come before it.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["lessons"]
    found: dict[str, Lesson] = {}
    for name, entry in entries.items():
        lesson = Lesson(name=name, **{**entry, "needs": tuple(entry["needs"])})
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
