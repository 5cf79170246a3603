"""What a reader sees while notebooks are executed, one or several at a time, and after it."""

import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from textwrap import shorten
from threading import Lock
from types import MappingProxyType

from tqdm import tqdm

from helpers import claims
from helpers.course import notebooks
from helpers.course.notebooks import NotebookStopped, Watch

Action = Callable[[Path, Watch], None]
NOTHING: Mapping[Path, Path] = MappingProxyType({})
FORM = "{percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} cells [{elapsed}<{remaining}{postfix}]"


def together(
    chosen: list[Path], action: Action, *, jobs: int, after: Mapping[Path, Path] = NOTHING
) -> list[NotebookStopped]:
    """Do `action` to the notebooks, `jobs` at a time, under one progress bar; those that stopped.

    Each gets its line in the order of `chosen`. `after` names the notebook, earlier in `chosen`,
    for which one has to wait.
    Raises what `notebooks.read` raises, before anything is done. An interrupt, or an error of
    `action`, ends what is being executed, and is raised after that.
    """
    sizes = {path: len(notebooks.read(path).cells) for path in chosen}
    begun: dict[Path, Future] = {}
    stopped = []
    with _Bar(sizes) as bar, ThreadPoolExecutor(jobs) as pool:
        try:
            for path in chosen if jobs == 1 else _longest_first(sizes, after):
                before = begun[after[path]] if path in after else None
                begun[path] = pool.submit(_follow, path, action, bar, before)
            for path in chosen:
                seconds, stop = begun[path].result()
                bar.print(path, f"{seconds:>6.1f} s  {'STOPPED' if stop else 'done'}")
                stopped += [stop] if stop else []
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in begun.values()):
                notebooks.interrupt()
                time.sleep(0.1)
            raise
    return stopped


def _longest_first(sizes: Mapping[Path, int], after: Mapping[Path, Path]) -> list[Path]:
    """The order in which to begin: those that wait come last, so that none waits for a free job."""
    return sorted(sizes, key=lambda path: (path in after, -sizes[path]))


def _follow(
    path: Path, action: Action, bar: "_Bar", before: Future | None
) -> tuple[float, NotebookStopped | None]:
    """In a thread: do `action` to a notebook; its seconds, and why it stopped if it did."""
    wait([before] if before else [])
    start, stop = time.monotonic(), None
    try:
        action(path, partial(bar.show, path))
    except NotebookStopped as stopped:
        stop = stopped
    bar.finish(path)
    return time.monotonic() - start, stop


class _Bar:
    """A progress bar over all cells, with the cell at which each notebook is; threads share it."""

    def __init__(self, sizes: Mapping[Path, int]):
        self.sizes = sizes
        self.finished = 0
        self.cells: dict[Path, int] = {}
        self.lock = Lock()
        self.tqdm = tqdm(total=sum(sizes.values()), bar_format=FORM, disable=None)  # in a terminal

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_) -> None:
        self.tqdm.close()

    def show(self, path: Path, index: int) -> None:
        """A notebook begins this cell."""
        with self.lock:
            self.cells[path] = min(index + 1, self.sizes[path])  # papermill adds the parameters
            self._draw()

    def finish(self, path: Path) -> None:
        """A notebook has ended."""
        with self.lock:
            self.cells.pop(path, None)
            self.finished += self.sizes[path]
            self._draw()

    def print(self, path: Path, outcome: str) -> None:
        """A line about a notebook, above the bar."""
        name = f"{path.parent.name}/{path.stem}"
        with self.tqdm.external_write_mode():
            print(f"{name:<40} {self.sizes[path]:>3} cells {outcome}", flush=True)

    def _draw(self) -> None:
        self.tqdm.n = self.finished + sum(cell - 1 for cell in self.cells.values())
        places = [f"{_short(path)} {cell}/{self.sizes[path]}" for path, cell in self.cells.items()]
        self.tqdm.set_postfix_str(", ".join(places))


def _short(path: Path) -> str:
    """The number of a lesson, the folder and number of an audit."""
    number = path.stem.split("_")[0]
    return number if path.parent.name == "notebooks" else f"{path.parent.name}/{number}"


def verdict_table(verdicts: list[claims.Verdict]) -> str:
    """The table of verdicts for a terminal, and how often each word was said."""
    table = claims.table(verdicts)
    counts = ", ".join(f"{count} {word}" for word, count in table["verdict"].value_counts().items())
    shown = table[["verdict", "expected", "runs"]].assign(
        statement=[shorten(text, 72) for text in table["statement"]]
    )
    return f"{shown.to_string()}\n\n{len(table)} statements: {counts}"


def report(stopped: list[NotebookStopped]) -> int:
    """Say on the error stream where and why notebooks stopped; the exit status."""
    for stop in stopped:
        where = f"{stop.notebook.name} stopped in this cell"
        print(f"\n{where}:\n\n{stop.source}\n\n{stop.reason}", file=sys.stderr)
    return 1 if stopped else 0
