"""The ledger of a notebook: it shows each verdict as it is found, and records it."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from helpers import display, runtime
from helpers.claims import comparison, evidence
from helpers.claims.comparison import compare_pairs, compare_within
from helpers.claims.statements import Claim, find
from helpers.claims.tables import Summary, summary, tally
from helpers.claims.verdict import (
    BY_DEFINITION,
    COLORS,
    MIME_TYPE,
    OPEN,
    OUTDATED,
    PRIMARY,
    REFUTED,
    SUPPORTED,
    SYMBOLS,
    UNDECIDED,
    Verdict,
)

AUDITS = "audits"
"""The folder of the notebooks that settle what the lessons leave out."""
BESIDE = {
    True: "which contradicts the record",
    False: "in keeping with the record",
    None: "which is not compared with the record",
}
"""What is said of a live result, by what `contradicted` says."""


class Ledger:
    """The verdicts of a notebook in the order in which they were found.

    `data` (a Split, or words) is where a verdict was measured unless its call says otherwise.
    Every method raises KeyError for an id that is not in claims.toml.
    """

    def __init__(self, *, data=""):
        self.data = data
        self._verdicts: list[Verdict] = []

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self._verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)

    def compare(self, claim_id: str, treatment, control, *, data=None, **criterion) -> Verdict:
        """Judge paired replicates, arrays of shape (replicates,), as `compare_pairs` says."""
        claim, data = find(claim_id), self.data if data is None else data
        return self._record(
            compare_pairs(claim_id, treatment, control, data=data, **criterion), claim
        )

    def correlate(self, claim_id: str, x, y, *, data=None, **criterion) -> Verdict:
        """Judge how two quantities go together, shape (plans, nets), as `compare_within` says."""
        claim, data = find(claim_id), self.data if data is None else data
        return self._record(compare_within(claim_id, x, y, data=data, **criterion), claim)

    def compute(
        self,
        claim_id: str,
        condition: bool | None,
        *,
        detail: str,
        setting: str = "",
        role: str = PRIMARY,
        data=None,
    ) -> Verdict:
        """Settle a formula, a count or a listing by a computed condition.

        It is None where what was computed is neither what supports the statement nor what refutes
        it, such as an interval that holds a threshold (`beyond`). `detail` says in one sentence
        what was computed and what came out. Raises TypeError for any other condition than these.
        """
        claim = find(claim_id)
        if condition is not None and not isinstance(condition, bool | np.bool_):
            raise TypeError(
                f"The condition for {claim_id} is {condition!r}; "
                "it must be True or False, or None for undecided, computed by the run."
            )
        word = UNDECIDED if condition is None else SUPPORTED if condition else REFUTED
        return self._record(self._verdict(claim, word, detail, setting, role, data), claim)

    def by_definition(self, claim_id: str, *, detail: str, setting: str = "") -> Verdict:
        """Explain a statement that is true or false by usage: it is told and not measured."""
        return self._tell(claim_id, BY_DEFINITION, detail, setting)

    def outdated(self, claim_id: str, *, detail: str, setting: str = "") -> Verdict:
        """Say that a statement held with the versions of its time and no longer holds.

        `detail` says what came out with both, or from which source it is quoted.
        """
        return self._tell(claim_id, OUTDATED, detail, setting)

    def open(self, claim_id: str, *, detail: str, setting: str = "") -> Verdict:
        """Leave a statement open that cannot be measured here; `detail` says what can be said."""
        return self._tell(claim_id, OPEN, detail, setting)

    def summary(self, link: str = "") -> Summary:
        """The verdicts as a table: one row a statement, its id linked to `link` if one is given.

        What is recorded of a setting stands in place of what came out live. What is recorded of the
        same statements in other notebooks counts as well: a word is settled over all settings.
        """
        return summary([*as_recorded(self), *self._elsewhere()], link, self._audited())

    def _elsewhere(self) -> list[Verdict]:
        """What is recorded of these statements in notebooks that recorded none of these settings.

        So settings that this notebook no longer has are left out. Of statements that stay open here
        `as_recorded` has all that is recorded.
        """
        names = {verdict.id for verdict in self} - still_open(self)
        here = self._notebooks()
        return [
            r.verdict for r in evidence.read() if r.verdict.id in names and r.notebook not in here
        ]

    def _notebooks(self) -> set[str]:
        """Those that recorded a setting of this one: its own name, unless others share settings."""
        settings = {(verdict.id, verdict.setting) for verdict in self}
        return {
            r.notebook for r in evidence.read() if (r.verdict.id, r.verdict.setting) in settings
        }

    def _audited(self) -> str:
        """What the audit of a lesson settles besides, in a sentence; nothing in an audit itself."""
        names, recorded = {verdict.id for verdict in self}, evidence.read()
        own = [Path(name) for name in self._notebooks() if Path(name).parent.name != AUDITS]
        lessons = [path.stem for path in own] + [find(name).lesson for name in sorted(names)]
        audits = {Path(r.notebook).stem for r in recorded if Path(r.notebook).parent.name == AUDITS}
        audit = next((lesson for lesson in lessons if lesson in audits), "")
        if not own or not audit:
            return ""
        place = f"{AUDITS}/{audit}.ipynb"
        there = {r.verdict.id for r in recorded if r.notebook.endswith(place)} - names
        words = tally(r.verdict for r in recorded if r.verdict.id in there)
        link = f"[audit]({runtime.notebooks_address()}{place})"
        return f"The {link} treats {len(there)} more: {words}."

    def _tell(self, claim_id: str, word: str, detail: str, setting: str) -> Verdict:
        claim = find(claim_id)
        return self._record(self._verdict(claim, word, detail, setting, PRIMARY, ""), claim)

    def _verdict(
        self, claim: Claim, word: str, detail: str, setting: str, role: str, data
    ) -> Verdict:
        return Verdict(
            id=claim.id,
            verdict=word,
            detail=detail,
            setting=setting,
            role=role,
            data=str(self.data if data is None else data),
            profile=runtime.profile(),
            versions=runtime.versions(),
        )

    def _record(self, verdict: Verdict, claim: Claim) -> Verdict:
        quoted = any(other.id == verdict.id for other in self)
        self._verdicts.append(verdict)
        show(verdict, "" if quoted else claim.statement)
        return verdict


def recorded_or(live: Verdict) -> Verdict:
    """What is recorded of a comparison in this setting, or else the live verdict itself."""
    record = evidence.find(live.id, live.setting) if live.treatment else None
    return record.verdict if record else live


def as_recorded(live: Iterable[Verdict]) -> list[Verdict]:
    """What is recorded of these settings, and the live verdicts where nothing is.

    Of a statement that stays open here, such as for want of data, it is all that is recorded.
    """
    live, recorded = list(live), evidence.read()
    opened = still_open(live) & {record.verdict.id for record in recorded}
    return [
        *(recorded_or(verdict) for verdict in live if verdict.id not in opened),
        *(record.verdict for record in recorded if record.verdict.id in opened),
    ]


def still_open(live: Iterable[Verdict]) -> set[str]:
    """The statements of which a verdict says that they cannot be measured here."""
    return {verdict.id for verdict in live if verdict.verdict == OPEN}


def contradicted(live: Verdict) -> bool | None:
    """Whether a live comparison and what is recorded of its setting cannot both be right; None
    where nothing can be said.
    """
    record = evidence.find(live.id, live.setting)
    return None if record is None else evidence.contradicts(live, record)


def show(live: Verdict, statement: str) -> None:
    """Show a verdict to people: what is recorded, and folded what it rests on and came out here.

    `statement` is empty where it was quoted before. The live verdict goes into the output as JSON,
    for machines.
    """
    known = recorded_or(live)
    symbol, color = SYMBOLS[known.verdict], COLORS[known.verdict]
    place = f" [{known.setting}]" if known.setting else ""
    quote = f" “{statement}”" if statement else ""
    told = f"{known.detail} · {known.data}" if known.data else known.detail
    told = told if known is live else f"Recorded: {told}.{_here(live, known)}"
    short = _in_short(known)
    text = f"{symbol} {live.id}{place} {known.verdict}:{quote} {told}"
    folded = _folded(display.escape(short), display.escape(_more(told, short)))
    markup = (
        f'<b style="color:{color}">{symbol} {known.verdict}</b> · <code>{live.id}</code>'
        f"{display.escape(place)}<i>{display.escape(quote)}</i>{folded}"
    ).replace(" %", "&nbsp;%")
    display.show_line(text, markup, color, {MIME_TYPE: asdict(live)})


def _in_short(known: Verdict) -> str:
    """What was found and what is claimed; the detail goes on to say what it rests on."""
    if not known.claimed:
        return known.detail
    found, claimed, _ = known.detail.partition(f"claimed: {comparison.criterion(known)}")
    return "; ".join([found + claimed, *([f"not judged: {known.void}"] if known.void else [])])


def _more(told: str, short: str) -> str:
    """What is told beyond the short line."""
    before, found, after = told.partition(short)
    if not found:
        return told
    after = after.lstrip("; ·.")
    return before + after if after else ""


def _folded(short: str, more: str) -> str:
    """The short line, with more folded below it where there is more."""
    if not more:
        return f"<div><small>{short}</small></div>"
    summary = f"<summary><small>{short}</small></summary>"
    return f"<details>{summary}<small>{more}</small></details>"


def _here(live: Verdict, known: Verdict) -> str:
    """What a few live replicates gave, beside what is recorded; nothing if they are the same."""
    if live.treatment == known.treatment:
        return ""
    effect, ends = comparison.measured(live)
    effect, low, high = (comparison.told(value, live.scale) for value in (effect, *ends))
    return f" Here, with {live.runs}: {effect} ({low} to {high}), {BESIDE[contradicted(live)]}."
