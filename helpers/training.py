"""Many runs for the price of one: train the same Keras model over seeds, folds, bootstraps, labels or learning rates.

`fit_runs` compiles once and trains every run with the same program; what differs between the runs are plain values.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import keras
import numpy as np
import tensorflow as tf
from scipy.ndimage import gaussian_filter1d
from tqdm.auto import tqdm

from helpers import runtime
from helpers.tensorflow_engine import as_tensor, engine_for, momentum_name, seeded
from helpers.training_checks import check_model, check_monitor, check_request

STEPS_BETWEEN_LOOKS = 10  # of a learning-rate range test, to see whether it has diverged
DIVERGED = 4  # times the lowest loss so far


@dataclass(frozen=True)
class Run:
    """What one run has of its own; None leaves it to the call, or to the optimizer.

    `seed` decides the initial weights and the order of the minibatches. `train_index` picks training rows (a fold, a
    bootstrap sample with repeats; default: all). `targets` replaces the training targets (label noise).
    `learning_rate` and `momentum` (in the Adam family: beta_1) are a number, or an array with one for each step.
    `sample_weight` weighs the training rows in the loss, as in Keras, shape (n_train,). `order` fixes the order of the
    run's training rows: one permutation for all epochs, or one for each, shape (epochs, rows).
    """

    seed: int = 0
    train_index: np.ndarray | None = None
    targets: np.ndarray | None = None
    learning_rate: float | np.ndarray | None = None
    momentum: float | np.ndarray | None = None
    sample_weight: np.ndarray | None = None
    order: np.ndarray | None = None


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
        return np.stack([self._forward(weights, np.asarray(x)) for weights in self.weights])

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
    momentum=None,
    early_stopping: keras.callbacks.EarlyStopping | None = None,
    augment=None,
    watch=None,
    progress: bool | None = None,
) -> Runs:
    """Train `build()` once for every run and return all histories and weights.

    `build` returns an ordinary Keras model; `optimizer` is a Keras optimizer, its name, or a function that makes one.
    `runs` is a number (seeds 0, 1, ...) or a list of `Run`; `learning_rate` and `momentum` are for runs without their
    own. Histories hold `loss` (the mean over the epoch's steps of the data loss, as Keras reports it but without
    penalties), `penalty`, `val_loss`, and each metric with and without `val_`. `watch` names further data to evaluate
    after every epoch: `{"test": (x, y)}` adds `test_loss` and so on. `early_stopping` is Keras's own callback, applied
    to each run by itself. The order of the minibatches is fresh in every epoch and comes from a NumPy generator with
    the run's seed. `augment(x, y, seed) -> (x, y)` changes every training minibatch; its seed, two integers for
    TensorFlow's `stateless_` functions, differs by run and step (Keras's random layers go into the model instead).
    `progress` shows a bar (default: where somebody is watching). An interrupt returns the runs that are finished,
    marked as partial.

    Raises ValueError for data, indices, rates, sizes or a model that do not fit, before anything is compiled.
    """
    runs = [Run(seed) for seed in range(runs)] if isinstance(runs, int) else list(runs)
    watch = watch or {}
    optimizer = fresh_optimizer(optimizer)
    runs = [with_defaults(run, learning_rate, momentum, optimizer) for run in runs]
    check_request(split, runs, epochs, batch_size, watch)
    engine, first = prepare(build, split, runs, optimizer, loss, list(metrics), augment)
    data = as_tensor(split.x_train), as_tensor(split.y_train)
    watched = {"val": (split.x_valid, split.y_valid)} | watch
    watched = {name: tuple(map(as_tensor, arrays)) for name, arrays in watched.items() if len(arrays[0])}
    names = ["loss", "penalty", *engine.metric_names]
    names += [f"{part}_{name}" for part in watched for name in ("loss", *engine.metric_names)]
    early_stopping = early_stopping or note_best("val_loss" if "val" in watched else "loss")
    check_monitor(early_stopping, names)

    finished, partial = [], False
    shown = runtime.somebody_is_watching() if progress is None else progress
    with tqdm(total=len(runs) * epochs, unit="epoch", leave=False, disable=not shown) as bar:
        try:
            for number, run in enumerate(runs):
                bar.set_description(f"run {number + 1} of {len(runs)}")
                engine.restart(seeded(build, run.seed) if number else first, run.seed)
                stopper = follow(engine.model, early_stopping)
                finished.append(fit_one(engine, run, data, watched, epochs, batch_size, stopper, bar.update))
                bar.update((number + 1) * epochs - bar.n)
        except KeyboardInterrupt:
            if not finished:
                raise
            partial = True
    return gather(finished, epochs, partial, engine.predict)


def prepare(build, split, runs: list[Run], optimizer, loss, metrics: list, augment) -> tuple:
    """The engine for these runs and the model of the first, which has been checked against data, loss and runs."""
    model = seeded(build, runs[0].seed)
    check_model(model, split, loss, runs)
    if len(runs) > 1 and seeded(build, 0) is model:
        raise ValueError("build() must make a new model each time it is called; it returned the same one twice.")
    example = tf.convert_to_tensor(split.x_train[:2]), tf.convert_to_tensor(split.y_train[:2])
    changes_momentum = any(run.momentum is not None for run in runs)
    asked = {"example": example, "momentum": changes_momentum, "augment": augment}
    return engine_for(model, optimizer, loss, metrics, **asked), model


def fit_one(engine, run: Run, data: tuple, watched: dict, epochs: int, batch_size: int, stopper, report) -> dict:
    """Train one run on a restarted engine and return what it did."""
    x, y, weights = data_of(run, *data)
    rows = np.arange(len(x)) if run.train_index is None else np.asarray(run.train_index)
    steps = -(-len(rows) // batch_size)
    settings = settings_of(run, engine.model.optimizer, epochs * steps)
    orders = orders_of(run, len(rows))
    history, step_losses, failure = [], [], None
    for epoch in range(epochs):
        now = {name: values[epoch * steps : (epoch + 1) * steps] for name, values in settings.items()}
        losses, logs = engine.train_epoch((x, y, weights), rows[next(orders)], batch_size, now)
        for name, arrays in watched.items():
            logs |= {f"{name}_{metric}": value for metric, value in engine.evaluate(*arrays).items()}
        history.append(logs)
        step_losses.append(losses)
        report()
        if not np.isfinite(losses).all():
            step = epoch * steps + int(np.flatnonzero(~np.isfinite(losses))[0])
            rate = settings["learning_rate"][step] if "learning_rate" in settings else engine.rate_at(step)
            failure = f"the loss was no longer finite at step {step + 1} (epoch {epoch + 1}), learning rate {rate:g}"
            break
        stopper.on_epoch_end(epoch, logs)
        if engine.model.stop_training:
            break
    engine.model.optimizer.finalize_variable_values(engine.model.trainable_variables)
    stopper.on_train_end()
    return {
        "history": history,
        "step_losses": np.concatenate(step_losses),
        "weights": engine.model.get_weights(),
        "best_epoch": stopper.best_epoch,
        "failure": failure,
    }


def data_of(run: Run, x, y) -> tuple:
    """Tensors of the run's inputs, targets and sample weights (None: all count the same)."""
    targets = y if run.targets is None else tf.convert_to_tensor(run.targets)
    return x, targets, None if run.sample_weight is None else tf.constant(run.sample_weight, tf.float32)


