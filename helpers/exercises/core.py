"""Exercises that know when they are right, and tell each wrong answer its own reason.

An exercise holds its stub, hints, solution, equivalent right answers and typical wrong ones in one
place, so that one test can walk over all of them (tests/exercises/test_core.py). Its prompt stands
in the lesson alone.
"""

import ast
import copy
import dis
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers import display
from helpers.exercises import catalogue, progress

__all__ = [
    "COLORS",
    "CORRECT",
    "MIME_TYPE",
    "NOTED",
    "NOT_ATTEMPTED",
    "NOT_YET",
    "SYMBOLS",
    "Exercise",
    "Mistake",
    "NotYet",
    "Prediction",
    "Result",
    "call",
    "expect",
    "prediction",
    "told",
    "writing",
]

MIME_TYPE = "application/vnd.course.exercise+json"
CORRECT, NOT_ATTEMPTED, NOT_YET, NOTED = "correct", "not attempted", "not yet", "noted"
SYMBOLS = {CORRECT: "✓", NOT_ATTEMPTED: "○", NOT_YET: "✗", NOTED: "●"}
LONGEST_ERROR = 500
"""Characters of an error's message that a reader is shown."""
COLORS = {CORRECT: "#0072B2", NOT_ATTEMPTED: "#7F7F7F", NOT_YET: "#D55E00", NOTED: "#0072B2"}


class NotYet(Exception):
    """The answer is not right yet; the message names the misconception."""


@dataclass(frozen=True)
class Result:
    """What a check found: a word and a reason; `hint` shows a hint, as the exercise's own does."""

    exercise: str
    status: str
    message: str
    hint: Callable[..., None] = field(repr=False, compare=False)

    def _ipython_display_(self):
        """Nothing: the result was shown by the check, with which most cells end."""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and what they are told."""

    answer: Any
    message: str


@dataclass(frozen=True, repr=False)
class Exercise:
    """One exercise. `examine(answer, *evidence)` raises NotYet with the reason, or returns what to
    say when right.

    `stub` is what the notebook shows before any work, `reference` the solution, itself a function
    that runs (or the right value); where lessons use that function too, it is one of
    `helpers.reference`. `equivalents` are other right answers, `mistakes` typical wrong ones.
    `evidence` is an example of what the notebook passes to `check` besides the answer (measured
    curves, say), for the tests.
    """

    name: str
    stub: Any
    reference: Any
    examine: Callable[..., str]
    hints: tuple[str, ...]
    equivalents: tuple = ()
    mistakes: tuple[Mistake, ...] = ()
    evidence: tuple = ()

    def __repr__(self) -> str:
        """What can be asked of it; neither a hint nor the solution."""
        return f"Exercise: ex.{self.name}.check(...), .hint() or .solution()"

    @property
    def key(self) -> str:
        """By which a reader's progress names it: the package that the stub lies in, and a name."""
        return _key(self.stub, self.name)

    def check(self, answer, *evidence) -> Result:
        """Examine the answer, show the result and return it. Never raises because of the answer."""
        if untouched(answer, self.stub):
            how = "Edit the code above and run the cell again."
            return self._show(NOT_ATTEMPTED, how)
        status, message = self._examined(answer, evidence)
        if status == CORRECT:
            progress.solve(self.key)
        return self._show(status, message)

    def hint(self, number: int = 1) -> None:
        """Show one hint; `.hint(2)` shows the next."""
        if not 1 <= number <= len(self.hints):
            raise ValueError(
                f"There are {len(self.hints)} hints: ask for .hint(1) to .hint({len(self.hints)})."
            )
        more = number < len(self.hints)
        following = f"Next: `ex.{self.name}.hint({number + 1})`" if more else self._after_hints()
        text = f"Hint {number} of {len(self.hints)}: {self.hints[number - 1]} {following}"
        display.show_line(text, _markup(text), "#E69F00", {})

    def solution(self) -> None:
        """Show the solution."""
        text = self.solution_text()
        display.show_line(text, f"<pre>{display.escape(text)}</pre>", "#E69F00", {})

    def solution_text(self) -> str:
        """The solution as a learner would write it.

        It has the stub's name and signature, and no docstring.
        """
        if not callable(self.reference):
            return repr(self.reference)
        source = textwrap.dedent(inspect.getsource(self.reference))
        function = ast.parse(source).body[0]
        assert isinstance(function, ast.FunctionDef)
        body = function.body[ast.get_docstring(function) is not None :]
        lines = source.splitlines()[body[0].lineno - 1 :]
        return (
            "\n".join([f"def {self.stub.__name__}{inspect.signature(self.stub)}:", *lines]) + "\n"
        )

    def _after_hints(self) -> str:
        return f"That was the last one. The solution: `ex.{self.name}.solution()`"

    def _examined(self, answer, evidence: tuple) -> tuple[str, str]:
        """A word and a reason for an answer that is more than the stub."""
        try:
            return CORRECT, self.examine(answer, *evidence)
        except NotYet as reason:
            return NOT_YET, str(reason)
        except Exception as error:  # whatever a learner's code raises is an answer, too
            return NOT_YET, f"Your code raised {told(error)}"

    def _show(self, status: str, message: str) -> Result:
        number = catalogue.number(self.key)
        title = f"Exercise {number}" if number else self.name
        word = "not attempted yet" if status == NOT_ATTEMPTED else status
        head = f"{SYMBOLS[status]} {title} · {word}."
        stuck = f" Stuck? Run `ex.{self.name}.hint()`" * (status in (NOT_ATTEMPTED, NOT_YET))
        markup = (
            f'<b style="color:{COLORS[status]}">{display.escape(head)}</b> '
            f"{_markup(message + stuck)}"
        )
        record = {"exercise": self.name, "status": status, "message": message}
        line = f"{head} {message}{stuck}"
        display.show_line(line, markup, COLORS[status], {MIME_TYPE: record})
        if progress.is_kept():
            display.offer(self.name, self)
        return Result(self.name, status, message, self.hint)


