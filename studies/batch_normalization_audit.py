"""The study behind audit 5b, on batch normalization: `python -m studies.batch_normalization_audit`.

Arms of a comparison try the same rates, on replicates that are not judged. What takes a notebook
too long is judged here too, on further replicates; for the rest, the audit reads the rates. What
has been trained is in the results file: start again to go on.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from keras import layers
from scipy import special
from sklearn import linear_model

from helpers import datasets, runtime, training
from helpers.nets import models
from studies.augmentation import read, write
from studies.batch_normalization import (
    ARMS,
    GUESSING,
    KINDS,
    LOGITS,
    at,
    best_of,
    gradients_of,
    kept,
    listed,
    on_edge,
    updates_to_target,
    widened,
)

RESULTS = runtime.ROOT / "notebooks" / "results" / "05b_batch_normalization_audit.json"
SCOUTS = training.seeds(1_017, 2)  # no notebook has this SEED
JUDGED = training.seeds(1_018, 8)  # nor this
Arm = Callable[[datasets.Split, Sequence[int], float], dict[str, list]]
"""Trains at a rate a replicate for each seed, and gives what they score, by name."""


@dataclass(frozen=True)
class Contest:
    """Arms that all try the same rates: which of their scores decides, and who is judged.

    `data` makes the replicates of some seeds; without `judged` only the rates are wanted.
    """

    arms: dict[str, Arm]
    data: Callable[[Sequence[int]], datasets.Split]
    rates: Sequence[str]
    by: str
    better: Callable = min
    judged: Sequence[int] = JUDGED
    scouts: Sequence[int] = SCOUTS


def hold(path: Path, title: str, contest: Contest) -> None:
    """Find the best rate of each arm, and what the arms score there on the judged replicates."""
    pool = contest.data(contest.scouts)

    def best(arm: str, tried: list[str]) -> str:
        scores = {}
        for rate in tried:
            find = partial(contest.arms[arm], pool, contest.scouts, float(rate))
            scores[rate] = kept(path, title, f"tuning, {arm}, {rate}", find)[contest.by]
        return best_of(scores, contest.better)

    tried = widened(contest.rates, lambda tried: [best(arm, tried) for arm in contest.arms])
    rates = {arm: best(arm, tried) for arm in contest.arms}
    notes = {"rates": rates, "at_edge": [a for a, rate in rates.items() if on_edge(rate, tried)]}
    if contest.judged:
        pool = contest.data(contest.judged)
        for arm, rate in rates.items():
            find = partial(contest.arms[arm], pool, contest.judged, float(rate))
            kept(path, title, f"{arm}, {rate}", find)
        notes |= told(pool)
    write(path, title, read(path)[title] | notes | {"tried": tried})


def told(pool: datasets.Split) -> dict:
    """What the audit says of the data, and how far replicates share their test or training rows."""
    shared = len(pool.divisions[0].train) / len(pool.y_train) if pool.correlation else 0.0
    return {"data": str(pool), "correlation": pool.correlation, "training_overlap": shared}


# Scales of the inputs: BNI-02 ---------------------------------------------------------------------

WINE_RATES = np.geomspace(1e-6, 1, 10)
ADAM_RATES = np.geomspace(1e-5, 0.1, 9)
FACTORS = np.geomspace(1, 1_000, 11)


def enlarged(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Standardized features, each multiplied by another number from 1 to 1,000."""
    return datasets.standard(x, train) * FACTORS


SCALES: dict[str, Callable] = {
    "as they are": lambda x, train: x,
    "standardized": datasets.standard,
    "from 0 to 1": datasets.unit_range,
    "times 1 to 1,000": enlarged,
}


def scales(path: Path) -> None:
    """Test errors of wines on four scales, each replicate of each at its own best rate."""
    title = "BNI-02"
    raw = datasets.replicates("wine", JUDGED, train=815, valid=272, test=272)
    wines = replace(raw, y_train=raw.y_train - raw.y_train.mean())
    net = training.Recipe(
        partial(models.mlp, 11, [64, 64]), loss="mse", optimizer="sgd", epochs=100, batch_size=64
    )
    settings: dict[str, tuple] = {name: (net, name, WINE_RATES) for name in SCALES}
    lower = np.geomspace(1e-10, 1, 16)  # large factors need small rates
    settings |= {
        f"{name}, 1e-10 to 1": (net, name, lower) for name in ("standardized", "times 1 to 1,000")
    }
    del settings["times 1 to 1,000"]
    adam = replace(net, optimizer="adam")
    settings |= {
        f"Adam, {name}": (adam, name, ADAM_RATES) for name in ("as they are", "standardized")
    }
    for name, (recipe, scale, rates) in settings.items():
        pool = datasets.rescaled(wines, SCALES[scale], note=scale)
        kept(path, title, name, partial(at_each_best, recipe, pool, rates))
    guesses = [
        np.square(wines.y_train[own.test] - wines.y_train[own.train].mean()).mean()
        for own in wines.divisions
    ]
    write(path, title, read(path)[title] | told(wines) | {"guessing": listed(guesses)})


