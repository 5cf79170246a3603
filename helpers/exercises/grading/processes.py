"""Each answer examined in a process of its own, forked from one that has imported the exercises."""

import contextlib
import importlib
import json
import math
import multiprocessing
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from helpers.exercises.core import CORRECT, NOT_ATTEMPTED, NOT_YET, told
from helpers.exercises.grading import confinement, submissions
from helpers.exercises.grading.lessons import CHECKED, LARGEST_NOTEBOOK, Lesson
from helpers.exercises.grading.submissions import (
    EXIT,
    MEMORY,
    OK,
    OTHER,
    SOLUTION,
    SYNTAX,
    UNREADABLE,
    Finding,
)
from helpers.runtime import quiet_libraries

LARGEST_FILE, LARGEST_RESULT = 10_000_000, 50_000
PATIENCE = 10
"""How many times its seconds an answer may take by the clock: it may have to wait."""
TIME, CRASH, KILLED = "timed out", "crashed", "killed"
EVENTS = (OK, SYNTAX, EXIT, MEMORY, SOLUTION, OTHER, UNREADABLE)
"""What a process can say of itself; all else its end says."""
SERVER_GONE = 255
"""The exit status that multiprocessing gives a process whose fork server has ended before it."""
SERVER_ENDED = Finding(NOT_YET, KILLED, "The answer ended the program that examines it.")


@dataclass(frozen=True)
class Task:
    """What to grade and how: seconds that an answer may compute, gigabytes that it may use, answers
    at a time.
    """

    folder: str
    out: str
    lesson: str
    seconds: float
    gigabytes: float
    jobs: int


@dataclass(frozen=True)
class Examiner:
    """What the examinations of all answers share: how processes start, the notebooks by learner,
    the lesson, the task.
    """

    context: Any
    found: dict[str, Path]
    lesson: Lesson
    task: Task


@dataclass(frozen=True)
class Running:
    """An answer that is being examined: by which process, until when, in which folder, and where it
    will report.
    """

    name: str
    exercise: str
    process: BaseProcess
    deadline: float
    folder: str
    reader: Connection


def examined(
    examiner: Examiner, answers: list[tuple[str, str]]
) -> Iterator[tuple[str, str, Finding]]:
    """Learner, exercise and Finding of each of the answers, as they are done; `task.jobs` of them
    at a time.

    An answer can end the server that all processes are forked from, or another's process, and take
    the memory that others need. So those that a signal ended before anything correct was found are
    examined again, one at a time, where each can end its own examination only.
    """
    unclear = []
    for name, exercise, found, cut in at_a_time(examiner, answers, examiner.task.jobs):
        if cut and found.verdict != CORRECT:
            unclear.append((name, exercise))
        else:
            yield name, exercise, found
    for name, exercise, found, _ in at_a_time(examiner, unclear, 1):
        yield name, exercise, found


def at_a_time(
    examiner: Examiner, answers: list[tuple[str, str]], jobs: int
) -> Iterator[tuple[str, str, Finding, bool]]:
    """As `examined`, for so many jobs, and once; and whether a signal cut the examination short.

    One thread does all: processes of a fork server must not be started and awaited by several.
    None goes on when this ends, however that happens.
    """
    answers = answers[::-1]
    running: dict[Any, Running] = {}
    try:
        while answers or running:
            while answers and len(running) < jobs:
                one = start(examiner, *answers[-1])
                if one is None:
                    break
                running[one.process.sentinel] = one
                answers.pop()
            ended = wait(list(running), timeout=1)
            for one in running.values():
                go_on(one.process.pid)
            late = [
                key
                for key, one in running.items()
                if time.monotonic() > one.deadline and key not in ended
            ]
            for key in [*ended, *late]:
                one = running.pop(key)
                found = finished(one, key in late)
                yield one.name, one.exercise, found, cut_short(one.process.exitcode, key in late)
    finally:
        for one in running.values():
            finished(one, False)


def start(examiner: Examiner, name: str, exercise: str) -> Running | None:
    """Start examining an answer in a process of its own, in an empty folder; None where the server
    was ended a moment ago.
    """
    task, folder = examiner.task, tempfile.mkdtemp(prefix="")  # the name of a socket is short
    reader, writer = examiner.context.Pipe(duplex=False)
    process = examiner.context.Process(
        target=answer_process,
        args=(writer, folder, examiner.found[name], examiner.lesson, exercise, task),
    )
    try:
        with quiet_libraries():  # it starts the server anew where an answer has ended it
            process.start()
    except (EOFError, ConnectionError):
        remove(folder)
        return None
    writer.close()
    deadline = time.monotonic() + task.seconds * PATIENCE
    return Running(name, exercise, process, deadline, folder, reader)


def go_on(number: int | None) -> None:
    """Have a process go on, if there is one, that an answer may have stopped."""
    with contextlib.suppress(ProcessLookupError):
        if number:
            os.kill(number, signal.SIGCONT)


