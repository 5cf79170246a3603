"""A learning rate for each run: the best of those tried, by the run's own validation data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from helpers.training.recipe import Recipe
from helpers.training.run import runs_of
from helpers.training.runs import HeldOut, Runs
from helpers.training.tuning import is_gain, scores


@dataclass(frozen=True)
class Chosen:
    """The runs at their own best rates.

    `rates` and `scores` have shape (runs,); `at_edge` says which runs chose the lowest or the
    highest rate.
    """

    runs: Runs
    rates: np.ndarray
    scores: np.ndarray
    at_edge: np.ndarray

    def void(self, most: float = 0.1) -> str:
        """Why a comparison cannot speak: too large a share of the runs chose a rate at the edge."""
        share = self.at_edge.mean()
        return f"best rate at the edge in {share:.0%} of the replicates" if share > most else ""


def chosen(
    recipe: Recipe, split, runs: Sequence, rates: Sequence[float], *, metric: str = "val_loss"
) -> Chosen:
    """Train every run at every rate; each keeps the one that is best by `metric` at the end.

    A run that diverged is infinitely bad. Raises ValueError as `Recipe.fit` does, and for fewer
    than 3 rates.
    """
    if len(rates) < 3:
        raise ValueError(f"rates are {list(rates)}; give at least 3.")
    asked = runs_of(runs)
    done = recipe.fit(
        split, [replace(run, learning_rate=float(rate)) for rate in rates for run in asked]
    )
    table = scores(done, metric).reshape(len(rates), len(asked))
    best = table.argmax(axis=0) if is_gain(metric) else table.argmin(axis=0)
    places = (best * len(asked) + np.arange(len(asked))).tolist()
    return Chosen(
        _some(done, places),
        np.asarray(rates, float)[best],
        table[best, np.arange(len(asked))],
        np.isin(best, (0, len(rates) - 1)),
    )


def _some(done: Runs, places: list[int]) -> Runs:
    """The runs at these places, in this order."""
    pick = lambda values: [values[place] for place in places]
    data: list[HeldOut] = pick(done.test_data) if done.test_data else []
    return replace(
        done,
        history={name: values[places] for name, values in done.history.items()},
        step_losses=pick(done.step_losses),
        weights=pick(done.weights),
        final_weights=pick(done.final_weights) if done.final_weights else [],
        best_epoch=done.best_epoch[places],
        epochs=done.epochs[places],
        test_data=data,
        failures={
            number: done.failures[place]
            for number, place in enumerate(places)
            if place in done.failures
        },
    )
