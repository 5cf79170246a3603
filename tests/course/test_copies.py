"""A reader's copies: nothing is ever overwritten, and what was improved lies beside it."""

import shutil
from pathlib import Path

import nbformat
import pytest

from helpers.__main__ import main
from helpers.course import copies, notebooks
from helpers.runtime import ROOT

INTACT = ROOT / "tests" / "fixtures" / "intact.ipynb"
PLACES = ("work", "notebooks")


@pytest.fixture
def course(tmp_path) -> Path:
    """A course of one lesson and its audit, both with outputs."""
    for name in ("01_a", "audits/01_a"):
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(INTACT, path)
    return tmp_path


def improve(course: Path) -> None:
    lesson = course / "notebooks" / "01_a.ipynb"
    content = notebooks.read(lesson)
    content.cells[0].source += "\n\nMore."
    nbformat.write(content, lesson)


def edit(copy: Path) -> bytes:
    content = notebooks.read(copy)
    content.cells[-1].source = "answer = 42"
    nbformat.write(content, copy)
    return copy.read_bytes()


def names(course: Path) -> list[str]:
    return sorted(path.name for path in (course / "work").glob("*.ipynb"))


def test_lessons_and_audits_are_copied_without_outputs_and_unpaired(course, capsys):
    assert main(["begin"], course) == 0
    assert "New in your folder: work/01_a.ipynb" in capsys.readouterr().out
    for name in ("01_a", "audits/01_a"):
        copy, own = (notebooks.read(course / place / f"{name}.ipynb") for place in PLACES)
        assert [cell.source for cell in copy.cells] == [cell.source for cell in own.cells]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in copy.cells)
        assert any(cell.get("outputs") for cell in own.cells)
        assert copy.metadata.jupytext == {"formats": "ipynb"}


def test_a_copy_hides_no_output_that_is_still_to_come(course):
    lesson = course / "notebooks" / "01_a.ipynb"
    content = notebooks.read(lesson)
    content.cells[-1].metadata["jupyter"] = {"outputs_hidden": True, "source_hidden": True}
    nbformat.write(content, lesson)
    copies.begin(course)
    copy = notebooks.read(course / "work" / "01_a.ipynb")
    assert copy.cells[-1].metadata.jupyter == {"source_hidden": True}


def test_the_set_up_cell_is_folded_but_on_the_first_page(course):
    for name, folded in (("00_start", None), ("01_a", {"source_hidden": True})):
        shutil.copy(INTACT, course / "notebooks" / f"{name}.ipynb")
        fresh = copies.without_outputs(course / "notebooks" / f"{name}.ipynb")
        (setup,) = [cell for cell in fresh.cells if "setup" in cell.metadata.get("tags", ())]
        assert setup.metadata.get("jupyter") == folded


def test_beginning_again_writes_nothing(course, capsys):
    copies.begin(course)
    before = (course / "work" / "01_a.ipynb").stat().st_mtime_ns
    assert copies.begin(course) == []
    assert (course / "work" / "01_a.ipynb").stat().st_mtime_ns == before


def test_an_improved_lesson_lies_beside_what_the_reader_wrote(course):
    copies.begin(course)
    own = course / "work" / "01_a.ipynb"
    written = edit(own)
    assert copies.begin(course) == []
    improve(course)
    assert copies.begin(course) == [course / "work" / "01_a_edition2.ipynb"]
    assert own.read_bytes() == written
    assert copies.begin(course) == []
    again = edit(course / "work" / "01_a_edition2.ipynb")
    improve(course)
    copies.begin(course)
    assert names(course) == ["01_a.ipynb", "01_a_edition2.ipynb", "01_a_edition3.ipynb"]
    assert own.read_bytes() == written
    assert (course / "work" / "01_a_edition2.ipynb").read_bytes() == again


def test_a_copy_that_nobody_used_becomes_the_improved_one(course):
    copies.begin(course)
    improve(course)
    copies.begin(course)
    assert names(course) == ["01_a.ipynb"]
    assert "More." in notebooks.read(course / "work" / "01_a.ipynb").cells[0].source


def test_outputs_are_a_reader_s_work_too(course):
    copies.begin(course)
    own = course / "work" / "01_a.ipynb"
    shutil.copy(INTACT, own)  # run, and saved by a program that drops unknown metadata
    improve(course)
    copies.begin(course)
    assert names(course) == ["01_a.ipynb", "01_a_edition2.ipynb"]
    assert own.read_bytes() == INTACT.read_bytes()


def test_a_file_that_is_no_notebook_any_more_is_left_alone(course):
    copies.begin(course)
    own = course / "work" / "01_a.ipynb"
    own.write_text("torn")
    copies.begin(course)
    assert own.read_text() == "torn"
    assert names(course) == ["01_a.ipynb", "01_a_edition2.ipynb"]


def test_a_handout_has_neither_outputs_nor_answers(tmp_path, capsys):
    assert main(["handout", "01", "--out", str(tmp_path / "out")]) == 0
    path = tmp_path / "out" / "01_overfitting.ipynb"
    assert str(path) in capsys.readouterr().out
    given, own = notebooks.read(path), notebooks.read(ROOT / "notebooks" / path.name)
    assert not any(cell.get("outputs") for cell in given.cells)
    answers = [cell.source for cell in own.cells if "answer" in cell.metadata.get("tags", ())]
    assert len(given.cells) == len(own.cells) - len(answers)
    assert not {cell.source for cell in given.cells} & set(answers)


def test_a_handout_replaces_nothing_that_somebody_changed(tmp_path, capsys):
    again = ["handout", "01", "--out", str(tmp_path)]
    assert main(again) == 0 and main(again) == 0  # nobody has
    changed = edit(tmp_path / "01_overfitting.ipynb")
    with pytest.raises(SystemExit):
        main(again)
    assert "was changed since this command wrote it" in capsys.readouterr().err
    assert (tmp_path / "01_overfitting.ipynb").read_bytes() == changed


def test_a_handout_does_not_replace_the_lesson_itself(course):
    lesson = course / "notebooks" / "01_a.ipynb"
    before = lesson.read_bytes()
    with pytest.raises(ValueError, match="written by something else: choose another --out"):
        copies.hand_out(lesson, lesson)
    assert lesson.read_bytes() == before


def test_a_handout_among_a_reader_s_copies_stays_without_answers(course):
    copies.hand_out(course / "notebooks" / "01_a.ipynb", course / "work" / "01_a.ipynb")
    before = (course / "work" / "01_a.ipynb").read_bytes()
    copies.begin(course)
    assert (course / "work" / "01_a.ipynb").read_bytes() == before
    assert names(course) == ["01_a.ipynb", "01_a_edition2.ipynb"]


def test_a_handout_of_no_lesson_says_which_there_are(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["handout", "17", "--out", str(tmp_path / "out")])
    assert "There is no lesson '17'; there are 00_start" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
