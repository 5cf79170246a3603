"""The study behind NEW-04: `KERAS_BACKEND=jax python -m studies.saturation`, then without JAX.

It needs CIFAR-10 in COURSE_DATA_DIR. The net of listing b of note 003 on raw pixels: its softmax
inside the net, as there, against logits and `from_logits=True`. Every arm of a replicate has the
same photographs, initial weights and orders. What is in the results file is not trained again.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.nets import models
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "05c_saturation.json"
PHOTOS, HELD_OUT, EPOCHS, BATCH = 3_000, 2_000, 5, 32
JUDGED = list(training.seeds(1_032, 20))  # no notebook has this SEED
RAW, STANDARDIZED = "raw pixels", "standardized pixels"


def net(outputs: str | Callable | None) -> keras.Model:
    """20 layers of 100 units, ELU, He's initialization."""
    how = {"activation": "elu", "kernel_initializer": "he_normal", "output_activation": outputs}
    return models.mlp((32, 32, 3), [100] * 20, 10, **how)


def unseen(x):
    """A softmax that TensorFlow's cross-entropy does not recognize, as it is not the last step."""
    return keras.ops.softmax(x) * 1.0


def arms() -> dict[str, training.Recipe]:
    """The same net with its softmax inside, or in the loss."""
    crossentropy = keras.losses.SparseCategoricalCrossentropy
    ends = {"logits": (None, True), "softmax": ("softmax", False)}
    if keras.backend.backend() == "tensorflow":
        ends["softmax times 1"] = (unseen, False)
    return {
        arm: training.Recipe(
            partial(net, outputs),
            loss=crossentropy(from_logits=from_logits),
            optimizer=partial(keras.optimizers.Nadam, 0.0003),
            epochs=EPOCHS,
            batch_size=BATCH,
            metrics=["accuracy"],
        )
        for arm, (outputs, from_logits) in ends.items()
    }


def photos() -> datasets.Split:
    """Photographs, of which each replicate has its own."""
    pool = datasets.replicates("cifar10", JUDGED, train=PHOTOS, test=HELD_OUT)
    if pool.source == "embedded":
        raise SystemExit("There are no photographs: put cifar10.npz into COURSE_DATA_DIR.")
    return pool


def study(inputs: str, path: Path) -> None:
    """Train all arms on these inputs with the backend of today, and write down every epoch."""
    pool = photos()
    pool = pool.standardized() if inputs == STANDARDIZED else pool
    title = f"{inputs}, {keras.backend.backend()}"
    row: dict = read(path).get(title, {"arms": {}})
    for arm, recipe in tqdm(arms().items(), desc=title):
        if arm in row["arms"]:
            continue
        done = recipe.fit(pool, training.replicates(pool, JUDGED), progress=False)
        found = {"loss": done.history["loss"], "accuracy": done.history["accuracy"]}
        row["arms"][arm] = {key: np.round(values, 4).tolist() for key, values in found.items()}
        row["arms"][arm]["test_accuracy"] = done.test("accuracy").round(4).tolist()
        row |= {"data": str(pool), "correlation": pool.correlation, "versions": runtime.versions()}
        write(path, title, row)


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.saturation", description=__doc__)
    parser.add_argument("inputs", nargs="*", metavar="INPUTS", default=[RAW, STANDARDIZED])
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.inputs) - {RAW, STANDARDIZED}:
        parser.error(f"There are no {'; '.join(sorted(unknown))}; choose of {RAW}; {STANDARDIZED}.")
    for inputs in options.inputs:
        study(inputs, options.out)


if __name__ == "__main__":
    main()
