"""The tuning behind lesson 3b, on update rules, and a meeting: `python -m studies.update_rules`.

Every rule tries the same learning rates on replicates that are not judged later; the lesson reads
from the results file what was best, and judges that on others. Then all rules meet on five tasks,
at the rates of the other tasks and at their own: the lesson judges that, too. What has been trained
is in that file: start again to go on.
"""

import argparse
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.reference import optimizers, rule_nets
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "03b_update_rules.json"
SEEDS = training.seeds(1_003, 5)  # no notebook has this SEED
JUDGED = training.seeds(1_006, 30)  # nor this
AT_ONCE = 5  # replicates: more would not fit into the processor's cache
EPOCHS = 30
WORDS = "reviews"  # words are there or not: 1 or 0, and stay so
GENERATED = ("moons",)
DIVERGED = 1e6  # the loss of a training that left the numbers
RATES = [float(f"{10 ** (half / 2):.3g}") for half in range(-10, 5)]  # 0.00001 to 100
RULES = optimizers.FAMILY


@dataclass(frozen=True)
class Task:
    """A data set, its division, and the net for it."""

    name: str
    train: int
    valid: int  # rows of each replicate of the tuning
    test: int
    keep: int  # validation rows by which a judged net keeps its best epoch
    sizes: tuple[int, ...]
    batch_size: int

    def replicates(self, seeds) -> dict:
        """What `datasets.replicates` is asked for."""
        sizes = {"train": self.train, "valid": self.valid, "test": self.test}
        return {"name": self.name, "seeds": list(seeds), **sizes}


TASKS = {
    "wine": Task("wine", 500, 120, 200, 200, (11, 32, 1), 20),
    "digits": Task("digits", 800, 160, 300, 200, (64, 32, 10), 20),
    "clothes": Task("fashion", 4_000, 500, 1_000, 500, (196, 32, 10), 50),
    "moons": Task("moons", 1_000, 300, 1_000, 300, (2, 32, 2), 20),
    "reviews": Task("reviews", 2_000, 500, 1_000, 500, (500, 16, 2), 40),
}


def rows_of(x: np.ndarray, columns: int) -> np.ndarray:
    """Inputs as rows of numbers: pictures of 28 x 28 shrunk to half, the commonest words."""
    if x.shape[1:] == (28, 28):
        x = x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    return x.reshape(len(x), -1)[:, :columns].astype("float32")


def ready(split: datasets.Split, task: Task) -> datasets.Split:
    """The split as the nets of a task take it."""
    split = split.map(lambda x: rows_of(x, task.sizes[0]))
    return split if task.name == WORDS else split.standardized()


@lru_cache(maxsize=1)
def replicates_of(task: Task) -> tuple[datasets.Split, dict]:
    """The pool of a task, and its divisions by their seeds."""
    pool = ready(datasets.replicates(**task.replicates(SEEDS)), task)
    return pool, dict(zip(SEEDS, pool.divisions, strict=True))


def judged_of(task: Task) -> datasets.Split:
    """Replicates that are tested on nothing that the tuning has seen."""
    sizes = {"train": task.train, "valid": task.keep, "test": task.test}
    if task.name in GENERATED:  # always fresh
        return ready(datasets.replicates(task.name, JUDGED, **sizes), task)
    pool = ready(datasets.pool(task.name), task)
    tuned_on = datasets.replicates(**task.replicates(SEEDS) | {"name": pool})
    return datasets.replicates(pool, JUDGED, **sizes, apart_from=tuned_on)


def met(task: Task, name: str, rates: list[float]) -> rule_nets.Kept:
    """What a rule reaches on a task with each rate."""
    pool, divisions = replicates_of(task)
    rules = [RULES[name](rate) for rate in rates]
    data, how = (pool.x_train, pool.y_train), {"epochs": EPOCHS, "batch_size": task.batch_size}
    return rule_nets.keep_best(rules, task.sizes, data, divisions, **how)


def by_rate(rates: list[float], values: np.ndarray) -> dict[str, list[float]]:
    """Values (rates, replicates) as the results file has them."""
    return {repr(rate): rounded(row) for rate, row in zip(rates, values, strict=True)}


def chosen(scores: dict[str, dict[str, list[float]]]) -> dict:
    """The rate of every rule with the lowest mean score, and which rules have it at an edge."""
    rates = {name: list(found) for name, found in scores.items()}
    places = {
        name: int(np.argmin([np.mean(found[rate]) for rate in rates[name]]))
        for name, found in scores.items()
    }
    return {
        "best_rates": {name: float(rates[name][place]) for name, place in places.items()},
        "at_edge": [n for n, place in places.items() if place in (0, len(rates[n]) - 1)],
    }


# One task, many rates: OPT-31 ---------------------------------------------------------------------


def task_tuning(title: str, path: Path) -> None:
    """The validation loss of every rule with every rate on one task, at its best epoch.

    That is the epoch with the lowest mean over the replicates: with little data the best epoch of
    one net is luck.
    """
    task = TASKS[title.rpartition(" ")[2]]
    for name in RULES:
        row = read(path).get(title, {"scores": {}})
        if name in row["scores"]:
            continue
        lowest = met(task, name, RATES).valid.mean(axis=1).min(axis=-1)
        row["scores"][name] = by_rate(RATES, lowest[:, None])
        how = asdict(task) | {"replicates": task.replicates(SEEDS)}
        write(path, title, how | chosen(row["scores"]) | {"scores": row["scores"]})


