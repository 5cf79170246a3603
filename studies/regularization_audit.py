"""The tuning behind audit 4, on regularization: `python -m studies.regularization_audit`.

As `studies.overfitting`: all arms try the same learning rates on replicates that are not judged
later; the audit reads from the results file what was best, and judges that on others.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import keras
import numpy as np

from helpers import datasets, runtime, training
from helpers.nets import models
from studies.overfitting import KEEPING, Tuning, half_size, main, repeated, sorter

RESULTS = runtime.ROOT / "notebooks" / "results" / "04_regularization_audit.json"
SEEDS = list(training.seeds(1_004, 5))  # no notebook has this SEED
RATES = tuple(float(rate) for rate in np.geomspace(1e-4, 1e-2, 5))
SMOOTHING = (0.025, 0.05, 0.1, 0.2, 0.4)
LEARNING_BY_HEART = tuple(float(rate) for rate in np.geomspace(5e-4, 8e-3, 5))
"""Not widened: at lower rates 1,800 steps would be early stopping in disguise."""
FINER = tuple(float(rate) for rate in np.geomspace(5e-4, 8e-3, 25))
"""For hard labels over the same span: as many trainings as those of five strengths together."""


def pictures(train: int, valid: int) -> tuple[datasets.Split, dict]:
    """Clothes of 14 x 14 pixels from 0 to 1, and what `datasets.replicates` was asked for."""
    asked = {"name": "fashion", "seeds": SEEDS, "train": train, "valid": valid, "test": 1}
    pool = datasets.replicates(**asked)
    return pool.map(lambda x: half_size(x) / 255), {"replicates": asked}


WINES = {"loss": "mae", "optimizer": "adam", "batch_size": 256}
LARGE = partial(models.mlp, 11, [128] * 3)


def table() -> tuple[datasets.Split, dict]:
    """Red wines, and what `datasets.replicates` was asked for."""
    asked = {"name": "wine", "seeds": SEEDS, "train": 512, "valid": 100, "test": 1}
    return datasets.replicates(**asked).standardized(), {"replicates": asked}


def wines() -> Tuning:
    """A large and a small net with the early stopping of note 004: REG-43."""
    pool, notes = table()
    stopping = keras.callbacks.EarlyStopping(
        min_delta=0.001, patience=20, restore_best_weights=True
    )
    arms = {
        name: training.Recipe(build, epochs=500, early_stopping=stopping, **WINES)
        for name, build in {"large": LARGE, "small": partial(models.mlp, 11, [16])}.items()
    }
    runs = training.replicates(pool, SEEDS)
    return Tuning(arms, pool, runs, RATES, "val_loss", "best", 9, notes)


def dropped() -> keras.Model:
    """The large net with dropout of 0.3 after each hidden layer."""
    hidden = [
        layer
        for _ in range(3)
        for layer in (keras.layers.Dense(128, "relu"), keras.layers.Dropout(0.3))
    ]
    return keras.Sequential([keras.Input((11,)), *hidden, keras.layers.Dense(1)])


def wines_for_long() -> Tuning:
    """The large net with dropout and without, 200 passes, by its lowest error: REG-27."""
    pool, notes = table()
    arms = {
        name: training.Recipe(build, epochs=50, early_stopping=KEEPING, **WINES)
        for name, build in {"plain": LARGE, "dropout": dropped}.items()
    }
    runs = repeated(training.replicates(pool, SEEDS), 4 * 512)
    return Tuning(arms, pool, runs, RATES, "val_loss", "best", 9, notes)


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


def numbers(optimizer: str = "sgd") -> Tuning:
    """Small and large weights, small and large pixels, 800 steps by plain SGD or Adam: REG-44."""
    pool, asked = pictures(1_000, 0)
    builds = {
        "weights of 0.05": partial(drawn_wide, (14, 14), 0.05),
        "weights of 1": partial(drawn_wide, (14, 14), 1.0),
        "pixels to 1": partial(brightened, 1.0),
        "pixels to 255": partial(brightened, 255.0),
    }
    how = {"optimizer": optimizer, "epochs": 8, "batch_size": 50}
    arms = {name: sorter([], build=build, **how) for name, build in builds.items()}
    runs = repeated(training.replicates(pool, SEEDS), 5_000)
    rates = tuple(float(rate) for rate in np.geomspace(1e-4, 1, 9))
    # By the training loss, which is judged: on new pictures, large weights err so surely that the
    # rate with the lowest validation loss is one that leaves a net without any opinion.
    return Tuning(arms, pool, runs, rates, "loss", widest=17, notes=asked)


def softened(amounts: tuple[float, ...], rates: tuple[float, ...]) -> Tuning:
    """Labels smoothed so much, or hard ones, on 600 pictures in 1,800 steps: REG-53."""
    pool, asked = pictures(600, 300)
    pool = replace(pool, y_train=np.eye(10, dtype="float32")[pool.y_train])
    arms = {
        f"smoothing {amount:g}": sorter(
            [128, 128],
            loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=amount),
            epochs=10,
            batch_size=50,
        )
        for amount in amounts
    }
    runs = repeated(training.replicates(pool, SEEDS), 9_000)
    return Tuning(arms, pool, runs, rates, widest=len(rates), notes=asked)


TUNINGS: dict[str, Callable[[], Tuning]] = {
    "REG-44, numbers": numbers,
    "REG-44, numbers with Adam": partial(numbers, "adam"),
    "REG-43, wines": wines,
    "REG-27, wines for long": wines_for_long,
    "REG-53, smoothing": partial(softened, SMOOTHING, LEARNING_BY_HEART),
    "REG-53, hard labels": partial(softened, (0.0,), FINER),
}

if __name__ == "__main__":
    main("regularization_audit", __doc__, TUNINGS, RESULTS)
