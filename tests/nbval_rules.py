"""What nbval must not compare, even in a cell marked NBVAL_CHECK_OUTPUT: `-p tests.nbval_rules`."""

import sys

import pytest

# Libraries warn on stderr as they like; verdicts hold unrounded numbers and versions.
# The second is claims.MIME_TYPE: importing it would take a second of every notebook's run.
NOT_COMPARED = ("stderr", "application/vnd.course.verdict+json")
# nbval imports jsonschema, which compiles a grammar of international addresses for 1.6 seconds
# where it finds this package. No notebook holds such addresses.
sys.modules.setdefault("rfc3987_syntax", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for notebook in {item.parent for item in items}:
        notebook.skip_compare += NOT_COMPARED
