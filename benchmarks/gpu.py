"""The course on a GPU: `make gpu` runs every lesson and lesson 07's study there, with JAX, and
reports beside the CPU.

Writes build/gpu/: the executed lessons, the study's results, and report.md. Real CIFAR-10 is taken
from $COURSE_DATA_DIR. It needs no GPU: `make gpu GPU="--runs 2 --epochs 1 --size 1500 --lessons
03"` proves it on a CPU.
"""

import argparse
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from helpers import runtime
from helpers.course import doctor, notebooks
from studies import cifar10
from studies.augmentation import read


def lessons(chosen: list[Path], out: Path, parameters: dict) -> list[str]:
    """Execute the lessons with papermill; a row of the report for each."""
    rows = []
    for path in chosen:
        start = time.perf_counter()
        try:
            notebooks.run(path, out / path.name, parameters, watch=lambda index: None, timeout=1800)
            outcome = "done"
        except notebooks.NotebookStopped as stop:
            outcome = f"stopped: {' '.join(stop.reason.split())[:120]}"
        rows.append(f"| {path.stem} | {time.perf_counter() - start:.0f} s | {outcome} |")
        print(rows[-1], flush=True)
    return rows


def study(names: list[str], options: argparse.Namespace, path: Path) -> dict:
    """Arms of lesson 07's study, in the file at `path` as soon as each is done; the results."""
    known, raw = cifar10.arms(), cifar10.photographs(options.size)
    standardized = raw.standardized()
    for name in names:
        arm = cifar10.smaller(known[name], options)
        start = time.perf_counter()
        cifar10.study(name, arm, raw if arm.raw else standardized, path)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return read(path)


def accuracy(row: dict) -> str:
    """The test accuracy of an arm: mean, standard deviation, runs."""
    right = 100 * np.array(row["runs"]["test_accuracy"], float)
    return f"{right.mean():.1f} ± {right.std(ddof=len(right) > 1):.1f} % ({len(right)})"


def compared(here: dict, there: dict) -> list[str]:
    """Rows of the report: each arm here and in the course's own results."""
    return [
        f"| {name} | {accuracy(row)} | {accuracy(there[name]) if name in there else 'none'} |"
        for name, row in here.items()
    ]


def main() -> None:
    """Read the command line, run lessons and study, write the report."""
    parser = argparse.ArgumentParser(prog="make gpu", description=__doc__)
    parser.add_argument("--runs", type=int, help="at most of an arm (default: its own number)")
    parser.add_argument("--epochs", type=int, help="at most of an arm (default: its own number)")
    parser.add_argument("--size", type=int, help="training images of the study (default: all)")
    parser.add_argument("--arms", nargs="*", default=["b", "c", "d", "e", "f"], metavar="ARM")
    parser.add_argument(
        "--lessons", nargs="*", metavar="NN", help="numbers of the lessons, as 03 (default: all)"
    )
    parser.add_argument(
        "--lesson-runs", type=int, help="RUNS of every lesson (default: each lesson's own)"
    )
    parser.add_argument("--out", type=Path, default=runtime.ROOT / "build" / "gpu")
    options = parser.parse_args()
    found = doctor.report()
    print(found, flush=True)
    chosen = [
        path
        for path in notebooks.lessons()
        if options.lessons is None or path.name[:2] in options.lessons
    ]
    done = lessons(
        chosen, options.out, {"RUNS": options.lesson_runs} if options.lesson_runs else {}
    )
    here = study(options.arms, options, options.out / "cifar10.json")
    there = read(cifar10.RESULTS)
    lines = [
        "# The course on this machine, with JAX",
        "",
        f"{date.today().isoformat()}",
        "",
        "```",
        found,
        "```",
        "",
        "| lesson | time | |",
        "|---|---|---|",
        *done,
        "",
        "| arm of lesson 07's study | test accuracy here (runs) | in the course's results |",
        "|---|---|---|",
        *compared(here, there),
        "",
    ]
    (options.out / "report.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    sys.exit(any("stopped" in row for row in done))


if __name__ == "__main__":
    main()
