"""The mean prediction of many nets, thinned out of one by dropout."""

from collections.abc import Callable

import numpy as np


def monte_carlo(model: Callable, images, samples: int) -> np.ndarray:
    """Mean class probabilities of `samples` passes with the dropout at work.

    `model(images, training=True)` returns the probabilities of one pass, as a Keras model does,
    and the mean has their shape, (images, classes).
    Gal and Ghahramani 2016, "Dropout as a Bayesian approximation", equation 6.
    """
    return np.mean([model(images, training=True) for _ in range(samples)], axis=0)
