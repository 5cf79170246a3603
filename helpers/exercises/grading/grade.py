"""Grading a folder of learners' notebooks: one row a learner, one column an exercise. Floor 6.

Each answer is examined by the course's own exercises (helpers/submissions.py) in a process of its own, forked from one that
has imported them: fast, and whatever an answer does ends with its process. docs/teachers.md says what is not protected.
"""

import ast
import csv
import hashlib
import importlib
import io
import json
import math
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from tqdm import tqdm

from helpers import files
from helpers.course import notebooks
from helpers.exercises.core import CORRECT, NOT_ATTEMPTED, NOT_YET
from helpers.exercises.grading import submissions
from helpers.exercises.grading.submissions import EXIT, OK, UNREADABLE, Finding
from helpers.runtime import ROOT, quiet_libraries

LARGEST_NOTEBOOK, LARGEST_FILE, LARGEST_RESULT = 20_000_000, 10_000_000, 50_000
PATIENCE = 10  # an answer may wait, and share the machine with others
TIME, CRASH, KILLED = "timed out", "crashed", "killed"
WITHOUT_NETWORK = (
    ["unshare", "--net", "--pid", "--fork", "--kill-child"],
    ["unshare", "--map-current-user", "--net", "--pid", "--fork", "--kill-child"],
)
# One thread before a fork; no GPU; no window.
ENVIRONMENT = [
    "OMP_NUM_THREADS=1",
    "OPENBLAS_NUM_THREADS=1",
    "CUDA_VISIBLE_DEVICES=-1",
    "MPLBACKEND=agg",
]


@dataclass(frozen=True)
class Task:
    """What to grade and how: seconds that an answer may compute, gigabytes that it may use, answers at a time."""

    folder: str
    out: str
    lesson: str
    seconds: float
    gigabytes: float
    jobs: int


@dataclass(frozen=True)
class Lesson:
    """A lesson's exercises: the module, the name that each exercise's answer has, the sources of the code cells."""

    module: str
    answers: dict[str, str]
    sources: list[str]


def grade(
    folder: Path, out: Path, *, lesson: str | None, seconds: float, gigabytes: float, jobs: int
) -> int:
    """Grade all notebooks below `folder`; writes the table `out` and, beside it, what was found, as JSON. The exit status.

    Raises FileNotFoundError where there is no notebook or no folder to write into, and ValueError for a lesson that the course
    does not have, limits that leave nothing, and a JSON file beside `out` that is something else.
    """
    if sys.platform == "win32":
        raise ValueError(
            "Grading needs Linux or macOS: on Windows, run it in the Windows Subsystem for Linux."
        )
    if min(seconds, gigabytes, jobs) <= 0:
        raise ValueError("--seconds, --memory and --jobs must be above 0.")
    if out.suffix != ".csv":
        raise ValueError(f"--out is {out}: name a .csv file.")
    if not out.resolve().parent.is_dir():
        raise FileNotFoundError(f"There is no folder {out.parent} to write {out.name} into.")
    remembered(out.with_suffix(".json"))
    found = list(learners(folder).values())
    lesson = re.sub(r"^\d+_", "", lesson or most_imported(found))
    if lesson not in lessons():
        raise ValueError(
            f"There is no lesson {lesson!r} with exercises; choose one of {', '.join(lessons())}."
        )
    task = Task(str(folder.resolve()), str(out.resolve()), lesson, seconds, gigabytes, jobs)
    walls = wall()
    print(
        f"Lesson {lesson}: {len(found)} notebooks, {jobs} answers at a time, {seconds:g} s of computing and {gigabytes:g} GB for each."
    )
    print(protection(bool(walls)), flush=True)
    program = "import sys; from helpers import grading; grading.grade_here(sys.argv[1])"
    command = [*walls, "env", *ENVIRONMENT, sys.executable, "-c", program, json.dumps(asdict(task))]
    status = subprocess.run(command, cwd=ROOT).returncode
    if status == 0:
        print(
            f"Written: {out} and {out.with_suffix('.json')} (the reasons; what is in it is not graded again)."
        )
    return status


def wall() -> list[str]:
    """The start of a command line that cuts what follows off from the network; empty where this machine has no such thing."""
    if shutil.which("unshare"):
        for command in WITHOUT_NETWORK:
            if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
                return command
    return []


