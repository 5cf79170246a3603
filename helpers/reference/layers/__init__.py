"""Layers in NumPy, forward and backward: the reference that one can read."""

from helpers.reference.layers.batch_normalization import (
    batch_normalization,
    batch_normalization_backward,
    batch_normalization_inference,
    fold,
    moving_averages,
)
from helpers.reference.layers.convolution import (
    convolution,
    convolution_backward,
    correlate,
    output_size,
)
from helpers.reference.layers.dense import ACTIVATIONS, dense, dense_backward, softmax_cross_entropy
from helpers.reference.layers.dropout import dropout, dropout_backward

__all__ = [
    "ACTIVATIONS",
    "batch_normalization",
    "batch_normalization_backward",
    "batch_normalization_inference",
    "convolution",
    "convolution_backward",
    "correlate",
    "dense",
    "dense_backward",
    "dropout",
    "dropout_backward",
    "fold",
    "moving_averages",
    "output_size",
    "softmax_cross_entropy",
]
