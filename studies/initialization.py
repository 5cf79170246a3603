"""The trainings behind lesson 5, on initialization: `python -m studies.initialization`.

Deep nets on 2,000 pictures each. Every arm of a comparison tries the same learning rates on
replicates that are not judged later, and more of them while a best rate is at an edge; then each is
trained at its best on other replicates. The lesson judges what came out (BNI-17, 20, 22, 24, 27);
BNI-22 also takes from here the rate at which its nets are trained there, and BNI-23 of the audit
what they have learned. For the audit there are also the fastest rates on wines (QA-06), and the
times of predictions (BNI-23), which want a quiet machine; these two are done anew if they are
named. What has been trained is in the results file: start again to go on.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.nets import models
from helpers.reference import deep_nets, layers
from studies.augmentation import Scores, read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "05_initialization.json"
TUNED = training.seeds(1_010, 2)  # no notebook has these SEEDs
JUDGED = training.seeds(1_011, 10)
MORE = training.seeds(1_011, 30)  # of the notes' own training
WINES = training.seeds(1_012, 3)
RATES = (0.001, 0.01, 0.1, 1.0, 10.0)  # SGD
NADAM_RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
CLOSE_RATES = tuple(float(f"{10 ** (half / 2):.3g}") for half in range(-6, 0))  # 0.001 to 0.316
PIXELS_RATE = 0.0003  # the rate of the notes
TRAIN, VALID, TEST, BATCH = 2_000, 500, 1_000, 32
WIDEST = 11  # rates
LEARNS = 0.15  # accuracy: guessing has 0.1
FLATS = (deep_nets.FLAT, 1e-4, 1e-6)  # slopes that count as none; the first is what is judged
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@keras.saving.register_keras_serializable("course")
class EvenSGD(keras.optimizers.SGD):
    """SGD in which the gradient of every layer is first brought to the last hidden layer's size.

    Size is relative: the length of the gradient over that of the weights, bias and all. The output
    layer keeps its own.
    """

    def apply(self, grads, trainable_variables=None):
        """Scale the gradients, then do what SGD does."""
        variables = trainable_variables or self._trainable_variables
        layers = [slice(start, start + 2) for start in range(0, len(variables), 2)]
        relative = [length(grads[own]) / length(variables[own]) for own in layers]
        scales = [relative[-2] / size for size in relative[:-1]] + [1.0]
        scaled = [g * scale for own, scale in zip(layers, scales, strict=True) for g in grads[own]]
        super().apply(scaled, trainable_variables)


def length(arrays):
    """The length of all these together; squares of tiny numbers would be 0 in single precision."""
    parts = [keras.ops.reshape(keras.ops.convert_to_tensor(array), [-1]) for array in arrays]
    joined = keras.ops.concatenate(parts)
    largest: Any = keras.ops.maximum(keras.ops.max(keras.ops.abs(joined)), 1e-30)
    rest: Any = keras.ops.sqrt(keras.ops.sum(keras.ops.square(joined / largest)))
    return largest * rest


@dataclass(frozen=True)
class Net:
    """A stack of dense layers, and how it is trained; by default as Keras has it."""

    activation: str
    start: str = "glorot_uniform"
    depth: int = 20
    optimizer: str | type = "sgd"

    def recipe(self, shape: tuple, epochs: int) -> training.Recipe:
        """So many epochs on pictures of this shape."""
        options = {"activation": self.activation, "kernel_initializer": self.start}
        net = partial(models.mlp, shape, [deep_nets.UNITS] * self.depth, 10, **options)
        how = {"loss": LOSS, "optimizer": self.optimizer, "metrics": ["accuracy"]}
        return training.Recipe(net, epochs=epochs, batch_size=BATCH, **how)


@dataclass(frozen=True)
class Job:
    """Arms that are compared: tuned by `metric` after so many epochs, then judged by `measure`."""

    arms: dict[str, Net]
    epochs: int
    metric: str
    measure: "Callable[[Trained], dict[str, list]] | None" = None  # None: the arms are only tuned
    longer: int = 1  # what is judged trains for so many times the epochs
    rates: tuple[float, ...] = RATES  # a single one is not tuned
    pool: str = "fashion"
    judged: range = JUDGED
    draws: str = ""  # an arm that is trained on one replicate's pictures, other weights each time


@dataclass(frozen=True)
class Trained:
    """The runs of an arm, as they were asked for and as they came out."""

    job: Job
    net: Net
    pool: datasets.Split
    asked: list[training.Run]
    done: training.Runs

    def curve(self, metric: str, name: str) -> dict[str, list]:
        """The metric after the epochs of the tuning, and at the end; 0 for what diverged."""
        values = np.nan_to_num(self.done.history[metric]).round(5)
        return {
            name: values[:, self.job.epochs - 1].tolist(),
            f"{name}, longer": values[:, -1].tolist(),
        }

    def passed(self):
        """For each run, what its training pictures send through its hidden layers."""
        for weights, run in zip(self.done.weights, self.asked, strict=True):
            x = self.pool.x_train[run.train_rows]
            given = x.reshape(len(x), -1), weights[::2], self.net.activation, weights[1::2]
            yield deep_nets.forward(*given)


def accuracies(trained: Trained) -> dict[str, list]:
    """Accuracy on the training pictures, as the mean over an epoch."""
    return trained.curve("accuracy", "training accuracy")


def tested(trained: Trained) -> dict[str, list]:
    """Accuracy on test pictures, which are validated on once the tuning is done."""
    return trained.curve("val_accuracy", "test accuracy") | accuracies(trained)


def dead(trained: Trained) -> dict[str, list]:
    """The share of hidden units whose slope is next to 0 for every training picture."""
    slope = layers.ACTIVATIONS[trained.net.activation].slope
    found = {f"dead, {flat:g}": [] for flat in FLATS}
    for own in trained.passed():
        steepest = np.concatenate([slope(each.sums).max(axis=0) for each in own])
        for flat, shares in zip(FLATS, found.values(), strict=True):
            shares.append(float(np.mean(steepest <= flat)))
    return {"dead": found[f"dead, {FLATS[0]:g}"]} | found | accuracies(trained)


def spreads(trained: Trained) -> dict[str, list]:
    """Mean and standard deviation of the outputs of every layer, shape (replicates, layers)."""
    outputs = [[layer.outputs for layer in own] for own in trained.passed()]
    means = [[round(float(each.mean()), 5) for each in own] for own in outputs]
    deviations = [[round(float(each.std()), 5) for each in own] for own in outputs]
    return {"means": means, "standard deviations": deviations} | accuracies(trained)


SIGMOIDS = {"20 layers": Net("sigmoid"), "2 layers": Net("sigmoid", depth=2)}
NADAM = {name: replace(net, optimizer="nadam") for name, net in SIGMOIDS.items()}
ELU = {"He": Net("elu", "he_normal"), "0.05": Net("elu", "random_normal")}
RELU = Net("relu", "he_normal")
JOBS = {
    "BNI-17": Job(SIGMOIDS, 50, "accuracy", accuracies, longer=2),
    "BNI-17, 8 layers": Job({"8 layers": Net("sigmoid", depth=8)}, 50, "accuracy", accuracies),
    "BNI-17, Nadam": Job(NADAM, 50, "accuracy", accuracies, rates=NADAM_RATES),
    "BNI-17, even gradients": Job(
        {"even": Net("sigmoid", optimizer=EvenSGD)}, 50, "accuracy", accuracies
    ),
    "BNI-20": Job({"ReLU": RELU, "sigmoid": Net("sigmoid")}, 20, "accuracy", accuracies),
    "BNI-22": Job(
        {"ReLU": RELU, "ELU": ELU["He"]}, 10, "val_accuracy", accuracies, rates=CLOSE_RATES
    ),
    "BNI-22, Nadam": Job(
        {
            name: replace(net, optimizer="nadam")
            for name, net in (("ELU", ELU["He"]), ("ReLU", RELU))
        },
        10,
        "accuracy",
        dead,
        rates=(PIXELS_RATE,),
        pool="fashion, raw",
        judged=MORE,
    ),
    "BNI-24": Job(ELU, 50, "val_accuracy", tested, longer=2, draws="He"),
    "BNI-27": Job(
        {"SELU": Net("selu", "lecun_normal")},
        10,
        "val_accuracy",
        spreads,
        pool="cifar10",
    ),
}


@lru_cache(maxsize=1)
def pool_of(name: str) -> datasets.Split:
    """All pictures, ready: standardized as a whole, pixel by pixel as in the notes, or raw."""
    if name == "fashion, raw":
        return datasets.pool("fashion").map(lambda x: x.astype("float32"), note="pixels 0 to 255")
    if name == "cifar10":
        everything = datasets.pool("cifar10").map(lambda x: x.reshape(len(x), -1))
        return everything.standardized()  # of a table, each column
    return datasets.pool(name).standardized()


def replicates(job: Job, seeds, apart_from=None) -> datasets.Split:
    """The pool, divided for each seed, with test pictures that nothing was tuned on."""
    sizes = {"train": TRAIN, "valid": VALID, "test": TEST}
    return datasets.replicates(pool_of(job.pool), list(seeds), **sizes, apart_from=apart_from)


def widened(recipes, pool, runs, job: Job, scores: Scores) -> training.Tuned:
    """What each rate scores, and rates beyond them while the best of an arm that learns is an edge.

    The best rate of an arm that guesses at every rate is chance: for it nothing is widened.
    """
    rates = job.rates
    while True:
        how = {"metric": job.metric, "widest": len(rates), "known": scores}
        found = training.tuned(recipes, pool, runs, rates, **how)
        if not learning_at_edge(found) or len(rates) >= WIDEST:
            return found
        rates = (rates[0] ** 2 / rates[1], *rates, rates[-1] ** 2 / rates[-2])


def learning_at_edge(found: training.Tuned) -> list[str]:
    """The arms whose best rate is at an edge although they do better than guess."""
    return [arm for arm in found.at_edge if found.means[arm].max() > LEARNS]


def tune(title: str, path: Path) -> tuple[datasets.Split, dict]:
    """The best rate of each arm, and what was tried."""
    job = JOBS[title]
    pool = replicates(job, TUNED)
    if len(job.rates) == 1:
        return pool, {"best_rates": dict.fromkeys(job.arms, job.rates[0]), "at_edge": []}
    recipes = {
        name: net.recipe(pool.x_train.shape[1:], job.epochs) for name, net in job.arms.items()
    }
    runs = training.replicates(pool, TUNED)
    if not job.metric.startswith("val"):
        runs = [replace(run, valid_rows=None) for run in runs]
    with tqdm(unit="run", desc=title) as bar:
        scores = Scores(path, title, bar)
        found = widened(recipes, pool, runs, job, scores)
    print(found, flush=True)
    chosen = {"best_rates": found.best, "at_edge": learning_at_edge(found), "budget": found.budget}
    return pool, chosen | {"metric": job.metric, "scores": read(path)[title]["scores"]}


def judge(job: Job, name: str, rate: float, pool, runs) -> dict:
    """An arm trained at this rate on each run, and what is measured on it."""
    assert job.measure is not None
    net = job.arms[name]
    asked = [replace(run, learning_rate=rate) for run in runs]
    recipe = net.recipe(pool.x_train.shape[1:], job.epochs * job.longer)
    found = job.measure(Trained(job, net, pool, asked, recipe.fit(pool, asked)))
    return {"rate": rate, **found}


def asked_for(job: Job, pool) -> list[training.Run]:
    """The runs that are judged; their rates are chosen, so what they validate on is test rows."""
    parts = {"valid_rows": None, "test_rows": None}
    return [
        replace(run, **parts | ({"valid_rows": run.test_rows} if job.measure is tested else {}))
        for run in training.replicates(pool, job.judged)
    ]


def study(title: str, path: Path) -> None:
    """Tune the arms, and judge them, without what the file at `path` has already."""
    job = JOBS[title]
    tuned_on, chosen = tune(title, path)
    stored = read(path).get(title, {})
    row = {"epochs": job.epochs, "epochs, longer": job.epochs * job.longer, **chosen}
    row["judged"] = stored.get("judged", {})
    if job.measure is None:
        return write(path, title, row | {"data": str(tuned_on)})
    pool = replicates(job, job.judged, tuned_on)
    row |= {"data": str(pool), "correlation": pool.correlation}
    runs = asked_for(job, pool)
    sets = {name: (name, runs) for name in job.arms}
    if job.draws:
        epochs = np.tile(np.arange(TRAIN), (job.epochs, 1))
        order = np.random.default_rng(JUDGED[0]).permuted(epochs, axis=1)
        alike = [replace(runs[0], seed=seed, order=order) for seed in job.judged]
        sets["draws"] = (job.draws, alike)
    for key, (name, own) in sets.items():
        rate = chosen["best_rates"][name]
        known = row["judged"].get(key, {})
        if known.get("rate") != rate or len(known["training accuracy"]) != len(own):
            asked = replace(job, longer=1) if key == "draws" else job
            row["judged"][key] = judge(asked, name, rate, pool, own)
            write(path, title, row)
            told = {
                what: np.round(np.mean(np.atleast_1d(values), axis=0), 4).tolist()
                for what, values in row["judged"][key].items()
            }
            print(title, key, told, flush=True)
    write(path, title, row)


# For the audit ------------------------------------------------------------------------------------

WINE_RATES = tuple(float(f"{10 ** (half / 2):.3g}") for half in range(-10, 1))  # 0.00001 to 1
PASSES = (10, 50, 200, 770)  # 770 passes of 13 updates are 10,010
PAIRS, TRIES, PREDICTED = 30, 5, 10_000


def fastest_rates(path: Path) -> None:
    """Which rate takes each scale of the wines to 0.75 of the variance in the fewest passes: QA-06.

    Fewest on average, of logarithms; a run that does not arrive counts as 10,000 updates.
    """
    wines = datasets.replicates("wine", list(WINES), train=815, valid=272, test=272)
    wines = replace(wines, y_train=wines.y_train - wines.y_train.mean())
    net = partial(models.mlp, 11, [64, 64])
    recipe = training.Recipe(net, loss="mse", optimizer="sgd", epochs=1, batch_size=64)
    row: dict[str, Any] = {"best_rates": {}, "at_edge": [], "passes": {}, "data": str(wines)}
    for arm, how in {
        "as they are": lambda x, train: x,
        "from 0 to 1": datasets.unit_range,
        "standardized": datasets.standard,
    }.items():
        logs = log_passes(recipe, datasets.rescaled(wines, how, note=arm))
        row["best_rates"][arm] = WINE_RATES[logs.argmin()]
        row["at_edge"] += [arm] if logs.argmin() in (0, len(logs) - 1) else []
        means = zip(map(repr, WINE_RATES), np.exp(logs).round(1).tolist(), strict=True)
        row["passes"][arm] = dict(means)
        print("QA-06", arm, row["passes"][arm], flush=True)
    write(path, "QA-06", row)


def log_passes(recipe: training.Recipe, pool: datasets.Split) -> np.ndarray:
    """Logarithm of the passes at each rate, a mean over the replicates, shape (rates,).

    Where a run has not arrived, it is a lower bound; the trainings get longer until the lowest mean
    of all is no such bound.
    """
    runs = [
        replace(run, learning_rate=rate)
        for rate in WINE_RATES
        for run in training.replicates(pool, WINES)
    ]
    logs = np.empty(0)
    for epochs in PASSES:
        needed = training.passes_needed(replace(recipe, epochs=epochs), pool, runs, share=0.75)
        needed = needed.reshape(len(WINE_RATES), -1)
        logs = np.log(np.nan_to_num(needed, nan=epochs)).mean(axis=1)
        if np.isfinite(needed[logs.argmin()]).all():
            break
    return logs


def times_in_turns(path: Path) -> None:
    """Seconds in which the notes' net predicts 10,000 photographs, ELU and ReLU in turns: BNI-23.

    A time is the shortest of `TRIES`: other work on the machine can only make it longer. Which of
    them goes first changes from turn to turn.
    """
    photographs = datasets.pool("cifar10").standardized()
    x, times = photographs.x_train[:PREDICTED], {}
    nets = {
        name: models.mlp(
            (32, 32, 3), [100] * 20, 10, activation=name, kernel_initializer="he_normal"
        )
        for name in ("elu", "relu")
    }
    for turn in range(PAIRS * TRIES + 1):
        for name in sorted(nets, reverse=bool(turn % 2)):
            started = time.perf_counter()
            nets[name].predict(x, batch_size=32, verbose=0)  # pyright: ignore[reportArgumentType]
            times.setdefault(name, []).append(round(time.perf_counter() - started, 5))
    seconds = {  # the first warms up
        name: np.reshape(values[1:], (PAIRS, TRIES)).min(axis=1).tolist()
        for name, values in times.items()
    }
    print("BNI-23", {name: float(np.median(values)) for name, values in seconds.items()})
    write(path, "BNI-23", {"seconds": seconds, "data": str(photographs)})


WHOLE = {"QA-06": fastest_rates, "BNI-23": times_in_turns}


def main() -> None:
    """Read the command line and do the study."""
    titles = [*JOBS, *WHOLE]
    parser = argparse.ArgumentParser(prog="python -m studies.initialization", description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {'; '.join(titles)}")
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.jobs) - set(titles):
        parser.error(
            f"There is no job {'; '.join(sorted(unknown))}; choose of {'; '.join(titles)}."
        )
    for title in options.jobs or titles:
        if title in JOBS:
            study(title, options.out)
        elif options.jobs or title not in read(options.out):
            WHOLE[title](options.out)


if __name__ == "__main__":
    main()
