"""Exercises of lesson 03: gradient descent and its variants."""

from helpers.exercises.gradient_descent.minibatches import hovering_prediction, making_an_epoch
from helpers.exercises.gradient_descent.rates import (
    accumulating,
    choosing_rate,
    divergence_prediction,
    rescaling_prediction,
)
from helpers.exercises.gradient_descent.update_rules import (
    correcting_bias,
    forgetting,
    looking_ahead,
    plain_descent,
)

__all__ = [
    "accumulating",
    "choosing_rate",
    "correcting_bias",
    "divergence_prediction",
    "forgetting",
    "hovering_prediction",
    "looking_ahead",
    "making_an_epoch",
    "plain_descent",
    "rescaling_prediction",
]
