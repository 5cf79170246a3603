"""Exercises of lesson 08: learning-rate schedules."""

from helpers.exercises.learning_rate_schedules.listings import repairing, unsmearing
from helpers.exercises.learning_rate_schedules.plans import (
    budget_prediction,
    cosine_decay,
    drop_prediction,
)

__all__ = [
    "budget_prediction",
    "cosine_decay",
    "drop_prediction",
    "repairing",
    "unsmearing",
]
