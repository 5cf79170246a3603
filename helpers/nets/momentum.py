"""Momenta that change while an optimizer of Keras's is at work, which Keras does not offer."""

from collections.abc import Callable

import keras


class Momentum(keras.Variable):
    """A momentum that changes from step to step: assigned, or read from `now()` if given.

    Keras's optimizers leave momentum out where it is zero, and ask so once, when a step is
    compiled: the answer is no.
    """

    def __init__(self, start: float, name: str = "momentum", now: Callable | None = None):
        self._now = now
        super().__init__(float(start), trainable=False, name=name)

    @property
    def value(self):
        """The momentum of the current step, a tensor without axes."""
        return self._now() if self._now else super().value

    def __ne__(self, other):
        return True

    def __gt__(self, other):
        return True

    __hash__ = keras.Variable.__hash__


def momentum_name(optimizer) -> str:
    """What the optimizer calls its momentum. Raises ValueError where it has none."""
    for name in ("momentum", "beta_1"):
        if hasattr(inner(optimizer), name):
            return name
    raise ValueError(
        f"{type(optimizer).__name__} has no momentum to set: "
        "take SGD, RMSprop or one of the Adam family."
    )


def inner(optimizer):
    """The optimizer itself, where Keras has put it into one that scales the loss of float16."""
    return getattr(optimizer, "inner_optimizer", optimizer)
