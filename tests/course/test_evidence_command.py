"""`python -m helpers evidence` on tiny notebooks: a scheduler and two workers, each a process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from helpers.__main__ import main
from helpers.claims import evidence, pages, parts
from helpers.claims.parts import Measured, Part
from helpers.course import notebooks
from helpers.runtime import ROOT

# Pinned, as tests/repository/test_setup.py proves; environments of the oldest packages lack it.
distributed = pytest.importorskip("distributed")
from dask.utils import format_bytes  # noqa: E402

from helpers.course import cluster  # noqa: E402

LONG = 300
"""Seconds that a busy machine may take for what a quiet one does at once."""
LIMIT, GREED = 700_000_000, 900_000_000  # bytes that a worker's kernels may hold; that one takes
COUNTED = 'with open("ran.txt", "a") as ran: ran.write(f"{NAME} {SEED}\\n")'
SHOWN = """
import json, os
from IPython.display import display
names = ("KERAS_BACKEND", "COURSE_PROFILE", "NPROC", "OMP_NUM_THREADS")
seen = json.dumps({name: os.environ.get(name) for name in names})
verdict = {"id": "OVF-01", "verdict": "supported", "setting": NAME, "detail": seen}
verdict |= {"runs": RUNS}
display({"application/vnd.course.verdict+json": verdict}, raw=True)
"""
KILLS_ITS_WORKER = f"""
from pathlib import Path
import time
own = Path(f"{{os.getpid()}}.partial")
own.write_text(f"{{os.getppid()}} {{os.getpid()}}")
try:
    os.link(own, "worker.txt")
except FileExistsError:
    pass  # another was first, perhaps at this very moment
else:
    time.sleep({LONG})
