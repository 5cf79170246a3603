"""The course's commands: `python -m helpers run`, `execute`, `evidence`, `grade`, `doctor` and `publish`. Top floor."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from textwrap import shorten

from tqdm import tqdm

from helpers import claims, runtime
from helpers.claims import replication as evidence
from helpers.course import doctor, notebooks, publishing
from helpers.exercises.grading import grade as grading
from helpers.course.notebooks import NotebookStopped, Watch
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
    verdicts = [
        verdict for copy in copies.values() if copy.exists() for verdict in claims.recorded(copy)
    ]
    if verdicts:
        print(f"\n{_verdict_table(verdicts)}")
    return _report(stopped)


def execute(options: argparse.Namespace, chosen: list[Path], root: Path) -> int:
    """Execute the notebooks where they lie, so that they can be committed with their outputs."""

    def action(path: Path, watch: Watch) -> None:
        notebooks.execute(path, watch=watch, timeout=options.timeout)

    return _report(_one_after_another(chosen, action))


def gather(options: argparse.Namespace, chosen: list[Path], root: Path) -> int:
    """Execute notebooks x seeds x backends on a cluster; keep each part under `options.out`, write table and page."""
    given = {name: _value(text) for name, text in options.parameter}
    parameters = {"PROFILE": options.profile or runtime.profile(), **given}
    backends = options.backend or evidence.BACKENDS[:1]
    parts = evidence.plan(
        chosen, root, seeds=options.seeds, backends=backends, parameters=parameters
    )
    folder = options.out / "parts"
    finished = {done.part.name for done in evidence.kept(folder, parts)}
    wanted = [part for part in parts if part.name not in finished]
    print(f"{len(parts)} parts, {len(finished)} of them kept from before in {folder}", flush=True)
    failed = _measure(options, wanted, folder) if wanted else []
    missing = [outcome.part for outcome in failed]
    print(f"\n{evidence.publish(options.out, evidence.kept(folder, parts), missing)}")
    for outcome in failed:
        print(
            f"\n{outcome.part}, begun {outcome.attempts} times, gave nothing:\n\n{outcome.failure}",
            file=sys.stderr,
        )
    return 1 if failed else 0


def grade(options: argparse.Namespace, chosen: list[Path], root: Path) -> int:
    """Grade a folder of learners' notebooks; writes a table with one row a learner and one column an exercise."""
    limits = {"seconds": options.seconds, "gigabytes": options.memory, "jobs": options.jobs}
    return grading.grade(options.submissions, options.out, lesson=options.lesson, **limits)


def examine(options: argparse.Namespace, chosen: list[Path], root: Path) -> int:
    """Say what the course finds on this machine, and what it is good for."""
    print(doctor.report())
    return 0


def publish(options: argparse.Namespace, chosen: list[Path], root: Path) -> int:
    """Write the repository's address into the notebooks and the README; say which files changed and what comes next."""
    for path in publishing.publish(publishing.Address(options.repo, options.ref), root):
        print(path.relative_to(root))
    print(
        f"Published as {options.repo} at {options.ref}. Now commit, `git tag {options.ref}`, and push both."
    )
    return 0


