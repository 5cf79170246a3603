"""The order that a seeded `model.fit` freezes: what happens to minibatches after `set_random_seed`."""

import numpy as np


def frozen_order(rows: int, seed: int) -> np.ndarray:
    """The one order of `rows` rows in which `model.fit` takes arrays after `tf.random.set_seed(seed)`.

    For `Run(order=...)`, to show what frozen minibatches do; seen with Keras 3.3 to 3.15 on
    TensorFlow, where the shuffle starts again from the same state in every epoch.
    """
    import tensorflow as tf  # only here: the JAX engine needs none

    seeds = {"seed": seed, "seed2": 0 if seed else 2**31 - 1}  # two zeros would mean "unseeded"
    epoch = tf.data.Dataset.range(1).map(
        lambda _: tf.raw_ops.RandomShuffle(value=tf.range(rows), **seeds)
    )
    return next(iter(epoch)).numpy()
