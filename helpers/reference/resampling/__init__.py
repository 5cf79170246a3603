"""Resampling: bootstrap samples, honest selection, bias and variance, and boosting by hand.

The splitters and the trees are scikit-learn's; `training.as_runs(samples)` makes runs of folds and
samples.
"""

from helpers.reference.resampling.boosting import Boosted, adaboost, gradient_boosting
from helpers.reference.resampling.decomposition import (
    Decomposition,
    best_starts,
    decompose,
)
from helpers.reference.resampling.samples import bootstrap, left_out
from helpers.reference.resampling.selection import (
    cross_validate,
    linear_accuracies,
    linear_accuracy,
    most_correlated,
    optimism,
)

__all__ = [
    "Boosted",
    "Decomposition",
    "adaboost",
    "best_starts",
    "bootstrap",
    "cross_validate",
    "decompose",
    "gradient_boosting",
    "left_out",
    "linear_accuracies",
    "linear_accuracy",
    "most_correlated",
    "optimism",
]
