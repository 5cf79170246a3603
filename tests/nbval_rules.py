"""How nbval runs the course's notebooks: `-p tests.nbval_rules`."""

import sys

import pytest

# Not even in a cell marked NBVAL_CHECK_OUTPUT: libraries warn on stderr as they like, and verdicts
# hold unrounded numbers and versions. The second is claims.MIME_TYPE, whose import would take a
# second of every notebook's run.
NOT_COMPARED = ("stderr", "application/vnd.course.verdict+json")
OUTPUT_SECONDS = 120  # for the next output: on a busy machine nbval's 5 are too few
# nbval imports jsonschema, which compiles a grammar of international addresses for 1.6 seconds
# where it finds this package. No notebook holds such addresses.
sys.modules.setdefault("rfc3987_syntax", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for notebook in {item.parent for item in items}:
        notebook.skip_compare += NOT_COMPARED
    for item in items:
        item.output_timeout = OUTPUT_SECONDS
