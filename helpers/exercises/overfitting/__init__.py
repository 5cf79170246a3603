"""Exercises of lesson 01: overfitting."""

from helpers.exercises.overfitting.capacity import counting
from helpers.exercises.overfitting.data import choosing, preparing
from helpers.exercises.overfitting.predictions import degree_prediction
from helpers.exercises.overfitting.stopping import stopping

__all__ = [
    "choosing",
    "counting",
    "degree_prediction",
    "preparing",
    "stopping",
]
