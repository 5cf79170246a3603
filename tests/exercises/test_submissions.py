"""Reading one learner's notebook: which statements an answer needs, and what is said to the
answer.
"""

import json

import pytest

from helpers.cells import needed, parsed
from helpers.exercises.convolution import correlating
from helpers.exercises.core import CORRECT, NOT_ATTEMPTED, NOT_YET
from helpers.exercises.grading import submissions
from helpers.exercises.grading.submissions import EXIT, MEMORY, OK, SOLUTION, SYNTAX
from helpers.exercises.overfitting import choosing, degree_prediction, stopping

LESSON = [
    "import numpy as np\nfrom helpers.exercises import overfitting as ex",
    "raise SystemExit",
    "slow = 1 / 0",
]
RIGHT = "def choose(training, validation, test):\n    return np.argmin(validation)"
RETURN = "def choose(training, validation, test):\n    return "


def say(*cells: str, exercise=choosing, name="choose", lesson=LESSON):
    *_, found = submissions.examine(exercise, name, list(cells), lesson)
    return found.verdict, found.event


@pytest.mark.parametrize(
    "cells",
    [
        (LESSON[0], RIGHT, "ex.choosing.check(choose)"),
        (RIGHT,),  # without the setup: the lesson's own imports stand in
        (RETURN + "best(validation)", "def best(errors):\n    return np.argmin(errors)"),
        (
            RETURN + "[NAMES[key](validation) for key in NAMES][0]",
            "NAMES = {}",
            "NAMES['first'] = np.argmin",
        ),
        (RETURN + "order[0](validation)", "order = []\norder.append(np.argmin)"),
        (RETURN + "0", RIGHT),  # the last one counts
        ("%%time\n" + RIGHT,),
        ("%matplotlib inline\n!pip install x\nlisting = !ls\n" + RIGHT + "\nchoose?",),
        ("if True:\n    choose = lambda training, validation, test: int(np.argmin(validation))",),
        (RIGHT, "this is no Python"),
        (RIGHT, "import sys; sys.exit()", "while True: pass", "raise KeyboardInterrupt", "exit()"),
        (
            RIGHT,
            "ex.choosing.check = lambda answer: print('fake')",
            "np.random.seed(0)",
            "np.argmin = None",
        ),
        ("import missing_package", RIGHT),
        ("from numpy import *", RETURN + "argmin(validation)"),
    ],
)
def test_right_answers_are_found_wherever_they_stand(cells):
    assert say(*cells) == (CORRECT, OK)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((), (NOT_ATTEMPTED, OK)),
        (("choose = ...",), (NOT_ATTEMPTED, OK)),
        (("def choose(training_error, validation_error, test_error): ...",), (NOT_ATTEMPTED, OK)),
        ((RETURN + "np.argmin(test)",), (NOT_YET, OK)),
        (("choose = 1 / 0",), (NOT_YET, OK)),
        ((RETURN + "unheard_of",), (NOT_YET, OK)),
        (("def choose(training, validation, test)\n    return 1",), (NOT_YET, SYNTAX)),
        (("choose = " + "(" * 5000 + ")" * 5000,), (NOT_YET, SYNTAX)),
        ((RETURN + "exit()",), (NOT_YET, EXIT)),
        (("import sys\n" + RETURN + "sys.exit(0)",), (NOT_YET, EXIT)),
        (("def now():\n    raise KeyboardInterrupt", "choose = now()"), (NOT_YET, EXIT)),
        (("def full():\n    raise MemoryError", RETURN + "full()"), (NOT_YET, MEMORY)),
        (("choose = ex.choosing.reference",), (NOT_YET, SOLUTION)),
        (
            (
                "from helpers.exercises.overfitting.data import *",
                RETURN + "choose_solution(training, validation, test)",
            ),
            (NOT_YET, SOLUTION),
        ),
        (
            (
                LESSON[0],
                "solve = ex.choosing",
                RETURN + "solve.reference(training, validation, test)",
            ),
            (NOT_YET, SOLUTION),
        ),
        ((RETURN + "__import__('os').getpid()",), (NOT_YET, OK)),
        (
            (
                (
                    "def choose(a, b, c):\n    from helpers.exercises.overfitting.data import"
                    " choose_solution\n    return choose_solution(a, b, c)"
                ),
            ),
            (NOT_YET, SOLUTION),
        ),
    ],
)
def test_other_answers_get_their_word_and_what_happened(cells, expected):
    assert say(*cells) == expected


