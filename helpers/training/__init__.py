"""Many runs for the price of one: train the same Keras model over seeds, folds, samples, labels or learning rates."""

from helpers.training.recipe import (
    Run,
    Runs,
    fit_runs,
    frozen_order,
    lr_range_test,
    suggested_rates,
)
