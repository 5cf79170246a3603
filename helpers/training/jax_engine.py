"""Many runs of an ordinary Keras model as one compiled JAX program.

The weights of many runs are stacked, `jax.vmap` trains them side by side, and `jax.lax.scan` is the
loop over the minibatches: what differs between the runs (weights, seeds, minibatches, rates,
targets) are rows of the same arrays. On a CPU each core has a stack of its own, a share of the
runs: all shares go through the same program. A step is the Keras model, loss and optimizer in a
`keras.StatelessScope`, as in Keras's own training with JAX.
"""

from functools import partial

import jax  # pyright: ignore[reportMissingImports]
import jax.numpy as jnp  # pyright: ignore[reportMissingImports]
import keras
import numpy as np

from helpers.nets.momentum import inner
from helpers.training.devices import (
    device_for,
    prediction_size,
    share_size,
    shares_of,
    together,
)
from helpers.training.engine import (
    EVALUATION_ROWS,
    as_input,
    compile_for,
    has_kernels,
    pairs,
    state_of,
)


def wants_stack(model) -> bool:
    """Whether to train many runs of `model` in one program: see docs/benchmarks.md.

    On a CPU, XLA is 30 times slower with the gradients of convolutions inside a loop, and with
    stacked kernels: there convolutional nets are trained run by run and step by step.
    """
    return jax.default_backend() != "cpu" or not has_kernels(model)


