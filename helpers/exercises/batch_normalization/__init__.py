"""Exercises of lesson 05b: batch normalization."""

from helpers.exercises.batch_normalization.normalization import (
    counting,
    folding,
    inferring,
    normalizing,
)
from helpers.exercises.batch_normalization.switches import mode_prediction

__all__ = [
    "counting",
    "folding",
    "inferring",
    "mode_prediction",
    "normalizing",
]
