"""The data sets of the course, each divided into a training, a validation and a test part."""

from helpers.datasets.dividing import Division
from helpers.datasets.downloads import DataError
from helpers.datasets.loading import POLYNOMIAL_NOISE, load, polynomial_truth, splits
from helpers.datasets.replicating import replicates
from helpers.datasets.split import Split

__all__ = [
    "POLYNOMIAL_NOISE",
    "DataError",
    "Division",
    "Split",
    "load",
    "polynomial_truth",
    "replicates",
    "splits",
]
