"""Exercises of lesson 05c: how to feed `model.fit`, and a softmax that saturates."""

from helpers.exercises.frozen_shuffle.feeding import (
    comparing_company,
    feeding,
    shuffle_prediction,
)
from helpers.exercises.frozen_shuffle.saturation import from_logits, recognizing

__all__ = ["comparing_company", "feeding", "from_logits", "recognizing", "shuffle_prediction"]
