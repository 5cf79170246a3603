"""The makers of the book's pages: what is recorded, how it is told, where it leads. No Sphinx."""

import html
import json
import re

import pytest
from markdown_it import MarkdownIt

from docs.book import course, evidence, pages, staging
from helpers import claims
from helpers.claims import evidence as record
from helpers.claims import protocol
from helpers.course import notebooks
from helpers.runtime import ROOT
from tests.docs import recorded


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return recorded.write(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def statements(folder):
    return evidence.collect(notebooks.find(), ROOT, folder)


@pytest.fixture(scope="module")
def written(statements):
    """The pages, as Markdown."""
    return pages.pages(statements, ["docs/a.md", "evidence/README.md"])


def test_settings_stand_in_the_order_of_their_roles(statements):
    roles = [setting.record.verdict.role for setting in statements["OVF-01"].settings]
    assert roles == [claims.PRIMARY, claims.FURTHER, claims.BOUNDARY]


def test_the_word_is_that_of_all_settings(statements):
    for statement in statements.values():
        verdicts = [setting.record.verdict for setting in statement.settings]
        expected = evidence.DROPPED if statement.claim.dropped else evidence.UNMEASURED
        assert statement.word == (claims.settle(verdicts) if verdicts else expected)


def test_totals_are_by_the_way_in_which_a_word_was_found(statements):
    tally = evidence.tally(statements)
    assert list(tally) == [
        *("by comparison", "by computation", "by definition", "not measured", evidence.UNMEASURED)
    ]
    assert tally["by comparison"][claims.SUPPORTED][1] == 1  # OVF-01 is locked
    assert tally["by computation"] == {claims.SUPPORTED: (1, 0)}
    assert tally["by definition"] == {claims.BY_DEFINITION: (1, 0)}
    assert tally["not measured"] == {claims.OUTDATED: (1, 0)}
    assert sum(n for words in tally.values() for n, _ in words.values()) == sum(
        not claim.dropped for claim in claims.read().values()
    )


def test_a_setting_is_linked_to_its_cell_while_that_is_there(statements):
    (first, *_) = statements["OVF-01"].settings
    assert first.where == "notebooks/audits/01_overfitting.html", "that cell is no more"
    cell = evidence.read_cells(ROOT / recorded.AUDIT)[3]["id"]
    cells = {recorded.AUDIT: {evidence.anchor(cell)}}
    here = recorded.replace(first.record, cell=cell)
    assert evidence.address(here, cells) == f"{first.where}#cell-{cell}"
    assert evidence.address(here, {}) == ""
    assert first.place == "audit 1"
    study = evidence.Setting(recorded.replace(here, notebook="studies/cifar10.py"), "")
    assert study.place == "studies/cifar10.py"


def test_every_recorded_cell_that_is_linked_is_there():
    for statement in evidence.collect(notebooks.find(), ROOT).values():
        for setting in statement.settings:
            page, _, cell = setting.where.partition("#")
            if cell:
                path = ROOT / page.replace(".html", ".ipynb")
                assert cell in {evidence.anchor(c["id"]) for c in evidence.read_cells(path)}


def test_a_page_says_what_was_recorded(statements, written):
    page = written["evidence/OVF-01.md"]
    for setting in statements["OVF-01"].settings:
        verdict = setting.record.verdict
        assert setting.record.date in page and setting.record.machine in page
        assert f"in this {verdict.role} setting" in page
        assert verdict.detail in html.unescape(page)
    assert page.count("<svg") == 2 * len(statements["OVF-01"].settings)
    assert page.count("<dt>Other seeds</dt>") == 2
    assert "{download}`OVF-01.csv`" in page
    assert "correlation of 0.25" in page
    void = "This setting decides nothing:</strong> the control does not"
    assert void in written["evidence/OVF-09.md"]
    assert "both heights are 5" in written["evidence/CNN-07.md"]
    assert "Nothing is recorded" in written["evidence/CVB-01.md"]


def test_a_page_says_what_would_decide_it_and_since_when(written):
    claim = claims.find("OVF-01")
    page = re.sub("</?time>", "", written["evidence/OVF-01.md"])
    plain = html.unescape(page)
    for text in (claim.reading, claim.scope, claim.criterion, claim.margin_reason, claim.primary):
        assert text in plain
    for text in (*claim.further, *claim.boundary):
        assert f"<b>Declared:</b> {text}" in plain
    assert f"locked on {recorded.LOCKED}, in its present form on {recorded.CHANGED}" in page
    assert f"{recorded.CHANGED}, results seen: {recorded.WHY}" in page
    assert claims.NOT_YET not in page


def test_what_is_not_locked_says_so(statements, written):
    for name, statement in statements.items():
        is_old = not statement.is_locked and not statement.claim.dropped
        assert (claims.NOT_YET in written[f"evidence/{name}.md"]) is is_old
    row = re.search(r'<tr data-lesson="01_overfitting".*?</tr>', written["evidence/index.md"], re.S)
    assert f"locked {recorded.CHANGED}" in row[0]
    assert "**1 of " in written["index.md"] and "**1 of " in written["evidence/index.md"]


def test_the_front_page_leads_to_the_calibration_if_there_is_one(statements, written):
    assert "How often it is wrong <evidence/README>" in written["index.md"]
    assert "evidence/README" not in pages.pages(statements, [])["index.md"]


def test_no_block_of_a_page_is_left_open(written):
    for name, page in written.items():
        if not name.startswith("api/"):
            fences = [line for line in page.splitlines() if line.startswith("```")]
            assert all(f != "```" for f in fences[::2]) and set(fences[1::2]) <= {"```"}, name


def test_the_values_are_staged_beside_their_page(statements):
    files = staging.downloads(statements)
    assert set(files) == {
        f"evidence/{name}.csv"
        for name, each in statements.items()
        if any(setting.record.verdict.treatment for setting in each.settings)
    }
    lines = files["evidence/OVF-01.csv"].splitlines()
    assert len(lines) == 1 + 30 * len(statements["OVF-01"].settings)
    first = statements["OVF-01"].settings[0].record.verdict
    assert lines[1].split(",")[-3:-1] == [str(first.treatment[0]), str(first.control[0])]


def test_the_record_lies_in_the_book_as_it_is(folder):
    files = staging.files_beside(ROOT, folder)
    for name in (record.SETTINGS, record.VALUES, record.REPLICATION, protocol.LOCK.name):
        assert files[f"evidence/{name}"] == (folder / name).read_bytes()
    changes = (folder / protocol.CHANGES.name).read_bytes()
    assert files[staging.CHANGES] == staging.ORPHAN + changes


def test_the_notebooks_outputs_play_no_part(tmp_path):
    content = {"cells": [{"id": "c", "outputs": [{"data": {claims.MIME_TYPE: {"id": "OVF-04"}}}]}]}
    notebook = tmp_path / "01_overfitting.ipynb"
    notebook.write_text(json.dumps(content), encoding="utf-8")
    found = evidence.collect([notebook], tmp_path, tmp_path / "evidence")
    assert {statement.word for statement in found.values()} == {
        *(evidence.UNMEASURED, evidence.DROPPED)
    }


def test_links_between_notebooks_in_outputs_lead_to_pages():
    output = {"text/markdown": "| [1 · A](01_a.ipynb) |\n\n| [OVF-01](audits/01_a.ipynb) | 1 |"}
    assert staging.linked(output, "../evidence/")["text/markdown"] == (
        "| [1 · A](01_a.html) |\n\n| [OVF-01](../evidence/OVF-01.html) | 1 |"
    )


def test_places_in_words():
    assert evidence.place("000:7") == "note 000, line 7"
    assert evidence.place("001:13-14") == "note 001, lines 13 to 14"
    assert evidence.place("every seeded Keras listing") == "every seeded Keras listing"


def test_markdown_says_what_the_text_says(statements):
    for text in [
        *(s.claim.statement for s in statements.values()),
        "a*b*c `x` <b> [y](z) $1 #2 1. &amp; \\",
    ]:
        (paragraph,) = [
            token for token in MarkdownIt().parse(pages.markdown(text)) if token.type == "inline"
        ]
        assert "".join(child.content for child in paragraph.children) == text


def test_links_out_of_the_book_become_words():
    files = {
        "docs/a.md": b"[b](more/b.md#c) [x](../Makefile) [w](https://w.org) ![i](i.png)",
        "docs/more/b.md": b"",
    }
    assert staging.closed("docs/a.md", files) == (
        b"[b](more/b.md#c) x [w](https://w.org) ![i](i.png)"
    )


def test_the_course_is_told_as_the_readme_tells_it():
    lessons = course.lessons()
    assert [f"{name}.ipynb" for name in lessons] == [
        path.name for path in notebooks.find() if path.parent.name == "notebooks"
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    for name, lesson in lessons.items():
        for row in (
            line for line in readme if line.startswith("|") and f"(notebooks/{name}.ipynb)" in line
        ):
            assert f"| {lesson.minutes} " in row and lesson.learn in row.replace("`", "")


def test_levels_put_a_lesson_below_what_it_needs(tmp_path):
    lessons = course.lessons()
    row = {
        name: number
        for number, level in enumerate(
            course.levels({n: lesson.needs for n, lesson in lessons.items()})
        )
        for name in level
    }
    assert all(
        row[needed] < row[name] for name, lesson in lessons.items() for needed in lesson.needs
    )
    (tmp_path / "course.toml").write_text(
        '[lessons.01_a]\ntitle="A"\nlearn=""\nminutes=1\nneeds=["02_b"]\n'
    )
    with pytest.raises(ValueError, match="01_a needs .'02_b'."):
        course.lessons(tmp_path / "course.toml")


def test_a_second_notebook_of_a_lesson_has_the_audit_of_the_first(tmp_path):
    entry = '[lessons.{}]\ntitle="T"\nlearn=""\nminutes=1\nneeds=[]\n'
    text = "".join(entry.format(name) for name in ["03_a", "03b_c", "04_d"])
    (tmp_path / "course.toml").write_text(text)
    found = list(course.lessons(tmp_path / "course.toml").values())
    assert [lesson.number for lesson in found] == ["3", "3b", "4"]
    assert [lesson.audit for lesson in found] == ["03_a", "03_a", "04_d"]
    assert [lesson.is_first for lesson in found] == [True, False, True]


def test_sources_that_did_not_change_are_not_written_again(tmp_path):
    staging.write(tmp_path, {"a/b.md": b"one", "c.md": b"two"})
    before = (tmp_path / "a/b.md").stat().st_mtime_ns
    staging.write(tmp_path, {"a/b.md": b"one"})
    assert (tmp_path / "a/b.md").stat().st_mtime_ns == before and not (tmp_path / "c.md").exists()
