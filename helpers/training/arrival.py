"""How long a training takes until its error has fallen to a level."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from helpers.training.recipe import Recipe
from helpers.training.run import runs_of


def passes_needed(recipe: Recipe, split, runs: Sequence, *, share: float) -> np.ndarray:
    """Passes until a run's training MSE is this share of the variance of its targets, (runs,).

    The error is looked at after each of the recipe's epochs, with a straight line in between, from
    the variance at the start. NaN for a run that has not got there by the last. `split` has no
    validation part, the runs have training rows of their own; those of validation are not used.
    """
    asked, rows = runs_of(runs), len(split.y_train)
    x, y = (np.concatenate([part, part]) for part in (split.x_train, split.y_train))
    # An epoch's "loss" is a mean over its steps. The error after the epoch is that of copies.
    copied = [replace(run, valid_rows=np.asarray(run.train_rows) + rows) for run in asked]
    errors = recipe.fit(replace(split, x_train=x, y_train=y), copied).history["val_loss"]
    variances = np.array([split.y_train[run.train_rows].var() for run in asked])
    curves = np.column_stack([variances, errors]) / variances[:, None]
    with np.errstate(invalid="ignore"):
        there = curves <= share
    place = np.where(there.any(axis=1), there.argmax(axis=1), 1)
    before, after = curves[np.arange(len(curves)), [place - 1, place]]
    with np.errstate(invalid="ignore", divide="ignore"):
        passes = place - (share - after) / (before - after)
    return np.where(there.any(axis=1), passes, np.nan)
