"""Keras models, how they are fed and stepped, and what is measured on them.

The modules are imported one by one, `from helpers.nets import models`, because each needs Keras,
and `feeding` TensorFlow too.
"""

# pyright: reportUnsupportedDunderAll=false

__all__ = [
    "augmentation",
    "curvature",
    "feeding",
    "gradients",
    "listings",
    "models",
    "momentum",
    "one_cycle",
    "recording",
]
