"""One epoch of an ordinary Keras model as one compiled TensorFlow program.

Plain `model.fit` returns to Python after every minibatch, and for small networks most of its time
goes there. Here the loop over the minibatches is inside the program: it gathers each minibatch by
its indices, takes the gradient step that the Keras model, loss and optimizer define, and comes back
once an epoch with the loss of every step.
"""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from helpers.datasets import arrays
from helpers.nets.momentum import inner
from helpers.training.engine import (
    EVALUATION_ROWS,
    as_input,
    compile_for,
    has_kernels,
    pairs,
    state_of,
)
from helpers.training.flat import weights_for


def wants_xla(model, augment=None) -> bool:
    """Whether XLA makes training steps of `model` faster: see docs/benchmarks.md.

    On a CPU it makes convolutions 10 times slower, and everything random too (dropout, noise,
    augmentation): there its generator takes longer than the step. The answer depends on nothing
    else, so that a run's result does not either.
    """
    if tf.config.list_physical_devices("GPU"):
        return True
    draws = any("seed_generator" in variable.path for variable in model.variables)
    return not (has_kernels(model) or draws or augment)


class TensorFlowEngine:
    """The engine of the TensorFlow backend (see `Engine`): one run after the other."""

    def __init__(
        self,
        model,
        optimizer,
        loss,
        metrics,
        *,
        example: tuple,
        xla: bool,
        momentum=False,
        augment=None,
    ):
        self._weights = weights_for(model, optimizer)
        trained = set(map(id, model.trainable_variables))
        # Moving averages, and the state of random layers.
        self._fixed = [variable for variable in state_of(model) if id(variable) not in trained]
        asked = {"momentum": momentum, "example": example, "updated": self._weights.updated}
        self._metrics = compile_for(model, optimizer, loss, metrics, **asked)
        self.metric_names = [name for metric in self._metrics for name in metric.result()]
        self.model = model
        self.members = [model]
        self._initial_optimizer = [variable.numpy() for variable in model.optimizer.variables]
        self._augment = augment and tf.function(augment)
        self._seed = tf.Variable(tf.constant(0, tf.int64))
        # None of this needs AutoGraph, which would take half a second to read it.
        compiled = partial(tf.function, autograph=False)
        self._train = compiled(self._train_batches, jit_compile=xla)
        self._train_rest = compiled(self._train_batches_and_rest)
        self._traces: dict[tuple, Callable] = {}
        self._evaluate = compiled(self._evaluate_all, reduce_retracing=True)
        self._predict = compiled(self._predict_rows, reduce_retracing=True)

    @staticmethod
    def mode(model, augment) -> dict:
        """Whether XLA compiles the training steps."""
        return {"xla": wants_xla(model, augment)}

    @staticmethod
    def as_tensor(array: np.ndarray):
        """The array as a tensor: on a CPU in the same memory, if it begins on a boundary.

        An array that does not, as NumPy's own, is copied to one: TensorFlow would copy it twice.
        """
        numbers = array.size and array.dtype.kind in "biuf"
        if not numbers or tf.config.list_physical_devices("GPU"):
            return tf.convert_to_tensor(array)
        return tf.experimental.dlpack.from_dlpack(arrays.aligned(array).__dlpack__())

    def groups(self, sizes) -> list[list[int]]:
        """Every run by itself."""
        return [[number] for number in range(len(sizes))]

    def restart(self, states: list[list], seeds: list[int]) -> None:
        """Begin a run with a fresh model's values, and the optimizer as it was when built."""
        (values,), (seed,) = states, seeds
        for variable, value in zip(state_of(self.model), values, strict=True):
            variable.assign(value)
        optimizer = self.model.optimizer.variables
        for variable, value in zip(optimizer, self._initial_optimizer, strict=True):
            variable.assign(value)
        self._seed.assign(seed)
        self.model.stop_training = False

    def data_of(self, runs: list, x, y) -> tuple:
        """Tensors of the run's inputs, targets and sample weights (None: all count the same)."""
        (run,) = runs
        targets = y if run.targets is None else tf.convert_to_tensor(run.targets)
        weights = None if run.sample_weight is None else tf.constant(run.sample_weight, tf.float32)
        return x, targets, weights

    def train_epoch(
        self, data: tuple, orders: list, batch_size: int, settings: list[dict]
    ) -> list[tuple]:
        """Train the run for an epoch. All lists have one member here."""
        (order,), (settings_,) = orders, settings
        full, rest = divmod(len(order), batch_size)
        # As many steps as the data have, so that a fold, or less data, needs no program of its own.
        steps = max(full, len(data[0]) // batch_size)
        batches = tf.constant(np.resize(order, (steps + 1, batch_size)), tf.int32)
        kind = keras.config.floatx()  # of Keras's rates and momenta
        each = {
            name: tf.constant(np.resize(values, steps + 1), kind)
            for name, values in settings_.items()
        }
        work = data, batches, tf.constant([full, rest]), each
        # XLA would compile its program once more for a call from Python.
        nested = rest or self._train_rest.experimental_get_tracing_count()
        parts, metrics = self._traced(self._train_rest if nested else self._train, work)(*work)
        parts = parts.numpy()[: full + (rest > 0)]
        sizes = np.full(len(parts), batch_size)
        sizes[-1] = rest or batch_size
        loss, penalty = sizes @ parts / len(order)
        logs = {"loss": loss, "penalty": penalty} | named(self.metric_names, metrics)
        return [(parts[:, 0], logs)]

    def _traced(self, program, work: tuple) -> Callable:
        """The trace of a program for tensors of these kinds: at each call TensorFlow would look
        for it anew, which takes longer than ten steps of a small net.
        """
        kinds = [part is None or (part.shape, part.dtype) for part in tf.nest.flatten(work)]
        key = program, *work[-1], *kinds
        if key not in self._traces:
            self._traces[key] = program.get_concrete_function(*work)
        return self._traces[key]

    def evaluate(self, x, y, rows=None) -> list[dict[str, float]]:
        """Loss of the data and metrics of the run over all rows, or its own."""
        own = None if rows is None else rows[0]
        return [named(["loss", *self.metric_names], self._evaluate(x, y, own))]

    def finalize(self, place: int) -> None:
        """Put averages of the optimizer into the weights, where it makes some."""
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)

    def predict(self, weights: list[list[np.ndarray]], x: np.ndarray) -> np.ndarray:
        """Outputs of the net with the weights of each run for the rows of `x`, in inference."""
        return np.stack([self._outputs(each, x) for each in weights])

    def _outputs(self, weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
        tensors = [tf.convert_to_tensor(values) for values in weights]
        parts = [x[start : start + EVALUATION_ROWS] for start in range(0, len(x), EVALUATION_ROWS)]
        return np.concatenate([self._predict(tensors, self.as_tensor(part)) for part in parts])

    # What is compiled -----------------------------------------------------------------------------

    def _train_batches(self, data, batches, counts, settings):
        self._reset_metrics()
        self._weights.begin()

        def step(number, parts):
            now = {name: values[number] for name, values in settings.items()}
            return number + 1, parts.write(number, self._step(data, batches[number], now))

        parts = tf.TensorArray(tf.float32, batches.shape[0], element_shape=(2,))
        _, parts = tf.while_loop(lambda number, _: number < counts[0], step, (0, parts))
        self._weights.end()
        return parts.stack(), self._metric_results()

    def _train_batches_and_rest(self, data, batches, counts, settings):
        """The full minibatches, and the first `rest` rows of the one behind them.

        That one comes once an epoch, and in many sizes: XLA would compile each of them.
        """
        parts, _ = self._train(data, batches, counts, settings)
        count, rest = counts[0], counts[1]
        self._weights.begin()
        now = {name: values[count] for name, values in settings.items()}
        last = tf.cond(
            rest > 0, lambda: self._step(data, batches[count][:rest], now), lambda: tf.zeros(2)
        )
        self._weights.end()
        return tf.concat([parts[:count], [last]], axis=0), self._metric_results()

    def _step(self, data, index, settings):
        model, optimizer = self.model, self.model.optimizer
        x, targets, weights = [None if part is None else tf.gather(part, index) for part in data]
        if self._augment:
            seed = tf.stack([self._seed, tf.cast(optimizer.iterations, tf.int64)])
            x, targets = self._augment(x, targets, seed)
        inputs = as_input(self.model, x)
        for name, value in settings.items():
            getattr(inner(optimizer), name).assign(value)
        updated = self._weights.updated
        with tf.GradientTape() as tape:
            known = pairs(model.trainable_variables, self._weights.values())
            with keras.StatelessScope(known, collect_losses=True) as scope:
                outputs = model(inputs, training=True)
                total = model.compute_loss(inputs, targets, outputs, weights, training=True)
                penalty = tf.cast(self._penalty(), total.dtype)
            scaled = optimizer.scale_loss(total)
        optimizer.apply(tape.gradient(scaled, updated), updated)
        for variable in self._fixed:  # the step may have changed them
            value = scope.get_current_value(variable)
            if value is not None:
                variable.assign(value)
        self._update_metrics(targets, outputs)
        return tf.stack([tf.cast(total - penalty, tf.float32), tf.cast(penalty, tf.float32)])

    def _evaluate_all(self, x, y, own):
        self._reset_metrics()
        if own is not None:
            x, y = tf.gather(x, own), tf.gather(y, own)
        rows = tf.shape(x)[0]

        def part(start, total):
            now = slice(start, start + EVALUATION_ROWS)
            inputs, targets = as_input(self.model, x[now]), y[now]
            outputs = self.model(inputs, training=False)
            loss = self.model.compute_loss(inputs, targets, outputs, training=False)
            loss -= tf.cast(self._penalty(), loss.dtype)
            self._update_metrics(targets, outputs)
            total += tf.cast(loss, tf.float32) * tf.cast(tf.shape(targets)[0], tf.float32)
            return start + EVALUATION_ROWS, total

        _, total = tf.while_loop(lambda start, _: start < rows, part, (0, 0.0))
        return tf.concat([[total / tf.cast(rows, tf.float32)], self._metric_results()], axis=0)

    def _predict_rows(self, weights, x):
        with keras.StatelessScope(pairs(self.model.weights, weights)):
            return self.model(as_input(self.model, x), training=False)

    def _penalty(self):
        """What the regularizers add to the loss; apart, to compare losses (REG-22)."""
        return tf.add_n(self.model.losses) if self.model.losses else tf.constant(0.0)

    def _reset_metrics(self):
        for metric in self._metrics:
            metric.reset_state()

    def _update_metrics(self, targets, outputs):
        for metric in self._metrics:
            metric.update_state(targets, outputs)

    def _metric_results(self):
        """One vector, in the order of the names: each tensor that is fetched takes its time."""
        values = [value for metric in self._metrics for value in metric.result().values()]
        return tf.stack([tf.cast(value, tf.float32) for value in values]) if values else tf.zeros(0)


def named(names: list[str], values) -> dict[str, float]:
    """The numbers in a vector by their names."""
    return dict(zip(names, values.numpy().tolist(), strict=True))
