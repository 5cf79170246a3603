"""`python -m helpers grade`: a folder of learners' notebooks, honest, wrong and hostile ones."""

import codecs
import csv
import functools
import importlib
import inspect
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from helpers.__main__ import main
from helpers.cells import parsed
from helpers.exercises.core import CORRECT, NOT_ATTEMPTED, NOT_YET, Exercise
from helpers.exercises.grading import (
    confinement,
    folders,
    lessons,
    processes,
    submissions,
    tables,
)
from helpers.exercises.grading.processes import CRASH, KILLED, TIME
from helpers.exercises.grading.submissions import (
    EXIT,
    MEMORY,
    OK,
    OTHER,
    SOLUTION,
    SYNTAX,
    UNREADABLE,
    code_cells,
)
from helpers.exercises.overfitting import capacity
from helpers.runtime import ROOT

LESSON = lessons.lessons()["overfitting"]
NAMES = ["degree_prediction", "choosing", "preparing", "counting", "stopping"]


# The parts ----------------------------------------------------------------------------------------


READ = [lessons.read_lesson(name) for name in lessons.lessons()]


@pytest.mark.parametrize("package", sorted({lesson.package for lesson in READ}))
def test_every_exercise_of_every_lesson_has_a_named_answer(package):
    members = vars(importlib.import_module(f"helpers.exercises.{package}"))
    exercises = [name for name, value in members.items() if isinstance(value, Exercise)]
    answers = [item for one in READ if one.package == package for item in one.answers.items()]
    assert sorted(name for name, _ in answers) == sorted(exercises)  # each in one notebook only
    assert all(answer.isidentifier() for _, answer in answers)


