"""The tuning behind lesson 6, on convolution: `python -m studies.convolution`.

A convnet and an MLP with about as many parameters learn three versions of the same pictures of
clothes: centered, moved, and moved with permuted pixels. On each version both try the same learning
rates, on replicates that no notebook has, and validation pictures choose. What has been trained is
in the results file: start again to go on.
"""

import argparse
from functools import partial
from pathlib import Path

import keras
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.nets import models
from studies.augmentation import Scores, read, write
from studies.overfitting import found_in, half_size

RESULTS = runtime.ROOT / "notebooks" / "results" / "06_convolution.json"
SEEDS = training.seeds(1_009, 4)  # no notebook has this SEED
RATES = (0.001, 0.003, 0.01, 0.03)
WIDEST = 7
SIDE, FURTHEST = 14, 3
SIZES = {"train": 1_000, "valid": 500, "test": 1_000}
TRAINED = {"epochs": 30, "batch_size": 50}
NETS = {
    "convnet": partial(models.convnet, (SIDE, SIDE), [[8], [16], [32]], 10),
    "MLP": partial(models.mlp, (SIDE, SIDE), [30], 10),
}
VERSIONS = {
    "centered": lambda x, generator: x,
    "moved": lambda x, generator: datasets.moved(x, FURTHEST, generator),
    "permuted": lambda x, generator: datasets.permuted(
        datasets.moved(x, FURTHEST, generator), generator
    ),
}
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def recipes() -> dict[str, training.Recipe]:
    """Both nets, trained in the same way."""
    how = {"loss": LOGITS, "optimizer": "adam", "metrics": ["accuracy"], **TRAINED}
    return {name: training.Recipe(build, **how) for name, build in NETS.items()}


def drawn(seeds) -> datasets.Split:
    """Replicates of pictures of clothes, from 0 to 1."""
    small = datasets.pool("fashion").map(lambda x: half_size(x / 255), note="shrunk to 14 x 14")
    return datasets.replicates(
        small, seeds, train=SIZES["train"], valid=SIZES["valid"], test=SIZES["test"]
    )


def study(path: Path) -> None:
    """Tune both nets on every version, without what the file at `path` has already."""
    clothes = drawn(SEEDS)
    for title, change in VERSIONS.items():
        pool = datasets.each(clothes, SEEDS, change)
        with tqdm(unit="run", desc=title) as bar:
            how = {"metric": "val_accuracy", "widest": WIDEST, "known": Scores(path, title, bar)}
            runs = training.replicates(pool, SEEDS)
            found = training.tuned(recipes(), pool, runs, RATES, **how)
        row = {"data": str(pool), "tuned_on": {"seeds": list(SEEDS), **SIZES}, **TRAINED}
        row |= found_in(found, {"scores": read(path)[title]["scores"]})
        write(path, title, row)
        print(f"{title}\n{found}\n", flush=True)


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.convolution", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    study(parser.parse_args().out)


if __name__ == "__main__":
    main()
