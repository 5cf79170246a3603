"""How nbval runs the course's notebooks: `-p tests.nbval_rules`.

It compares the cells marked NBVAL_CHECK_OUTPUT, by a comment or by a tag, and runs what they need.
All other cells papermill runs, with other parameters: running them twice would double the time of
CI and compare nothing.
"""

import pytest

from helpers import cells

# Not even in a cell marked NBVAL_CHECK_OUTPUT: libraries warn on stderr as they like, and verdicts
# hold unrounded numbers and versions. The second is claims.MIME_TYPE, and "verdicts" is
# protocol.LEDGER: their import would take a second of every notebook's run.
NOT_COMPARED = ("stderr", "application/vnd.course.verdict+json")
LEDGER = "verdicts"
MARK, TAG = "NBVAL_CHECK_OUTPUT", "nbval-check-output"
OUTPUT_SECONDS = 120  # for the next output: on a busy machine nbval's 5 are too few


def is_compared(cell) -> bool:
    """Whether nbval compares the cell's output, as its source or a tag asks."""
    return MARK in cell.source or TAG in cell.metadata.get("tags", ())


def sources_to_run(code: list) -> set[str]:
    """The sources of the code cells that are compared, and of those that these need."""
    sources = [one.source for one in code]
    always = [one for one in code if {"setup", "parameters"} & {*one.metadata.get("tags", ())}]
    wanted = {one.source for one in code if one in always or is_compared(one)}
    # A cell needs none that comes after it; and it is run whole, also what nobody asked for.
    for place in reversed(range(len(sources))):
        if sources[place] in wanted:
            before = sources[: place + 1]
            wanted |= {*cells.with_dependencies([sources[place]], before, unchanged=LEDGER)}
    return wanted


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = []
    for notebook in {item.parent: None for item in items}:
        notebook.skip_compare += NOT_COMPARED
        of_notebook = [item for item in items if item.parent is notebook]
        wanted = sources_to_run([item.cell for item in of_notebook])
        kept += [item for item in of_notebook if item.cell.source in wanted]
    for item in kept:
        item.output_timeout = OUTPUT_SECONDS
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