@dataclass(frozen=True, repr=False)
class Prediction(Exercise):
    """An exercise that asks what a run will show: noted and locked at once, judged by the run.

    `truth` reads what is right off the evidence; an answer maps each question to one of `choices`.
    """

    truth: Callable[..., dict] = field(kw_only=True)
    choices: tuple[str, ...] = field(kw_only=True)

    @property
    def key(self) -> str:
        """As of any exercise; its stub is no function."""
        return _key(self.truth, self.name)

    def check(self, answer, *evidence) -> Result:
        """Without evidence note the prediction, of which the first counts; with it, judge."""
        if untouched(answer, self.stub):
            offered = ", ".join(f'"{choice}"' for choice in self.choices)
            how = f"Replace the dots in your prediction, each with one of {offered}"
            return self._show(NOT_ATTEMPTED, f"{how}, and run its cell again.")
        try:
            given = chosen(answer, self.stub, self.choices)
        except NotYet as reason:
            return self._show(NOT_YET, str(reason))
        except Exception as error:  # a choice may be an object of a learner's
            return self._show(NOT_YET, f"Your code raised {told(error)}")
        locked = progress.lock(self.key, given)
        first = "" if locked == given else f" Your first prediction counts: {_in_words(locked)}."
        if not evidence:
            return self._show(NOTED, f"Your prediction is locked; the run will judge it.{first}")
        status, message = self._examined(answer, evidence)
        progress.judge(self.key, self._examined(locked, evidence)[0] == CORRECT)
        return self._show(status, message + first)

    def _after_hints(self) -> str:
        return "That was the last one. Guess, and let the run tell."


def _key(maker: Any, name: str) -> str:
    """The name of an exercise behind that of the package in which something of it was made."""
    package = getattr(maker, "__module__", "").removeprefix("helpers.exercises.").split(".")[0]
    return f"{package}.{name}"


def _in_words(guess: dict) -> str:
    return ", ".join(f"{question}: {choice}" for question, choice in guess.items())


def _markup(text: str) -> str:
    """Text as HTML, in which `code` is set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", display.escape(text))


def told(error: BaseException) -> str:
    """The exception's class and message, which may be code of a learner's, too, or a megabyte."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__
    return text if len(text) <= LONGEST_ERROR else f"{text[:LONGEST_ERROR]} ..."


def untouched(answer, stub) -> bool:
    """True while nothing was filled in: dots, or a function whose code is the stub's."""
    if answer is ... or (
        isinstance(answer, dict) and answer and all(value is ... for value in answer.values())
    ):
        return True
    if inspect.isfunction(answer) and inspect.isfunction(stub):
        return fingerprint(answer.__code__) == fingerprint(stub.__code__)
    return False


def fingerprint(code) -> list:
    """What a code object does, step by step, without its name, place and docstring.

    Python compiles the call of an imported module's function in one of two ways, depending on
    whether the import stands in the same file; the difference is left out.
    """
    steps = []
    for step in dis.get_instructions(code):
        if step.opname in ("RESUME", "PUSH_NULL", "PRECALL", "CALL"):
            continue
        value = None if step.opcode in dis.hasjrel else step.argval
        operation = "LOAD_ATTR" if step.opname == "LOAD_METHOD" else step.opname
        steps.append((operation, fingerprint(value) if inspect.iscode(value) else repr(value)))
    return steps


def expect(condition, reason: str) -> None:
    """Raise NotYet with the reason unless the condition holds."""
    if not condition:
        raise NotYet(reason)


def call(function, *arguments) -> Any:
    """The function's result. Raises NotYet where it is no function, or returns nothing."""
    expect(
        callable(function),
        f"check() wants the function itself, not {brief(function)}: leave out the parentheses.",
    )
    result = function(*arguments)
    expect(
        result is not None and result is not ...,
        "Your function returned nothing: is there a `return`?",
    )
    return result


