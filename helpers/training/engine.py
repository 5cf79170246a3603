"""What trains the runs: the protocol of an engine, what engines share, and their cache."""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, Protocol

import keras
import numpy as np

from helpers.nets.augmentation import Change
from helpers.nets.momentum import Momentum, momentum_name

EVALUATION_ROWS = 1024  # rows evaluated at a time: bounds the memory that hidden activations take
CACHE_SIZE = 16  # engines
TRAINING = threading.RLock()
"""Held while runs train: a cached engine is state that they share, and threads would mix."""


class Engine(Protocol):
    """A Keras model with optimizer, loss and metrics, compiled to train many runs of it.

    `model` describes the net, `members` are the runs in training as Keras's callbacks want to see
    them, `metric_names` are the names of what the metrics report. Tensors are the backend's own,
    made by `as_tensor`.
    """

    model: keras.Model
    members: list
    metric_names: list[str]

    @staticmethod
    def mode(model: keras.Model, augment: Callable | None) -> dict:
        """How this engine compiles such a model, by what was measured: further arguments of it."""
        ...

    @staticmethod
    def as_tensor(array: np.ndarray) -> Any:
        """The array as a tensor of the backend, in the same memory where that can be."""
        ...

    def groups(self, sizes: Sequence) -> list[list[int]]:
        """Which runs are trained together: `sizes` holds for each run the numbers of its rows."""
        ...

    def restart(self, states: list[list[np.ndarray]], seeds: list[int]) -> None:
        """Begin these runs: values of fresh models, as `state_of` orders them, and optimizers that
        have done nothing.
        """
        ...

    def data_of(self, runs: list, x, y) -> tuple:
        """What `train_epoch` needs of the data: tensors x, y, and what is a run's own."""
        ...

    def train_epoch(
        self, data: tuple, orders: list, batch_size: int, settings: list[dict]
    ) -> list[tuple]:
        """Train each run on the rows of its order, the last partial minibatch included.

        `data` is what `data_of` makes. `settings` holds for each run learning rates or momenta, one
        for each step, by the name of the optimizer's attribute. Returns for each run the data loss
        of every step, shape (steps,), and the epoch's `loss` (of the data), `penalty` (of the
        regularizers) and metrics.
        """
        ...

    def evaluate(self, x, y, rows: list | None = None) -> list[dict[str, float]]:
        """For each run the loss of the data (no penalties) and metrics, in inference.

        `x` and `y` are tensors; `rows` holds for each run which of their rows count (None: all).
        """
        ...

    def finalize(self, place: int) -> None:
        """What Keras does when training ends: an optimizer that averages puts the averages in."""
        ...

    def predict(self, weights: list[list[np.ndarray]], x: np.ndarray) -> np.ndarray:
        """Outputs of the net with the weights of each run, shape (runs, n, ...), in inference.

        It changes nothing, and needs the memory of EVALUATION_ROWS rows on a core or a GPU.
        """
        ...


def state_of(model) -> list:
    """Every variable of the model: weights, moving averages and the state of random layers."""
    found = [variable for layer in model.layers for variable in layer.variables]
    known = set(map(id, found))  # the model itself may have weights too
    return found + [variable for variable in model.weights if id(variable) not in known]


def layers_of(model) -> list:
    """The layers of a model, and those that they hold."""
    return list(model._flatten_layers())  # Keras has no public way to the layers within layers


def has_kernels(model) -> bool:
    """Whether the model convolves: kernels of height x width, which XLA is slow with on a CPU."""
    return any(len(variable.shape) > 2 for variable in model.trainable_variables)


def compile_for(
    model, optimizer, loss, metrics, *, momentum: bool, example: tuple, updated: list
) -> list:
    """Compile the model, build its optimizer and its metrics, which it returns.

    With `momentum` the optimizer's momentum can change from step to step. `example` are a few rows
    of inputs and targets: Keras builds metrics on first use. `updated` are the variables that the
    optimizer is to update.
    """
    if momentum:
        name = momentum_name(optimizer)
        setattr(optimizer, name, Momentum(getattr(optimizer, name), name))
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    model.optimizer.build(updated)
    found = [metric for metric in model.metrics if metric.name != "loss"]
    inputs, targets = example
    outputs = model(as_input(model, inputs))
    for metric in found:
        metric.update_state(targets, outputs)
    return found


