"""What runs did: their histories, and what their nets say of data."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True, repr=False)
class Runs:
    """What the runs did: histories of shape (runs, epochs), NaN after a run has stopped.

    `weights` are those at the end of each run; `test_data` are the inputs and targets that each run
    is tested on; `forward(weights, x)` applies the net.
    """

    history: dict[str, np.ndarray]
    step_losses: list[np.ndarray]  # for each run, the data loss of every training step
    weights: list[list[np.ndarray]]
    best_epoch: np.ndarray  # for each run, the epoch (from 0) with the best monitored value
    epochs: np.ndarray  # for each run, the number of epochs trained
    forward: Callable
    loss: Any  # of Keras: targets and outputs to the loss of each row
    test_data: list[tuple[np.ndarray, np.ndarray]]
    failures: dict[int, str] = field(
        default_factory=dict
    )  # run -> at which step and rate it diverged
    partial: bool = False  # interrupted: only the finished runs are here

    def __len__(self) -> int:
        return len(self.weights)

    def __repr__(self) -> str:
        state = ", interrupted" if self.partial else ""
        names = ", ".join(self.history)
        return f"<{len(self)} runs of up to {self.epochs.max()} epochs{state}: {names}>"

    def __getitem__(self, part: slice) -> "Runs":
        """Some of the runs: `runs[:10]` are the first ten."""
        numbers = range(len(self))[part]
        return replace(
            self,
            history={name: values[part] for name, values in self.history.items()},
            step_losses=self.step_losses[part],
            weights=self.weights[part],
            best_epoch=self.best_epoch[part],
            epochs=self.epochs[part],
            test_data=self.test_data[part],
            failures={
                place: self.failures[number]
                for place, number in enumerate(numbers)
                if number in self.failures
            },
        )

    def predict(self, x) -> np.ndarray:
        """Outputs of every run for the rows of `x`, shape (runs, n, ...)."""
        return np.stack([self.forward(weights, np.asarray(x)) for weights in self.weights])

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
        pairs = zip(self.weights, self.test_data, strict=True)
        return np.array([measure(self.forward(weights, x), y) for weights, (x, y) in pairs])

    def last(self, metric: str) -> np.ndarray:
        """The metric at each run's last trained epoch, shape (runs,)."""
        return self.history[metric][np.arange(len(self)), self.epochs - 1]

    def best(self, metric: str) -> np.ndarray:
        """The metric at each run's best epoch, shape (runs,)."""
        return self.history[metric][np.arange(len(self)), self.best_epoch]

    def epochs_to(self, metric: str, value: float, direction: str = "lower") -> np.ndarray:
        """For each run the epochs until the metric first reaches `value`; NaN if it never does.

        Raises ValueError unless `direction`, from where on it counts, is "lower" or "higher".
        """
        if direction not in ("lower", "higher"):
            raise ValueError(f'direction is {direction!r}; it must be "lower" or "higher".')
        curve = self.history[metric]
        with np.errstate(invalid="ignore"):
            reached = curve <= value if direction == "lower" else curve >= value
        return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.nan)

    def _measure(self, metric: str) -> Callable:
        if not all(len(y) for _, y in self.test_data):
            raise ValueError(
                "There are no test data: give the split a test part, or the runs test_rows."
            )
        if metric == "accuracy":
            return self._accuracy
        if metric == "loss":
            return lambda outputs, y: float(np.mean(self.loss(*like(y, outputs))))
        return lambda outputs, y: metric_of(metric, *like(y, outputs))

    def _accuracy(self, outputs: np.ndarray, y) -> float:
        y = np.asarray(y)
        if outputs.shape[-1:] == (1,) or outputs.ndim == 1:
            threshold = 0.0 if getattr(self.loss, "from_logits", False) else 0.5
            return float(np.mean((outputs.reshape(len(y)) > threshold) == y.reshape(len(y))))
        classes = y.argmax(axis=-1) if y.shape == outputs.shape else y.reshape(len(y))
        return float(np.mean(outputs.argmax(axis=-1) == classes))


def like(y, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and outputs as Keras's losses want them: with as many axes."""
    y = np.asarray(y)
    return (y[:, None] if y.ndim == 1 and outputs.shape[1:] == (1,) else y), outputs


def metric_of(name: str, y, outputs) -> float:
    """A metric of Keras, by its name, over all rows."""
    metric: Any = keras.metrics.get(name)
    metric.update_state(y, outputs)
    return float(metric.result())