def settings_of(run: Run, optimizer, steps: int) -> dict[str, np.ndarray]:
    """Learning rate and momentum of every step, where the run has them, by the name of the optimizer's attribute."""
    settings = {} if run.learning_rate is None else {"learning_rate": run.learning_rate}
    if run.momentum is not None:
        settings[momentum_name(optimizer)] = run.momentum
    return {name: np.broadcast_to(values, (steps,)) for name, values in settings.items()}


def orders_of(run: Run, rows: int) -> Iterator[np.ndarray]:
    """The order of the run's rows in each epoch: fresh permutations, or the run's own."""
    generator = np.random.default_rng(run.seed)
    own = None if run.order is None else np.atleast_2d(run.order)
    epoch = 0
    while True:
        yield generator.permutation(rows) if own is None else own[epoch % len(own)]
        epoch += 1


def frozen_order(rows: int, seed: int) -> np.ndarray:
    """The one order of `rows` rows in which `model.fit` takes arrays in every epoch after `tf.random.set_seed(seed)`.

    For `Run(order=...)`, to show what frozen minibatches do; seen with Keras 3.3 to 3.15 on TensorFlow, where the
    shuffle starts again from the same state in every epoch.
    """
    seeds = {"seed": seed, "seed2": 0 if seed else 2**31 - 1}  # TensorFlow takes two zeros for "unseeded"
    epoch = tf.data.Dataset.range(1).map(lambda _: tf.raw_ops.RandomShuffle(value=tf.range(rows), **seeds))
    return next(iter(epoch)).numpy()


