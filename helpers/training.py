"""Many runs for the price of one: train the same Keras model over seeds, folds, bootstraps, labels or learning rates.

`fit_runs` compiles once and trains every run with the same program; what differs between the runs are plain values.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import keras
import numpy as np
import tensorflow as tf
from tqdm.auto import tqdm

from helpers import runtime
from helpers.tensorflow_engine import engine_for


@dataclass(frozen=True)
class Run:
    """What one run has of its own.

    `seed` decides the initial weights and the order of the minibatches. `train_index` picks training rows (a fold, a
    bootstrap sample with repeats; default: all). `targets` replaces the training targets (label noise).
    `learning_rate` is a number, or an array with one rate for each step; None leaves the optimizer's own.
    """

    seed: int = 0
    train_index: np.ndarray | None = None
    targets: np.ndarray | None = None
    learning_rate: float | np.ndarray | None = None


@dataclass(frozen=True)
class Runs:
    """What the runs did: histories of shape (runs, epochs), NaN after a run has stopped, and the weights at the end."""

    history: dict[str, np.ndarray]
    step_losses: list[np.ndarray]  # for each run, the data loss of every training step
    weights: list[list[np.ndarray]]
    best_epoch: np.ndarray  # for each run, the epoch (from 0) with the best monitored value
    epochs: np.ndarray  # for each run, the number of epochs trained
    failures: dict[int, str] = field(default_factory=dict)  # run -> at which step and rate it diverged
    partial: bool = False  # interrupted: only the finished runs are here
    _forward: Callable = None

    def __len__(self) -> int:
        return len(self.weights)

    def __repr__(self) -> str:
        state = ", interrupted" if self.partial else ""
        return f"<{len(self)} runs of up to {self.epochs.max()} epochs{state}: {', '.join(self.history)}>"

    def predict(self, x) -> np.ndarray:
        """Outputs of every run for the rows of `x`, shape (runs, n, ...)."""
        rows = tf.convert_to_tensor(x)
        return np.stack([self._forward(weights, rows) for weights in self.weights])

    def last(self, metric: str) -> np.ndarray:
        """The metric at each run's last trained epoch, shape (runs,)."""
        return self.history[metric][np.arange(len(self)), self.epochs - 1]

    def best(self, metric: str) -> np.ndarray:
        """The metric at each run's best epoch, shape (runs,)."""
        return self.history[metric][np.arange(len(self)), self.best_epoch]

    def epochs_to(self, metric: str, value: float, better: str = "lower") -> np.ndarray:
        """Epochs (from 1) until the metric first reaches `value`, for each run; NaN where it never does."""
        curve = self.history[metric]
        with np.errstate(invalid="ignore"):
            reached = curve <= value if better == "lower" else curve >= value
        return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.nan)