def as_input(model, rows):
    """The rows in the type of the model's input: images stay uint8 until here."""
    return keras.ops.cast(rows, model.inputs[0].dtype)


def pairs(variables, values) -> list[tuple]:
    """Variables with the values that they are to have, for a `keras.StatelessScope`."""
    return list(zip(variables, values, strict=True))


# The cache of compiled engines --------------------------------------------------------------------


_cache: OrderedDict[tuple, Engine] = OrderedDict()  # compiling takes longer than most experiments


def engine_for(
    kind, model, optimizer, loss, metrics, *, example: tuple, momentum: bool, augment
) -> Engine:
    """An engine of this kind for a model, optimizer, loss and metrics: from the cache if it can be.

    `example` are a few rows of inputs and targets.
    """
    mode = {**kind.mode(model, augment), "momentum": momentum, "augment": augment}
    key = key_of(kind, model, optimizer, loss, metrics, example, mode)
    engine = _cache.pop(key, None) if key else None
    if engine is None:
        tensors = tuple(map(kind.as_tensor, example))
        engine = kind(model, optimizer, loss, metrics, example=tensors, **mode)
    if key:
        _cache[key] = engine  # the latest used is last
        while len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    return engine


def key_of(kind, model, optimizer, loss, metrics, example: tuple, mode: dict) -> tuple | None:
    """Equal for engines that do the same; None where one would hold code that is not Keras's own.

    Names of losses and metrics are the same if equal, objects only if they are one: Keras's
    descriptions of losses are incomplete (Huber's has no delta). What holds code that is neither
    Keras's own nor one of the course's augmentations is compiled afresh each time, because that
    code may have changed. The shape of a target is part of it: Keras chooses its metrics by that.
    So is Keras's epsilon, which losses have built in.
    """
    if excludes_weights(optimizer) or not isinstance(mode["augment"], Change | None):
        return None
    objects = [part for part in (optimizer, loss, *metrics) if not isinstance(part, str)]
    description = describe(model, optimizer) if all(map(is_from_keras, objects)) else None
    if description is None:
        return None
    targets = example[1]
    shared = targets.shape[1:], keras.config.epsilon()
    return (kind, description, loss, *metrics, *shared, *mode.values())


def describe(model, optimizer) -> str | None:
    """A text that is equal for equal models and optimizers; None where code is not Keras's own.

    The optimizer's learning rate, where it is a number, is left out: every run sets its own.
    """
    layers = layers_of(model)
    if not all(map(is_from_keras, layers)):
        return None
    settings = optimizer.get_config() | {"name": type(optimizer).__name__}
    if isinstance(settings["learning_rate"], float):
        del settings["learning_rate"]
    try:
        architecture = json.loads(model.to_json())
    except TypeError:  # a partial function, an initializer of one's own
        return None
    architecture.pop("compile_config", None)
    config = [architecture, settings]
    if not names_only_keras(config):
        return None
    text = json.dumps(config, sort_keys=True)
    for number, layer in enumerate(layers):  # automatic names count up with every model built
        if layer.name.rstrip("0123456789").replace("_", "") == type(layer).__name__.lower():
            text = re.sub(
                rf'"{layer.name}"(?!:)', f'"{type(layer).__name__} {number}"', text
            )  # values, not keys
    return text


def excludes_weights(optimizer) -> bool:
    """Whether the optimizer's decay leaves out some weights, which its config does not tell."""
    names = "_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"
    return any(getattr(optimizer, name, None) for name in names)


def is_from_keras(part) -> bool:
    """Whether a layer, optimizer, loss, metric or function, with what it holds, is Keras's own."""
    held = [value for value in vars(part).values() if isinstance(value, FunctionType)]
    code = [part if isinstance(part, FunctionType) else type(part), *held]
    return all(each.__module__.split(".")[0] == "keras" for each in code)


def names_only_keras(config) -> bool:
    """Whether every class that a configuration names is Keras's own."""
    if isinstance(config, dict):
        own = str(config.get("module")).split(".")[0] == "keras"
        allowed = own or config.get("class_name") in (None, "__keras_tensor__")
        return allowed and all(map(names_only_keras, config.values()))
    return not isinstance(config, list) or all(map(names_only_keras, config))
