"""What is recorded on every statement of claims.toml, by which protocol, and in which cells."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers import claims
from helpers.claims import Claim, Record, evidence, protocol, tables
from helpers.claims.protocol import Entry

FOLDER = evidence.FOLDER
UNMEASURED, DROPPED = "not measured yet", "dropped"
SYMBOLS = {**claims.SYMBOLS, UNMEASURED: "…", DROPPED: "∅"}
WORDS = tuple(SYMBOLS)
ROLES = {
    claims.PRIMARY: "Primary setting: it decides the word",
    claims.FURTHER: "Further settings, within the scope",
    claims.BOUNDARY: "Boundary settings, beyond the scope: told, not counted",
}


@dataclass(frozen=True)
class Setting:
    """What is recorded of a statement in one setting, and what other seeds gave.

    `where` is the address in the book of the cell that judged, empty for what is not in the book.
    """

    record: Record
    where: str
    again: tuple[Record, ...] = ()

    @property
    def place(self) -> str:
        """Where it was measured, in words."""
        path = Path(self.record.notebook)
        number = path.stem.split("_")[0].lstrip("0")
        if path.suffix != ".ipynb":
            return path.as_posix()
        return f"{'audit' if path.parent.name == 'audits' else 'lesson'} {number}"


@dataclass(frozen=True)
class Statement:
    """A statement, its settings in the order of their roles, and the one word for all of them.

    `locks` are its lines in the lock of the protocol, oldest first, `changes` those in CHANGES.md.
    """

    claim: Claim
    word: str
    way: str
    settings: tuple[Setting, ...] = ()
    locks: tuple[Entry, ...] = ()
    changes: tuple[re.Match, ...] = ()

    @property
    def symbol(self) -> str:
        """The sign for the word."""
        return SYMBOLS[self.word]

    @property
    def is_locked(self) -> bool:
        """Whether it is measured under the protocol."""
        return bool(self.locks)

    def of(self, role: str) -> list[Setting]:
        """The settings with this role."""
        return [setting for setting in self.settings if setting.record.verdict.role == role]

    def declared(self, role: str) -> tuple[str, ...]:
        """What claims.toml says that shall be measured in this role."""
        if role == claims.PRIMARY:
            return (self.claim.primary,) if self.claim.primary else ()
        return getattr(self.claim, role)


def collect(notebooks: Iterable[Path], root: Path, folder: Path = FOLDER) -> dict[str, Statement]:
    """Every statement of claims.toml by id, with what `folder` records of it.

    `notebooks` are those of the book: a setting is linked to its cell as long as it is there.
    """
    cells = {
        path.relative_to(root).as_posix(): {anchor(cell["id"]) for cell in read_cells(path)}
        for path in notebooks
    }
    again = evidence.read(folder, evidence.REPLICATION)
    settings: dict[str, list[Setting]] = {name: [] for name in claims.read()}
    for record in evidence.read(folder):
        repeated = tuple(other for other in again if place_of(other) == place_of(record))
        where = address(record, cells)
        settings[record.verdict.id].append(Setting(record, where, repeated))
    entries = protocol.entries(folder / protocol.LOCK.name)
    return {
        name: settled(
            claim,
            settings[name],
            tuple(entry for entry in entries if entry.id == name),
            tuple(protocol.changes(name, folder / protocol.CHANGES.name)),
        )
        for name, claim in claims.read().items()
    }


def settled(
    claim: Claim,
    settings: list[Setting],
    locks: tuple[Entry, ...] = (),
    changes: tuple[re.Match, ...] = (),
) -> Statement:
    """The statement with one word for all its settings, and its history in the protocol."""
    settings = sorted(settings, key=lambda each: list(ROLES).index(each.record.verdict.role))
    verdicts = [setting.record.verdict for setting in settings]
    if claim.dropped or not verdicts:
        word = way = DROPPED if claim.dropped else UNMEASURED
    else:
        word, way = claims.settle(verdicts), tables.way(verdicts)
    return Statement(claim, word, way, tuple(settings), locks, changes)


def place_of(record: Record) -> tuple[str, str]:
    """Statement and setting."""
    return record.verdict.id, record.verdict.setting


def read_cells(notebook: Path) -> list[dict]:
    """The cells of a notebook."""
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def anchor(cell_id: str) -> str:
    """What the book calls a notebook's cell in addresses."""
    return f"cell-{cell_id}"


def address(record: Record, cells: dict[str, set[str]]) -> str:
    """Where the book shows the cell that judged, or its notebook where the cell is no more."""
    if record.notebook not in cells:
        return ""
    page, cell = f"{record.notebook.removesuffix('.ipynb')}.html", anchor(record.cell)
    return f"{page}#{cell}" if cell in cells[record.notebook] else page


def tally(statements: dict[str, Statement]) -> dict[str, dict[str, tuple[int, int]]]:
    """By the way in which it was found: how many statements have each word.

    The second number is how many of these are measured under the protocol. Statements that are
    dropped from the course are left out.
    """
    kept = [each for each in statements.values() if not each.claim.dropped]
    counts = Counter((each.way, each.word) for each in kept)
    locked = Counter((each.way, each.word) for each in kept if each.is_locked)
    ways = [
        *tables.WAYS,
        *sorted({way for way, _ in counts} - {*tables.WAYS, UNMEASURED}),
        UNMEASURED,
    ]
    found = {
        way: {word: (counts[way, word], locked[way, word]) for word in WORDS if counts[way, word]}
        for way in ways
    }
    return {way: words for way, words in found.items() if words}


def values_table(statement: Statement) -> str:
    """Both arms of each comparison of a statement in every replicate, as CSV; empty if none."""
    compared = [each.record.verdict for each in statement.settings if each.record.verdict.treatment]
    tables_of_settings = [
        pd.DataFrame(
            {
                "setting": verdict.setting,
                "role": verdict.role,
                "replicate": range(len(verdict.treatment)),
                "treatment": verdict.treatment,
                "control": verdict.control,
                "groups": verdict.groups or "",
            }
        )
        for verdict in compared
    ]
    return pd.concat(tables_of_settings).to_csv(index=False) if compared else ""


def place(found: str) -> str:
    """`found` of claims.toml in words: "000:7" is note 000, line 7."""
    note = re.fullmatch(r"(\d{3}):([\d-]+)", found)
    if not note:
        return found
    return f"note {note[1]}, line{'s' if '-' in note[2] else ''} {note[2].replace('-', ' to ')}"


def slug(word: str) -> str:
    """A verdict as a name in style sheets and addresses."""
    return word.replace(" ", "-")
