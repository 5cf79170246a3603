"""The study behind audit 1, on overfitting: `python -m studies.overfitting`.

Where nets are compared each at its best, all try the same learning rates (and whatever else is
named) on replicates that are not judged later; the audit reads from the results file what was best
and judges that on others. One training is too long for a notebook: its replicates are judged
themselves (OVF-29). What has been trained is in the file: start again to go on.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.nets import augmentation, models
from studies.augmentation import Scores, read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "01_overfitting.json"
SEEDS = training.seeds(1_001, 10)  # no notebook has this SEED
FEW, MANY = list(SEEDS[:5]), list(SEEDS)
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
KEEPING = keras.callbacks.EarlyStopping(patience=10**6, restore_best_weights=True)


@dataclass(frozen=True)
class Tuning:
    """Arms, the replicates on which all try the same rates, and the score that decides."""

    arms: dict[str, training.Recipe]
    pool: datasets.Split
    runs: list[training.Run]
    rates: tuple[float, ...]
    metric: str = "val_accuracy"
    at: str = "last"
    widest: int = 8
    notes: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Whole:
    """A study that is no tuning, and writes into the results file itself."""

    do: Callable[[Path], None]


def half_size(x: np.ndarray) -> np.ndarray:
    """Pictures of half the height and width."""
    return x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).astype("float32")


def clothes(seeds: list[int], train: int, valid: int, test: int = 1) -> tuple[datasets.Split, dict]:
    """Pictures of clothes, and what `datasets.replicates` was asked for."""
    asked = {"name": "fashion", "seeds": seeds, "train": train, "valid": valid, "test": test}
    pool = datasets.replicates(**asked)
    return pool.map(half_size, note="shrunk to 14 x 14").standardized(), {"replicates": asked}


def repeated(runs: list[training.Run], rows: int, **own) -> list[training.Run]:
    """The runs with their examples so often that an epoch has so many rows."""
    return [replace(run, train_rows=np.resize(run.train_rows, rows), **own) for run in runs]


def sorter(hidden: list[int], shape=(14, 14), classes: int = 10, **how) -> training.Recipe:
    """A net that sorts its inputs into classes."""
    build = how.pop("build", partial(models.mlp, shape, hidden, classes))
    defaults = {"loss": LOGITS, "optimizer": "adam", "metrics": ["accuracy"], "batch_size": 100}
    return training.Recipe(build, **{**defaults, **how})


def regressor(hidden: list[int], inputs: int, **how) -> training.Recipe:
    """A net that predicts a number; with one input the kinks of its units are scattered."""
    biases = keras.initializers.RandomUniform(-1, 1)
    scattered = {"kernel_initializer": "he_uniform", "bias_initializer": biases}
    build = partial(models.mlp, inputs, hidden, **(scattered if inputs == 1 else {}))
    defaults = {"loss": "mse", "optimizer": "adam", "batch_size": 50}
    return training.Recipe(build, **{**defaults, **how})


def dropout_net(share: float) -> keras.Model:
    """256 hidden units, this share of which is left out at each step."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(256, "relu")]
    layers += [keras.layers.Dropout(share), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((14, 14)), *layers])


# Cures of overfitting: OVF-02, OVF-09 -------------------------------------------------------------

CURES = {"rates": (0.001, 0.002, 0.004, 0.008), "widest": 4}  # at all the noise is swallowed
WRONG = 0.2  # share of the labels


def cures() -> Tuning:
    """Everything that OVF-02 tries but early stopping, all for 120 passes over the pictures."""
    pool, asked = clothes(FEW, 1_000, 500)
    plain = sorter([256], epochs=12)
    layer = partial(models.mlp, (14, 14), [256], 10)
    penalized = {
        f"L2 {value:g}": partial(layer, kernel_regularizer=keras.regularizers.L2(value))
        for value in (0.0003, 0.001, 0.003)
    }
    limited = {
        f"max-norm {norm:g}": partial(layer, kernel_constraint=keras.constraints.MaxNorm(norm))
        for norm in (0.5, 1, 2)
    }
    thinned = {f"dropout {share:g}": partial(dropout_net, share) for share in (0.5, 0.7, 0.9)}
    family = {
        name: replace(plain, build=build) for name, build in (penalized | limited | thinned).items()
    }
    smaller = {f"{n} units": sorter([n], epochs=12) for n in (4, 8, 16, 32, 64, 128)}
    copies = {name: replace(plain, augment=how) for name, how in augmentation.copies(14).items()}
    notes = {**asked, "family": [*family], "rivals": [*smaller, *copies]}
    runs = [wrongly_labelled(pool, run, WRONG) for run in training.replicates(pool, FEW)]
    runs = repeated(runs, 10_000)
    return Tuning({"plain": plain, **family, **smaller, **copies}, pool, runs, **CURES, notes=notes)