@pytest.mark.parametrize("lesson", READ, ids=lambda lesson: lesson.name)
def test_what_is_not_attempted_stays_so_whatever_else_is_written(lesson, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    package = importlib.import_module(f"helpers.exercises.{lesson.package}")
    cells = [submissions.Cell(source) for source in [*lesson.sources, "begun = True"]]
    for exercise, answer in lesson.answers.items():
        asked = getattr(package, exercise)
        *_, found = submissions.examine(asked, answer, cells, lesson.sources)
        assert (found.verdict, found.event) == (NOT_ATTEMPTED, OK), exercise


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent"], "absent is not there: name a folder"),
        (["somebody.ipynb"], "somebody.ipynb is a file: name a folder"),
        ([".", "--seconds", "1e20"], "--seconds is 1e+20: give a number up to 1,000,000"),
        ([".", "--memory", "1e11"], "--memory is 1e+11: give a number up to 1,000,000"),
        (["."], "name the lesson"),
        ([".", "--lesson", "09_dancing"], "no lesson '09_dancing'; there are 00_start, 01_"),
        ([".", "--lesson", "99"], "no lesson '99'; there are 00_start, 01_"),
        ([".", "--lesson", "01_overfitting", "--out", "grades.xlsx"], "name a .csv file"),
        ([".", "--lesson", "01_overfitting", "--seconds", "0"], "'0' is no positive number"),
        ([".", "--memory", "nan"], "argument --memory: 'nan' is no positive number"),
        ([".", "--jobs", "0"], "argument --jobs: '0' is no whole number above 0"),
        ([".", "--lesson", "01_overfitting", "--out", "absent/grades.csv"], "no folder absent"),
        (
            [".", "--lesson", "01_overfitting", "--out", "other.csv"],
            "other.json was not written by this command",
        ),
        (
            [".", "--lesson", "01_overfitting", "--out", "class.csv"],
            "class.csv was not written by this command",
        ),
    ],
)
def test_bad_input_is_named_before_any_work(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("somebody.ipynb").write_text("{}")
    Path("other.json").write_text('{"somebody": 1}')
    Path("class.csv").write_text("learner,birthday\n")
    with pytest.raises(SystemExit) as stop:
        main(["grade", *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    there = {path.name for path in tmp_path.iterdir()}
    assert there == {"somebody.ipynb", "other.json", "class.csv"}
    assert Path("class.csv").read_text() == "learner,birthday\n"


def test_a_folder_that_may_not_be_written_is_named_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(ValueError, match="you may not write into"):
        folders.check_out(tmp_path / "grades.csv")


@pytest.mark.parametrize("name", ["update_rules", "03b_update_rules", "03b", "3b"])
def test_a_lesson_is_named_as_for_a_handout(name):
    assert folders.lesson_named(name) == "update_rules"


def test_the_lesson_is_the_one_that_most_notebooks_are_of(tmp_path):
    for name, module in {"a": "resampling", "b": "overfitting", "c/1": "overfitting"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.ipynb").write_text(f'"from helpers.exercises import {module} as ex"')
    found = lessons.learners(tmp_path)
    assert list(found) == ["a", "b", "c/1"]
    assert lessons.most_answered(list(found.values())) == "overfitting"


@pytest.fixture
def two_notebooks(tmp_path):
    """A course whose lesson 3 is two notebooks, which share a package of exercises."""
    (tmp_path / "notebooks").mkdir()
    cell = "from helpers.exercises import rules as ex\nex.{0}.check({0}_answer)"
    for name, exercise in {"03_descent": "step", "03b_more_rules": "momentum"}.items():
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.write_text(notebook([cell.format(exercise)]), encoding="utf-8")
    return tmp_path


def test_each_notebook_of_a_lesson_is_graded_by_its_own_exercises(two_notebooks):
    found = lessons.lessons(two_notebooks)
    assert list(found) == ["descent", "more_rules"]
    for name, exercise in zip(found, ["step", "momentum"], strict=True):
        lesson = lessons.read_lesson(name, two_notebooks)
        assert lesson.package == "rules" and lesson.answers == {exercise: f"{exercise}_answer"}
        assert lessons.most_answered([found[name]], two_notebooks) == name
    assert lessons.without_number("03b_more_rules") == "more_rules"


BAD = b'{"verdict": "not yet", "event": "ok", "message": "No."}'
GOOD = b'{"verdict": "correct", "event": "ok", "message": "Well."}'


@pytest.mark.parametrize(
    ("text", "late", "exitcode", "expected"),
    [
        (GOOD, False, 0, (CORRECT, OK)),
        (GOOD, True, -9, (CORRECT, OK)),  # said before it was ended
        (b"", True, -9, (NOT_YET, TIME)),
        (b"", False, -24, (NOT_YET, TIME)),  # the limit of computing time
        (b"", False, -9, (NOT_YET, KILLED)),
        (b"", False, -11, (NOT_YET, CRASH)),
        (b"", False, 0, (NOT_YET, EXIT)),
        (b'{"verdict": "excellent", "event": "ok", "message": ""}', False, 0, (NOT_YET, EXIT)),
        (b'{"verdict": "correct", "event": 3, "message": ""}', False, 0, (NOT_YET, EXIT)),
        (b'["correct"]', False, 0, (NOT_YET, EXIT)),
        (b'{"verdict": "correct", "event": "ok", "message": 3}', False, 0, (NOT_YET, EXIT)),
        (b'{"verdict": "correct", "event": "won", "message": ""}', False, 0, (NOT_YET, EXIT)),
        (BAD + b"\n" + GOOD + b"\n", False, 0, (CORRECT, OK)),  # the last counts
        (BAD + b"\n" + GOOD[:20], True, -9, (NOT_YET, OK)),  # the last that is whole
        (b"", False, 255, (NOT_YET, KILLED)),  # the server has ended
        (b"\x80\x04pickle", False, 0, (NOT_YET, EXIT)),
        (b"[" * 40_000, False, 0, (NOT_YET, EXIT)),  # nested too deeply to be read
    ],
)
def test_what_a_process_says_is_believed_only_in_its_form(text, late, exitcode, expected):
    found = processes.finding(text, late, exitcode)
    assert (found.verdict, found.event) == expected


def test_an_examination_that_did_not_end_says_so():
    found = processes.finding(BAD, True, -9)
    assert found.message == (
        "No. Then, with the notebook's other cells: The answer did not end in time."
    )
    assert processes.finding(BAD, False, 0).message == "No."


@pytest.mark.parametrize("exitcode", [-9, -15, processes.SERVER_GONE])
def test_what_another_s_signal_may_have_ended_is_examined_again_alone(monkeypatch, exitcode):
    jobs = []

    def at_a_time(examiner, answers, number):
        jobs.append((answers, number))
        wrong, right = processes.finding(BAD, False, exitcode), processes.finding(GOOD, False, 0)
        cut = processes.cut_short(exitcode, False)
        yield from [(*one, wrong if number > 1 else right, cut) for one in answers]

    monkeypatch.setattr(processes, "at_a_time", at_a_time)
    task = processes.Task("", "", "", 1, 1, 2)
    examiner = processes.Examiner(None, {}, lessons.Lesson("", "", {}, []), task)
    ((*_, found),) = processes.examined(examiner, [("ann", "choosing")])
    assert found.verdict == CORRECT
    assert jobs == [([("ann", "choosing")], 2), ([("ann", "choosing")], 1)]


def test_what_a_limit_has_ended_is_not_examined_again():
    assert not processes.cut_short(-9, True)
    assert not processes.cut_short(-24, False)
    assert not processes.cut_short(0, False)


def test_limits_of_the_system_that_are_lower_stay():
    program = """
        import resource
        from helpers.exercises.grading import confinement
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        confinement.confine(60, 2**60, 10_000)
        assert resource.getrlimit(resource.RLIMIT_FSIZE) == (1000, 1000)
        assert resource.getrlimit(resource.RLIMIT_CPU) == (60, 61)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    assert subprocess.run(command, cwd=ROOT).returncode == 0


def test_a_fault_of_the_examination_is_not_called_one_of_the_answer(tmp_path, monkeypatch):
    def fails(*_):
        raise RecursionError("too deep")
        yield

    monkeypatch.setattr(processes.submissions, "examine", fails)
    (tmp_path / "a.ipynb").write_text(notebook([]))
    lesson = lessons.Lesson("overfitting", "overfitting", {"choosing": "choose"}, [])
    (found,) = processes.findings("choosing", tmp_path / "a.ipynb", lesson)
    assert (found.verdict, found.event) == (NOT_YET, UNREADABLE)
    assert found.message == "The examination itself failed: RecursionError: too deep"


def test_exercises_that_cannot_be_imported_are_not_called_an_answer_that_ends_python(tmp_path):
    (tmp_path / "a.ipynb").write_text(notebook([]))
    lesson = lessons.Lesson("absent", "absent", {"choosing": "choose"}, [])
    (found,) = processes.findings("choosing", tmp_path / "a.ipynb", lesson)
    assert (
        found.event == UNREADABLE and "No module named 'helpers.exercises.absent'" in found.message
    )


@pytest.mark.parametrize(
    ("cells", "event"),
    [
        (["ex.cross_validation.check(1)"], OTHER),
        (["ex.cross_validation.check(1)", "ex.choosing.check(choose)"], OK),
        (["print()"], OK),
    ],
)
def test_a_notebook_of_another_lesson_is_named(tmp_path, monkeypatch, cells, event):
    monkeypatch.chdir(tmp_path)  # where the kernel leaves its files
    (tmp_path / "a.ipynb").write_text(notebook(cells))
    lesson = lessons.read_lesson("overfitting")
    *_, found = processes.findings("choosing", tmp_path / "a.ipynb", lesson)
    assert (found.verdict, found.event) == (NOT_ATTEMPTED, event)
    assert ("it checks cross_validation" in found.message) == (event == OTHER)


def test_a_full_disc_ends_the_grading_with_a_line(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "end_with_parent", lambda: None)
    monkeypatch.setattr(folders, "grade_learners", full)
    task = processes.Task(str(tmp_path), str(tmp_path / "grades.csv"), "overfitting", 1, 1, 1)
    with pytest.raises(SystemExit, match="cannot go on: .*No space left on device"):
        folders.grade_here(json.dumps(asdict(task)))


def test_spreadsheets_are_told_that_the_table_is_utf_8(tmp_path):
    """As Python's own codec tells them, which Excel looks for."""
    assert tables.table(["learner"], [["홍길동"]]).encode(tables.ENCODING)[:3] == codecs.BOM_UTF8
    (tmp_path / "grades.csv").write_bytes(",".join(tables.HEADER).encode(tables.ENCODING))
    tables.check_table(tmp_path / "grades.csv")


def test_a_row_says_what_happened_to_which_exercise():
    def found(*pairs):
        return {
            f"e{number}": {"verdict": verdict, "event": event}
            for number, (verdict, event) in enumerate(pairs)
        }

    assert tables.row("a", found((CORRECT, OK), (NOT_YET, OK))) == ["a", CORRECT, NOT_YET, 1, "ok"]
    assert tables.row("a", found((CORRECT, OK), (NOT_YET, TIME)))[-1] == "e1: timed out"
    assert (
        tables.row("a", found((NOT_ATTEMPTED, UNREADABLE), (NOT_ATTEMPTED, UNREADABLE)))[-1]
        == "unreadable"
    )


def test_what_is_not_protected_is_said(monkeypatch):
    assert "THE NETWORK IS OPEN" in confinement.protection(False)
    assert "no network" in confinement.protection(True)
    assert all("NOT protected: files" in confinement.protection(walled) for walled in (True, False))
    monkeypatch.setattr(confinement.sys, "platform", "darwin")
    assert "MEMORY IS NOT LIMITED" in confinement.protection(False)


# Thirty learners ----------------------------------------------------------------------------------


def solutions(module: str) -> dict[str, str]:
    """The source of the right answer to each exercise of a lesson, by the name that the lesson asks
    for.
    """
    exercises = importlib.import_module(f"helpers.exercises.{module}")
    named = {
        name: getattr(exercises, exercise)
        for exercise, name in lessons.read_lesson(module).answers.items()
    }
    return {
        name: one.solution_text() if callable(one.reference) else f"{name} = {one.reference!r}"
        for name, one in named.items()
    }


def mistaken(answer, stub) -> str:
    """The source of a wrong answer under the name that the lesson asks for."""
    return textwrap.dedent(inspect.getsource(answer)).replace(answer.__name__, stub.__name__)


SOLUTIONS = solutions("overfitting")
COUNT = "def count_parameters(inputs, hidden, outputs):\n    "


@functools.cache
def cells_of(lesson: Path) -> list[tuple[str, list]]:
    """The code cells of a lesson, each with its statements."""
    sources = [cell.source for cell in code_cells(lesson, 10_000_000)]
    return [(source, parsed([source])[0]) for source in sources]


def filled_in(lesson: Path, sources: dict[str, str]) -> list[str]:
    """The code cells of a lesson with these sources in the place of the stubs."""
    cells = []
    for cell, statements in cells_of(lesson):
        for statement in statements:
            for name in sources.keys() & statement.defines:
                cell = cell.replace(original(cell, statement.node), sources[name])
        cells.append(cell)
    return cells


def solved(**changes: str) -> list[str]:
    """The code cells of lesson 1 solved rightly but for `changes`, by the name of the answer."""
    return filled_in(LESSON, SOLUTIONS | changes)


def original(cell: str, node) -> str:
    return "\n".join(cell.splitlines()[node.lineno - 1 : node.end_lineno])


def notebook(cells: list[str]) -> str:
    fake = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/plain": "✓ counting: correct."},
    }
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                {
                    "cell_type": "code",
                    "metadata": {},
                    "execution_count": 1,
                    "source": cell,
                    "outputs": [fake],
                }
                for cell in cells
            ],
        }
    )


