"""The commands of `python -m helpers`: run, execute, evidence, lock, calibrate, grade and so on."""

import argparse
import math
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

from helpers import display, runtime
from helpers.course import commands


def main(arguments: Sequence[str] | None = None, root: Path = runtime.ROOT) -> int:
    """Do one command in the course that lies in `root`; the exit status.

    It is 0, or 1 if a notebook stopped, 2 for bad input, 130 when interrupted.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    display.let_streams_replace()
    try:
        return options.command(options, root)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nInterrupted. The notebooks that were finished stay written.", file=sys.stderr)
        return 130


def _parser() -> ArgumentParser:
    called = Path(sys.argv[0]).name
    name = called if called == "course" else "python -m helpers"
    parser = ArgumentParser(prog=name, description="Commands of the course.")
    choices = parser.add_subparsers(required=True, metavar="COMMAND")
    executed, varied, together = _executed(), _varied(), _together()
    _add_run(choices, [executed, varied, together])
    _add_execute(choices, [executed, together])
    _add_evidence(choices, [executed, varied])
    _add_lock(choices)
    _add_calibrate(choices)
    _add_begin(choices)
    _add_progress(choices)
    _add_handout(choices)
    _add_cards(choices)
    _add_grade(choices)
    _add_doctor(choices)
    _add_publish(choices)
    return parser


def _executed() -> ArgumentParser:
    """The arguments of all commands that execute notebooks."""
    shared = ArgumentParser(add_help=False)
    shared.add_argument(
        "notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="default: all of the course"
    )
    shared.add_argument(
        "--timeout",
        type=_positive,
        default=600,
        metavar="SECONDS",
        help="longest time of one cell (default: %(default)s)",
    )
    return shared


def _varied() -> ArgumentParser:
    """The arguments of the commands that can change a notebook's parameters."""
    shared = ArgumentParser(add_help=False)
    shared.add_argument(
        *("-p", "--parameter"),
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="for example -p RUNS 20",
    )
    return shared


def _together() -> ArgumentParser:
    """The arguments of the commands that execute several notebooks at a time on this machine."""
    shared = ArgumentParser(add_help=False)
    shared.add_argument(
        "--jobs",
        type=_count,
        metavar="N",
        help="notebooks at a time (default: as cores and free memory allow); "
        "1 where seconds are measured",
    )
    return shared


