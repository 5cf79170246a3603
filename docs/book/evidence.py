"""What the executed notebooks hold on every statement of claims.toml, and in which cells."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from helpers import claims
from helpers.claims import Claim, Verdict

OPEN = "not measured yet"
SYMBOLS = {**claims.SYMBOLS, OPEN: "…"}
WORDS = tuple(SYMBOLS)


@dataclass(frozen=True)
class Measurement:
    """A verdict, and the cell that found it.

    `notebook` is its path without suffix, from the course's folder.
    """

    verdict: Verdict
    notebook: str
    cell: str

    @property
    def where(self) -> str:
        """The address of the cell in the book."""
        return f"{self.notebook}.html#{self.cell}"

    @property
    def is_audit(self) -> bool:
        """Whether the notebook is an audit."""
        return "/audits/" in self.notebook


@dataclass(frozen=True)
class Statement:
    """A statement with all that was measured on it; `word` is the verdict on the whole."""

    claim: Claim
    word: str
    measurements: tuple[Measurement, ...]

    @property
    def symbol(self) -> str:
        """The sign for the word."""
        return SYMBOLS[self.word]


def measurements(notebook: Path, root: Path) -> list[Measurement]:
    """The verdicts of an executed notebook with their cells, in the order in which they ran."""
    page = notebook.relative_to(root).with_suffix("").as_posix()
    return [
        Measurement(verdict, page, anchor(cell))
        for cell, verdict in claims.recorded_by_cell(notebook)
    ]


def anchor(cell_id: str) -> str:
    """What the book calls a notebook's cell in addresses."""
    return f"cell-{cell_id}"


def collect(notebooks: list[Path], root: Path) -> dict[str, Statement]:
    """Every statement of claims.toml by id, with what the notebooks measured.

    In each setting the last measurement counts.
    """
    found = {
        (m.verdict.id, m.verdict.setting): m
        for notebook in notebooks
        for m in measurements(notebook, root)
    }
    groups: dict[str, list[Measurement]] = {name: [] for name in claims.read()}
    for measurement in found.values():
        groups[measurement.verdict.id].append(measurement)
    return {name: settle(claim, groups[name]) for name, claim in claims.read().items()}


def settle(claim: Claim, group: list[Measurement]) -> Statement:
    """The statement with one word for all its measurements."""
    word = claims.settle(m.verdict for m in group) if group else OPEN
    return Statement(claim, word, tuple(group))


def tally(statements: dict[str, Statement]) -> dict[str, int]:
    """How many statements came out in which way, in the order of WORDS, without zeros."""
    counts = Counter(statement.word for statement in statements.values())
    return {word: counts[word] for word in WORDS if counts[word]}


def pick(statements: dict[str, Statement], name: str, setting: str) -> Measurement:
    """What was measured on a statement in one setting.

    Raises KeyError with the settings there are.
    """
    settings = {m.verdict.setting: m for m in statements[name].measurements}
    if setting not in settings:
        raise KeyError(
            f"{name} was not measured in {setting!r}; its settings are {sorted(settings)}: "
            "correct docs/course.toml."
        )
    return settings[setting]


def place(found: str) -> str:
    """`found` of claims.toml in words: "000:7" is note 000, line 7."""
    note = re.fullmatch(r"(\d{3}):([\d-]+)", found)
    if not note:
        return found
    return f"note {note[1]}, line{'s' if '-' in note[2] else ''} {note[2].replace('-', ' to ')}"


def slug(word: str) -> str:
    """A verdict as a name in style sheets and addresses."""
    return word.replace(" ", "-")
