"""Surfaces over the plane from above, and the paths that optimizers walk on them."""

import numpy as np

from helpers.plots.style import COLORS, LINES, MARKERS


def _contours(axes, surface, *, levels: int = 14) -> None:
    """Draw the minima of a `surfaces.Surface` and its level lines, closer near the minimum."""
    x_low, x_high, y_low, y_high = surface.window
    x, y = np.meshgrid(np.linspace(x_low, x_high, 160), np.linspace(y_low, y_high, 160))
    height = surface.value(np.stack([x, y], axis=-1))
    steps = height.min() + np.ptp(height) * np.linspace(0, 1, levels) ** 3
    axes.grid(False)
    axes.contour(x, y, height, levels=steps[1:], colors="#999999", linewidths=0.7)
    axes.plot(*np.transpose(surface.minima), linestyle="", marker="*", markersize=11, color="black")
    axes.set(xlim=(x_low, x_high), ylim=(y_low, y_high), xlabel="x", ylabel="y", title=surface.name)


def paths(axes, surface, walked: dict, *, markers: bool = True) -> list:
    """Draw paths, label -> points (steps + 1, 2), over the level lines of a surface.

    Returns the lines drawn, in the order of the paths.
    """
    _contours(axes, surface)
    lines = []
    for number, (label, points) in enumerate(walked.items()):
        style = {
            "color": COLORS[number],
            "linestyle": LINES[number],
            "linewidth": 1.4,
            "label": label,
        }
        lines += axes.plot(
            *points.T, **style, marker=MARKERS[number] if markers else None, markersize=3
        )
    return lines
