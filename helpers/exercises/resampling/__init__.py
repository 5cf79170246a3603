"""Exercises of lesson 02: resampling."""

from helpers.exercises.resampling.bootstraps import interval, share_prediction
from helpers.exercises.resampling.committees import ensemble_prediction, reweighing, splitting
from helpers.exercises.resampling.folds import (
    folding,
    leaking,
    optimism_prediction,
)

__all__ = [
    "ensemble_prediction",
    "folding",
    "interval",
    "leaking",
    "optimism_prediction",
    "reweighing",
    "share_prediction",
    "splitting",
]
