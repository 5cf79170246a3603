"""How nbval runs the course's notebooks: `-p tests.nbval_rules`."""

import pytest

# Not even in a cell marked NBVAL_CHECK_OUTPUT: libraries warn on stderr as they like, and verdicts
# hold unrounded numbers and versions. The second is claims.MIME_TYPE, whose import would take a
# second of every notebook's run.
NOT_COMPARED = ("stderr", "application/vnd.course.verdict+json")
OUTPUT_SECONDS = 120  # for the next output: on a busy machine nbval's 5 are too few


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for notebook in {item.parent for item in items}:
        notebook.skip_compare += NOT_COMPARED
    for item in items:
        item.output_timeout = OUTPUT_SECONDS
