"""The loop over epochs: trains the runs of a recipe, follows each, and gathers what they did."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import keras
import numpy as np
from tqdm.auto import tqdm

from helpers import display, runtime
from helpers.nets.momentum import momentum_name
from helpers.training.checks import (
    check_initial,
    check_loss,
    check_model,
    check_monitor,
    warn_of_saturation,
)
from helpers.training.engine import TRAINING, Engine, engine_for, excludes_weights, state_of
from helpers.training.initial import initial_values
from helpers.training.run import Run
from helpers.training.runs import HeldOut, Runs
from helpers.training.seeding import seeded

FORM = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} epochs [{elapsed}]"
"""Of the progress bar; it cannot know how much more its cell will train, so it promises no end."""
QUICK: dict[Any, Any] = {  # two numbers compared in float32, as Keras does, but without its tensors
    keras.ops.less: lambda value, other: np.float32(value) < np.float32(other),
    keras.ops.greater: lambda value, other: np.float32(value) > np.float32(other),
}


@dataclass
class Record:
    """One run in training: what it is to do, and what it has done; `weights` come last."""

    number: int
    rows: np.ndarray  # its training rows
    orders: Iterator[np.ndarray]  # of these rows, one for each epoch
    settings: dict[str, np.ndarray]  # learning rate and momentum, one for each step
    stopper: Any  # Keras's early stopping, with the model that it watches
    history: list[dict] = field(default_factory=list)
    step_losses: list[np.ndarray] = field(default_factory=list)
    failure: str | None = None
    final_weights: list[np.ndarray] | None = None  # before early stopping restores the best
    weights: list[np.ndarray] | None = None


@dataclass(frozen=True)
class Watched:
    """Data to evaluate after every epoch, and which rows count for each run (None: all)."""

    x: object
    y: object
    rows: list | None = None


@dataclass(frozen=True)
class Job:
    """All that the loop needs to know: the recipe, the data as tensors, and the runs."""

    recipe: Any  # a Recipe, whose module imports this one
    engine: Engine
    runs: list[Run]
    initial: Callable[[int], list]  # what a fresh model begins with, by the seed of a run
    data: tuple  # tensors x, y of the training part
    watched: dict[str, Watched]

    @cached_property
    def rows(self) -> list[np.ndarray]:
        """The training rows of each run."""
        every = np.arange(len(self.data[0]))
        return [
            every if run.train_rows is None else np.asarray(run.train_rows) for run in self.runs
        ]


def fit(recipe, split, runs: list[Run], watch: dict, progress: bool | None) -> Runs:
    """Train a checked request; see `Recipe.fit`."""
    shown = runtime.somebody_is_watching() if progress is None else progress
    number = display.times_in_cell()
    place = f"training {number} of this cell, " if number > 1 else ""
    with TRAINING, tqdm(bar_format=FORM, leave=False, disable=not shown) as bar:
        job = prepare(recipe, split, runs, watch)
        names = ["loss", "penalty", *job.engine.metric_names]
        names += [
            f"{part}_{name}" for part in job.watched for name in ("loss", *job.engine.metric_names)
        ]
        stopping = recipe.early_stopping
        stopping = stopping or note_best("val_loss" if "val" in job.watched else "loss")
        check_monitor(stopping, names)
        bar.reset(total=len(runs) * recipe.epochs)
        records, partial = [], False
        try:
            for group in job.engine.groups(sizes_of(job)):
                bar.set_description(f"{place}run {group[-1] + 1} of {len(runs)}")
                records += begin(job, group, stopping)
                fit_group(job, records[-len(group) :], group, bar.update)
                bar.update(recipe.epochs * len(records) - bar.n)
        except KeyboardInterrupt:
            records, partial = [record for record in records if record.weights is not None], True
            if not records:
                raise
    return gather(job, split, sorted(records, key=lambda record: record.number), partial)


def prepare(recipe, split, runs: list[Run], watch: dict) -> Job:
    """The engine of the Keras backend for these runs, with the data as tensors.

    Raises ValueError for a model that does not fit the data.
    """
    kind = engine_class()
    first = seeded(recipe.build, runs[0].seed)
    check_model(first, split)
    check_initial(first, runs)
    check_loss(first, split, recipe, runs, watch)
    warn_of_saturation(first, recipe.loss)
    initial = initial_values(recipe.build, first, [run.seed for run in runs])
    engine = engine_for(
        kind,
        first,
        fresh_optimizer(recipe.optimizer),
        recipe.loss,
        list(recipe.metrics),
        example=(split.x_train[:2], split.y_train[:2]),
        momentum=any(run.momentum is not None for run in runs),
        augment=recipe.augment,
    )
    data = kind.as_tensor(split.x_train), kind.as_tensor(split.y_train)
    return Job(recipe, engine, runs, initial, data, watched_of(kind, split, runs, watch, data))


def engine_class() -> type[Engine]:
    """The engine of Keras's backend. Raises ValueError where there is none."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        from helpers.training.tensorflow_engine import TensorFlowEngine

        return TensorFlowEngine
    if backend == "jax":
        from helpers.training.jax_engine import JaxEngine

        return JaxEngine
    raise ValueError(f"There is no engine for {backend!r}: set KERAS_BACKEND to tensorflow or jax.")


