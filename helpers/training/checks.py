"""What a recipe refuses before anything is compiled, and what would be right instead."""

import warnings
from functools import cache
from itertools import combinations
from numbers import Integral

import keras
import numpy as np

from helpers.runtime import with_jax

SEEDS_END = 2**32  # NumPy, scikit-learn and JAX take seeds below it
MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")
"""What Keras calls a loss that is a mean over rows."""


def check_request(split, runs: list, recipe, watch: dict) -> None:
    """Raise ValueError unless the data are complete, and what the runs have fits them."""
    if not runs:
        raise ValueError("runs is empty: ask for at least one run.")
    check_recipe(recipe)
    check_parts(split)
    if len(split.x_train) == 0:
        raise ValueError("x_train is empty: give at least one training row.")
    check_watch(watch)
    for name, x, y in parts_of(split, watch):
        check_data(name, x, y, split)
    for number, run in enumerate(runs):
        try:
            check_run(run, split, recipe)
        except ValueError as error:
            raise ValueError(f"Run {number}: {error}") from None
    for name in ("valid_rows", "test_rows"):
        if len({getattr(run, name) is None for run in runs}) == 2:
            raise ValueError(
                f"Some runs have {name} and some have none: give them to all, or to none."
            )


def check_recipe(recipe) -> None:
    """What a recipe holds must be of the right kinds; the optimizer was looked at before."""
    if isinstance(recipe.build, keras.Model) or not callable(recipe.build):
        raise ValueError(
            f"build is {recipe.build!r}; it must be a function that makes a new model each time: "
            "put the lines that make the model into one, and give its name."
        )
    for name in ("epochs", "batch_size"):
        value = getattr(recipe, name)
        if not is_whole(value) or value < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1.")
    if not isinstance(recipe.metrics, list | tuple):
        raise ValueError(f"metrics is {recipe.metrics!r}; it must be a list: ['mae'].")
    for metric in recipe.metrics:
        if not isinstance(metric, str) and not callable(metric):
            raise ValueError(
                f"metrics holds {metric!r}; give names, metrics of Keras's, or functions."
            )
    if recipe.augment is not None and not callable(recipe.augment):
        raise ValueError(
            f"augment is {recipe.augment!r}; it must be a function augment(x, y, seed) -> (x, y)."
        )


def check_parts(split) -> None:
    """A split must have inputs and targets in three parts, of which some may be empty."""
    names = [f"{side}_{part}" for part in ("train", "valid", "test") for side in "xy"]
    missing = [name for name in names if not hasattr(split, name)]
    if missing:
        raise ValueError(
            f"split is a {type(split).__name__} without {', '.join(missing)}; give what "
            "datasets.load returns, or make a datasets.Split of your own arrays."
        )


def check_watch(watch: dict) -> None:
    """Further data need a name of their own, and inputs with targets."""
    if not isinstance(watch, dict):
        raise ValueError(f'watch is a {type(watch).__name__}; give names: {{"test": (x, y)}}.')
    for name, data in watch.items():
        if name == "val":
            raise ValueError('"val" is the name of the validation data: watch under another name.')
        if not isinstance(data, tuple | list) or len(data) != 2:
            raise ValueError(f"watch[{name!r}] must be a pair (x, y): inputs and targets.")


