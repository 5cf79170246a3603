"""What a reader has solved and predicted: one private file on this machine; nothing is sent.

Nothing is remembered of notebooks that no person runs: tests, papermill, the grader.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from helpers import display, files, runtime

__all__ = ["STORE", "State", "Store", "current", "is_kept", "judge", "lock", "solve"]


@dataclass
class State:
    """The keys (PACKAGE.NAME) of solved exercises, and of each prediction the guess that counts.

    `right` has the predictions that a run has judged.
    """

    solved: list[str] = field(default_factory=list)
    guesses: dict[str, dict] = field(default_factory=dict)
    right: dict[str, bool] = field(default_factory=dict)


class Store:
    """The state in a file. Where that cannot be read or written, this process remembers it."""

    def __init__(self, file: Path):
        """`trouble` says why the file is not used, and is empty while it is."""
        self.file = file
        self.trouble = ""
        self._state = State()

    def read(self) -> State:
        """The state as it is now; another notebook may have changed the file."""
        if not self.trouble:
            try:
                self._state = self._parsed()
            except OSError as error:
                self._give_up(f"cannot be read ({error.strerror})")
            except (ValueError, TypeError, AttributeError):
                self._give_up("holds something else: move it away to begin anew")
        return self._state

    def change(self, change: Callable[[State], object]) -> None:
        """Change the state and write it."""
        state = self.read()
        change(state)
        if not self.trouble:
            try:
                files.write_text(self.file, json.dumps(vars(state), ensure_ascii=False, indent=1))
            except OSError as error:
                self._give_up(f"cannot be written ({error.strerror})")

    def _parsed(self) -> State:
        if not self.file.exists():
            return State()
        state = State(**json.loads(self.file.read_text(encoding="utf-8")))
        return State(list(state.solved), dict(state.guesses), dict(state.right))

    def _give_up(self, reason: str) -> None:
        self.trouble = (
            f"Your progress is remembered only until this notebook's kernel ends: {self.file.name} "
            f"in the folder {self.file.parent.name} {reason}."
        )
        display.show_line(f"! {self.trouble}", display.escape(self.trouble), "#E69F00", {})


STORE = Store(runtime.ROOT / "work" / "progress.json")
"""Beside the reader's copies of the lessons, wherever the notebook lies."""


def is_kept() -> bool:
    """Whether a person runs this notebook, whose progress is to be kept."""
    return display.in_notebook() and runtime.somebody_is_watching()


def current() -> State:
    """The reader's state; a new one where no person is there, or it is nobody's."""
    return STORE.read() if is_kept() else State()


def solve(key: str) -> None:
    """Remember that an exercise is solved."""
    if is_kept() and key not in STORE.read().solved:
        STORE.change(lambda state: state.solved.append(key))


def lock(key: str, guess: dict) -> dict:
    """Remember a prediction, unless there is one already; the one that counts."""
    if not is_kept():
        return guess
    if key not in STORE.read().guesses:
        STORE.change(lambda state: state.guesses.update({key: guess}))
    return STORE.read().guesses[key]


def judge(key: str, right: bool) -> None:
    """Remember whether the first run showed what the locked prediction said."""
    if is_kept() and key not in STORE.read().right:
        STORE.change(lambda state: state.right.update({key: right}))
