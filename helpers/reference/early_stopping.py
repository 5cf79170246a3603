"""Early stopping as a rule on a list of losses."""

from collections.abc import Sequence


def stop(losses: Sequence[float], patience: int, min_delta: float) -> tuple[int, int]:
    """The last epoch that is trained and the best epoch, whose weights are restored.

    Both are counted from 0. `losses` holds the validation loss of every epoch, at least one. The
    best epoch is the last one that beat the best before it by more than `min_delta`, in the units
    of the loss; training stops after `patience` epochs in a row without such an improvement. The
    epochs are those of `keras.callbacks.EarlyStopping`. Prechelt (1998), "Early stopping: but
    when?", compares such rules.
    """
    best, wait = 0, 0
    for epoch, loss in enumerate(losses):
        wait += 1
        if epoch == 0 or loss + min_delta < losses[best]:
            best, wait = epoch, 0
        elif wait >= patience:
            break
    return epoch, best
