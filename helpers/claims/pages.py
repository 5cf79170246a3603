"""The page of the evidence, `evidence/README.md`: what is recorded, and how far to trust it."""

import math
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

import pandas as pd

from helpers import files
from helpers.claims import calibration as calibrating
from helpers.claims import evidence, intervals, protocol, tables
from helpers.claims.evidence import Record
from helpers.claims.verdict import PRIMARY, REFUTED, SUPPORTED, Verdict

PAGE = "README.md"
TITLE = "# The recorded evidence"
SAME = 0.97
"""The share of primary settings that shall have the same word with other seeds."""


def write(folder: Path) -> str:
    """Write the page into the folder of the record; the result in a line."""
    recorded = evidence.read(folder)
    if not recorded:
        return "Nothing was measured, so nothing was written."
    files.write_text(folder / PAGE, page(folder))
    verdicts = [record.verdict for record in recorded]
    return f"{len(verdicts)} settings of {len(tables.by_claim(verdicts))} statements in {folder}"


def check(folder: Path) -> None:
    """Raise ValueError where the page would replace another README, such as the course's own."""
    path = folder / PAGE
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(TITLE):
        raise ValueError(
            f"{path} is no page of the evidence, which would replace it: choose another folder."
        )


def page(folder: Path) -> str:
    """The evidence to read, in Markdown."""
    recorded, locked = evidence.read(folder), _locked(folder)
    lines = [
        TITLE,
        "",
        "Written by `make evidence`; do not edit. [settings.csv](settings.csv) has a row for each",
        "statement in each setting, [values.csv](values.csv) both arms of every comparison in",
        "every replicate, [protocol.lock](protocol.lock) when each criterion and judging cell was",
        "fixed, [CHANGES.md](CHANGES.md) what changed after that. Every word can be computed again",
        "from the values.",
        "",
        *_what(recorded, locked),
        "",
        "## Words, by the way in which they were found",
        "",
        *_words(recorded, locked),
        "",
        "## How often the protocol is wrong",
        "",
        calibration(folder),
    ]
    return "\n".join(lines) + "\n"


def calibration(folder: Path) -> str:
    """Simulated nulls, margins and effects; planted nulls; replication: in Markdown."""
    recorded = [record.verdict for record in evidence.read(folder)]
    again = [record.verdict for record in evidence.read(folder, evidence.REPLICATION)]
    sections = [
        (
            "Where nothing differs: share of false alarms, nominally 1 %",
            _percent(calibrating.simulated_nulls()),
        ),
        (
            "Where the truth lies at the margin: share of false support, nominally 0.5 %",
            _percent(calibrating.simulated_margins()),
        ),
        (
            "Effects of known size, in standard errors: how often found, how often expected",
            _percent(calibrating.simulated_effects()),
        ),
        ("Settings and the false alarms to be expected", _expected(recorded)),
        ("Nulls planted into the record: odd against even replicates", _planted(recorded)),
        ("Measured again with other seeds", _replicated(recorded, again, _locked(folder))),
    ]
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in sections)


def _locked(folder: Path) -> Collection[str]:
    """The statements that the lock in the folder holds."""
    return protocol.locked(folder / protocol.LOCK.name).keys()


def _what(recorded: list[Record], locked: Collection[str]) -> list[str]:
    verdicts = [record.verdict for record in recorded]
    compared = [verdict for verdict in verdicts if verdict.effect is not None]
    names = tables.by_claim(verdicts)
    inside = sum(name in locked for name in names)
    measured = sum(tables.way(names[name]) in tables.WAYS for name in names if name in locked)
    others = (
        f"- {len(names) - inside} statements are *{tables.NOT_YET}*: their cells are older than "
        "the criteria, and their words may change"
    )
    older = [others] if inside < len(names) else []
    return [
        f"- {len(names)} statements in {len(verdicts)} settings, {len(compared)} of them "
        "comparisons over replicates",
        f"- {inside} statements are under the protocol, {measured} of them measured (the others "
        "are matters of words, outdated or open)",
        *older,
        f"- replicates: {_listed(sorted({verdict.runs for verdict in compared}))}",
        f"- measured on {_listed(sorted({record.date for record in recorded}))}; "
        f"machine: {_listed(record.machine for record in recorded)}; "
        f"profile: {_listed(verdict.profile for verdict in verdicts)}",
    ]


