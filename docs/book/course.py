"""What the book knows of the course: its lessons, what each needs, the floors of its helpers."""

import ast
import tomllib
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
        return int(self.name.split("_")[0])


def lessons(path: Path = COURSE) -> dict[str, Lesson]:
    """All lessons by name, in the order of the file. Raises ValueError where one needs what does not come before it."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["lessons"]
    found: dict[str, Lesson] = {}
    for name, entry in entries.items():
        lesson = Lesson(name=name, **{**entry, "needs": tuple(entry["needs"])})
        unknown = [needed for needed in lesson.needs if needed not in found]
        if unknown:
            raise ValueError(
                f"{path.name}: {name} needs {unknown}; it can only need lessons that stand before it."
            )
        found[name] = lesson
    return found


def surprises(path: Path = COURSE) -> list[tuple[str, str]]:
    """Id and setting of the verdicts that the front page shows."""
    return [
        (entry["id"], entry["setting"])
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["surprises"]
    ]


def levels(course: dict[str, Lesson]) -> list[list[Lesson]]:
    """The lessons in rows: in the first those that need nothing, in each further one those that need the row before."""
    depth: dict[str, int] = {}
    for name, lesson in course.items():
        depth[name] = 1 + max((depth[needed] for needed in lesson.needs), default=-1)
    return [
        [course[name] for name in course if depth[name] == row]
        for row in range(max(depth.values()) + 1)
    ]


def floors(test: Path = ROOT / "tests" / "test_runtime.py") -> list[list[str]]:
    """The rooms of `helpers`, floor by floor, as the test of imports lists them. Raises ValueError if it does not."""
    for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "floors":
            return ast.literal_eval(node.value)
    raise ValueError(
        f"{test.name} has no list named floors: the pages on the helpers are made from it."
    )


def modules(room: str, helpers: Path = ROOT / "helpers") -> list[str]:
    """The modules of a room that people import: one file; a package that exports names; or a package's files."""
    package = helpers / room / "__init__.py"
    if not package.is_file() or "__all__" in package.read_text(encoding="utf-8"):
        return [f"helpers.{room}"]
    files = sorted(path.stem for path in package.parent.glob("*.py") if path != package)
    return [f"helpers.{room}", *(f"helpers.{room}.{name}" for name in files)]
