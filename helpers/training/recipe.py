"""How to train: a recipe, tried on one run or on many for the price of one.

A recipe compiles once and trains every run with the same program; what differs between the runs are
plain values. The program is the engine of the Keras backend: with TensorFlow one run after the
other, with JAX all of them at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import keras
import numpy as np

from helpers.training import loop
from helpers.training.checks import check_range, check_request, is_whole
from helpers.training.range_test import range_test
from helpers.training.run import runs_of
from helpers.training.runs import Runs


@dataclass(frozen=True)
class Recipe:
    """A net and how to train it.

    `build` returns an ordinary Keras model; `optimizer` is a Keras optimizer, its name, or a
    function that makes one. `early_stopping` is Keras's own callback, applied to each run by
    itself. `augment(x, y, seed) -> (x, y)` changes every training minibatch; its seed, two
    integers, differs by run and step (Keras's random layers go into the model instead).
    """

    build: Callable[[], keras.Model]
    _: KW_ONLY
    loss: Any
    optimizer: Any
    epochs: int
    batch_size: int
    metrics: Sequence = ()
    augment: Callable | None = None
    early_stopping: keras.callbacks.EarlyStopping | None = None

    def __post_init__(self) -> None:
        """Turn NumPy's whole numbers, which overflow, into Python's; `fit` checks the rest."""
        for name in ("epochs", "batch_size"):
            if is_whole(getattr(self, name)):
                object.__setattr__(self, name, int(getattr(self, name)))

    def fit(self, split, runs: Sequence, *, watch=None, progress: bool | None = None) -> Runs:
        """Train every run, a `Run` or a seed, on the split; all histories and weights.

        Histories hold `loss` (the mean over the epoch's steps of the data loss, as Keras reports it
        but without penalties), `penalty`, `val_loss`, and each metric with and without `val_`.
        `watch` names further data to evaluate after every epoch: `{"test": (x, y)}` adds
        `test_loss` and so on. `progress` shows a bar (default: where somebody is watching). The
        order of the minibatches is fresh in every epoch and comes from a NumPy generator with the
        run's seed. An interrupt returns the runs that are finished, marked as partial.

        Raises ValueError for data, rows, rates, sizes or a model that do not fit, before anything
        is compiled.
        """
        asked = loop.with_defaults(runs_of(runs), loop.fresh_optimizer(self.optimizer))
        check_request(split, asked, self, watch or {})
        return loop.fit(self, split, asked, watch or {}, progress)

    def range_test(
        self, split, runs: Sequence, *, lowest: float, highest: float, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Losses of minibatches while the learning rate grows geometrically.

        Returns the rates, shape (steps,), and for each run the loss of every step's own minibatch,
        shape (runs, steps), NaN after the run has diverged (Smith 2017, "Cyclical Learning Rates
        for Training Neural Networks", section 3.3). The training is on fresh models and optimizers:
        nothing of yours changes.

        Raises ValueError as `fit` does, and for fewer than 3 runs or rates that do not grow.
        """
        asked, optimizer = runs_of(runs), loop.fresh_optimizer(self.optimizer)
        check_range(asked, optimizer, lowest, highest, steps)
        given = [replace(run, learning_rate=lowest) for run in asked]
        asked = loop.with_defaults(given, optimizer)
        check_request(split, asked, self, {})
        rates = np.geomspace(lowest, highest, steps)
        return rates, range_test(self, split, asked, rates)
