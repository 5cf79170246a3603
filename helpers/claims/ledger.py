"""Claims, not assertions: a statement is judged by paired runs or checked by computation, shown, and recorded.

`notebooks/claims.toml` is the only home of a statement. A verdict is a number, an interval and a word.
"""

import difflib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from helpers import display, runtime

STATEMENTS = runtime.ROOT / "notebooks" / "claims.toml"
MIME_TYPE = "application/vnd.course.verdict+json"

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "not distinguishable"
QUALIFIED, NOT_MEASURABLE = "qualified", "not measurable"
SYMBOLS = {SUPPORTED: "✓", REFUTED: "✗", UNDECIDED: "≈", QUALIFIED: "±", NOT_MEASURABLE: "–"}
COLORS = {
    SUPPORTED: "#0072B2",
    REFUTED: "#D55E00",
    UNDECIDED: "#7F7F7F",
    QUALIFIED: "#CC79A7",
    NOT_MEASURABLE: "#7F7F7F",
}


@dataclass(frozen=True)
class Claim:
    """A statement as it stands in claims.toml."""

    id: str
    lesson: str
    kind: str
    statement: str
    found: tuple[str, ...]
    expected: str
    because: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """How one statement came out in one setting. `effect`, `low` and `high` are None where nothing was compared."""

    id: str
    verdict: str
    detail: str
    setting: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    better: str = ""
    margin: float = 0.0
    runs: int = 0
    data: str = ""
    profile: str = ""
    versions: dict | None = None

    def _ipython_display_(self):
        """Nothing: a verdict was shown when it was found, and a cell may well end with it."""


def read(path: Path = STATEMENTS) -> dict[str, Claim]:
    """All statements by id, in the order of the file."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    lists = ("found", "sources")
    return {
        name: Claim(
            id=name,
            **{key: tuple(value) if key in lists else value for key, value in entry.items()},
        )
        for name, entry in entries.items()
    }


def find(claim_id: str) -> Claim:
    """The statement with this id. Raises KeyError with the nearest ids where there is none."""
    statements = read()
    if claim_id not in statements:
        near = (
            ", ".join(difflib.get_close_matches(claim_id, statements, n=3, cutoff=0.5))
            or "see claims.toml"
        )
        raise KeyError(f"{claim_id} is not in {STATEMENTS.name}; did you mean {near}?")
    return statements[claim_id]


def paired_interval(differences, level: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval (bias-corrected and accelerated, SciPy) of the mean of paired differences."""
    differences = np.asarray(differences, float)
    if np.ptp(differences) == 0:  # nothing varies, so there is nothing to resample
        return differences[0], differences[0]
    generator = np.random.default_rng(0)  # the same runs give the same interval
    found = stats.bootstrap(
        (differences,), np.mean, confidence_level=level, rng=generator, method="BCa"
    )
    return found.confidence_interval.low, found.confidence_interval.high


def judge(
    claim_id: str,
    treatment,
    control,
    *,
    better: str,
    measure: str,
    data,
    margin: float = 0.0,
    setting: str = "",
) -> Verdict:
    """Judge "treatment is higher (or lower) than control, by more than `margin`" on paired runs; show the verdict.

    `treatment` and `control` hold one number a run, in the same order. `better` is the direction that the statement
    claims, "higher" or "lower"; `measure` names what was measured, `data` where (a Split, or words). With the 95 %
    interval of the mean advantage above the margin the statement is supported, below it refuted, else not
    distinguishable.
    Raises ValueError for runs that are not paired, fewer than three, or not finite.
    """
    claim = find(claim_id)
    treatment, control = np.asarray(treatment, float), np.asarray(control, float)
    check_pairs(claim_id, treatment, control, better, margin)
    difference = treatment - control
    low, high = paired_interval(difference)
    gains = (low, high) if better == "higher" else (-high, -low)
    word = SUPPORTED if gains[0] > margin else REFUTED if gains[1] < margin else UNDECIDED
    threshold = f" by more than {margin:g}" if margin else ""
    detail = (
        f"{measure}: difference {signed(difference.mean())}, 95 % interval {signed(low)} to {signed(high)}; "
        f"claimed: {better}{threshold}; {len(difference)} paired runs"
    )
    verdict = Verdict(
        claim.id, word, detail, setting, float(difference.mean()), float(low), float(high), better, margin,
        len(difference), str(data), runtime.profile(), runtime.versions(),
    )  # fmt: skip
    show(verdict, claim)
    return verdict


