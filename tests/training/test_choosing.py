"""Each run at the best of the rates tried, by its own validation data."""

from functools import partial

import numpy as np
import pytest

from helpers import datasets, training
from helpers.nets import models

RATES = (1e-4, 0.03, 1e3)


@pytest.fixture(scope="module")
def found():
    """Three runs of a linear net on a line, and each of them by itself at its rate."""
    pool = datasets.function("linear", [1, 2, 3], inputs=2, noise=0.1, train=32, valid=16, test=16)
    recipe = training.Recipe(
        partial(models.mlp, 2, []), loss="mse", optimizer="sgd", epochs=5, batch_size=8
    )
    runs = training.replicates(pool, [1, 2, 3])
    return recipe, pool, runs, training.chosen(recipe, pool, runs, RATES)


def test_every_run_has_its_best_rate(found):
    *_, chosen = found
    np.testing.assert_allclose(chosen.rates, 0.03)
    assert not chosen.at_edge.any() and chosen.void() == ""


def test_the_runs_are_those_at_that_rate(found):
    recipe, pool, runs, chosen = found
    again = recipe.fit(pool, [training.Run(**{**vars(run), "learning_rate": 0.03}) for run in runs])
    np.testing.assert_allclose(chosen.runs.test("loss"), again.test("loss"))
    np.testing.assert_allclose(chosen.scores, again.last("val_loss"))


def test_a_choice_at_the_edge_is_told(found):
    recipe, pool, runs, _ = found
    low = training.chosen(recipe, pool, runs, [1e-6, 1e-5, 1e-4])
    assert low.at_edge.all() and "100%" in low.void()


def test_too_few_rates_are_refused(found):
    recipe, pool, runs, _ = found
    with pytest.raises(ValueError, match="at least 3"):
        training.chosen(recipe, pool, runs, [0.1, 1.0])
