"""What the book draws, as SVG that takes its colours from the style sheet: intervals, and the map of the course."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from docs.book.course import Lesson
from helpers.claims import Verdict, signed

WIDTH, EDGE = 360, 12


def interval(verdict: Verdict) -> str:
    """The effect of a comparison with its 95 % interval; the side that the statement claims is shaded.

    Raises ValueError for a verdict that compared nothing.
    """
    if verdict.effect is None:
        raise ValueError(
            f"{verdict.id} [{verdict.setting}] compared nothing: there is no interval to draw."
        )
    threshold = verdict.margin if verdict.better == "higher" else -verdict.margin
    rooms = (
        (0.12, 0.24) if verdict.better == "higher" else (0.24, 0.12)
    )  # the claimed side has room for its name
    at = scale([verdict.low, verdict.high, verdict.effect, threshold, 0], *rooms)
    left, right = (at(threshold), WIDTH) if verdict.better == "higher" else (0, at(threshold))
    words = f"{signed(verdict.effect)} ({signed(verdict.low)} to {signed(verdict.high)})"
    words_at = inside(at(verdict.effect), len(words) * 3.7)
    alt = f"Difference {words}, 95 % interval; claimed: {verdict.better} than {threshold:g}."
    shade = "start" if verdict.better == "lower" else "end"
    return (
        f'<svg class="interval" viewBox="0 0 {WIDTH} 92" role="img" aria-label="{escape(alt)}">'
        f'<rect class="claimed" x="{left:.1f}" y="0" width="{right - left:.1f}" height="70"/>'
        f'<text class="quiet" x="{6 if shade == "start" else WIDTH - 6}" y="15" text-anchor="{shade}">claimed</text>'
        f'<path class="axis" d="M0 70H{WIDTH}M{at(0):.1f} 66V74"/>'
        f'<path class="threshold" d="M{at(threshold):.1f} 0V70"/>'
        f'<text class="quiet" x="{at(0):.1f}" y="88" text-anchor="middle">0</text>'
        f'<path class="bar" d="M{at(verdict.low):.1f} 50H{at(verdict.high):.1f}"/>'
        f'<circle class="point" cx="{at(verdict.effect):.1f}" cy="50" r="5"/>'
        f'<text x="{words_at:.1f}" y="36" text-anchor="middle">{escape(words)}</text>'
        "</svg>"
    )


def scale(values: list[float], before: float, after: float) -> Callable[[float], float]:
    """From values to places on the drawing; `before` and `after` are the room beside them, as a share of their span."""
    span = (max(values) - min(values)) or 1.0
    low, span = min(values) - before * span, (1 + before + after) * span
    return lambda value: EDGE + (value - low) / span * (WIDTH - 2 * EDGE)


def inside(centre: float, half: float) -> float:
    """The place nearest to `centre` at which a text that is 2 x `half` wide is not cut off."""
    return min(max(centre, half + 2), WIDTH - half - 2)


@dataclass(frozen=True)
class Box:
    """Where a lesson stands on the map."""

    x: float
    y: float
    width: float = 112
    height: float = 64


def course_map(levels: list[list[Lesson]]) -> str:
    """The lessons in rows, an arrow from each to those that build on it; every lesson is a link."""
    width, row_height = 500, 116
    boxes = {}
    for row, lessons in enumerate(levels):
        step = width / len(lessons)
        for column, lesson in enumerate(lessons):
            boxes[lesson.name] = Box((column + 0.5) * step - 56, row * row_height + 4)
    course = [lesson for lessons in levels for lesson in lessons]
    arrows = "".join(
        arrow(boxes[needed], boxes[lesson.name]) for lesson in course for needed in lesson.needs
    )
    nodes = "".join(node(lesson, boxes[lesson.name]) for lesson in course)
    view = f"0 0 {width} {len(levels) * row_height - 40}"
    return (
        f'<svg class="map" viewBox="{view}" role="group" aria-label="Map of the lessons">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z"/></marker></defs>{arrows}{nodes}</svg>'
    )


def arrow(start: Box, end: Box) -> str:
    """A curve from the lower edge of one box to the upper edge of another."""
    x, y = start.x + start.width / 2, start.y + start.height
    to_x, to_y = end.x + end.width / 2, end.y - 2
    middle = (y + to_y) / 2
    curve = f"M{x:.0f} {y:.0f}C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path class="arrow" marker-end="url(#tip)" d="{curve}"/>'


def node(lesson: Lesson, box: Box) -> str:
    """A lesson's box: its number, and its title in at most two lines."""
    words = lesson.title.split()
    lines = min(
        ([" ".join(words[:cut]), " ".join(words[cut:])] for cut in range(1, len(words) + 1)),
        key=lambda parts: max(map(len, parts)),
    )
    centre = f'x="{box.x + box.width / 2:.0f}" text-anchor="middle"'
    number = f'<text class="quiet" {centre} y="{box.y + 17}">{lesson.number}</text>'
    title = "".join(
        f'<text {centre} y="{box.y + 36 + 17 * row}">{escape(line)}</text>'
        for row, line in enumerate(filter(None, lines))
    )
    frame = f'<rect x="{box.x:.0f}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"/>'
    return f'<a href="notebooks/{lesson.name}.html">{frame}{number} {title}</a>'
