"""The rule of early stopping against Keras's callback."""

import keras
import numpy as np
import pytest

from helpers.reference import early_stopping


class Net:
    """What Keras's callback needs of a model."""

    stop_training = False

    def get_weights(self):
        return []

    def set_weights(self, weights):
        pass


def stopped_by_keras(losses, patience, min_delta):
    callback = keras.callbacks.EarlyStopping(
        patience=patience, min_delta=min_delta, restore_best_weights=True
    )
    net = Net()
    callback.set_model(net)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if net.stop_training:
            break
    return epoch, callback.best_epoch


def test_stopping_agrees_with_keras_on_random_curves():
    generator = np.random.default_rng(0)
    for _ in range(300):
        losses = generator.normal(size=generator.integers(3, 30)).cumsum().round(2).tolist()
        patience = max(int(generator.integers(0, 6)), 1)
        min_delta = float(generator.choice([0.0, 0.001, 0.5]))
        expected = stopped_by_keras(losses, patience, min_delta)
        assert early_stopping.stop(losses, patience, min_delta) == expected


@pytest.mark.parametrize(
    ("losses", "patience", "min_delta", "expected"),
    [
        ([3.0, 2.0, 1.0], 2, 0.0, (2, 2)),  # never stops
        ([1.0, 0.5, 0.6, 0.7, 0.1], 2, 0.0, (3, 1)),
        ([1.0, 0.95, 0.9, 0.85], 2, 0.1, (2, 0)),  # lower, but by too little
        ([1.0], 5, 0.0, (0, 0)),
    ],
)
def test_stopping_by_hand(losses, patience, min_delta, expected):
    assert early_stopping.stop(losses, patience, min_delta) == expected