CHECK = "ex.choosing.check(choose)"
BY_NAME = RETURN + "rules['best'](validation)"
SEATED = {
    "a loop": ("rules = {}", "for rule in [np.argmin]:\n    rules['best'] = rule", BY_NAME),
    "with": (
        "rules = {}",
        "with np.errstate():\n    rules['best'] = np.argmin",
        BY_NAME,
    ),
    "a call": ("rules = {}", "def fill(x):\n    x['best'] = np.argmin", "fill(rules)", BY_NAME),
    "global": (
        "def setup():\n    global rule\n    rule = np.argmin",
        "setup()",
        RETURN + "rule(validation)",
    ),
    "a heap": (
        "import heapq\norder = []",
        "heapq.heappush(order, 1)",
        RETURN + "order[0] * np.argmin(validation)",
    ),
    "an alias": ("rules = {}", "same = rules", "same['best'] = np.argmin", BY_NAME),
    "a decorator": (
        "rules = {}\ndef named(rule):\n    rules[rule.__name__] = rule\n    return rule",
        "@named\ndef best(errors):\n    return np.argmin(errors)",
        BY_NAME,
    ),
    "display": (RETURN + "(display(test), np.argmin(validation))[1]",),
    "a magic inside": (RIGHT.replace("    return", "    %matplotlib inline\n    return"),),
    "another language before": ("%%script bash\nchoose = 3", RIGHT),
    "another language behind": (RIGHT, "%%bash\nchoose = 3"),
    "a file": (RIGHT, "%%writefile choose.py\nchoose = 3"),
    "two magics": ("%%time\n%%capture\n" + RIGHT,),
    "deleted behind the check": (RIGHT, CHECK, "del choose"),
    "deleted in the cell of the check": (
        RIGHT + "\nex.choosing.check(\n    choose\n)\ndel choose",
    ),
    "another value behind the check": (RIGHT, CHECK, "choose = 3"),
    "try": (
        "rules = {}",
        "try:\n    rules['best'] = np.argmin\nexcept OSError:\n    pass",
        BY_NAME,
    ),
    "a timed statement": ("%time rules = dict(best=np.argmin)", BY_NAME),
    "a timed value": (
        "rules = {}",
        "rules['best'] = 0\nbest = %time np.argmin",
        RETURN + "best(validation)",
    ),
    "globals": ("globals()['choose'] = lambda a, validation, c: np.argmin(validation)", CHECK),
    "exec": ("exec('def choose(a, b, c): return int(np.argmin(b))')", CHECK),
    "a helper that is changed later": (
        "best = np.argmin",
        RETURN + "best(validation)",
        CHECK,
        "best = np.argmax",
    ),
    "a number that later cells use": (
        "k = 0",
        RETURN + "np.argmin(validation) + k",
        CHECK,
        "for k in range(9):\n    pass",
    ),
    "what is awaited": (
        "async def find():\n    return np.argmin",
        "best = await find()",
        RETURN + "best(validation)",
    ),
    "globals of a stub": (
        RETURN + "...",
        "globals().update(choose=lambda a, b, c: np.argmin(b))",
        CHECK,
    ),
    "another name": (RIGHT.replace("choose", "mine"), "ex.choosing.check(mine)"),
    "no name": ("ex.choosing.check(lambda a, validation, c: np.argmin(validation))",),
    "another name, the result kept": (
        "choose = ...",
        RIGHT.replace("choose", "mine"),
        "found = ex.choosing.check(mine)",
    ),
    "as a keyword": (RIGHT.replace("choose", "mine"), "ex.choosing.check(answer=mine)"),
    "of the future": (
        "from __future__ import annotations",
        RIGHT.replace("training,", "training: Unheard,"),
    ),
    "main": ("if __name__ == '__main__':\n    " + RIGHT.replace("\n", "\n    "),),
}


@pytest.mark.parametrize("cells", SEATED.values(), ids=SEATED)
def test_what_is_correct_where_the_learner_sits_is_correct(cells):
    assert say(*cells) == (CORRECT, OK)


def test_what_was_checked_under_another_name_is_no_more_granted_than_under_its_own():
    wrong = RETURN.replace("choose", "mine") + "np.argmin(test)"
    assert say(wrong, "ex.choosing.check(mine)") == (NOT_YET, OK)
    assert say("choose = ...", "ex.choosing.check(ex.choosing.reference)") == (NOT_YET, SOLUTION)
    assert say("mine = ex.choosing.reference", "ex.choosing.check(mine)") == (NOT_YET, SOLUTION)
    assert say("print(ex.choosing.check(choose))", RIGHT) == (CORRECT, OK)
    assert say(RIGHT, "ex.choosing.check(choose(1, 2, 3))") == (CORRECT, OK)  # leave out the (...)


def test_a_prediction_may_stand_in_its_check():
    right = "{'training error': 'falls', 'test error': 'falls, then rises'}"
    check = f"ex.degree_prediction.check({right})"
    assert say(check, exercise=degree_prediction, name="prediction") == (CORRECT, OK)


def test_a_prediction_may_be_filled_in_by_a_loop():
    cells = (
        "prediction = {'training error': ..., 'test error': ...}",
        "for part, guess in zip(prediction, ['falls', 'falls, then rises']):\n"
        "    prediction[part] = guess",
    )
    assert say(*cells, exercise=degree_prediction, name="prediction") == (CORRECT, OK)


def test_cells_that_have_nothing_to_do_with_a_wrong_answer_do_not_run(tmp_path):
    trace = tmp_path / "trace"
    wrong = RETURN + "np.argmin(test)"
    cells = (LESSON[0], f"open({str(trace)!r}, 'w')", "others = 1", wrong, CHECK)
    assert say(*cells) == (NOT_YET, OK)
    assert not trace.exists()