def _measure(options: argparse.Namespace, wanted: list[evidence.Part], folder: Path) -> list:
    """Keep what the parts give as it comes, under a progress bar; the outcomes of those that gave nothing."""
    from helpers.course import cluster  # half a second, for which the other commands need not wait

    failed = []
    place = cluster.at(options.scheduler) if options.scheduler else cluster.local(options.workers)
    with place as client, tqdm(total=len(wanted), unit="part", disable=None) as bar:
        cluster.check(client, wanted)
        print(f"Dashboard: {cluster.dashboard(client)}", flush=True)
        for outcome in cluster.measure(client, wanted, out=options.out, timeout=options.timeout):
            if outcome.measured:
                evidence.keep(folder, outcome.measured)
            else:
                failed.append(outcome)
            bar.update()
            with bar.external_write_mode():
                print(outcome, flush=True)
    return failed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers", description="Commands of the course."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="default: all of the course"
    )
    common.add_argument(
        "--timeout",
        type=float,
        default=600,
        metavar="SECONDS",
        help="longest time of one cell (default: %(default)s)",
    )

    varied = argparse.ArgumentParser(add_help=False, parents=[common])
    varied.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="for example -p RUNS 20",
    )

    running = commands.add_parser(
        "run", parents=[varied], help="execute copies of the notebooks, print the verdicts"
    )
    running.add_argument(
        "--out",
        type=Path,
        default=Path("build"),
        help="folder of the copies (default: %(default)s)",
    )
    running.set_defaults(command=run)

    gathering = commands.add_parser(
        "evidence", parents=[varied], help="execute over many seeds on a cluster, count what agrees"
    )
    gathering.add_argument("--seeds", type=int, required=True, metavar="N", help="how many")
    gathering.add_argument(
        "--profile", choices=runtime.PROFILES, help="default: COURSE_PROFILE, else quick"
    )
    gathering.add_argument(
        "--backend",
        action="append",
        choices=evidence.BACKENDS,
        help="may be given twice (default: tensorflow)",
    )
    place = gathering.add_mutually_exclusive_group()
    place.add_argument(
        "--workers",
        type=int,
        metavar="K",
        help="notebooks at a time here (default: as cores and memory allow)",
    )
    place.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="a running dask scheduler instead of this machine",
    )
    gathering.add_argument(
        "--out",
        type=Path,
        default=Path("build/evidence"),
        help="folder of parts, table and page (default: %(default)s)",
    )
    gathering.set_defaults(command=gather)

    executing = commands.add_parser(
        "execute", parents=[common], help="execute the notebooks where they lie"
    )
    executing.set_defaults(command=execute)

    marking = commands.add_parser(
        "grade", help="grade a folder of learners' notebooks: docs/teachers.md"
    )
    marking.add_argument(
        "submissions", type=Path, help="folder with one .ipynb a learner, or one folder a learner"
    )
    marking.add_argument(
        "--out", type=Path, default=Path("grades.csv"), help="the table (default: %(default)s)"
    )
    marking.add_argument(
        "--lesson", help="for example 01_overfitting (default: the one that most notebooks are of)"
    )
    marking.add_argument(
        "--seconds",
        type=float,
        default=60,
        help="longest computing time of one answer (default: %(default)s)",
    )
    marking.add_argument(
        "--memory",
        type=float,
        default=4,
        metavar="GIGABYTES",
        help="most memory of one answer (default: %(default)s)",
    )
    marking.add_argument(
        "--jobs",
        type=int,
        default=min(os.cpu_count() or 1, 8),
        help="answers at a time (default: cores, at most 8)",
    )
    marking.set_defaults(command=grade, notebooks=[])

    examining = commands.add_parser(
        "doctor", help="say what is found here: backend, device, memory, data, versions"
    )
    examining.set_defaults(command=examine, notebooks=[])

    address = commands.add_parser(
        "publish", help="write links and setup cells for Colab, Binder and the book"
    )
    address.add_argument(
        "--repo", required=True, metavar="OWNER/NAME", help="the repository on GitHub"
    )
    address.add_argument(
        "--ref", required=True, metavar="TAG", help="the tag that readers get, for example v1.0"
    )
    address.set_defaults(command=publish, notebooks=[])
    return parser


def _value(text: str) -> object:
    """A parameter as typed on the command line: JSON if it is, otherwise the word itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _inside(path: Path, root: Path) -> Path:
    if not path.is_relative_to(root):
        raise ValueError(
            f"{path} lies outside of the course's folder {root}: copy it into notebooks/."
        )
    return path.relative_to(root)


def _one_after_another(
    chosen: list[Path], action: Callable[[Path, Watch], None]
) -> list[NotebookStopped]:
    """Do `action` to each notebook under one progress bar over all cells; those that stopped."""
    sizes = [len(notebooks.read(path).cells) for path in chosen]
    stopped = []
    with tqdm(
        total=sum(sizes), unit="cell", disable=None
    ) as bar:  # None: no bar where there is no terminal
        for number, (path, size) in enumerate(zip(chosen, sizes, strict=True)):
            before, name, start = (
                sum(sizes[:number]),
                f"{path.parent.name}/{path.stem}",
                time.monotonic(),
            )
            try:
                action(path, partial(_show, bar, name, before, size))
                outcome = "done"
            except NotebookStopped as stop:
                stopped.append(stop)
                outcome = "STOPPED"
            bar.n = before + size
            with bar.external_write_mode():
                print(
                    f"{name:<40} {size:>3} cells {time.monotonic() - start:>6.1f} s  {outcome}",
                    flush=True,
                )
    return stopped


def _show(bar: tqdm, name: str, before: int, size: int, index: int) -> None:
    cell = min(index + 1, size)  # papermill puts a cell in: the parameters
    bar.n = before + cell - 1
    bar.set_description_str(f"{name} cell {cell}/{size}")


def _verdict_table(verdicts: list[claims.Verdict]) -> str:
    """The table of verdicts for a terminal, and how often each word was said."""
    table = claims.table(verdicts)
    counts = ", ".join(f"{count} {word}" for word, count in table["verdict"].value_counts().items())
    shown = table[["verdict", "expected", "runs"]].assign(
        statement=[shorten(text, 72) for text in table["statement"]]
    )
    return f"{shown.to_string()}\n\n{len(table)} statements: {counts}"


def _report(stopped: list[NotebookStopped]) -> int:
    for stop in stopped:
        print(
            f"\n{stop.notebook.name} stopped in this cell:\n\n{stop.source}\n\n{stop.reason}",
            file=sys.stderr,
        )
    return 1 if stopped else 0


if __name__ == "__main__":
    sys.exit(main())
