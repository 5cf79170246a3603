"""Inverted dropout: silences units at random in training and makes the others louder."""

import numpy as np


def dropout(
    x: np.ndarray, rate: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs in training and the mask, both of the shape of x: 0 with probability `rate`, else x /
    (1 - rate).

    Every value is drawn by itself, for each example anew. At inference the layer returns x as it
    is. Srivastava et al. 2014, "Dropout", section 10 (as "inverted" dropout; section 4 scales at
    inference instead). Raises ValueError for a rate below 0, or not below 1.
    """
    if not 0 <= rate < 1:
        raise ValueError(
            f"rate is {rate}; it is the share of units to silence, at least 0 and below 1."
        )
    mask = (generator.random(x.shape) >= rate) / (1 - rate)
    return x * mask, mask


def dropout_backward(gradient: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Gradient with respect to x: what was silenced has no part in the loss."""
    return gradient * mask
