"""What a loss is charged for the weights of a net."""

from collections.abc import Iterable

import numpy as np


def penalty(kernels: Iterable[np.ndarray], l1: float, l2: float):
    """The sum over all weights of l1 |w| + l2 w², one number, for kernels of any shapes.

    As `keras.regularizers.L1L2(l1, l2)` on each layer: the sum is not divided by the number of
    weights, and the square is not halved.
    """
    return sum(l1 * np.abs(kernel).sum() + l2 * (kernel**2).sum() for kernel in kernels)
