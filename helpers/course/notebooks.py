"""Notebooks as programs: find them and execute them; papermill and nbclient do the work."""

import asyncio
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from traitlets import Dict, default
from traitlets.config import Config

from helpers import cells, files, without_tensorflow
from helpers.runtime import ROOT

NAMED = "[0-9]*.ipynb"
"""Notebooks of the course; what begins with a dot is an excerpt that is being measured."""
KERNEL = "python3"
KERNEL_START_SECONDS = 120
LASTING = ("jupyter", "lines_to_next_cell", "tags")
"""What of a cell's metadata is committed: if it is collapsed, blank lines after it, its tags."""
SAVED_MEANWHILE = (
    "It has reached its end, but the file was saved by somebody else meanwhile, so the outputs "
    "were not written into it: execute it again."
)
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
Watch = Callable[[int], None]
"""A function that is told the index of each cell before the cell runs."""


class ThisPython(AsyncKernelManager):
    """Kernels of the Python that runs this program, whatever kernelspecs are installed."""

    environment = Dict(help="Variables that the kernel gets besides this process's own.").tag(
        config=True
    )

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernelspec of this Python, with the variables of `environment`."""
        spec = super().kernel_spec
        assert spec is not None  # the native kernel is always there
        spec.env = {**spec.env, **self.environment}
        return spec

    @default("transport_encryption")
    def _encrypted_where_the_kernel_can(self) -> str:
        return "auto"

    @default("kernel_spec_manager")
    def _native_kernel_only(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


IN_KERNEL = {
    "kernel_name": KERNEL,
    "kernel_manager_class": ThisPython,
    "shutdown_kernel": "immediate",  # graceful interrupts an idle kernel, which complains
    "coalesce_streams": True,
    "iopub_timeout": 60,  # seconds for the last output: on a busy machine nbclient's 4 are too few
}
"""How papermill and nbclient are to run a kernel."""
BY_PAPERMILL = {
    **IN_KERNEL,
    "language": "python",
    "progress_bar": False,
    "start_timeout": KERNEL_START_SECONDS,
}


class NotebookStopped(Exception):
    """A notebook that did not reach its end: which one, at which cell's source, for what reason."""

    def __init__(self, notebook: Path, source: str, reason: str):
        """`source` is that of the cell that did not end well."""
        super().__init__(f"{notebook.name} stopped: {reason}")
        self.notebook = notebook
        self.source = source
        self.reason = reason


def find(root: Path = ROOT) -> list[Path]:
    """The notebooks of the course: the lessons, then the audits, each in order."""
    return lessons(root) + sorted((root / "notebooks" / "audits").glob(NAMED))


def lessons(root: Path = ROOT) -> list[Path]:
    """The notebooks of the lessons in order: `03_topic`, then further ones of it, `03b_more`."""
    return sorted((root / "notebooks").glob(NAMED))


def by_lesson(root: Path = ROOT) -> list[list[Path]]:
    """The notebooks of each lesson, the first of which gives the lesson its name."""
    return [list(group) for _, group in groupby(lessons(root), key=lambda path: path.name[:2])]


def audit(lesson: Path) -> Path:
    """Where the audit of a lesson's notebook lies: it has its name, or that of the lesson's first.

    The lesson, in one notebook or several, shows what its audit has recorded there.
    """
    own = lesson.parent / "audits" / lesson.name
    if own.exists():
        return own
    (first,) = lesson.parent.glob(f"{lesson.name[:2]}_*.ipynb")
    return lesson.parent / "audits" / first.name


def read(notebook: Path) -> NotebookNode:
    """The notebook in a file.

    Raises FileNotFoundError where there is no file, ValueError for a file that holds no notebook.
    """
    if not notebook.is_file():
        raise FileNotFoundError(
            f"There is no notebook {notebook}: `make sync` writes the course's from their .py."
        )
    if notebook.suffix != ".ipynb":
        raise ValueError(f"{notebook} is no notebook: name a file that ends in .ipynb.")
    try:
        return nbformat.read(notebook, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:  # not JSON; JSON, but no notebook
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"{notebook} ends in .ipynb, but is no notebook inside: {reason}"
        ) from error


def fingerprint(notebook: Path) -> str:
    """A word for the code of a notebook, without its set-up cell, prose and outputs.

    Raises what `read` raises.
    """
    cells = [cell for cell in read(notebook).cells if cell.cell_type == "code"]
    code = [cell.source for cell in cells if "setup" not in cell.metadata.get("tags", ())]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def check_parameters(notebook: Path, parameters: Iterable[str]) -> None:
    """Raise ValueError if the cell tagged `parameters` does not define all of these names.

    Also raises what `read` raises.
    """
    from papermill.translators import PythonTranslator  # only what runs notebooks needs papermill

    cells = [cell for cell in read(notebook).cells if "parameters" in cell.metadata.get("tags", ())]
    known = [found.name for cell in cells[:1] for found in PythonTranslator.inspect(cell)]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise ValueError(
            f"{notebook.name} has no parameter {', '.join(unknown)}; "
            f"it has {', '.join(known) or 'none'}."
        )


def computes_with_tensorflow(notebook: Path) -> bool:
    """Whether cells of the notebook use more of TensorFlow than what stands in for it has.

    Raises what `read` raises.
    """
    code = [cell.source for cell in read(notebook).cells if cell.cell_type == "code"]
    used = cells.paths_used(one for source in code for one in cells.statements(source))
    parts = [path.split(".") for path in used]
    return any(
        first == without_tensorflow.NAME and rest and rest[0] not in without_tensorflow.OFFERED
        for first, *rest in parts
    )


