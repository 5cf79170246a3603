"""The makers of the book's pages: what was measured, where, and how it is drawn. No Sphinx."""

import json
import re
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from docs.book import course, drawing, evidence, pages, staging
from helpers import claims
from helpers.claims import Verdict
from helpers.course import notebooks
from helpers.runtime import ROOT

HIGHER = Verdict("OVF-04", "supported", "accuracy", "a", 0.3, 0.2, 0.5, "higher", 0.1, 10)
LOWER = Verdict("OVF-04", "refuted", "loss", "b", 0.3, 0.2, 0.5, "lower", 0.0, 10)


@pytest.fixture(scope="module")
def statements():
    return evidence.collect(notebooks.find(), ROOT)


def write_notebook(folder, verdicts):
    def cell(number, verdict):
        return {"id": f"c{number}", "outputs": [{"data": {claims.MIME_TYPE: vars(verdict)}}]}

    path = folder / "notebooks" / "audits" / "01_overfitting.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps({"cells": [{"id": "m"}, *(cell(n, v) for n, v in enumerate(verdicts))]}),
        encoding="utf-8",
    )
    return path


def test_a_verdict_knows_the_cell_that_found_it(tmp_path):
    first, second = evidence.measurements(write_notebook(tmp_path, [HIGHER, LOWER]), tmp_path)
    assert (first.verdict, first.where) == (HIGHER, "notebooks/audits/01_overfitting.html#cell-c0")
    assert second.cell == "cell-c1" and second.is_audit


def test_settings_that_disagree_qualify_and_the_last_measurement_of_a_setting_counts(tmp_path):
    again = Verdict("OVF-04", "not distinguishable", "accuracy", "a")
    found = evidence.collect([write_notebook(tmp_path, [HIGHER, LOWER, again])], tmp_path)["OVF-04"]
    assert [m.verdict for m in found.measurements] == [again, LOWER]
    assert found.word == "qualified"
    assert evidence.collect([], tmp_path)["OVF-04"].word == evidence.OPEN


def test_the_words_are_those_of_the_table_that_make_run_prints(statements):
    table = claims.table(verdict for path in notebooks.find() for verdict in claims.recorded(path))
    assert {name: s.word for name, s in statements.items() if s.measurements} == table[
        "verdict"
    ].to_dict()
    assert sum(evidence.tally(statements).values()) == len(claims.read())


def test_every_cell_that_is_linked_is_there_and_names_the_statement(statements):
    cells = {
        path: json.loads(path.read_text(encoding="utf-8"))["cells"] for path in notebooks.find()
    }
    for name, statement in statements.items():
        for measured in statement.measurements:
            here = cells[ROOT / f"{measured.notebook}.ipynb"]
            (cell,) = [cell for cell in here if evidence.anchor(cell["id"]) == measured.cell]
            assert name in json.dumps(cell["outputs"])


def test_places_in_words():
    assert evidence.place("000:7") == "note 000, line 7"
    assert evidence.place("001:13-14") == "note 001, lines 13 to 14"
    assert evidence.place("every seeded Keras listing") == "every seeded Keras listing"


def test_a_surprise_that_was_not_measured_is_named(statements):
    with pytest.raises(KeyError, match="no such setting.*clean labels"):
        evidence.pick(statements, "OVF-02", "no such setting")


def places(verdict):
    svg = ElementTree.fromstring(drawing.interval(verdict))
    numbers = {
        part.get("class"): [float(n) for n in re.findall(r"-?[\d.]+", part.get("d") or "")]
        for part in svg
    }
    claimed = next(part for part in svg if part.get("class") == "claimed")
    point = float(next(part for part in svg if part.get("class") == "point").get("cx"))
    left, _, right = numbers["bar"]
    start = float(claimed.get("x"))
    return point, (left, right), numbers["axis"][3], (start, start + float(claimed.get("width")))


@pytest.mark.parametrize("verdict", [HIGHER, LOWER])
def test_an_interval_is_drawn_to_scale(verdict):
    point, (left, right), zero, _ = places(verdict)
    assert 0 < zero < left < point < right < drawing.WIDTH
    pixels = (right - left) / (verdict.high - verdict.low)
    assert point - left == pytest.approx(0.1 * pixels, abs=0.1) and left - zero == pytest.approx(
        0.2 * pixels, abs=0.1
    )


def test_the_claimed_side_is_shaded_from_the_margin_on():
    _, (left, right), zero, (start, end) = places(HIGHER)
    assert end == pytest.approx(drawing.WIDTH, abs=0.2)
    assert start - zero == pytest.approx(0.1 * (right - left) / 0.3, abs=0.2)
    _, _, zero, (start, end) = places(LOWER)
    assert start == 0 and end == pytest.approx(zero, abs=0.2)


def test_every_interval_of_the_course_can_be_drawn(statements):
    verdicts = [m.verdict for statement in statements.values() for m in statement.measurements]
    drawn = [places(verdict) for verdict in verdicts if verdict.effect is not None]
    assert len(drawn) > 200
    assert all(0 < left <= point <= right < drawing.WIDTH for point, (left, right), *_ in drawn)


def test_what_was_not_compared_cannot_be_drawn():
    with pytest.raises(ValueError, match="OVF-04.*no interval"):
        drawing.interval(Verdict("OVF-04", "supported", "computed"))


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
        "docs/a.md": b"[b](evidence/b.md#c) [x](../Makefile) [w](https://w.org) ![i](i.png)",
        "docs/evidence/b.md": b"",
    }
    assert (
        staging.closed("docs/a.md", files)
        == b"[b](evidence/b.md#c) x [w](https://w.org) ![i](i.png)"
    )


def test_a_page_says_all_that_was_recorded(statements):
    page = pages.pages(statements, [])["evidence/OVF-02.md"]
    for measured in statements["OVF-02"].measurements:
        assert (
            f"../{measured.where}" in page
            and measured.verdict.detail in page
            and measured.verdict.data in page
        )
    assert page.count("<svg") == len(statements["OVF-02"].measurements)


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


def test_sources_that_did_not_change_are_not_written_again(tmp_path):
    staging.write(tmp_path, {"a/b.md": b"one", "c.md": b"two"})
    before = (tmp_path / "a/b.md").stat().st_mtime_ns
    staging.write(tmp_path, {"a/b.md": b"one"})
    assert (tmp_path / "a/b.md").stat().st_mtime_ns == before and not (tmp_path / "c.md").exists()
