"""Whole figures of small multiples: fitted curves, decision regions, pictures, histograms."""

import numpy as np
from matplotlib.colors import ListedColormap

from helpers.plots.style import COLORS, MARKERS, canvas


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

    `surfaces` maps a title to P(class 1) on a square grid over `extent` (x low, x high, y low, y
    high); `flipped` marks points whose label is wrong.
    """
    with canvas(len(surfaces), width=9.6, height=3.5, sharey=True) as (figure, all_axes):
        for axes, (title, probability) in zip(all_axes, surfaces.items(), strict=True):
            _draw_regions(axes, probability, extent)
            for group in (0, 1):
                dots = {"marker": MARKERS[group], "color": COLORS[1 - group]}
                axes.scatter(*x[labels == group].T, s=14, label=f"label {group}", **dots)
            ring = {"facecolors": "none", "edgecolors": "black", "linewidths": 0.8}
            axes.scatter(*x[flipped].T, s=46, label="flipped", **ring)
            axes.set(title=title, xlabel="feature 1", xlim=extent[:2], ylim=extent[2:])
        all_axes[0].set_ylabel("feature 2")
        all_axes[-1].legend(loc="lower left", fontsize=8, framealpha=0.8, frameon=True)
    return figure


def _draw_regions(axes, probability, extent) -> None:
    """Shade where P(class 1) is above and below one half, with a line between."""
    shades = {"cmap": ListedColormap(["#F6D5BF", "#CFE3F1"]), "vmin": 0, "vmax": 1}
    axes.grid(False)
    axes.imshow(probability > 0.5, origin="lower", extent=extent, aspect="auto", **shades)
    axes.contour(probability, levels=[0.5], extent=extent, colors="black", linewidths=1)


def pictures(
    images: dict,
    *,
    columns: int,
    signed: bool = False,
    size: float = 1.2,
    scale: float | None = None,
):
    """Small pictures in rows of `columns`.

    `images` maps a title to an array (height, width), or (height, width, 3) from 0 to 1. Grey ones
    are drawn from their own lowest to highest value; with `signed`, 0 is white, blue is below it,
    red above, and `scale` (default: each picture's own largest) is the darkest.
    """
    rows = -(-len(images) // columns)
    with canvas(
        columns, rows, width=size * columns, height=(size + 0.25) * rows, squeeze=False
    ) as (figure, grid):
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, (title, image) in zip(grid.flat, images.items(), strict=False):
            drawn = {"cmap": "gray"}
            if signed:
                darkest = scale or np.abs(image).max() or 1
                drawn = {"cmap": "RdBu_r", "vmin": -darkest, "vmax": darkest}
            axes.imshow(image, **drawn)
            axes.set_title(title, fontsize=9, loc="center")
    return figure


def histograms(rows: dict, *, limits, xlabel: str):
    """Small multiples of histograms on one scale.

    `rows` maps a row's title to {column title: values of any shape}. Values beyond `limits` are
    counted at the edge, so that saturation shows. Each panel has its own height.
    """
    columns = len(next(iter(rows.values())))
    edges = np.linspace(limits[0], limits[1], 41)
    size = {"width": 9.6, "height": 0.5 + 1.15 * len(rows)}
    with canvas(columns, len(rows), **size, sharex=True, squeeze=False) as (figure, grid):
        for number, ((row, panels), all_axes) in enumerate(zip(rows.items(), grid, strict=True)):
            for axes, (column, values) in zip(all_axes, panels.items(), strict=True):
                inside = np.clip(np.ravel(values), *limits)
                axes.hist(inside, bins=edges, color=COLORS[number % 7])
                axes.set_yticks([])
                axes.grid(False)
                if number == 0:
                    axes.set_title(column)
            all_axes[0].set_ylabel(row, rotation=0, ha="right", va="center", fontsize=9.5)
        for axes in grid[-1]:
            axes.set_xlabel(xlabel)
    return figure
