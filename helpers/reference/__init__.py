"""Methods of the lessons in NumPy that one can read; the deep-learning library has no part in them."""

from helpers.reference import (
    calibration,
    early_stopping,
    ensembles,
    label_smoothing,
    layers,
    optimizers,
    penalties,
    rankings,
    resampling,
    schedules,
    surfaces,
)

__all__ = [
    "calibration",
    "early_stopping",
    "ensembles",
    "label_smoothing",
    "layers",
    "optimizers",
    "penalties",
    "rankings",
    "resampling",
    "schedules",
    "surfaces",
]