MISTAKES = {
    "no_biases": capacity.count_without_biases,
    "bias_per_input": capacity.count_bias_per_input,
    "units": capacity.count_units,
}
ALL, ONE_WRONG, ONE_LEFT = 5, {"counting": NOT_YET}, {"counting": NOT_ATTEMPTED}
COUNTED = {
    name: (
        notebook(solved(count_parameters=mistaken(answer, capacity.count_parameters))),
        ONE_WRONG,
        OK,
    )
    for name, answer in MISTAKES.items()
}


def counting(event: str, body: str) -> tuple[str, dict, str]:
    """A learner whose `count_parameters` has this body and to whom this happens."""
    return (
        notebook(solved(count_parameters=COUNT + body)),
        ONE_WRONG,
        f"counting: {event}" if event != OK else OK,
    )


RIGHT = SOLUTIONS["count_parameters"]
FORGED = (
    "ex.counting.check = lambda answer: print('✓ counting: correct.')\ntype(ex.counting).check ="
    " ex.counting.check"
)
# Learner: what is handed in, the verdicts that are not "correct", the status.
LEARNERS = {
    "ann": (notebook(solved()), {}, OK),
    "ben": (
        notebook(
            solved(
                count_parameters=mistaken(
                    capacity.count_parameters_in_keras, capacity.count_parameters
                )
            )
        ),
        {},
        OK,
    ),
    "untouched": (LESSON.read_text(encoding="utf-8"), dict.fromkeys(NAMES, NOT_ATTEMPTED), OK),
    **COUNTED,
    "syntax": (
        notebook(solved(count_parameters="def count_parameters(inputs, hidden, outputs) return 3")),
        ONE_WRONG,
        f"counting: {SYNTAX}",
    ),
    "loop": counting(TIME, "while True: pass"),
    "sleep": counting(TIME, "__import__('time').sleep(1e6)"),
    "memory": counting(MEMORY, "heap = []\n    while True: heap.append(np.empty(10**7))"),
    "memory_at_once": counting(MEMORY, "return [0] * 10**12"),
    "missing_cells": (
        notebook([cell for cell in solved() if "count_parameters" not in cell]),
        ONE_LEFT,
        OK,
    ),
    "no_setup": (notebook([cell for cell in solved() if "import" not in cell]), {}, OK),
    "edited_check": (
        notebook(
            [
                cell.replace("ex.counting.check(", "print('correct', ")
                for cell in solved(count_parameters=COUNT + "return 1")
            ]
        ),
        ONE_WRONG,
        OK,
    ),
    "patched_check": (
        notebook([*solved(count_parameters=COUNT + "return 1"), FORGED]),
        ONE_WRONG,
        OK,
    ),
    "exit_cells": (
        notebook(["import os, sys; os._exit(0)", "sys.exit()", *solved(), "exit()"]),
        {},
        OK,
    ),
    "exit": counting(EXIT, "raise SystemExit"),
    "exit_at_once": counting(EXIT, "import os; os._exit(0)"),
    "kill": counting(KILLED, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
    "server": counting(
        KILLED,
        "import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)",
    ),
    "interrupts": counting(
        OK,
        "import os, signal\n    for one in range(1, 9):\n        try: os.kill(one, signal.SIGINT)\n"
        "        except OSError: pass\n    return 0",
    ),
    "stops_server": counting(
        TIME, "import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); time.sleep(60)"
    ),
    "deep_folders": counting(
        OK, "import os\n    for _ in range(1200): os.mkdir('d'); os.chdir('d')\n    return 0"
    ),
    "seated": (
        notebook(
            [
                "layers = {}",
                "for kind in ['dense']:\n    layers[kind] = lambda a, b: (a + 1) * b",
                *solved(
                    count_parameters=COUNT
                    + "widths = [inputs, *hidden, outputs]\n    return sum(layers['dense'](a, b) "
                    "for a, b in zip(widths, widths[1:]))"
                ),
            ]
        ),
        {},
        OK,
    ),
    "crash": counting(CRASH, "import ctypes; ctypes.string_at(0)"),
    "output": counting(TIME, "while True: print('x' * 10**6)"),
    "large_file": counting(OK, "open('file', 'wb').write(bytes(10**8))"),
    "network": counting(
        OK, "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    ),
    "solution": (
        notebook(solved(count_parameters="count_parameters = ex.counting.reference")),
        ONE_WRONG,
        f"counting: {SOLUTION}",
    ),
    "daemon": (
        notebook(
            solved(
                count_parameters=RIGHT.replace(
                    "widths =",
                    "import subprocess; subprocess.Popen(['sleep', '1000'])\n    widths =",
                )
            )
        ),
        {},
        OK,
    ),
    "no_cells": (notebook([]), dict.fromkeys(NAMES, NOT_ATTEMPTED), OK),
    "empty": ("", dict.fromkeys(NAMES, NOT_ATTEMPTED), UNREADABLE),
    "no_json": ("{", dict.fromkeys(NAMES, NOT_ATTEMPTED), UNREADABLE),
    "too_large": (
        " " * (lessons.LARGEST_NOTEBOOK + 1),
        dict.fromkeys(NAMES, NOT_ATTEMPTED),
        UNREADABLE,
    ),
    "folder/of one": (
        notebook(
            solved(prediction='prediction = {"training error": "falls", "test error": "rises"}')
        ),
        {"degree_prediction": NOT_YET},
        OK,
    ),
}


def hand_in(folder: Path, names) -> None:
    for name in names:
        path = folder / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LEARNERS[name][0], encoding="utf-8")


def graded(
    folder: Path, out: Path, *, seconds: int = 2, gigabytes: int = 2
) -> dict[str, dict[str, str]]:
    """The table, by learner."""
    limits = ["--seconds", str(seconds), "--memory", str(gigabytes)]
    assert main(["grade", str(folder), "--out", str(out), *limits]) == 0
    with out.open(encoding="utf-8-sig") as file:
        return {line["learner"]: line for line in csv.DictReader(file)}


def expected(name: str) -> dict[str, str]:
    _, verdicts, status = LEARNERS[name]
    line = dict.fromkeys(NAMES, CORRECT) | verdicts
    correct = list(line.values()).count(CORRECT)
    return {"learner": name, **line, "correct": str(correct), "status": status}


@pytest.mark.slow
def test_each_of_thirty_learners_gets_a_row_whatever_the_others_do(tmp_path, capfd):
    assert len(LEARNERS) >= 30
    hand_in(tmp_path / "in", LEARNERS)
    out = tmp_path / "grades.csv"

    assert graded(tmp_path / "in", out) == {
        name: expected(name) for name in sorted(LEARNERS, key=lambda name: f"{name}.ipynb")
    }

    reasons = json.loads(out.with_suffix(".json").read_text())
    assert (
        "every unit of every layer has a bias"
        in reasons["no_biases"]["found"]["counting"]["message"]
    )
    assert "File too large" in reasons["large_file"]["found"]["counting"]["message"]
    if confinement.wall():
        assert "unreachable" in reasons["network"]["found"]["counting"]["message"]
    assert (
        capfd.readouterr().err == ""
    )  # no bar where there is no terminal, nothing of TensorFlow's


@pytest.mark.slow
def test_everything_that_was_handed_in_has_a_row_or_is_named(tmp_path, capfd):
    folder = tmp_path / "in"
    folder.mkdir()
    hand_in(folder, ["no_cells"])
    empty = (folder / "no_cells.ipynb").rename(folder / "=cmd|' calc'!A1.ipynb")
    (folder / os.fsdecode("홍길동.ipynb".encode("cp949"))).write_bytes(empty.read_bytes())
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "link.ipynb").symlink_to("absent.ipynb")
    (folder / "round.ipynb").symlink_to("round.ipynb")
    (folder / "folder.ipynb").mkdir()
    (folder / "mail.ipynb.json").write_text("{}")
    (folder / "홍길동.ipynb").write_bytes(empty.read_bytes())  # handed in again, from elsewhere
    (folder / "WINDOWS.IPYNB").write_bytes(empty.read_bytes())
    (folder / "kim").mkdir()
    (folder / "kim" / "answers.zip").write_bytes(b"PK")
    (folder / "lee").symlink_to(tmp_path)
    for name in ("__MACOSX/kim", ".ipynb_checkpoints", "."):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "._kim.ipynb").write_bytes(b"\x00\x05\x16\x07")
    out = tmp_path / "grades.csv"
    assert main(["grade", str(folder), "--out", str(out), "--lesson", "01_overfitting"]) == 0
    with out.open(encoding="utf-8-sig") as file:
        status = {line["learner"]: line["status"] for line in csv.DictReader(file)}
    unreadable = dict.fromkeys(["pipe", "link", "round", "folder"], UNREADABLE)
    readable = dict.fromkeys(["'=cmd|' calc'!A1", "홍길동", "홍길동 (another)", "WINDOWS"], OK)
    assert status == readable | unreadable
    said = capfd.readouterr().out
    assert "only files that end in .ipynb are: kim/answers.zip, lee, mail.ipynb.json." in said


