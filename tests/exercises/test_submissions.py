"""Reading one learner's notebook: which statements an answer needs, and what is said to the
answer.
"""

import builtins
import json
import os
import subprocess
import sys

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from helpers.cells import needed, parsed
from helpers.exercises.convolution import correlating
from helpers.exercises.core import CORRECT, MIME_TYPE, NOT_ATTEMPTED, NOT_YET
from helpers.exercises.grading import submissions
from helpers.exercises.grading.submissions import EXIT, MEMORY, OK, SOLUTION, SYNTAX, Cell
from helpers.exercises.overfitting import choosing, degree_prediction, stopping
from helpers.runtime import ROOT

LESSON = [
    "import numpy as np\nfrom helpers.exercises import overfitting as ex",
    "raise SystemExit",
    "slow = int('x')",
]
RIGHT = "def choose(training, validation, test):\n    return np.argmin(validation)"
RETURN = "def choose(training, validation, test):\n    return "


@pytest.fixture(autouse=True)
def a_process_of_its_own(monkeypatch, tmp_path):
    """What an answer finds and leaves behind, since these tests examine it in their own process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(builtins, "display", None, raising=False)
    monkeypatch.setattr(builtins, "__IPYTHON__", None, raising=False)
    modules, environment = set(sys.modules), dict(os.environ)
    yield
    for name in ("mine", "helper"):
        if name not in modules:
            sys.modules.pop(name, None)
    os.environ.clear()
    os.environ.update(environment)
    InteractiveShell.clear_instance()


def test_a_kernel_has_nothing_looked_through_at_the_end_of_the_process(tmp_path):
    """IPython looks through all memory once for each: seconds, with TensorFlow in it."""
    program = (
        "from helpers.exercises.grading import kernel\n"
        "kernel.Kernel._atexit_once = lambda self: print('looks')\n"
        "for _ in range(3): kernel.started(())"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert done.stdout == b""


def as_cells(cells) -> list[Cell]:
    """Cells from sources, and from pairs of a source and the number of its last run."""
    return [Cell(*([one] if isinstance(one, str) else one)) for one in cells]


def examined(*cells, exercise=choosing, name="choose", lesson=LESSON):
    *_, found = submissions.examine(exercise, name, as_cells(cells), lesson)
    return found


def say(*cells, **asked):
    found = examined(*cells, **asked)
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
        ((RIGHT + "\nreturn choose",), (NOT_YET, SYNTAX)),  # which a notebook does not run at all
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
    "several in turn": (
        LESSON[0],
        "def second(a, b, c):\n    return np.argmin(b)",
        "for choose in (np.argmax, second):\n    ex.choosing.check(choose)",
    ),
    "checked where it is defined": (
        LESSON[0],
        "try:\n    " + RIGHT.replace("\n", "\n    ") + "\n    " + CHECK + "\nfinally:\n    pass",
    ),
    "within the check": (LESSON[0], "ex.choosing.check(choose := lambda a, b, c: np.argmin(b))"),
}


MINE = RIGHT.replace("choose", "mine")
BEST = RETURN + "best(validation)"
NAMED = RETURN + "getattr(np, words[0])(validation)"
BY_FILE = RETURN + "getattr(np, open('name').read().strip())(validation)"
HELPER = "%%writefile helper.py\ndef best(errors):\n    return int(errors.argmin())"
AS_IN_A_KERNEL = {
    # Values of earlier cells.
    "_": ("np.argmin", "best = _", BEST),
    "__": ("np.argmin", "3", "best = __", BEST),
    "_ behind a semicolon": ("np.argmin", "np.argmax;", "best = _", BEST),
    "a numbered value": (("np.argmin", 7), ("best = _7", 9), BEST),
    "Out": (("np.argmin", 7), RETURN + "Out[7](validation)"),
    "Out without numbers": ("np.argmin", RETURN + "list(Out.values())[-1](validation)"),
    "In": (("word = 'argmin'", 3), RETURN + "getattr(np, In[3][8:-1])(validation)"),
    "a checked value": ("lambda a, validation, c: np.argmin(validation)", "ex.choosing.check(_)"),
    # The notebook as a module.
    "__main__": ("best = np.argmin", "import __main__", RETURN + "__main__.best(validation)"),
    "set in __main__": ("import __main__\n__main__.best = np.argmin", BEST),
    "sys.modules": (
        "import sys\nbest = np.argmin",
        RETURN + "sys.modules['__main__'].best(validation)",
    ),
    "pickled": (
        "import pickle\ndef least(errors):\n    return np.argmin(errors)",
        "best = pickle.loads(pickle.dumps(least))",
        BEST,
    ),
    "inspected": (
        "import inspect\ndef best(errors):\n    return np.argmin(errors)",
        RETURN + "('argmin' in inspect.getsource(best)) * best(validation)",
    ),
    "hints of a class": (
        "import typing\nclass Errors: ...\ndef best(x: 'Errors'):\n    return np.argmin(x)",
        RETURN + "(typing.get_type_hints(best), best(validation))[1]",
    ),
    # Checks that are no statement of their own.
    "a check in a loop": (
        MINE,
        "for answer in (mine, np.argmax):\n    ex.choosing.check(answer)",
    ),
    "a check in a function": (MINE, "def ask(f):\n    return ex.choosing.check(f)", "ask(mine)"),
    "a check in if": (MINE, "if True:\n    ex.choosing.check(mine)"),
    "a check in try": (MINE, "try:\n    ex.choosing.check(mine)\nfinally:\n    pass"),
    "a check in with": (MINE, "with np.errstate():\n    ex.choosing.check(mine)"),
    "a check in a comprehension": (MINE, "[ex.choosing.check(one) for one in (mine,)]"),
    "a check by another name": (MINE, "check = ex.choosing.check", "check(mine)"),
    "a check in print": (MINE, "print(ex.choosing.check(mine))"),
    "a check in assert": (MINE, "assert ex.choosing.check(mine).status == 'correct'"),
    "a check in exec": (MINE, "exec('ex.choosing.check(mine)')"),
    "a check that is awaited": (
        MINE,
        "async def ask():\n    ex.choosing.check(mine)\nawait ask()",
    ),
    "a timed check": (MINE, "%time ex.choosing.check(mine)"),
    "a captured check": (MINE, "%%capture\nex.choosing.check(mine)"),
    "then another try": (RIGHT, CHECK, RETURN + "np.argmax(validation)", CHECK),
    # Files and magics.
    "a module": (
        HELPER,
        "import helper",
        RETURN + "helper.best(np.asarray(validation))",
    ),
    "a script": (HELPER, "%run helper.py", RETURN + "best(np.asarray(validation))"),
    "the answer in a module": (
        "%%writefile helper.py\nimport numpy as np\n" + RIGHT,
        "from helper import choose",
        CHECK,
    ),
    "%%capture": ("%%capture out\nprint('argmin')", "words = out.stdout.split()", NAMED),
    "%%time": ("%%time\nrules = {}\nfor rule in [np.argmin]:\n    rules['best'] = rule", BY_NAME),
    "output of the system": ("words = !echo argmin", NAMED),
    "a variable in a command": ("word = 'argmin'", "words = !echo {word}", NAMED),
    "a command": ("!echo argmin > name", BY_FILE),
    "%%bash": ("%%bash\necho argmin > name", BY_FILE),
    "%cd": (
        "%mkdir sub\n%cd sub",
        "with open('name', 'w') as file:\n    file.write('argmin')",
        BY_FILE,
    ),
    "%env": ("%env BEST=argmin", "import os\nwords = [os.environ['BEST']]", NAMED),
    "%store": ("words = ['argmin']", "%store words", "del words", "%store -r words", NAMED),
    "%timeit -o": ("t = %timeit -o -n1 -r1 1", RETURN + "np.argmin(validation) + t.loops - 1"),
    "a magic of one's own": (
        "@get_ipython().register_magic_function\ndef best(line):\n    return np.argmin",
        "rule = %best",
        RETURN + "rule(validation)",
    ),
    "user_ns": ("get_ipython().user_ns['best'] = np.argmin", BEST),
    # What no name shows.
    "nonlocal": (
        "def made():\n    rule = None\n    def put(new):\n        nonlocal rule\n"
        "        rule = new\n    return put, lambda: rule\nput, get = made()",
        "put(np.argmin)",
        RETURN + "get()(validation)",
    ),
    "a walrus": ("if (best := np.argmin):\n    pass", BEST),
    "in a comprehension": (
        "rules = []",
        "[rules.append(one) for one in [np.argmin]]",
        RETURN + "rules[0](validation)",
    ),
    "partial": (
        "from functools import partial\ndef pick(rule, a, b, c):\n    return rule(b)",
        "choose = partial(pick, np.argmin)",
    ),
    "an object": (
        "class Choose:\n    def __call__(self, a, b, c):\n        return np.argmin(b)",
        "choose = Choose()",
    ),
    "deleted": ("best = np.argmin\nmin = 3", "del min", RETURN + "min([best(validation), 99])"),
    "a task": (
        "import asyncio\nrules = {}\nasync def fill():\n    rules['best'] = np.argmin",
        "task = asyncio.create_task(fill())",
        "await task",
        BY_NAME,
    ),
    "match": ("match [np.argmin]:\n    case [best]:\n        pass", BEST),
    "a patched module": ("import math\nmath.best = np.argmin", RETURN + "math.best(validation)"),
    "a module that is made": (
        "import sys, types\nsys.modules['mine'] = types.SimpleNamespace(best=np.argmin)",
        "def choose(a, b, c):\n    import mine\n    return mine.best(b)",
    ),
    "the environment": (
        "import os\nos.environ['BEST'] = 'argmin'",
        RETURN + "getattr(np, __import__('os').environ['BEST'])(validation)",
    ),
    "a text file": ("with open('name', 'w') as file:\n    file.write('argmin')", BY_FILE),
    "an attribute": (
        RETURN + "choose.rule(validation)",
        "for rule in [np.argmin]:\n    choose.rule = rule",
        CHECK,
    ),
    "an error halfway": ("best = np.argmin\n1 / 0\nbest = np.argmax", BEST),
    "a cell that stops": (
        "rules = {}",
        "for rule in [np.argmin]:\n    rules['best'] = rule",
        "import sys\nsys.exit()",
        BY_NAME,
    ),
    "a string": ("words = 'np.argmin'", RETURN + "eval(words)(validation)"),
    "checked again": (
        (CHECK, 5),
        ("rules = {}", 2),
        ("for rule in [np.argmin]:\n    rules['best'] = rule", 3),
        (BY_NAME, 4),
    ),
}
"""Cells, some with the number of their last run; without a check of their own, one comes after."""
FOR_A_PERSON = {
    "the offered name": ("ex.choosing.check(...)", MINE, "choosing.check(mine)"),
    "an endless loop behind": (MINE, "ex.choosing.check(mine)\nwhile True: pass"),
}
"""What a kernel does for a person who watches: it offers a name, and can be interrupted."""


def checked(cells) -> list[Cell]:
    """The cells, numbered from the first that is on, and a check behind them if they have none."""
    cells = as_cells(cells)
    if not any("check" in cell.source for cell in cells):
        cells.append(Cell(CHECK))
    for place, cell in enumerate(cells):
        if place and cells[place - 1].number and not cell.number:
            cells[place] = Cell(cell.source, cells[place - 1].number + 1)
    return cells


@pytest.mark.parametrize("kind", [*AS_IN_A_KERNEL, *FOR_A_PERSON])
def test_what_a_kernel_does_is_done_here(kind):
    cells = checked((AS_IN_A_KERNEL | FOR_A_PERSON)[kind])
    *_, found = submissions.examine(choosing, "choose", cells, LESSON)
    assert (found.verdict, found.event) == (CORRECT, OK)


def in_a_kernel(cells: list[Cell]) -> list[str]:
    """What a kernel's checks say; cells with numbers are run in their order."""
    content = nbformat.v4.new_notebook()
    for cell in sorted(cells, key=lambda cell: cell.number or 0):
        while cell.number and len(content.cells) + 1 < cell.number:
            content.cells.append(nbformat.v4.new_code_cell("pass"))
        content.cells.append(nbformat.v4.new_code_cell(cell.source))
    NotebookClient(content, allow_errors=True, timeout=100).execute()
    shown = [output.get("data", {}) for cell in content.cells for output in cell.outputs]
    return [each[MIME_TYPE]["status"] for each in shown if MIME_TYPE in each]


