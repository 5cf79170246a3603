"""How far a reader is: a table of all lessons, and the end of each."""

from collections.abc import Iterable
from dataclasses import dataclass

from helpers import runtime
from helpers.exercises import catalogue, progress
from helpers.exercises.catalogue import Entry, Lesson
from helpers.exercises.progress import State

__all__ = ["Overview", "Tally", "end_of_lesson", "in_a_terminal", "show_progress", "table", "tally"]

PRIVATE = "Your progress lies in `work/progress.json` on this machine. Nothing is sent."
ON_COLAB = "Colab deletes it with the machine: download it, and upload it next time."
BUTTON = (
    "display:inline-block;padding:.6em 1.2em;border-radius:.4em;background:#005a8c;color:#fff;"
    "font-weight:600;text-decoration:none"
)
RIGHT, WRONG, DONE, OPEN = "✓", "✗", "✓", "○"


@dataclass(frozen=True, repr=False)
class Overview:
    """Markdown, which a notebook shows as such."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


@dataclass(frozen=True)
class Tally:
    """How many exercises there are, how many are done, and how the predictions came out."""

    exercises: int
    done: int
    predicted: int
    right: int

    @property
    def done_in_words(self) -> str:
        """For example "3 of 5"."""
        return f"{self.done} of {self.exercises}"

    @property
    def right_in_words(self) -> str:
        """For example "1 of 2"; "none yet" before a run has judged a prediction."""
        return f"{self.right} of {self.predicted}" if self.predicted else "none yet"


def show_progress(lesson: str = "") -> Overview:
    """How far the reader is: in a lesson's notebook (by its name, as 03b_update_rules), or in all.

    Raises ValueError for a lesson that is not there.
    """
    state = progress.current()
    if lesson:
        return Overview(end_of_lesson(catalogue.lesson(lesson), state))
    kept = f"{PRIVATE} {ON_COLAB}" if runtime.on_colab() else PRIVATE
    return Overview("\n\n".join([table(state), progress.STORE.trouble or kept, button(state)]))


def tally(entries: Iterable[Entry], state: State) -> Tally:
    """Counts over some exercises. A prediction is done when a run has judged it, right or wrong."""
    entries = list(entries)
    judged = [state.right[entry.key] for entry in entries if entry.key in state.right]
    solved = sum(entry.key in state.solved for entry in entries)
    return Tally(len(entries), solved + len(judged), len(judged), sum(judged))


def table(state: State) -> str:
    """A Markdown table with a row for each lesson, and one for all together."""
    lessons = catalogue.lessons().values()
    counted = {_link(lesson): tally(lesson.exercises, state) for lesson in lessons}
    counted["together"] = tally((each for one in lessons for each in one.exercises), state)
    rows = [
        f"| {link} | {counts.done_in_words} | {counts.right_in_words} |"
        for link, counts in counted.items()
    ]
    return "\n".join(["| lesson | exercises done | predictions right |", "|---|---|---|", *rows])


def button(state: State) -> str:
    """A link to the first lesson of which something is left; nothing after the last."""
    lessons = list(catalogue.lessons().values())[1:]
    counted = [(lesson, tally(lesson.exercises, state)) for lesson in lessons]
    for lesson, counts in counted:
        if counts.done < counts.exercises:
            begin = "Go on with" if counts.done else "Start"
            text = f"{begin} lesson {lesson.number}: {lesson.title}"
            return f'<a class="start" style="{BUTTON}" href="{_address(lesson)}">{text}</a>'
    return ""


def in_a_terminal(state: State) -> str:
    """The same as lines of text."""
    lines = []
    for lesson in catalogue.lessons().values():
        counts = tally(lesson.exercises, state)
        name = f"{lesson.number:>2} {lesson.title}"
        lines.append(
            f"{name:<45} exercises done {counts.done_in_words:<8} "
            f"predictions right {counts.right_in_words}"
        )
    return "\n".join(lines)


def end_of_lesson(lesson: Lesson, state: State) -> str:
    """The exercises of a lesson, each with its sign, and what comes next."""
    counts = tally(lesson.exercises, state)
    signs = [
        f"{_sign(entry, state)} {entry.number} · {entry.title}  " for entry in lesson.exercises
    ]
    heading = (
        f"**Your progress in lesson {lesson.number}**: exercises done {counts.done_in_words}, "
        f"predictions right {counts.right_in_words}."
    )
    following = catalogue.after(lesson)
    onward = f"Next: {_link(following)}. " if following else ""
    overview = f"{onward}All lessons and your progress: {_link(catalogue.lesson('0'))}."
    return "\n".join([heading, "", *signs, "", overview])


def _sign(entry: Entry, state: State) -> str:
    if entry.key in state.right:
        return RIGHT if state.right[entry.key] else WRONG
    return DONE if entry.key in state.solved else OPEN


def _link(lesson: Lesson) -> str:
    return f"[{lesson.number} · {lesson.title}]({_address(lesson)})"


def _address(lesson: Lesson) -> str:
    return f"{runtime.notebooks_address()}{lesson.name}.ipynb"
