"""Notebooks on many cores and machines: dask.distributed does the work. Floor 6, imported where it is needed.

A worker executes the notebook that lies in the folder it was started in: the course's folder, on every machine.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
from dask.system import CPU_COUNT
from dask.utils import format_bytes
from distributed import Client, Future, LocalCluster, WorkerPlugin, as_completed, get_worker
from distributed.system import MEMORY_LIMIT
from nbclient.exceptions import DeadKernelError
from tornado.ioloop import PeriodicCallback

from helpers import claims
from helpers.course import notebooks
from helpers.claims.replication import Measured, Part, fingerprint
from helpers.course.notebooks import NotebookStopped

CONNECT_SECONDS = 5
NOTEBOOK_BYTES = 3 * 2**30
"""What a notebook may need, for choosing how many a machine executes at a time."""
MEMORY_CHECK_SECONDS = 1
STARTED = "evidence-part-started"
THREAD_VARIABLES = (  # NumPy's and scikit-learn's libraries, TensorFlow, XLA (which JAX computes with)
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC",
)  # fmt: skip
START_A_WORKER = "start workers in the course's folder, with its Python: python -m dask worker ADDRESS --nthreads 1"


@dataclass(frozen=True)
class Outcome:
    """How a part ended: `measured`, or None and why not. `attempts`: how often it was begun."""

    part: Part
    measured: Measured | None
    failure: str
    attempts: int

    def __str__(self) -> str:
        end = f"{self.measured.seconds:>7.1f} s  done" if self.measured else f"{'':>7}    FAILED"
        again = f", begun {self.attempts} times" if self.attempts > 1 else ""
        return f"{str(self.part):<60} {end}{again}"


@contextmanager
def local(workers: int | None) -> Iterator[Client]:
    """A client of a cluster on this machine, `workers` notebooks at a time; None: as many as cores and memory allow.

    Each worker has its share of the memory. Raises ValueError for fewer than one.
    """
    if workers is None:
        workers = min(CPU_COUNT, max(1, MEMORY_LIMIT // NOTEBOOK_BYTES))
    if workers < 1:
        raise ValueError(
            f"--workers is {workers}; it is how many notebooks to execute at a time, so at least 1."
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
    """A client of a running scheduler. Raises ValueError within seconds if nothing answers there or nobody works there."""
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:  # silence; no address
        reason = f"No scheduler answers at {scheduler}: start one with python -m dask scheduler. ({error})"
        raise ValueError(reason) from error
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
    return client.dashboard_link if "dashboard" in client.scheduler_info()["services"] else "none"


def check(client: Client, parts: Iterable[Part]) -> None:
    """Raises ValueError if a worker lacks the course, has another version of a notebook, or lacks a backend."""
    needed = list({(part.notebook, part.backend): part for part in parts}.values())
    try:
        found = client.run(faults, needed)
    except ModuleNotFoundError as error:
        raise ValueError(f"A worker has no {error.name}: {START_A_WORKER}.") from error
    for address, complaints in found.items():
        if complaints:
            reason = f"The worker at {address} cannot take part: {'; '.join(complaints)}."
            raise ValueError(f"{reason} Bring the folder up to date and {START_A_WORKER}.")


def faults(parts: Iterable[Part]) -> list[str]:
    """Why these parts cannot be executed here, in this process's folder: what is missing or differs."""
    here, complaints = Path.cwd(), []
    for part in parts:
        if find_spec(part.backend) is None:
            complaints.append(f"{part.backend} is not installed")
        if not (here / part.notebook).is_file():
            complaints.append(f"no {part.notebook} in {here}")
        elif fingerprint(here / part.notebook) != part.source:
            complaints.append(f"another version of {part.notebook} in {here}")
    return list(dict.fromkeys(complaints))


def measure(
    client: Client, parts: Iterable[Part], *, out: Path, timeout: float
) -> Iterator[Outcome]:
    """Execute parts wherever there is room, in any order; each is told of as soon as it ended.

    A part whose worker dies is begun again elsewhere, up to three times; one whose notebook stops, once.
    `timeout`: seconds a cell may take. `out`: the folder in which a worker leaves copies of notebooks that stopped.
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
    verdicts, seconds = future.result()
    return Outcome(part, Measured(part, verdicts, seconds, attempts), "", attempts)


def threads_by_host(client: Client) -> dict[str, int]:
    """For each host, the threads that one notebook may use: its cores shared by all that run there at a time."""
    workers = client.scheduler_info()["workers"]
    slots = Counter()
    for worker in workers.values():
        slots[worker["host"]] += worker["nthreads"]
    cores = {workers[address]["host"]: count for address, count in client.run(core_count).items()}
    return {host: max(1, cores[host] // slots[host]) for host in slots}


def core_count() -> int:
    """The cores this process may use (containers and affinity counted)."""
    return CPU_COUNT


def execute(
    part: Part, threads: dict[str, int], out: Path, timeout: float
) -> tuple[list[dict], float]:
    """On a worker: execute a part in a kernel of its own; its verdicts and seconds.

    Raises RuntimeError with the cell and the reason if the notebook stops, ValueError if it cannot start here.
    """
    worker = get_worker()
    worker.log_event(STARTED, part.name)
    complaints = faults([part])
    if complaints:
        raise ValueError("; ".join(complaints))
    environment = dict.fromkeys(THREAD_VARIABLES, str(threads.get(worker.ip, 1)))
    environment |= {"KERAS_BACKEND": part.backend, "COURSE_PROFILE": part.parameters["PROFILE"]}
    notebook, copy, start = (
        Path(part.notebook),
        out / "copies" / f"{part.name}.ipynb",
        time.monotonic(),
    )
    try:
        notebooks.run(
            notebook, copy, part.parameters, watch=_nobody, timeout=timeout, environment=environment
        )
    except NotebookStopped as stop:
        died = isinstance(stop.__cause__, DeadKernelError)
        limit = (
            f"\nIts worker's notebooks may use {format_bytes(worker.memory_manager.memory_limit or 0)}."
            if died
            else ""
        )
        raise RuntimeError(
            f"{stop.reason} on {worker.ip}.{limit}\nIt stopped in this cell:\n\n{stop.source}"
        ) from None
    seconds = time.monotonic() - start
    verdicts = [asdict(verdict) for verdict in claims.recorded(copy)]
    copy.unlink()
    return verdicts, seconds


def _nobody(index: int) -> None:
    """Nobody watches the cells of a notebook that a worker executes."""


class KernelMemory(WorkerPlugin):
    """Holds a worker's kernels to the worker's memory limit, which by itself counts the worker's own process only."""

    name = "kernel-memory"

    def setup(self, worker) -> None:
        """Look once a second; the largest kernel goes when all together outgrow the limit, and its notebook stops."""
        limit = worker.memory_manager.memory_limit
        self.callback = PeriodicCallback(lambda: end_largest(limit), 1000 * MEMORY_CHECK_SECONDS)
        if limit:
            self.callback.start()

    def teardown(self, worker) -> None:
        """Look no more."""
        self.callback.stop()


def end_largest(limit: int) -> None:
    """Kill the largest child of this process if all its children together hold more than `limit` bytes."""
    sizes = {}
    for child in psutil.Process().children(recursive=True):
        try:
            sizes[child] = child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    if sum(sizes.values()) > limit:
        max(sizes, key=sizes.get).kill()