def watched_of(kind, split, runs: list[Run], watch: dict, data: tuple) -> dict[str, Watched]:
    """The validation data and what else is watched; rows of runs are of the training data."""
    own = [run.valid_rows for run in runs]
    watched = {
        name: Watched(kind.as_tensor(x), kind.as_tensor(y))
        for name, (x, y) in watch.items()
        if len(x)
    }
    if own[0] is not None:
        rows = [np.asarray(each, np.int32) for each in own]
        return {"val": Watched(data[0], data[1], rows)} | watched
    if len(split.x_valid):
        validation = kind.as_tensor(split.x_valid), kind.as_tensor(split.y_valid)
        return {"val": Watched(*validation)} | watched
    return watched


def sizes_of(job: Job) -> list[tuple[int, int]]:
    """For each run the numbers of its training rows and of its own validation rows."""
    own = job.watched["val"].rows if "val" in job.watched else None
    validation = [0] * len(job.runs) if own is None else [len(rows) for rows in own]
    return [(len(rows), count) for rows, count in zip(job.rows, validation, strict=True)]


def begin(job: Job, group: list[int], stopping: keras.callbacks.EarlyStopping) -> list[Record]:
    """Restart the engine with fresh models for the runs of a group; a record of each."""
    restart(job, group)
    records = []
    for number, model in zip(group, job.engine.members, strict=True):
        run, rows = job.runs[number], job.rows[number]
        steps = job.recipe.epochs * -(-len(rows) // job.recipe.batch_size)
        settings = settings_of(run, job.engine.model.optimizer, steps)
        records.append(
            Record(number, rows, orders_of(run, len(rows)), settings, follow(model, stopping))
        )
    return records


def restart(job: Job, group: list[int]) -> None:
    """Begin the runs of a group, each as a fresh model begins, or with weights of its own."""
    seeds = [job.runs[number].seed for number in group]
    states = [job.initial(seed) for seed in seeds]
    for place, number in enumerate(group):
        given = job.runs[number].initial_weights
        if given is not None:
            states[place] = with_weights(job.engine.model, states[place], given)
    job.engine.restart(states, seeds)


def with_weights(model, state: list, weights: list[np.ndarray]) -> list:
    """The state of a fresh model with these weights in place of its own."""
    given = {id(variable): values for variable, values in zip(model.weights, weights, strict=True)}
    variables = zip(state_of(model), state, strict=True)
    return [given.get(id(variable), values) for variable, values in variables]


def fit_group(job: Job, records: list[Record], group: list[int], report) -> None:
    """Train runs of equally many rows, an epoch of all at a time, until each has stopped."""
    engine, epochs, batch_size = job.engine, job.recipe.epochs, job.recipe.batch_size
    data = engine.data_of([job.runs[number] for number in group], *job.data)
    steps = -(-len(records[0].rows) // batch_size)
    for epoch in range(epochs):
        orders = [record.rows[next(record.orders)] for record in records]
        now = slice(epoch * steps, (epoch + 1) * steps)
        settings = [{name: v[now] for name, v in record.settings.items()} for record in records]
        trained = engine.train_epoch(data, orders, batch_size, settings)
        evaluate(job, group, trained)
        going = [place for place, record in enumerate(records) if record.weights is None]
        report(len(going))
        for place in going:
            record, (losses, logs) = records[place], trained[place]
            note(record, losses, logs, job.recipe.optimizer, settings[place])
            if record.failure or record.stopper.model.stop_training or epoch == epochs - 1:
                engine.finalize(place)
                record.final_weights = engine.members[place].get_weights()
                record.stopper.on_train_end()
                record.weights = engine.members[place].get_weights()
        if all(record.weights is not None for record in records):
            break


def evaluate(job: Job, group: list[int], trained: list[tuple]) -> None:
    """Add to the logs of each run of the group what the watched data say."""
    for name, watched in job.watched.items():
        rows = None if watched.rows is None else [watched.rows[number] for number in group]
        found = job.engine.evaluate(watched.x, watched.y, rows)
        for (_, logs), values in zip(trained, found, strict=True):
            logs |= {f"{name}_{metric}": value for metric, value in values.items()}


def note(record: Record, losses: np.ndarray, logs: dict, optimizer, settings: dict) -> None:
    """Record what the run did in an epoch; tell the callback, or where it diverged."""
    epoch = len(record.history)
    record.history.append(logs)
    record.step_losses.append(losses)
    if np.isfinite(losses).all():
        stopper = record.stopper
        stopper.on_epoch_end(epoch, logs)
        stopper.monitor_op = QUICK.get(stopper.monitor_op, stopper.monitor_op)
        return
    step = int(np.flatnonzero(~np.isfinite(losses))[0])
    total = sum(map(len, record.step_losses[:-1])) + step
    own = "learning_rate" in settings
    rate = settings["learning_rate"][step] if own else rate_at(fresh_optimizer(optimizer), total)
    where = f"at step {total + 1} (epoch {epoch + 1}), learning rate {rate:g}"
    record.failure = f"the loss was no longer finite {where}"


def settings_of(run: Run, optimizer, steps: int) -> dict[str, np.ndarray]:
    """Learning rate and momentum of every step, by the optimizer's name for them."""
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


def follow(model, early_stopping) -> keras.callbacks.EarlyStopping:
    """A copy of Keras's callback, ready to follow the training of `model`."""
    stopper = copy.copy(early_stopping)
    stopper.set_model(model)
    stopper.on_train_begin()
    return stopper


def note_best(monitor: str) -> keras.callbacks.EarlyStopping:
    """A callback that never stops and only notes the epoch with the lowest value."""
    callback: Any = keras.callbacks.EarlyStopping(monitor=monitor, patience=10**9)
    callback.monitor_op = np.less  # Keras's own takes a tensor's time for two numbers
    return callback


def gather(job: Job, split, records: list[Record], partial: bool) -> Runs:
    """One `Runs` of what the single runs did, padded with NaN."""
    names = list(records[0].history[0])
    history = {name: np.full((len(records), job.recipe.epochs), np.nan) for name in names}
    for place, record in enumerate(records):
        for name in names:
            values = [logs[name] for logs in record.history]
            history[name][place, : len(record.history)] = values
    return Runs(
        history=history,
        step_losses=[np.concatenate(record.step_losses) for record in records],
        weights=[record.weights or [] for record in records],
        final_weights=[record.final_weights or [] for record in records],
        best_epoch=np.array([record.stopper.best_epoch for record in records]),
        epochs=np.array([len(record.history) for record in records]),
        forward=job.engine.predict,
        loss=keras.losses.get(job.recipe.loss),
        metrics=tuple(job.recipe.metrics),
        test_data=[test_data(split, job.runs[record.number]) for record in records],
        failures={place: record.failure for place, record in enumerate(records) if record.failure},
        partial=partial,
    )


def test_data(split, run: Run) -> HeldOut:
    """What the run is tested on: its own rows of the pool, or the test part of the split."""
    if run.test_rows is not None:
        return HeldOut(split.x_train, split.y_train, np.asarray(run.test_rows))
    return HeldOut(split.x_test, split.y_test)


# The optimizer and its rate -----------------------------------------------------------------------


def fresh_optimizer(optimizer) -> keras.optimizers.Optimizer:
    """A new optimizer, as one of Keras's, its name or a function describes it.

    Raises ValueError for anything else.
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            "The optimizer is a LossScaleOptimizer: give the one that it holds. Where weights are "
            "float16, Keras scales the loss by itself."
        )
    if isinstance(optimizer, keras.optimizers.Optimizer):
        if excludes_weights(optimizer):
            raise ValueError(
                "The optimizer excludes weights from its decay, which its description leaves out: "
                "give a function that makes it."
            )
        return type(optimizer).from_config(optimizer.get_config())
    found = optimizer() if callable(optimizer) else keras.optimizers.get(optimizer)
    if not isinstance(found, keras.optimizers.Optimizer):
        raise ValueError(
            f"optimizer is {optimizer!r}, which gives {found!r}; it must be an optimizer of Keras, "
            'its name, or a function that makes one: keras.optimizers.SGD(0.1), "adam".'
        )
    return found


def with_defaults(runs: list[Run], optimizer: keras.optimizers.Optimizer) -> list[Run]:
    """The runs with the optimizer's learning rate and momentum where others have one of their own.

    Raises ValueError for a rate of a run beside an optimizer with a schedule.
    """
    config = optimizer.get_config()
    defaults = {}
    if isinstance(config["learning_rate"], float):
        defaults["learning_rate"] = config["learning_rate"]
    elif any(run.learning_rate is not None for run in runs):
        raise ValueError(
            "The optimizer has a learning-rate schedule, and a run has a learning_rate too: "
            "choose one."
        )
    if any(run.momentum is not None for run in runs):
        defaults["momentum"] = config[momentum_name(optimizer)]
    return [
        replace(run, **{name: v for name, v in defaults.items() if getattr(run, name) is None})
        for run in runs
    ]


def rate_at(optimizer: Any, step: int) -> float:
    """The learning rate of an optimizer with a schedule at a step counted from 0."""
    optimizer.iterations.assign(step)
    return np.asarray(keras.ops.convert_to_numpy(optimizer.learning_rate)).item()