def at_each_best(recipe: training.Recipe, pool: datasets.Split, rates: np.ndarray) -> dict:
    """Test errors of replicates at their own best rates, and with twice as many epochs there."""
    runs = training.replicates(pool, JUDGED)
    found = training.chosen(recipe, pool, runs, rates)
    own = [replace(run, learning_rate=r) for run, r in zip(runs, found.rates, strict=True)]
    longer = replace(recipe, epochs=2 * recipe.epochs).fit(pool, own)
    return {
        "test": listed(np.nan_to_num(found.runs.test("loss"), nan=np.inf)),
        "test, twice as long": listed(np.nan_to_num(longer.test("loss"), nan=np.inf)),
        "rates": [float(f"{rate:.3g}") for rate in found.rates],
        "void": found.void(),
    }


# Unstable, sound and slow: BNI-01 -----------------------------------------------------------------


def normalized_after(inputs: int, hidden: list[int]) -> keras.Model:
    """A net whose batch normalizations stand after the activations."""
    parts = [keras.Input((inputs,))]
    for width in hidden:
        parts += [layers.Dense(width, activation="relu"), layers.BatchNormalization()]
    return keras.Sequential([*parts, layers.Dense(1)])


def quality(scale: str, seeds: Sequence[int]) -> datasets.Split:
    """Red wines on this scale: 768 for training, so that no small batch comes last."""
    raw = datasets.replicates("wine", list(seeds), train=768, valid=272, test=272)
    return datasets.rescaled(raw, SCALES[scale], note=scale)


def taste(build: Callable, pool: datasets.Split, seeds: Sequence[int], rate: float) -> dict:
    """Absolute errors of the note's net, no larger than those of guessing the median; and whether
    its training is in trouble.
    """
    recipe = training.Recipe(
        partial(build, 11, [128] * 3), loss="mae", optimizer="sgd", epochs=300, batch_size=256
    )
    done = recipe.fit(pool, at(rate, training.replicates(pool, seeds)))
    y, guesses = pool.y_train, {}
    for part in ("train", "valid", "test"):
        guesses[part] = np.array(
            [
                np.abs(y[getattr(own, part)] - np.median(y[own.train])).mean()
                for own in pool.divisions
            ]
        )
    loss = done.history["loss"]
    with np.errstate(invalid="ignore"):
        jumps = (loss[:, -50:] >= 1.1 * loss[:, -51:-1]).any(axis=1)
        trouble = jumps | ~(loss[:, -1] < guesses["train"])
    return {
        "validation": listed(np.fmin(done.last("val_loss"), guesses["valid"])),
        "test": listed(np.fmin(done.test("loss"), guesses["test"])),
        "trouble": trouble.astype(int).tolist(),
    }


def unstable(path: Path) -> None:
    """The note's net on wines as they are, batch normalization after the activation or nowhere."""
    title, pool = "BNI-01, after", quality("as they are", JUDGED)
    for rate in (0.01, 0.1):
        find = partial(taste, models.mlp, pool, JUDGED, rate)
        found = kept(path, title, f"without, {rate:g}", find)
        if np.mean(found["trouble"]) >= 0.5:
            break
    kept(path, title, f"with, {rate:g}", partial(taste, normalized_after, pool, JUDGED, rate))
    write(path, title, read(path)[title] | told(pool) | {"rate": f"{rate:g}"})


def sound() -> Contest:
    """The same net on standardized wines, where training is in no trouble."""
    arms: dict[str, Arm] = {name: partial(taste, build) for name, build in KINDS.items()}
    return Contest(arms, partial(quality, "standardized"), ("0.01", "0.03", "0.1"), "validation")


def sorter(build: Callable, hidden: list[int], activation: str, epochs: int) -> training.Recipe:
    """A net that sorts pictures of clothes."""
    build = partial(build, (28, 28), hidden, 10, activation=activation)
    return training.Recipe(build, loss=LOGITS, optimizer="sgd", epochs=epochs, batch_size=32)


