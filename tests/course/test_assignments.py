"""Lessons as assignments for nbgrader: stubs fail there, solutions pass. `make test-teaching`."""

import csv
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from helpers.__main__ import main
from helpers.course import assignments, copies, notebooks
from helpers.exercises import catalogue
from helpers.exercises.core import CORRECT, NOT_ATTEMPTED
from helpers.exercises.grading import submissions
from helpers.runtime import ROOT

LESSONS = [lesson for lesson in catalogue.lessons().values() if lesson.exercises]
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n.*?### END SOLUTION\n\n", re.DOTALL)


def of(lesson: catalogue.Lesson) -> Path:
    return ROOT / "notebooks" / f"{lesson.name}.ipynb"


def marked(content: NotebookNode, part: str) -> list[NotebookNode]:
    """The cells that nbgrader takes for this part: grade or solution."""
    return [cell for cell in content.cells if cell.metadata.get("nbgrader", {}).get(part)]


@every_lesson
def test_every_exercise_has_a_stub_with_its_solution_and_a_test(lesson):
    content = assignments.source(of(lesson))
    nbformat.validate(content)
    names = [exercise.name for exercise in lesson.exercises]
    solved, tests = marked(content, "solution"), marked(content, "grade")
    assert [cell.metadata.nbgrader.grade_id for cell in solved] == names
    assert [cell.metadata.nbgrader.grade_id for cell in tests] == [f"{n}-test" for n in names]
    for stub, test in zip(solved, tests, strict=True):
        assert content.cells.index(test) == content.cells.index(stub) + 1
        assert test.metadata.nbgrader.locked and test.metadata.nbgrader.points == 1


@every_lesson
def test_without_the_solutions_it_is_the_handout(lesson):
    content = assignments.source(of(lesson))
    content.cells = [cell for cell in content.cells if cell not in marked(content, "grade")]
    sources = [SOLUTION.sub("", cell.source) for cell in content.cells]
    assert sources == [cell.source for cell in copies.handout(of(lesson)).cells]


@every_lesson
def test_the_course_s_own_grader_takes_the_solutions_and_not_the_stubs(
    lesson, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # answers write where they are, and have a __main__ of their own
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    content = assignments.source(of(lesson))
    code = [cell.source for cell in content.cells if cell.cell_type == "code"]
    stubs = [SOLUTION.sub("", source) for source in code]
    for exercise, cell in zip(lesson.exercises, marked(content, "solution"), strict=True):
        check = assignments.CHECK.search(cell.source)
        package = importlib.import_module(f"helpers.exercises.{exercise.package}")
        for sources, word in ((code, CORRECT), (stubs, NOT_ATTEMPTED)):
            cells = [submissions.Cell(source) for source in sources]
            asked = (getattr(package, exercise.name), check["answer"], cells, stubs)
            *_, last = submissions.examine(*asked)
            assert last.verdict == word, (exercise.name, last)


def test_the_teacher_s_configuration_stays(tmp_path, capsys):
    arguments = ["handout", "00", "--nbgrader", "--out", str(tmp_path)]
    assert main(arguments) == 0
    configuration = tmp_path / "nbgrader_config.py"
    place = tmp_path / "source" / "00_start" / "00_start.ipynb"
    assert capsys.readouterr().out.split() == [str(place), str(configuration)]
    configuration.write_text("c = get_config()\n")
    assert main(arguments) == 0
    assert capsys.readouterr().out.split() == [str(place)]
    assert configuration.read_text() == "c = get_config()\n"


# With nbgrader ------------------------------------------------------------------------------------


@every_lesson
def test_nbgrader_takes_its_metadata(lesson):
    validation = pytest.importorskip("nbgrader.nbgraderformat")
    validation.MetadataValidator().validate_nb(assignments.source(of(lesson)))


def nbgrader(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic
    options = {"cwd": folder, "env": os.environ | {"PATH": path}}
    done = subprocess.run(command, **options, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def hand_in(folder: Path, learner: str, name: str, content: NotebookNode) -> None:
    place = folder / "submitted" / learner / name
    place.mkdir(parents=True)
    nbformat.write(content, place / f"{name}.ipynb")


@pytest.mark.slow
@every_lesson
def test_in_nbgrader_stubs_fail_and_solutions_pass(lesson, tmp_path):
    pytest.importorskip("nbgrader")
    name = lesson.name
    for part in ("helpers", "notebooks"):  # the course's folder is above
        (tmp_path / part).symlink_to(ROOT / part)
    folder = tmp_path / "handout"
    main(["handout", name, "--nbgrader", "--out", str(folder)])
    nbgrader(folder, "generate_assignment", name)
    released = notebooks.read(folder / "release" / name / f"{name}.ipynb")
    assert not any("SOLUTION" in cell.source for cell in released.cells)
    hand_in(folder, "stub", name, released)
    solutions = marked(assignments.source(of(lesson)), "solution")
    for cell, solved in zip(marked(released, "solution"), solutions, strict=True):
        assert "# Edit the code above." in cell.source
        cell.source = solved.source
    hand_in(folder, "solved", name, released)
    nbgrader(folder, "autograde", name, "--create")
    nbgrader(folder, "export")
    with (folder / "grades.csv").open() as stream:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(stream)}
    assert scores == {"stub": 0, "solved": len(solutions)}
