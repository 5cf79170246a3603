"""What all tests share."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests first, so that a plain mistake shows within seconds; the notebooks last."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
