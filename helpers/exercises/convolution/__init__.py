"""Exercises of lesson 06: convolution."""

from helpers.exercises.convolution.gradients import by_input
from helpers.exercises.convolution.predictions import moving_prediction, winner_prediction
from helpers.exercises.convolution.sliding import correlating, sizing

__all__ = ["by_input", "correlating", "moving_prediction", "sizing", "winner_prediction"]
