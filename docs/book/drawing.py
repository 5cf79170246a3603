"""The maps of the book, as SVG with the colours of the style sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise
from statistics import fmean

from docs.book.course import Lesson, levels
from docs.book.packages import Package

GAP = 52  # between the rows of a map


@dataclass(frozen=True)
class Box:
    """What stands in a box of a map, where it leads to, and the place of its upper left corner."""

    title: str
    note: str
    link: str
    x: float = 0.0
    y: float = 0.0
    width: float = 112
    height: float = 64


def course_map(lessons: Mapping[str, Lesson]) -> str:
    """The lessons in rows, an arrow from each to those that build on it; every lesson is a link."""
    boxes = {
        name: Box(lesson.title, lesson.number, f"notebooks/{name}.html")
        for name, lesson in lessons.items()
    }
    rows = levels({name: lesson.needs for name, lesson in lessons.items()})
    arrows = [(needed, name) for name, lesson in lessons.items() for needed in lesson.needs]
    return drawn_map("Map of the lessons", boxes, rows, arrows)


def package_map(packages: Mapping[str, Package]) -> str:
    """The packages in rows, an arrow from each down to those that it imports.

    Every package is a link to its chapter.
    """
    boxes = {}
    for name, package in packages.items():
        number = len(package.module.modules)
        note = f"{number} module{'s' * (number > 1)}" if number else "module"
        boxes[name] = Box(name, note, f"{name}.html", height=48)
    rows = levels({name: package.needs for name, package in packages.items()})
    arrows = [(name, needed) for name, package in packages.items() for needed in package.needs]
    return drawn_map("Map of the packages", boxes, rows[::-1], arrows)


def drawn_map(
    label: str, boxes: Mapping[str, Box], rows: list[list[str]], arrows: list[tuple[str, str]]
) -> str:
    """Boxes in rows from top to bottom and arrows between them, as an SVG called `label`."""
    wider, paths = routed(rows, arrows)
    height = next(iter(boxes.values())).height
    step, width = height + GAP, max(500, 124 * max(map(len, wider)))
    placed = {}
    for number, row in enumerate(in_order(wider, paths)):
        for column, name in enumerate(row):
            box = boxes.get(name, Box("", "", "", height=height))
            middle = (column + 0.5) * width / len(row)
            placed[name] = replace(box, x=middle - box.width / 2, y=number * step + 4)
    curves = "".join(arrow([placed[name] for name in path]) for path in paths)
    nodes = "".join(node(placed[name]) for row in rows for name in row)
    view = f"0 0 {width} {len(rows) * step - GAP + 12}"
    tip = 'id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    return (
        f'<svg class="map" viewBox="{view}" role="group" aria-label="{label}">'
        f'<defs><marker {tip} orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
        f"{curves}{nodes}</svg>"
    )


def routed(rows: list[list[str]], arrows: list[tuple[str, str]]) -> tuple[list, list]:
    """The rows with a gap in each that an arrow passes, and each arrow with the gaps on its way."""
    number = {name: number for number, row in enumerate(rows) for name in row}
    gaps = {
        (start, end): [(start, end, row) for row in range(number[start] + 1, number[end])]
        for start, end in arrows
    }
    passed = [gap for way in gaps.values() for gap in way]
    wider = [[*names, *(gap for gap in passed if gap[2] == row)] for row, names in enumerate(rows)]
    return wider, [[start, *way, end] for (start, end), way in gaps.items()]


def in_order(rows: list[list], paths: list[list]) -> list[list]:
    """The rows, in each of which things stand below the middle of what leads to them."""
    steps = [step for path in paths for step in pairwise(path)]
    place, found = {}, []
    for row in rows:
        wish = {name: (column + 0.5) / len(row) for column, name in enumerate(row)}
        above = {name: [place[start] for start, end in steps if end == name] for name in row}
        wish |= {name: fmean(places) for name, places in above.items() if places}
        found.append(sorted(row, key=wish.__getitem__))
        place |= {name: (column + 0.5) / len(row) for column, name in enumerate(found[-1])}
    return found


def arrow(boxes: list[Box]) -> str:
    """A curve from the lower edge of the first box to the upper edge of the last.

    Boxes between them are gaps, through which it leads straight down.
    """
    curve = ""
    for start, end in pairwise(boxes):
        x, y = start.x + start.width / 2, start.y + start.height
        to_x, to_y = end.x + end.width / 2, end.y - 2
        middle = (y + to_y) / 2
        curve += f"{'L' if curve else 'M'}{x:.0f} {y:.0f}"
        curve += f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path class="arrow" marker-end="url(#tip)" d="{curve}"/>'


def node(box: Box) -> str:
    """A box that is a link: its note, and its title in at most two lines."""
    words = box.title.split()
    lines = min(
        ([" ".join(words[:cut]), " ".join(words[cut:])] for cut in range(1, len(words) + 1)),
        key=lambda parts: max(map(len, parts)),
    )
    centre = f'x="{box.x + box.width / 2:.0f}" text-anchor="middle"'
    note = f'<text class="quiet" {centre} y="{box.y + 17}">{escape(box.note)}</text>'
    title = "".join(
        f'<text {centre} y="{box.y + 36 + 17 * row}">{escape(line)}</text>'
        for row, line in enumerate(filter(None, lines))
    )
    frame = f'<rect x="{box.x:.0f}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"/>'
    return f'<a href="{box.link}">{frame}{note} {title}</a>'
