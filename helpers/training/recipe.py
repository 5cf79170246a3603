"""Many runs for the price of one: train the same Keras model over seeds, folds, bootstraps, labels or learning rates.

`fit_runs` compiles once and trains every run with the same program; what differs between the runs are plain values.
The program is the engine of the Keras backend: with TensorFlow one run after the other, with JAX all of them at once.
"""

import copy
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import keras
import numpy as np
from scipy.ndimage import gaussian_filter1d
from tqdm.auto import tqdm

from helpers import runtime
from helpers.training.engine import momentum_name, seeded
from helpers.training.checks import check_model, check_monitor, check_request

ENGINES = {
    "tensorflow": "helpers.training.tensorflow_engine",
    "jax": "helpers.training.jax_engine",
}  # by Keras's backend
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
    failures: dict[int, str] = field(
        default_factory=dict
    )  # run -> at which step and rate it diverged
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
    the run's seed. `augment(x, y, seed) -> (x, y)` changes every training minibatch; its seed, two integers, differs
    by run and step (Keras's random layers go into the model instead).
    `progress` shows a bar (default: where somebody is watching). An interrupt returns the runs that are finished,
    marked as partial.

    Raises ValueError for data, indices, rates, sizes or a model that do not fit, before anything is compiled.
    """
    runs = [Run(seed) for seed in range(runs)] if isinstance(runs, int) else list(runs)
    watch = watch or {}
    optimizer = fresh_optimizer(optimizer)
    runs = [with_defaults(run, learning_rate, momentum, optimizer) for run in runs]
    check_request(split, runs, epochs, batch_size, watch)
    room, engine, first = prepare(build, split, runs, optimizer, loss, list(metrics), augment)
    data = room.as_tensor(split.x_train), room.as_tensor(split.y_train)
    watched = {"val": (split.x_valid, split.y_valid)} | watch
    watched = {
        name: tuple(map(room.as_tensor, arrays))
        for name, arrays in watched.items()
        if len(arrays[0])
    }
    names = ["loss", "penalty", *engine.metric_names]
    names += [f"{part}_{name}" for part in watched for name in ("loss", *engine.metric_names)]
    early_stopping = early_stopping or note_best("val_loss" if "val" in watched else "loss")
    check_monitor(early_stopping, names)

    rows = [
        np.arange(len(split.x_train)) if run.train_index is None else np.asarray(run.train_index)
        for run in runs
    ]
    records, partial = [], False
    shown = runtime.somebody_is_watching() if progress is None else progress
    with tqdm(total=len(runs) * epochs, unit="epoch", leave=False, disable=not shown) as bar:
        try:
            for group in engine.groups([len(each) for each in rows]):
                bar.set_description(f"run {group[-1] + 1} of {len(runs)}")
                members = [runs[number] for number in group]
                engine.restart(
                    fresh_models(build, runs, group, first), [run.seed for run in members]
                )
                for number, model in zip(group, engine.members, strict=True):
                    steps = epochs * -(-len(rows[number]) // batch_size)
                    settings = settings_of(runs[number], engine.model.optimizer, steps)
                    orders = orders_of(runs[number], len(rows[number]))
                    records.append(
                        Record(
                            number, rows[number], orders, settings, follow(model, early_stopping)
                        )
                    )
                tensors = engine.data_of(members, *data)
                fit_group(
                    engine, records[-len(group) :], epochs, tensors, watched, batch_size, bar.update
                )
                bar.update(epochs * len(records) - bar.n)
        except KeyboardInterrupt:
            records, partial = [record for record in records if record.weights is not None], True
            if not records:
                raise
    return gather(
        sorted(records, key=lambda record: record.number), epochs, partial, engine.predict
    )


def prepare(build, split, runs: list[Run], optimizer, loss, metrics: list, augment) -> tuple:
    """The room of the Keras backend, its engine for these runs, and the first run's model, checked against the data."""
    room = engine_room()
    model = seeded(build, runs[0].seed)
    check_model(model, split, loss, runs)
    if len(runs) > 1 and seeded(build, 0) is model:
        raise ValueError(
            "build() must make a new model each time it is called; it returned the same one twice."
        )
    example = room.as_tensor(split.x_train[:2]), room.as_tensor(split.y_train[:2])
    changes_momentum = any(run.momentum is not None for run in runs)
    asked = {"example": example, "momentum": changes_momentum, "augment": augment}
    return room, room.engine_for(model, optimizer, loss, metrics, **asked), model


def engine_room():
    """The module with the engine of Keras's backend. Raises ValueError where there is none."""
    backend = keras.backend.backend()
    if backend not in ENGINES:
        raise ValueError(
            f"fit_runs cannot train with {backend!r}: set KERAS_BACKEND to {' or '.join(ENGINES)}."
        )
    return importlib.import_module(ENGINES[backend])


def fresh_models(build, runs: list[Run], group: list[int], first) -> list:
    """A model for each run of the group; that of the very first run is there already."""
    return [seeded(build, runs[number].seed) if number else first for number in group]


@dataclass
class Record:
    """One run in training: what it is to do, and what it has done so far; `weights` come when it has ended."""

    number: int
    rows: np.ndarray  # its training rows
    orders: Iterator[np.ndarray]  # of these rows, one for each epoch
    settings: dict[str, np.ndarray]  # learning rate and momentum, one for each step
    stopper: keras.callbacks.EarlyStopping
    history: list[dict] = field(default_factory=list)
    step_losses: list[np.ndarray] = field(default_factory=list)
    failure: str | None = None
    weights: list[np.ndarray] | None = None


def fit_group(
    engine, records: list, epochs: int, data: tuple, watched: dict, batch_size: int, report
) -> None:
    """Train runs of equally many rows on a restarted engine, an epoch of all at a time, until each has stopped."""
    steps = -(-len(records[0].rows) // batch_size)
    for epoch in range(epochs):
        orders = [record.rows[next(record.orders)] for record in records]
        now = slice(epoch * steps, (epoch + 1) * steps)
        settings = [
            {name: values[now] for name, values in record.settings.items()} for record in records
        ]
        trained = engine.train_epoch(data, orders, batch_size, settings)
        for name, arrays in watched.items():
            for (_, logs), found in zip(trained, engine.evaluate(*arrays), strict=True):
                logs |= {f"{name}_{metric}": value for metric, value in found.items()}
        going = [place for place, record in enumerate(records) if record.weights is None]
        report(len(going))
        for place in going:
            losses, logs = trained[place]
            note(records[place], losses, logs, engine, settings[place])
            if (
                records[place].failure
                or records[place].stopper.model.stop_training
                or epoch == epochs - 1
            ):
                engine.finalize(place)
                records[place].stopper.on_train_end()
                records[place].weights = engine.members[place].get_weights()
        if all(record.weights is not None for record in records):
            break


def note(
    record: Record, losses: np.ndarray, logs: dict[str, float], engine, settings: dict
) -> None:
    """Take down what the run did in an epoch, and show it to the callback, or say where it diverged."""
    epoch = len(record.history)
    record.history.append(logs)
    record.step_losses.append(losses)
    if np.isfinite(losses).all():
        record.stopper.on_epoch_end(epoch, logs)
    else:
        step = int(np.flatnonzero(~np.isfinite(losses))[0])
        total = sum(map(len, record.step_losses[:-1])) + step
        rate = (
            settings["learning_rate"][step]
            if "learning_rate" in settings
            else engine.rate_at(total)
        )
        where = f"at step {total + 1} (epoch {epoch + 1}), learning rate {rate:g}"
        record.failure = f"the loss was no longer finite {where}"


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
    import tensorflow as tf  # only here: the JAX engine needs none

    seeds = {
        "seed": seed,
        "seed2": 0 if seed else 2**31 - 1,
    }  # TensorFlow takes two zeros for "unseeded"
    epoch = tf.data.Dataset.range(1).map(
        lambda _: tf.raw_ops.RandomShuffle(value=tf.range(rows), **seeds)
    )
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
        raise ValueError(
            f"The rates must grow from above 0: lowest is {lowest}, highest is {highest}."
        )
    rates = np.geomspace(lowest, highest, steps)
    optimizer = fresh_optimizer(optimizer)
    seeds = [with_defaults(Run(seed), lowest, None, optimizer) for seed in range(runs)]
    check_request(split, seeds, 1, batch_size, {})
    room, engine, first = prepare(build, split, seeds, optimizer, loss, [], augment)
    data = room.as_tensor(split.x_train), room.as_tensor(split.y_train)
    losses = np.full((runs, steps), np.nan)
    for group in engine.groups([len(split.x_train)] * runs):
        engine.restart(fresh_models(build, seeds, group, first), group)
        tensors = engine.data_of([seeds[number] for number in group], *data)
        orders = [endless_order(len(split.x_train), steps * batch_size, number) for number in group]
        going = set(group)
        for start in range(0, steps, STEPS_BETWEEN_LOOKS):
            now = slice(start, start + STEPS_BETWEEN_LOOKS)
            rows = [order[start * batch_size : now.stop * batch_size] for order in orders]
            trained = engine.train_epoch(
                tensors, rows, batch_size, [{"learning_rate": rates[now]}] * len(group)
            )
            for number, (found, _) in zip(group, trained, strict=True):
                losses[number, now] = found if number in going else np.nan
            going = {number for number in going if not has_diverged(losses[number, : now.stop])}
            if not going:
                break
    return rates, losses


def endless_order(rows: int, length: int, seed: int) -> np.ndarray:
    """Indices of `length` rows: one permutation of all rows after the other."""
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.permutation(rows) for _ in range(-(-length // rows))])[:length]


def has_diverged(losses: np.ndarray) -> bool:
    """Whether the latest losses are not finite, or on average far above the lowest average before."""
    means = [
        losses[start : start + STEPS_BETWEEN_LOOKS].mean()
        for start in range(0, len(losses), STEPS_BETWEEN_LOOKS)
    ]
    return not np.isfinite(means[-1]) or means[-1] > DIVERGED * min(means)


def suggested_rates(rates: np.ndarray, losses: np.ndarray) -> dict[str, float]:
    """Learning rates that a range test suggests, by the rule that picks them.

    Both rules look at the median over the runs, smoothed over a twentieth of the steps, as far as all runs have got.
    """
    finite = np.isfinite(losses).all(axis=0)
    until = len(finite) if finite.all() else int(finite.argmin())
    if until < 3:
        raise ValueError(
            "The runs diverged within three steps: begin the range test at a lower rate."
        )
    median = gaussian_filter1d(
        np.median(losses[:, :until], axis=0), len(rates) / 20, mode="nearest"
    )
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
    callback = keras.callbacks.EarlyStopping(monitor=monitor, patience=10**9)
    callback.monitor_op = np.less  # Keras's own takes a tensor's time for two numbers
    return callback


def gather(records: list[Record], epochs: int, partial: bool, forward) -> Runs:
    """One `Runs` of what the single runs did, padded with NaN."""
    names = list(records[0].history[0])
    history = {name: np.full((len(records), epochs), np.nan) for name in names}
    for place, record in enumerate(records):
        for name in names:
            history[name][place, : len(record.history)] = [logs[name] for logs in record.history]
    return Runs(
        history=history,
        step_losses=[np.concatenate(record.step_losses) for record in records],
        weights=[record.weights for record in records],
        best_epoch=np.array([record.stopper.best_epoch for record in records]),
        epochs=np.array([len(record.history) for record in records]),
        failures={place: record.failure for place, record in enumerate(records) if record.failure},
        partial=partial,
        _forward=forward,
    )


def with_defaults(run: Run, learning_rate, momentum, optimizer) -> Run:
    """The run with the call's learning rate and momentum where it has none of its own, or else the optimizer's rate."""
    rate = learning_rate if run.learning_rate is None else run.learning_rate
    own = optimizer.get_config()["learning_rate"]
    if not isinstance(own, float) and rate is not None:
        raise ValueError(
            "The optimizer has a learning-rate schedule, and learning_rate is given too: choose one."
        )
    if isinstance(own, float) and rate is None:
        rate = own
    return replace(
        run, learning_rate=rate, momentum=momentum if run.momentum is None else run.momentum
    )


def fresh_optimizer(optimizer):
    """A new optimizer as `optimizer` describes it: a Keras optimizer, its name, or a function that makes one."""
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer).from_config(optimizer.get_config())
    return optimizer() if callable(optimizer) else keras.optimizers.get(optimizer)
