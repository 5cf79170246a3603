"""The JAX engine, in a process of its own, against the TensorFlow engine and against Keras's own training."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from helpers import runtime
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
OF_KERAS = (
    "ignore:__array__ implementation:DeprecationWarning"  # its variables, when the backend is JAX
)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-6}


def with_jax(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=runtime.ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def assert_engines_agree(folder, names) -> None:
    with_jax("tests.training.engine_cases", str(folder / "jax.npz"), *names)
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
    with_jax("pytest", "-q", "-p", "no:cacheprovider", "-W", OF_KERAS, "tools/jax_alone.py")