def check(claim_id: str, condition: bool, detail: str, *, data="", setting: str = "") -> Verdict:
    """Settle a definition, formula or listing by a computed condition; show and return the verdict.

    `detail` says in one sentence what was computed and what came out. Raises TypeError unless `condition` is a single
    truth value.
    """
    claim = find(claim_id)
    if not isinstance(condition, bool | np.bool_):
        raise TypeError(
            f"The condition for {claim_id} is {condition!r}; it must be True or False, computed by the run."
        )
    word = SUPPORTED if condition else REFUTED
    verdict = Verdict(
        claim.id,
        word,
        detail,
        setting,
        data=str(data),
        profile=runtime.profile(),
        versions=runtime.versions(),
    )
    show(verdict, claim)
    return verdict


def leave_open(claim_id: str, detail: str) -> Verdict:
    """Mark a statement that nobody can measure here (taste, popularity, terminology); `detail` says what can be said."""
    claim = find(claim_id)
    verdict = Verdict(
        claim.id, NOT_MEASURABLE, detail, profile=runtime.profile(), versions=runtime.versions()
    )
    show(verdict, claim)
    return verdict


def check_pairs(
    claim_id: str, treatment: np.ndarray, control: np.ndarray, better: str, margin: float
) -> None:
    """Refuse what cannot be compared, and say what would be right."""
    if better not in ("higher", "lower"):
        raise ValueError(f'better is {better!r}; it must be "higher" or "lower".')
    if margin < 0:
        raise ValueError(
            f"margin is {margin}; it is the smallest advantage that matters, so at least 0."
        )
    if treatment.ndim != 1 or treatment.shape != control.shape:
        raise ValueError(
            f"{claim_id} compares shapes {treatment.shape} and {control.shape}; "
            "both must hold one number for each run, in the same order."
        )
    if len(treatment) < 3:
        raise ValueError(
            f"{claim_id} has {len(treatment)} paired runs; an interval needs at least 3 (10 for a headline)."
        )
    bad = ~(np.isfinite(treatment) & np.isfinite(control))
    if bad.any():
        raise ValueError(
            f"{claim_id}: runs {np.flatnonzero(bad).tolist()} are not finite; see Runs.failures."
        )


def signed(value: float) -> str:
    """Three significant digits with a sign; what is left of rounding is 0."""
    return f"{value:+.3g}" if abs(value) > 1e-12 else "0"


def show(verdict: Verdict, claim: Claim) -> None:
    """One line for people, one JSON output for machines."""
    place = f" [{verdict.setting}]" if verdict.setting else ""
    source = f" · {verdict.data}" if verdict.data else ""
    text = f"{SYMBOLS[verdict.verdict]} {claim.id}{place} {verdict.verdict}: “{claim.statement}” {verdict.detail}{source}"
    color = COLORS[verdict.verdict]
    markup = (
        f'<b style="color:{color}">{SYMBOLS[verdict.verdict]} {verdict.verdict}</b> · '
        f"<code>{claim.id}</code>{display.escape(place)} <i>“{display.escape(claim.statement)}”</i><br>"
        f"<small>{display.escape(verdict.detail + source)}</small>"
    )
    display.show_line(text, markup, color, {MIME_TYPE: asdict(verdict)})


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
    """One word for all verdicts on one statement: theirs if they agree, qualified if they do not."""
    words = {verdict.verdict for verdict in verdicts}
    return words.pop() if len(words) == 1 else QUALIFIED


def by_claim(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts grouped by statement; of verdicts in the same setting the last one counts (a cell that ran twice)."""
    last = {(verdict.id, verdict.setting): verdict for verdict in verdicts}
    order = list(read())
    groups: dict[str, list[Verdict]] = {}
    for (name, _), verdict in sorted(last.items(), key=lambda item: order.index(item[0][0])):
        groups.setdefault(name, []).append(verdict)
    return groups


def table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """One row a statement: what it says, what was expected, the verdict, and the evidence setting by setting."""
    statements = read()
    rows = [
        {
            "id": name,
            "statement": statements[name].statement,
            "expected": statements[name].expected,
            "verdict": settle(group),
            "evidence": "; ".join(
                f"{v.setting + ': ' if v.setting else ''}{v.verdict}" for v in group
            ),
            "runs": max(verdict.runs for verdict in group),
            "data": ", ".join(dict.fromkeys(verdict.data for verdict in group if verdict.data)),
        }
        for name, group in by_claim(verdicts).items()
    ]
    columns = ["id", "statement", "expected", "verdict", "evidence", "runs", "data"]
    return pd.DataFrame(rows, columns=columns).set_index("id")


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
            word = settle(group)
            settings = "<br>".join(f"{SYMBOLS[v.verdict]} {v.setting}" for v in group if v.setting)
            where = f"[{name}]({self.link})" if self.link else name
            cells = (
                where,
                statements[name].statement,
                statements[name].expected,
                f"{SYMBOLS[word]} **{word}**",
                settings,
            )
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)


def summary(verdicts: Iterable[Verdict], link: str = "") -> Summary:
    """The verdicts as a table to read: one row a statement, with its evidence, linked to the notebook that measured it."""
    return Summary(by_claim(verdicts), link)
