"""Penalties against Keras's regularizers."""

import keras
import numpy as np
import pytest

from helpers.reference import penalties


@pytest.mark.parametrize(("l1", "l2"), [(0.01, 0.0), (0.0, 0.02), (0.3, 0.1)])
def test_penalties_equal_keras(l1, l2):
    generator = np.random.default_rng(0)
    kernels = [generator.normal(size=shape).astype("float32") for shape in ((4, 3), (3, 1))]
    regularizer = keras.regularizers.L1L2(l1, l2)
    expected = sum(float(regularizer(kernel)) for kernel in kernels)
    assert penalties.penalty(kernels, l1, l2) == pytest.approx(expected, rel=1e-6)


def test_a_penalty_by_hand():
    kernels = [np.array([[1.0, -2.0]]), np.array([[3.0]])]
    assert penalties.penalty(kernels, 0.1, 0.01) == pytest.approx(0.6 + 0.14)
