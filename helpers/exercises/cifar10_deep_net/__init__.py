"""Exercises of lesson 07: the deep net on CIFAR-10, steps a to f."""

from helpers.exercises.cifar10_deep_net.predictions import carried_prediction, steps_prediction
from helpers.exercises.cifar10_deep_net.ranking import ranking
from helpers.exercises.cifar10_deep_net.self_normalizing import self_normalizing
from helpers.exercises.cifar10_deep_net.sweeping import sweeping

__all__ = [
    "carried_prediction",
    "ranking",
    "self_normalizing",
    "steps_prediction",
    "sweeping",
]
