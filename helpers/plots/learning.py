"""What is drawn to tell underfitting from overfitting: a floor, the two sides, paths of models."""

import numpy as np

from helpers.plots.comparisons import curves
from helpers.plots.style import COLORS, MARKERS, canvas

GREY = "#777777"


def floor(axes, height: float, label: str) -> None:
    """Draw a dotted line across the axes at this height, with its name below its right end."""
    axes.axhline(height, color=GREY, linewidth=1.2, linestyle=":")
    place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    style = {"fontsize": 9, "ha": "right", "va": "top", "color": "#555555"}
    axes.annotate(label, (1, height), xytext=(-2, -3), **place, **style)


def sides(axes, turn: float, *, height: float = 0.97) -> None:
    """Draw a line at the model or epoch with the lowest validation error, and name its two sides.

    `height` is that of the two names, from 0 at the bottom of the axes to 1 at their top.
    """
    axes.axvline(turn, color="black", linewidth=1)
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "va": "top"}
    for label, align, shift in (("underfitting ", "right", -4), ("overfitting", "left", 6)):
        style = {"fontsize": 9, "ha": align, "style": "italic"}
        axes.annotate(label, (turn, height), xytext=(shift, 0), **place, **style)
    style = {"fontsize": 8, "ha": "left", "color": "#555555"}
    axes.annotate("lowest validation error", (turn, height), xytext=(6, -13), **place, **style)


def over_epochs(axes, series: dict, *, ylabel: str, title: str = "", first: int = 0) -> None:
    """Draw `curves` over the epochs on a logarithmic axis, where the first of them are seen best.

    `series` maps a label to values of shape (replicates, epochs); `first` is the number of the
    first colour and line style.
    """
    epochs = np.arange(1, np.shape(next(iter(series.values())))[1] + 1)
    curves(axes, epochs, series, xlabel="epoch (logarithmic)", ylabel=ylabel, first=first)
    axes.set_title(title)
    marks = [mark for mark in (1, 3, 10, 30, 100, 300, 1000) if mark <= len(epochs)]
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(marks, marks)


def trails(axes, x, y, names, *, xlabel: str, ylabel: str) -> None:
    """Draw two quantities of the same models against each other, a thin line for each replicate.

    `x` and `y` have shape (replicates, models), in the order of the path; markers stand at the
    medians of the models, which `names` names.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    axes.plot(x.T, y.T, color="#BBBBBB", linewidth=0.9, zorder=1)
    middle = np.median(x, axis=0), np.median(y, axis=0)
    axes.plot(*middle, color=COLORS[0], marker=MARKERS[0], markersize=5, zorder=2)
    for number, (name, *point) in enumerate(zip(names, *middle, strict=True)):
        below = {"xytext": (6, -3), "ha": "left", "va": "top"}
        above = {"xytext": (-6, 3), "ha": "right", "va": "bottom"}
        side = above if number % 2 else below  # neighbours may lie close together
        axes.annotate(str(name), point, fontsize=9, textcoords="offset points", **side)
    axes.set(xlabel=xlabel, ylabel=ylabel)


def one_fit(samples, truth, fitted, *, title: str, limits):
    """One figure: training points (x, y), the truth and a fitted curve, each as (x, y)."""
    with canvas(width=6.4, height=3.4) as (figure, axes):
        axes.plot(*truth, color=GREY, linestyle="--", label="truth")
        axes.plot(*fitted, color=COLORS[1], label="fit")
        axes.scatter(*samples, s=18, color=COLORS[0], zorder=3, label="training data")
        axes.set(xlabel="x", ylabel="y", ylim=limits, title=title)
        axes.legend(loc="upper left", fontsize=9)
    return figure


def groups(axes, places, series: dict) -> None:
    """Draw a mark for every replicate in groups side by side, and a black line at each mean.

    `places` names the groups, and `series` maps a label to values of shape (groups, replicates).
    """
    for number, (label, values) in enumerate(series.items()):
        for place, row in enumerate(values):
            middle = place + 0.26 * (number - (len(series) - 1) / 2)
            spread = middle + 0.04 * np.linspace(-1, 1, len(row))
            style = {"color": COLORS[number], "marker": MARKERS[number]}
            axes.scatter(spread, row, s=26, **style, label=label if place == 0 else None)
            axes.plot([middle - 0.08, middle + 0.08], [np.mean(row)] * 2, color="black")
    axes.set_xticks(range(len(places)), places)
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.grid(False, axis="x")
    axes.legend()
