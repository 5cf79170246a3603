"""What nbval must not compare, even in a cell marked NBVAL_CHECK_OUTPUT: `-p tests.nbval_rules`."""

import pytest

from helpers.claims import MIME_TYPE

# Libraries warn on stderr as they like; verdicts hold unrounded numbers and versions.
NOT_COMPARED = ("stderr", MIME_TYPE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for notebook in {item.parent for item in items}:
        notebook.skip_compare += NOT_COMPARED
