"""Exercises of lesson 05: initialization and activations."""

from helpers.exercises.initialization.passing import (
    counting_the_dead,
    passing_back,
    profile_prediction,
)
from helpers.exercises.initialization.weights import condition_prediction, scaling

__all__ = [
    "condition_prediction",
    "counting_the_dead",
    "passing_back",
    "profile_prediction",
    "scaling",
]
