"""The README tells what the committed notebooks measured, and links to files that are there."""

import re
from pathlib import Path

import pandas as pd
import pytest

from helpers import claims, runtime

EVIDENCE = runtime.ROOT / "docs" / "evidence"
README = (runtime.ROOT / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(
    r"^\| ([^|]+) \| (\S) `(\w+-\d+)` (.+?): (.+) \|$",
    README.replace(r"\|", "¦"),
    flags=re.MULTILINE,
)


@pytest.fixture(scope="module")
def verdicts():
    notebooks = sorted((runtime.ROOT / "notebooks").glob("**/[0-9]*.ipynb"))
    return [verdict for notebook in notebooks for verdict in claims.recorded(notebook)]


def test_it_names_surprises():
    assert len(ROWS) >= 5


@pytest.mark.parametrize(
    ("statement", "symbol", "name", "setting", "measured"), ROWS, ids=[row[2] for row in ROWS]
)
def test_each_surprise_is_what_the_notebook_recorded(
    verdicts, statement, symbol, name, setting, measured
):
    (found,) = [verdict for verdict in verdicts if (verdict.id, verdict.setting) == (name, setting)]
    assert statement == claims.find(name).statement
    assert symbol == claims.SYMBOLS[found.verdict]
    assert measured in found.detail.replace("|", "¦")


def test_surprises_hold_with_every_seed():
    agreed = pd.read_csv(EVIDENCE / "agreement.csv", keep_default_na=False).set_index(
        ["id", "setting"]
    )
    assert [row[2] for row in ROWS if agreed.loc[(row[2], row[3]), "share"] < 1] == []


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
