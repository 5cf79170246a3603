"""The data that the tests of training share."""

import numpy as np
import pytest

from helpers.training import engine
from tests.training.small import changed, split_of


@pytest.fixture(scope="session")
def numbers():
    """70 training rows of 5 numbers, and a smooth function of them: four minibatches of 16, one of 6."""
    x = np.random.default_rng(0).normal(size=(90, 5)).astype("float32")
    return split_of(x, np.sin(x.sum(axis=1)))


@pytest.fixture(scope="session")
def classes(numbers):
    """The same rows, in three classes."""
    parts = ("y_train", "y_valid", "y_test")
    labels = {part: np.digitize(vars(numbers)[part], [-0.5, 0.5]) for part in parts}
    return changed(numbers, **labels)


@pytest.fixture
def empty_cache(monkeypatch):
    """The cache of engines, empty: what is compiled in the test was not compiled before."""
    monkeypatch.setattr(engine, "_cache", type(engine._cache)())
    return engine._cache
