"""The README leaves numbers to the evidence, and links to files that are there."""

import re
from pathlib import Path

import pytest

from helpers import claims, runtime
from helpers.claims import protocol

README = (runtime.ROOT / "README.md").read_text(encoding="utf-8")


def test_it_counts_no_verdicts_by_hand():
    (told,) = re.findall(r"^## How far to trust a verdict\n(.*?)^## ", README, re.M | re.S)
    assert "(evidence/README.md)" in told
    few_locked = len(protocol.locked()) < len(claims.read()) / 2
    assert ("**Most verdicts are not yet measured under" in told) is few_locked
    counts = re.findall(r"\b\d+(?= (?:of|statements|verdicts|listings|settings)\b)", README)
    assert counts == []


def test_it_has_a_row_for_every_word_and_its_sign():
    for word, sign in claims.SYMBOLS.items():
        rows = [line for line in README.splitlines() if re.match(rf"\| [^|]*{sign}", line)]
        assert any(word in row.split("|")[2] for row in rows), word


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "data/README.md", "docs/teachers.md"]
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
