"""Exercises of 00_start: a minute to see how the others work."""

from helpers.exercises.start.guessing import luck_prediction
from helpers.exercises.start.scoring import scoring

__all__ = ["luck_prediction", "scoring"]