def writing(
    name: str,
    *,
    stub: Callable,
    reference: Callable,
    cases,
    praise: str,
    hints,
    equivalents=(),
    mistakes=(),
) -> Exercise:
    """An exercise that asks for a function, which is compared with the reference on `cases`.

    Each case is a tuple of arguments. An answer that agrees with a known mistake on every case gets
    that mistake's message; any other wrong answer gets the first case on which it differs.
    """

    def examine(answer):
        expected = [reference(*case) for case in cases]
        # An answer may change its arguments, so it gets copies.
        given = [call(answer, *copy.deepcopy(case)) for case in cases]
        if all(map(same, given, expected)):
            return praise
        expect_no_mistake(given, cases, mistakes)
        raise NotYet(first_difference(stub.__name__, cases, given, expected))

    return Exercise(
        name, stub, reference, examine, tuple(hints), tuple(equivalents), tuple(mistakes)
    )


def expect_no_mistake(given: list, cases, mistakes) -> None:
    """Raise NotYet with the message of the mistake that gives the same results on all cases, if
    there is one.
    """
    for mistake in mistakes:
        if all(
            same(ours, outcome(mistake.answer, case))
            for ours, case in zip(given, cases, strict=True)
        ):
            raise NotYet(mistake.message)


def first_difference(name: str, cases, given: list, expected: list) -> str:
    """The first case on which the results differ, in words."""
    case, ours, theirs = next(
        triple
        for triple in zip(cases, given, expected, strict=True)
        if not same(triple[1], triple[2])
    )
    return (
        f"{name}({', '.join(map(brief, case))}) should be {brief(theirs)}, yours is {brief(ours)}."
    )


def prediction(
    name: str, *, choices, truth: Callable[..., dict], evidence, reasons: dict, praise: str, hints
) -> Prediction:
    """An exercise that asks what a run will show, before it is drawn; the run decides.

    An answer maps each question to one of `choices`. `truth(*evidence)` reads the right ones off
    the measurement; `reasons` maps (question, wrong choice) to what is told. `evidence` is an
    example measurement, for the tests.
    """
    right = truth(*evidence)

    def examine(answer, *measured):
        found = truth(*measured)
        for question, guess in chosen(answer, found, choices).items():
            expect(
                guess == found[question],
                reasons.get((question, guess), f"{question}: the run shows {found[question]!r}."),
            )
        return praise

    mistakes = [
        Mistake(right | {question: guess}, reason) for (question, guess), reason in reasons.items()
    ]
    return Prediction(
        name,
        dict.fromkeys(right, ...),
        right,
        examine,
        tuple(hints),
        mistakes=tuple(mistakes),
        evidence=tuple(evidence),
        truth=truth,
        choices=tuple(choices),
    )


def chosen(answer, found: dict, choices) -> dict:
    """The choices of the answer, which may write them with other capitals, commas or spaces.

    Raises NotYet unless the answer maps each question of `found` to one of the choices.
    """
    expect(
        isinstance(answer, dict) and set(answer) == set(found),
        f"Predict all of: {', '.join(found)}.",
    )
    known, offered = {bare(choice): choice for choice in choices}, ", ".join(map(repr, choices))
    for question, guess in answer.items():
        expect(guess is not ..., f"{question}: not filled in yet; choose one of {offered}.")
        expect(
            bare(guess) in known,
            f"{question}: {brief(guess)} is no choice; choose one of {offered}.",
        )
    return {question: known[bare(guess)] for question, guess in answer.items()}


def bare(choice) -> str:
    """A choice in small letters, without punctuation and needless spaces; "Fall" is "falls"."""
    words = str(choice).lower().replace(",", " ").rstrip(". ").split()
    return " ".join(word.removesuffix("s") for word in words)


def outcome(function, arguments):
    """What the function returns, or the exception it raises (two answers may well fail in the same
    way).
    """
    try:
        return function(*arguments)
    except Exception as error:
        return type(error)


def same(given, expected) -> bool:
    """Equal up to rounding, whatever mixture of tuples, lists, arrays and numbers it is.

    An array may be computed in float32, where a number near 0 has the rounding of the large ones.
    """
    if any(isinstance(value, type | str) for value in (given, expected)):
        return given is expected or given == expected
    try:
        if isinstance(expected, tuple):
            return len(given) == len(expected) and all(map(same, given, expected))
        given, expected = np.asarray(given, float), np.asarray(expected, float)
        largest = np.abs(expected[np.isfinite(expected)]).max(initial=0)
        tolerance = {"rtol": 1e-5, "atol": 1e-8 + 1e-6 * largest}
        return given.shape == expected.shape and np.allclose(
            given, expected, equal_nan=True, **tolerance
        )
    except (TypeError, ValueError):
        return False


def brief(value) -> str:
    """A value in few characters, as somebody would write it."""
    text = _written(value)
    return text if len(text) <= 70 else text[:66] + " ..."


def _written(value) -> str:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return repr(float(f"{value:.7g}"))
    if isinstance(value, tuple):
        return f"({', '.join(map(_written, value))}{',' * (len(value) == 1)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return value.__name__ if inspect.isfunction(value) else repr(value)
