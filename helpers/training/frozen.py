"""The order of the minibatches that a seeded `model.fit` freezes."""

import numpy as np


def frozen_order(rows: int, seed: int) -> np.ndarray:
    """The order in which `model.fit` takes `rows` rows after `tf.random.set_seed(seed)`.

    For `Run(order=...)`, to show what frozen minibatches do; seen with Keras 3.3 to 3.15 on
    TensorFlow, where the shuffle starts again from the same state in every epoch.
    """
    import tensorflow as tf  # only here: the JAX engine needs none

    seeds = {"seed": seed, "seed2": 0 if seed else 2**31 - 1}  # two zeros would mean "unseeded"
    epoch = tf.data.Dataset.range(1).map(
        lambda _: tf.raw_ops.RandomShuffle(value=tf.range(rows), **seeds)
    )
    return next(iter(epoch)).numpy()
