"""Made images that stand in for photographs where the real ones cannot be had."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_sample_images

SIDE = 32
TINT = (0.4, 1.0)  # strength of each colour of an item: never quite dark, rarely grey


def fashion_on_photos(images: np.ndarray, seed: int | list[int]) -> np.ndarray:
    """Grey items over patches of photographs: uint8 (n, 28, 28) -> uint8 (n, 32, 32, 3).

    The same seed gives the same images. Each item is tinted, shifted by up to 4 pixels, mirrored or
    not, and blended with a random patch of one of the two photographs that scikit-learn ships by
    absolute difference: |patch - item|, as MNIST-M is made from MNIST (Ganin et al. 2016,
    "Domain-Adversarial Training of Neural Networks").
    """
    rng = np.random.default_rng(seed)
    count, margin = len(images), SIDE - images.shape[1]
    mirrored = rng.random(count) < 0.5
    top, left = rng.integers(0, margin + 1, size=(2, count))
    tint = rng.uniform(*TINT, size=(count, 1, 1, 3)).astype(np.float32)

    turned = np.where(mirrored[:, None, None], images[:, :, ::-1], images)
    framed = np.pad(turned, ((0, 0), (margin, margin), (margin, margin)))
    shifted = sliding_window_view(framed, (SIDE, SIDE), axis=(1, 2))[np.arange(count), top, left]
    blend = shifted[..., None] * tint
    np.subtract(_patches(count, rng), blend, out=blend)
    return np.abs(blend, out=blend).astype(np.uint8)


def _patches(count: int, rng: np.random.Generator) -> np.ndarray:
    """Random squares of the photographs, uint8 (count, SIDE, SIDE, 3)."""
    photographs = np.stack(load_sample_images().images)
    # Axes: photograph, top, left, colour, row, column.
    windows = sliding_window_view(photographs, (SIDE, SIDE), axis=(1, 2))
    which, top, left = rng.integers(0, windows.shape[:3], size=(count, 3)).T
    return np.moveaxis(windows[which, top, left], 1, -1)
