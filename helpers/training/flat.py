"""What an optimizer updates: every weight by itself, or all of them as one long vector.

Most update rules work element by element, so that one vector of all weights gives the same numbers
as one array after the other. It costs a program one variable to update instead of dozens, which
takes most of the time out of tracing and compiling it.
"""

from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from helpers.training.engine import excludes_weights, layers_of

BY_ELEMENT = ("SGD", "Adam", "AdamW", "Nadam", "Adamax", "Lion")
"""Keras's optimizers whose numbers do not depend on where in an array a weight lies.

RMSprop, Adagrad and Adadelta take reciprocals of roots, which TensorFlow computes in another way
for the last few elements of an array: one vector would change the last digit.
"""


LARGE = 5_000
"""Numbers in a weight above which it is updated by itself: joining the gradient of a large one to
the others costs XLA more than the step (784-256-256, minibatches of 100: 14 ms in place of 0.9).
"""


class Weights(Protocol):
    """The trainable weights of a model on the way through a compiled epoch."""

    updated: list
    """The variables that the optimizer updates."""

    def begin(self) -> None:
        """Take over the values that the model's own variables have."""
        ...

    def values(self) -> list:
        """A tensor for each trainable variable of the model: what it is at this step."""
        ...

    def end(self) -> None:
        """Put the values back into the model's own variables."""
        ...


class Separate:
    """Each weight is updated where it lies (see `Weights`)."""

    def __init__(self, variables: list):
        self.updated = variables

    def begin(self) -> None:
        """Nothing to do."""

    def values(self) -> list:
        """The variables' own values."""
        return [variable.value for variable in self.updated]

    def end(self) -> None:
        """Nothing to do."""


class Flat:
    """Small weights are one vector while an epoch runs, large ones stay apart (see `Weights`)."""

    def __init__(self, variables: list):
        self._variables = variables
        self._small = [variable for variable in variables if size_of(variable) <= LARGE]
        self._sizes = [size_of(variable) for variable in self._small]
        self._vector: Any = keras.Variable(np.zeros(sum(self._sizes), variables[0].dtype))
        large = [variable for variable in variables if size_of(variable) > LARGE]
        self.updated = [self._vector, *large]

    def begin(self) -> None:
        """Join the small weights."""
        rows = [tf.reshape(variable.value, [-1]) for variable in self._small]
        self._vector.assign(tf.concat(rows, axis=0))

    def values(self) -> list:
        """Parts of the vector in the shapes of the weights; their gradient is joined likewise."""
        small = {id(variable): part for variable, part in self._parts()}
        return [small.get(id(variable), variable.value) for variable in self._variables]

    def end(self) -> None:
        """Divide the vector among the small weights."""
        for variable, part in self._parts():
            variable.assign(part)

    def _parts(self) -> list[tuple]:
        """Each small weight with its part of the vector."""
        parts = tf.split(self._vector.value, self._sizes)
        pairs = zip(self._small, parts, strict=True)
        return [(variable, tf.reshape(part, variable.shape)) for variable, part in pairs]


def weights_for(model, optimizer) -> Weights:
    """All weights as one vector where that changes no number, else each by itself."""
    variables = model.trainable_variables
    alike = len({variable.dtype for variable in variables}) == 1
    plain = not any(variable.constraint is not None for variable in variables)
    dense = not any(isinstance(layer, keras.layers.Embedding) for layer in layers_of(model))
    several = sum(size_of(variable) <= LARGE for variable in variables) > 1
    flat = alike and plain and dense and several and works_by_element(optimizer)
    return Flat(variables) if flat else Separate(variables)


def works_by_element(optimizer) -> bool:
    """Whether the optimizer does to a weight what it would do if there were no other."""
    known = type(optimizer) in [getattr(keras.optimizers, name) for name in BY_ELEMENT]
    norms = optimizer.clipnorm, optimizer.global_clipnorm
    averages = optimizer.use_ema  # Keras puts the averages into the model's variables itself
    return known and norms == (None, None) and not averages and not excludes_weights(optimizer)


def size_of(variable) -> int:
    """How many numbers the variable holds."""
    return int(np.prod(variable.shape))
