"""The JAX engine, in a process of its own, against the TensorFlow engine and against Keras's own
training.
"""

import importlib.util

import keras
import numpy as np
import pytest

from tests.conftest import check_with_jax, python_with_jax
from tests.training import engine_cases

pytestmark = [
    pytest.mark.skipif(
        not importlib.util.find_spec("jax"), reason="pip install -r requirements-jax.txt"
    ),
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="compares with the TensorFlow engine"
    ),
]
QUICK = ("stopping", "own_divisions")
TOLERANCE = {"rtol": 1e-4, "atol": 1e-6}


def assert_engines_agree(folder, names) -> None:
    python_with_jax("tests.training.engine_cases", str(folder / "jax.npz"), *names)
    expected, found = engine_cases.results(names), np.load(folder / "jax.npz")
    assert set(found) == set(expected) and {each.split("/")[0] for each in found} == set(names)
    for part in expected:
        if expected[part].dtype.kind == "f":
            np.testing.assert_allclose(found[part], expected[part], err_msg=part, **TOLERANCE)
        else:
            assert found[part].tolist() == expected[part].tolist(), part


def test_both_engines_train_to_the_same_weights(tmp_path):
    assert_engines_agree(tmp_path, QUICK)


@pytest.mark.slow
def test_both_engines_agree_in_every_case(tmp_path):
    assert_engines_agree(tmp_path, [name for name in engine_cases.CASES if name not in QUICK])


@pytest.mark.slow
def test_what_only_jax_can_tell():
    check_with_jax("tools/jax_alone.py")