def fit_runs(
    build,
    split,
    *,
    runs,
    epochs: int,
    batch_size: int,
    optimizer,
    loss,
    metrics=(),
    learning_rate=None,
    early_stopping: keras.callbacks.EarlyStopping | None = None,
    watch=None,
    progress: bool | None = None,
) -> Runs:
    """Train `build()` once for every run and return all histories and weights.

    `build` returns an ordinary Keras model; `optimizer` is a Keras optimizer, its name, or a function that makes one.
    `runs` is a number (seeds 0, 1, ...) or a list of `Run`. Histories hold `loss` (the mean over the epoch's steps of
    the data loss, as Keras reports it but without penalties), `penalty`, `val_loss`, and each metric with and without
    `val_`. `watch` names further data to evaluate after every epoch: `{"test": (x, y)}` adds `test_loss` and so on.
    `early_stopping` is Keras's own callback, applied to each run by itself. The order of the minibatches is fresh in
    every epoch and comes from a NumPy generator with the run's seed. `progress` shows a bar (default: where somebody
    is watching). An interrupt returns the runs that are finished, marked as partial.

    Raises ValueError for data, indices, rates or sizes that do not fit, before anything is compiled.
    """
    runs = [Run(seed) for seed in range(runs)] if isinstance(runs, int) else list(runs)
    runs = [run if run.learning_rate is not None else replace(run, learning_rate=learning_rate) for run in runs]
    check_request(split, runs, epochs, batch_size)
    steps = [epochs * -(-len(rows_of(run, split)) // batch_size) for run in runs]
    x, y = tf.convert_to_tensor(split.x_train), tf.convert_to_tensor(split.y_train)
    watched = {"val": (split.x_valid, split.y_valid)} | (watch or {})
    watched = {name: tuple(map(tf.convert_to_tensor, data)) for name, data in watched.items() if len(data[0])}
    engine = engine_for(build, fresh_optimizer(optimizer), loss, list(metrics), sum(steps), (x[:2], y[:2]))

    finished, partial = [], False
    shown = runtime.somebody_is_watching() if progress is None else progress
    with tqdm(total=len(runs) * epochs, unit="epoch", leave=False, disable=not shown) as bar:
        try:
            for number, run in enumerate(runs):
                bar.set_description(f"run {number + 1} of {len(runs)}")
                targets = y if run.targets is None else tf.convert_to_tensor(run.targets)
                engine.restart(build, run.seed)
                stopper = follow(engine.model, early_stopping or note_best("val_loss" if "val" in watched else "loss"))
                rows = rows_of(run, split)
                finished.append(fit_one(engine, run, rows, (x, targets), watched, epochs, batch_size, stopper, bar))
                bar.update((number + 1) * epochs - bar.n)
        except KeyboardInterrupt:
            if not finished:
                raise
            partial = True
    return gather(finished, epochs, partial, engine.predict)


def fit_one(engine, run: Run, rows, data, watched, epochs: int, batch_size: int, stopper, bar) -> dict:
    """Train one run on a restarted engine and return what it did."""
    generator = np.random.default_rng(run.seed)
    steps = -(-len(rows) // batch_size)
    rates = None if run.learning_rate is None else np.broadcast_to(run.learning_rate, (epochs * steps,))
    history, step_losses, failure = [], [], None
    for epoch in range(epochs):
        order = rows[generator.permutation(len(rows))]
        now = None if rates is None else rates[epoch * steps : (epoch + 1) * steps]
        losses, logs = engine.train_epoch(*data, order, batch_size, now)
        for name, (x, y) in watched.items():
            logs |= {f"{name}_{metric}": value for metric, value in engine.evaluate(x, y).items()}
        history.append(logs)
        step_losses.append(losses)
        bar.update()
        if not np.isfinite(losses).all():
            step = epoch * steps + int(np.flatnonzero(~np.isfinite(losses))[0])
            rate = float(engine.model.optimizer.learning_rate) if rates is None else rates[step]
            failure = f"the loss was no longer finite at step {step + 1} (epoch {epoch + 1}), learning rate {rate:g}"
            break
        stopper.on_epoch_end(epoch, logs)
        if engine.model.stop_training:
            break
    stopper.on_train_end()
    return {
        "history": history,
        "step_losses": np.concatenate(step_losses),
        "weights": engine.model.get_weights(),
        "best_epoch": stopper.best_epoch,
        "failure": failure,
    }


def follow(model, early_stopping) -> keras.callbacks.EarlyStopping:
    """A copy of Keras's callback, ready to follow the training of `model`."""
    stopper = copy.copy(early_stopping)
    stopper.set_model(model)
    stopper.on_train_begin()
    return stopper


def note_best(monitor: str) -> keras.callbacks.EarlyStopping:
    """A callback that never stops and only notes the epoch with the lowest value."""
    return keras.callbacks.EarlyStopping(monitor=monitor, patience=10**9)


def gather(finished: list[dict], epochs: int, partial: bool, forward) -> Runs:
    """One `Runs` of what the single runs did, padded with NaN."""
    names = list(finished[0]["history"][0])
    history = {name: np.full((len(finished), epochs), np.nan) for name in names}
    for number, run in enumerate(finished):
        for name in names:
            history[name][number, : len(run["history"])] = [logs[name] for logs in run["history"]]
    return Runs(
        history=history,
        step_losses=[run["step_losses"] for run in finished],
        weights=[run["weights"] for run in finished],
        best_epoch=np.array([run["best_epoch"] for run in finished]),
        epochs=np.array([len(run["history"]) for run in finished]),
        failures={number: run["failure"] for number, run in enumerate(finished) if run["failure"]},
        partial=partial,
        _forward=forward,
    )


def rows_of(run: Run, split) -> np.ndarray:
    """Indices of the training rows that the run uses."""
    return np.arange(len(split.x_train)) if run.train_index is None else np.asarray(run.train_index)


def fresh_optimizer(optimizer):
    """A new optimizer as `optimizer` describes it: a Keras optimizer, its name, or a function that makes one."""
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    return optimizer() if callable(optimizer) else keras.optimizers.get(optimizer)


def check_request(split, runs: list[Run], epochs: int, batch_size: int) -> None:
    """Refuse what cannot be trained, and say what would be right."""
    if not runs:
        raise ValueError("runs is empty: ask for at least one run.")
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1.")
    n = len(split.x_train)
    for part in ("train", "valid"):
        x, y = getattr(split, f"x_{part}"), getattr(split, f"y_{part}")
        if len(x) != len(y):
            raise ValueError(f"x_{part} has {len(x)} rows and y_{part} has {len(y)}: they must be equal.")
        for side, values in ((f"x_{part}", x), (f"y_{part}", y)):
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise ValueError(f"{side} holds {np.sum(~np.isfinite(values))} values that are NaN or infinite: remove them.")
    for number, run in enumerate(runs):
        rows = rows_of(run, split)
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise ValueError(f"train_index of run {number} must be a list of whole numbers (for a mask: np.flatnonzero).")
        if len(rows) == 0 or rows.min() < 0 or rows.max() >= n:
            raise ValueError(f"train_index of run {number} must hold indices from 0 to {n - 1}, and at least one.")
        if batch_size > len(rows):
            raise ValueError(f"batch_size is {batch_size}, but run {number} has {len(rows)} training rows.")
        if run.targets is not None and np.shape(run.targets) != np.shape(split.y_train):
            raise ValueError(
                f"targets of run {number} have shape {np.shape(run.targets)}; y_train has {np.shape(split.y_train)}."
            )
        steps = epochs * -(-len(rows) // batch_size)
        if np.shape(run.learning_rate) not in ((), (steps,)):
            raise ValueError(
                f"learning_rate of run {number} has shape {np.shape(run.learning_rate)}; "
                f"it must be one number, or one for each of the {steps} steps."
            )
