"""Every figure of the course: readable in greyscale and for colour-blind eyes, captioned with where the data come from.

Lines are medians over the runs and bands hold the middle 80 % of them, unless a caption says otherwise.
"""

from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from helpers import display

# Okabe and Ito's colours, told apart by line style and marker too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
STYLE = {
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
def canvas(columns: int = 1, rows: int = 1, *, width: float = 6.4, height: float = 3.6, **options):
    """A figure in the course's style and its axes: `with canvas(2) as (figure, axes):`."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            rows, columns, figsize=(width, height), layout="constrained", **options
        )
        yield figure, axes


def show(figure, *, alt: str, data) -> None:
    """Caption the figure with the origin of its data, and show it; `alt` says what is to be seen."""
    figure.supxlabel(f"Data: {data}", x=0.995, ha="right", fontsize=8, color="#555555")
    display.show_figure(figure, alt)


def band(axes, x, values, number: int, label: str, *, marker: bool = False) -> None:
    """Draw the median of `values` (runs, len(x)) over `x`, with a band that holds the middle 80 % of the runs."""
    low, middle, high = np.nanquantile(np.asarray(values, float), (0.1, 0.5, 0.9), axis=0)
    axes.fill_between(x, low, high, color=COLORS[number], alpha=0.15, linewidth=0)
    style = {"color": COLORS[number], "linestyle": LINES[number], "label": label}
    axes.plot(x, middle, **style, marker=MARKERS[number] if marker else None, markersize=5)


def curves(
    axes,
    x,
    series: dict,
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    marker: bool = False,
    first: int = 0,
):
    """Bands for every entry of `series` (label -> array (runs, len(x))), with labels; colours start at `first`."""
    for number, (label, values) in enumerate(series.items(), start=first):
        band(axes, x, values, number, label, marker=marker)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axes.legend()


def learning_curves(runs, pairs: dict, *, ylabel: str, title: str = ""):
    """Learning curves with bands: `pairs` maps a label to the name of a metric in `runs.history`."""
    with canvas() as (figure, axes):
        epochs = np.arange(1, runs.epochs.max() + 1)
        series = {label: runs.history[metric][:, : len(epochs)] for label, metric in pairs.items()}
        curves(axes, epochs, series, xlabel="epoch", ylabel=ylabel, title=title)
    return figure


def fits(x, y, grid, truth, predictions: dict, *, limits):
    """Small multiples: the same training points and the same truth under each model's fitted curve.

    `predictions` maps a title to the fitted values on `grid`.
    """
    with canvas(len(predictions), width=9.6, height=2.9, sharey=True) as (figure, all_axes):
        for axes, (title, fitted) in zip(all_axes, predictions.items(), strict=True):
            axes.plot(grid, truth, color="#777777", linestyle="--", label="truth")
            axes.plot(grid, fitted, color=COLORS[1], label="fit")
            axes.scatter(x, y, s=16, color=COLORS[0], zorder=3, label="training data")
            axes.set(title=title, xlabel="x", ylim=limits)
        all_axes[0].set_ylabel("y")
        all_axes[0].legend(loc="upper left", fontsize=8.5)
    return figure


def decision_regions(x, labels, flipped, surfaces: dict, *, extent):
    """Small multiples: the regions in which each classifier says class 1, over the training points.

    `surfaces` maps a title to P(class 1) on a square grid over `extent` (x low, x high, y low, y high); `flipped` marks
    points whose label is wrong.
    """
    shades = ListedColormap(["#F6D5BF", "#CFE3F1"])
    with canvas(len(surfaces), width=9.6, height=3.5, sharey=True) as (figure, all_axes):
        for axes, (title, probability) in zip(all_axes, surfaces.items(), strict=True):
            axes.grid(False)
            axes.imshow(
                probability > 0.5,
                origin="lower",
                extent=extent,
                cmap=shades,
                aspect="auto",
                vmin=0,
                vmax=1,
            )
            axes.contour(probability, levels=[0.5], extent=extent, colors="black", linewidths=1)
            for group in (0, 1):
                points = x[labels == group]
                axes.scatter(
                    *points.T,
                    s=14,
                    marker=MARKERS[group],
                    color=COLORS[1 - group],
                    label=f"label {group}",
                )
            axes.scatter(
                *x[flipped].T,
                s=46,
                facecolors="none",
                edgecolors="black",
                linewidths=0.8,
                label="flipped",
            )
            axes.set(title=title, xlabel="feature 1", xlim=extent[:2], ylim=extent[2:])
        all_axes[0].set_ylabel("feature 2")
        all_axes[-1].legend(loc="lower left", fontsize=8, framealpha=0.8, frameon=True)
    return figure


def forest(axes, groups: dict, *, xlabel: str, title: str = "") -> None:
    """Draw means with intervals, one line for each label, from above: `groups` maps a group to {label: (mean, low, high)}.

    Groups stand beside one another in every line; the line at 0 is no difference.
    """
    labels = list(dict.fromkeys(label for intervals in groups.values() for label in intervals))
    axes.axvline(0, color="#777777", linewidth=1)
    for number, (group, intervals) in enumerate(groups.items()):
        middle, low, high = np.transpose(list(intervals.values()))
        places = [
            labels.index(label) + 0.3 * (number - (len(groups) - 1) / 2) for label in intervals
        ]
        style = {
            "color": COLORS[number],
            "marker": MARKERS[number],
            "markersize": 5,
            "linestyle": "",
            "label": group,
        }
        axes.errorbar(middle, places, xerr=[middle - low, high - middle], elinewidth=1.6, **style)
    axes.set(xlabel=xlabel, title=title, ylim=(len(labels) - 0.5, -0.5))
    axes.set_yticks(range(len(labels)), labels)
    axes.locator_params(axis="x", nbins=6)
    axes.grid(False, axis="y")


def reliability(axes, tables: dict, *, title: str = "") -> None:
    """Draw how often predictions of each confidence are right: `tables` maps a label to a `calibration.Reliability`.

    The larger the marker, the more predictions; on the dashed line confidence is earned, below it is boastful.
    """
    axes.plot(
        [0, 1], [0, 1], color="#777777", linestyle="--", linewidth=1, label="confidence = accuracy"
    )
    for number, (label, table) in enumerate(tables.items()):
        full = table.count > 0
        points = table.confidence[full], table.accuracy[full]
        axes.plot(*points, color=COLORS[number], linestyle=LINES[number], label=label)
        sizes = 8 + 120 * table.count[full] / table.count.sum()
        axes.scatter(*points, s=sizes, color=COLORS[number], marker=MARKERS[number], zorder=3)
    axes.set(
        xlabel="confidence",
        ylabel="share of right predictions",
        title=title,
        xlim=(0, 1),
        ylim=(0, 1),
    )
    axes.legend(fontsize=9)


def pictures(
    images: dict,
    *,
    columns: int,
    signed: bool = False,
    size: float = 1.2,
    scale: float | None = None,
):
    """Small pictures (title -> array (height, width), or (height, width, 3) from 0 to 1) in rows of `columns`.

    Grey ones are drawn from their own lowest to highest value; with `signed`, 0 is white, blue is below it, red above, and
    `scale` (default: each picture's own largest) is the darkest.
    """
    rows = -(-len(images) // columns)
    with canvas(
        columns, rows, width=size * columns, height=(size + 0.25) * rows, squeeze=False
    ) as (figure, grid):
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, (title, image) in zip(grid.flat, images.items(), strict=False):
            limit = (scale or np.abs(image).max() or 1) if signed else None
            axes.imshow(
                image,
                cmap="RdBu_r" if signed else "gray",
                vmin=-limit if signed else None,
                vmax=limit,
            )
            axes.set_title(title, fontsize=9, loc="center")
    return figure


def histograms(rows: dict, *, limits, xlabel: str):
    """Small multiples of histograms on one scale: `rows` maps a row's title to {column title: values of any shape}.

    Values beyond `limits` are counted at the edge, so that saturation shows. Each panel has its own height.
    """
    columns = len(next(iter(rows.values())))
    size = {"width": 9.6, "height": 0.5 + 1.15 * len(rows)}
    with canvas(columns, len(rows), **size, sharex=True, squeeze=False) as (figure, grid):
        for number, ((row, panels), all_axes) in enumerate(zip(rows.items(), grid, strict=True)):
            for axes, (column, values) in zip(all_axes, panels.items(), strict=True):
                axes.hist(
                    np.clip(np.ravel(values), *limits),
                    bins=np.linspace(*limits, 41),
                    color=COLORS[number % 7],
                )
                axes.set_yticks([])
                axes.grid(False)
                if number == 0:
                    axes.set_title(column)
            all_axes[0].set_ylabel(row, rotation=0, ha="right", va="center", fontsize=9.5)
        for axes in grid[-1]:
            axes.set_xlabel(xlabel)
    return figure


def contours(axes, surface, *, levels: int = 14) -> None:
    """Draw the level lines of a surface of `surfaces` over its window, closer together near its minimum, and its minima."""
    x_low, x_high, y_low, y_high = surface.window
    x, y = np.meshgrid(np.linspace(x_low, x_high, 160), np.linspace(y_low, y_high, 160))
    height = surface.value(np.stack([x, y], axis=-1))
    steps = height.min() + np.ptp(height) * np.linspace(0, 1, levels) ** 3
    axes.grid(False)
    axes.contour(x, y, height, levels=steps[1:], colors="#999999", linewidths=0.7)
    axes.plot(*np.transpose(surface.minima), linestyle="", marker="*", markersize=11, color="black")
    axes.set(xlim=(x_low, x_high), ylim=(y_low, y_high), xlabel="x", ylabel="y", title=surface.name)


def paths(axes, surface, walked: dict, *, markers: bool = True) -> list:
    """Draw paths (label -> points (steps + 1, 2)) over the level lines of a surface; the lines drawn."""
    contours(axes, surface)
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
    """An animated GIF of paths of equal length (label -> points) that grow over a surface, `stride` steps a frame."""
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
