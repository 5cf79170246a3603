"""The course's commands: `python -m helpers run` and `python -m helpers execute`. Top floor."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from textwrap import shorten

from tqdm import tqdm

from helpers import claims, notebooks
from helpers.notebooks import NotebookStopped, Watch
from helpers.runtime import ROOT


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Do one command; the exit status: 0, or 1 if a notebook stopped, 2 for bad input, 130 when interrupted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    chosen = [path.resolve() for path in options.notebooks] or notebooks.find(root)
    try:
        return options.command(options, chosen, root)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nInterrupted. The notebooks that were finished stay written.", file=sys.stderr)
        return 130


def run(options: argparse.Namespace, chosen: list[Path], root: Path) -> int:
    """Execute copies of the notebooks under `options.out`; print the table of their verdicts."""
    parameters = {name: _value(text) for name, text in options.parameter}
    copies = {path: options.out / _inside(path, root) for path in chosen}
    for path in chosen:
        notebooks.check_parameters(path, parameters)

    def action(path: Path, watch: Watch) -> None:
        notebooks.run(path, copies[path], parameters, watch=watch, timeout=options.timeout)

    stopped = _one_after_another(chosen, action)
    verdicts = [verdict for copy in copies.values() if copy.exists() for verdict in claims.recorded(copy)]
    if verdicts:
        print(f"\n{_verdict_table(verdicts)}")
    return _report(stopped)


def execute(options: argparse.Namespace, chosen: list[Path], root: Path) -> int:
    """Execute the notebooks where they lie, so that they can be committed with their outputs."""

    def action(path: Path, watch: Watch) -> None:
        notebooks.execute(path, watch=watch, timeout=options.timeout)

    return _report(_one_after_another(chosen, action))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m helpers", description="Commands of the course.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="default: all of the course")
    common.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="longest time of one cell (default: %(default)s)")

    running = commands.add_parser("run", parents=[common], help="execute copies of the notebooks, print the verdicts")
    running.add_argument("-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="for example -p RUNS 20")
    running.add_argument("--out", type=Path, default=Path("build"), help="folder of the copies (default: %(default)s)")
    running.set_defaults(command=run)

    executing = commands.add_parser("execute", parents=[common], help="execute the notebooks where they lie")
    executing.set_defaults(command=execute)
    return parser


def _value(text: str) -> object:
    """A parameter as typed on the command line: JSON if it is, otherwise the word itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _inside(path: Path, root: Path) -> Path:
    if not path.is_relative_to(root):
        raise ValueError(f"{path} lies outside of the course's folder {root}: copy it into notebooks/.")
    return path.relative_to(root)


def _one_after_another(chosen: list[Path], action: Callable[[Path, Watch], None]) -> list[NotebookStopped]:
    """Do `action` to each notebook under one progress bar over all cells; those that stopped."""
    sizes = [len(notebooks.read(path).cells) for path in chosen]
    stopped = []
    with tqdm(total=sum(sizes), unit="cell", disable=None) as bar:  # None: no bar where there is no terminal
        for number, (path, size) in enumerate(zip(chosen, sizes, strict=True)):
            before, name, start = sum(sizes[:number]), f"{path.parent.name}/{path.stem}", time.monotonic()
            try:
                action(path, partial(_show, bar, name, before, size))
                outcome = "done"
            except NotebookStopped as stop:
                stopped.append(stop)
                outcome = "STOPPED"
            bar.n = before + size
            with bar.external_write_mode():
                print(f"{name:<40} {size:>3} cells {time.monotonic() - start:>6.1f} s  {outcome}", flush=True)
    return stopped


def _show(bar: tqdm, name: str, before: int, size: int, index: int) -> None:
    cell = min(index + 1, size)  # papermill puts a cell in: the parameters
    bar.n = before + cell - 1
    bar.set_description_str(f"{name} cell {cell}/{size}")


def _verdict_table(verdicts: list[claims.Verdict]) -> str:
    """The table of verdicts for a terminal, and how often each word was said."""
    table = claims.table(verdicts)
    counts = ", ".join(f"{count} {word}" for word, count in table["verdict"].value_counts().items())
    shown = table[["verdict", "expected", "runs"]].assign(statement=[shorten(text, 72) for text in table["statement"]])
    return f"{shown.to_string()}\n\n{len(table)} statements: {counts}"


def _report(stopped: list[NotebookStopped]) -> int:
    for stop in stopped:
        print(f"\n{stop.notebook.name} stopped in this cell:\n\n{stop.source}\n\n{stop.reason}", file=sys.stderr)
    return 1 if stopped else 0


if __name__ == "__main__":
    sys.exit(main())
