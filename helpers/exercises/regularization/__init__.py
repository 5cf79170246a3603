"""Exercises of lesson 04: regularization."""

from helpers.exercises.regularization.comparison import comparing
from helpers.exercises.regularization.copies import dividing, dropout_prediction
from helpers.exercises.regularization.max_norm import constraining
from helpers.exercises.regularization.penalties import decay_prediction, penalizing, shrinking
from helpers.exercises.regularization.targets import confidence_prediction, dropping, smoothing

__all__ = [
    "comparing",
    "confidence_prediction",
    "constraining",
    "decay_prediction",
    "dividing",
    "dropout_prediction",
    "dropping",
    "penalizing",
    "shrinking",
    "smoothing",
]
