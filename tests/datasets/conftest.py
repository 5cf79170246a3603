"""What the tests of data sets share."""

import pytest


@pytest.fixture(autouse=True)
def quick_and_alone(monkeypatch, tmp_path):
    """No test sees this machine's own copies or caches."""
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setenv("COURSE_PROFILE", "quick")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