def _words(recorded: list[Record], locked: Collection[str]) -> list[str]:
    groups = tables.by_claim(record.verdict for record in recorded)
    counts: Counter = Counter(
        (name in locked, tables.way(group), tables.settle(group)) for name, group in groups.items()
    )
    lines = ["| found | word | under the protocol | not yet |", "|---|---|---|---|"]
    for way, word in sorted({key[1:] for key in counts}):
        lines.append(f"| {way} | {word} | {counts[True, way, word]} | {counts[False, way, word]} |")
    return lines


def _expected(recorded: list[Verdict]) -> str:
    compared = [v for v in recorded if v.low is not None and v.high is not None and v.low < v.high]
    primary = sum(verdict.role == PRIMARY for verdict in compared)
    alarms = len(compared) * (1 - intervals.LEVEL)
    return (
        f"{len(compared)} comparisons have an interval, {primary} of them in primary settings. If "
        f"nothing differed in any of them, about {alarms:.1f} would be decided nonetheless."
    )


def _planted(recorded: list[Verdict]) -> str:
    planted = calibrating.planted_nulls(recorded)
    if not planted.tests:
        return "No arm with 20 replicates or more is recorded."
    text = (
        f"{planted.alarms} alarms in {planted.tests} arms; chance at 1 % explains up to "
        f"{planted.allowed} (binomial, 99.9 %). What all replicates share, such as a test set, "
        "this cannot show."
    )
    return text + (f" They are: {'; '.join(planted.places)}." if planted.places else "")


def _replicated(recorded: list[Verdict], again: list[Verdict], locked: Collection[str]) -> str:
    table = calibrating.replicated(recorded, again)
    if table.empty:
        return "No setting has been measured with other seeds yet."
    inside = table["id"].isin(list(locked))
    parts = [("under the protocol", table.loc[inside]), ("not yet under it", table.loc[~inside])]
    shared = (
        "Other seeds draw other rows, weights and orders, from the same data sets. Not counted are "
        "computations, definitions, and comparisons that read a recorded study: no seed changes "
        "them."
    )
    lines = [f"- {name}: {_agreement(part)}" for name, part in parts]
    return "\n".join([shared, "", *lines, f"- {_other_words(recorded, again)}"])


def _other_words(recorded: list[Verdict], again: list[Verdict]) -> str:
    """The statements that have another word with other seeds, further settings counted."""
    there = {(verdict.id, verdict.setting) for verdict in again}
    first = tables.by_claim(one for one in recorded if (one.id, one.setting) in there)
    second = tables.by_claim(again)
    words = [(name, tables.settle(first[name]), tables.settle(second[name])) for name in first]
    other = [f"{name} ({one}, then {two})" for name, one, two in words if one != two]
    return (
        f"of {len(words)} statements, all their settings counted, {len(other)} have another word: "
        f"{', '.join(other) or 'none'}"
    )


def _agreement(table: pd.DataFrame) -> str:
    """How many words came out the same, and which went from one end to the other."""
    if table.empty:
        return "none measured again"
    same = (table["recorded"] == table["again"]).mean()
    ends = {SUPPORTED, REFUTED}
    flipped = [
        f"{row['id']} [{row['setting']}]"
        for row in table.to_dict("records")
        if {row["recorded"], row["again"]} == ends
    ]
    return (
        f"{same:.1%} of {len(table)} comparisons in primary settings have the same word "
        f"(wanted: {SAME:.0%}); "
        f"from supported to refuted or back: {', '.join(flipped) or 'none'}"
    )


def _percent(table: pd.DataFrame) -> str:
    """A table of shares in Markdown, in per cent."""
    head = [*(table.index.names if table.index.nlevels > 1 else [""]), *map(str, table.columns)]
    lines = [f"| {' | '.join(str(name) for name in head)} |", "|---" * len(head) + "|"]
    for place, row in zip(table.index, table.to_numpy(float), strict=True):
        where = place if isinstance(place, tuple) else (place,)
        shares = ["" if math.isnan(share) else f"{share:.1%}" for share in row]
        lines.append(f"| {' | '.join([*map(str, where), *shares])} |")
    return "\n".join(lines)


def _listed(values: Iterable[object]) -> str:
    """Each value once."""
    return ", ".join(dict.fromkeys(map(str, values)))
