"""What runs did: their histories, and what their nets say of data."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from helpers.training.engine import TRAINING


@dataclass(frozen=True, repr=False)
class Runs:
    """What the runs did: histories of shape (runs, epochs), NaN after a run has stopped.

    `weights` are those at the end of each run, or the best where early stopping restored them, and
    `final_weights` those after the last epoch in any case; `forward(weights, x)` applies the net
    with the weights of several runs. `loss` and `metrics` are those of the recipe; `test_data` are
    the inputs and targets that each run is tested on.
    """

    history: dict[str, np.ndarray]
    step_losses: list[np.ndarray]  # for each run, the data loss of every training step
    weights: list[list[np.ndarray]]
    best_epoch: np.ndarray  # for each run, the epoch (from 0) with the best monitored value
    epochs: np.ndarray  # for each run, the number of epochs trained
    forward: Callable
    loss: Any  # a loss of Keras, or a function of targets and outputs
    metrics: tuple
    test_data: list["HeldOut"]
    failures: dict[int, str] = field(default_factory=dict)  # where runs diverged, by their number
    final_weights: list[list[np.ndarray]] = field(default_factory=list)
    partial: bool = False  # interrupted: only the finished runs are here

    def __len__(self) -> int:
        return len(self.weights)

    def __repr__(self) -> str:
        state = ", interrupted" if self.partial else ""
        names = ", ".join(self.history)
        return f"<{len(self)} runs of up to {max(self.epochs, default=0)} epochs{state}: {names}>"

    def __getitem__(self, part: slice) -> "Runs":
        """Some of the runs: `runs[:10]` are the first ten. Raises TypeError for a number."""
        if not isinstance(part, slice):
            raise TypeError(f"Runs take slices, such as runs[:10] or runs[3:4], not {part!r}.")
        numbers = range(len(self))[part]
        return replace(
            self,
            history={name: values[part] for name, values in self.history.items()},
            step_losses=self.step_losses[part],
            weights=self.weights[part],
            final_weights=self.final_weights[part],
            best_epoch=self.best_epoch[part],
            epochs=self.epochs[part],
            test_data=self.test_data[part],
            failures={
                place: self.failures[number]
                for place, number in enumerate(numbers)
                if number in self.failures
            },
        )

    def at_the_end(self) -> "Runs":
        """The same runs with the weights after their last epoch, whatever was restored."""
        return replace(self, weights=self.final_weights)

    def predict(self, x) -> np.ndarray:
        """Outputs of every run for the rows of `x`, shape (runs, n, ...)."""
        return self.forward(self.weights, np.asarray(x))

    def accuracy(self, x, y) -> np.ndarray:
        """Each run's share of right answers on the rows of `x`, shape (runs,).

        `y` holds class numbers, shape (n,) or (n, 1), or one-hot rows; with one output, 0 or 1.
        """
        return np.array([self._accuracy(outputs, y) for outputs in self.predict(x)])

    def test(self, metric: str) -> np.ndarray:
        """Each run's "accuracy", "loss" (of the data), or another metric of Keras on its test data.

        Shape (runs,). Raises ValueError for runs without test data, or a metric that Keras lacks.
        """
        measure = self._measure(metric)
        if self.test_data and all(data.rows is None for data in self.test_data):
            x, y = self.test_data[0].arrays()  # the same for all
            return np.array([measure(outputs, y) for outputs in self.predict(x)])
        found = []
        for weights, data in zip(self.weights, self.test_data, strict=True):
            x, y = data.arrays()
            (outputs,) = self.forward([weights], x)
            found.append(measure(outputs, y))
        return np.array(found)

    def last(self, metric: str) -> np.ndarray:
        """The metric at each run's last trained epoch, shape (runs,)."""
        return self._curves(metric)[np.arange(len(self)), self.epochs - 1]

    def best(self, metric: str) -> np.ndarray:
        """The metric at each run's best epoch, shape (runs,)."""
        return self._curves(metric)[np.arange(len(self)), self.best_epoch]

    def epochs_to(self, metric: str, value: float, direction: str = "lower") -> np.ndarray:
        """For each run the epochs until the metric first reaches `value`; NaN if it never does.

        Raises ValueError unless `direction`, from where on it counts, is "lower" or "higher".
        """
        if direction not in ("lower", "higher"):
            raise ValueError(f'direction is {direction!r}; it must be "lower" or "higher".')
        curve = self._curves(metric)
        with np.errstate(invalid="ignore"):
            reached = curve <= value if direction == "lower" else curve >= value
        return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.nan)

    def _curves(self, metric: str) -> np.ndarray:
        """The history of a metric. Raises ValueError for one that it does not have."""
        if metric not in self.history:
            raise ValueError(
                f"There is no {metric!r} in the history; it has {', '.join(self.history)}."
            )
        return self.history[metric]

    def _measure(self, metric: str) -> Callable:
        if not all(map(len, self.test_data)):
            raise ValueError(
                "There are no test data: give the split a test part, or the runs test_rows."
            )
        own = {name_of(each): each for each in self.metrics if not isinstance(each, str)}
        if metric in ("accuracy", "acc") and metric not in own:
            return self._accuracy
        if metric == "loss":
            return lambda outputs, y: float(np.mean(self.loss(*like(y, outputs))))
        return lambda outputs, y: value_of(own.get(metric, metric), *like(y, outputs))

    def _accuracy(self, outputs: np.ndarray, y) -> float:
        y = np.asarray(y)
        if outputs.shape[-1:] == (1,) or outputs.ndim == 1:
            check_binary(y)
            threshold = 0.0 if getattr(self.loss, "from_logits", False) else 0.5
            return float(np.mean((outputs.reshape(len(y)) > threshold) == y.reshape(len(y))))
        if y.shape == outputs.shape:
            classes = y.argmax(axis=-1)
        else:
            classes = y.reshape(len(y))
            check_classes(classes, outputs.shape[-1])
        return float(np.mean(outputs.argmax(axis=-1) == classes))


