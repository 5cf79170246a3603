"""Exercises of lesson 06: convolution."""

from helpers.exercises.convolution.gradients import by_input, by_kernel
from helpers.exercises.convolution.predictions import moving_prediction, winner_prediction
from helpers.exercises.convolution.sliding import correlating, counting, filtering, sizing

__all__ = [
    "by_input",
    "by_kernel",
    "correlating",
    "counting",
    "filtering",
    "moving_prediction",
    "sizing",
    "winner_prediction",
]
