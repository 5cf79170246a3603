"""Many runs for the price of one: train the same Keras model over seeds, folds, labels or rates."""

from helpers.training.arrival import passes_needed
from helpers.training.choosing import Chosen, chosen
from helpers.training.frozen import frozen_order
from helpers.training.range_test import suggested_rates
from helpers.training.recipe import Recipe
from helpers.training.run import Run, as_runs, generator, replicates, seeds
from helpers.training.runs import Runs
from helpers.training.seeding import seeded
from helpers.training.tuning import Tuned, tuned

__all__ = [
    "Chosen",
    "Recipe",
    "Run",
    "Runs",
    "Tuned",
    "as_runs",
    "chosen",
    "frozen_order",
    "generator",
    "passes_needed",
    "replicates",
    "seeded",
    "seeds",
    "suggested_rates",
    "tuned",
]
