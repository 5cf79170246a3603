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
    found = submissions.examine(exercise, name, list(cells), lesson)
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
    found = submissions.examine(
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