def test_folders_that_may_not_be_read_are_named(tmp_path, monkeypatch):
    for name in ("kim", "lee"):
        (tmp_path / name).mkdir()
    assert lessons.passed_over(tmp_path) == []
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "kim")
    assert lessons.passed_over(tmp_path) == ["kim"]


@pytest.mark.parametrize("name", ["=1", "+1+1", "-1", "@x", "\t=1", "\n=1", "＝1"])
def test_no_name_is_a_formula(name):
    (_, (found, count)) = csv.reader(io.StringIO(tables.table(["learner", ""], [[name, 1]])))
    assert (found, count) == (f"'{name}", "1")


def test_no_part_of_a_name_is_a_formula_where_semicolons_end_cells():
    text = io.StringIO(tables.table(["learner", "correct"], [["kim;=1+1", 5]]))
    assert next(csv.reader(list(text)[1:], delimiter=";"))[0].startswith("kim;=1+1")


def test_the_inner_command_ends_with_the_outer_one(tmp_path):
    """The process that waits is ended in the hardest way."""
    trace = tmp_path / "trace"
    inner = (
        "import time; from pathlib import Path; "
        "from helpers.exercises.grading.folders import end_with_parent; "
        f"end_with_parent(); Path({str(trace)!r}).write_text('begun'); time.sleep(600)"
    )
    outer = (
        "import sys; from helpers.exercises.grading.folders import attached; "
        f"attached([sys.executable, '-c', {inner!r}])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", outer], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        while not trace.exists():
            assert process.poll() is None
            time.sleep(0.1)
        process.kill()
        assert process.stdout.read() == b""  # ends when the last that has it open ends


