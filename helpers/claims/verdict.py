"""A verdict: one word on one statement in one setting, with what it rests on."""

from dataclasses import dataclass

MIME_TYPE = "application/vnd.course.verdict+json"

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "not distinguishable"
QUALIFIED, NOT_MEASURABLE, BY_DEFINITION = "qualified", "not measurable", "by definition"
SYMBOLS = {
    SUPPORTED: "✓",
    REFUTED: "✗",
    UNDECIDED: "≈",
    QUALIFIED: "±",
    BY_DEFINITION: "≡",
    NOT_MEASURABLE: "–",
}
COLORS = {
    SUPPORTED: "#0072B2",
    REFUTED: "#D55E00",
    UNDECIDED: "#7F7F7F",
    QUALIFIED: "#CC79A7",
    BY_DEFINITION: "#7F7F7F",
    NOT_MEASURABLE: "#7F7F7F",
}


@dataclass(frozen=True)
class Verdict:
    """How one statement came out in one setting.

    `effect`, `low` and `high` (the mean of the paired differences and its 95 % interval) are None
    where nothing was compared; `claimed` is the direction that the statement claims.
    """

    id: str
    verdict: str
    detail: str
    setting: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    claimed: str = ""
    margin: float = 0.0
    runs: int = 0
    data: str = ""
    profile: str = ""
    versions: dict | None = None

    def _ipython_display_(self):
        """Nothing: a verdict was shown when it was found, and a cell may well end with it."""
