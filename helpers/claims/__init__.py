"""Statements, and the verdicts that measurements give on them."""

from helpers.claims.comparison import compare_pairs, paired_interval, signed
from helpers.claims.ledger import Ledger
from helpers.claims.statements import Claim, find, read
from helpers.claims.tables import (
    Summary,
    by_claim,
    recorded,
    recorded_by_cell,
    settle,
    summary,
    table,
)
from helpers.claims.verdict import (
    BY_DEFINITION,
    COLORS,
    MIME_TYPE,
    NOT_MEASURABLE,
    QUALIFIED,
    REFUTED,
    SUPPORTED,
    SYMBOLS,
    UNDECIDED,
    Verdict,
)

__all__ = [
    "BY_DEFINITION",
    "COLORS",
    "MIME_TYPE",
    "NOT_MEASURABLE",
    "QUALIFIED",
    "REFUTED",
    "SUPPORTED",
    "SYMBOLS",
    "UNDECIDED",
    "Claim",
    "Ledger",
    "Summary",
    "Verdict",
    "by_claim",
    "compare_pairs",
    "find",
    "paired_interval",
    "read",
    "recorded",
    "recorded_by_cell",
    "settle",
    "signed",
    "summary",
    "table",
]
