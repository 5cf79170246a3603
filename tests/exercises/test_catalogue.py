"""The catalogue names every exercise of the course, at its number."""

import importlib

import pytest

from helpers.course import notebooks
from helpers.exercises import catalogue
from helpers.exercises.core import Prediction
from tests.exercises.test_core import ALL


def test_every_exercise_stands_in_one_lesson():
    listed = [entry.key for lesson in catalogue.lessons().values() for entry in lesson.exercises]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {one.values[0].key for one in ALL}


@pytest.mark.parametrize("lesson", catalogue.lessons().values(), ids=lambda lesson: lesson.name)
def test_the_exercises_of_a_lesson_are_numbered_from_one(lesson):
    assert [entry.number for entry in lesson.exercises] == [*range(1, len(lesson.exercises) + 1)]
    for entry in lesson.exercises:
        package = importlib.import_module(f"helpers.exercises.{entry.package}")
        assert getattr(package, entry.name).name == entry.name, "a hint is asked for by this name"


def test_a_name_tells_a_prediction():
    for one in (param.values[0] for param in ALL):
        assert isinstance(one, Prediction) == one.name.endswith("_prediction")


def test_the_lessons_are_those_of_the_course():
    assert list(catalogue.lessons()) == [path.stem for path in notebooks.lessons()]


@pytest.mark.parametrize("name", ["03b_update_rules", "03b", "3b"])
def test_a_lesson_is_found_by_name_and_number(name):
    found = catalogue.lesson(name)
    assert (found.name, found.number) == ("03b_update_rules", "3b")
    assert catalogue.after(found) is catalogue.lesson("4")


def test_the_last_lesson_has_none_after_it_and_an_unknown_one_is_named():
    assert catalogue.after(list(catalogue.lessons().values())[-1]) is None
    with pytest.raises(ValueError, match="no lesson '99'; there are 00_start, 01_"):
        catalogue.lesson("99")


def test_a_check_belongs_to_the_heading_before_it(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "09_topic.py").write_text(
        "# %% [markdown]\n# # 9 · Topic\n"
        "# %%\nfrom helpers.exercises import topic as ex\n"
        "# %% [markdown]\n# ### Exercise 1 · Predict\n"
        "# %%\nex.guess.check(guess)\n"
        "# %% [markdown]\n# ### Exercise 2 · Write it\n"
        "# %%\nex.guess.check(guess, measured)\nex.writing.check(write)\n",
        encoding="utf-8",
    )
    (lesson,) = catalogue.lessons(tmp_path).values()
    assert (lesson.number, lesson.title) == ("9", "Topic")
    assert [(one.key, one.number, one.title) for one in lesson.exercises] == [
        ("topic.guess", 1, "Predict"),
        ("topic.writing", 2, "Write it"),
    ]