def learnable(tunings: dict[str, dict]) -> dict[str, dict]:
    """The tunings of tasks on which some rule gets 5 % below guessing.

    What diverges scores as guessing does, so the worst score of all is that of guessing.
    """
    found = {}
    for name, row in tunings.items():
        scores = [np.mean(own) for rates in row["scores"].values() for own in rates.values()]
        if min(scores) < 0.95 * max(scores):
            found[name] = row
    return found


def borrowed(tunings: dict[str, dict], rule: str, name: str) -> float:
    """The rate with the lowest mean logarithm of the validation loss on the other tasks."""
    others = [row["scores"][rule] for other, row in tunings.items() if other != name]
    return float(min(others[0], key=lambda rate: sum(np.log(np.mean(own[rate])) for own in others)))


def meeting(title: str, path: Path) -> None:
    """What all rules lose on a task, each at the rate of the other tasks and at its own.

    The effective rates are those of the first replicates, at the rates tuned on the task.
    """
    name = title.rpartition(" ")[2]
    tunings = learnable({other: read(path)[f"tuning, {other}"] for other in TASKS})
    if title in read(path):
        return
    if name not in tunings:
        write(path, title, {"left_out": True})
        return
    rates = {
        "borrowed": {rule: borrowed(tunings, rule, name) for rule in RULES},
        "own": tunings[name]["best_rates"],
    }
    arms = sorted({(rule, rate) for used in rates.values() for rule, rate in used.items()})
    pool, task = judged_of(TASKS[name]), TASKS[name]
    divisions, kept = list(zip(JUDGED, pool.divisions, strict=True)), []
    for first in tqdm(range(0, len(JUDGED), AT_ONCE), desc=name):
        kept.append(
            rule_nets.keep_best(
                [RULES[rule](rate) for rule, rate in arms],
                task.sizes,
                (pool.x_train, pool.y_train),
                dict(divisions[first : first + AT_ONCE]),
                epochs=EPOCHS,
                batch_size=task.batch_size,
            )
        )
    losses = np.concatenate([each.test for each in kept], axis=1)
    lengths = kept[0].effective_rate
    row = {
        "left_out": False,
        "data": str(pool),
        "correlation": pool.correlation,
        "rates": rates,
        "test": {
            part: {rule: rounded(losses[arms.index((rule, used[rule]))]) for rule in RULES}
            for part, used in rates.items()
        },
        "effective_rate": {
            rule: [rounded(own) for own in lengths[arms.index((rule, rates["own"][rule]))]]
            for rule in RULES
        },
    }
    write(path, title, row)


def rounded(values: np.ndarray) -> list[float]:
    """As the results file has them."""
    return [round(float(value), 6) for value in values]


# Long trainings: OPT-19, OPT-24, OPT-25 -----------------------------------------------------------

LONG = {
    "momentum": (("SGD", "momentum"), (196, 128, 64, 10), 390, 20),
    "long": (("Adagrad", "RMSprop"), (196, 32, 10), 4_000, 100),
}
LAST = {"momentum": 5, "long": 1}  # epochs over which the logarithm of the loss is averaged
LONG_RATES = {"momentum": RATES[4:12], "long": RATES[1:11]}


def ended(which: str, name: str) -> dict[str, np.ndarray]:
    """Logarithms of validation and training loss with every rate, (rates, replicates).

    They are means over the last epochs.
    """
    _, sizes, train, epochs = LONG[which]
    pool, divisions = replicates_of(Task("fashion", train, 500, 1, 500, sizes, 32))
    train_rows, valid_rows, _ = map(np.stack, zip(*divisions.values(), strict=True))
    order = tqdm(rule_nets.orders(train_rows, SEEDS, epochs), desc=name, total=epochs)
    rules = [RULES[name](rate) for rate in LONG_RATES[which]]
    data, start = (pool.x_train, pool.y_train), rule_nets.initial(sizes, SEEDS)
    last = deque(rule_nets.train(rules, start, sizes, data, order), maxlen=LAST[which])
    found = {}
    for part, rows in (("validation", valid_rows), ("training", train_rows)):
        own = [
            rule_nets.loss(epoch.weights, sizes, *(array[rows] for array in data)) for epoch in last
        ]
        found[part] = np.log(np.where(np.isfinite(own), own, DIVERGED)).mean(axis=0)
    return found


def long_tuning(title: str, path: Path) -> None:
    """What the rules of a long training end with, at each rate: OPT-19, OPT-24, OPT-25.

    The scores are logarithms.
    """
    which = title.rpartition(" ")[2]
    names, sizes, train, epochs = LONG[which]
    for name in names:
        row = read(path).get(title, {"validation": {"scores": {}}, "training": {"scores": {}}})
        if name in row["validation"]["scores"]:
            continue
        for part, losses in ended(which, name).items():
            scores = row[part]["scores"] | {name: by_rate(LONG_RATES[which], losses)}
            row[part] = chosen(scores) | {"scores": scores}
        how = {"sizes": sizes, "train": train, "epochs": epochs, "batch_size": 32}
        how |= {"last": LAST[which]}
        write(path, title, row | how)


STUDIES: dict[str, Callable[[str, Path], None]] = {
    "tuning, long": long_tuning,
    "tuning, momentum": long_tuning,
    **{f"tuning, {task}": task_tuning for task in TASKS},
    **{f"meeting, {task}": meeting for task in TASKS},
}


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.update_rules", description=__doc__)
    parser.add_argument("studies", nargs="*", metavar="STUDY", default=list(STUDIES))
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.studies) - STUDIES.keys():
        parser.error(f"There is no {'; '.join(sorted(unknown))}; choose of {'; '.join(STUDIES)}.")
    for title in options.studies:
        STUDIES[title](title, options.out)


if __name__ == "__main__":
    main()
