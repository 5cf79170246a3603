"""One epoch of an ordinary Keras model as one compiled TensorFlow program.

Plain `model.fit` returns to Python after every minibatch, and for small networks most of its time goes there. Here the
loop over the minibatches is inside the program: it gathers each minibatch by its indices, takes the gradient step that
the Keras model, loss and optimizer define, and comes back once an epoch with the loss of every step.
"""

import json
import random

import keras
import numpy as np
import tensorflow as tf

EVALUATION_ROWS = 4096  # rows evaluated at a time: bounds the memory that hidden activations take
KEPT_ENGINES = 16

# Compiling with XLA takes about a second longer (three for 20 layers) and saves about 0.1 ms a step (one for 20
# layers), so it pays after this many steps.
STEPS_THAT_PAY_FOR_XLA = 6000


def wants_xla(model, total_steps: int) -> bool:
    """Whether XLA makes `total_steps` training steps of `model` faster, by what was measured (docs/benchmarks.md).

    On a CPU it makes convolutions 10 times slower, and Keras's random layers too, for their seed generator.
    """
    if total_steps < STEPS_THAT_PAY_FOR_XLA:
        return False
    if tf.config.list_physical_devices("GPU"):
        return True
    layers = model._flatten_layers(include_self=False)
    return not any("conv" in type(layer).__name__.lower() or hasattr(layer, "seed_generator") for layer in layers)


class Engine:
    """A Keras model with optimizer, loss and metrics, and the programs that train, evaluate and apply it."""

    def __init__(self, model, optimizer, loss, metrics, xla: bool, example: tuple):
        self.model = model
        model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
        optimizer.build(model.trainable_variables)
        self.initial_optimizer = [variable.numpy() for variable in optimizer.variables]
        self._metrics = [metric for metric in model.metrics if metric.name != "loss"]
        inputs, targets = example
        self._update_metrics(targets, model(self._as_input(inputs)))  # Keras builds metrics on first use
        self._train = tf.function(self._train_epoch, jit_compile=xla)
        self._evaluate = tf.function(self._evaluate_rows, jit_compile=xla)
        self._predict = tf.function(self._predict_rows, jit_compile=xla)

    def restart(self, build, seed: int) -> None:
        """Fresh weights, those of `keras.utils.set_random_seed(seed); build()`, and a fresh optimizer.

        Only Python's generator is seeded, and put back after: seeding TensorFlow would freeze the minibatches of every
        later `model.fit` in the notebook.
        """
        state = random.getstate()
        random.seed(seed)
        try:
            fresh = build()
        finally:
            random.setstate(state)
        for variable, value in zip(state_of(self.model), state_of(fresh), strict=True):
            variable.assign(value)
        for variable, value in zip(self.model.optimizer.variables, self.initial_optimizer, strict=True):
            variable.assign(value)
        self.model.stop_training = False

    def train_epoch(self, x, y, order, batch_size: int, rates=None) -> tuple[np.ndarray, dict[str, float]]:
        """Train on the rows `order`, in that order, the last partial minibatch included as in Keras.

        `rates`: the learning rate of each step, or None for the optimizer's own. Returns the data loss of every step,
        shape (steps,), and the epoch's `loss` (of the data), `penalty` (of the regularizers) and metrics.
        """
        full = len(order) // batch_size * batch_size
        batches = tf.constant(order[:full].reshape(-1, batch_size), tf.int32)
        rest = tf.constant(order[full:], tf.int32)
        rates = None if rates is None else tf.constant(rates, tf.float32)
        losses, penalties, metrics = self._train(x, y, batches, rest, rates)
        sizes = np.diff(np.r_[0 : len(order) : batch_size, len(order)])
        losses = losses.numpy()
        logs = {"loss": np.average(losses, weights=sizes), "penalty": np.average(penalties, weights=sizes)}
        return losses, logs | {name: float(value) for name, value in metrics.items()}

    def evaluate(self, x, y) -> dict[str, float]:
        """Loss of the data (without penalties) and metrics over all rows, in inference mode."""
        self._reset_metrics()
        total, metrics = 0.0, {}
        for start in range(0, len(x), EVALUATION_ROWS):
            rows = slice(start, start + EVALUATION_ROWS)
            loss, metrics = self._evaluate(x[rows], y[rows])
            total += float(loss) * len(x[rows])
        return {"loss": total / len(x)} | {name: float(value) for name, value in metrics.items()}

    def predict(self, weights: list[np.ndarray], x) -> np.ndarray:
        """Outputs of the model with `weights` for the rows of `x`, in inference mode."""
        self.model.set_weights(weights)
        parts = [self._predict(x[start : start + EVALUATION_ROWS]) for start in range(0, len(x), EVALUATION_ROWS)]
        return np.concatenate(parts)

    # What is compiled ------------------------------------------------------------------------------------------------

    def _train_epoch(self, x, y, batches, rest, rates):
        self._reset_metrics()
        steps = batches.shape[0] + (rest.shape[0] > 0)
        losses = tf.TensorArray(tf.float32, steps)
        penalties = tf.TensorArray(tf.float32, steps)
        for step in tf.range(batches.shape[0]):
            loss, penalty = self._step(x, y, batches[step], None if rates is None else rates[step])
            losses, penalties = losses.write(step, loss), penalties.write(step, penalty)
        if rest.shape[0]:
            loss, penalty = self._step(x, y, rest, None if rates is None else rates[-1])
            losses, penalties = losses.write(steps - 1, loss), penalties.write(steps - 1, penalty)
        return losses.stack(), penalties.stack(), self._metric_results()

    def _step(self, x, y, index, rate):
        model, optimizer = self.model, self.model.optimizer
        inputs, targets = self._as_input(tf.gather(x, index)), tf.gather(y, index)
        if rate is not None:
            optimizer.learning_rate.assign(rate)
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            total = model.compute_loss(inputs, targets, outputs, training=True)
        penalty = self._penalty()
        optimizer.apply(tape.gradient(total, model.trainable_variables), model.trainable_variables)
        self._update_metrics(targets, outputs)
        return total - penalty, penalty

    def _evaluate_rows(self, x, y):
        inputs = self._as_input(x)
        outputs = self.model(inputs, training=False)
        loss = self.model.compute_loss(inputs, y, outputs, training=False) - self._penalty()
        self._update_metrics(y, outputs)
        return loss, self._metric_results()

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


