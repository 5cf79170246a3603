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
from dataclasses import asdict
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from helpers import claims
from helpers.__main__ import main
from helpers.claims import replication
from helpers.claims.replication import Measured, Part
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
verdict |= {"effect": SEED / 8, "runs": RUNS}
display({"application/vnd.course.verdict+json": verdict}, raw=True)
"""
KILLS_ITS_WORKER = f"""
from pathlib import Path
import time
if not Path("worker.txt").exists():
    Path("worker.partial").write_text(f"{{os.getppid()}} {{os.getpid()}}")
    Path("worker.partial").rename("worker.txt")
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
    for name in ("notebooks", "build"):
        shutil.rmtree(place / name, ignore_errors=True)
    monkeypatch.chdir(place)
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


def verdicts(course: Path) -> pd.DataFrame:
    return pd.read_csv(course / "build" / "evidence" / "verdicts.csv")


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
    table = verdicts(course).set_index(["setting", "seed"]).sort_index()
    assert table.index.tolist() == [
        (name, seed) for name in ("01_calm", "02_fatal") for seed in (0, 1)
    ]
    assert table["effect"].tolist() == [0, 1 / 8, 0, 1 / 8]
    assert set(table["runs"]) == {5}
    assert sorted(table.loc["02_fatal", "attempts"]) == [1, 2]
    assert set(table.loc["01_calm", "attempts"]) <= {1, 2}
    share = str(max(1, cluster.core_count() // 2))  # two notebooks at a time
    seen = {
        "KERAS_BACKEND": "tensorflow",
        "COURSE_PROFILE": "full",
        "NPROC": share,
        "OMP_NUM_THREADS": share,
    }
    assert all(json.loads(detail) == seen for detail in table["detail"])
    again = [line for line in capsys.readouterr().out.splitlines() if "begun 2 times" in line]
    assert again[0].startswith("notebooks/02_fatal ")


@pytest.mark.slow
def test_what_fails_twice_is_reported_and_what_is_finished_is_not_done_again(
    course, workers, capsys
):
    sound = write("01_sound")
    broken = write("02_broken", "half = 1 / (SEED - SEED)")
    greedy = write("03_greedy", f"import time\nmemory = b'x' * {GREED}\ntime.sleep({LONG})")
    arguments = ("--seeds", "1", "--scheduler", workers, sound, broken, greedy)
    assert gather(course, *arguments) == 1
    said = capsys.readouterr()
    assert "notebooks/02_broken seed 0 tensorflow, begun 2 times" in said.err
    assert "ZeroDivisionError" in said.err and "half = 1 / (SEED - SEED)" in said.err
    assert "notebooks/03_greedy seed 0 tensorflow, begun 2 times" in said.err
    assert f"Its worker's notebooks may use {format_bytes(LIMIT)}." in said.err
    assert "DeadKernelError" in said.err
    assert verdicts(course)["setting"].tolist() == ["01_sound"]
    assert (
        "not measured: notebooks/02_broken seed 0"
        in (course / "build" / "evidence" / "README.md").read_text()
    )

    write("02_broken", "half = 1 / 2")
    write("03_greedy")
    assert gather(course, *arguments) == 0
    assert "3 parts, 1 of them finished before" in capsys.readouterr().out
    assert sorted(verdicts(course)["setting"]) == ["01_sound", "02_broken", "03_greedy"]
    assert (course / "notebooks" / "ran.txt").read_text().split("\n").count("01_sound 0") == 1
    nobody = "tcp://127.0.0.1:1"  # nor is anybody asked where nothing is to do
    assert gather(course, "--seeds", "1", "--scheduler", nobody, sound) == 0


@pytest.mark.slow
def test_workers_that_cannot_take_part_are_named_before_any_work(
    course, workers, monkeypatch, capsys
):
    notebook = write("01_a")
    with pytest.raises(SystemExit), monkeypatch.context() as patch:
        patch.setattr(notebooks, "fingerprint", lambda path: "older")  # here, not on the workers
        gather(course, "--seeds", "1", "--scheduler", workers, notebook)
    assert "another version of notebooks/01_a.ipynb" in capsys.readouterr().err
    assert not (course / "notebooks" / "ran.txt").exists()


@pytest.mark.slow
def test_a_scheduler_without_workers_is_named(course, tmp_path, monkeypatch, capsys):
    wait = distributed.Client.wait_for_workers  # in vain, so not for long
    brief = lambda client, count, timeout: wait(client, count, timeout=1)
    monkeypatch.setattr(distributed.Client, "wait_for_workers", brief)
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", LONG)
    with dask_scheduler(tmp_path) as address, pytest.raises(SystemExit) as stop:
        gather(course, "--seeds", "1", "--scheduler", address, write("01_a"))
    assert stop.value.code == 2
    assert "has no workers: start workers in the course's folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds is 0"),
        (["--seeds", "1", "--workers", "0"], "--workers is 0"),
        (["--seeds", "1", "-p", "RUN", "3"], "01_a.ipynb has no parameter RUN"),
        (["--seeds", "1", "-p", "SEED", "3"], "--seeds"),
        (["--seeds", "1", "-p", "PROFILE", "fast"], "quick, full"),
        (["--seeds", "1", "--backend", "theano"], "invalid choice"),
        (
            ["--seeds", "1", "--workers", "1", "--scheduler", "tcp://127.0.0.1:1"],
            "not allowed with",
        ),
        (["--seeds", "1", "missing.ipynb"], "make sync"),
        (["--seeds", "1", "--timeout", "0"], "no positive number"),
        (["--seeds", "1", "--out", "notebooks/01_a.ipynb"], "is a file: name a folder"),
        (["--seeds", "1", "/elsewhere.ipynb"], "lies outside"),
        (
            ["--seeds", "1", "--scheduler", "tcp://127.0.0.1:1"],
            "No scheduler answers at tcp://127.0.0.1:1",
        ),
        (
            ["--seeds", "1", "--scheduler", "smoke://127.0.0.1:1"],
            "No scheduler answers at smoke://",
        ),
    ],
)
def test_bad_input_is_named_before_any_work(course, monkeypatch, capsys, arguments, message):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    write("01_a")
    with pytest.raises(SystemExit) as stop:
        gather(course, *arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (course / "build").exists()


# Planning, storing and counting


def test_seeds_come_whole():
    sources = {"notebooks/01_a.ipynb": "code", "notebooks/02_b.ipynb": "code"}
    parts = replication.plan(
        sources, seeds=2, backends=["tensorflow", "jax"], parameters={"PROFILE": "quick"}
    )
    assert [(part.parameters["SEED"], part.backend, part.notebook) for part in parts] == [
        *((0, "tensorflow", name) for name in sources),
        *((0, "jax", name) for name in sources),
        *((1, "tensorflow", name) for name in sources),
        *((1, "jax", name) for name in sources),
    ]
    assert len({part.name for part in parts}) == 8


def test_another_code_is_another_part_but_another_prose_or_setup_is_not(course):
    def part(runs: int = 10) -> Part:
        parameters = {"PROFILE": "quick", "RUNS": runs}
        sources = {path: notebooks.fingerprint(course / path)}
        (one,) = replication.plan(sources, seeds=1, backends=["jax"], parameters=parameters)
        return one

    path = write("01_a")
    before = part()
    content = nbformat.read(path, as_version=4)
    content.cells += [
        new_markdown_cell("Some words."),
        new_code_cell("import sys", metadata={"tags": ["setup"]}),
    ]
    nbformat.write(content, path)
    assert part() == before
    assert part(runs=3).name != before.name
    write("01_a", "x = 2")
    assert part().name != before.name


def measured(
    seed: int, *words: str, claim: str = "OVF-01", backend: str = "tensorflow"
) -> Measured:
    """A part that judged a claim in settings A, B, ... with these words."""
    shared = {"id": claim, "detail": "", "runs": 10, "versions": None}
    found = [
        {**shared, "setting": setting, "verdict": word}
        for setting, word in zip("AB", words, strict=False)
    ]
    parameters = {"PROFILE": "quick", "SEED": seed}
    return Measured(Part(f"notebooks/{claim}.ipynb", "code", seed, backend, parameters), found, 1.5)


def test_a_part_is_stored_whole_or_not_at_all(tmp_path, monkeypatch):
    one, two = measured(0, "supported"), measured(1, "refuted")
    replication.store(tmp_path, one)
    with pytest.raises(OSError), monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
        replication.store(tmp_path, two)
    assert replication.stored(tmp_path, [two.part, one.part]) == [one]


def test_shares_are_counted_as_by_hand(tmp_path):
    found = [
        measured(0, "supported", "supported"),
        measured(1, "supported", "refuted"),
        measured(2, "supported", "supported"),
        measured(0, "refuted", claim="REG-01"),
        measured(0, "refuted", claim="REG-01", backend="jax"),
        measured(0, "supported", "supported", claim="OVF-02"),
    ]
    line = replication.publish(tmp_path, found, [])
    assert "2 of 3 statements the same" in line
    agreed = pd.read_csv(tmp_path / "agreement.csv", keep_default_na=False)
    assert agreed.columns.tolist() == ["id", "setting", "seeds", "share", "words"]
    rows = {(row.id, row.setting): (row.seeds, row.share, row.words) for row in agreed.itertuples()}
    assert rows["OVF-01", ""] == (3, 0.667, "2 supported, 1 qualified")
    assert rows["OVF-01", "A"] == (3, 1.0, "3 supported")
    assert rows["OVF-01", "B"] == (3, 0.667, "2 supported, 1 refuted")
    assert rows["REG-01", ""] == (2, 1.0, "2 refuted")
    order = list(claims.read())
    assert agreed["id"].map(order.index).is_monotonic_increasing
    text = (tmp_path / "README.md").read_text()
    assert "**2 of 3 statements came out the same with every seed**" in text
    assert "4 of 5 settings did" in text
    changed = text.split("## ")[1]
    assert "2 supported, 1 refuted" in changed and "REG-01" not in changed


def test_a_setting_judged_twice_counts_once_as_last_found(tmp_path):
    twice = measured(0, "refuted")
    twice.verdicts.append({**twice.verdicts[0], "verdict": "supported"})
    assert [row.words for row in replication.agreement([twice])] == ["1 supported"] * 2


def test_the_table_has_each_verdict_with_its_part():
    verdict = claims.Verdict("OVF-01", "supported", "by hand", claimed="lower", effect=-0.5)
    part = Part("notebooks/a.ipynb", "code", 1, "jax", {"PROFILE": "quick", "SEED": 1})
    (row,) = replication.table([Measured(part, [asdict(verdict)], 1.23, 2)]).to_dict("records")
    assert (row["claimed"], row["effect"], row["detail"]) == ("lower", -0.5, "by hand")
    assert (row["seed"], row["backend"], row["seconds"], row["attempts"]) == (1, "jax", 1.2, 2)


def test_nothing_measured_writes_nothing(tmp_path):
    assert "Nothing was measured" in replication.publish(tmp_path, [], [])
    assert list(tmp_path.iterdir()) == []


def test_the_largest_of_too_many_bytes_goes():
    sizes = [
        f"import time; memory = b'x' * {size}; print(flush=True); time.sleep({LONG})"
        for size in (10**6, 10**8)
    ]
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for code in sizes
    ]
    for child in children:
        child.stdout.readline()
    held = sum(child.memory_info().rss for child in psutil.Process().children(recursive=True))
    cluster.end_largest(2 * held)
    assert [child.poll() for child in children] == [None, None]
    cluster.end_largest(held // 2)
    assert children[1].wait(timeout=LONG) == -signal.SIGKILL and children[0].poll() is None
    children[0].kill()
    for child in children:
        child.wait()
        child.stdout.close()
