"""Gradients of what Keras computes, found by the backend that Keras runs on: TensorFlow or JAX."""

import keras
import numpy as np

from helpers.runtime import with_jax


def gradients(objective, variables) -> tuple[float, list[np.ndarray]]:
    """The value of `objective()`, and its gradients by the Keras variables, arrays of their shapes.

    `objective` returns one number, made by Keras's layers and losses and `keras.ops`. For the
    gradient by an array, make it a `keras.Variable`. State that layers change during a pass in
    training, such as moving averages, changes once. Raises TypeError for variables that are not
    Keras's.
    """
    for variable in variables:
        if not isinstance(variable, keras.Variable):
            raise TypeError(
                "Gradients are taken by keras.Variable, "
                f"not by {type(variable).__name__}: wrap it in one."
            )
    find = _of_jax if with_jax() else _of_tensorflow
    value, found = find(objective, variables)
    return float(value), [np.array(gradient) for gradient in found]


def compiled_gradients(objective, variables):
    """A compiled function without arguments: the gradients of `objective()` by Keras variables.

    They are those at the values that the variables have when it is called. Whatever else
    `objective` reads has to stay as it is.
    """
    if with_jax():
        import jax  # pyright: ignore[reportMissingImports]

        program = jax.jit(jax.grad(as_function(objective, variables)))
        return lambda: [
            np.asarray(gradient) for gradient in program([variable.value for variable in variables])
        ]
    import tensorflow as tf

    program = tf.function(lambda: _of_tensorflow(objective, variables)[1], autograph=False)
    return lambda: [np.asarray(gradient) for gradient in program()]


def as_function(objective, variables):
    """`objective` as a function of the values of Keras variables, as JAX wants it.

    The function changes no variable.
    """

    def at(values):
        with keras.StatelessScope(list(zip(variables, values, strict=True))):
            return objective()

    return at


def _of_tensorflow(objective, variables):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = objective()
    sources = [variable.value for variable in variables]
    found = tape.gradient(value, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value, [tf.convert_to_tensor(gradient) for gradient in found]


def _of_jax(objective, variables):
    import jax  # pyright: ignore[reportMissingImports]

    found = jax.grad(as_function(objective, variables))([variable.value for variable in variables])
    # The value is computed again, with the same random numbers: the first pass changed no state.
    return objective(), found