def test_a_cell_that_ends_python_leaves_the_first_finding():
    cells = ("rules = {}", "rules.update(best=np.argmax)", "exit(rules)", BY_NAME, CHECK)
    assert say(*cells) == (NOT_YET, OK)


BAD_TEXT = "class Silent(Exception):\n    def __str__(self):\n        raise ValueError\n"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (("if False:\n    choose = 1",), "Defining choose: no statement that ran defines it."),
        ((BAD_TEXT + "def fail():\n    raise Silent\nchoose = fail()",), "Silent"),
        ((BAD_TEXT + "def choose(a, b, c):\n    raise Silent",), "Your code raised Silent"),
        (("def fail():\n    raise ValueError('x' * 10**6)\nchoose = fail()",), "ValueError: xxx"),
        ((RETURN + "exec('raise BaseException(3)')",), "Your code raised BaseException: 3"),
        (
            ("import asyncio\ndef stop():\n    raise asyncio.CancelledError", RETURN + "stop()"),
            "CancelledError",
        ),
    ],
    ids=[
        "never bound",
        "no text when defined",
        "no text when called",
        "a long text",
        "no Exception",
        "asyncio's",
    ],
)
def test_what_cannot_be_defined_or_told_gets_its_reason(cells, message):
    *_, found = submissions.examine(choosing, "choose", list(cells), LESSON)
    assert (found.verdict, found.event) == (NOT_YET, OK)
    assert message in found.message and len(found.message) < 1100


HELPERS = ".overfitting.data.choose_solution(training, validation, test)"


@pytest.mark.parametrize(
    "cells",
    [
        ("import helpers", RETURN + "helpers.exercises" + HELPERS),
        ("import helpers", "course = helpers", RETURN + "course.exercises" + HELPERS),
        ("import helpers", "tasks = helpers.exercises", RETURN + "tasks" + HELPERS),
        (
            "import importlib",
            "data = importlib.import_module('helpers.exercises.overfitting.data')",
            RETURN + "data.choose_solution(training, validation, test)",
        ),
    ],
)
def test_a_solution_is_found_behind_a_chain_of_names(cells):
    assert say(*cells) == (NOT_YET, SOLUTION)


STOP = "def stop(losses, patience, min_delta):\n    return "


@pytest.mark.parametrize(
    "cells",
    [
        ("from helpers.reference.early_stopping import stop",),
        ("from helpers.reference.early_stopping import stop as rule", "stop = rule"),
        ("from helpers.reference.early_stopping import *", STOP + "stop(losses)"),
        (
            "from helpers.reference import early_stopping",
            STOP + "early_stopping.stop(losses, patience, min_delta)",
        ),
        (
            "import helpers.reference.early_stopping",
            "stop = helpers.reference.early_stopping.stop",
        ),
    ],
)
def test_the_solution_is_not_an_answer_wherever_the_course_holds_it(cells):
    assert say(*cells, exercise=stopping, name="stop", lesson=[]) == (NOT_YET, SOLUTION)


def test_other_functions_of_the_course_and_of_the_same_name_are_granted():
    imports = "import numpy as np\nfrom helpers.reference.resampling import most_correlated"
    answer = (
        "def correlate(signal, kernel):\n    most_correlated\n    return np.correlate(signal,"
        " kernel)"
    )
    assert say(imports, answer, exercise=correlating, name="correlate") == (CORRECT, OK)


def test_what_failed_before_is_part_of_the_reason():
    *_, found = submissions.examine(
        choosing, "choose", ["import missing_package as np", RETURN + "np.argmin(validation)"], []
    )
    assert (
        "name 'np' is not defined" in found.message
        and "No module named 'missing_package'" in found.message
    )


def test_predictions_are_examined_on_the_course_s_own_example():
    right = (
        'prediction = {"training error": "falls", "test error": ...}\nprediction["test error"] ='
        ' "falls, then rises"'
    )
    assert say(right, exercise=degree_prediction, name="prediction") == (CORRECT, OK)
    assert say(
        right.replace(", then rises", ""), exercise=degree_prediction, name="prediction"
    ) == (NOT_YET, OK)


def test_only_what_the_answer_needs_is_chosen():
    cells = [
        "import keras\nimport numpy as np",
        "runs = train()",
        "runs.append(1)",
        RIGHT,
        "def choose_late(): return runs",
    ]
    found, broken = parsed(cells)
    assert broken == []
    assert [one.node.lineno for one in needed(found, "choose")] == [2, 1]


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", '{"cells": [{}]}', '{"cells": 3}', "[" * 100_000]
)
def test_files_that_are_no_notebook_are_named(tmp_path, text):
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(ValueError, match="a.ipynb is no notebook"):
        submissions.code_cells(tmp_path / "a.ipynb", 1_000_000)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / "a.ipynb").write_text(
        json.dumps({"cells": [{"cell_type": "code", "source": ["1\n", "2"]}]})
    )
    assert submissions.code_cells(tmp_path / "a.ipynb", 1_000) == ["1\n2"]
    with pytest.raises(ValueError, match="at most 10 are read"):
        submissions.code_cells(tmp_path / "a.ipynb", 10)
