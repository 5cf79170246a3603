"""What a reader sees while notebooks are executed, one or several at a time, and after it."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from textwrap import shorten
from threading import Lock

from tqdm import tqdm

from helpers import claims
from helpers.course import notebooks
from helpers.course.notebooks import NotebookStopped, Watch

Action = Callable[[Path, Watch], None]
FORM = "{percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} cells [{elapsed}<{remaining}{postfix}]"


def together(chosen: list[Path], action: Action, *, jobs: int) -> list[NotebookStopped]:
    """Do `action` to the notebooks, `jobs` at a time, under one progress bar; those that stopped.

    Each gets its line in the order of `chosen`.
    Raises what `notebooks.read` raises, before anything is done. An interrupt, or an error of
    `action`, ends what is being executed, and is raised after that.
    """
    sizes = {path: len(notebooks.read(path).cells) for path in chosen}
    begun: dict[Path, Future] = {}
    stopped = []
    with _Bar(sizes) as bar, ThreadPoolExecutor(jobs) as pool:
        try:
            longest_first = sorted(chosen, key=lambda path: -sizes[path])
            for path in chosen if jobs == 1 else longest_first:
                begun[path] = pool.submit(_follow, path, action, bar)
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


def _follow(path: Path, action: Action, bar: "_Bar") -> tuple[float, NotebookStopped | None]:
    """In a thread: do `action` to a notebook; its seconds, and why it stopped if it did."""
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
    """For a terminal: what is recorded on the statements of the notebooks, and what came out now.

    Words are those of the evidence, also of what stays open here; a setting that it lacks gives its
    live one.
    """
    known = claims.as_recorded(verdicts)
    table = claims.table(known)
    shown = table[["verdict", "protocol", "runs"]].assign(
        statement=[shorten(text, 72) for text in table["statement"]]
    )
    counts = [_count(how, words) for how, words in claims.totals(known).items()]
    against = [f"{v.id} [{v.setting}]" for v in verdicts if claims.contradicted(v)]
    live = f"{sum(bool(v.treatment) for v in verdicts)} comparisons ran here; "
    live += f"against the record: {', '.join(against) or 'none'}"
    return "\n".join([shown.to_string(), "", f"{len(table)} statements", *counts, live])


def _count(how: str, words: Counter) -> str:
    """How many statements were found in a way, and with which words unless that says it all."""
    told = ", ".join(f"{n} {word}" for word, n in words.items())
    return f"{words.total()} {how}" + (f": {told}" if set(words) != {how} else "")


def report(stopped: list[NotebookStopped]) -> int:
    """Say on the error stream where and why notebooks stopped; the exit status."""
    for stop in stopped:
        where = f"{stop.notebook.name} stopped in this cell"
        print(f"\n{where}:\n\n{stop.source}\n\n{stop.reason}", file=sys.stderr)
    return 1 if stopped else 0