def keep_server_going() -> None:
    """Have the server go on once a second, from here on: nothing else can be done while it is
    stopped, and it has no public number.
    """
    from multiprocessing import forkserver  # not on Windows

    server: Any = forkserver._forkserver

    def look() -> None:
        while True:
            time.sleep(1)
            go_on(server._forkserver_pid)

    threading.Thread(target=look, daemon=True).start()


def remove(folder: str) -> None:
    """Remove a folder, in which an answer may have left what Python's own function cannot remove:
    folders in folders, a thousand deep.
    """
    subprocess.run(["rm", "-rf", folder], capture_output=True)


def finished(one: Running, late: bool) -> Finding:
    """End the process and what it started; what it has found."""
    number = one.process.pid
    assert number is not None  # it was started
    try:
        os.killpg(number, signal.SIGKILL)
    except ProcessLookupError:
        one.process.kill()
    one.process.join()
    # The process is gone, so this never waits; and what an answer writes in its own interest is
    # read as data only.
    text = os.read(one.reader.fileno(), LARGEST_RESULT) if one.reader.poll() else b""
    one.reader.close()
    remove(one.folder)
    exitcode = one.process.exitcode
    assert exitcode is not None  # it has ended
    return finding(text, late, exitcode)


def cut_short(exitcode: int | None, late: bool) -> bool:
    """Whether a process was ended by a signal that perhaps another answer has sent."""
    limits = late or exitcode == -signal.SIGXCPU
    return exitcode is not None and not limits and (exitcode < 0 or exitcode == SERVER_GONE)


def finding(text: bytes, late: bool, exitcode: int) -> Finding:
    """What an ended process says, in the last of its lines that says something, or what its end
    says; both, where something ended it before it was done.
    """
    found = said(text)
    if found is None:
        return end(late, exitcode)
    if found.verdict == CORRECT or exitcode == 0:
        return found
    message = (
        f"{found.message} Then, with the notebook's other cells: {end(late, exitcode).message}"
    )
    return replace(found, message=message)


def said(text: bytes) -> Finding | None:
    """What the last of the lines says that is a finding."""
    for line in reversed(text.splitlines()):
        try:
            given = Finding(**json.loads(line))
        except (ValueError, TypeError, RecursionError):
            continue
        words = given.verdict in (CORRECT, NOT_YET, NOT_ATTEMPTED) and given.event in EVENTS
        if words and isinstance(given.message, str):
            return given
    return None


def end(late: bool, exitcode: int) -> Finding:
    """What the end of a process says that has said nothing."""
    if exitcode == SERVER_GONE:
        return SERVER_ENDED
    if late or exitcode == -signal.SIGXCPU:
        return Finding(NOT_YET, TIME, "The answer did not end in time.")
    if exitcode == -signal.SIGKILL:
        return Finding(NOT_YET, KILLED, "The system ended the process, perhaps for want of memory.")
    if exitcode < 0:
        return Finding(NOT_YET, CRASH, f"Python crashed with signal {-exitcode}.")
    return Finding(NOT_YET, EXIT, "The answer ended Python.")


def answer_process(
    writer, folder: str, path: Path, lesson: Lesson, exercise: str, task: Task
) -> None:
    """The whole life of the process that examines one answer."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which another answer may send
    os.chdir(folder)
    tempfile.tempdir = folder  # TensorFlow leaves files there
    os.putenv("TMPDIR", folder)  # for programs that the answer starts
    multiprocessing.set_start_method(None, force=True)  # the system's own, as in a kernel
    confinement.confine(math.ceil(task.seconds), int(task.gigabytes * 2**30), LARGEST_FILE)
    for result in findings(exercise, path, lesson):
        os.write(writer.fileno(), json.dumps(asdict(result)).encode() + b"\n")
    os._exit(0)  # without waiting for threads that an answer left


def findings(exercise: str, path: Path, lesson: Lesson) -> Iterator[Finding]:
    """What is found in the notebook, of which the last counts."""
    try:
        cells = submissions.code_cells(path, LARGEST_NOTEBOOK)
    except ValueError as error:
        yield Finding(NOT_ATTEMPTED, UNREADABLE, str(error))
        return
    elsewhere = of_another_lesson([cell.source for cell in cells], lesson)
    answer = lesson.answers[exercise]
    try:
        asked = getattr(importlib.import_module(f"helpers.exercises.{lesson.package}"), exercise)
        for found in submissions.examine(asked, answer, cells, lesson.sources):
            yield elsewhere if elsewhere and found.verdict == NOT_ATTEMPTED else found
    except Exception as error:  # of ours: the answer's own are findings
        yield Finding(NOT_YET, UNREADABLE, f"The examination itself failed: {told(error)}")


def of_another_lesson(sources: list[str], lesson: Lesson) -> Finding | None:
    """What is said of answers that are missing in a notebook that checks others only."""
    checked = set(CHECKED.findall("\n".join(sources)))
    if not checked or checked & lesson.answers.keys():
        return None
    return Finding(
        NOT_ATTEMPTED,
        OTHER,
        f"The notebook checks no exercise of this lesson's; it checks {min(checked)}.",
    )
