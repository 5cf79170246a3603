"""What the tests of training share beside what all tests do."""

import numpy as np
import pytest

from helpers.training import engine
from tests.training.small import changed


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
