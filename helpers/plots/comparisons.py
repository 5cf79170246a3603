"""What is drawn into axes to compare runs: curves with bands, means with intervals, calibration."""

import numpy as np

from helpers.plots.style import COLORS, LINES, MARKERS


def band(axes, x, values, number: int, label: str, *, marker: bool = False) -> None:
    """Draw the median of `values` (runs, len(x)) over `x`, and a band with 80 % of the runs."""
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
    """Draw a band for every entry of `series`, label -> array (runs, len(x)), and name the axes.

    `first` is the number of the first colour and line style.
    """
    for number, (label, values) in enumerate(series.items(), start=first):
        band(axes, x, values, number, label, marker=marker)
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axes.legend()


def forest(axes, groups: dict, *, xlabel: str, title: str = "") -> None:
    """Draw means with intervals, one line for each label, from above.

    `groups` maps a group to {label: (mean, low, high)}. Groups stand beside one another in every
    line; the line at 0 is no difference.
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
    """Draw how often predictions of each confidence are right.

    `tables` maps a label to a `calibration.Reliability`. The larger the marker, the more
    predictions; on the dashed line, confidence equals accuracy; below it, confidence is too high.
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