def clothes(train: int, seeds: Sequence[int]) -> datasets.Split:
    """Standardized pictures of clothes."""
    pool = datasets.pool("fashion").standardized()
    return datasets.replicates(pool, list(seeds), train=train, test=1)


def slow() -> Contest:
    """Updates that ten layers of sigmoids need until their loss is half of that of guessing."""

    def updates(arm: str, pool: datasets.Split, seeds: Sequence[int], rate: float) -> dict:
        recipe = sorter(ARMS[arm], [50] * 10, "sigmoid", 20)
        runs = at(rate, training.replicates(pool, seeds))
        found = np.log(updates_to_target(recipe, pool, runs, 0.5 * GUESSING, look=1))
        return {"log updates": listed(found)}

    arms: dict[str, Arm] = {arm: partial(updates, arm) for arm in ARMS}
    rates = ("0.03", "0.1", "0.3", "1")
    return Contest(arms, partial(clothes, 2_000), rates, "log updates", judged=JUDGED[:5])


# Values that change from layer to layer: BNI-14 ---------------------------------------------------


def efficient(hidden: list[int], activation: str, rates: Sequence[str], epochs=5, **who) -> Contest:
    """The training loss after equally many updates, in inference mode."""

    def losses(arm: str, pool: datasets.Split, seeds: Sequence[int], rate: float) -> dict:
        recipe = sorter(KINDS[arm], hidden, activation, epochs)
        done = recipe.fit(pool, at(rate, training.replicates(pool, seeds)))
        found = []
        for weights, own in zip(done.weights, pool.divisions, strict=True):
            (outputs,) = done.forward([weights], pool.x_train[own.train])
            found.append(float(LOGITS(pool.y_train[own.train], outputs)))
        return {"log loss": listed(np.nan_to_num(np.log(found), nan=np.log(GUESSING)))}

    arms: dict[str, Arm] = {arm: partial(losses, arm) for arm in KINDS}
    how = {"judged": JUDGED[:5], **who}
    data = partial(clothes, 4_992)  # 156 batches: no smaller one comes last
    return Contest(arms, data, rates, "log loss", **how)


# Odd threes: BNI-08 -------------------------------------------------------------------------------


def digits(seeds: Sequence[int]) -> datasets.Split:
    """Pictures of digits, pixels from 0 to 1."""
    pool = datasets.pool("digits").map(lambda x: (x / 16).astype("float32"))
    return datasets.replicates(pool, list(seeds), train=1_077, valid=360, test=360)


def reading_digits(activation: str) -> Contest:
    """Rates for nets of five layers that read digits."""
    start = {"elu": "he_normal", "selu": "lecun_normal"}[activation]

    def accuracy(arm: str, pool: datasets.Split, seeds: Sequence[int], rate: float) -> dict:
        how = {"activation": activation, "kernel_initializer": start}
        recipe = training.Recipe(
            partial(KINDS[arm], (8, 8), [100] * 5, 10, **how),
            loss=LOGITS,
            optimizer="sgd",
            epochs=20,
            batch_size=32,
            metrics=["accuracy"],
        )
        done = recipe.fit(pool, at(rate, training.replicates(pool, seeds)))
        return {"validation": listed(np.nan_to_num(done.last("val_accuracy"), nan=0.1))}

    arms: dict[str, Arm] = {arm: partial(accuracy, arm) for arm in KINDS}
    scouts = training.seeds(1_017, 4)
    rates = ("0.01", "0.03", "0.1", "0.3")
    return Contest(arms, digits, rates, "validation", max, (), scouts)


# Gradients after an epoch: BNI-09 -----------------------------------------------------------------


def photographs(seeds: Sequence[int]) -> datasets.Split:
    """What stands in for CIFAR-10, standardized."""
    pool = datasets.pool("cifar10").standardized()
    return datasets.replicates(pool, list(seeds), train=6_000, valid=500, test=1)


