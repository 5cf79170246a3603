"""Exercises of lesson 07: the deep net on CIFAR-10, steps a to f."""

from helpers.exercises.cifar10_deep_net.nets import building, self_normalizing
from helpers.exercises.cifar10_deep_net.predictions import batch_norm_prediction, carried_prediction
from helpers.exercises.cifar10_deep_net.procedures import (
    averaging,
    cycling,
    ranking,
    reporting,
    sweeping,
)

__all__ = [
    "averaging",
    "batch_norm_prediction",
    "building",
    "carried_prediction",
    "cycling",
    "ranking",
    "reporting",
    "self_normalizing",
    "sweeping",
]
