"""Models built under a seed, which decides whatever the building draws."""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from keras.src.backend.common import global_state  # Keras has no public way to its generator

from helpers.without_tensorflow import has_tensorflow

KERAS_GENERATOR = "global_seed_generator"


def seeded(build: Callable, seed: int):
    """The model that `keras.utils.set_random_seed(seed); build()` makes.

    The generators of Python, NumPy, Keras and TensorFlow are put back after, as if nothing had been
    drawn: TensorFlow's seed would freeze the minibatches of every later `model.fit` in the notebook
    (claim NEW-01).
    """
    with ExitStack() as generators:
        for generator in (_python, _numpy, _keras, _tensorflow):
            generators.enter_context(generator(int(seed)))
        return build()


@contextmanager
def _python(seed: int) -> Iterator[None]:
    """`random`, from which Keras draws the seeds of initializers and random layers."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def _numpy(seed: int) -> Iterator[None]:
    """`np.random`'s functions."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)


@contextmanager
def _keras(seed: int) -> Iterator[None]:
    """`keras.random`'s functions: their generator is made anew, with a seed that Python draws."""
    generator = global_state.get_global_attribute(KERAS_GENERATOR)
    global_state.set_global_attribute(KERAS_GENERATOR, None)
    try:
        yield
    finally:
        global_state.set_global_attribute(KERAS_GENERATOR, generator)


@contextmanager
def _tensorflow(seed: int) -> Iterator[None]:
    """`tf.random`'s functions, where TensorFlow is loaded.

    An operation goes on where one with the same seeds has stopped, until `set_seed` makes
    TensorFlow forget both. That takes as long as building a small net, so it is done where needed.
    """
    if "tensorflow" not in sys.modules or not has_tensorflow():
        yield
        return
    import tensorflow as tf
    from tensorflow.python.eager import context  # TensorFlow has no public way to read its seed

    state, generator = vars(context.context()), random.Random(seed)
    known = {name: state.get(name) for name in ("_seed", "_rng")}
    if known["_seed"] == seed:
        tf.random.set_seed(seed)
    state.update(_seed=seed, _rng=generator)
    try:
        yield
    finally:
        if generator.getstate() != random.Random(seed).getstate():  # something was drawn
            tf.random.set_seed(seed)
        state.update(known)
