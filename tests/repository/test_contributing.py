"""CONTRIBUTING.md says what works: its steps are followed with its own blocks of code."""

import importlib.util
import re
import shutil
import sys
import textwrap
import tomllib

import jupytext
import numpy as np
import pytest

from docs.book import map as code_map
from docs.book import packages
from helpers import claims
from helpers.claims import ledger
from helpers.course import notebooks
from helpers.exercises.core import Exercise
from helpers.runtime import ROOT
from tests.claims import test_statements
from tests.exercises import test_core
from tests.repository import notebook_rules

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(heading: str, language: str) -> list[str]:
    """The blocks of code in this language in the section with this heading."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", section, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, text in found]


def test_files_that_are_named_are_there_but_for_the_new_lesson_s():
    named = set(re.findall(r"`((?:[\w.-]+/)+|(?:[\w.-]+/)+[\w-]+\.(?:py|ipynb|toml|md))`", PAGE))
    missing = {path for path in named if not (ROOT / path).exists()}
    assert missing == {
        "notebooks/09_topic.py",
        "notebooks/09_topic.ipynb",
        "notebooks/audits/09_topic.py",
        "helpers/exercises/topic/",
        "audits/",  # below notebooks/
        "work/",  # made by make lab
    }


def test_commands_that_are_named_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make (\w+)", PAGE, re.MULTILINE))
    assert {"setup", "unit", "lint", "sync", "execute", "test", "lab"} <= named
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_the_map_is_that_of_the_code():
    assert code_map.page(PAGE) == PAGE, "`python -m docs.book.map` writes it"


def test_every_package_has_a_layer():
    files = [path for path in (ROOT / "helpers").iterdir() if packages.public(path)]
    named = {path.name.removesuffix(".py") for path in files} | {"__main__"}
    assert named == {name for row in packages.layers() for name in row}


# A claim ------------------------------------------------------------------------------------------


@pytest.fixture
def with_new_claim(tmp_path, monkeypatch):
    """The claims file with the page's claim at the end of its topic, and the raised count."""
    (entry,) = blocks("Add a claim", "toml")
    text = (ROOT / "notebooks" / "claims.toml").read_text(encoding="utf-8")
    file = tmp_path / "claims.toml"
    file.write_text(text.replace("\n# CVB: ", f"\n{entry}\n# CVB: "), encoding="utf-8")
    monkeypatch.setitem(test_statements.COUNTS, "OVF", test_statements.COUNTS["OVF"] + 1)
    return file


def test_a_claim_that_is_added_as_described_passes_all_checks_of_the_file(with_new_claim):
    items = tomllib.loads(with_new_claim.read_text(encoding="utf-8"))
    test_statements.test_every_topic_has_all_its_items_in_order(items)
    test_statements.test_only_words_of_the_notes_are_not_ascii(items)
    test_statements.test_every_item_has_the_fields_of_its_kind(items)
    test_statements.test_every_comparison_says_what_would_support_it(items)
    test_statements.test_kinds_and_expectations_are_of_the_vocabulary(items)
    test_statements.test_every_item_belongs_to_its_lesson(items)
    test_statements.test_every_item_says_where_it_was_found(items)
    for field in ("statement", "because"):
        test_statements.test_prose_is_one_short_sentence(items, field)
        test_statements.test_no_sentence_occurs_twice(items, field)


def test_the_cells_that_measure_it_give_verdicts(with_new_claim, monkeypatch):
    entries = claims.read(with_new_claim)
    monkeypatch.setattr(ledger, "find", entries.__getitem__)
    names = {
        "np": np,
        "verdicts": claims.Ledger(),
        "validation_error": np.linspace(0.5, 0.7, 10),
        "training_error": np.linspace(0.2, 0.3, 10),
        "wine": "wine",
    }
    for cell in blocks("Add a claim", "python"):
        exec(cell, names)
    assert [(one.id, one.verdict) for one in names["verdicts"]] == [
        ("OVF-38", claims.SUPPORTED),
        ("OVF-38", claims.SUPPORTED),
    ]


# An exercise --------------------------------------------------------------------------------------


def test_an_exercise_that_is_made_as_described_passes_the_walk(tmp_path, monkeypatch, capsys):
    source, cells = blocks("Add an exercise", "python")
    file = tmp_path / "described.py"
    file.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("helpers.exercises.described", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    (one,) = [member for member in vars(module).values() if isinstance(member, Exercise)]

    test_core.test_the_stub_is_not_attempted(one, "described")
    test_core.test_right_answers_are_correct(one, "described")
    test_core.test_each_wrong_answer_gets_its_own_message(one, "described")
    test_core.test_any_other_answer_is_not_yet_and_never_raises(one, "described", capsys)
    test_core.test_hints_and_solution_can_be_read(one, "described", capsys)
    parts = jupytext.reads(cells, "py:percent").cells
    code = "\n".join(part.source for part in parts if part.cell_type == "code")
    monkeypatch.setattr(test_core, "code_of", lambda module: code)
    test_core.test_the_lesson_shows_the_stub_and_the_check(one, "described")


# A lesson -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_lesson_that_is_begun_as_described_follows_the_rules(tmp_path):
    (skeleton,) = blocks("Add a lesson", "python")
    other = jupytext.read(ROOT / "notebooks" / "01_overfitting.py")
    (setup,) = [cell.source for cell in other.cells if "setup" in cell.metadata.get("tags", ())]
    script = tmp_path / "notebooks" / "09_topic.py"
    script.parent.mkdir()
    script.write_text(
        skeleton.replace("# (the setup cell of notebooks/01_overfitting.py)\n", setup + "\n"),
        encoding="utf-8",
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for part in ("helpers", "notebooks/claims.toml"):
        (tmp_path / part).symlink_to(ROOT / part)
    notebook = script.with_suffix(".ipynb")
    jupytext.write(jupytext.read(script), notebook)

    notebooks.execute(
        notebook, watch=lambda index: None, timeout=600
    )  # seconds, for a busy machine

    executed = notebooks.read(notebook)
    assert notebook_rules.rule_faults(executed) == []
    assert notebook_rules.pair_faults(jupytext.read(script), executed) == []
