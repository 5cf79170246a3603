"""The README tells what the committed notebooks measured, and links to files that are there."""

import re
from pathlib import Path

import pytest

from helpers import runtime

EVIDENCE = runtime.ROOT / "docs" / "evidence"
README = (runtime.ROOT / "README.md").read_text(encoding="utf-8")


def test_it_says_how_much_of_the_evidence_agrees():
    (counted,) = re.findall(
        r"\*\*(\d+ of \d+) statements came out the same",
        (EVIDENCE / "README.md").read_text(encoding="utf-8"),
    )
    assert f"{counted} statements came out the same" in README


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "data/README.md",
        "docs/teachers.md",
        "docs/evidence/machines.md",
    ],
)
def test_links_lead_to_files(page):
    text = (runtime.ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)
    assert [link for link in links if not (Path(runtime.ROOT / page).parent / link).exists()] == []


def test_every_notebook_stands_in_the_table_of_lessons():
    notebooks = {
        str(path.relative_to(runtime.ROOT))
        for path in (runtime.ROOT / "notebooks").glob("**/[0-9]*.ipynb")
    }
    assert notebooks <= set(re.findall(r"\((notebooks/[^)]+)\)", README))
