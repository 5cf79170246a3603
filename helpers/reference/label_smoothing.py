"""Label smoothing: targets that are less than certain."""

import numpy as np


def smooth(labels: np.ndarray, classes: int, alpha: float) -> np.ndarray:
    """Targets of shape (n, classes) for class numbers of shape (n,), softened by `alpha`.

    A share `alpha` of each label goes evenly to all classes. The right class gets its part of it,
    so that its target is 1 - alpha + alpha / classes. These are the targets of
    `keras.losses.CategoricalCrossentropy(label_smoothing=alpha)`. Szegedy et al. 2016, "Rethinking
    the Inception architecture", section 7.
    """
    return (1 - alpha) * np.eye(classes)[labels] + alpha / classes
