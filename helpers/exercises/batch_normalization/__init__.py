"""Exercises of lesson 05: batch normalization, initialization and activations."""

from helpers.exercises.batch_normalization.initialization import profile_prediction, scaling
from helpers.exercises.batch_normalization.normalization import (
    counting,
    folding,
    inferring,
    normalizing,
    outlier_prediction,
)
from helpers.exercises.batch_normalization.switches import mode_prediction

__all__ = [
    "counting",
    "folding",
    "inferring",
    "mode_prediction",
    "normalizing",
    "outlier_prediction",
    "profile_prediction",
    "scaling",
]
