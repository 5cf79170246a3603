"""What all tests share: their order, small splits, and a process with JAX.

Libraries are imported where they are needed, because the tests in a browser have none of them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VALID, TRAIN, TEST = 20, 70, 20  # rows; in minibatches of 16, the last of training has 6
# Keras warns about its own variables when the backend is JAX.
OF_KERAS = "ignore:__array__ implementation:DeprecationWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests first, so that a plain mistake shows within seconds; the notebooks last."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


def split_of(x, y, valid: int = VALID, test: int = 0, **words):
    """A `Split` of these rows: the first for validation, the last for testing, training between."""
    from helpers.datasets import Split

    train = len(y) - test
    parts = (x[valid:train], y[valid:train], x[:valid], y[:valid], x[train:], y[train:])
    return Split("small", "small numbers", "generated", *parts, **words)


def numbers_split():
    """Regression: 70 + 20 + 20 rows of 5 numbers, and a smooth function of them."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(VALID + TRAIN + TEST, 5)).astype("float32")
    return split_of(x, np.sin(x.sum(axis=1)), test=TEST)


def images_split():
    """Classification: 70 + 20 + 20 images of 6 x 6 pixels in 3 colours, uint8."""
    import numpy as np

    count = VALID + TRAIN + TEST
    x = np.random.default_rng(1).integers(0, 256, size=(count, 6, 6, 3)).astype("uint8")
    return split_of(x, np.arange(count) % 3, test=TEST, class_names=("red", "green", "blue"))


def python_with_jax(*arguments: str) -> None:
    """Run `python -m ARGUMENTS` in a process of its own, with Keras on JAX; fails if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=1800,  # it takes minutes, and many on a busy machine
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def check_with_jax(*tests: str) -> None:
    """Run these tests with Keras on JAX: see `python_with_jax`."""
    python_with_jax("pytest", "-q", "-p", "no:cacheprovider", "-W", OF_KERAS, *tests)


@pytest.fixture(scope="session")
def numbers():
    """See `numbers_split`."""
    return numbers_split()


@pytest.fixture(scope="session")
def images():
    """See `images_split`."""
    return images_split()


@pytest.fixture(scope="session")
def line():
    """60 inputs of 3 numbers and targets (60, 1), a linear function of them: a pair of arrays."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
    return x, (x @ [1.0, -2.0, 0.5] + 1)[:, None].astype("float32")
