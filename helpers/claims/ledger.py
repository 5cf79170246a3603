"""The ledger of a notebook: it shows each verdict as it is found, and records it."""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from helpers import display, runtime
from helpers.claims.comparison import compare_pairs
from helpers.claims.statements import Claim, find
from helpers.claims.tables import Summary, summary
from helpers.claims.verdict import (
    BY_DEFINITION,
    COLORS,
    MIME_TYPE,
    NOT_MEASURABLE,
    REFUTED,
    SUPPORTED,
    SYMBOLS,
    Verdict,
)


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

    def compare(
        self,
        claim_id: str,
        treatment,
        control,
        *,
        claimed: str,
        measure: str,
        margin: float = 0.0,
        setting: str = "",
        data=None,
    ) -> Verdict:
        """Judge paired runs, arrays of shape (runs,), as `compare_pairs` says."""
        claim = find(claim_id)
        settings = {"claimed": claimed, "measure": measure, "margin": margin, "setting": setting}
        verdict = compare_pairs(claim_id, treatment, control, data=self._source(data), **settings)
        return self._record(verdict, claim)

    def compute(
        self, claim_id: str, condition: bool, *, detail: str, setting: str = "", data=None
    ) -> Verdict:
        """Settle a formula, a count or a listing by a computed condition.

        `detail` says in one sentence what was computed and what came out. Raises TypeError unless
        `condition` is a single truth value.
        """
        claim = find(claim_id)
        if not isinstance(condition, bool | np.bool_):
            raise TypeError(
                f"The condition for {claim_id} is {condition!r}; "
                "it must be True or False, computed by the run."
            )
        word = SUPPORTED if condition else REFUTED
        return self._record(self._verdict(claim, word, detail, setting, data), claim)

    def by_definition(self, claim_id: str, *, detail: str, setting: str = "") -> Verdict:
        """Explain a statement that is true or false by usage: it is told and not measured."""
        claim = find(claim_id)
        return self._record(self._verdict(claim, BY_DEFINITION, detail, setting, ""), claim)

    def open(self, claim_id: str, *, detail: str, setting: str = "") -> Verdict:
        """Leave a statement open that cannot be measured here; `detail` says what can be said."""
        claim = find(claim_id)
        return self._record(self._verdict(claim, NOT_MEASURABLE, detail, setting, ""), claim)

    def summary(self, link: str = "") -> Summary:
        """The verdicts as a table: one row a statement, its id linked to `link` if one is given."""
        return summary(self, link)

    def _source(self, data) -> str:
        return str(self.data if data is None else data)

    def _verdict(self, claim: Claim, word: str, detail: str, setting: str, data) -> Verdict:
        return Verdict(
            id=claim.id,
            verdict=word,
            detail=detail,
            setting=setting,
            data=self._source(data),
            profile=runtime.profile(),
            versions=runtime.versions(),
        )

    def _record(self, verdict: Verdict, claim: Claim) -> Verdict:
        self._verdicts.append(verdict)
        show(verdict, claim)
        return verdict


def show(verdict: Verdict, claim: Claim) -> None:
    """Show a verdict: one line for people, one JSON output for machines."""
    symbol, color = SYMBOLS[verdict.verdict], COLORS[verdict.verdict]
    place = f" [{verdict.setting}]" if verdict.setting else ""
    evidence = f"{verdict.detail} · {verdict.data}" if verdict.data else verdict.detail
    text = f"{symbol} {claim.id}{place} {verdict.verdict}: “{claim.statement}” {evidence}"
    markup = (
        f'<b style="color:{color}">{symbol} {verdict.verdict}</b> · <code>{claim.id}</code>'
        f"{display.escape(place)} <i>“{display.escape(claim.statement)}”</i><br>"
        f"<small>{display.escape(evidence)}</small>"
    )
    display.show_line(text, markup, color, {MIME_TYPE: asdict(verdict)})