def protection(walled: bool) -> str:
    """What learners' code can and cannot do here."""
    network = (
        "no network" if walled else "THE NETWORK IS OPEN (this machine has no working `unshare`)"
    )
    memory = "" if sys.platform == "linux" else " MEMORY IS NOT LIMITED (that needs Linux)."
    return (
        f"Learners' code runs as you: {network}.{memory} NOT protected: files that you can read or delete, and the grade "
        "against code written to deceive. docs/teachers.md says more."
    )


def lessons() -> dict[str, Path]:
    """The lessons that have exercises, by the name of their exercises' module."""
    folders = {path.stem: path for path in (ROOT / "helpers" / "exercises").iterdir()}
    named = {re.sub(r"^\d+_", "", path.stem): path for path in notebooks.lessons()}
    return {module: path for module, path in named.items() if module in folders}


def read_lesson(module: str) -> Lesson:
    """The lesson with this module of exercises, from the course's own notebook."""
    sources = submissions.code_cells(lessons()[module], LARGEST_NOTEBOOK)
    calls = [
        node
        for source in sources
        for node in ast.walk(submissions.tree(source))
        if isinstance(node, ast.Call)
    ]
    checks = [call for call in calls if re.fullmatch(r"ex\.\w+\.check", ast.unparse(call.func))]
    return Lesson(
        module, {call.func.value.attr: ast.unparse(call.args[0]) for call in checks}, sources
    )


def learners(folder: Path) -> dict[str, Path]:
    """The notebooks below the folder by learner: the path inside the folder, without .ipynb. Raises FileNotFoundError."""
    found = sorted(
        path
        for path in folder.rglob("*.ipynb")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    )
    if not found:
        raise FileNotFoundError(
            f"There is no .ipynb below {folder}: put one notebook a learner there."
        )
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in found}


def most_imported(found: list[Path]) -> str:
    """The module of exercises that most of the notebooks import. Raises ValueError where none imports any."""
    small = [path.read_bytes() for path in found if path.stat().st_size <= LARGEST_NOTEBOOK]
    counts = Counter(
        name
        for text in small
        for name in set(re.findall(rb"helpers\.exercises import (\w+)", text))
    )
    if not counts:
        raise ValueError(
            "No notebook imports exercises: name the lesson, for example --lesson overfitting."
        )
    return counts.most_common(1)[0][0].decode()


def remembered(path: Path) -> dict[str, dict]:
    """What was found before, by learner. Raises ValueError where the file holds something else."""
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if all({"mark", "found"} == entry.keys() for entry in entries.values()):
            return entries
    except (ValueError, AttributeError):
        pass
    raise ValueError(
        f"{path} was not written by this command, which would replace it: choose another --out, or delete it."
    )


# Inside the wall --------------------------------------------------------------------------------------------------------


def grade_here(text: str) -> None:
    """Do the task (as JSON) in this process and its children; learners that were finished before are kept."""
    task = Task(**json.loads(text))
    lesson, out = read_lesson(task.lesson), Path(task.out)
    found, beside = learners(Path(task.folder)), Path(task.out).with_suffix(".json")
    shared = course_mark(task)
    marks = {name: mark(path, shared) for name, path in found.items()}
    kept = {
        name: entry
        for name, entry in remembered(beside).items()
        if entry["mark"] == marks.get(name)
    }
    waiting = [name for name in found if name not in kept]
    if kept:
        print(f"{len(kept)} of {len(found)} were finished before and have not changed.", flush=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"helpers.exercises.{task.lesson}", __name__])
    with quiet_libraries():
        from multiprocessing import forkserver  # not on Windows

        forkserver.ensure_running()
    answers = [(name, exercise) for name in waiting for exercise in lesson.answers]
    unfinished: dict[str, dict] = {name: {} for name in waiting}
    with tqdm(total=len(waiting), unit="learner", disable=None) as bar:
        for name, exercise, result in examined(context, answers, found, lesson, task):
            unfinished[name][exercise] = asdict(result)
            if len(unfinished[name]) == len(lesson.answers):
                in_order = {one: unfinished[name][one] for one in lesson.answers}
                kept[name] = {"mark": marks[name], "found": in_order}
                files.write_text(
                    beside, json.dumps({one: kept[one] for one in found if one in kept}, indent=1)
                )
                bar.update()
    rows = [row(name, kept[name]["found"]) for name in found]
    files.write_text(out, table(["learner", *lesson.answers, "correct", "status"], rows))