class Member:
    """One run of the stack, as a Keras callback wants to see a model."""

    def __init__(self, engine, place: int):
        self.metrics = engine.model.metrics
        self.stop_training = False
        self._weights = partial(engine.weights_of, place)

    def get_weights(self) -> list[np.ndarray]:
        """The weights of the run, as Keras's method gives them."""
        return self._weights()

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Take these as the weights of the run."""
        self._weights = lambda: weights


class JaxEngine:
    """The engine of the JAX backend: see `engine.Engine`. It trains many runs side by side."""

    def __init__(
        self,
        model,
        optimizer,
        loss,
        metrics,
        *,
        example: tuple,
        stack: bool,
        momentum=False,
        augment=None,
    ):
        check_augmentation(augment, *example)
        asked = {"momentum": momentum, "example": example, "updated": model.trainable_variables}
        self._metrics = compile_for(model, optimizer, loss, metrics, **asked)
        self.metric_names = [name for metric in self._metrics for name in metric.result()]
        for metric in self._metrics:
            metric.reset_state()
        self.model = model
        self.members = []
        self._stack = stack
        self._augment = augment
        self._initial_optimizer = values_of(model.optimizer.variables)
        self._initial_metrics = [values_of(metric.variables) for metric in self._metrics]
        self._train_step = jax.jit(self._train_one, donate_argnums=1)
        scanned = jax.jit(self._train_all, donate_argnums=1)
        self._train_steps = scanned if stack else self._train_each
        self._results = jax.jit(jax.vmap(self._metric_results))
        self._evaluate = jax.jit(jax.vmap(self._evaluate_run, in_axes=(0, None, None)))
        self._evaluate_own = jax.jit(jax.vmap(self._evaluate_run, in_axes=(0, None, None, 0)))
        self._predict = jax.jit(jax.vmap(self._predict_rows, in_axes=(0, None)))

    @staticmethod
    def mode(model, augment) -> dict:
        """Whether runs are stacked."""
        return {"stack": wants_stack(model)}

    @staticmethod
    def as_tensor(array: np.ndarray):
        """The array on the device, in JAX's types (float32 for float64)."""
        return jnp.asarray(array)

    def groups(self, sizes) -> list[list[int]]:
        """Together those of the same sizes; each by itself where runs are not stacked."""
        if not self._stack:
            return [[number] for number in range(len(sizes))]
        return [
            [number for number, each in enumerate(sizes) if each == size]
            for size in dict.fromkeys(sizes)
        ]

    def restart(self, states: list[list], seeds: list[int]) -> None:
        """Begin these runs: values of fresh models, optimizers that have done nothing."""
        self._fresh = [
            {
                **self._sorted(values),
                "optimizer": self._initial_optimizer,
                "seed": np.array([seed, 0], np.uint32),
            }
            for values, seed in zip(states, seeds, strict=True)
        ]
        self.members = [Member(self, place) for place in range(len(states))]

    def _sorted(self, values: list[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """The values of a model's variables, sorted into those that are trained and the others."""
        model, variables = self.model, state_of(self.model)
        by_id = {id(each): value for each, value in zip(variables, values, strict=True)}
        return {
            "trainable": [by_id[id(each)] for each in model.trainable_variables],
            "fixed": [by_id[id(each)] for each in model.non_trainable_variables],
        }

    def data_of(self, runs: list, x, y) -> tuple:
        """Arrays that all runs share, and for each share of the runs what is theirs alone.

        By the size of the data it chooses the device, and puts the runs there too.
        """
        self._device = device_for(self.model, len(x), len(runs))
        self._size = share_size(len(runs), self._device)
        self._states = [self._here(stacked(share)) for share in shares_of(self._fresh, self._size)]
        self._weights = {}
        own = own_of(runs, x, y)
        places = shares_of(range(len(runs)), self._size)
        own = [{name: values[np.array(share)] for name, values in own.items()} for share in places]
        return self._here(({"x": x, "targets": y}, own))

    def _here(self, arrays):
        """The arrays on the device of the runs; most are there already."""
        return jax.device_put(arrays, self._device)

    def train_epoch(
        self, data: tuple, orders: list, batch_size: int, settings: list[dict]
    ) -> list[tuple]:
        """Train all runs for an epoch."""
        shared, own = data

        def train(place: int, own: dict, orders: list, settings: list) -> list[tuple]:
            return self._train_share(place, (shared, own), orders, batch_size, settings)

        each = shares_of(orders, self._size), shares_of(settings, self._size)
        found = together(train, range(len(own)), own, *each)
        self._weights = {}
        return found[: len(orders)]

    def _train_share(self, place: int, data, orders, batch_size: int, settings) -> list[tuple]:
        """Train one share of the runs for an epoch."""
        rows = len(orders[0])
        full, rest = divmod(rows, batch_size)
        index = np.stack(orders).astype(np.int32)
        batches = np.moveaxis(index[:, : full * batch_size].reshape(-1, full, batch_size), 1, 0)
        each = {
            name: np.stack([one[name] for one in settings], axis=1).astype(np.float32)
            for name in settings[0]
        }
        carry = self._states[place], self._here(stacked([self._initial_metrics] * len(orders)))
        steps = batches, {name: values[:full] for name, values in each.items()}
        carry, parts = self._train_steps(data, carry, steps)
        if rest:
            last = index[:, -rest:], {name: values[-1] for name, values in each.items()}
            carry, part = self._train_step(data, carry, last)
            parts = np.concatenate([parts, [part]])
        self._states[place], metrics = carry
        return self._report(np.asarray(parts, np.float64), metrics, batch_size, rows)

    def _report(self, parts: np.ndarray, metrics, batch_size: int, rows: int) -> list[tuple]:
        """For each run the losses of the steps and the logs; `parts`: (steps, runs, 2)."""
        sizes = np.full(len(parts), batch_size)
        sizes[-1] = rows % batch_size or batch_size
        means = np.einsum("s,srp->rp", sizes, parts) / rows
        found = self._results(metrics) if self.metric_names else {}
        logs = rows_of({"loss": means[:, 0], "penalty": means[:, 1]} | found)
        return list(zip(np.moveaxis(parts[:, :, 0], 0, 1).astype(np.float32), logs, strict=True))

    def evaluate(self, x, y, rows=None) -> list[dict[str, float]]:
        """Loss of the data and metrics of each run over all rows, or equally many own."""
        x, y = self._here((x, y))
        if rows is None:
            found = together(lambda state: rows_of(self._evaluate(state, x, y)), self._states)
        else:
            own = [self._here(np.stack(share)) for share in shares_of(rows, self._size)]
            evaluate = self._evaluate_own
            found = together(
                lambda state, mine: rows_of(evaluate(state, x, y, mine)), self._states, own
            )
        return found[: len(self.members)]

    def finalize(self, place: int) -> None:
        """Put averages of the optimizer into the weights of a run, where it makes some."""
        model, optimizer = self.model, self.model.optimizer
        if not optimizer.use_ema:
            return
        share, row = divmod(place, self._size)
        run = jax.tree.map(lambda values: values[row], self._states[share])
        known = pairs(model.trainable_variables, run["trainable"])
        known += pairs(optimizer.variables, run["optimizer"])
        with keras.StatelessScope(known) as scope:
            optimizer.finalize_variable_values(model.trainable_variables)
        trained = model.trainable_variables
        averages = {id(variable): scope.get_current_value(variable) for variable in trained}
        ours = zip(model.weights, self.weights_of(place), strict=True)
        weights = [np.array(averages.get(id(variable), old)) for variable, old in ours]
        self.members[place].set_weights(weights)

    def weights_of(self, place: int) -> list[np.ndarray]:
        """The weights of one run, in the order of Keras's `get_weights`."""
        share, row = divmod(place, self._size)
        if share not in self._weights:
            model, state = self.model, self._states[share]
            known = pairs(model.trainable_variables, state["trainable"])
            known += pairs(model.non_trainable_variables, state["fixed"])
            values = {id(variable): value for variable, value in known}
            self._weights[share] = [np.array(values[id(variable)]) for variable in model.weights]
        return [values[row] for values in self._weights[share]]

    def predict(self, weights: list, x: np.ndarray) -> np.ndarray:
        """Outputs of the nets with these weights, a list for each, for the rows of `x`."""
        device = device_for(self.model, len(x), len(weights))
        size = prediction_size(len(weights), device)
        stacks = [jax.device_put(stacked(share), device) for share in shares_of(weights, size)]
        rows = max(1, EVALUATION_ROWS // size)
        parts = [x[start : start + rows] for start in range(0, len(x), rows)]
        found = [
            together(lambda stack, part=part: np.asarray(self._predict(stack, part)), stacks)
            for part in parts
        ]
        return np.concatenate([np.stack(outputs) for outputs in found], axis=1)

    # What is compiled -----------------------------------------------------------------------------

    def _train_all(self, data, carry, steps):
        return jax.lax.scan(partial(self._train_one, data), carry, steps)

    def _train_each(self, data, carry, steps):
        """As `_train_all`, but Python makes the loop."""
        parts = []
        for step in range(len(steps[0])):
            carry, part = self._train_step(
                data, carry, jax.tree.map(lambda values, step=step: values[step], steps)
            )
            parts.append(part)
        return carry, np.stack(parts) if parts else np.zeros((0, len(self.members), 2))

    def _train_one(self, data, carry, now):
        """One step of every run; `now` are the rows of their minibatches and their rates."""
        shared, own = data
        state, metrics = carry
        return jax.vmap(self._step, in_axes=(None, 0, 0, 0, 0))(shared, own, state, metrics, now)

    def _step(self, shared, own, state, metrics, now):
        """One step of one run: its next state and metrics, data loss and penalty."""
        optimizer, (index, settings) = self.model.optimizer, now
        data = shared | own
        x, targets = data["x"][index], data["targets"][index]
        weights = data["weights"][index] if "weights" in data else None
        if self._augment:
            x, targets = self._augment(x, targets, state["seed"])

        def loss_of(trainable):
            found = self._apply(trainable, state["fixed"], x, targets, weights, True)
            total, penalty, outputs, fixed = found
            return optimizer.scale_loss(total), (total - penalty, penalty, outputs, fixed)

        gradients, found = jax.grad(loss_of, has_aux=True)(state["trainable"])
        loss, penalty, outputs, fixed = found
        known = list(state["optimizer"])
        for name, value in settings.items():
            known[place_of(getattr(inner(optimizer), name), optimizer.variables)] = value
        trainable, known = optimizer.stateless_apply(known, gradients, state["trainable"])
        metrics = self._update_metrics(metrics, targets, outputs)
        seed = state["seed"] + jnp.array([0, 1], jnp.uint32)
        after = {"trainable": trainable, "fixed": fixed, "optimizer": known, "seed": seed}
        return (after, metrics), jnp.stack([loss, penalty])

    def _apply(self, trainable, fixed, x, targets, weights, training: bool):
        """Total loss, the penalty in it, the outputs, and the next state of the layers."""
        model = self.model
        known = pairs(model.trainable_variables, trainable)
        known += pairs(model.non_trainable_variables, fixed)
        with keras.StatelessScope(known, collect_losses=True) as scope:
            inputs = as_input(model, x)
            outputs = model(inputs, training=training)
            total = model.compute_loss(inputs, targets, outputs, weights, training=training)
            penalty = sum(map(jnp.sum, model.losses), jnp.float32(0))
        fixed = [scope.get_current_value(variable) for variable in model.non_trainable_variables]
        return total, penalty, outputs, fixed

    def _evaluate_run(self, state, x, y, own=None):
        """Loss and metrics of one run over all rows, or those in `own`, piece by piece."""

        def part(carry, piece):
            total, metrics = carry
            inputs, targets = piece if own is None else (x[piece], y[piece])
            weights = state["trainable"], state["fixed"]
            loss, penalty, outputs, _ = self._apply(*weights, inputs, targets, None, False)
            metrics = self._update_metrics(metrics, targets, outputs)
            return (total + (loss - penalty) * len(targets), metrics), None

        data = (x, y) if own is None else own
        rows = len(x) if own is None else len(own)
        full = rows // EVALUATION_ROWS * EVALUATION_ROWS
        carry = jnp.float32(0), self._initial_metrics
        if full:
            pieces = jax.tree.map(
                lambda each: each[:full].reshape(-1, EVALUATION_ROWS, *each.shape[1:]), data
            )
            carry, _ = jax.lax.scan(part, carry, pieces)
        if full < rows:
            carry, _ = part(carry, jax.tree.map(lambda each: each[full:], data))
        total, metrics = carry
        return {"loss": total / rows} | self._metric_results(metrics)

    def _predict_rows(self, weights, x):
        model = self.model
        with keras.StatelessScope(pairs(model.weights, weights)):
            return model(as_input(model, x), training=False)

    def _update_metrics(self, states, targets, outputs):
        found = zip(self._metrics, states, strict=True)
        return [metric.stateless_update_state(state, targets, outputs) for metric, state in found]

    def _metric_results(self, states):
        found = zip(self._metrics, states, strict=True)
        return {
            name: value
            for metric, state in found
            for name, value in metric.stateless_result(state).items()
        }


def check_augmentation(augment, x, y) -> None:
    """Raise ValueError where `augment` cannot be compiled, as TensorFlow's functions cannot."""
    if augment:
        try:
            jax.eval_shape(augment, x, y, jax.ShapeDtypeStruct((2,), jnp.uint32))
        except (TypeError, AttributeError, NotImplementedError) as error:
            raise ValueError(
                f"augment cannot be compiled with JAX ({str(error).splitlines()[0]}): make it of "
                "keras.ops and of what helpers.nets.augmentation offers "
                "(uniform, normal, split for random numbers)."
            ) from error


def own_of(runs: list, x, y) -> dict:
    """What is a run's own of the data, with a row for each of these runs."""
    own = {}
    if any(run.targets is not None for run in runs):
        targets = [y if run.targets is None else jnp.asarray(run.targets) for run in runs]
        own["targets"] = jnp.stack(targets)
    if any(run.sample_weight is not None for run in runs):
        ones = np.ones(len(x))
        weights = [ones if run.sample_weight is None else run.sample_weight for run in runs]
        own["weights"] = jnp.asarray(np.stack(weights), jnp.float32)
    return own


def values_of(variables) -> list[np.ndarray]:
    """The values of Keras variables as arrays."""
    return [np.asarray(variable.value) for variable in variables]


def place_of(variable, variables) -> int:
    """Where this very variable stands among the variables."""
    return [each is variable for each in variables].index(True)


def stacked(trees: list):
    """One tree of arrays, with a row for each of the trees."""
    return jax.tree.map(lambda *values: np.stack(values), *trees)


def rows_of(columns: dict) -> list[dict[str, float]]:
    """For each row of the columns its values as numbers, by name."""
    columns = {name: np.asarray(values).tolist() for name, values in columns.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
