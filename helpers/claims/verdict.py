"""A verdict: one word on one statement in one setting, with what it rests on."""

from dataclasses import dataclass

MIME_TYPE = "application/vnd.course.verdict+json"

SUPPORTED, REFUTED, UNDECIDED, MIXED = "supported", "refuted", "undecided", "mixed"
BY_DEFINITION, OUTDATED, OPEN = "by definition", "outdated", "open"
SYMBOLS = {
    SUPPORTED: "✓",
    REFUTED: "✗",
    UNDECIDED: "≈",
    MIXED: "±",
    BY_DEFINITION: "≡",
    OUTDATED: "†",
    OPEN: "–",
}
COLORS = {
    SUPPORTED: "#0072B2",
    REFUTED: "#D55E00",
    UNDECIDED: "#7F7F7F",
    MIXED: "#CC79A7",
    BY_DEFINITION: "#7F7F7F",
    OUTDATED: "#7F7F7F",
    OPEN: "#7F7F7F",
}

PRIMARY, FURTHER, BOUNDARY = "primary", "further", "boundary"
ROLES = (PRIMARY, FURTHER, BOUNDARY)


@dataclass(frozen=True)
class Verdict:
    """How one statement came out in one setting.

    `role` says what the setting is to the statement: primary (the note's own situation), further
    (within its scope) or boundary (beyond it). Of a comparison, `treatment` and `control` hold the
    value of each arm in every replicate, `groups` the plan of each where nets come from several;
    `effect`, `low` and `high` are the mean difference and its 99 % interval (on a log scale: of the
    logarithms), `correlation` that between replicates whose divisions overlap, and `void` why the
    setting cannot speak, where it cannot. All of them are empty where nothing was compared.
    """

    id: str
    verdict: str
    detail: str
    setting: str = ""
    role: str = PRIMARY
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    claimed: str = ""
    measure: str = ""
    margin: float = 0.0
    scale: str = ""
    method: str = ""
    correlation: float = 0.0
    void: str = ""
    runs: int = 0
    treatment: tuple[float, ...] = ()
    control: tuple[float, ...] = ()
    groups: tuple[int, ...] = ()
    data: str = ""
    profile: str = ""
    versions: dict | None = None

    def __post_init__(self) -> None:
        """Make tuples of the lists that JSON has."""
        for name in ("treatment", "control", "groups"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def _ipython_display_(self):
        """Nothing: a verdict was shown when it was found, and a cell may well end with it."""
