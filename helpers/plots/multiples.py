"""Whole figures of small multiples: fitted curves, pictures, kernels."""

import numpy as np

from helpers.plots.style import COLORS, canvas


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


def pictures(images: dict, *, columns: int, size: float = 1.2):
    """Small pictures in rows of `columns`.

    `images` maps a title to an array (height, width), or (height, width, 3) from 0 to 1. Grey ones
    are drawn from their own lowest to highest value.
    """
    rows = -(-len(images) // columns)
    with canvas(
        columns, rows, width=size * columns, height=(size + 0.25) * rows, squeeze=False
    ) as (figure, grid):
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, (title, image) in zip(grid.flat, images.items(), strict=False):
            axes.imshow(image, cmap="gray")
            axes.set_title(title, fontsize=9, loc="center")
    return figure


def kernels(rows: dict):
    """A row of small kernels for each title, all on one scale: white is 0, red above, blue below.

    `rows` maps a title to an array (height, width, kernels). The scale ends where all but one
    weight in twenty lie, so that a single large one leaves the others their color.
    """
    count = max(np.shape(values)[-1] for values in rows.values())
    darkest = np.quantile(np.abs(np.concatenate([np.ravel(v) for v in rows.values()])), 0.95)
    size = {"width": 1.4 + 0.95 * count, "height": 0.4 + 0.95 * len(rows)}
    with canvas(count, len(rows), **size, squeeze=False) as (figure, grid):
        for (title, values), panels in zip(rows.items(), grid, strict=True):
            panels[0].set_ylabel(title, rotation=0, ha="right", va="center")
            for axes, kernel in zip(panels, np.moveaxis(values, -1, 0), strict=True):
                image = axes.imshow(kernel, cmap="RdBu_r", vmin=-darkest, vmax=darkest)
                axes.set(xticks=[], yticks=[])
                axes.grid(False)
                axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=grid, label="weight", shrink=0.8, extend="both")
    return figure