def lr_range_test(
    build,
    split,
    *,
    lowest: float,
    highest: float,
    steps: int,
    batch_size: int,
    optimizer,
    loss,
    runs: int = 3,
    augment=None,
) -> tuple[np.ndarray, np.ndarray]:
    """Losses of minibatches while the learning rate grows geometrically from `lowest` to `highest`.

    Returns the rates, shape (steps,), and for each run the loss of every step's own minibatch, shape (runs, steps), NaN
    after the run has diverged (Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3). The
    training is on fresh models and optimizers: nothing of yours changes.

    Raises ValueError as `fit_runs` does, and for fewer than 3 runs or rates that do not grow.
    """
    if runs < 3:
        raise ValueError(f"runs is {runs}; one minibatch says little, so take at least 3.")
    if not 0 < lowest < highest:
        raise ValueError(f"The rates must grow from above 0: lowest is {lowest}, highest is {highest}.")
    rates = np.geomspace(lowest, highest, steps)
    optimizer = fresh_optimizer(optimizer)
    seeds = [with_defaults(Run(seed), lowest, None, optimizer) for seed in range(runs)]
    check_request(split, seeds, 1, batch_size, {})
    engine, first = prepare(build, split, seeds, optimizer, loss, [], augment)
    data = as_tensor(split.x_train), as_tensor(split.y_train), None
    losses = np.full((runs, steps), np.nan)
    for run in range(runs):
        engine.restart(seeded(build, run) if run else first, run)
        order = endless_order(len(split.x_train), steps * batch_size, run)
        for start in range(0, steps, STEPS_BETWEEN_LOOKS):
            now = slice(start, start + STEPS_BETWEEN_LOOKS)
            rows = order[start * batch_size : (start + STEPS_BETWEEN_LOOKS) * batch_size]
            losses[run, now], _ = engine.train_epoch(data, rows, batch_size, {"learning_rate": rates[now]})
            if has_diverged(losses[run, : now.stop]):
                break
    return rates, losses


def endless_order(rows: int, length: int, seed: int) -> np.ndarray:
    """Indices of `length` rows: one permutation of all rows after the other."""
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.permutation(rows) for _ in range(-(-length // rows))])[:length]


def has_diverged(losses: np.ndarray) -> bool:
    """Whether the latest losses are not finite, or on average far above the lowest average before."""
    means = [losses[start : start + STEPS_BETWEEN_LOOKS].mean() for start in range(0, len(losses), STEPS_BETWEEN_LOOKS)]
    return not np.isfinite(means[-1]) or means[-1] > DIVERGED * min(means)


def suggested_rates(rates: np.ndarray, losses: np.ndarray) -> dict[str, float]:
    """Learning rates that a range test suggests, by the rule that picks them.

    Both rules look at the median over the runs, smoothed over a twentieth of the steps, as far as all runs have got.
    """
    finite = np.isfinite(losses).all(axis=0)
    until = len(finite) if finite.all() else int(finite.argmin())
    if until < 3:
        raise ValueError("The runs diverged within three steps: begin the range test at a lower rate.")
    median = gaussian_filter1d(np.median(losses[:, :until], axis=0), len(rates) / 20, mode="nearest")
    return {
        "steepest descent of the loss": float(rates[np.gradient(median).argmin()]),
        "a tenth of the rate with the lowest loss": float(rates[median.argmin()] / 10),
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


def with_defaults(run: Run, learning_rate, momentum, optimizer) -> Run:
    """The run with the call's learning rate and momentum where it has none of its own, or else the optimizer's rate."""
    rate = learning_rate if run.learning_rate is None else run.learning_rate
    own = optimizer.get_config()["learning_rate"]
    if not isinstance(own, float) and rate is not None:
        raise ValueError("The optimizer has a learning-rate schedule, and learning_rate is given too: choose one.")
    if isinstance(own, float) and rate is None:
        rate = own
    return replace(run, learning_rate=rate, momentum=momentum if run.momentum is None else run.momentum)


def fresh_optimizer(optimizer):
    """A new optimizer as `optimizer` describes it: a Keras optimizer, its name, or a function that makes one."""
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer).from_config(optimizer.get_config())
    return optimizer() if callable(optimizer) else keras.optimizers.get(optimizer)
