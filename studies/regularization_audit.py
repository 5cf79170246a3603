"""The tuning behind audit 4, on regularization: `python -m studies.regularization_audit`.

As `studies.overfitting`: all arms try the same learning rates on replicates that are not judged
later; the audit reads from the results file what was best, and judges that on others.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np

from helpers import datasets, runtime, training
from helpers.nets import models
from studies.overfitting import Tuning, half_size, repeated, sorter, study

RESULTS = runtime.ROOT / "notebooks" / "results" / "04_regularization_audit.json"
SEEDS = list(training.seeds(1_004, 5))  # no notebook has this SEED
RATES = tuple(float(rate) for rate in np.geomspace(1e-4, 1e-2, 5))
DROPOUT = (0.1, 0.2, 0.3, 0.5, 0.7)
SMOOTHING = (0.05, 0.1, 0.2, 0.4, 0.6)
MISTAKES = 0.1  # share of the labels


def pictures(train: int, valid: int) -> tuple[datasets.Split, dict]:
    """Clothes of 14 x 14 pixels from 0 to 1, and what `datasets.replicates` was asked for."""
    asked = {"name": "fashion", "seeds": SEEDS, "train": train, "valid": valid, "test": 1}
    pool = datasets.replicates(**asked)
    return pool.map(lambda x: half_size(x) / 255), {"replicates": asked}


def dropout_net(units: int, share: float) -> keras.Model:
    """A hidden layer of which this share is left out at each step."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(units, "relu")]
    layers += [keras.layers.Dropout(share), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((14, 14)), *layers])


def dropout() -> Tuning:
    """Dropout of 256 hidden units on 600 pictures, 1,200 steps: REG-11."""
    pool, asked = pictures(600, 300)
    plain = sorter([256], epochs=12, batch_size=60)
    arms = {
        f"dropout {share:g}": replace(plain, build=partial(dropout_net, 256, share))
        for share in DROPOUT
    }
    runs = repeated(training.replicates(pool, SEEDS), 6_000)
    return Tuning({"no dropout": plain, **arms}, pool, runs, RATES, widest=7, notes=asked)


def wines() -> Tuning:
    """A large and a small net with the early stopping of note 004: REG-43."""
    asked = {"name": "wine", "seeds": SEEDS, "train": 512, "valid": 100, "test": 1}
    pool = datasets.replicates(**asked).standardized()
    stopping = keras.callbacks.EarlyStopping(
        min_delta=0.001, patience=20, restore_best_weights=True
    )
    how = {"loss": "mae", "optimizer": "adam", "epochs": 500, "batch_size": 256}
    arms = {
        name: training.Recipe(partial(models.mlp, 11, hidden), early_stopping=stopping, **how)
        for name, hidden in {"large": [128] * 3, "small": [16]}.items()
    }
    runs, notes = training.replicates(pool, SEEDS), {"replicates": asked}
    return Tuning(arms, pool, runs, RATES, "val_loss", "best", 7, notes)


def drawn_wide(shape, deviation: float) -> keras.Model:
    """Two hidden layers whose weights, and those of the outputs, are drawn with this deviation."""
    weights = keras.initializers.RandomNormal(stddev=deviation)
    layers = [keras.layers.Dense(128, "relu", kernel_initializer=weights) for _ in range(2)]
    layers += [keras.layers.Dense(10, kernel_initializer=weights)]
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), *layers])


def brightened(white: float) -> keras.Model:
    """Two hidden layers with Keras's weights, behind pixels from 0 to `white`."""
    layers = [keras.layers.Rescaling(white), *models.mlp((14, 14), [128, 128], 10).layers]
    return keras.Sequential([keras.Input((14, 14)), *layers])


def numbers() -> Tuning:
    """Small and large weights, small and large pixels, by plain SGD in 800 steps: REG-44."""
    pool, asked = pictures(1_000, 0)
    builds = {
        "weights of 0.05": partial(drawn_wide, (14, 14), 0.05),
        "weights of 1": partial(drawn_wide, (14, 14), 1.0),
        "pixels to 1": partial(brightened, 1.0),
        "pixels to 255": partial(brightened, 255.0),
    }
    how = {"optimizer": "sgd", "epochs": 8, "batch_size": 50}
    arms = {name: sorter([], build=build, **how) for name, build in builds.items()}
    runs = repeated(training.replicates(pool, SEEDS), 5_000)
    rates = tuple(float(rate) for rate in np.geomspace(1e-4, 1, 9))
    # By the training loss, which is judged: on new pictures, large weights err so surely that the
    # rate with the lowest validation loss is one that leaves a net without any opinion.
    return Tuning(arms, pool, runs, rates, "loss", widest=17, notes=asked)


def softened() -> Tuning:
    """Smoothed labels where one in ten is wrong, 1,500 steps: REG-51."""
    pool, asked = pictures(1_000, 300)
    wrong = datasets.mistaken(pool.y_train, MISTAKES, training.generator(SEEDS[0]))
    pool = replace(pool, y_train=np.eye(10, dtype="float32")[wrong])
    arms = {
        f"smoothing {amount:g}": sorter(
            [256],
            loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=amount),
            epochs=15,
            batch_size=50,
        )
        for amount in (0.0, *SMOOTHING)
    }
    runs = repeated(training.replicates(pool, SEEDS), 5_000)
    return Tuning(arms, pool, runs, RATES, widest=7, notes=asked)


TUNINGS: dict[str, Callable[[], Tuning]] = {
    "REG-44, numbers": numbers,
    "REG-43, wines": wines,
    "REG-51, one in ten wrong": softened,
    "REG-11, dropout": dropout,
}


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(
        prog="python -m studies.regularization_audit", description=__doc__
    )
    parser.add_argument("tunings", nargs="*", metavar="TUNING", default=list(TUNINGS))
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.tunings) - TUNINGS.keys():
        parser.error(f"There is no {'; '.join(sorted(unknown))}; choose of {'; '.join(TUNINGS)}.")
    study(options.tunings, options.out, TUNINGS)


if __name__ == "__main__":
    main()
