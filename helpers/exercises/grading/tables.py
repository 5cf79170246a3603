"""What was found, as a table, and beside it as JSON, from which a second grading goes on."""

import csv
import hashlib
import io
import json
from pathlib import Path

from helpers.exercises.core import CORRECT
from helpers.exercises.grading.lessons import LARGEST_NOTEBOOK, lessons
from helpers.exercises.grading.processes import Task
from helpers.exercises.grading.submissions import OK
from helpers.runtime import ROOT

HEADER = ["learner", "correct", "status"]
"""The columns of the table, the first and the last two; between them stand the exercises."""
ENCODING = "utf-8-sig"
"""UTF-8 that says so at its start: without that, Excel takes Korean names for others."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection")."""


def check_table(path: Path) -> None:
    """Raise ValueError where the file is there and is no table of grades."""
    if path.exists():
        with path.open(encoding=ENCODING, errors="replace", newline="") as stream:
            header = next(csv.reader(stream), [])
        if [*header[:1], *header[-2:]] != HEADER:
            raise not_ours(path)


def not_ours(path: Path) -> ValueError:
    """What is said of a file that this command would replace, and has not written."""
    return ValueError(
        f"{path} was not written by this command, which would replace it: choose another --out, or"
        " move it away."
    )


def remembered(path: Path) -> dict[str, dict]:
    """What was found before, by learner. Raises ValueError where the file holds something else."""
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if all({"mark", "found"} == entry.keys() for entry in entries.values()):
            return entries
    except (ValueError, AttributeError):
        pass
    raise not_ours(path)


def course_mark(task: Task) -> bytes:
    """A checksum of what all rows depend on: the limits, the lesson, the course's helpers."""
    digest = hashlib.sha256(f"{task.lesson} {task.seconds} {task.gigabytes}".encode())
    for path in [lessons()[task.lesson], *sorted((ROOT / "helpers").glob("**/*.py"))]:
        digest.update(path.read_bytes())
    return digest.digest()


def mark(path: Path, shared: bytes) -> str:
    """A checksum of what a learner's row depends on."""
    try:
        size = path.stat().st_size if path.is_file() else LARGEST_NOTEBOOK + 1
        content = path.read_bytes() if size <= LARGEST_NOTEBOOK else str(size).encode()
    except OSError as error:
        content = str(error).encode()
    return hashlib.sha256(shared + content).hexdigest()


def row(name: str, found: dict[str, dict]) -> list:
    """A row of the table: the learner, a word for each exercise, how many are correct, and what
    else happened.
    """
    verdicts = [entry["verdict"] for entry in found.values()]
    events = {exercise: entry["event"] for exercise, entry in found.items() if entry["event"] != OK}
    if len(events) == len(found) and len(set(events.values())) == 1:  # of the whole file
        status = next(iter(events.values()))
    else:
        status = "; ".join(f"{exercise}: {event}" for exercise, event in events.items()) or OK
    return [name, *verdicts, verdicts.count(CORRECT), status]


def table(header: list[str], rows: list[list]) -> str:
    """The rows as CSV, in which a spreadsheet finds no formula: not within a name either, if it
    takes a semicolon for the end of a cell.
    """
    text = io.StringIO()
    names = [[quoted(name), *others] for name, *others in rows]
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerows([header, *names])
    return text.getvalue()


def quoted(name: str) -> str:
    """A learner's name with an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{name}" if name.startswith(FORMULA) else name
