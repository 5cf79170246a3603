"""What a reader sees while notebooks are executed one after another, and after it."""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import shorten

from tqdm import tqdm

from helpers import claims
from helpers.course import notebooks
from helpers.course.notebooks import NotebookStopped, Watch


def one_after_another(
    chosen: list[Path], action: Callable[[Path, Watch], None]
) -> list[NotebookStopped]:
    """Do `action` to each notebook under one progress bar over all cells; those that stopped.

    Raises what `notebooks.read` raises, before anything is done.
    """
    sizes = [len(notebooks.read(path).cells) for path in chosen]
    stopped = []
    with tqdm(total=sum(sizes), unit="cell", disable=None) as bar:  # None: only in a terminal
        for number, (path, size) in enumerate(zip(chosen, sizes, strict=True)):
            before, name = sum(sizes[:number]), f"{path.parent.name}/{path.stem}"
            start, outcome = time.monotonic(), "done"
            try:
                action(path, partial(_show, bar, name, before, size))
            except NotebookStopped as stop:
                stopped.append(stop)
                outcome = "STOPPED"
            bar.n = before + size
            seconds = time.monotonic() - start
            with bar.external_write_mode():
                print(f"{name:<40} {size:>3} cells {seconds:>6.1f} s  {outcome}", flush=True)
    return stopped


def _show(bar: tqdm, name: str, before: int, size: int, index: int) -> None:
    cell = min(index + 1, size)  # papermill puts a cell in: the parameters
    bar.n = before + cell - 1
    bar.set_description_str(f"{name} cell {cell}/{size}")


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