def is_whole(value) -> bool:
    """Whether the value is a whole number, of Python's or NumPy's, and no truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_range(runs: list, optimizer, lowest: float, highest: float, steps: int) -> None:
    """Raise ValueError unless runs, optimizer, rates and steps make a range test."""
    if len(runs) < 3:
        raise ValueError(f"There are {len(runs)} runs; one minibatch says little: take at least 3.")
    if not isinstance(optimizer.get_config()["learning_rate"], float):
        raise ValueError(
            "The optimizer has a learning-rate schedule, but a range test sets the learning rate: "
            "give it a number."
        )
    if not 0 < lowest < highest < np.inf:
        raise ValueError(
            f"The rates must grow from above 0: lowest is {lowest}, highest is {highest}."
        )
    if not is_whole(steps) or steps < 3:
        raise ValueError(f"steps is {steps!r}; a curve needs a whole number of at least 3.")
    for number, run in enumerate(runs):
        if run.learning_rate is not None:
            raise ValueError(
                f"Run {number} has a learning_rate, but a range test sets the learning rate."
            )
        if run.order is not None:
            raise ValueError(f"Run {number} has an order, but a range test takes fresh ones.")
        if np.ndim(run.momentum) > 0:
            raise ValueError(f"Run {number} has many momenta; a range test takes one momentum.")


def parts_of(split, watch: dict) -> list[tuple]:
    """All data, each with its name: the parts of the split, and those to watch."""
    parts = [
        ("train", split.x_train, split.y_train),
        ("valid", split.x_valid, split.y_valid),
        ("test", split.x_test, split.y_test),
    ]
    return parts + [(name, *data) for name, data in watch.items()]


def check_data(name: str, x, y, split) -> None:
    """Rows of x and y must be equally many, shaped as the training rows, numeric, and finite."""
    for side, values, like in ((f"x_{name}", x, split.x_train), (f"y_{name}", y, split.y_train)):
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
            kind = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
            raise ValueError(f"{side} is {kind}; it must be a NumPy array of numbers.")
        if len(values) and values.shape[1:] != like.shape[1:]:
            raise ValueError(
                f"{side} has shape {values.shape}; "
                f"after the first axis it must be {like.shape[1:]}."
            )
        if len(values) and not np.isfinite([values.min(), values.max()]).all():
            bad = np.sum(~np.isfinite(values))
            raise ValueError(
                f"{side} holds {bad} values that are NaN or infinite: "
                "remove those rows or fill them in."
            )
    if len(x) != len(y):
        raise ValueError(
            f"x_{name} has {len(x)} rows and y_{name} has {len(y)}: they must be equally many."
        )


def check_run(run, split, recipe) -> None:
    """What one run has of its own must fit the data and the number of steps."""
    if not is_whole(run.seed) or not 0 <= run.seed < SEEDS_END:
        raise ValueError(
            f"seed is {run.seed!r}; it must be a whole number of at least 0, and below 2**32."
        )
    n = len(split.x_train)
    for name in ("train_rows", "valid_rows", "test_rows"):
        check_rows(name, getattr(run, name), n)
    check_apart(run, n)
    rows = n if run.train_rows is None else len(run.train_rows)
    if recipe.batch_size > rows:
        raise ValueError(
            f"batch_size is {recipe.batch_size}, but there are {rows} training rows: "
            "choose a smaller one."
        )
    for name, shape in (("targets", np.shape(split.y_train)), ("sample_weight", (n,))):
        values = getattr(run, name)
        if values is None:
            continue
        if np.asarray(values).dtype.kind not in "fiub":
            raise ValueError(f"{name} is {values!r:.60}; it must hold numbers, shape {shape}.")
        if np.shape(values) != shape or not np.isfinite(values).all():
            raise ValueError(
                f"{name} has shape {np.shape(values)}; it must be {shape}, and all finite."
            )
    check_order(run.order, rows, recipe.epochs)
    check_steps(run, recipe.epochs * -(-rows // recipe.batch_size))


def check_rows(name: str, rows, n: int) -> None:
    """Rows of a run must be numbers of rows of x_train."""
    if rows is None:
        return
    rows = np.asarray(rows)
    if len(rows) and (rows.ndim != 1 or rows.dtype.kind not in "iu"):
        raise ValueError(
            f"{name} must be a list of whole numbers (for a mask: np.flatnonzero(mask))."
        )
    if len(rows) == 0 or rows.min() < 0 or rows.max() >= n:
        raise ValueError(f"{name} must hold row numbers from 0 to {n - 1}, and at least one.")


def check_apart(run, n: int) -> None:
    """No row may be trained on and used for validation or test, nor be in both of these."""
    held = {name: getattr(run, name) for name in ("valid_rows", "test_rows")}
    held = {name: rows for name, rows in held.items() if rows is not None}
    if held and run.train_rows is None:
        names = " and ".join(held)
        raise ValueError(
            f"It has {names}, but trains on all rows: give it train_rows without them."
        )
    parts = {"train_rows": run.train_rows, **held} if held else {}
    for (name, rows), (other, others) in combinations(parts.items(), 2):
        shared = np.intersect1d(rows, others)
        if len(shared):
            some = ", ".join(map(str, shared[:5])) + (" ..." if len(shared) > 5 else "")
            raise ValueError(
                f"{name} and {other} have {len(shared)} in common ({some}): no row may be in both."
            )


def check_order(order, rows: int, epochs: int) -> None:
    """An order must be a permutation of the training rows, or one for each epoch."""
    if order is None:
        return
    order = np.asarray(order)
    shapes = (rows,), (epochs, rows)
    if order.shape not in shapes or (np.sort(order) != np.arange(rows)).any():
        raise ValueError(
            f"order has shape {order.shape}; it must be a permutation of 0 to {rows - 1}, "
            f"or one for each of the {epochs} epochs."
        )


def check_steps(run, steps: int) -> None:
    """Rates and momenta must be one number, or one for each step."""
    for name in ("learning_rate", "momentum"):
        values = getattr(run, name)
        if values is None:
            continue
        if np.asarray(values).dtype.kind not in "fiu":
            raise ValueError(f"{name} is {values!r}; it must be a number, or one for each step.")
        if np.shape(values) not in ((), (steps,)) or not np.isfinite(values).all():
            raise ValueError(
                f"{name} has shape {np.shape(values)}; it must be one number, or one for each of "
                f"the {steps} steps, and finite."
            )
    if run.learning_rate is not None and np.min(run.learning_rate) < 0:
        raise ValueError(f"learning_rate is {np.min(run.learning_rate)}; it must not be negative.")
    if run.momentum is not None and (np.min(run.momentum) < 0 or np.max(run.momentum) >= 1):
        raise ValueError("momentum must be at least 0 and less than 1.")


def check_model(model, split) -> None:
    """The model must be one that can be trained on the rows of x_train."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"build() must return a Keras model; it returned {type(model).__name__}.")
    sides = getattr(model, "inputs", None) or (), getattr(model, "outputs", None) or ()
    if not model.built or any(len(side) != 1 for side in sides):  # subclasses have neither
        raise ValueError(
            "The model must have one input and one output, known at once: "
            "begin it with keras.Input(shape)."
        )
    if not model.trainable_variables:
        raise ValueError(
            "The model has no trainable weights: add a layer with weights, or make one trainable."
        )
    inputs, row = model.inputs[0].shape[1:], split.x_train.shape[1:]
    if len(inputs) != len(row) or any(
        size not in (None, given) for size, given in zip(inputs, row, strict=True)
    ):
        raise ValueError(
            f"The model takes inputs of shape {inputs}, but the rows of x_train have shape {row}."
        )


