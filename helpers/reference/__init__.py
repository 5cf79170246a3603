"""The lessons' methods in plain NumPy: optimizers, schedules, layers, resampling and more."""

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
    rule_nets,
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
    "rule_nets",
    "surfaces",
]