def early_stopping() -> Tuning:
    """Early stopping of OVF-02: an epoch is one pass, after which it looks."""
    pool, asked = clothes(FEW, 1_000, 500)
    stopping = {
        f"early stopping, patience {patience}": sorter(
            [256],
            epochs=120,
            early_stopping=keras.callbacks.EarlyStopping(
                patience=patience, restore_best_weights=True
            ),
        )
        for patience in (4, 8, 16)
    }
    runs = [wrongly_labelled(pool, run, WRONG) for run in training.replicates(pool, FEW)]
    return Tuning(stopping, pool, runs, **CURES, at="best", notes=asked)


def noise(metric: str = "val_accuracy") -> Tuning:
    """Dropout where 40 % of the labels are wrong: OVF-09, 144 passes over the pictures."""
    pool, asked = clothes(FEW, 1_000, 500)
    plain = sorter([256], epochs=12)
    arms = {"no dropout": plain}
    if metric == "val_accuracy":
        arms |= {
            f"dropout {share:g}": replace(plain, build=partial(dropout_net, share))
            for share in (0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
        }
    runs = [wrongly_labelled(pool, run, 0.4) for run in training.replicates(pool, FEW)]
    runs = repeated(runs, 12_000)
    rates = (0.0005, 0.001, 0.002, 0.004)  # at the lowest the noise may not be swallowed
    return Tuning(arms, pool, runs, rates, metric, widest=len(rates), notes=asked)


def wrongly_labelled(pool: datasets.Split, run: training.Run, share: float) -> training.Run:
    """The run with this share of its training labels replaced by another class."""
    generator, labels = training.generator(run.seed), pool.y_train.copy()
    rows = generator.permutation(run.train_rows)[: round(share * len(run.train_rows))]
    labels[rows] = (labels[rows] + generator.integers(1, 10, len(rows))) % 10
    return replace(run, targets=labels)


# Ten times as long: OVF-29 ------------------------------------------------------------------------

LONG = "OVF-29, ten times the updates"
JUDGED = list(training.seeds(1_002, 30))  # replicates that are judged: the tuning has others
LOOKS = 200  # at the losses, one every 80 updates


def long_arms() -> dict[str, tuple[datasets.Split, int, list[training.Run]]]:
    """The pictures, hidden units and runs of each arm."""
    few, plenty = (clothes(JUDGED, train, 500, 1_000)[0] for train in (1_000, 4_000))
    clean, many = (training.replicates(pool, JUDGED) for pool in (few, plenty))
    scarce = [replace(run, train_rows=run.train_rows[:500]) for run in many]
    wrong = [wrongly_labelled(few, run, 0.2) for run in clean]
    return {
        "500 pictures": (plenty, 128, [wrongly_labelled(plenty, run, 0.2) for run in scarce]),
        "4,000 pictures": (plenty, 128, [wrongly_labelled(plenty, run, 0.2) for run in many]),
        "128 units": (few, 128, wrong),
        "8 units": (few, 8, wrong),
        "true labels": (few, 128, clean),
    }


def long_rises(path: Path) -> None:
    """Put into the file at `path` by how much the test loss of each arm rises after the turn of
    the validation loss, and when that is (0 to 1, median).
    """
    for arm, (pool, units, runs) in long_arms().items():
        row = read(path).get(LONG, {"arms": {}})
        if arm in row["arms"]:
            continue
        recipe = sorter([units], epochs=LOOKS, batch_size=50, early_stopping=KEEPING)
        kept = recipe.fit(pool, repeated(runs, 4_000, learning_rate=0.003))
        rise = kept.at_the_end().test("loss") - kept.test("loss")
        row["arms"][arm] = {
            "data": str(pool),
            "correlation": pool.correlation,
            "turn": float(np.median(kept.best_epoch + 1)) / LOOKS,
            "rises": [round(float(value), 6) for value in rise],
        }
        write(path, LONG, row)
        print(f"{LONG}, {arm}: the test loss rises by {rise.mean():.3f}")


# The size of nets: OVF-14, OVF-15, OVF-30, OVF-32 -------------------------------------------------


def by_heart(pictures: int) -> Tuning:
    """Random labels learned by heart in 4,800 updates: OVF-14."""
    pool, asked = clothes(FEW, pictures, 0)
    arms = {
        name: sorter(hidden, epochs=40)
        for name, hidden in {"32 units": [32], "8 units": [8]}.items()
    }
    runs = []
    for run in repeated(training.replicates(pool, FEW), 12_000):
        labels = training.generator(run.seed).integers(0, 10, len(pool.y_train))
        runs.append(replace(run, targets=labels.astype(pool.y_train.dtype)))
    return Tuning(arms, pool, runs, (0.001, 0.003, 0.01), "accuracy", widest=5, notes=asked)


def much_data() -> Tuning:
    """A bigger and deeper net on 8,000 pictures: OVF-15."""
    pool, asked = clothes(FEW, 8_000, 400)  # more would leave too few test pictures
    how = {"epochs": 20, "early_stopping": KEEPING}
    arms = {"256-256 units": sorter([256, 256], **how), "16 units": sorter([16], **how)}
    runs, rates = training.replicates(pool, FEW), (0.001, 0.003, 0.01)
    return Tuning(arms, pool, runs, rates, at="best", notes=asked)


def noisy_table() -> Tuning:
    """Early stopping as in note 004, on as many points as the wines: OVF-30."""
    pool = datasets.replicates("friedman", MANY, train=900, valid=300, test=1)
    stopping = keras.callbacks.EarlyStopping(
        min_delta=0.001, patience=20, restore_best_weights=True
    )
    how = {"loss": "mae", "epochs": 500, "batch_size": 225, "early_stopping": stopping}
    arms = {"32": regressor([32], 10, **how), "512-512-512": regressor([512] * 3, 10, **how)}
    runs, rates = training.replicates(pool, MANY), (0.001, 0.003, 0.01)
    return Tuning(arms, pool, runs, rates, "val_loss", "best", 6)


def teeth() -> Tuning:
    """A sawtooth: which errors remain on its 200 points? OVF-30."""
    pool = datasets.function("four teeth", FEW, inputs=1, noise=0, train=200, test=1)
    arms = {f"{units} units": regressor([units], 1, epochs=20) for units in (64, 4)}
    runs, rates = training.replicates(pool, FEW), (0.001, 0.003, 0.01)
    return Tuning(arms, pool, repeated(runs, 10_000), rates, "loss")


def enlarged() -> Tuning:
    """Six sizes on 4,000 pictures, 60 passes, by the training loss: OVF-32."""
    pool, asked = clothes(FEW, 4_000, 0)
    sizes = {f"{units} units": [units] for units in (4, 8, 16, 32)}
    sizes |= {f"{units}-{units} units": [units, units] for units in (8, 16)}
    arms = {name: sorter(hidden, epochs=20) for name, hidden in sizes.items()}
    runs, rates = repeated(training.replicates(pool, FEW), 12_000), (0.001, 0.003, 0.01)
    return Tuning(arms, pool, runs, rates, "loss", notes=asked)


# Wide and deep: OVF-34, OVF-35 --------------------------------------------------------------------


def shapes(name: str) -> Tuning:
    """The two enlarged nets of note 004 on points of one function: OVF-34."""
    pool = datasets.function(name, FEW, inputs=11, noise=0.1, train=500, valid=500, test=1)
    arms = {"wide": regressor([32], 11, epochs=20), "deep": regressor([16, 16], 11, epochs=20)}
    runs, rates = training.replicates(pool, FEW), (0.001, 0.003, 0.01)
    return Tuning(arms, pool, repeated(runs, 5_000), rates, "val_loss")


REAL = {
    "wine": {"name": "wine", "train": 500, "valid": 60, "test": 1},
    "digits": {"name": "digits", "train": 500, "valid": 80, "test": 1},
    "clothes": {"name": "fashion", "train": 1_000, "valid": 500, "test": 1},
}
MADE = {"four teeth": 1, "sines": 10, "linear": 10}
"""The number of inputs of each function."""


def contest(name: str) -> Tuning:
    """A wide and a deep net with as many parameters on one of six data sets: OVF-35."""
    notes: dict = {}
    if name in MADE:
        sizes = {"inputs": MADE[name], "noise": 0.01, "train": 500, "valid": 500, "test": 1}
        pool = datasets.function(name, MANY, **sizes)
    else:
        notes["replicates"] = {"seeds": MANY, **REAL[name]}
        pool = datasets.replicates(**notes["replicates"])
        if name == "clothes":
            pool = pool.map(half_size, note="shrunk to 14 x 14")
        pool = pool.standardized()
    nets = wide_and_deep(pool)
    notes["parameters"] = {shape: net.build().count_params() for shape, net in nets.items()}
    runs, metric = training.replicates(pool, MANY), "val_loss"
    if pool.class_names:
        metric = "val_accuracy"
    rates = (0.001, 0.003, 0.01)
    return Tuning(nets, pool, repeated(runs, 10_000), rates, metric, "best", 9, notes)


def wide_and_deep(pool: datasets.Split) -> dict[str, training.Recipe]:
    """Three hidden layers of 32 units, and one with as many parameters."""
    shape, outputs = pool.x_train.shape[1:], len(pool.class_names) or 1
    size = models.mlp(shape, [32] * 3, outputs).count_params()
    width = round((size - outputs) / (np.prod(shape) + 1 + outputs))
    how = {"epochs": 20, "batch_size": 50, "early_stopping": KEEPING}
    return {
        name: sorter(hidden, shape, outputs, **how)
        if pool.class_names
        else regressor(hidden, shape[0], **how)
        for name, hidden in (("deep", [32] * 3), ("wide", [width]))
    }


TUNINGS: dict[str, Callable[[], Tuning] | Whole] = {
    "OVF-02, cures": cures,
    "OVF-02, early stopping": early_stopping,
    "OVF-09, dropout": noise,
    "OVF-09, labels repeated": partial(noise, "accuracy"),
    "OVF-14, 1,000 pictures": partial(by_heart, 1_000),
    "OVF-14, 2,000 pictures": partial(by_heart, 2_000),
    "OVF-15, 8,000 pictures": much_data,
    LONG: Whole(long_rises),
    "OVF-30, table": noisy_table,
    "OVF-30, four teeth": teeth,
    "OVF-32, 4,000 pictures": enlarged,
    **{f"OVF-34, {name}": partial(shapes, name) for name in ("linear", "smooth", "products")},
    **{f"OVF-35, {name}": partial(contest, name) for name in (*REAL, *MADE)},
}


def found_in(tuned: training.Tuned, notes: dict) -> dict:
    """What the audit reads of a tuning: the best rate of each arm, and its mean score there."""
    means = {arm: values[tuned.rates == tuned.best[arm]][0] for arm, values in tuned.means.items()}
    return notes | {
        "metric": tuned.metric,
        "best_rates": tuned.best,
        "best_means": {arm: round(float(mean), 4) for arm, mean in means.items()},
        "budget": tuned.budget,
        "at_edge": list(tuned.at_edge),
    }


def study(titles: list[str], path: Path, tunings: dict | None = None) -> None:
    """Do these tunings, without what the file at `path` has already."""
    for title in titles:
        asked = (tunings or TUNINGS)[title]
        if isinstance(asked, Whole):
            asked.do(path)
            continue
        tuning = asked()
        if isinstance(tuning, dict):  # a study that is done at once
            write(path, title, tuning)
            continue
        runs = len(tuning.runs)
        with tqdm(total=len(tuning.arms) * len(tuning.rates) * runs, unit="run", desc=title) as bar:
            scores = Scores(path, title, bar)
            bar.update(len(scores) * runs)
            how = {"metric": tuning.metric, "at": tuning.at, "widest": tuning.widest}
            tuned = training.tuned(
                tuning.arms, tuning.pool, tuning.runs, tuning.rates, known=scores, **how
            )
        row = {"data": str(tuning.pool), **found_in(tuned, tuning.notes)}
        write(path, title, row | {"scores": read(path)[title]["scores"]})
        print(f"{tuned}\n")


def main(name: str, description: str | None, tunings: dict, results: Path) -> None:
    """Read the command line and do the study of this name."""
    parser = argparse.ArgumentParser(prog=f"python -m studies.{name}", description=description)
    parser.add_argument("tunings", nargs="*", metavar="TUNING", default=list(tunings))
    parser.add_argument(
        "--out", type=Path, default=results, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.tunings) - tunings.keys():
        parser.error(f"There is no {'; '.join(sorted(unknown))}; choose of {'; '.join(tunings)}.")
    study(options.tunings, options.out, tunings)


if __name__ == "__main__":
    main("overfitting", __doc__, TUNINGS, RESULTS)
