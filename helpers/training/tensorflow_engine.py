"""One epoch of an ordinary Keras model as one compiled TensorFlow program.

Plain `model.fit` returns to Python after every minibatch, and for small networks most of its time goes there. Here the
loop over the minibatches is inside the program: it gathers each minibatch by its indices, takes the gradient step that
the Keras model, loss and optimizer define, and comes back once an epoch with the loss of every step.
"""

import numpy as np
import tensorflow as tf

from helpers.training.engine import (
    EVALUATION_ROWS,
    KEPT_ENGINES,
    as_input,
    compile_for,
    has_kernels,
    keep,
    key_of,
)


def wants_xla(model, augment=None) -> bool:
    """Whether XLA makes training steps of `model` faster, by what was measured (docs/benchmarks.md).

    On a CPU it makes convolutions 10 times slower, and everything random too (dropout, noise, augmentation): there its
    generator takes longer than the step. The answer depends on nothing else, so that a run's result does not either.
    """
    if tf.config.list_physical_devices("GPU"):
        return True
    draws = any("seed_generator" in variable.path for variable in model.variables)
    return not (has_kernels(model) or draws or augment)


class Engine:
    """A Keras model with optimizer, loss and metrics, and the programs that train, evaluate and apply it."""

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
        self._metrics = compile_for(
            model, optimizer, loss, metrics, momentum=momentum, example=example
        )
        self.metric_names = list(self._metric_results())
        self.model = model
        self.members = [model]  # the runs in training, as Keras's callbacks want them
        self._initial_optimizer = [variable.numpy() for variable in model.optimizer.variables]
        self._augment = augment
        self._seed = tf.Variable(0, dtype=tf.int64)
        self._train = tf.function(self._train_batches, jit_compile=xla)
        # The last minibatch comes once an epoch, and in many sizes: XLA would compile each of them.
        self._train_rest = tf.function(self._train_one, reduce_retracing=True)
        self._evaluate = tf.function(self._evaluate_all, reduce_retracing=True)
        self._predict = tf.function(self._predict_rows, reduce_retracing=True)

    def groups(self, lengths: list[int]) -> list[list[int]]:
        """Which runs, of so many rows each, are trained together: here every run by itself."""
        return [[number] for number in range(len(lengths))]

    def restart(self, models: list, seeds: list[int]) -> None:
        """Begin a run: the weights of a fresh model as this one, and an optimizer that has done nothing yet."""
        (fresh,), (seed,) = models, seeds
        for variable, value in zip(state_of(self.model), state_of(fresh), strict=True):
            variable.assign(value)
        for variable, value in zip(
            self.model.optimizer.variables, self._initial_optimizer, strict=True
        ):
            variable.assign(value)
        self._seed.assign(seed)
        self.model.stop_training = False

    def data_of(self, runs: list, x, y) -> tuple:
        """Tensors of the run's inputs, targets and sample weights (None: all count the same), for `train_epoch`."""
        (run,) = runs
        targets = y if run.targets is None else tf.convert_to_tensor(run.targets)
        return (
            x,
            targets,
            None if run.sample_weight is None else tf.constant(run.sample_weight, tf.float32),
        )

    def train_epoch(
        self, data: tuple, orders: list, batch_size: int, settings: list[dict]
    ) -> list[tuple]:
        """Train the run on the rows of its order, in that order, the last partial minibatch included as in Keras.

        `data` is what `data_of` makes. `settings` holds for the run learning rates or momenta, one for each step, by
        the name of the optimizer's attribute. Returns for the run the data loss of every step, shape (steps,), and the
        epoch's `loss` (of the data), `penalty` (of the regularizers) and metrics. All lists have one member here.
        """
        (order,), (settings,) = orders, settings
        full = len(order) // batch_size
        room = max(
            full, len(data[0]) // batch_size
        )  # so that a fold, or less data, needs no program of its own
        batches = tf.constant(np.resize(order[: full * batch_size], (room, batch_size)), tf.int32)
        each = {
            name: tf.constant(np.resize(values[:full], room), tf.float32)
            for name, values in settings.items()
        }
        parts, metrics = self._train(data, batches, tf.constant(full), each)
        parts = parts[:full].numpy()
        if rest := len(order) % batch_size:
            last = {name: tf.constant(values[-1], tf.float32) for name, values in settings.items()}
            part, metrics = self._train_rest(data, tf.constant(order[-rest:], tf.int32), last)
            parts = np.append(parts, [part], axis=0)
        sizes = np.full(len(parts), batch_size)
        sizes[-1] = rest or batch_size
        loss, penalty = sizes @ parts / len(order)
        metrics = {name: float(value) for name, value in metrics.items()}
        return [(parts[:, 0], {"loss": loss, "penalty": penalty} | metrics)]

    def evaluate(self, x, y) -> list[dict[str, float]]:
        """For each run the loss of the data (no penalties) and metrics over all rows of two tensors, in inference."""
        return [{name: float(value) for name, value in self._evaluate(x, y).items()}]

    def finalize(self, number: int) -> None:
        """What Keras does with the weights when training ends: an optimizer that averages puts the averages in."""
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)

    def predict(self, weights: list[np.ndarray], x) -> np.ndarray:
        """Outputs of the model with `weights` for the rows of `x`, in inference mode."""
        self.model.set_weights(weights)
        starts = range(0, len(x), EVALUATION_ROWS)
        return np.concatenate(
            [self._predict(as_tensor(x[start : start + EVALUATION_ROWS])) for start in starts]
        )

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
        inputs = as_input(self.model, x)
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
            now = slice(start, start + EVALUATION_ROWS)
            inputs, targets = as_input(self.model, x[now]), y[now]
            outputs = self.model(inputs, training=False)
            loss = (
                self.model.compute_loss(inputs, targets, outputs, training=False) - self._penalty()
            )
            self._update_metrics(targets, outputs)
            total += tf.cast(loss, tf.float32) * tf.cast(tf.shape(targets)[0], tf.float32)
        return {"loss": total / tf.cast(rows, tf.float32)} | self._metric_results()

    def _predict_rows(self, x):
        return self.model(as_input(self.model, x), training=False)

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


def as_tensor(array: np.ndarray):
    """The array as a tensor: in the same memory where TensorFlow can use it (on a CPU, from a multiple of 64 bytes)."""
    shared = array.ctypes.data % 64 == 0 and array.flags.c_contiguous and array.flags.writeable
    if shared and array.size and not tf.config.list_physical_devices("GPU"):
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array)


# Compiled programs are kept -----------------------------------------------------------------------------------------

_engines: dict[tuple, Engine] = {}  # because compiling takes longer than most experiments


def engine_for(
    model, optimizer, loss, metrics, *, example: tuple, momentum: bool, augment
) -> Engine:
    """The engine for this model, optimizer, loss and metrics: the one compiled earlier where all of them are the same.

    `example` are a few rows of inputs and targets. An augmentation is code, and compiled afresh each time.
    """
    mode = {"xla": wants_xla(model, augment), "momentum": momentum, "augment": augment}
    key = key_of(model, optimizer, loss, metrics, mode)
    return keep(
        _engines,
        key,
        lambda: Engine(model, optimizer, loss, metrics, example=example, **mode),
        KEPT_ENGINES,
    )
