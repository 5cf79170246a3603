"""What the engines of `fit_runs` share: seeded models, momenta that change, and which compiled programs are kept."""

import json
import random
import re
from types import FunctionType

import keras

EVALUATION_ROWS = 1024  # rows evaluated at a time: bounds the memory that hidden activations take
KEPT_ENGINES = 16


def seeded(build, seed: int):
    """The model that `keras.utils.set_random_seed(seed); build()` makes.

    Only Python's generator is seeded, and put back after: seeding TensorFlow would freeze the minibatches of every
    later `model.fit` in the notebook (claim NEW-01).
    """
    state = random.getstate()
    random.seed(seed)
    try:
        return build()
    finally:
        random.setstate(state)


def has_kernels(model) -> bool:
    """Whether the model convolves: kernels of height x width, which XLA is slow with on a CPU."""
    return any(len(variable.shape) > 2 for variable in model.trainable_variables)


class Momentum(keras.Variable):
    """A momentum that can change at every step.

    Keras's optimizers leave momentum out where it is zero, and ask so once, when they are compiled: the answer is no.
    """

    def __ne__(self, other):
        return True

    def __gt__(self, other):
        return True

    __hash__ = keras.Variable.__hash__


def momentum_name(optimizer) -> str:
    """What the optimizer calls its momentum. Raises ValueError where it has none."""
    for name in ("momentum", "beta_1"):
        if hasattr(optimizer, name):
            return name
    raise ValueError(
        f"{type(optimizer).__name__} has no momentum to set: take SGD, RMSprop or one of the Adam family."
    )


def compile_for(model, optimizer, loss, metrics, *, momentum: bool, example: tuple) -> list:
    """Compile the model, build its optimizer (whose momentum can change, if asked) and its metrics, which it returns.

    `example` are a few rows of inputs and targets: Keras builds metrics on first use.
    """
    if momentum:
        name = momentum_name(optimizer)
        setattr(optimizer, name, Momentum(getattr(optimizer, name), trainable=False, name=name))
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    model.optimizer.build(model.trainable_variables)
    found = [metric for metric in model.metrics if metric.name != "loss"]
    inputs, targets = example
    outputs = model(as_input(model, inputs))
    for metric in found:
        metric.update_state(targets, outputs)
    return found


def as_input(model, rows):
    """The rows in the type of the model's input: images stay uint8 until here."""
    return keras.ops.cast(rows, model.inputs[0].dtype)


# Compiled programs are kept -----------------------------------------------------------------------------------------


def keep(engines: dict, key: tuple | None, make, most: int):
    """The engine kept under `key`, or else a new one, which is kept if it has a key; of old ones, `most` stay."""
    if key is None:
        return make()
    engine = engines.pop(key, None) or make()
    engines[key] = engine  # the latest used is last
    while len(engines) > most:
        del engines[next(iter(engines))]
    return engine


def key_of(model, optimizer, loss, metrics, mode: dict) -> tuple | None:
    """Equal for equal models, optimizers, losses, metrics and modes; None where one holds code that is not Keras's own.

    Names of losses and metrics are the same if equal, objects only if they are one: Keras's descriptions of losses are
    incomplete (Huber's has no delta). What holds code that is not Keras's own is compiled afresh each time, because
    that code may have changed; so is an augmentation, `mode["augment"]`.
    """
    if mode["augment"]:
        return None
    objects = [part for part in (optimizer, loss, *metrics) if not isinstance(part, str)]
    description = describe(model, optimizer) if all(map(is_from_keras, objects)) else None
    return None if description is None else (description, loss, *metrics, *mode.values())


def describe(model, optimizer) -> str | None:
    """A text that is equal for equal models and optimizers; None where the model holds code that is not Keras's own.

    The optimizer's learning rate, where it is a number, is left out: every run sets its own.
    """
    layers = list(model._flatten_layers())  # Keras has no public way to the layers within layers
    if not all(map(is_from_keras, layers)):
        return None
    settings = optimizer.get_config() | {"name": type(optimizer).__name__}
    if isinstance(settings["learning_rate"], float):
        del settings["learning_rate"]
    architecture = {
        name: part for name, part in json.loads(model.to_json()).items() if name != "compile_config"
    }
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


def is_from_keras(part) -> bool:
    """Whether a layer, optimizer, loss, metric or function, and the functions it keeps, are Keras's own code."""
    kept = [value for value in vars(part).values() if isinstance(value, FunctionType)]
    code = [part if isinstance(part, FunctionType) else type(part), *kept]
    return all(each.__module__.split(".")[0] == "keras" for each in code)


def names_only_keras(config) -> bool:
    """Whether every class that a configuration names is Keras's own."""
    if isinstance(config, dict):
        own = str(config.get("module")).split(".")[0] == "keras"
        allowed = own or config.get("class_name") in (None, "__keras_tensor__")
        return allowed and all(map(names_only_keras, config.values()))
    return not isinstance(config, list) or all(map(names_only_keras, config))