def after_an_epoch() -> Contest:
    """How uneven the gradients are in the layers of the note's net after an epoch."""

    def unevenness(arm: str, pool: datasets.Split, seeds: Sequence[int], rate: float) -> dict:
        how = {"activation": "elu", "kernel_initializer": "he_normal"}
        recipe = training.Recipe(
            partial(ARMS[arm], (32, 32, 3), [100] * 20, 10, **how),
            loss=LOGITS,
            optimizer="sgd",
            epochs=1,
            batch_size=32,
        )
        done = recipe.fit(pool, at(rate, training.replicates(pool, seeds)))
        gradients = gradients_of(done, pool, arm, "elu")
        found = [np.std(np.log10(np.maximum(sizes, 1e-300))) for sizes in gradients]
        losses = np.nan_to_num(done.last("val_loss"), nan=1e6, posinf=1e6)
        return {"validation": listed(losses), "unevenness": listed(found)}

    arms: dict[str, Arm] = {arm: partial(unevenness, arm) for arm in ARMS}
    rates = ("0.001", "0.003", "0.01", "0.03")
    return Contest(arms, photographs, rates, "validation", judged=JUDGED[:5])


# Sigmoids on standardized values: BNI-15, BNI-16 --------------------------------------------------

STEPS, PASSES, POINTS = 500, 10, 1_000
MOON_RATES = ("0.01", "0.03", "0.1", "0.3")


def moons(seeds: Sequence[int]) -> datasets.Split:
    """Two moons of 1,000 points, others for each seed."""
    return datasets.replicates("moons", list(seeds), train=POINTS, valid=500, test=1_000)


def moon_net(normalized: bool, hidden: Sequence[int], learned: bool) -> keras.Model:
    """Sigmoid layers, their sums normalized or not, with a learned scale and shift or without."""
    parts = [keras.Input((2,))]
    for width in hidden:
        parts += [layers.Dense(width)]
        parts += [layers.BatchNormalization(center=learned, scale=learned)] if normalized else []
        parts += [layers.Activation("sigmoid")]
    return keras.Sequential([*parts, layers.Dense(2)])


@dataclass(frozen=True)
class Sigmoids:
    """Nets on the moons: `batch` is the number of points in a batch, of which the gradient is.

    The sums are normalized by those points, or with `by_all` by all training points.
    """

    normalized: bool = True
    hidden: tuple[int, ...] = (16,)
    learned: bool = False
    batch: int = POINTS
    by_all: bool = False
    passes: int = PASSES  # of 500 steps

    def __call__(self, pool: datasets.Split, seeds: Sequence[int], rate: float) -> dict:
        """Accuracies of a net for each seed, with the statistics of all training points."""
        spread = self.by_all and self.batch < POINTS
        recipe = training.Recipe(
            partial(moon_net, self.normalized, self.hidden, self.learned),
            loss=LOGITS,
            optimizer="adam",
            epochs=self.passes,
            batch_size=POINTS if self.by_all else self.batch,
        )
        make = weighted if spread else in_batches
        runs = at(rate, make(pool, seeds, self.batch))
        done = recipe.fit(twofold(pool) if spread else pool, runs)
        found = [
            self.accuracies(weights, pool, own)
            for weights, own in zip(done.weights, pool.divisions, strict=True)
        ]
        valid, test = zip(*found, strict=True)
        return {"validation": listed(valid), "test": listed(test)}

    def accuracies(self, weights: list[np.ndarray], pool: datasets.Split, own) -> list[float]:
        """Validation and test accuracy."""
        x, left = pool.x_train, list(weights)
        for _ in self.hidden:
            kernel, bias, *left = left
            x = x @ kernel + bias
            if self.normalized:
                seen = x[own.train]
                x = (x - seen.mean(axis=0)) / np.sqrt(seen.var(axis=0) + 0.001)
                if self.learned:
                    gamma, beta, *left = left
                    x = x * gamma + beta
                left = left[2:]  # moving averages
            x = special.expit(x)
        kernel, bias = left
        right = (x @ kernel + bias).argmax(axis=1) == pool.y_train
        return [float(right[rows].mean()) for rows in (own.valid, own.test)]


