"""Minibatches for `model.fit`, from TensorFlow's data pipeline."""

import tensorflow as tf


def shuffled_batches(x, y, batch_size: int, seed: int) -> tf.data.Dataset:
    """Minibatches of pairs (x, y) for `model.fit`: every row once an epoch, in an order drawn anew
    for each.

    `x` and `y` are arrays with n rows each. The same seed gives the same minibatches in a second
    run.
    """
    rows = tf.data.Dataset.from_tensor_slices((x, y))
    return rows.shuffle(len(x), seed=seed, reshuffle_each_iteration=True).batch(batch_size)
