"""The convolution one can read (NumPy) against TensorFlow's on the CPU, forward and backward."""

from functools import partial

import numpy as np
import tensorflow as tf

from benchmarks.timing import in_turn
from helpers.reference import layers

# Work: shape of the inputs, shape of the kernel, stride.
WORK = {
    "signals, 32 x 1024 x 16, kernel 5, 32 filters": ((32, 1024, 16), (5, 16, 32), 1),
    "images, 32 x 32 x 32 x 16, kernel 3 x 3, 32 filters": ((32, 32, 32, 16), (3, 3, 16, 32), 1),
    "the same, stride 2": ((32, 32, 32, 16), (3, 3, 16, 32), 2),
    "volumes, 8 x 16 x 16 x 16 x 8, kernel 3 x 3 x 3, 16 filters": (
        (8, 16, 16, 16, 8),
        (3, 3, 3, 8, 16),
        1,
    ),
}
MOST = 20  # times as long as TensorFlow


def sides(shape: tuple, kernel_shape: tuple, stride: int) -> dict:
    """For each direction two functions that do the same work: with NumPy, with TensorFlow."""
    generator = np.random.default_rng(0)
    x, kernel = (generator.normal(size=size).astype(np.float32) for size in (shape, kernel_shape))
    options = {"stride": stride, "padding": "same"}
    gradient = np.ones_like(layers.convolution(x, kernel, **options))
    as_tensors = [tf.constant(values) for values in (x, kernel, gradient)]

    def outputs(x, kernel):
        return tf.nn.convolution(x, kernel, strides=stride, padding="SAME")

    @tf.function
    def backward(x, kernel, gradient):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            value = outputs(x, kernel)
        return tape.gradient(value, [x, kernel], gradient)

    forward = tf.function(outputs)
    return {
        "forward": (
            partial(layers.convolution, x, kernel, **options),
            lambda: forward(*as_tensors[:2])[0].numpy(),
        ),
        "backward": (
            partial(layers.convolution_backward, gradient, x, kernel, **options),
            lambda: backward(*as_tensors)[0].numpy(),
        ),
    }


def facts() -> list[str]:
    """How many times as long NumPy takes, one line for each piece of work."""
    lines = []
    for work, how in WORK.items():
        found = []
        for direction, pair in sides(*how).items():
            for side in pair:
                side()
            ours, theirs = np.array(in_turn(*pair))
            ratio = float(np.median(ours / theirs))
            found.append(
                f"{direction} {1000 * np.median(ours):.1f} ms,"
                f" {ratio:.1f}x{'' if ratio <= MOST else ' (missed)'}"
            )
        lines.append(
            f"Convolution in NumPy against TensorFlow ({work}): {'; '.join(found)} (wanted: at most"
            f" {MOST}x)."
        )
    return lines
