"""`python -m docs.book`: lays out the sources, then lets Sphinx make the pages.

A warning is an error.
"""

import shutil
import sys

from sphinx.cmd.build import main as sphinx

from docs.book.staging import stage
from helpers import runtime
from helpers.runtime import ROOT

SOURCE, DOCTREES, PAGES = (
    ROOT / "build" / "book-source",
    ROOT / "build" / "book-doctrees",
    ROOT / "build" / "book",
)


def main() -> int:
    """Build the book; Sphinx's exit status."""
    runtime.start()  # quietly, before autodoc imports modules that use TensorFlow
    stage(SOURCE)
    shutil.rmtree(PAGES, ignore_errors=True)  # no page stays whose source is gone
    options = ["-W", "--keep-going", "--quiet", "-b", "html", "-c", ROOT / "docs", "-d", DOCTREES]
    status = sphinx([str(option) for option in [*options, SOURCE, PAGES]])
    if status == 0:
        front = (PAGES / "index.html").relative_to(ROOT)
        print(f"The book lies in {front.parent}: open {front} in a browser.")
    return status


if __name__ == "__main__":
    sys.exit(main())
