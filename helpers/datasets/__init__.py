"""The data sets of the course, each divided into a training, a validation and a test part."""

from helpers.datasets.dividing import Division
from helpers.datasets.downloads import DataError
from helpers.datasets.loading import (
    FRIEDMAN_NOISE,
    POLYNOMIAL_NOISE,
    friedman_truth,
    load,
    polynomial_truth,
    splits,
)
from helpers.datasets.making import function, made
from helpers.datasets.mislabelling import mislabelled, stacked
from helpers.datasets.replicating import pool, replicates
from helpers.datasets.rescaling import rescaled, standard, unit_range
from helpers.datasets.split import Split
from helpers.datasets.versions import each, moved, permuted

__all__ = [
    "FRIEDMAN_NOISE",
    "POLYNOMIAL_NOISE",
    "DataError",
    "Division",
    "Split",
    "each",
    "friedman_truth",
    "function",
    "load",
    "made",
    "mislabelled",
    "moved",
    "permuted",
    "polynomial_truth",
    "pool",
    "replicates",
    "rescaled",
    "splits",
    "stacked",
    "standard",
    "unit_range",
]
