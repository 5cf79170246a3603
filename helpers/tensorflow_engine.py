"""One epoch of an ordinary Keras model as one compiled TensorFlow program.

Plain `model.fit` returns to Python after every minibatch, and for small networks most of its time goes there. Here the
loop over the minibatches is inside the program: it gathers each minibatch by its indices, takes the gradient step that
the Keras model, loss and optimizer define, and comes back once an epoch with the loss of every step.
"""

import json
import random
from types import FunctionType

import keras
import numpy as np
import tensorflow as tf

EVALUATION_ROWS = 1024  # rows evaluated at a time: bounds the memory that hidden activations take
KEPT_ENGINES = 16


def wants_xla(model, augment=None) -> bool:
    """Whether XLA makes training steps of `model` faster, by what was measured (docs/benchmarks.md).

    On a CPU it makes convolutions 10 times slower, and everything random too (dropout, noise, augmentation): there its
    generator takes longer than the step. The answer depends on nothing else, so that a run's result does not either.
    """
    if tf.config.list_physical_devices("GPU"):
        return True
    convolves = any(len(variable.shape) > 2 for variable in model.trainable_variables)  # kernels of height x width
    draws = any("seed_generator" in variable.path for variable in model.variables)
    return not (convolves or draws or augment)


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
    raise ValueError(f"{type(optimizer).__name__} has no momentum to set: take SGD, RMSprop or one of the Adam family.")


class Engine:
    """A Keras model with optimizer, loss and metrics, and the programs that train, evaluate and apply it."""

    def __init__(self, model, optimizer, loss, metrics, *, example: tuple, xla: bool, momentum=False, augment=None):
        if momentum:
            name = momentum_name(optimizer)
            setattr(optimizer, name, Momentum(getattr(optimizer, name), trainable=False, name=name))
        model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
        model.optimizer.build(model.trainable_variables)
        self.model = model
        self._initial_optimizer = [variable.numpy() for variable in model.optimizer.variables]
        self._augment = augment
        self._seed = tf.Variable(0, dtype=tf.int64)
        self._metrics = [metric for metric in model.metrics if metric.name != "loss"]
        inputs, targets = example
        self._update_metrics(targets, model(self._as_input(inputs)))  # Keras builds metrics on first use
        self.metric_names = list(self._metric_results())
        self._train = tf.function(self._train_batches, jit_compile=xla)
        # The last minibatch comes once an epoch, and in many sizes: XLA would compile each of them.
        self._train_rest = tf.function(self._train_one, reduce_retracing=True)
        self._evaluate = tf.function(self._evaluate_all, reduce_retracing=True)
        self._predict = tf.function(self._predict_rows, reduce_retracing=True)

    def restart(self, fresh, seed: int) -> None:
        """Begin a run: the weights of `fresh`, a model as this one, and an optimizer that has done nothing yet."""
        for variable, value in zip(state_of(self.model), state_of(fresh), strict=True):
            variable.assign(value)
        for variable, value in zip(self.model.optimizer.variables, self._initial_optimizer, strict=True):
            variable.assign(value)
        self._seed.assign(seed)
        self.model.stop_training = False

    def train_epoch(self, data: tuple, order, batch_size: int, settings: dict) -> tuple[np.ndarray, dict[str, float]]:
        """Train on the rows `order`, in that order, the last partial minibatch included as in Keras.

        `data` are the tensors x, y and sample weights (or None). `settings` holds learning rates or momenta, one for
        each step, by the name of the optimizer's attribute. Returns the data loss of every step, shape (steps,), and
        the epoch's `loss` (of the data), `penalty` (of the regularizers) and metrics.
        """
        full = len(order) // batch_size
        room = max(full, len(data[0]) // batch_size)  # so that a fold, or less data, needs no program of its own
        batches = tf.constant(np.resize(order[: full * batch_size], (room, batch_size)), tf.int32)
        each = {name: tf.constant(np.resize(values[:full], room), tf.float32) for name, values in settings.items()}
        parts, metrics = self._train(data, batches, tf.constant(full), each)
        parts = parts[:full].numpy()
        if rest := len(order) % batch_size:
            last = {name: tf.constant(values[-1], tf.float32) for name, values in settings.items()}
            part, metrics = self._train_rest(data, tf.constant(order[-rest:], tf.int32), last)
            parts = np.append(parts, [part], axis=0)
        sizes = np.full(len(parts), batch_size)
        sizes[-1] = rest or batch_size
        loss, penalty = sizes @ parts / len(order)
        return parts[:, 0], {"loss": loss, "penalty": penalty} | {name: float(value) for name, value in metrics.items()}

    def evaluate(self, x, y) -> dict[str, float]:
        """Loss of the data (without penalties) and metrics over all rows of two tensors, in inference mode."""
        return {name: float(value) for name, value in self._evaluate(x, y).items()}

    def predict(self, weights: list[np.ndarray], x) -> np.ndarray:
        """Outputs of the model with `weights` for the rows of `x`, in inference mode."""
        self.model.set_weights(weights)
        starts = range(0, len(x), EVALUATION_ROWS)
        return np.concatenate([self._predict(as_tensor(x[start : start + EVALUATION_ROWS])) for start in starts])

    def rate_at(self, step: int) -> float:
        """Learning rate of the optimizer at a step counted from 0, also where it has a schedule. Ends the run."""
        self.model.optimizer.iterations.assign(step)
        return float(self.model.optimizer.learning_rate)

    # What is compiled ------------------------------------------------------------------------------------------------

    def _train_batches(self, data, batches, count, settings):
        self._reset_metrics()
        parts = tf.TensorArray(tf.float32, batches.shape[0], element_shape=(2,))
        step = tf.constant(0)
        while step < count:  # not `for`: its number of rounds would be compiled in
            now = {name: values[step] for name, values in settings.items()}
            parts = parts.write(step, self._step(data, batches[step], now))
            step += 1
        return parts.stack(), self._metric_results()

    def _train_one(self, data, batch, settings):
        return self._step(data, batch, settings), self._metric_results()

    def _step(self, data, index, settings):
        model, optimizer = self.model, self.model.optimizer
        x, targets, weights = [None if part is None else tf.gather(part, index) for part in data]
        if self._augment:
            seed = tf.stack([self._seed, tf.cast(optimizer.iterations, tf.int64)])
            x, targets = self._augment(x, targets, seed)
        inputs = self._as_input(x)
        for name, value in settings.items():
            getattr(optimizer, name).assign(value)
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            total = model.compute_loss(inputs, targets, outputs, weights, training=True)
            scaled = optimizer.scale_loss(total)
        penalty = self._penalty()
        optimizer.apply(tape.gradient(scaled, model.trainable_variables), model.trainable_variables)
        self._update_metrics(targets, outputs)
        return tf.stack([tf.cast(total - penalty, tf.float32), tf.cast(penalty, tf.float32)])

    def _evaluate_all(self, x, y):
        self._reset_metrics()
        rows, total = tf.shape(x)[0], tf.constant(0.0)
        for start in tf.range(0, rows, EVALUATION_ROWS):
            inputs, targets = self._as_input(x[start : start + EVALUATION_ROWS]), y[start : start + EVALUATION_ROWS]
            outputs = self.model(inputs, training=False)
            loss = self.model.compute_loss(inputs, targets, outputs, training=False) - self._penalty()
            self._update_metrics(targets, outputs)
            total += tf.cast(loss, tf.float32) * tf.cast(tf.shape(targets)[0], tf.float32)
        return {"loss": total / tf.cast(rows, tf.float32)} | self._metric_results()

    def _predict_rows(self, x):
        return self.model(self._as_input(x), training=False)

    def _as_input(self, rows):
        return tf.cast(rows, self.model.inputs[0].dtype)  # images stay uint8 until here

    def _penalty(self):
        """What the regularizers add to the loss: reported apart, so that losses can be compared (claim REG-22)."""
        return tf.add_n(self.model.losses) if self.model.losses else tf.constant(0.0)

    def _reset_metrics(self):
        for metric in self._metrics:
            metric.reset_state()

    def _update_metrics(self, targets, outputs):
        for metric in self._metrics:
            metric.update_state(targets, outputs)

    def _metric_results(self):
        return {name: value for metric in self._metrics for name, value in metric.result().items()}


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


def state_of(model) -> list:
    """Every variable of the layers: weights, moving averages and the state of random layers."""
    return [variable for layer in model.layers for variable in layer.variables]


def as_tensor(array: np.ndarray):
    """The array as a tensor: in the same memory where TensorFlow can use it (on a CPU, from a multiple of 64 bytes)."""
    shared = array.ctypes.data % 64 == 0 and array.flags.c_contiguous and array.flags.writeable
    if shared and array.size and not tf.config.list_physical_devices("GPU"):
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array)