def course_mark(task: Task) -> bytes:
    """A checksum of what all rows depend on: the limits, the lesson, the course's helpers."""
    digest = hashlib.sha256(f"{task.lesson} {task.seconds} {task.gigabytes}".encode())
    for path in [lessons()[task.lesson], *sorted((ROOT / "helpers").glob("**/*.py"))]:
        digest.update(path.read_bytes())
    return digest.digest()


def mark(path: Path, shared: bytes) -> str:
    """A checksum of what a learner's row depends on."""
    size = path.stat().st_size
    content = path.read_bytes() if size <= LARGEST_NOTEBOOK else str(size).encode()
    return hashlib.sha256(shared + content).hexdigest()


@dataclass(frozen=True)
class Running:
    """An answer that is being examined: by which process, until when, in which folder, and where it will report."""

    name: str
    exercise: str
    process: BaseProcess
    deadline: float
    folder: tempfile.TemporaryDirectory
    reader: Connection


def examined(
    context, answers: list[tuple[str, str]], found: dict[str, Path], lesson: Lesson, task: Task
) -> Iterator[tuple]:
    """Learner, exercise and Finding of each of the answers, as they are done; `task.jobs` of them at a time.

    One thread does all: processes of a fork server must not be started and awaited by several.
    """
    answers, running = answers[::-1], {}
    while answers or running:
        while answers and len(running) < task.jobs:
            one = start(context, *answers.pop(), found, lesson, task)
            running[one.process.sentinel] = one
        ended = wait(list(running), timeout=1)
        late = [
            key
            for key, one in running.items()
            if time.monotonic() > one.deadline and key not in ended
        ]
        for key in [*ended, *late]:
            one = running.pop(key)
            yield one.name, one.exercise, finished(one, key in late)


def start(
    context, name: str, exercise: str, found: dict[str, Path], lesson: Lesson, task: Task
) -> Running:
    """Start examining an answer in a process of its own, in an empty folder."""
    reader, writer = context.Pipe(duplex=False)
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    process = context.Process(
        target=answer_process, args=(writer, folder.name, found[name], lesson, exercise, task)
    )
    process.start()
    writer.close()
    return Running(
        name, exercise, process, time.monotonic() + task.seconds * PATIENCE, folder, reader
    )


def finished(one: Running, late: bool) -> Finding:
    """End the process and what it started; what it has found."""
    try:
        os.killpg(one.process.pid, signal.SIGKILL)
    except ProcessLookupError:
        one.process.kill()
    one.process.join()
    # The process is gone, so this never waits; and what an answer writes in its own interest is read as data only.
    text = os.read(one.reader.fileno(), LARGEST_RESULT) if one.reader.poll() else b""
    one.reader.close()
    one.folder.cleanup()
    return finding(text, late, one.process.exitcode)


def finding(text: bytes, late: bool, exitcode: int) -> Finding:
    """What an ended process says, or what its end says."""
    try:
        given = Finding(**json.loads(text))
        if given.verdict in (CORRECT, NOT_YET, NOT_ATTEMPTED) and isinstance(given.event, str):
            return given
    except (ValueError, TypeError):
        pass
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
    os.chdir(folder)
    asked = getattr(importlib.import_module(f"helpers.exercises.{lesson.module}"), exercise)
    submissions.confine(math.ceil(task.seconds), int(task.gigabytes * 2**30), LARGEST_FILE)
    try:
        cells = submissions.code_cells(path, LARGEST_NOTEBOOK)
        result = submissions.examine(asked, lesson.answers[exercise], cells, lesson.sources)
    except ValueError as error:
        result = Finding(NOT_ATTEMPTED, UNREADABLE, str(error))
    os.write(writer.fileno(), json.dumps(asdict(result)).encode())
    os._exit(0)  # without waiting for threads that an answer left


def row(name: str, found: dict[str, dict]) -> list:
    """A row of the table: the learner, a word for each exercise, how many are correct, and what else happened."""
    verdicts = [entry["verdict"] for entry in found.values()]
    events = {exercise: entry["event"] for exercise, entry in found.items() if entry["event"] != OK}
    if len(events) == len(found) and len(set(events.values())) == 1:  # of the whole file
        status = next(iter(events.values()))
    else:
        status = "; ".join(f"{exercise}: {event}" for exercise, event in events.items()) or OK
    return [name, *verdicts, verdicts.count(CORRECT), status]


def table(header: list[str], rows: list[list]) -> str:
    """The rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
