"""Verdicts statement by statement: read from notebooks, settled in one word, shown as tables."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.claims.statements import read
from helpers.claims.verdict import MIME_TYPE, QUALIFIED, SYMBOLS, Verdict


def recorded(notebook: Path) -> list[Verdict]:
    """The verdicts that an executed notebook holds, in the order in which they ran."""
    return [verdict for _, verdict in recorded_by_cell(notebook)]


def recorded_by_cell(notebook: Path) -> list[tuple[str, Verdict]]:
    """The verdicts of an executed notebook, each with the id of its cell."""
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
    """One word for all verdicts on one statement: theirs if they agree, else qualified."""
    words = {verdict.verdict for verdict in verdicts}
    return words.pop() if len(words) == 1 else QUALIFIED


def by_claim(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts grouped by statement; in each setting the last one counts."""
    last = {(verdict.id, verdict.setting): verdict for verdict in verdicts}
    order = list(read())
    groups: dict[str, list[Verdict]] = {}
    for (name, _), verdict in sorted(last.items(), key=lambda item: order.index(item[0][0])):
        groups.setdefault(name, []).append(verdict)
    return groups


def table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """One row a statement: what it says, what was expected, the word, the evidence by setting."""
    statements = read()
    rows = [
        {
            "id": name,
            "statement": statements[name].statement,
            "expected": statements[name].expected,
            "verdict": settle(group),
            "evidence": "; ".join(
                f"{v.setting}: {v.verdict}" if v.setting else v.verdict for v in group
            ),
            "runs": max(verdict.runs for verdict in group),
            "data": ", ".join(dict.fromkeys(verdict.data for verdict in group if verdict.data)),
        }
        for name, group in by_claim(verdicts).items()
    ]
    columns = ["id", "statement", "expected", "verdict", "evidence", "runs", "data"]
    return pd.DataFrame(rows, columns=pd.Index(columns)).set_index("id")


@dataclass(frozen=True)
class Summary:
    """A table of verdicts for people: Markdown in a notebook, plain text elsewhere."""

    groups: dict[str, list[Verdict]]
    link: str = ""

    def __repr__(self) -> str:
        return "\n".join(f"{name}  {settle(group)}" for name, group in self.groups.items())

    def _repr_markdown_(self) -> str:
        statements = read()
        lines = [
            "| | statement | expected | measured | in which setting |",
            "|---|---|---|---|---|",
        ]
        for name, group in self.groups.items():
            word, claim = settle(group), statements[name]
            settings = "<br>".join(f"{SYMBOLS[v.verdict]} {v.setting}" for v in group if v.setting)
            where = f"[{name}]({self.link})" if self.link else name
            measured = f"{SYMBOLS[word]} **{word}**"
            cells = (where, claim.statement, claim.expected, measured, settings)
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)


def summary(verdicts: Iterable[Verdict], link: str = "") -> Summary:
    """The verdicts as a table to read, linked to the notebook that measured them."""
    return Summary(by_claim(verdicts), link)