def state_of(model) -> list:
    """Every variable of the layers: weights, moving averages and the state of random layers."""
    return [variable for layer in model.layers for variable in layer.variables]


_engines: dict[tuple, Engine] = {}  # compiled programs, kept because compiling takes longer than most experiments


def engine_for(build, optimizer, loss, metrics, total_steps: int, example: tuple) -> Engine:
    """The engine for this model, optimizer, loss and metrics: the one compiled earlier where all of them are the same.

    Models with code that is not Keras's own are compiled afresh each time, because that code may have changed.
    """
    model = build()
    xla = wants_xla(model, total_steps)
    key = describe(model, optimizer, loss, metrics)
    if key is None:
        return Engine(model, optimizer, loss, metrics, xla, example)
    if (key, xla) not in _engines:
        if len(_engines) == KEPT_ENGINES:
            del _engines[next(iter(_engines))]
        _engines[key, xla] = Engine(model, optimizer, loss, metrics, xla, example)
    return _engines[key, xla]


def describe(model, optimizer, loss, metrics) -> str | None:
    """A text that is equal for equal models, optimizers, losses and metrics; None where code of one's own is in them."""
    layers = list(model._flatten_layers())
    parts = [optimizer, *layers, *[part for part in (loss, *metrics) if not isinstance(part, str)]]
    if not all(type(part).__module__.startswith("keras.") and type(part).__name__ != "Lambda" for part in parts):
        return None
    text = model.to_json()
    for number, layer in enumerate(layers):  # names count up with every model built
        text = text.replace(f'"{layer.name}"', f'"layer {number}"')
    others = [part if isinstance(part, str) else keras.saving.serialize_keras_object(part) for part in (loss, *metrics)]
    return text + json.dumps([keras.optimizers.serialize(optimizer), others], sort_keys=True, default=str)
