"""The figures of the course: a common style, curves with bands, small multiples, sliders."""

from helpers.plots.comparisons import band, curves, forest, reliability
from helpers.plots.landscapes import paths
from helpers.plots.learning import floor, groups, one_fit, over_epochs, sides, trails
from helpers.plots.multiples import fits, kernels, pictures
from helpers.plots.style import COLORS, LINES, MARKERS, canvas, show
from helpers.plots.widgets import slider_over, sliders_over

__all__ = [
    "COLORS",
    "LINES",
    "MARKERS",
    "band",
    "canvas",
    "curves",
    "fits",
    "floor",
    "forest",
    "groups",
    "kernels",
    "one_fit",
    "over_epochs",
    "paths",
    "pictures",
    "reliability",
    "show",
    "sides",
    "slider_over",
    "sliders_over",
    "trails",
]
