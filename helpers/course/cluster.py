"""Notebooks on many cores and machines; dask.distributed does the work.

A worker executes the notebook in the folder that it was started in: the course's folder, on every
machine.
"""

import logging
import math
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import psutil
from dask.system import CPU_COUNT
from dask.utils import format_bytes
from distributed import (
    Client,
    Future,
    LocalCluster,
    Worker,
    WorkerPlugin,
    as_completed,
    get_worker,
)
from distributed.system import MEMORY_LIMIT
from nbclient.exceptions import DeadKernelError
from tornado.ioloop import PeriodicCallback

from helpers import claims, runtime
from helpers.claims import protocol
from helpers.claims.parts import Measured, Part
from helpers.course import notebooks
from helpers.course.notebooks import NotebookStopped, fingerprint

CONNECT_SECONDS = 5
NOTEBOOK_BYTES = 3 * 2**30
"""What a notebook may need, for choosing how many a machine executes at a time."""
MEMORY_CHECK_SECONDS = 1
STARTED = "evidence-part-started"
THREAD_VARIABLES = (*runtime.THREAD_VARIABLES, "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Dask sets the limits of NumPy's libraries to one thread for its workers: these go too."""
START_A_WORKER = (
    "start workers in the course's folder, with its Python: "
    "python -m dask worker ADDRESS --nthreads 1"
)


@dataclass(frozen=True)
class Outcome:
    """How a part ended: `measured`, or None and why not. `attempts`: how often it was begun."""

    part: Part
    measured: Measured | None
    failure: str
    attempts: int

    def __str__(self) -> str:
        """A line about it."""
        end = f"{self.measured.seconds:>7.1f} s  done" if self.measured else f"{'':>7}    FAILED"
        again = f", begun {self.attempts} times" if self.attempts > 1 else ""
        return f"{str(self.part):<60} {end}{again}"


@contextmanager
def local(workers: int | None) -> Iterator[Client]:
    """A client of a cluster on this machine that executes `workers` notebooks at a time.

    None stands for as many as cores and memory allow; each has its share of the memory.
    Raises ValueError for fewer than one.
    """
    if workers is None:
        workers = min(CPU_COUNT, max(1, MEMORY_LIMIT // NOTEBOOK_BYTES))
    if workers < 1:
        raise ValueError(
            f"--workers is {workers}; it is how many notebooks run at a time, so at least 1."
        )
    # Failures come back to the client, which reports them: the workers need not log them as well.
    here = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )
    with here, Client(here) as client:
        yield client


@contextmanager
def at(scheduler: str) -> Iterator[Client]:
    """A client of a running scheduler.

    Raises ValueError within seconds if nothing answers there or it has no workers.
    """
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:  # silence; no address
        cure = "start one with python -m dask scheduler"
        raise ValueError(f"No scheduler answers at {scheduler}: {cure}. ({error})") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise ValueError(
                f"The scheduler at {scheduler} has no workers: {START_A_WORKER}."
            ) from error
        yield client


def dashboard(client: Client) -> str:
    """Where the scheduler's dashboard is, or that it has none."""
    there = "dashboard" in client.scheduler_info()["services"]
    return client.dashboard_link if there and client.dashboard_link else "none"


def check(client: Client, parts: Iterable[Part]) -> None:
    """Raise ValueError if a worker lacks the course, a backend, or this version of a notebook."""
    needed = list({(part.notebook, part.backend): part for part in parts}.values())
    try:
        found = _on_every_worker(client, faults, needed)
    except ModuleNotFoundError as error:
        raise ValueError(f"A worker has no {error.name}: {START_A_WORKER}.") from error
    for address, complaints in found.items():
        if complaints:
            reason = f"The worker at {address} cannot take part: {'; '.join(complaints)}."
            raise ValueError(f"{reason} Bring the folder up to date and {START_A_WORKER}.")


def _on_every_worker(client: Client, function: Callable, *arguments) -> dict[str, Any]:
    """What the function returns on each worker, by address."""
    found = client.run(function, *arguments)
    assert isinstance(found, dict)  # only an asynchronous client returns a coroutine
    return found


def faults(parts: Iterable[Part]) -> list[str]:
    """Why these parts cannot be executed in this process's folder: what is missing or differs."""
    here, complaints = Path.cwd(), []
    for part in parts:
        if not runtime.is_installed(part.backend):
            complaints.append(f"{part.backend} is not installed")
        if not (here / part.notebook).is_file():
            complaints.append(f"no {part.notebook} in {here}")
        elif fingerprint(here / part.notebook) != part.source:
            complaints.append(f"another version of {part.notebook} in {here}")
    return list(dict.fromkeys(complaints))


def measure(
    client: Client, parts: Iterable[Part], *, out: Path, timeout: float
) -> Iterator[Outcome]:
    """Execute parts on whichever worker is free; yields each outcome as soon as it is there.

    A part whose worker dies is begun again elsewhere, up to three times; one whose notebook stops,
    once. `timeout`: seconds a cell may take. `out`: the folder in which a worker leaves copies of
    notebooks that stopped.
    """
    begun: Counter[str] = Counter()
    client.subscribe_topic(STARTED, lambda event: begun.update([event[1]]))
    client.register_plugin(KernelMemory())
    threads = threads_by_host(client)
    futures = {
        client.submit(execute, part, threads, out, timeout, key=part.name, retries=1): part
        for part in parts
    }
    for future in as_completed(futures):
        yield _outcome(future, futures[future], max(1, begun[futures[future].name]))
        future.release()


def _outcome(future: Future, part: Part, attempts: int) -> Outcome:
    if future.status != "finished":
        return Outcome(part, None, str(future.exception()), attempts)
    found, seconds, day, where = future.result()
    done = Measured(part, found, seconds, date=day, machine=where, attempts=attempts)
    return Outcome(part, done, "", attempts)


def threads_by_host(client: Client) -> dict[str, int]:
    """For each host, the threads of one notebook: the cores, shared by all that run at a time."""
    workers = client.scheduler_info()["workers"]
    slots = Counter()
    for worker in workers.values():
        slots[worker["host"]] += worker["nthreads"]
    counts = _on_every_worker(client, core_count)
    cores = {workers[address]["host"]: count for address, count in counts.items()}
    return {host: max(1, cores[host] // slots[host]) for host in slots}


def core_count() -> int:
    """The cores this process may use (containers and affinity counted)."""
    return CPU_COUNT


def execute(
    part: Part, threads: dict[str, int], out: Path, timeout: float
) -> tuple[list[dict], float, str, str]:
    """On a worker: execute a part in a kernel of its own; its verdicts, seconds, day and machine.

    Raises RuntimeError with the cell and the reason if the notebook stops, ValueError if it cannot
    start here.
    """
    worker = get_worker()
    worker.log_event(STARTED, part.name)
    complaints = faults([part])
    if complaints:
        raise ValueError("; ".join(complaints))
    environment = dict.fromkeys(THREAD_VARIABLES, str(threads.get(worker.ip, 1)))
    environment |= {"KERAS_BACKEND": part.backend, "COURSE_PROFILE": part.parameters["PROFILE"]}
    judging = protocol.judging_digests(Path(part.notebook))  # now: the file may change meanwhile
    copy, start = out / "copies" / f"{part.name}.ipynb", time.monotonic()
    options = {"watch": _nobody, "timeout": timeout, "environment": environment}
    try:
        with excerpt(part) as notebook:
            notebooks.run(notebook, copy, part.parameters, **options)
    except NotebookStopped as stop:
        raise RuntimeError(_why_it_stopped(stop, worker)) from None
    seconds = time.monotonic() - start
    found = [
        {"cell": cell, "verdict": asdict(verdict), "judging": judging.get(verdict.id, "")}
        for cell, verdict in claims.live_by_cell(copy)
    ]
    copy.unlink()
    return found, seconds, date.today().isoformat(), machine()


@contextmanager
def excerpt(part: Part) -> Iterator[Path]:
    """The part's notebook; if it has statements of its own, one for now with only their cells."""
    notebook = Path(part.notebook)
    if not part.only:
        yield notebook
        return
    content, needed = notebooks.read(notebook), protocol.cells_for(part.only, notebook)
    content.cells = [
        cell
        for cell in content.cells
        if cell.cell_type == "code"
        and (cell.source in needed or {"setup", "parameters"} & set(cell.metadata.get("tags", ())))
    ]
    short = notebook.with_name(f".{part.name}.ipynb")  # beside the lesson: its set-up looks there
    try:
        nbformat.write(content, short)
        yield short
    finally:
        short.unlink(missing_ok=True)


def machine() -> str:
    """The kind of this machine in a few words, without its name."""
    return f"{platform.system()} {platform.machine()}, {core_count()} cores"


def _why_it_stopped(stop: NotebookStopped, worker: Worker) -> str:
    """The reason, what memory there was if the kernel died, and the cell."""
    limit = ""
    if isinstance(stop.__cause__, DeadKernelError):
        most = format_bytes(worker.memory_manager.memory_limit or 0)
        limit = f"\nIts worker's notebooks may use {most}."
    return f"{stop.reason} on {worker.ip}.{limit}\nIt stopped in this cell:\n\n{stop.source}"


def _nobody(index: int) -> None:
    """Nobody watches the cells of a notebook that a worker executes."""


class KernelMemory(WorkerPlugin):
    """Holds a worker's kernels to its memory limit: dask looks at the worker's own process only."""

    name = "kernel-memory"

    def setup(self, worker) -> None:
        """Look once a second; the largest kernel is killed when all together exceed the limit."""
        limit = worker.memory_manager.memory_limit
        look = partial(end_largest, limit or math.inf)
        self.callback = PeriodicCallback(look, 1000 * MEMORY_CHECK_SECONDS)
        self.callback.start()

    def teardown(self, worker) -> None:
        """Look no more."""
        self.callback.stop()


def end_largest(limit: float) -> None:
    """Kill the largest child of this process if all children together hold over `limit` bytes."""
    sizes: dict[psutil.Process, int] = {}
    for child in psutil.Process().children(recursive=True):
        try:
            sizes[child] = child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    if sum(sizes.values()) > limit:
        max(sizes, key=lambda child: sizes[child]).kill()
