"""The lessons' methods in plain NumPy: optimizers, schedules, layers, resampling and more."""

from helpers.reference import (
    calibration,
    early_stopping,
    label_smoothing,
    layers,
    optimizers,
    penalties,
    rankings,
    resampling,
    rule_nets,
    schedules,
    small_nets,
    students,
    surfaces,
)

__all__ = [
    "calibration",
    "early_stopping",
    "label_smoothing",
    "layers",
    "optimizers",
    "penalties",
    "rankings",
    "resampling",
    "schedules",
    "small_nets",
    "rule_nets",
    "students",
    "surfaces",
]
