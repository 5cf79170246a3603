"""What a reader has done is remembered, in one file, and told."""

import json

import pytest

from helpers import runtime
from helpers.__main__ import main
from helpers.exercises import catalogue, overview, progress, show_progress
from helpers.exercises import start as ex
from helpers.exercises.core import CORRECT, NOT_ATTEMPTED, NOT_YET, NOTED
from helpers.exercises.progress import State, Store
from helpers.exercises.start.scoring import share_right, share_right_solution

GUESS = {"on these 10": "about half", "on 10 new ones": "about half"}
RIGHT = {"on these 10": "nearly all", "on 10 new ones": "about half"}
RUN = ([1.0, 0.9], [0.5, 0.5])
LUCK = "start.luck_prediction"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A reader's file, in a folder that is not there yet, and a person who runs the notebook."""
    store = Store(tmp_path / "work" / "progress.json")
    monkeypatch.setattr(progress, "STORE", store)
    monkeypatch.setattr(progress, "is_kept", lambda: True)
    return store


def restarted(store: Store) -> State:
    """What another process reads."""
    return Store(store.file).read()


def test_a_solved_exercise_survives_a_restart(store):
    ex.scoring.check(share_right)
    ex.scoring.check(lambda answers, truth: 0)
    assert restarted(store) == State()
    for _ in range(2):
        ex.scoring.check(share_right_solution)
    ex.scoring.check(lambda answers, truth: 0)
    assert restarted(store).solved == ["start.scoring"]


def test_a_prediction_is_locked_at_once_and_judged_by_the_run(store, capsys):
    assert ex.luck_prediction.check(ex.luck_prediction.stub).status == NOT_ATTEMPTED
    assert ex.luck_prediction.check(GUESS).status == NOTED
    assert "● Exercise 2 · noted. Your prediction is locked" in capsys.readouterr().out
    assert restarted(store) == State(guesses={LUCK: GUESS})
    assert ex.luck_prediction.check(GUESS, *RUN).status == NOT_YET
    assert restarted(store).right == {LUCK: False}


def test_the_first_prediction_counts(store):
    ex.luck_prediction.check(GUESS)
    changed = ex.luck_prediction.check(RIGHT)
    assert changed.status == NOTED
    assert "first prediction counts: on these 10: about half, on 10 new" in changed.message
    assert ex.luck_prediction.check(RIGHT, *RUN).status == CORRECT
    assert restarted(store) == State(guesses={LUCK: GUESS}, right={LUCK: False})


def test_the_first_run_counts(store):
    ex.luck_prediction.check(RIGHT, *RUN)
    ex.luck_prediction.check(RIGHT, *reversed(RUN))
    assert restarted(store).right == {LUCK: True}


def test_what_is_no_choice_is_not_locked(store):
    result = ex.luck_prediction.check(GUESS | {"on these 10": "all"})
    assert result.status == NOT_YET and "'all' is no choice" in result.message
    assert restarted(store) == State()


def test_two_notebooks_write_into_one_file(store):
    Store(store.file).change(lambda state: state.solved.append("overfitting.choosing"))
    ex.scoring.check(share_right_solution)
    assert restarted(store).solved == ["overfitting.choosing", "start.scoring"]


def test_where_nobody_looks_nothing_is_kept(store, monkeypatch):
    monkeypatch.setattr(progress, "is_kept", lambda: False)
    ex.scoring.check(share_right_solution)
    assert ex.luck_prediction.check(RIGHT).message.endswith("the run will judge it.")
    ex.luck_prediction.check(RIGHT, *RUN)
    assert not store.file.exists()


def test_without_a_writable_folder_the_process_remembers_and_says_so(tmp_path, store, capsys):
    (tmp_path / "work").write_text("a file where the folder should be")
    ex.scoring.check(share_right_solution)
    ex.luck_prediction.check(RIGHT, *RUN)
    said = capsys.readouterr().out
    assert said.count("remembered only until this notebook's kernel ends") == 1
    assert "cannot be written" in said or "cannot be read" in said
    assert store.read() == State(["start.scoring"], {LUCK: RIGHT}, {LUCK: True})
    assert "until this notebook's kernel ends" in show_progress().text


