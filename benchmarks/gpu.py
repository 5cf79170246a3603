"""The course on a GPU: `make gpu` runs every lesson and lesson 07's study there, with JAX, and
reports beside the CPU.

Writes build/gpu/: the executed lessons, the study's results, and report.md. Real CIFAR-10 is taken
from $COURSE_DATA_DIR. It needs no GPU: `make gpu GPU="--runs 2 --epochs 1 --size 1500 --lessons
03"` proves it on a CPU.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from helpers import datasets, runtime
from helpers.course import doctor, notebooks
from studies import cifar10


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


def study(names: list[str], split, seeds: range, epochs: int | None, path: Path) -> dict:
    """Lesson 07's study with all seeds of a variant in one program; results as `studies.cifar10`
    has them.

    They are in the file `path` whenever a variant is done.
    """
    rows = {}
    results = {
        "data": str(split),
        "machine": str(runtime.start()),
        "versions": runtime.versions(),
        "variants": rows,
    }
    for name in names:
        variant = cifar10.variants()[name]
        variant = replace(variant, epochs=epochs or variant.epochs)
        row = {
            "title": variant.title,
            **cifar10.sweep(variant, split, min(cifar10.SWEEP_EPOCHS, variant.epochs)),
        }
        rows[name] = row | {"runs": cifar10.final_runs(variant, split, list(seeds), row["rate"])}
        cifar10.write(results, path)
        print(name, *accuracies({"variants": {name: rows[name]}})[name], flush=True)
    return results


def accuracies(results: dict) -> dict[str, tuple[str, str]]:
    """For each variant of the study the test accuracy (mean, standard deviation, runs) and the
    seconds of a run.
    """
    found = {}
    for name, row in results["variants"].items():
        right = [100 * run["test"]["plain"] for run in row["runs"]]
        seconds = [run["seconds"] for run in row["runs"]]
        if right:
            accuracy = (
                f"{np.mean(right):.1f} ± {np.std(right, ddof=len(right) > 1):.1f} % ({len(right)})"
            )
            found[name] = accuracy, f"{np.mean(seconds):.1f} s"
    return found


def compared(here: dict, there: dict) -> list[str]:
    """Rows of the report: each variant here and in the course's own results."""
    ours, theirs = accuracies(here), accuracies(there)
    missing = ("not measured", "")
    return [
        f"| {name} | {' | '.join(ours[name])} | {' | '.join(theirs.get(name, missing))} |"
        for name in ours
    ]


def main() -> None:
    """Read the command line, run lessons and study, write the report."""
    parser = argparse.ArgumentParser(prog="make gpu", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=20, help="seeds of the study (default: %(default)s)"
    )
    parser.add_argument("--epochs", type=int, help="of the study (default: each variant's own)")
    parser.add_argument("--size", type=int, help="training images of the study (default: all)")
    parser.add_argument(
        "--variants", nargs="*", default=list(cifar10.variants()), metavar="VARIANT"
    )
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
    split = datasets.load("cifar10", size=options.size)
    here = study(
        options.variants,
        split,
        range(options.runs),
        options.epochs,
        options.out / "cifar10.json",
    )
    there = json.loads(cifar10.RESULTS.read_text(encoding="utf-8"))
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
        f"Lesson 07's study on {here['data']} here, on {there['data']} in the course's results.",
        "",
        "| variant | test accuracy here (runs) | a run | test accuracy, course | a run |",
        "|---|---|---|---|---|",
        *compared(here, there),
        "",
    ]
    (options.out / "report.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    sys.exit(any("stopped" in row for row in done))


if __name__ == "__main__":
    main()
