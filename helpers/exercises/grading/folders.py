"""Grading a folder of learners' notebooks: one row a learner, one column an exercise.

Each answer is examined by the course's own exercises (submissions.py) in a process of its own
(processes.py): fast, and whatever an answer does ends with its process. docs/teachers.md says what
is not protected.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from helpers import display, files
from helpers.exercises import catalogue
from helpers.exercises.grading import processes, tables
from helpers.exercises.grading.confinement import protection, wall
from helpers.exercises.grading.lessons import (
    learners,
    lessons,
    most_answered,
    passed_over,
    read_lesson,
    without_number,
)
from helpers.exercises.grading.processes import Examiner, Task, examined
from helpers.runtime import ROOT, quiet_libraries

MOST_NAMED = 20
GRACE = 5
"""Seconds in which the examinations end when the command does."""
LONGEST_FOLDER = 50
"""Characters of a path that leave room for a socket: it has 104 on macOS, 108 on Linux."""
MOST_SECONDS, MOST_GIGABYTES = 1_000_000, 1_000_000
# One thread before a fork; no GPU; no window; and pip refuses to start, so that no learner's cell
# changes your packages.
ENVIRONMENT = (
    "OMP_NUM_THREADS=1",
    "OPENBLAS_NUM_THREADS=1",
    "CUDA_VISIBLE_DEVICES=-1",
    "MPLBACKEND=agg",
    "PIP_TIMEOUT=none",
)


def grade(
    folder: Path, out: Path, *, lesson: str | None, seconds: float, gigabytes: float, jobs: int
) -> int:
    """Grade all notebooks below `folder`; the exit status.

    Writes the table `out` and, beside it, what was found, as JSON. An answer may compute for
    `seconds` and use `gigabytes` of memory; `jobs` answers are examined at a time. Without a
    lesson, it is the one that most notebooks are of. Raises FileNotFoundError where there is no
    notebook or no folder to write into, and ValueError for a lesson that the course does not have,
    and for files with the names of `out` that are something else.
    """
    check_system()
    check_limits(seconds, gigabytes)
    check_out(out)
    found = list(learners(folder).values())
    name = lesson_named(lesson or most_answered(found))
    task = Task(str(folder.resolve()), str(out.resolve()), name, seconds, gigabytes, jobs)
    walls = wall()
    limits = f"{seconds:g} s of computing and {gigabytes:g} GB for each"
    count = f"{len(found)} notebook{'s' * (len(found) != 1)}"
    print(f"Lesson {name}: {count}, {jobs} answers at a time, {limits}.")
    print(protection(bool(walls)), flush=True)
    program = "import sys; from helpers.exercises import grading; grading.grade_here(sys.argv[1])"
    command = [*walls, "env", *ENVIRONMENT, sys.executable, "-c", program, json.dumps(asdict(task))]
    if others := passed_over(folder):
        more = f", and {len(others) - MOST_NAMED} more" * (len(others) > MOST_NAMED)
        named = f"{', '.join(others[:MOST_NAMED])}{more}"
        display.say(f"Not graded, since only files that end in .ipynb are: {named}.")
    status = attached(command)
    if status == 0:
        beside = f"{out.with_suffix('.json')} (the reasons; what is in it is not graded again)"
        print(f"Written: {out} and {beside}.")
    else:
        finished = f"{out.with_suffix('.json')} remembers those that were finished"
        print(f"The grading ended early; {finished}: run the command again.")
    return status


def attached(command: list[str]) -> int:
    """Run the command, which ends when this process does, however that happens; its exit status.

    What it leaves in the system's folder for temporary files is removed.
    """
    far = len(tempfile.gettempdir()) > LONGEST_FOLDER
    folder = tempfile.mkdtemp(dir="/tmp" if far else None)
    command = ["env", f"TMPDIR={folder}", *command]
    try:
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
            try:
                while (status := waited(process, 1)) is None:
                    process.send_signal(signal.SIGCONT)  # an answer may have stopped it
                return status
            finally:
                assert process.stdin is not None  # it is a pipe
                process.stdin.close()
                if waited(process, 2 * GRACE) is None:
                    process.kill()
                    process.wait()
    finally:
        processes.remove(folder)


def waited(process: subprocess.Popen, seconds: float) -> int | None:
    """The exit status of a process that ends within this time."""
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None


def end_with_parent() -> None:
    """Have this process end when the one at the other end of its input does, and not by Ctrl-C,
    which that one gets too, and which an answer can imitate.
    """
    ended, here = threading.Event(), threading.get_ident()

    def interrupted(*_) -> None:
        if ended.is_set():
            raise SystemExit(1)

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)  # nothing is written there: it ends with the file
        ended.set()
        signal.pthread_kill(here, signal.SIGINT)
        time.sleep(GRACE)
        os._exit(1)

    signal.signal(signal.SIGINT, interrupted)
    threading.Thread(target=wait, daemon=True).start()


def check_limits(seconds: float, gigabytes: float) -> None:
    """Raise ValueError for limits that no system can set."""
    for option, given, most in (
        ("--seconds", seconds, MOST_SECONDS),
        ("--memory", gigabytes, MOST_GIGABYTES),
    ):
        if given > most:
            raise ValueError(f"{option} is {given:g}: give a number up to {most:,}.")


def check_system() -> None:
    """Raise ValueError on a system that cannot grade."""
    if sys.platform == "win32":
        raise ValueError(
            "Grading needs Linux or macOS: on Windows, run it in the Windows Subsystem for Linux."
        )


def check_out(out: Path) -> None:
    """Raise ValueError or FileNotFoundError where the table, or the JSON beside it, cannot be
    written, or would replace something else.
    """
    if out.suffix != ".csv":
        raise ValueError(f"--out is {out}: name a .csv file.")
    if not out.resolve().parent.is_dir():
        raise FileNotFoundError(f"There is no folder {out.parent} to write {out.name} into.")
    if not os.access(out.resolve().parent, os.W_OK | os.X_OK):
        raise ValueError(f"--out is {out}, but you may not write into {out.parent}: name another.")
    tables.check_table(out)
    tables.remembered(out.with_suffix(".json"))


def lesson_named(name: str) -> str:
    """The name of a lesson's notebook without its number, from this name, the whole, or the number:
    "update_rules", "03b_update_rules", "03b" or "3b". Raises ValueError.
    """
    short = name if name in lessons() else without_number(catalogue.lesson(name).name)
    if short not in lessons():
        raise ValueError(f"Lesson {name} has no exercises; choose one of {', '.join(lessons())}.")
    return short


def grade_here(text: str) -> None:
    """Do the task (as JSON) in this process and its children, and end with a line where the system
    has no room left, for a file or a process.
    """
    end_with_parent()
    try:
        grade_learners(Task(**json.loads(text)))
    except OSError as error:
        sys.exit(f"The grading cannot go on: {error}.")


def grade_learners(task: Task) -> None:
    """Write the table and the JSON. Learners whose files did not change since are left out."""
    lesson, out = read_lesson(task.lesson), Path(task.out)
    found, beside = learners(Path(task.folder)), out.with_suffix(".json")
    shared = tables.course_mark(task)
    marks = {name: tables.mark(path, shared) for name, path in found.items()}
    entries = {
        name: entry
        for name, entry in tables.remembered(beside).items()
        if entry["mark"] == marks.get(name)
    }
    waiting = [name for name in found if name not in entries]
    if entries:
        print(
            f"{len(entries)} of {len(found)} were finished before and have not changed.", flush=True
        )
    examiner = Examiner(forking(lesson.package), found, lesson, task)
    for name, results in by_learner(examiner, waiting):
        entries[name] = {"mark": marks[name], "found": results}
        in_order = {one: entries[one] for one in found if one in entries}
        files.write_text(beside, json.dumps(in_order, indent=1))
    rows = [tables.row(name, entries[name]["found"]) for name in found]
    first, *last = tables.HEADER
    header = [first, *lesson.answers, *last]
    with files.whole(out) as stream:
        stream.write(tables.table(header, rows).encode(tables.ENCODING))


def forking(package: str) -> Any:
    """A multiprocessing context whose processes begin with the exercises of this package and Keras,
    which most lessons import, imported.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"helpers.exercises.{package}", "keras", processes.__name__])
    with quiet_libraries():
        from multiprocessing import forkserver  # not on Windows

        forkserver.ensure_running()
    processes.keep_server_going()
    return context


def by_learner(examiner: Examiner, waiting: list[str]) -> Iterator[tuple[str, dict[str, dict]]]:
    """Each learner, as soon as all answers are examined, with what was found, in the order of the
    exercises.
    """
    exercises = list(examiner.lesson.answers)
    answers = [(name, exercise) for name in waiting for exercise in exercises]
    unfinished: dict[str, dict] = {name: {} for name in waiting}
    with tqdm(total=len(waiting), unit="learner", disable=None) as bar:
        for name, exercise, result in examined(examiner, answers):
            unfinished[name][exercise] = asdict(result)
            if len(unfinished[name]) == len(exercises):
                yield name, {one: unfinished[name][one] for one in exercises}
                bar.update()
