"""How sharply the loss of a Keras model curves at given weights: its Hessian, and the largest eigenvalue of it."""

import keras
import numpy as np
import tensorflow as tf

SMALL_ENOUGH = 2_000  # parameters, for a whole Hessian


def top_eigenvalues(build, weights, x, y, *, loss: str, iterations: int = 30) -> np.ndarray:
    """The Hessian's eigenvalue of largest magnitude, "sharpness", of `build()` at each of `weights`, shape (len(weights),).

    `weights` holds lists of arrays, as `Runs.weights` does. Power iteration: a direction is multiplied by the Hessian and
    scaled back to length 1, `iterations` times, from a random start; the last Rayleigh quotient is returned, which for a
    positive top eigenvalue approaches it from below. The Hessian itself is never formed (Pearlmutter 1994, section 2).
    """
    model = build()
    loss = keras.losses.get(loss)
    inputs, targets = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    variables = [variable.value for variable in model.trainable_variables]

    @tf.function
    def multiply(directions):
        with tf.autodiff.ForwardAccumulator(variables, directions) as accumulator:
            with tf.GradientTape() as tape:
                mean = tf.reduce_mean(loss(targets, model(inputs, training=False)))
            gradients = tape.gradient(mean, variables)
        return accumulator.jvp(gradients)

    @tf.function
    def iterate(directions):
        quotient = 0.0
        for _ in tf.range(iterations):
            length = tf.linalg.global_norm(directions)
            directions = [direction / length for direction in directions]
            product = multiply(directions)
            quotient = tf.add_n([tf.reduce_sum(a * b) for a, b in zip(directions, product, strict=True)])
            directions = product
        return quotient

    generator = np.random.default_rng(0)
    start = [tf.constant(generator.normal(size=variable.shape), tf.float32) for variable in variables]
    found = []
    for one in weights:
        model.set_weights(one)
        found.append(float(iterate(start)))
    return np.array(found)


def hessian(model, x, y, *, loss: str) -> np.ndarray:
    """The Hessian of the model's mean loss over the rows, shape (parameters, parameters), for small models.

    Raises ValueError for a model with more than 2,000 parameters: use `top_eigenvalues`.
    """
    variables = [variable.value for variable in model.trainable_variables]
    sizes = [int(np.prod(variable.shape)) for variable in variables]
    if sum(sizes) > SMALL_ENOUGH:
        raise ValueError(f"The model has {sum(sizes)} parameters; up to {SMALL_ENOUGH} can be done. Use top_eigenvalues.")
    loss = keras.losses.get(loss)
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            mean = tf.reduce_mean(loss(tf.convert_to_tensor(y), model(tf.convert_to_tensor(x), training=False)))
        gradients = inner.gradient(mean, variables)
        flat = tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], 0)
    columns = outer.jacobian(flat, variables, experimental_use_pfor=False)
    parts = [np.zeros((sum(sizes), size)) if part is None else tf.reshape(part, (sum(sizes), size)) for part, size in zip(columns, sizes)]
    return np.concatenate(parts, axis=1)