def _count(text: str) -> int:
    """A whole number above 0, as typed on the command line."""
    if not (text.isdecimal() and int(text)):
        raise ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _positive(text: str) -> float:
    """A number above 0, as typed on the command line."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ArgumentTypeError(f"{text!r} is no positive number")
    return number


def _add_out(parser: argparse.ArgumentParser, default: str, what: str) -> None:
    about = f"{what} (default: %(default)s)"
    parser.add_argument("--out", type=Path, default=Path(default), help=about)


def _add_run(choices: argparse._SubParsersAction, shared: list[ArgumentParser]) -> None:
    about = "execute copies of the notebooks, print the verdicts"
    parser = choices.add_parser("run", parents=shared, help=about)
    _add_out(parser, "build", "folder of the copies")
    parser.set_defaults(command=commands.run)


def _add_execute(choices: argparse._SubParsersAction, shared: list[ArgumentParser]) -> None:
    about = "execute the notebooks where they lie"
    parser = choices.add_parser("execute", parents=shared, help=about)
    parser.set_defaults(command=commands.execute)


def _add_evidence(choices: argparse._SubParsersAction, shared: list[ArgumentParser]) -> None:
    about = "measure on a cluster with many replicates, and record what came out"
    parser = choices.add_parser("evidence", parents=shared, help=about)
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="1 records, each further one replicates the words (default: %(default)s)",
    )
    parser.add_argument(
        "--profile", choices=runtime.PROFILES, help="default: COURSE_PROFILE, else quick"
    )
    parser.add_argument(
        "--backend",
        action="append",
        choices=list(runtime.BACKENDS),
        help="may be given twice (default: tensorflow)",
    )
    parser.add_argument(
        "--changed",
        action="store_true",
        help="measure only statements whose cells are not those of the record",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="ID",
        help="measure only this statement, for example OVF-13; may be given again",
    )
    _add_place(parser)
    _add_out(parser, "evidence", "folder of the record")
    parser.add_argument(
        "--parts",
        type=Path,
        default=Path("build/evidence"),
        help="folder of what is finished, to go on from there (default: %(default)s)",
    )
    parser.set_defaults(command=commands.evidence)


def _add_lock(choices: argparse._SubParsersAction) -> None:
    about = "lock statements' criteria and judging cells before they are measured"
    parser = choices.add_parser("lock", help=about)
    parser.add_argument("statements", nargs="+", metavar="ID", help="for example CVB-02")
    parser.add_argument(
        "--because", default="", metavar="REASON", help="what changed and why, if it was locked"
    )
    parser.add_argument(
        "--unseen", action="store_true", help="its results had not been seen when it changed"
    )
    _add_record(parser)
    parser.set_defaults(command=commands.lock)


def _add_calibrate(choices: argparse._SubParsersAction) -> None:
    about = "print how often the protocol is wrong, simulated and in the evidence"
    parser = choices.add_parser("calibrate", help=about)
    _add_record(parser)
    parser.set_defaults(command=commands.calibrate)


def _add_record(parser: ArgumentParser) -> None:
    """Where the evidence lies."""
    parser.add_argument(
        "--evidence",
        type=Path,
        default=runtime.ROOT / "evidence",
        help="folder of the record (default: the course's)",
    )


def _add_place(parser: ArgumentParser) -> None:
    """Where to execute: on this machine, or on a cluster that is running."""
    place = parser.add_mutually_exclusive_group()
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


def _add_begin(choices: argparse._SubParsersAction) -> None:
    about = "copy the notebooks into work/, where nothing of yours is overwritten"
    choices.add_parser("begin", help=about).set_defaults(command=commands.begin)


def _add_progress(choices: argparse._SubParsersAction) -> None:
    about = "say what you have solved, and how often your predictions were right"
    choices.add_parser("progress", help=about).set_defaults(command=commands.progress)


def _add_handout(choices: argparse._SubParsersAction) -> None:
    about = "write a lesson for learners: no outputs, no answers to predictions"
    parser = choices.add_parser("handout", help=about)
    parser.add_argument("lesson", help="its number or name, for example 01 or 03b_update_rules")
    _add_out(parser, "handout", "folder of the notebook")
    parser.add_argument(
        "--nbgrader",
        action="store_true",
        help="write nbgrader's source, with solutions and tests, into a folder for its course",
    )
    parser.set_defaults(command=commands.handout)


def _add_cards(choices: argparse._SubParsersAction) -> None:
    about = "write review cards of lessons' verdicts and terms, for Anki"
    parser = choices.add_parser("cards", help=about)
    parser.add_argument(
        "lessons", nargs="*", metavar="LESSON", help="for example 01 (default: all that have cards)"
    )
    _add_out(parser, "cards", "folder of the .apkg files")
    parser.set_defaults(command=commands.cards)


def _add_grade(choices: argparse._SubParsersAction) -> None:
    about = "grade a folder of learners' notebooks: docs/teachers.md"
    parser = choices.add_parser("grade", help=about)
    parser.add_argument(
        "submissions", type=Path, help="folder with one .ipynb a learner, or one folder a learner"
    )
    _add_out(parser, "grades.csv", "the table")
    parser.add_argument(
        "--lesson",
        help="its number or name, for example 01 or 03b_update_rules (default: the one that most "
        "notebooks are of)",
    )
    _add_limits(parser)
    parser.set_defaults(command=commands.grade)


def _add_limits(parser: ArgumentParser) -> None:
    """What the examination of one answer may use."""
    parser.add_argument(
        "--seconds",
        type=_positive,
        default=60,
        help="longest computing time of one answer (default: %(default)s)",
    )
    parser.add_argument(
        "--memory",
        type=_positive,
        default=4,
        metavar="GIGABYTES",
        help="most memory of one answer (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=_count,
        default=min(os.cpu_count() or 1, 8),
        help="answers at a time (default: cores, at most 8)",
    )


def _add_doctor(choices: argparse._SubParsersAction) -> None:
    about = "say what is found here: backend, device, memory, data, versions"
    choices.add_parser("doctor", help=about).set_defaults(command=commands.doctor)


def _add_publish(choices: argparse._SubParsersAction) -> None:
    about = "write links and set-up cells for Colab, Kaggle, Codespaces, Binder and the book"
    parser = choices.add_parser("publish", help=about)
    parser.add_argument(
        "--repo", required=True, metavar="OWNER/NAME", help="the repository on GitHub"
    )
    parser.add_argument(
        "--ref", required=True, metavar="TAG", help="the tag that readers get, for example v1.0"
    )
    parser.set_defaults(command=commands.publish)


if __name__ == "__main__":
    sys.exit(main())
