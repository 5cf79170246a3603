"""Exercises of lesson 02: resampling."""

from helpers.exercises.resampling.bootstraps import interval
from helpers.exercises.resampling.committees import reweighing
from helpers.exercises.resampling.folds import (
    folding,
    leaking,
    optimism_prediction,
)

__all__ = [
    "folding",
    "interval",
    "leaking",
    "optimism_prediction",
    "reweighing",
]
