"""How sharply the loss of a Keras model curves: its Hessian, and the top eigenvalue of it.

The loss is that of the data, without penalties, and the net's outputs are those of inference:
without dropout, and with batch normalization by its moving averages.
"""

from typing import Any

import keras
import numpy as np

from helpers.nets.gradients import as_function
from helpers.runtime import with_jax

ops: Any = keras.ops  # no type checker can follow Keras through its backends
SMALL_ENOUGH = 2_000  # parameters, for a whole Hessian


def top_eigenvalues(build, weights, x, y, *, loss: str, iterations: int = 30) -> np.ndarray:
    """The Hessian's eigenvalue of largest magnitude, "sharpness", at each of `weights`.

    Returns shape (len(weights),), for the model that `build()` makes. `weights` holds lists of
    arrays, as `Runs.weights` does. Power iteration: a direction is multiplied by the Hessian and
    scaled back to length 1, `iterations` times, from a random start; the last Rayleigh quotient is
    returned, which for a positive top eigenvalue approaches it from below, and lies between two
    that differ in little but their sign. The Hessian itself is never formed (Pearlmutter 1994,
    "Fast Exact Multiplication by the Hessian").
    """
    model = build()
    variables = model.trainable_variables
    iteration = _jax_iteration if with_jax() else _tensorflow_iteration
    iterate = iteration(_mean_loss(model, x, y, loss), model, iterations)
    generator = np.random.default_rng(0)
    start = [
        ops.convert_to_tensor(generator.normal(size=variable.shape), "float32")
        for variable in variables
    ]
    found = []
    for one in weights:
        model.set_weights(one)
        found.append(float(iterate(start)))
    return np.array(found)


def hessian(model, x, y, *, loss: str) -> np.ndarray:
    """The Hessian of a small model's mean loss over the rows, shape (parameters, parameters).

    Raises ValueError for a model with more than 2,000 parameters: use `top_eigenvalues`.
    """
    variables = model.trainable_variables
    size = sum(int(np.prod(variable.shape)) for variable in variables)
    if size > SMALL_ENOUGH:
        raise ValueError(
            f"The model has {size} parameters; up to {SMALL_ENOUGH} can be done. "
            "Use top_eigenvalues."
        )
    whole = _jax_hessian if with_jax() else _tensorflow_hessian
    return whole(_mean_loss(model, x, y, loss), variables)


def _mean_loss(model, x, y, loss: str):
    """A function without arguments: the model's loss at its present weights."""
    inputs, targets = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    measure: Any = keras.losses.get(loss)
    return lambda: ops.mean(measure(targets, model(inputs, training=False)))


def _tensorflow_iteration(objective, model, iterations: int):
    """A compiled function: the last Rayleigh quotient of power iteration from given directions."""
    import tensorflow as tf

    variables = [variable.value for variable in model.trainable_variables]

    @tf.function
    def multiply(directions):
        with tf.autodiff.ForwardAccumulator(variables, directions) as accumulator:
            with tf.GradientTape() as tape:
                mean = objective()
            gradients = tape.gradient(mean, variables)
        return accumulator.jvp(gradients)

    @tf.function
    def iterate(directions):
        quotient = 0.0
        for _ in tf.range(iterations):
            length = tf.linalg.global_norm(directions)
            directions = [direction / length for direction in directions]
            product = multiply(directions)
            quotient = tf.add_n(
                [tf.reduce_sum(a * b) for a, b in zip(directions, product, strict=True)]
            )
            directions = product
        return quotient

    return iterate


def _jax_iteration(objective, model, iterations: int):
    """As `_tensorflow_iteration`, but the loop is not compiled: XLA is slow with convolutions.

    Moving averages are an argument: the compiled step would keep those that it saw first.
    """
    import jax  # pyright: ignore[reportMissingImports]

    variables, others = model.trainable_variables, model.non_trainable_variables
    mean = as_function(objective, [*variables, *others])

    @jax.jit
    def once(values, fixed, directions):
        gradient = jax.grad(lambda values: mean([*values, *fixed]))
        length = ops.sqrt(sum(ops.sum(direction**2) for direction in directions))
        directions = [direction / length for direction in directions]
        product = jax.jvp(gradient, (values,), (directions,))[1]
        return product, sum(ops.sum(a * b) for a, b in zip(directions, product, strict=True))

    def iterate(directions):
        quotient = 0.0
        values, fixed = [[one.value for one in each] for each in (variables, others)]
        for _ in range(iterations):
            directions, quotient = once(values, fixed, directions)
        return quotient

    return iterate


def _tensorflow_hessian(objective, variables) -> np.ndarray:
    import tensorflow as tf

    variables = [variable.value for variable in variables]
    sizes = [int(np.prod(variable.shape)) for variable in variables]
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            mean = objective()
        gradients: Any = inner.gradient(mean, variables)
        flat = tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], 0)
    columns: Any = outer.jacobian(flat, variables, experimental_use_pfor=False)
    parts = [
        np.zeros((sum(sizes), size)) if part is None else tf.reshape(part, (sum(sizes), size))
        for part, size in zip(columns, sizes, strict=True)
    ]
    return np.concatenate(parts, axis=1)


def _jax_hessian(objective, variables) -> np.ndarray:
    import jax  # pyright: ignore[reportMissingImports]
    from jax.flatten_util import ravel_pytree  # pyright: ignore[reportMissingImports]

    flat, unravel = ravel_pytree([variable.value for variable in variables])
    of_values = as_function(objective, variables)
    return np.array(jax.hessian(lambda point: of_values(unravel(point)))(flat))
