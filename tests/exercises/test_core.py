"""One walk over all exercises of the course, and over the cells that show them."""

import ast
import functools
import importlib
import inspect
import pkgutil
import sys
from types import SimpleNamespace

import jupytext
import keras
import numpy as np
import pytest

from helpers import display, exercises
from helpers.course import notebooks
from helpers.exercises import core, frozen_shuffle, overfitting, progress
from helpers.exercises.core import CORRECT, NOT_ATTEMPTED, NOT_YET, Exercise, Mistake, writing
from helpers.exercises.grading.lessons import imports

MODULES = [
    name
    for _, name, _ in pkgutil.iter_modules(exercises.__path__)
    if name not in ("catalogue", "core", "grading", "overview", "progress")
]


def exercises_of(module: str) -> list[Exercise]:
    members = vars(importlib.import_module(f"helpers.exercises.{module}")).values()
    return [member for member in members if isinstance(member, Exercise)]


ALL = [
    pytest.param(one, module, id=f"{module}.{one.name}")
    for module in MODULES
    for one in exercises_of(module)
]
every_exercise = pytest.mark.parametrize(("one", "module"), ALL)


@every_exercise
def test_the_stub_is_not_attempted(one, module):
    assert one.check(one.stub, *one.evidence).status == NOT_ATTEMPTED
    assert one.check(..., *one.evidence).status == NOT_ATTEMPTED


@every_exercise
def test_right_answers_are_correct(one, module):
    for answer in (one.reference, *one.equivalents):
        result = one.check(answer, *one.evidence)
        assert result.status == CORRECT, result.message


@every_exercise
def test_each_wrong_answer_gets_its_own_message(one, module):
    assert one.mistakes, "an exercise names the mistakes that people make"
    assert len({mistake.message for mistake in one.mistakes}) == len(one.mistakes)
    for mistake in one.mistakes:
        result = one.check(mistake.answer, *one.evidence)
        assert (result.status, result.message) == (NOT_YET, mistake.message)


@every_exercise
def test_any_other_answer_is_not_yet_and_never_raises(one, module, capsys):
    for answer in (
        None,
        7,
        "words",
        {},
        lambda *arguments: print("done"),
        lambda *arguments: 1 / 0,
        lambda: 0,
    ):
        result = one.check(answer, *one.evidence)
        assert result.status == NOT_YET and result.message


@every_exercise
def test_hints_and_solution_can_be_read(one, module, capsys):
    for number in range(1, len(one.hints) + 1):
        one.hint(number)
    one.solution()
    shown = capsys.readouterr().out
    assert all(hint in shown for hint in one.hints)
    with pytest.raises(ValueError, match="hint"):
        one.hint(len(one.hints) + 1)
    if callable(one.reference):
        assert f"def {one.stub.__name__}(" in shown
        assert "_solution" not in shown and '"""' not in shown
        assert list(inspect.signature(one.reference).parameters) == list(
            inspect.signature(one.stub).parameters
        )


@functools.cache
def code_of(module: str) -> str:
    """The code of the scripts of the notebooks that use the exercises: one or two."""
    paths = [path for path in notebooks.lessons() if module in imports(path)]
    cells = [cell for path in paths for cell in jupytext.read(path.with_suffix(".py")).cells]
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


@every_exercise
def test_the_lesson_shows_the_stub_and_the_check(one, module):
    code = code_of(module)
    attribute = next(
        name
        for name, value in vars(importlib.import_module(f"helpers.exercises.{module}")).items()
        if value is one
    )
    assert f"ex.{attribute}.check(" in code
    if inspect.isfunction(one.stub):
        shown = next(
            node for node in ast.parse(code).body if getattr(node, "name", "") == one.stub.__name__
        )
        meant = ast.parse(inspect.getsource(one.stub)).body[0]
        assert ast.dump(shown) == ast.dump(meant)
    else:
        assert all(f'"{question}": ...' in code for question in one.stub)


def test_names_are_unique_within_a_lesson():
    for module in MODULES:
        names = [one.name for one in exercises_of(module)]
        assert len(set(names)) == len(names)


# The machinery itself -----------------------------------------------------------------------------


def double(x): ...  # return twice x


def double_solution(x):
    return 2 * x


doubling = writing(
    "doubling",
    stub=double,
    reference=double_solution,
    cases=((np.array([1.0, 2.0]),), (np.array([3.0]),)),
    praise="Twice.",
    hints=("Once more.",),
    mistakes=(Mistake(lambda x: x**2, "That is the square."),),
)


def test_an_answer_that_changes_its_arguments_spoils_nothing():
    def greedy(x):
        x *= 2
        return x

    assert doubling.check(greedy).status == CORRECT
    assert doubling.check(double_solution).status == CORRECT


def test_an_unknown_mistake_is_told_the_first_case_that_differs():
    message = doubling.check(lambda x: 2 * x + (len(x) == 1)).message
    assert "double([3.0])" in message and "[6.0]" in message and "[7.0]" in message


def test_forgetting_return_and_calling_too_early_are_named():
    assert "return" in doubling.check(lambda x: print(2 * x)).message
    assert "parentheses" in doubling.check(np.array([2.0, 4.0])).message


def test_a_docstring_alone_is_no_attempt_but_any_code_is():
    def double(x):
        """I shall do this tomorrow."""
        ...

    def started(x):
        return x

    assert doubling.check(double).status == NOT_ATTEMPTED
    assert doubling.check(started).status == NOT_YET