@pytest.mark.slow
@pytest.mark.parametrize("walled", [True, False])
def test_ctrl_c_leaves_no_process_and_no_file(tmp_path, walled):
    """Without a word but the command's own. `rm` and `env` are there, `unshare` perhaps."""
    source, programs = tmp_path / "in", tmp_path / "programs"
    source.mkdir()
    programs.mkdir()
    temporary = Path(tempfile.mkdtemp(dir="/tmp"))  # not below tmp_path: a socket's path is short
    for name in ("rm", "env"):
        (programs / name).symlink_to(shutil.which(name))
    begun = tmp_path / "begun"
    wait = f"choose = open({str(begun)!r}, 'w').close() or __import__('time').sleep(600)"
    (source / "a.ipynb").write_text(notebook([wait]))
    command = [sys.executable, "-m", "helpers", "grade", source, "--out", tmp_path / "grades.csv"]
    path = os.environ["PATH"] if walled else str(programs)
    with subprocess.Popen(
        [*command, "--lesson", "01"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # Who starts the tests in the background may have had this process ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        while not begun.exists():
            assert process.poll() is None
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        said = process.stdout.read()  # ends when the last that has it open ends
    assert process.returncode == 130
    assert "Traceback" not in said and "Interrupted." in said
    temporary.rmdir()  # it is empty


@pytest.mark.slow
def test_finished_learners_are_left_alone_and_changed_ones_are_graded_again(tmp_path, capfd):
    folder, out = tmp_path / "in", tmp_path / "grades.csv"
    hand_in(folder, ["ann", "syntax", "untouched"])
    graded(folder, out)
    found = json.loads(out.with_suffix(".json").read_text())
    found["ann"]["found"]["choosing"]["verdict"] = NOT_YET  # so that it shows who was graded again
    found["untouched"]["found"]["choosing"]["verdict"] = NOT_YET
    out.with_suffix(".json").write_text(json.dumps(found))
    (folder / "untouched.ipynb").write_text(LEARNERS["no_cells"][0])
    (folder / "syntax.ipynb").unlink()
    capfd.readouterr()

    table = graded(folder, out)

    assert "1 of 2 were finished before" in capfd.readouterr().out
    assert {name: line["choosing"] for name, line in table.items()} == {
        "ann": NOT_YET,
        "untouched": NOT_ATTEMPTED,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "module", ["resampling", "batch_normalization"]
)  # helpers of the lesson's; nets
def test_the_solutions_of_a_lesson_are_correct(tmp_path, module):
    cells = filled_in(lessons.lessons()[module], solutions(module))
    (tmp_path / "somebody.ipynb").write_text(notebook(cells), encoding="utf-8")
    (line,) = graded(tmp_path, tmp_path / "grades.csv", seconds=60, gigabytes=4).values()
    assert set(line.values()) == {"somebody", CORRECT, str(len(line) - 3), OK}
