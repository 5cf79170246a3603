"""The order of the minibatches that a seeded `model.fit` freezes."""

import numpy as np

MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], np.uint64)
INCREMENTS = np.array([0x9E3779B9, 0xBB67AE85], np.uint32)
ROUNDS = 10
LARGEST = 2**31 - 1
"""TensorFlow takes seeds modulo this number."""


def frozen_order(rows: int, seed: int) -> np.ndarray:
    """The order in which `model.fit` takes `rows` rows after `tf.random.set_seed(seed)`.

    For `Run(order=...)`, to show what frozen minibatches do; seen with Keras 3.3 to 3.15 on
    TensorFlow, where the shuffle starts again from the same state in every epoch. It needs no
    TensorFlow. Source: tensorflow/core/kernels/random_shuffle_op.cc.
    """
    key = seed % LARGEST
    stream = 0 if key else LARGEST  # two zeros would mean "unseeded"
    numbers = philox(key, stream, -(-rows // 4)).ravel().tolist()
    order = list(range(rows))
    for place in range(rows - 1):
        other = place + numbers[place] % (rows - place)
        order[place], order[other] = order[other], order[place]
    return np.array(order, np.int32)


def philox(key: int, stream: int, count: int) -> np.ndarray:
    """The first random numbers of Philox-4x32-10, four in each row, shape (count, 4).

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; TensorFlow counts in
    the first two of four words and puts `stream` into the others.
    """
    first, second = np.arange(count, dtype=np.uint64), np.full(count, stream, np.uint64)
    low = np.uint64(2**32 - 1)
    words = [part for each in (first, second) for part in (each & low, each >> np.uint64(32))]
    keys = np.array([key & 0xFFFFFFFF, key >> 32], np.uint32)
    for _ in range(ROUNDS):
        products = [MULTIPLIERS[n] * words[2 * n] for n in (0, 1)]
        high, rest = [p >> np.uint64(32) for p in products], [p & low for p in products]
        words = [high[1] ^ words[1] ^ keys[0], rest[1], high[0] ^ words[3] ^ keys[1], rest[0]]
        keys = keys + INCREMENTS
    return np.stack(words, axis=1)