def test_where_the_import_stands_makes_no_difference():
    source = "def centred(x):\n    return x - np.mean(x)\n"
    module, cell = {}, {"np": np}
    exec(compile("import numpy as np\n" + source, "module", "exec"), module)
    exec(compile(source, "cell", "exec"), cell)
    exec(compile(source.replace("mean", "median"), "cell", "exec"), changed := {"np": np})
    assert core.untouched(cell["centred"], module["centred"])
    assert not core.untouched(changed["centred"], module["centred"])


def test_a_documented_solution_is_shown_as_a_learner_would_write_it():
    text = overfitting.stopping.solution_text()
    assert text.startswith("def stop(losses, patience, min_delta):\n    best, wait = 0, 0\n")
    assert text.endswith("    return epoch, best\n")


def test_values_are_shown_as_somebody_would_write_them():
    def bowl(x):
        return x

    assert core.brief(np.float32(0.1)) == "0.1"
    assert core.brief((bowl, np.int64(3))) == "(bowl, 3)"
    assert core.brief([np.array([[1 / 3]]), 1e-9, None]) == "[[[0.3333333]], 1e-09, None]"
    assert core.brief((1,)) == "(1,)"
    assert core.brief(np.arange(100)).endswith(" ...")


def test_an_untouched_cell_says_how_to_get_a_hint(capsys):
    doubling.check(...)
    assert "ex.doubling.hint()" in capsys.readouterr().out


def test_a_check_can_be_asked_for_a_hint(capsys):
    for answer in (..., lambda x: 3 * x, double_solution):
        doubling.check(answer).hint()
        assert "Hint 1 of 1: Once more. That was the last one. The solution" in (
            capsys.readouterr().out
        )


def test_in_a_notebook_the_name_alone_can_be_asked_unless_it_is_taken(monkeypatch):
    names = {"counting": 3}
    shell = SimpleNamespace(kernel=True, user_ns=names)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(display, "show_line", lambda *shown: None)
    monkeypatch.setattr(progress, "is_kept", lambda: True)
    for one in (doubling, overfitting.counting):
        one.check(...)
    assert names == {"counting": 3, "doubling": doubling}


def test_an_exercise_by_itself_tells_no_solution():
    assert repr(doubling.hint).endswith("Exercise: ex.doubling.check(...), .hint() or .solution()>")


@every_exercise
def test_the_name_in_the_messages_is_the_one_in_the_lesson(one, module):
    assert getattr(importlib.import_module(f"helpers.exercises.{module}"), one.name) is one
    if inspect.isfunction(one.stub) or isinstance(one, core.Prediction):
        assert f"  # stuck? ex.{one.name}.hint()\n" in code_of(module)


def test_interrupting_a_check_interrupts_it():
    def forever(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        doubling.check(forever)


@pytest.mark.parametrize(
    ("given", "expected", "equal"),
    [
        (np.float32(1 / 3), 1 / 3, True),
        ([1, 2], (1, 2), True),
        ((1, 2, 3), (1, 2), False),
        (None, 1, False),
        ("1", 1, False),
        ("rises", "rises", True),
        (np.nan, np.nan, True),
        (ValueError, ValueError, True),
        (ValueError, 1, False),
    ],
)
def test_same_compares_values_and_not_types(given, expected, equal):
    assert core.same(given, expected) is equal


@pytest.mark.parametrize("widths", [(5, [], 2), (5, [3], 1), (7, [4, 4, 9], 3)])
def test_counting_agrees_with_keras(widths):
    inputs, hidden, outputs = widths
    model = keras.Sequential([keras.Input((inputs,)), *map(keras.layers.Dense, (*hidden, outputs))])
    assert overfitting.counting.reference(*widths) == model.count_params()


def test_a_prediction_may_be_written_in_other_capitals_and_without_comma():
    found, choices = {"test error": None}, ("falls", "falls, then rises")
    for written in ("Falls then rises.", " falls,  then rises", "Fall, then rise"):
        assert core.chosen({"test error": written}, found, choices) == {
            "test error": "falls, then rises"
        }
    with pytest.raises(core.NotYet, match="not filled in yet"):
        core.chosen({"test error": ...}, found, choices)
    with pytest.raises(core.NotYet, match="'sinks' is no choice"):
        core.chosen({"test error": "sinks"}, found, choices)


def test_a_megabyte_of_an_error_is_not_shown():
    def fails(training, validation, test):
        raise ValueError("x" * 10**6)

    found = overfitting.choosing.check(fails)
    assert found.message.startswith("Your code raised ValueError: xxx") and len(found.message) < 600
    found = overfitting.choosing.check("x" * 10**6)
    assert "wants the function itself, not 'xxx" in found.message and len(found.message) < 600


def test_a_prediction_of_an_object_that_cannot_be_told_is_not_right_yet():
    class Silent:
        def __str__(self):
            raise OSError("no text")

    found = overfitting.degree_prediction.check({"training error": Silent(), "test error": "falls"})
    assert (found.status, found.message) == (NOT_YET, "Your code raised OSError: no text")


def test_a_source_of_a_billion_minibatches_is_not_read_to_its_end():
    class Long(keras.utils.PyDataset):
        def __len__(self):
            return 10**9

        def __getitem__(self, number):
            return np.zeros(8), np.zeros(8)

    found = frozen_shuffle.feeding.check(lambda x, y, batch_size, seed: Long())
    assert "does not end after an epoch" in found.message