@dataclass(frozen=True)
class HeldOut:
    """What a run is tested on: all rows of x and y, or some, which are copied when asked for."""

    x: np.ndarray
    y: np.ndarray
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.y) if self.rows is None else len(self.rows)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets, shapes (n, ...)."""
        return (self.x, self.y) if self.rows is None else (self.x[self.rows], self.y[self.rows])


def check_binary(y: np.ndarray) -> None:
    """Raise ValueError unless targets are those of a net that says yes or no."""
    if not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"The accuracy of a net with one output needs the targets 0 and 1; these go from "
            f'{y.min()} to {y.max()}. For a regression ask for "loss" or "mae".'
        )


def check_classes(y: np.ndarray, classes: int) -> None:
    """Raise ValueError unless targets are numbers of classes that the net knows."""
    if not np.isin(y, range(classes)).all():
        raise ValueError(
            f"The accuracy of a net with {classes} outputs needs class numbers from 0 to "
            f"{classes - 1}; these go from {y.min()} to {y.max()}."
        )


def like(y, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and outputs as Keras's losses want them: of one type, and with as many axes."""
    y = np.asarray(y, outputs.dtype)
    return (y[:, None] if y.ndim == 1 and outputs.shape[1:] == (1,) else y), outputs


def name_of(metric) -> str:
    """What the history calls a metric that is an object or a function."""
    return getattr(metric, "name", None) or metric.__name__


def value_of(metric, y, outputs) -> float:
    """A metric of Keras over all rows: a name of Keras's, or a metric as the recipe has it."""
    found: Any = keras.metrics.get(metric)
    if not isinstance(found, keras.metrics.Metric):
        found = keras.metrics.MeanMetricWrapper(found)
    with TRAINING:  # an object of the recipe's is the one that engines train with
        found.reset_state()
        found.update_state(y, outputs)
        return float(found.result())