A_SAMPLE = ("Out", "a check in a loop", "checked again")


@pytest.mark.slow
@pytest.mark.parametrize("kind", A_SAMPLE)
def test_a_kernel_agrees(kind, monkeypatch):
    """A sample, as each kernel takes seconds to start. The first cell imports what lessons do."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = checked(AS_IN_A_KERNEL[kind])
    setup = Cell(LESSON[0], 1 if any(cell.number for cell in cells) else None)
    assert CORRECT in in_a_kernel([setup, *cells])


def test_the_best_of_several_checks_counts_and_no_other_finds_more():
    wrong = RETURN.replace("choose", "mine") + "np.argmin(test)"
    loop = "for answer in (np.argmax, mine):\n    ex.choosing.check(answer)"
    assert say(wrong, loop) == (NOT_YET, OK)
    assert say(MINE, "while False:\n    ex.choosing.check(mine)") == (NOT_YET, OK)
    forged = "ex.choosing.check = print\ntype(ex.choosing).check = print"  # the first one fails
    assert say(RETURN + "np.argmin(test)", forged, CHECK) == (NOT_YET, OK)


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
    found = examined(*cells)
    assert (found.verdict, found.event) == (NOT_YET, OK)
    assert message in found.message and len(found.message) < 1100


@pytest.mark.parametrize(
    "cells",
    [
        ("for answer in (np.argmax, ex.choosing.reference):\n    ex.choosing.check(answer)",),
        ("ex.choosing.check(lambda a, b, c: ex.choosing.reference(a, b, c))",),
        ("check = ex.choosing.check", "check(lambda *all: ex.choosing.reference(*all))"),
        ("f = ex.choosing.reference", "def ask(f):\n    ex.choosing.check(f)", "ask(f)"),
        (
            "def f(*all):\n    return ex.choosing.hint.__self__.reference(*all)",
            "ex.choosing.check(f)",
        ),
        (
            "ex.choosing.check(...)",
            RETURN + "choosing.reference(training, validation, test)",
            CHECK,
        ),
    ],
)
def test_a_check_is_given_no_solution(cells):
    assert say(*cells) == (NOT_YET, SOLUTION)


@pytest.mark.parametrize(
    "cells",
    [
        (
            "%%writefile helper.py\nfrom helpers.exercises.overfitting.data import choose_solution",
            "from helper import choose_solution as choose",
        ),
        (
            "exec('from helpers.exercises.overfitting.data import choose_solution as found')",
            RETURN + "found(training, validation, test)",
        ),
        (
            LESSON[0],
            "rules = {}",
            "for rule in [ex.choosing.reference]:\n    rules['best'] = rule",
            RETURN + "rules['best'](training, validation, test)",
        ),
        (
            LESSON[0],
            "def find():\n    global rule\n    rule = ex.choosing.equivalents[0]",
            "find()",
            RETURN + "rule(training, validation, test)",
        ),
        (LESSON[0], "exec(ex.choosing.solution_text())"),
    ],
)
def test_a_solution_in_a_text_or_a_table_is_no_answer(cells):
    assert say(*cells, CHECK)[0] != CORRECT


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
    cells = ("import missing_package as np", RETURN + "np.argmin(validation)")
    found = examined(*cells, lesson=[])
    assert (
        "name 'np' is not defined" in found.message
        and "No module named 'missing_package'" in found.message
    )


def test_a_function_of_the_lesson_does_not_fail_for_want_of_what_did_not_run():
    lesson = [*LESSON, "clothes = load()", "def right_on(of=clothes):\n    return of"]
    written = [*lesson, "rules = {}", lesson[-1] + "\n[rules.update(best=np.argmin) for _ in 'x']"]
    assert say(*written, BY_NAME, CHECK, lesson=lesson) == (CORRECT, OK)
    found = examined(*written, BY_NAME.replace("best", "worst"), CHECK, lesson=lesson)
    assert found.message == "Your code raised KeyError: 'worst'"


def test_a_number_that_no_cell_can_have_is_none():
    assert submissions.number_of({"execution_count": 10**12}) is None
    assert submissions.number_of({"execution_count": 12}) == 12


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
    assert submissions.code_cells(tmp_path / "a.ipynb", 1_000) == [Cell("1\n2")]
    with pytest.raises(ValueError, match="at most 10 are read"):
        submissions.code_cells(tmp_path / "a.ipynb", 10)