"""


def write(name: str, *sources: str) -> str:
    """A notebook in the current folder's notebooks/ that runs these cells; its path."""
    path = Path("notebooks") / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    parameters = f'NAME = "{name}"\nPROFILE = "quick"\nSEED = 0\nRUNS = 4'
    cells = [
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *map(new_code_cell, (COUNTED, SHOWN, *sources)),
    ]
    kernelspec = {"name": "nowhere", "language": "python", "display_name": "Nowhere"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)
    return str(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """The folder that all workers of this file were started in."""
    return tmp_path_factory.mktemp("course")


@pytest.fixture
def course(place, monkeypatch) -> Path:
    """That folder, empty, as the course's root and the current folder."""
    for name in ("notebooks", "build", "evidence"):
        shutil.rmtree(place / name, ignore_errors=True)
    monkeypatch.chdir(place)
    monkeypatch.setattr(pages, "calibration", lambda folder: "Simulated elsewhere.")  # 20 s
    return place


@contextmanager
def dask(place: Path, *arguments: str) -> Iterator[subprocess.Popen]:
    """A process of dask's, in a folder, without a dashboard; it is killed in the end."""
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def dask_scheduler(folder: Path) -> Iterator[str]:
    """The address of a new scheduler."""
    file = folder / "scheduler.json"
    local = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
    with dask(folder, "scheduler", *local):
        # Dask does not write the file in one step.
        yield wait_for(lambda: json.loads(file.read_text())["address"])


def wait_for(look: Callable):
    """What `look` finds, once it finds a file that can be read."""
    end = time.monotonic() + LONG
    while True:
        try:
            return look()
        except (OSError, ValueError):
            if time.monotonic() > end:
                raise
        time.sleep(0.05)


@pytest.fixture(scope="module")
def cluster_of_two(place):
    """A function that returns the address of a scheduler with two workers.

    Each is a process, and its kernels may hold `LIMIT` bytes. Those that ended are replaced.
    """
    with ExitStack() as processes:
        address = processes.enter_context(dask_scheduler(place))
        options = ("--no-nanny", "--nthreads", "1", "--memory-limit", str(LIMIT))
        workers: list[subprocess.Popen] = []

        def complete() -> str:
            workers[:] = [one for one in workers if one.poll() is None]
            while len(workers) < 2:
                worker = dask(place, "worker", address, *options)
                workers.append(processes.enter_context(worker))
            with distributed.Client(address, timeout=LONG) as client:
                client.wait_for_workers(2, timeout=LONG)
            return address

        yield complete


@pytest.fixture
def workers(course, cluster_of_two, monkeypatch) -> str:
    """The address of a scheduler with two workers in the course's folder."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", LONG)
    return cluster_of_two()


def gather(course: Path, *arguments: str) -> int:
    return main(["evidence", *arguments], course)


def recorded(course: Path, name: str = evidence.SETTINGS) -> dict[str, evidence.Record]:
    """What is recorded in one of the tables, by setting: the name of the notebook."""
    found = evidence.read(course / "evidence", name)
    assert len({record.verdict.setting for record in found}) == len(found)
    return {record.verdict.setting: record for record in found}


def attempts(course: Path) -> dict[str, list[int]]:
    """How often the stored parts of each notebook were begun, by seed."""
    files = sorted((course / "build" / "evidence").glob("*.json"), key=lambda file: file.stem[-1])
    found: dict[str, list[int]] = {}
    for file in files:
        part = json.loads(file.read_text())
        found.setdefault(Path(part["part"]["notebook"]).stem, []).append(part["attempts"])
    return found


@pytest.mark.slow
def test_a_killed_workers_notebook_runs_on_the_other(course, workers, capsys):
    calm, fatal = write("01_calm"), write("02_fatal", KILLS_ITS_WORKER)

    def kill_the_first_worker_that_has_it():
        file = course / "notebooks" / "worker.txt"
        worker, kernel = map(int, wait_for(file.read_text).split())
        ended.append(psutil.Process(kernel))
        os.kill(worker, signal.SIGKILL)

    ended = []

    killer = threading.Thread(target=kill_the_first_worker_that_has_it)
    killer.start()
    options = ["--seeds", "2", "--scheduler", workers, "--profile", "full", "-p", "RUNS", "5"]
    status = gather(course, *options, calm, fatal)
    killer.join()
    assert status == 0
    assert ended[0].wait(timeout=LONG) is None  # its kernel does not outlive it
    begun = attempts(course)
    assert sorted(begun["02_fatal"]) == [1, 2] and set(begun["01_calm"]) <= {1, 2}
    share = str(max(1, cluster.core_count() // 2))  # two notebooks at a time
    seen = {
        "KERAS_BACKEND": "tensorflow",
        "COURSE_PROFILE": "full",
        "NPROC": share,
        "OMP_NUM_THREADS": share,
    }
    for seed, name in enumerate((evidence.SETTINGS, evidence.REPLICATION)):
        found = recorded(course, name)
        assert sorted(found) == ["01_calm", "02_fatal"]
        for record in found.values():
            assert (record.seed, record.verdict.runs) == (seed, 5)
            assert json.loads(record.verdict.detail) == seen
    again = [line for line in capsys.readouterr().out.splitlines() if "begun 2 times" in line]
    assert again[0].startswith("notebooks/02_fatal ")


@pytest.mark.slow
def test_what_fails_twice_is_reported_and_what_is_finished_is_not_done_again(
    course, workers, capsys
):
    sound = write("01_sound")
    broken = write("02_broken", "half = 1 / (SEED - SEED)")
    greedy = write("03_greedy", f"import time\nmemory = b'x' * {GREED}\ntime.sleep({LONG})")
    arguments = ("--scheduler", workers, sound, broken, greedy)
    assert gather(course, *arguments) == 1
    said = capsys.readouterr()
    assert "notebooks/02_broken seed 0 tensorflow, begun 2 times" in said.err
    assert "ZeroDivisionError" in said.err and "half = 1 / (SEED - SEED)" in said.err
    assert "notebooks/03_greedy seed 0 tensorflow, begun 2 times" in said.err
    assert f"Its worker's notebooks may use {format_bytes(LIMIT)}." in said.err
    assert "DeadKernelError" in said.err
    assert list(recorded(course)) == ["01_sound"]
    assert recorded(course)["01_sound"].verdict.runs == evidence.RUNS

    write("02_broken", "half = 1 / 2")
    write("03_greedy")
    assert gather(course, *arguments) == 0
    assert "3 parts, 1 of them measured before" in capsys.readouterr().out
    assert sorted(recorded(course)) == ["01_sound", "02_broken", "03_greedy"]
    assert (course / "notebooks" / "ran.txt").read_text().split("\n").count("01_sound 0") == 1


@pytest.mark.slow
def test_workers_that_cannot_take_part_are_named_before_any_work(
    course, workers, monkeypatch, capsys
):
    notebook = write("01_a")
    with pytest.raises(SystemExit), monkeypatch.context() as patch:
        patch.setattr(notebooks, "fingerprint", lambda path: "older")  # here, not on the workers
        gather(course, "--scheduler", workers, notebook)
    assert "another version of notebooks/01_a.ipynb" in capsys.readouterr().err
    assert not (course / "notebooks" / "ran.txt").exists()


@pytest.mark.slow
def test_a_scheduler_without_workers_is_named(course, tmp_path, monkeypatch, capsys):
    wait = distributed.Client.wait_for_workers  # in vain, so not for long
    brief = lambda client, count, timeout: wait(client, count, timeout=1)
    monkeypatch.setattr(distributed.Client, "wait_for_workers", brief)
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", LONG)
    with dask_scheduler(tmp_path) as address, pytest.raises(SystemExit) as stop:
        gather(course, "--scheduler", address, write("01_a"))
    assert stop.value.code == 2
    assert "has no workers: start workers in the course's folder" in capsys.readouterr().err


NOBODY = "tcp://127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds is 0"),
        (["--workers", "0"], "--workers is 0"),
        (["-p", "RUN", "3"], "01_a.ipynb has no parameter RUN"),
        (["-p", "SEED", "3"], "--seeds"),
        (["-p", "PROFILE", "fast"], "quick, full"),
        (["--backend", "theano"], "invalid choice"),
        (["--workers", "1", "--scheduler", NOBODY], "not allowed with"),
        (["missing.ipynb"], "make sync"),
        (["--timeout", "0"], "no positive number"),
        (["--out", "notebooks/01_a.ipynb"], "is a file: name a folder"),
        (["--parts", "notebooks/01_a.ipynb"], "is a file: name a folder"),
        (["/elsewhere.ipynb"], "lies outside"),
        (["--scheduler", NOBODY], f"No scheduler answers at {NOBODY}"),
        (["--scheduler", "smoke://127.0.0.1:1"], "No scheduler answers at smoke://"),
    ],
)
def test_bad_input_is_named_before_any_work(course, monkeypatch, capsys, arguments, message):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    write("01_a")
    with pytest.raises(SystemExit) as stop:
        gather(course, *arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (course / "build").exists() and not (course / "evidence").exists()


# Without a cluster: nobody is asked where nothing is to do


def finished(course: Path, notebook: str, *, seed: int = 0) -> Measured:
    """Store a part of a notebook as if it had been executed before an interruption."""
    settings = {"RUNS": evidence.RUNS, "PROFILE": "quick", "SEED": seed}
    code = notebooks.fingerprint(course / notebook)
    setting = f"{Path(notebook).stem} {seed}"
    verdict = {"id": "OVF-01", "verdict": "supported", "detail": "", "setting": setting}
    found = [{"cell": "a", "verdict": verdict}]
    part = Part(notebook, code, seed, "tensorflow", settings)
    done = Measured(part, found, 1.5, "2026-01-01", "Linux")
    parts.store(course / "build" / "evidence", done)
    return done


def written(course: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (course / "evidence").iterdir()}


@pytest.fixture
def quick(course, monkeypatch) -> Path:
    monkeypatch.setenv("COURSE_PROFILE", "quick")
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    return course


def test_what_was_finished_before_an_interruption_is_recorded(quick, capsys):
    notebook = write("01_a")
    for seed in (0, 1):
        finished(quick, notebook, seed=seed)
    assert gather(quick, "--seeds", "2", "--scheduler", NOBODY) == 0
    said = capsys.readouterr().out
    assert "2 parts, 2 of them measured before" in said
    assert "1 settings of 1 statements in evidence" in said
    first = written(quick)
    assert first.keys() == {"settings.csv", "values.csv", "replication.csv", "README.md"}
    assert recorded(quick)["01_a 0"].verdict.verdict == "supported"
    assert recorded(quick, evidence.REPLICATION)["01_a 1"].seed == 1

    shutil.rmtree(quick / "build")  # the record alone is enough
    assert gather(quick, "--seeds", "2", "--scheduler", NOBODY) == 0
    assert written(quick) == first


def test_the_folders_are_those_that_were_named(quick):
    finished(quick, write("01_a"))
    (quick / "build" / "evidence").rename(quick / "build" / "mine")
    folders = ("--out", "build/record", "--parts", "build/mine")
    assert gather(quick, *folders, "--scheduler", NOBODY) == 0
    assert evidence.read(quick / "build" / "record")
    assert not (quick / "evidence").exists()


def test_another_readme_is_not_replaced_by_the_page(quick, capsys):
    finished(quick, write("01_a"))
    (quick / "README.md").write_text("# My course\n")
    with pytest.raises(SystemExit):
        gather(quick, "--out", ".", "--scheduler", NOBODY)
    assert "README.md is no page of the evidence" in capsys.readouterr().err
    assert (quick / "README.md").read_text() == "# My course\n"
    assert not (quick / "settings.csv").exists()
    (quick / "README.md").unlink()


def test_another_code_is_executed_again_but_another_prose_or_setup_is_not(quick, capsys):
    path = write("01_a")
    finished(quick, path)
    content = nbformat.read(path, as_version=4)
    content.cells += [
        new_markdown_cell("Some words."),
        new_code_cell("import sys", metadata={"tags": ["setup"]}),
    ]
    nbformat.write(content, path)
    assert gather(quick, "--scheduler", NOBODY) == 0
    write("01_a", "x = 2")
    with pytest.raises(SystemExit):
        gather(quick, "--scheduler", NOBODY)
    assert "1 parts, 0 of them measured before" in capsys.readouterr().out


def test_a_notebook_s_records_stay_as_long_as_it_does(quick):
    first, second, third = write("01_a"), write("02_b"), write("03_c")
    for notebook in (first, second):
        finished(quick, notebook)
        assert gather(quick, notebook) == 0
    assert list(recorded(quick)) == ["01_a 0", "02_b 0"]
    Path(first).unlink()
    finished(quick, third)
    assert gather(quick, third) == 0
    assert list(recorded(quick)) == ["02_b 0", "03_c 0"]


class Child:
    """A process that holds so many bytes, and notes whether it is killed."""

    def __init__(self, size: int):
        self.size = size
        self.killed = False

    def memory_info(self):
        if not self.size:
            raise psutil.NoSuchProcess(1)  # it has ended a moment ago
        return SimpleNamespace(rss=self.size)

    def kill(self):
        self.killed = True


@pytest.mark.parametrize(("limit", "killed"), [(60, []), (59, [30])])
def test_the_largest_of_too_many_bytes_goes(monkeypatch, limit, killed):
    children = [Child(size) for size in (10, 30, 0, 20)]
    ours = SimpleNamespace(children=lambda recursive: children)
    monkeypatch.setattr(cluster.psutil, "Process", lambda: ours)
    cluster.end_largest(limit)
    assert [child.size for child in children if child.killed] == killed


FOUND = """
from IPython.display import display
found_{1} = {{"id": "OVF-0{1}", "verdict": "supported", "setting": NAME, "detail": str({2})}}
display({{"application/vnd.course.verdict+json": found_{1} | {{"runs": RUNS}}}}, raw=True)
"""


@pytest.mark.slow
def test_only_statements_whose_cells_changed_are_measured_again(course, capsys):
    cells = [FOUND.format("", number, f"width_{number}") for number in (1, 2)]
    notebook = write("01_several", "width_1 = 1\nwidth_2 = 2", *cells)
    content = notebooks.read(Path(notebook))
    content.cells = [content.cells[0], content.cells[1], *content.cells[3:]]  # without SHOWN
    content.cells[2:3] = [new_code_cell("width_1 = 1"), new_code_cell("width_2 = 2")]
    nbformat.write(content, notebook)
    arguments = ("--workers", "1", notebook)
    assert gather(course, *arguments) == 0
    before = {record.verdict.id: record for record in evidence.read(course / "evidence")}
    assert [record.verdict.detail for record in before.values()] == ["1", "2"]

    content.cells[3].source = "width_2 = 3"
    content.cells.append(new_code_cell("raise ValueError('no statement needs this cell')"))
    nbformat.write(content, notebook)
    assert gather(course, "--changed", *arguments) == 0
    assert "OVF-02" in capsys.readouterr().out
    after = {record.verdict.id: record for record in evidence.read(course / "evidence")}
    assert after["OVF-01"] == before["OVF-01"]
    assert after["OVF-02"].verdict.detail == "3"
    assert gather(course, "--changed", *arguments) == 0
    assert "nothing has changed" in capsys.readouterr().out
    assert gather(course, "--only", "OVF-01", *arguments) == 0
    assert "seed 0 tensorflow: OVF-01\n" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        gather(course, "--only", "OVF-99", *arguments)
    assert "claims.toml has no OVF-99" in capsys.readouterr().err
    assert (course / "notebooks" / "ran.txt").read_text().splitlines() == ["01_several 0"]
    assert not list((course / "notebooks").glob(".*"))
