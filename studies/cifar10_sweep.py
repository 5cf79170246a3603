"""The note's search for a learning rate on real photographs, replayed: `python -m
studies.cifar10_sweep`, with CIFAR-10 in COURSE_DATA_DIR.

The note binds seven names to one model, so that each learning rate goes on with the weights that
the rate before has left. Replayed are that sweep and sweeps with a fresh net for each rate, and
what the note's training makes of the net that its sweep has left. Results are in the file of
`studies.cifar10`; what is there is not trained again.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from helpers import training
from studies import cifar10
from studies.augmentation import read, write
from studies.cifar10 import JUDGED, RESULTS, Arm, Pool, listed
from studies.cifar10 import SEVEN as RATES

EPOCHS = 10
NOTED, DRAWN = 60, 30  # runs with the note's division, and with their own
STAGES = 1_080  # SEEDs from here on, one for each rate; then those of the fresh nets
SEARCH = Arm(cifar10.exponential, raw=True, epochs=EPOCHS, patience=None)
FOUND = 3e-4  # the rate that the note takes from its sweep
TRAINING = Arm(cifar10.exponential, raw=True, rate=FOUND)
METRICS = {"valid_accuracy": "val_accuracy", "valid_loss": "val_loss"}


def runs_of(arm: Arm, pool: Pool, rate: float, stage: int, size: tuple) -> list[training.Run]:
    """Runs of one rate: weights and orders by the stage; the division is the run's in all stages.

    `size` is how many have the note's division, and how many their own.
    """
    noted, drawn = size
    seeds = training.seeds(STAGES + stage, noted + drawn)
    divisions = [None] * noted + list(training.seeds(JUDGED, drawn))
    return [
        replace(
            cifar10.run_of(arm, len(pool.y_train), seed, rate),
            **cifar10.division(len(pool.y_train), own),
        )
        for seed, own in zip(seeds, divisions, strict=True)
    ]


def measured(done: training.Runs) -> dict[str, np.ndarray]:
    """The figures of each run after its last epoch."""
    found = {name: done.last(metric) for name, metric in METRICS.items()}
    end = done.at_the_end()
    return found | {"test_accuracy": end.test("accuracy"), "test_loss": end.test("loss")}


def by_rate(figures: dict[str, np.ndarray]) -> dict:
    """Figures of shape (rates, runs) as rows of runs, a value for each rate."""
    return {"rates": list(RATES)} | {name: listed(values.T) for name, values in figures.items()}


def one_net(pool: Pool, size: tuple, path: Path, suffix: str) -> None:
    """The listing: one net through all rates; then the note's training of what is left."""
    weights: list = [None] * sum(size)
    stages = []
    for stage, rate in enumerate(RATES):
        runs = [
            replace(run, initial_weights=own)
            for run, own in zip(runs_of(SEARCH, pool, rate, stage, size), weights, strict=True)
        ]
        done = cifar10.fit(SEARCH, pool, runs)
        weights = done.final_weights
        stages.append(measured(done))
    figures = {name: np.stack([stage[name] for stage in stages]) for name in stages[0]}
    write(path, f"sweep, one net{suffix}", {"how": told(size), "sweep": by_rate(figures)})
    seeds = runs_of(TRAINING, pool, FOUND, 2 * len(RATES), size)
    runs = [replace(run, initial_weights=own) for run, own in zip(seeds, weights, strict=True)]
    done = cifar10.fit(TRAINING, pool, runs)
    found = cifar10.described(TRAINING, done, [run.seed for run in runs])
    write(path, f"b after the sweep{suffix}", {"how": told(size), "rate": FOUND} | found)


def fresh_nets(pool: Pool, size: tuple, path: Path, name: str, first: int) -> None:
    """A fresh net for each rate, of the SEED `first` and those after it."""
    every = [
        run
        for stage, rate in enumerate(RATES)
        for run in runs_of(SEARCH, pool, rate, first + stage, size)
    ]
    found = measured(cifar10.fit(SEARCH, pool, every))
    figures = {key: values.reshape(len(RATES), -1) for key, values in found.items()}
    write(path, name, {"how": told(size), "sweep": by_rate(figures)})


def told(size: tuple) -> dict:
    """How the runs are divided, for the results file."""
    return {"runs with the note's division": size[0], "runs with their own": size[1]}


def study(part: str, raw: Pool, path: Path, most: int | None) -> None:
    """Do one part, unless the file has it."""
    suffix = ", standardized" if part.endswith(", standardized") else ""
    pool = raw.standardized() if suffix else raw
    size = (0, 10) if suffix else (NOTED, DRAWN)
    size = tuple(min(count, most or count) for count in size)
    last = f"b after the sweep{suffix}" if part.startswith("one net") else f"sweep, {part}"
    if last in read(path):
        return
    if part.startswith("one net"):
        one_net(pool, size, path, suffix)
    elif part == "fresh nets, tuning":
        fresh_nets(pool, (0, min(5, most or 5)), path, last, 40)
    else:
        first = 30 if "again" in part else 20
        fresh_nets(pool, (0, size[1]), path, last, first)


PARTS = ("one net", "fresh nets", "fresh nets again", "fresh nets, tuning")
FURTHER = tuple(f"{part}, standardized" for part in PARTS[:3])


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.cifar10_sweep", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", default=[*PARTS, *FURTHER])
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    parser.add_argument("--size", type=int, help="training images, for a trial")
    parser.add_argument("--runs", type=int, help="at most of a part, for a trial")
    options = parser.parse_args()
    if unknown := set(options.parts) - {*PARTS, *FURTHER}:
        parser.error(f"There is no part {', '.join(sorted(unknown))}.")
    raw = cifar10.photographs(options.size)
    for part in options.parts:
        study(part, raw, options.out, options.runs)
        print(f"{part}: done", flush=True)


if __name__ == "__main__":
    main()