def batches_of(seed: int, size: int) -> np.ndarray:
    """Places of the training points in 500 batches, shape (500, size)."""
    generator, found, count = training.generator(seed), [], 0
    while count < STEPS:
        places = generator.permutation(POINTS)[: POINTS // size * size].reshape(-1, size)
        found, count = [*found, places], count + len(places)
    return np.concatenate(found)[:STEPS]


def in_batches(pool: datasets.Split, seeds: Sequence[int], size: int) -> list[training.Run]:
    """Runs that are given the points of each batch."""
    found = []
    for run in training.replicates(pool, seeds):
        rows = run.train_rows[batches_of(run.seed, size)].ravel()
        found.append(replace(run, train_rows=rows, order=np.arange(len(rows)), valid_rows=None))
    return found


def weighted(pool: datasets.Split, seeds: Sequence[int], size: int) -> list[training.Run]:
    """Runs that are given all points at every step, with weight on those of its batch only.

    They are for `twofold(pool)`, in whose second half every point has weight 0.
    """
    points, found = len(pool.y_train), []
    weights = np.repeat([POINTS / size, 0], points).astype("float32")
    for run in training.replicates(pool, seeds):
        idle = np.ones((STEPS, POINTS), int)
        np.put_along_axis(idle, batches_of(run.seed, size), 0, axis=1)
        rows = (run.train_rows + points * idle).ravel()
        order = np.arange(len(rows))
        own = {"sample_weight": weights, "order": order, "valid_rows": None, "test_rows": None}
        found.append(replace(run, train_rows=rows, **own))
    return found


def twofold(pool: datasets.Split) -> datasets.Split:
    """The pool with every example twice."""
    x, y = (np.concatenate([part, part]) for part in (pool.x_train, pool.y_train))
    return replace(pool, x_train=x, y_train=y)


def linear(path: Path) -> None:
    """Nets of normalized sigmoids, and logistic regression, on the moons: BNI-15."""
    title = "BNI-15"
    one, three = Sigmoids(), Sigmoids(hidden=(16,) * 3)
    arms: dict[str, Arm] = {"free": Sigmoids(normalized=False), "one layer": one}
    arms |= {"three layers": three, "scale and shift": Sigmoids(learned=True)}
    hold(path, title, Contest(arms, moons, MOON_RATES, "validation", max))
    pool, rate = moons(JUDGED), read(path)[title]["rates"]["one layer"]
    longer = replace(one, passes=2 * PASSES)
    kept(path, title, "one layer, 10,000 steps", partial(longer, pool, JUDGED, float(rate)))
    kept(path, title, "line", lambda: {"test": listed([straight(pool, o) for o in pool.divisions])})


def straight(pool: datasets.Split, own) -> float:
    """Test accuracy of logistic regression."""
    x, y = pool.x_train, pool.y_train
    line = linear_model.LogisticRegression(C=1e6).fit(x[own.train], y[own.train])
    return line.score(x[own.test], y[own.test])


def company(size: int) -> Contest:
    """Statistics of batches against those of all points, gradients of batches in both: BNI-16."""
    arms: dict[str, Arm] = {
        "of the batch": Sigmoids(batch=size),
        "of all points": Sigmoids(batch=size, by_all=True),
    }
    if size == 32:
        arms["scale and shift"] = Sigmoids(batch=size, learned=True)
    return Contest(arms, moons, MOON_RATES, "validation", max)


FIVE, TEN = [100] * 5, [100] * 10
RELU, SIGMOID = ("0.03", "0.1", "0.3"), ("0.1", "0.3", "1")
PARTS: dict[str, Callable] = {
    "BNI-08, elu": partial(reading_digits, "elu"),
    "BNI-08, selu": partial(reading_digits, "selu"),
    "BNI-14, five layers of ReLU": partial(efficient, FIVE, "relu", RELU, judged=()),
    "BNI-14, five layers of sigmoids": partial(efficient, FIVE, "sigmoid", SIGMOID),
    "BNI-14, ten layers of ReLU": partial(efficient, TEN, "relu", RELU),
    "BNI-14, 20 epochs": partial(efficient, FIVE, "relu", RELU, 20),
    "BNI-01, after": unstable,
    "BNI-01, slow": slow,
    "BNI-16, batches of 32": partial(company, 32),
    "BNI-15": linear,
    "BNI-16, batches of 8": partial(company, 8),
    "BNI-02": scales,
    "BNI-09, after an epoch": after_an_epoch,
    "BNI-01, sound": sound,
}
WHOLE = (scales, unstable, linear)  # these write into the file themselves


def main() -> None:
    """Read the command line and do these parts of the study."""
    parser = argparse.ArgumentParser(
        prog="python -m studies.batch_normalization_audit", description=__doc__
    )
    parser.add_argument("parts", nargs="*", metavar="PART", default=list(PARTS))
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"There is no {'; '.join(sorted(unknown))}; choose of {'; '.join(PARTS)}.")
    for title in options.parts:
        do = PARTS[title]
        if do in WHOLE:
            do(options.out)
        else:
            hold(options.out, title, do())


if __name__ == "__main__":
    main()
