"""The data sets of the course, each divided into a training, a validation and a test part."""

from helpers.datasets.downloads import DataError
from helpers.datasets.loading import (
    BUILDERS,
    CIFAR10_CLASSES,
    FASHION_CLASSES,
    POLYNOMIAL_NOISE,
    VOCABULARY,
    Split,
    load,
    polynomial_truth,
    splits,
)
