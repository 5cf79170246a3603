"""Surfaces over the plane from above, and the paths that optimizers walk on them."""

import numpy as np

from helpers import display
from helpers.plots.style import COLORS, LINES, MARKERS, canvas


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
            "color": COLORS[number % 7],
            "linestyle": LINES[number % 7],
            "linewidth": 1.4,
            "label": label,
        }
        lines += axes.plot(
            *points.T, **style, marker=MARKERS[number % 7] if markers else None, markersize=3
        )
    return lines


def race(surface, walked: dict, *, stride: int = 1) -> bytes:
    """An animated GIF of paths, label -> points, that grow over a surface, `stride` steps a frame.

    All paths have the same length.
    """
    with canvas(width=6.4, height=4.4) as (figure, axes):
        lines = paths(axes, surface, walked, markers=False)
        heads = [
            axes.plot(
                [], [], linestyle="", marker=MARKERS[n % 7], color=COLORS[n % 7], markersize=8
            )[0]
            for n in range(len(lines))
        ]
        axes.legend(loc="upper right", fontsize=9)
        length = len(next(iter(walked.values())))

        def draw(frame):
            now = min(frame * stride, length - 1)
            axes.set_title(f"{surface.name}, step {now}")
            for line, head, points in zip(lines, heads, walked.values(), strict=True):
                line.set_data(*points[: now + 1].T)
                head.set_data(*points[now : now + 1].T)

        return display.gif(figure, draw, -(-length // stride))