# Compiled programs are kept -----------------------------------------------------------------------------------------

_engines: dict[tuple, Engine] = {}  # because compiling takes longer than most experiments


def engine_for(model, optimizer, loss, metrics, *, example: tuple, momentum: bool, augment) -> Engine:
    """The engine for this model, optimizer, loss and metrics: the one compiled earlier where all of them are the same.

    Names of losses and metrics are the same if equal, objects only if they are one: Keras's descriptions of losses are
    incomplete (Huber's has no delta). What holds code that is not Keras's own is compiled afresh each time, because
    that code may have changed.
    """
    mode = {"xla": wants_xla(model, augment), "momentum": momentum, "augment": augment}
    objects = [part for part in (optimizer, loss, *metrics) if not isinstance(part, str)]
    description = describe(model, optimizer) if all(map(is_from_keras, objects)) else None
    if description is None or augment:
        return Engine(model, optimizer, loss, metrics, example=example, **mode)
    key = (description, loss, *metrics, *mode.values())
    engine = _engines.pop(key, None) or Engine(model, optimizer, loss, metrics, example=example, **mode)
    _engines[key] = engine  # the latest used is last
    while len(_engines) > KEPT_ENGINES:
        del _engines[next(iter(_engines))]
    return engine


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
    config = [json.loads(model.to_json()), settings]
    if not names_only_keras(config):
        return None
    text = json.dumps(config, sort_keys=True)
    for number, layer in enumerate(layers):  # automatic names count up with every model built
        if layer.name.rstrip("0123456789").replace("_", "") == type(layer).__name__.lower():
            text = text.replace(f'"{layer.name}"', f'"{type(layer).__name__} {number}"')
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
