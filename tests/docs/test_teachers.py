"""The plan for a term names lessons, sections and exercises that are there."""

import re

import pytest

from docs.book import course
from helpers.exercises import catalogue
from helpers.runtime import ROOT

PAGE = (ROOT / "docs" / "teachers.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|", PAGE, re.MULTILINE)


def test_the_weeks_are_counted():
    assert [int(week) for week, _, _ in ROWS] == list(range(1, 15))
    assert "Fourteen weeks" in PAGE and f"to week {len(ROWS)}," in PAGE


@pytest.mark.parametrize("lesson", course.lessons().values(), ids=lambda lesson: lesson.name)
def test_every_lesson_has_its_place(lesson):
    planned = PAGE.split("## A plan for a term")[1].replace(",", "")
    assert f"{lesson.number} {lesson.title}" in planned
    if lesson.minutes < 60:
        assert f"({lesson.minutes} minutes)" in planned or lesson.number == "0"


@pytest.mark.parametrize(("week", "lessons", "work"), ROWS[:-1])
def test_sections_and_exercises_are_there(week, lessons, work):
    last = catalogue.lesson(re.findall(r"(?:^|, )(\d+\w?) [A-Z]", lessons)[-1])
    text = (ROOT / "notebooks" / f"{last.name}.py").read_text(encoding="utf-8")
    for section in re.findall(r"\b\d+\w?\.\d+\b", lessons):
        assert f"# ## {section} " in text
    numbers = {exercise.number for exercise in last.exercises}
    named = re.findall(r"\d", work.split("exercises")[1].split(" of")[0])
    assert named and {int(number) for number in named} <= numbers
