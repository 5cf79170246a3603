"""Minibatches for `model.fit` that are shuffled anew by TensorFlow's data pipeline, or by Keras."""

import keras
import numpy as np

from helpers.without_tensorflow import has_tensorflow


class Shuffled(keras.utils.PyDataset):
    """Minibatches of (x, y) in an order that is drawn anew after every epoch."""

    def __init__(self, x, y, batch_size: int, seed: int):
        super().__init__()
        self._data = x, y
        self._batch_size = batch_size
        self._generator = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        """Minibatches of an epoch."""
        return -(-len(self._data[0]) // self._batch_size)

    def __getitem__(self, number: int) -> tuple:
        """Inputs and targets of one minibatch."""
        rows = self._order[number * self._batch_size :][: self._batch_size]
        return tuple(part[rows] for part in self._data)

    def on_epoch_end(self) -> None:
        """Draw the next order."""
        self._order = self._generator.permutation(len(self._data[0]))


if has_tensorflow():

    def shuffled_batches(x, y, batch_size: int, seed: int):  # pyright: ignore[reportRedeclaration]
        """Minibatches of pairs (x, y) for `model.fit`: every row once an epoch, in an order drawn
        anew for each.

        `x` and `y` are arrays with n rows each. The same seed gives the same minibatches in a
        second run. A `tf.data.Dataset`; where TensorFlow is not installed, a `PyDataset`.
        """
        import tensorflow as tf

        rows = tf.data.Dataset.from_tensor_slices((x, y))
        return rows.shuffle(len(x), seed=seed, reshuffle_each_iteration=True).batch(batch_size)

else:

    def shuffled_batches(x, y, batch_size: int, seed: int):
        """The same where TensorFlow is not installed, which is said: a `PyDataset`."""
        print("TensorFlow is not installed: a keras.utils.PyDataset shuffles instead of tf.data.")
        return Shuffled(x, y, batch_size, seed)
