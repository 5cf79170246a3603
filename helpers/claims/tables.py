"""Verdicts statement by statement: read from notebooks, settled in one word, shown as tables."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.claims import protocol
from helpers.claims.statements import read
from helpers.claims.verdict import (
    BY_DEFINITION,
    FURTHER,
    MIME_TYPE,
    MIXED,
    OPEN,
    OUTDATED,
    PRIMARY,
    REFUTED,
    ROLES,
    SUPPORTED,
    SYMBOLS,
    UNDECIDED,
    Verdict,
)

DECIDED = (SUPPORTED, REFUTED)
COMPARISON, COMPUTATION = "by comparison", "by computation"
WAYS = (COMPARISON, COMPUTATION)
"""How what was measured was found."""
ELSEWHERE = "decided elsewhere"
UNMEASURED = "not measured"
NOT_YET = "not yet measured under the protocol"


def live(notebook: Path) -> list[Verdict]:
    """The verdicts that an executed notebook shows, in the order in which they ran."""
    return [verdict for _, verdict in live_by_cell(notebook)]


def live_by_cell(notebook: Path) -> list[tuple[str, Verdict]]:
    """The verdicts that an executed notebook shows, each with the id of its cell."""
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    outputs = [
        (cell, output.get("data", {})) for cell in cells for output in cell.get("outputs", ())
    ]
    return [
        (cell.get("id", ""), Verdict(**data[MIME_TYPE]))
        for cell, data in outputs
        if MIME_TYPE in data
    ]


def settle(verdicts: Iterable[Verdict]) -> str:
    """One word for all verdicts on one statement: that of its primary setting.

    Mixed if a further setting, or another primary one, decides the other way. Boundary settings
    are told and do not count. Where the primary setting is not among them it is decided elsewhere.
    """
    verdicts = list(verdicts)
    primary = [verdict.verdict for verdict in verdicts if verdict.role == PRIMARY]
    if not primary:
        return ELSEWHERE
    counted = {verdict.verdict for verdict in verdicts if verdict.role in (PRIMARY, FURTHER)}
    if set(primary) & set(DECIDED) and set(DECIDED) <= counted:
        return MIXED
    return primary[0] if len(set(primary)) == 1 else UNDECIDED


def way(verdicts: Iterable[Verdict]) -> str:
    """By what the word of a statement was found: comparison, computation, definition, or not."""
    primary = [verdict for verdict in verdicts if verdict.role == PRIMARY]
    words = {verdict.verdict for verdict in primary}
    if any(verdict.effect is not None for verdict in primary):
        return COMPARISON
    if words - {BY_DEFINITION, OUTDATED, OPEN}:
        return COMPUTATION
    return BY_DEFINITION if words == {BY_DEFINITION} else UNMEASURED


def totals(verdicts: Iterable[Verdict]) -> dict[str, Counter]:
    """How many statements got which word, by the way in which it was found."""
    found: dict[str, Counter] = {}
    for group in by_claim(verdicts).values():
        found.setdefault(way(group), Counter())[settle(group)] += 1
    return found


def by_claim(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts grouped by statement, primary settings first; of each setting the last counts.

    Statements that are dropped from the course are left out.
    """
    last = {(verdict.id, verdict.setting): verdict for verdict in verdicts}
    groups: dict[str, list[Verdict]] = {
        name: [] for name, claim in read().items() if not claim.dropped
    }
    for verdict in sorted(last.values(), key=lambda verdict: ROLES.index(verdict.role)):
        if verdict.id in groups:
            groups[verdict.id].append(verdict)
    return {name: group for name, group in groups.items() if group}


def table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """One row a statement: what it says, what was expected, the word, the evidence by setting."""
    statements, locked = read(), protocol.locked()
    rows = [
        {
            "id": name,
            "statement": statements[name].statement,
            "expected": statements[name].expected,
            "verdict": settle(group),
            "protocol": "" if name in locked else NOT_YET,
            "evidence": "; ".join(
                f"{v.setting}: {v.verdict}" if v.setting else v.verdict for v in group
            ),
            "runs": max(verdict.runs for verdict in group),
            "data": ", ".join(dict.fromkeys(verdict.data for verdict in group if verdict.data)),
        }
        for name, group in by_claim(verdicts).items()
    ]
    columns = ["id", "statement", "expected", "verdict", "protocol", "evidence", "runs", "data"]
    return pd.DataFrame(rows, columns=pd.Index(columns)).set_index("id")


@dataclass(frozen=True)
class Summary:
    """A table of verdicts for people: Markdown in a notebook, plain text elsewhere.

    `besides` is a sentence below the table.
    """

    groups: dict[str, list[Verdict]]
    link: str = ""
    besides: str = ""

    def __repr__(self) -> str:
        return "\n".join(f"{name}  {settle(group)}" for name, group in self.groups.items())

    def _repr_markdown_(self) -> str:
        statements, locked = read(), protocol.locked()
        lines = [
            "| | statement | expected before | recorded | in which setting |",
            "|---|---|---|---|---|",
        ]
        for name, group in self.groups.items():
            word, claim = settle(group), statements[name]
            settings = "<br>".join(_setting(v) for v in group if v.setting)
            where = f"[{name}]({self.link})" if self.link else name
            mark = "" if name in locked else f" ({NOT_YET})"
            measured = f"{SYMBOLS.get(word, '')}\N{NO-BREAK SPACE}**{word}**{mark}".strip()
            cells = (where, claim.statement, claim.expected, measured, settings)
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join([*lines, *(["", self.besides] if self.besides else [])])


def _setting(verdict: Verdict) -> str:
    """A setting with its sign, and what it is to the statement unless it decides."""
    role = "" if verdict.role == PRIMARY else f" ({verdict.role})"
    return f"{SYMBOLS[verdict.verdict]} {verdict.setting}{role}"


def summary(verdicts: Iterable[Verdict], link: str = "", besides: str = "") -> Summary:
    """The verdicts as a table to read, linked to the notebook that measured them."""
    return Summary(by_claim(verdicts), link, besides)


def tally(verdicts: Iterable[Verdict]) -> str:
    """How many statements have which word, the most frequent first: "3 supported, 1 refuted"."""
    words = Counter(settle(group) for group in by_claim(verdicts).values())
    return ", ".join(f"{count} {word}" for word, count in words.most_common())
