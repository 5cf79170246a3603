"""Exercises on resampling against the course's own reference."""

import pytest
from sklearn.datasets import load_breast_cancer

from helpers.exercises.resampling import reweighing
from helpers.reference import resampling


def test_the_exercise_on_weights_agrees_with_adaboost():
    x, benign = load_breast_cancer(return_X_y=True)
    y = 2 * benign - 1
    boosted = resampling.adaboost(x, y, 10)
    rounds = zip(boosted.members[:-1], boosted.given[:-1], boosted.given[1:], strict=True)
    for member, weights, following in rounds:
        found = reweighing.reference(weights, member.predict(x) != y)
        assert found == pytest.approx(following, rel=1e-9)