def check_copy(notebook: Path, copy: Path, others: Iterable[Path] = ()) -> None:
    """Raise ValueError if the executed copy would be written over the notebook itself, or over one
    of the others that are to be executed.
    """
    if not copy.exists():
        return
    if copy.samefile(notebook):
        raise ValueError(
            f"The copy of {notebook.name} would replace the notebook itself: choose another folder."
        )
    for other in others:
        if copy.samefile(other):
            raise ValueError(
                f"The copy of {notebook.name} would replace {other}, which is to be executed too: "
                "choose another folder."
            )


def run(
    notebook: Path,
    copy: Path,
    parameters: dict,
    *,
    watch: Watch,
    timeout: float,
    environment: Mapping[str, str] = NO_VARIABLES,
) -> None:
    """Execute a notebook with papermill, in its folder and a fresh kernel; write it to `copy`.

    `copy` appears when it is complete. A notebook that stops leaves what it had as
    `NAME.failed.ipynb` instead. `timeout` is in seconds a cell, counted in whole ones;
    `environment` has variables that the kernel gets besides this process's own.
    Raises NotebookStopped, and ValueError if `copy` is the notebook itself.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    check_copy(notebook, copy)
    partial, failed = copy.with_suffix(".partial.ipynb"), copy.with_suffix(".failed.ipynb")
    copy.parent.mkdir(parents=True, exist_ok=True)
    for stale in (copy, failed):
        stale.unlink(missing_ok=True)
    current = _CurrentCell(watch)
    try:
        with current:
            papermill.execute_notebook(
                str(notebook.resolve()),
                str(partial.resolve()),
                parameters,
                execution_timeout=math.ceil(timeout),
                on_cell_start=current,
                **_at_home(notebook, environment),
                **BY_PAPERMILL,
            )
        partial.replace(copy)
    except (PapermillExecutionError, CellTimeoutError, RuntimeError) as error:
        partial.replace(failed)
        reason = f"{_reason(error)}\nWhat had run is in {failed}"
        raise NotebookStopped(notebook, current.source, reason) from error
    finally:
        partial.unlink(missing_ok=True)  # interrupted


def execute(
    notebook: Path,
    *,
    watch: Watch,
    timeout: float,
    environment: Mapping[str, str] = NO_VARIABLES,
) -> None:
    """Execute a notebook where it lies, for committing it: only lasting metadata stay.

    `timeout` and `environment` are those of `run`.
    Raises NotebookStopped, and then leaves the file as it was: so it does where somebody has saved
    another version meanwhile.
    """
    content, before = read(notebook), files.sha256(notebook)
    current = _CurrentCell(watch)
    client = NotebookClient(
        content,
        startup_timeout=KERNEL_START_SECONDS,
        timeout=math.ceil(timeout),
        on_cell_start=current,
        record_timing=False,
        **_at_home(notebook, environment),
        **IN_KERNEL,
    )
    try:
        with current, client.setup_kernel():
            for index, cell in enumerate(content.cells):
                client.execute_cell(cell, index)
            client.set_widgets_metadata()
    except (CellExecutionError, CellTimeoutError, RuntimeError) as error:
        raise NotebookStopped(notebook, current.source, _reason(error)) from error
    if not notebook.is_file() or files.sha256(notebook) != before:
        raise NotebookStopped(notebook, current.source, SAVED_MEANWHILE)
    files.write_text(notebook, f"{nbformat.writes(_lasting(content))}\n")


def interrupt() -> None:
    """Have `run` and `execute` end their kernels and raise KeyboardInterrupt, in all threads.

    Python itself brings Ctrl-C to the main thread only.
    """
    for current in tuple(_executing):
        current.interrupt()


class _CurrentCell:
    """What nbclient calls before each cell: passes the index on and remembers the source.

    A `with` block around the execution lets `interrupt` reach it.
    """

    def __init__(self, watch: Watch):
        self.watch = watch
        self.source = ""
        self.interrupted = False
        self.task: asyncio.Task | None = None

    def __call__(self, cell: NotebookNode, cell_index: int) -> None:
        self.task = asyncio.current_task()
        if self.interrupted:  # while the kernel started, or between two cells
            raise KeyboardInterrupt
        self.source = cell.source
        self.watch(cell_index)

    def __enter__(self) -> None:
        _executing.add(self)

    def __exit__(self, *_) -> None:
        _executing.remove(self)
        if self.interrupted:  # nbclient would say that the kernel died
            raise KeyboardInterrupt

    def interrupt(self) -> None:
        self.interrupted = True
        if self.task:
            self.task.get_loop().call_soon_threadsafe(self._stop_waiting)

    def _stop_waiting(self) -> None:
        if self.task and not self.task.done():  # what comes after the cell ends the kernel
            for task in asyncio.all_tasks():
                task.cancel()


_executing: set[_CurrentCell] = set()


def _at_home(notebook: Path, environment: Mapping[str, str]) -> dict[str, object]:
    """Options for a kernel in the notebook's folder; this process, shared by threads, stays put."""
    return {
        "resources": {"metadata": {"path": str(notebook.resolve().parent)}},
        "config": Config({"ThisPython": {"environment": dict(environment)}}),
    }


def _reason(error: Exception) -> str:
    name, value = (getattr(error, part, None) for part in ("ename", "evalue"))  # of a cell's error
    if name is not None:
        return f"{name}: {value}"
    return f"{type(error).__name__}: {error}"


def _lasting(content: NotebookNode) -> NotebookNode:
    """The notebook with only the metadata that do not change from machine to machine."""
    content.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": KERNEL}
    content.metadata.language_info = {"name": "python"}
    for cell in content.cells:
        cell.metadata = lasting_metadata(cell)
    return content


def lasting_metadata(cell: NotebookNode) -> dict:
    """What of a cell's metadata is committed; a pair agrees on it."""
    return {name: cell.metadata[name] for name in LASTING if cell.metadata.get(name)}
