"""When each notebook last ran to its end in each environment: `python -m docs.book.last_green
FOLDER` adds what `FOLDER/NAME/green.txt` lists, as of today.

`make versions` writes such a list for each environment NAME; the nightly workflow does both.
"""

import csv
import sys
from datetime import date
from pathlib import Path

from helpers.course import notebooks
from helpers.runtime import ROOT

RECORD = ROOT / "docs" / "last_green.csv"
LIST = "green.txt"
COLUMNS = ("notebook", "environment", "date")
Greens = dict[tuple[str, str], str]
"""The date by notebook, named as in "audits/01_overfitting", and environment."""


def read(path: Path = RECORD) -> Greens:
    """What is recorded, nothing where there is no record."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["notebook"], row["environment"]): row["date"] for row in csv.DictReader(file)}


def write(greens: Greens, path: Path = RECORD) -> None:
    """Record the dates, in the order of notebooks and environments."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows([*key, day] for key, day in sorted(greens.items()))


def listed(folder: Path, day: str) -> Greens:
    """What the lists in the folders of environments name, all as of this day."""
    lists = sorted(folder.glob(f"*/{LIST}"))
    return {
        (name, path.parent.name): day
        for path in lists
        for name in path.read_text(encoding="utf-8").split()
    }


def table(greens: Greens) -> tuple[list[str], dict[str, list[str]]]:
    """The environments, and for each notebook of the course its dates in them, "" for never."""
    environments = sorted({environment for _, environment in greens})
    root = ROOT / "notebooks"
    names = [path.relative_to(root).with_suffix("").as_posix() for path in notebooks.find(ROOT)]
    return environments, {
        name: [greens.get((name, environment), "") for environment in environments]
        for name in names
    }


if __name__ == "__main__":
    (given,) = sys.argv[1:]
    write(read() | listed(Path(given), date.today().isoformat()))
