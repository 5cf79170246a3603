"""The tuning behind REG-02, penalties on weights: `python -m studies.penalties`.

Nets with seven factors of L2 and one without a penalty try the same learning rates, those at which
the latter learns its pictures by heart, on five replicates that are not judged later. Which factor
and which rates are best is read from validation pictures; lesson 04 draws what was found and judges
the choice on test pictures. What has been trained is in the results file: start again to go on.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.nets import models
from studies.augmentation import read, write
from studies.overfitting import half_size, repeated

RESULTS = runtime.ROOT / "notebooks" / "results" / "04_penalties.json"
SEEDS = list(training.seeds(1_004, 5))  # no notebook has this SEED
RATES = tuple(float(rate) for rate in np.geomspace(1e-4, 1e-2, 5))
FACTORS = tuple(10.0**power for power in range(-6, 1))
TITLE = "REG-02, 3,000 steps"
PLAIN, KNOWN = "none", 0.99  # the arm without a penalty, and how much it must know of its pictures
STEPS, BATCH = 3_000, 30
EPOCH = 6_000  # rows: many passes over few pictures count as one epoch, which is faster
METRICS = ("loss", "val_loss", "accuracy")  # of the data: `loss` is without the penalty


def arms() -> dict[str, training.Recipe]:
    """How each arm is trained, by its name: the factor of its penalty."""
    layer = partial(models.mlp, (14, 14), [128], 10)
    plain = training.Recipe(
        layer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer="adam",
        epochs=STEPS * BATCH // EPOCH,
        batch_size=BATCH,
        metrics=["accuracy"],
    )
    penalized = {
        f"{factor:g}": replace(plain, build=partial(layer, kernel_regularizer=l2(factor)))
        for factor in FACTORS
    }
    return {PLAIN: plain} | penalized


def l2(factor: float) -> keras.regularizers.Regularizer:
    """The penalty that charges `factor` times the squared weights."""
    return keras.regularizers.L2(factor)


def by_heart(scores: dict) -> list[float]:
    """The rates at which the net without a penalty learns its pictures by heart."""
    tried = scores[PLAIN].items()
    return [float(rate) for rate, found in tried if np.mean(found["accuracy"]) >= KNOWN]


def chosen(scores: dict) -> dict:
    """The factor and the rates of the lowest mean validation loss, and what it was.

    Only rates at which the net without a penalty knows its pictures are asked.
    """
    means = {
        (arm, float(rate)): {metric: float(np.mean(values)) for metric, values in found.items()}
        for arm, tried in scores.items()
        for rate, found in tried.items()
    }
    asked = by_heart(scores)
    best = {
        arm: min(asked, key=lambda rate, arm=arm: means[arm, rate]["val_loss"]) for arm in scores
    }
    rows = {arm: {"rate": rate, **means[arm, rate]} for arm, rate in best.items()}
    factor = min((arm for arm in rows if arm != PLAIN), key=lambda arm: rows[arm]["val_loss"])
    at_edge = float(factor) in (FACTORS[0], FACTORS[-1])
    return {
        "rates_asked": asked,
        "factor": float(factor),
        "rate": rows[factor]["rate"],
        "rate_without": rows[PLAIN]["rate"],
        "factor_at_edge": at_edge,
        "budget": len(SEEDS) * len(means),
        "best": rows,
    }


def study(path: Path, recipes: dict[str, training.Recipe]) -> None:
    """Train what is asked of every arm, without what the file at `path` has already."""
    pool, asked = tuning_pool()
    runs = repeated(training.replicates(pool, SEEDS), EPOCH)
    row = read(path).get(TITLE, {"data": str(pool), **asked, "steps": STEPS, "scores": {}})

    def train(arms: list[str], rates: Sequence[float]) -> None:
        for arm, rate in tqdm([(arm, rate) for arm in arms for rate in rates]):
            tried = row["scores"].setdefault(arm, {})
            if repr(rate) not in tried:
                done = recipes[arm].fit(pool, [replace(run, learning_rate=rate) for run in runs])
                tried[repr(rate)] = {m: [round(float(v), 6) for v in done.last(m)] for m in METRICS}
                write(path, TITLE, row)

    train([PLAIN], RATES)
    train([arm for arm in recipes if arm != PLAIN], by_heart(row["scores"]))
    write(path, TITLE, row | {"choice": chosen(row["scores"])})


def tuning_pool() -> tuple[datasets.Split, dict]:
    """The pictures of the tuning replicates, from 0 to 1, and how they were divided."""
    asked = {"name": "fashion", "seeds": SEEDS, "train": 600, "valid": 500, "test": 1}
    pool = datasets.replicates(**asked)
    return pool.map(lambda x: half_size(x) / 255, note="shrunk to 14 x 14"), {"replicates": asked}


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.penalties", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    study(parser.parse_args().out, arms())


if __name__ == "__main__":
    main()
