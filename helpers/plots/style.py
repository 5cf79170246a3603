"""The style of all figures: readable in greyscale and for colour-blind eyes, captioned."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from helpers import display

# Okabe and Ito's colours, brown for their yellow; told apart by line style and marker too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C510A")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
CAPTION = 17  # characters an inch: a longer line would push the axes aside
STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def canvas(
    columns: int = 1, rows: int = 1, *, width: float = 6.4, height: float = 3.6, **options
) -> Iterator[tuple[Figure, Any]]:
    """A figure in the course's style and its axes, for a `with` statement.

    `width` and `height` are in inches; `options` go to `pyplot.subplots`.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            rows, columns, figsize=(width, height), layout="constrained", **options
        )
        yield figure, axes


def show(figure, *, alt: str, data) -> None:
    """Show the figure captioned with its data, a Split or words; `alt` says what is to be seen."""
    fits = int(CAPTION * figure.get_figwidth())
    caption = textwrap.fill(f"Data: {data}", fits, break_on_hyphens=False)
    figure.supxlabel(caption, x=0.995, ha="right", fontsize=8, color="#555555")
    display.show_figure(figure, alt)
