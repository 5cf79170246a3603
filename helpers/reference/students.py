"""Small nets that learn another of their own kind, the teacher: can they end in a bad minimum?

A student adds up its hidden ReLU units; the teacher has as many, with orthonormal weights. So the
lowest loss is 0, and every minimum above it is a bad one. Safran and Shamir (2018, "Spurious local
minima are common in two-layer ReLU neural networks") prove that there are such minima for 6 to 20
units. Students are arrays of shape (students, inputs, units).
"""

import numpy as np

UNITS = 10
"""Inputs, and hidden units: as many of the one as of the other."""

VARIANCE = UNITS * (1 / 2 - 1 / (2 * np.pi))
"""Variance of the teacher's output for standard normal inputs: what the mean would leave."""

CHUNK = 500  # steps whose inputs are drawn at once


def initial(generator: np.random.Generator, count: int) -> np.ndarray:
    """Fresh students, shape (count, UNITS, UNITS): normal weights, columns of length about 1."""
    return (generator.standard_normal((count, UNITS, UNITS)) / UNITS**0.5).astype(np.float32)


def loss(students: np.ndarray) -> np.ndarray:
    """The mean squared error of each over all normal inputs, shape (students,): exact.

    Cho and Saul 2009, "Kernel methods for deep learning", equation 6 for ReLU units.
    """
    own, teacher = students.astype(float), np.eye(UNITS)[None]
    return (
        _products(own, own).sum(axis=(1, 2))
        - 2 * _products(own, teacher).sum(axis=(1, 2))
        + _products(teacher, teacher).sum(axis=(1, 2))
    )


def train(
    students: np.ndarray,
    rate: float,
    steps: int,
    generator: np.random.Generator,
    *,
    batch_size: int = 16,
) -> np.ndarray:
    """The students after so many steps of SGD, all on the same fresh minibatches of the teacher.

    What was given is left as it is.
    """
    count = len(students)
    weights = np.ascontiguousarray(students.transpose(1, 0, 2)).reshape(UNITS, -1)
    for start in range(0, steps, CHUNK):
        shape = (min(CHUNK, steps - start), batch_size, UNITS)
        inputs = generator.standard_normal(shape, dtype=np.float32)
        for x, target in zip(inputs, np.maximum(inputs, 0).sum(axis=2), strict=True):
            hidden = x @ weights
            on = (hidden > 0).reshape(batch_size, count, UNITS)
            said = np.maximum(hidden, 0).reshape(batch_size, count, UNITS).sum(axis=2)
            error = on * (said - target[:, None])[:, :, None]
            weights -= (2 * rate / batch_size) * (x.T @ error.reshape(batch_size, -1))
    return weights.reshape(UNITS, count, UNITS).transpose(1, 0, 2)


def _products(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The mean product of every unit of one with every unit of the other, over normal inputs."""
    lengths = np.linalg.norm(one, axis=1)[:, :, None] * np.linalg.norm(other, axis=1)[:, None, :]
    cosine = np.clip(one.transpose(0, 2, 1) @ other / lengths, -1, 1)
    angle = np.arccos(cosine)
    return lengths * (np.sin(angle) + (np.pi - angle) * cosine) / (2 * np.pi)