def check_initial(model, runs: list) -> None:
    """Weights that runs begin with must be those of such a model."""
    shapes = [tuple(weights.shape) for weights in model.weights]
    for number, run in enumerate(runs):
        if run.initial_weights is None:
            continue
        given = [np.shape(values) for values in run.initial_weights]
        if given != shapes:
            raise ValueError(
                f"Run {number}: initial_weights have shapes {given}; the model that build() makes "
                f"has {shapes}."
            )


def check_loss(model, split, recipe, runs: list, watch: dict) -> None:
    """The loss must be a mean over rows, and all targets must fit it and the outputs."""
    if recipe.loss is None:
        raise ValueError(
            'loss is missing: name one, for example "mse" or "sparse_categorical_crossentropy".'
        )
    known = keras.losses.get(recipe.loss)
    reduction = getattr(known, "reduction", MEANS[0])
    if reduction not in MEANS:
        raise ValueError(
            f"The loss has reduction={reduction!r}, which depends on how many rows are taken at a "
            "time: leave it at the mean."
        )
    if getattr(known, "__module__", "").split(".")[0] != "keras":
        return  # a loss of one's own may compare what it likes
    targets = [np.asarray(run.targets) for run in runs if run.targets is not None]
    targets += [y for _, _, y in parts_of(split, watch) if len(y)]
    for y in targets:
        check_targets(y, model.outputs[0].shape, known)


def check_targets(y, outputs: tuple, loss) -> None:
    """Targets must have the shape that a loss of Keras's compares outputs with.

    Broadcasting would hide a mistake.
    """
    name = getattr(loss, "name", None) or loss.__name__
    if "sparse" in name:
        classes = outputs[-1]
        if y.min() < 0 or y.max() >= classes or (y != np.round(y)).any():
            raise ValueError(
                f"{name} needs class numbers from 0 to {classes - 1} for {classes} outputs; "
                f"the targets go from {y.min()} to {y.max()}."
            )
        wanted = outputs[1:-1]
    else:
        wanted = outputs[1:]
    if y.shape[1:] not in (wanted, (*wanted, 1)) and (*y.shape[1:], 1) != wanted:
        raise ValueError(
            f"Each target has shape {y.shape[1:]}, but {name} with outputs of shape {outputs[1:]} "
            f"needs {wanted}: change the last layer or the loss "
            "(class numbers go with sparse_categorical_crossentropy)."
        )


def warn_of_saturation(model, loss) -> None:
    """Warn once where a net can stop learning on JAX: cross-entropy taken from its probabilities.

    An output that rounds to 0 or 1 has no gradient there. With TensorFlow Keras finds the logits
    behind the probabilities (statement NEW-04, lesson 5c).
    """
    known = keras.losses.get(loss)
    name = getattr(known, "name", None) or getattr(known, "__name__", "")
    if not with_jax() or "crossentropy" not in name or getattr(known, "from_logits", False):
        return
    layer = model.layers[-1]
    while isinstance(layer, keras.Model):
        layer = layer.layers[-1]
    squeezing = (keras.activations.softmax, keras.activations.sigmoid)
    if getattr(layer, "activation", None) in squeezing or isinstance(layer, keras.layers.Softmax):
        _warn_of_saturation()


@cache  # once
def _warn_of_saturation() -> None:
    warnings.warn(
        "This net ends in probabilities. On JAX it stops learning where they round to 0 or 1: "
        "leave the last activation out and give the loss from_logits=True, for example "
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True).",
        stacklevel=3,
    )


def check_monitor(early_stopping, names: list[str]) -> None:
    """The monitored value must be one that the history will have."""
    if not isinstance(early_stopping, keras.callbacks.EarlyStopping):
        raise ValueError(
            f"early_stopping is {early_stopping!r}; it must be a keras.callbacks.EarlyStopping."
        )
    if early_stopping.monitor not in names:
        raise ValueError(
            f"early_stopping monitors {early_stopping.monitor!r}; "
            f"the history has {', '.join(names)}."
        )