@pytest.mark.parametrize("content", ["{", "[]", '{"solved": 1}', '{"other": []}', "null"])
def test_a_file_that_is_something_else_is_left_alone(store, capsys, content):
    store.file.parent.mkdir()
    store.file.write_text(content)
    ex.scoring.check(share_right_solution)
    assert store.file.read_text() == content
    assert "holds something else: move it away" in capsys.readouterr().out
    assert store.read().solved == ["start.scoring"]


@pytest.fixture
def state():
    """Of lesson 1: a prediction that was wrong, and two of four other exercises."""
    first = {"overfitting.degree_prediction": False}
    return State(["overfitting.choosing", "overfitting.stopping"], {}, first)


def test_exercises_are_counted(state):
    entries = catalogue.lesson("1").exercises
    assert overview.tally(entries, state) == overview.Tally(5, 3, 1, 0)
    assert overview.tally(entries, State()) == overview.Tally(5, 0, 0, 0)


def test_the_table_has_a_row_for_each_lesson(state):
    rows = overview.table(state).splitlines()[2:]
    assert len(rows) == len(catalogue.lessons()) + 1
    assert rows[1] == "| [1 · Overfitting](01_overfitting.ipynb) | 3 of 5 | 0 of 1 |"
    assert rows[-1].startswith("| together | 3 of ") and rows[-1].endswith("| 0 of 1 |")


def test_the_button_leads_to_the_first_lesson_that_is_not_done(state):
    assert 'href="01_overfitting.ipynb">Start lesson 1: Overfitting</a>' in overview.button(State())
    assert ">Go on with lesson 1: Overfitting</a>" in overview.button(state)
    every = [one.key for lesson in catalogue.lessons().values() for one in lesson.exercises]
    assert ">Start lesson 2: Resampling</a>" in overview.button(State(every[:7]))
    assert overview.button(State(every)) == ""


def test_on_colab_links_lead_to_colab_and_the_file_is_said_to_go(store, state, monkeypatch):
    monkeypatch.setattr(runtime, "on_colab", lambda: True)
    monkeypatch.setattr(runtime, "notebooks_address", lambda: "https://there/notebooks/")
    assert 'href="https://there/notebooks/01_overfitting.ipynb"' in show_progress().text
    assert "Colab deletes it" in show_progress().text
    assert "(https://there/notebooks/02_resampling.ipynb)" in overview.end_of_lesson(
        catalogue.lesson("1"), state
    )


def test_the_end_of_a_lesson_tells_what_is_left_and_what_comes_next(state):
    text = overview.end_of_lesson(catalogue.lesson("1"), state)
    assert "exercises done 3 of 5, predictions right 0 of 1" in text
    assert "✗ 1 · Predict  \n✓ 2 · Choose  \n○ 3 · Prepare  \n" in text
    assert "Next: [2 · Resampling](02_resampling.ipynb)" in text
    last = list(catalogue.lessons().values())[-1]
    assert "Next:" not in overview.end_of_lesson(last, state)


def test_the_command_tells_what_notebooks_remember(store, state, capsys):
    store.file.parent.mkdir()
    store.file.write_text(json.dumps(vars(state)))
    assert main(["progress"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert " ".join(line.split()) == "1 Overfitting exercises done 3 of 5 predictions right 0 of 1"


@pytest.mark.parametrize("lesson", list(catalogue.lessons()))
def test_a_lesson_that_ends_with_progress_names_itself(lesson):
    source = (catalogue.ROOT / "notebooks" / f"{lesson}.py").read_text(encoding="utf-8")
    ends = [line for line in source.splitlines() if "exercises.show_progress(" in line]
    expected = "" if lesson == "00_start" else f'"{lesson}"'
    assert set(ends) <= {f"exercises.show_progress({expected})"}
