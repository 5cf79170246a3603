"""What `model.fit` brings is written down batch by batch, with each backend of Keras."""

import keras
import numpy as np
import pytest

from helpers import training
from helpers.nets import feeding, recording

ROWS = np.arange(10, dtype=np.float32)[:, None]


def test_batches_are_those_that_were_fed():
    found = recording.minibatches(ROWS, ROWS[:, 0], epochs=2, batch_size=4, shuffle=False)
    assert found == [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]] * 2


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow freezes the order")
@pytest.mark.parametrize("seed", [0, 3, 20_000])
def test_a_seeded_fit_on_arrays_repeats_the_order_that_is_predicted(seed):
    keras.utils.set_random_seed(seed)
    epochs = recording.minibatches(ROWS, ROWS[:, 0], epochs=3, batch_size=5)
    order = training.frozen_order(len(ROWS), seed).reshape(2, 5).tolist()
    assert epochs == [order] * 3


def test_a_source_that_reshuffles_stays_fresh():
    batches = feeding.shuffled_batches(ROWS, ROWS[:, 0], 5, seed=3)
    first, second = recording.minibatches(batches, epochs=2)
    assert first != second
