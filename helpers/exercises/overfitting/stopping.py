"""Early stopping, written from its definition."""

import keras
import numpy as np

from helpers.exercises.core import Mistake, writing
from helpers.reference import early_stopping

# 5 ------------------------------------------------------------------------------------------------


def stop(losses, patience, min_delta): ...  # return (last, best)


def stop_as_keras_does(losses, patience, min_delta):
    class Net:
        stop_training = False
        get_weights = staticmethod(list)
        set_weights = staticmethod(id)

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


def stop_comparing_neighbours(losses, patience, min_delta):
    best, wait = 0, 0
    for epoch, loss in enumerate(losses):
        wait += 1
        if epoch == 0 or loss + min_delta < losses[epoch - 1]:
            best, wait = epoch, 0
        elif wait >= patience:
            break
    return epoch, best


def stop_ignoring_min_delta(losses, patience, min_delta):
    return early_stopping.stop(losses, patience, 0.0)


def stop_restoring_the_minimum(losses, patience, min_delta):
    last, _ = early_stopping.stop(losses, patience, min_delta)
    return last, int(np.argmin(losses[: last + 1]))


def stop_counting_equal_losses(losses, patience, min_delta):
    best, wait = 0, 0
    for epoch, loss in enumerate(losses):
        wait += 1
        if loss + min_delta <= losses[best]:
            best, wait = epoch, 0
        elif wait >= patience:
            break
    return epoch, best


def stop_one_too_late(losses, patience, min_delta):
    return early_stopping.stop(losses, patience + 1, min_delta)


def stop_one_too_early(losses, patience, min_delta):
    return early_stopping.stop(losses, max(patience - 1, 0), min_delta)


def stop_never_forgetting(losses, patience, min_delta):
    best, wait = 0, 0
    for epoch, loss in enumerate(losses):
        if epoch == 0 or loss + min_delta < losses[best]:
            best = epoch
        else:
            wait += 1
            if wait >= patience:
                break
    return epoch, best


def stop_restoring_the_last(losses, patience, min_delta):
    last, _ = early_stopping.stop(losses, patience, min_delta)
    return last, last


def stop_counting_from_one(losses, patience, min_delta):
    last, best = early_stopping.stop(losses, patience, min_delta)
    return last + 1, best + 1


stopping = writing(
    "stopping",
    stub=stop,
    reference=early_stopping.stop,
    cases=(
        ([1.0, 0.8, 0.9, 0.7, 0.75, 0.76, 0.74, 0.6], 3, 0.0),
        ([1.0, 0.5, 0.6, 0.55, 0.54, 0.53, 0.52, 0.51, 0.4], 3, 0.0),
        ([1.0, 0.9995, 0.9991, 0.9985, 0.998, 0.9979], 10, 0.001),
        ([1.0, 0.9995, 0.9991, 0.99905, 0.5], 3, 0.001),
        ([0.9, 1.0, 0.8, 0.9, 0.7, 0.8, 0.6, 0.7, 0.8, 0.9], 2, 0.0),
        ([3.0, 2.0, 1.0], 2, 0.0),
        ([1.0, 0.5, 0.5, 0.5, 0.5], 2, 0.0),
        ([1.0, 0.7, 0.8, 0.6], 1, 0.0),
    ),
    praise=(
        "The same epochs as keras.callbacks.EarlyStopping on every sequence. Note what is restored:"
        " the last epoch that beat the old best by more than min_delta, not always the lowest loss."
    ),
    hints=(
        (
            "Carry two things through the loop: the best epoch so far, and how many epochs have"
            " passed since."
        ),
        (
            "An epoch is an improvement if loss + min_delta < (loss of the best epoch). Then the"
            " count starts again."
        ),
        "Stop as soon as the count of epochs without improvement reaches patience.",
    ),
    equivalents=(stop_as_keras_does,),
    mistakes=(
        Mistake(
            stop_comparing_neighbours,
            "You compare with the epoch before. A loss that creeps back down is no improvement:"
            " compare with the best epoch so far.",
        ),
        Mistake(
            stop_ignoring_min_delta,
            "min_delta plays no part in your answer: a drop of less than min_delta must not count"
            " as an improvement.",
        ),
        Mistake(
            stop_restoring_the_minimum,
            "The last epoch is right, but you restore the lowest loss. An epoch that is lower by"
            " less than min_delta does not count, so its weights are not restored.",
        ),
        Mistake(
            stop_counting_equal_losses,
            "You count an epoch as an improvement whose loss only equals the best one, less"
            " min_delta: it must be lower than that.",
        ),
        Mistake(
            stop_one_too_late,
            "You stop one epoch too late: with patience p, the p-th epoch in a row without"
            " improvement is the last.",
        ),
        Mistake(
            stop_one_too_early,
            "You stop one epoch too early: patience counts the epochs after the best one; the p-th"
            " of them is the last.",
        ),
        Mistake(
            stop_never_forgetting,
            "Your count of bad epochs goes on over good ones: an improvement must set it back"
            " to 0.",
        ),
        Mistake(
            stop_restoring_the_last,
            "You end with the weights of the last epoch; the point is to go back to the best one.",
        ),
        Mistake(
            stop_counting_from_one,
            "Right rule, but counted from 1: the first epoch is epoch 0, as everywhere in Python.",
        ),
    ),
)
