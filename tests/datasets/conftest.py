"""What the tests of data sets share."""

import os

import pytest

from helpers import datasets
from helpers.datasets import loading


@pytest.fixture(scope="session")
def splits():
    """Every data set once, with seed 0, from what is embedded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COURSE_DATA_DIR", raising=False)
        patch.setenv("COURSE_PROFILE", "quick")
        patch.setenv("KERAS_HOME", os.devnull)
        return {name: datasets.load(name) for name in loading.BUILDERS}


@pytest.fixture(autouse=True)
def quick_and_alone(monkeypatch, tmp_path):
    """No test sees this machine's own copies or caches."""
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("COURSE_PROFILE", "quick")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
