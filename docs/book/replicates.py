"""Draws a comparison as SVG: every replicate, the mean with its interval, and both arms.

Signs carry the meaning: a circle is a replicate, a diamond a mean, a bar its interval, a dashed
line a margin. The colours are those of the style sheet.
"""

import math
from html import escape

import numpy as np
from scipy import stats

from docs.book import axes
from docs.book.axes import FOOT, WIDTH, Axis
from helpers import claims
from helpers.claims import Verdict, intervals
from helpers.claims.comparison import EQUAL, NO_WORSE, WITHIN, threshold

DOT = 3.2
WORD = 56  # the width of the word "claimed", with some room
STEP, HIGHEST = 7.0, 70.0
"""Between replicates of one value, and of the highest pile of them."""
TOP = 26
ROWS = 28, 84


def differences(verdict: Verdict) -> str:
    """The difference in every replicate, their mean, its 99 % interval, and what is claimed.

    On a log scale the axis shows ratios. Of correlations within plans a circle is a plan.
    Raises ValueError for a verdict that compared nothing.
    """
    effect, low, high = found(verdict)
    values, (start, end) = points(verdict), claimed_range(verdict)
    edges = [edge for edge in (start, end) if math.isfinite(edge)]
    is_log = verdict.scale == "log"
    axis = axes.fitted(
        [*values, low, high, effect, 0.0, *edges], is_log=is_log, sign="× " if is_log else ""
    )
    dots, bottom = piled([axis(value) for value in values])
    bar, foot = bottom + 20, bottom + 36
    parts = [
        shaded(axis, start, end, foot),
        *(vertical("threshold", axis(edge), 0, foot) for edge in edges),
        vertical("nothing", axis(0.0), TOP - 6, foot),
        *dots,
        f'<path class="bar" d="M{axis(low):.1f} {bar:.1f}H{axis(high):.1f}"/>',
        diamond(axis(effect), bar),
        axes.drawn(axis, foot, quantity(verdict)),
    ]
    return drawing(differences_in_words(verdict), foot + FOOT, parts)


def arms(verdict: Verdict) -> str:
    """Both arms: each replicate's value with treatment and with control, joined by a line."""
    pair = np.array([verdict.treatment, verdict.control])
    is_log = verdict.scale == "log"
    shown = np.log(pair) if is_log else pair
    axis = axes.fitted(shown.ravel().tolist(), is_log=is_log)
    placed = [[axis(value) for value in row] for row in shown]
    foot = ROWS[1] + 32
    parts = [
        *(
            f'<path class="pair" d="M{x:.1f} {ROWS[0]}L{y:.1f} {ROWS[1]}"/>'
            for x, y in zip(*placed, strict=True)
        ),
        *(dot(x, y) for row, y in zip(placed, ROWS, strict=True) for x in row),
        *(diamond(axis(row.mean()), y) for row, y in zip(shown, ROWS, strict=True)),
        f'<text class="quiet" x="2" y="{ROWS[0] - 14}">treatment</text>',
        f'<text class="quiet" x="2" y="{ROWS[1] + 22}">control</text>',
        axes.drawn(axis, foot, "value in each replicate"),
    ]
    return drawing(arms_in_words(verdict), foot + FOOT, parts)


def found(verdict: Verdict) -> tuple[float, float, float]:
    """Mean and ends of the interval. Raises ValueError where nothing was compared."""
    if verdict.effect is None or verdict.low is None or verdict.high is None:
        raise ValueError(
            f"{verdict.id} [{verdict.setting}] compared nothing: there is no interval to draw."
        )
    return verdict.effect, verdict.low, verdict.high


def points(verdict: Verdict) -> list[float]:
    """What has a circle: the difference in every replicate, or the correlation in every plan."""
    if verdict.method != WITHIN:
        return claims.differences(verdict).tolist()
    return intervals.correlations(verdict.treatment, verdict.control, verdict.groups).tolist()


def claimed_range(verdict: Verdict) -> tuple[float, float]:
    """Where the whole interval has to lie for the statement to be supported."""
    margin = threshold(verdict)
    return {
        "higher": (margin, math.inf),
        "lower": (-math.inf, -margin),
        EQUAL: (-margin, margin),
        NO_WORSE: (-margin, math.inf),
    }[verdict.claimed]


def quantity(verdict: Verdict) -> str:
    """What the axis shows."""
    if verdict.method == WITHIN:
        return "correlation within a plan"
    return "treatment ÷ control" if verdict.scale == "log" else "treatment − control"


def differences_in_words(verdict: Verdict) -> str:
    """What the drawing of the differences shows, with its numbers."""
    effect, low, high = (claims.told(value, verdict.scale) for value in found(verdict))
    values = points(verdict)
    least, most = (claims.told(value, verdict.scale) for value in (min(values), max(values)))
    what = "plans" if verdict.method == WITHIN else "replicates"
    return (
        f"{quantity(verdict)}: mean {effect}, 99 % interval {low} to {high}; "
        f"{len(values)} {what} from {least} to {most}. Claimed: {claims.criterion(verdict)}."
    )


def arms_in_words(verdict: Verdict) -> str:
    """What the drawing of the arms shows, with its numbers."""
    told = []
    for name, values in (("treatment", verdict.treatment), ("control", verdict.control)):
        mean = stats.gmean(values) if verdict.scale == "log" else np.mean(values)
        told.append(f"{name} {mean:.3g} (from {min(values):.3g} to {max(values):.3g})")
    kind = "geometric mean" if verdict.scale == "log" else "mean"
    return f"Both arms, {kind}: {', '.join(told)}."


def drawing(words: str, height: float, parts: list[str]) -> str:
    """An SVG with its text alternative."""
    return (
        f'<svg class="comparison" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )


def piled(places: list[float]) -> tuple[list[str], float]:
    """A circle at each place, above those that it would cover; and where the lowest ones stand."""
    levels: list[list[float]] = []
    chosen = []
    for place in sorted(places):
        free = (n for n, level in enumerate(levels) if place - level[-1] >= STEP)
        level = next(free, len(levels))
        if level == len(levels):
            levels.append([])
        levels[level].append(place)
        chosen.append((place, level))
    step = min(STEP, HIGHEST / len(levels))
    bottom = TOP + step * len(levels)
    return [dot(place, bottom - step * level) for place, level in chosen], bottom


def shaded(axis: Axis, start: float, end: float, foot: float) -> str:
    """The claimed part of the drawing with the word for it: inside, or beside a narrow part."""
    left = axis(start) if math.isfinite(start) else 0.0
    right = axis(end) if math.isfinite(end) else float(WIDTH)
    place, anchor = (left + right) / 2, "middle"
    if right - left < WORD:
        place, anchor = (left - 4, "end") if left > WORD else (right + 4, "start")
    return (
        f'<rect class="claimed" x="{left:.1f}" y="0" width="{right - left:.1f}" '
        f'height="{foot:.1f}"/>'
        f'<text class="quiet" x="{place:.1f}" y="14" text-anchor="{anchor}">claimed</text>'
    )


def vertical(kind: str, x: float, top: float, foot: float) -> str:
    """A line from top to foot."""
    return f'<path class="{kind}" d="M{x:.1f} {top}V{foot:.1f}"/>'


def dot(x: float, y: float) -> str:
    """A replicate."""
    return f'<circle class="replicate" cx="{x:.1f}" cy="{y:.1f}" r="{DOT}"/>'


def diamond(x: float, y: float) -> str:
    """A mean."""
    return f'<path class="mean" d="M{x - 6:.1f} {y:.1f}l6 -6l6 6l-6 6z"/>'
