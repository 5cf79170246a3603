"""The study behind NEW-01: `python -m studies.frozen_shuffle`, with CIFAR-10 in COURSE_DATA_DIR.

A seeded `model.fit` on arrays brings the same minibatches in every epoch. Nets are trained with
such an order, and with an order drawn anew for each epoch; replicates are recorded one by one. The
part `orders` records what `model.fit` does: run it with each backend of Keras, and with Keras 2
(`python -m studies.frozen_shuffle orders --keras2`, where tf-keras is installed). What is in the
results file is not measured again.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.nets import models, recording
from helpers.training import tuning
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "05c_frozen_shuffle.json"
PHOTOS, HELD_OUT, EPOCHS, LATE = 3_000, 2_000, 20, 4
JUDGED = list(training.seeds(1_030, 20))  # SEEDs of no notebook; training photographs are disjoint
TUNING = list(training.seeds(1_031, 3))
RATES, WIDEST = (0.01, 0.03, 0.1, 0.3), 7
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
FROZEN, RESHUFFLED = "frozen", "reshuffled"
ORDERS: dict[str, Callable[[int, int], np.ndarray | None]] = {
    FROZEN: training.frozen_order,
    RESHUFFLED: lambda rows, seed: None,  # the compiled loop draws it anew for each epoch
}
NORMALIZED, DROPPED = "batch normalization", "alpha dropout"


def normalized() -> keras.Model:
    """The net of 003:59, with logits: batch normalization in every layer and on raw pixels."""
    how = {"activation": "elu", "kernel_initializer": "he_normal", "normalize_inputs": True}
    return models.batch_normalized_mlp((32, 32, 3), [100] * 20, 10, **how)


def dropped() -> keras.Model:
    """The net of 003:81, with logits: SELU, alpha dropout after the last hidden layer."""
    how = {"activation": "selu", "kernel_initializer": "lecun_normal"}
    *layers, last = models.mlp((32, 32, 3), [100] * 20, 10, **how).layers
    return keras.Sequential(
        [keras.Input((32, 32, 3)), *layers, keras.layers.AlphaDropout(0.1), last]
    )


def recipe(name: str) -> training.Recipe:
    """How the listing trains, for 20 epochs."""
    how = {"loss": LOGITS, "metrics": ["accuracy"], "epochs": EPOCHS}
    if name == NORMALIZED:
        return training.Recipe(
            normalized, optimizer=partial(keras.optimizers.Nadam, 0.0003), batch_size=32, **how
        )
    return training.Recipe(dropped, optimizer="sgd", batch_size=128, **how)


def photos(seeds: list[int]) -> datasets.Split:
    """Photographs, of which each replicate has its own; standardized for the SELU net only."""
    pool = datasets.replicates("cifar10", seeds, train=PHOTOS, valid=HELD_OUT, test=HELD_OUT)
    if pool.source == "embedded":
        raise SystemExit("There are no photographs: put cifar10.npz into COURSE_DATA_DIR.")
    return pool


def fed(arm: str, runs: list[training.Run]) -> list[training.Run]:
    """The runs with the orders of this arm, followed on the test part: nothing is chosen by it."""
    return [
        replace(
            run,
            order=ORDERS[arm](np.size(run.train_rows), run.seed),
            valid_rows=run.test_rows,
            test_rows=None,
        )
        for run in runs
    ]


def overfitting(
    done: training.Runs, pool: datasets.Split, runs: list[training.Run]
) -> Iterator[float]:
    """Loss on the test part less that on the training part, both in inference, at the end."""
    for weights, run in zip(done.final_weights, runs, strict=True):
        losses = []
        for rows in (run.valid_rows, run.train_rows):
            (outputs,) = done.forward([weights], pool.x_train[rows])
            found = LOGITS(pool.y_train[rows].ravel(), outputs)
            losses.append(float(keras.ops.convert_to_numpy(found)))
        yield losses[0] - losses[1]


def judge(name: str, path: Path, *, rates: dict[str, float] | None = None, chunk: int = 2) -> None:
    """Train the replicates with both orders and record them, a few at a time, always in pairs."""
    net, whole = recipe(name), photos(JUDGED)
    pool = whole if name == NORMALIZED else whole.standardized()
    runs = training.replicates(pool, JUDGED)
    row: dict = read(path).get(name) or {"arms": {arm: {} for arm in ORDERS}}
    known = len(next(iter(row["arms"].values())).get("overfitting", ()))
    for start in tqdm(range(known, len(runs), chunk), desc=name):
        some = runs[start : start + chunk]
        for arm in ORDERS:
            own = [replace(run, learning_rate=rates and rates[arm]) for run in fed(arm, some)]
            done = net.fit(pool, own, progress=False)
            found = {
                "test_accuracy": done.history["val_accuracy"],
                "training_loss": done.history["loss"],
            }
            found = {key: np.round(values, 4).tolist() for key, values in found.items()}
            found["overfitting"] = [round(gap, 4) for gap in overfitting(done, pool, own)]
            for key, values in found.items():
                row["arms"][arm].setdefault(key, []).extend(values)
        row |= {"data": str(pool), "correlation": pool.correlation, "train": PHOTOS, "rates": rates}
        write(path, name, row)


def tune(name: str, path: Path) -> dict[str, float]:
    """The best rate of each arm by the validation accuracy, mean of the last four epochs."""
    title, net, pool = f"tuning, {name}", recipe(name), photos(TUNING).standardized()
    runs = training.replicates(pool, TUNING)
    row: dict = read(path).get(title) or {"scores": {arm: {} for arm in ORDERS}}
    rates = list(RATES)
    while True:
        for arm in ORDERS:
            for rate in rates:
                if repr(rate) in row["scores"][arm]:
                    continue
                own = [
                    replace(new, learning_rate=rate, valid_rows=run.valid_rows)
                    for new, run in zip(fed(arm, runs), runs, strict=True)
                ]
                done = net.fit(pool, own, progress=False)
                score = done.history["val_accuracy"][:, -LATE:].mean(axis=1)
                row["scores"][arm][repr(rate)] = np.round(np.nan_to_num(score), 4).tolist()
                write(path, title, row)
        scores = {arm: np.array([row["scores"][arm][repr(r)] for r in rates]) for arm in ORDERS}
        found = training.Tuned("val_accuracy", np.array(rates), scores)
        further = tuning.beyond(found)[: max(0, WIDEST - len(rates))]
        if not further:
            break
        rates = sorted([*rates, *further])
    print(found)
    row |= {"best_rates": found.best, "at_edge": list(found.at_edge), "data": str(pool)}
    write(path, title, row)
    return found.best


def orders(path: Path, keras2: bool = False) -> None:
    """Which rows a seeded and an unseeded `model.fit` brings, in the Keras that runs here."""
    if keras2:
        import tf_keras as library  # pyright: ignore[reportMissingImports]

        name = f"Keras 2 (tf-keras {library.__version__}) with TensorFlow"
    else:
        library, backend = keras, {"tensorflow": "TensorFlow", "jax": "JAX"}
        name = f"Keras {keras.__version__} with {backend[keras.backend.backend()]}"
    rows = np.arange(12, dtype=np.float32)[:, None]
    given = {"epochs": 3, "library": library, "batch_size": 4}
    library.utils.set_random_seed(JUDGED[0])
    seeded = recording.minibatches(rows, rows[:, 0], **given)
    library.utils.set_random_seed(JUDGED[0])
    again = recording.minibatches(rows, rows[:, 0], **given)
    found = {"seed": JUDGED[0], "seeded": seeded, "again": again}
    write(path, "orders", read(path).get("orders", {}) | {name: found})
    print(name, *seeded, f"the same again: {seeded == again}", sep="\n")


def study(part: str, path: Path) -> None:
    """Do one part, without what the file at `path` has already."""
    if part == "orders":
        orders(path)
    elif part == NORMALIZED:
        judge(part, path)
    else:
        judge(part, path, rates=tune(part, path))


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.frozen_shuffle", description=__doc__)
    parts = ["orders", NORMALIZED, DROPPED]
    parser.add_argument(
        "parts", nargs="*", metavar="PART", default=parts, help=f"of {'; '.join(parts)}"
    )
    parser.add_argument("--keras2", action="store_true", help="record the orders of Keras 2")
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(
            f"There is no part {'; '.join(sorted(unknown))}; choose of {'; '.join(parts)}."
        )
    if options.keras2:
        orders(options.out, keras2=True)
        return
    for part in options.parts:
        study(part, options.out)


if __name__ == "__main__":
    main()
