"""The exercise of lesson 07 on real CIFAR-10: `python -m studies.cifar10`.

The photographs are those of COURSE_DATA_DIR, else the stand-in. Every variant gets its learning
rate from a sweep on validation data (one seed, few epochs), then its runs; the test images are used
by these final runs alone. Finished runs are in the results file: start again to go on.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from helpers import datasets, files, runtime, training
from helpers.nets import augmentation, models
from helpers.reference import schedules

RESULTS = runtime.ROOT / "studies" / "results" / "cifar10.json"
SWEEP_SEED = 1000  # no final run has it
SWEEP_EPOCHS = 5
SAMPLES = 50  # forward passes of Monte-Carlo dropout
ROWS = 1000  # images predicted at a time
SHAPE, CLASSES, DEPTH = (32, 32, 3), 10, [100] * 20


@dataclass(frozen=True)
class Variant:
    """One row of the table: a net, how it is trained, and the learning rates that its sweep
    tries.
    """

    title: str
    net: Callable  # without arguments, a Keras model of standardized images
    optimizer: Callable
    rates: tuple[float, ...]
    epochs: int
    batch_size: int = 128
    patience: int | None = (
        None  # of early stopping on the validation accuracy; None: 1cycle, which ends by itself
    )
    augment: Callable | None = None
    further: dict[str, Callable] = field(
        default_factory=dict
    )  # other ways to predict: name -> (model, images)


def variants() -> dict[str, Variant]:
    """The rows of the table, the most important first."""
    out = {"outputs": CLASSES, "output_activation": "softmax"}
    he = out | {"activation": "elu", "kernel_initializer": "he_normal"}
    self_normalizing = out | {"activation": "selu", "kernel_initializer": "lecun_normal"}
    modern = out | {"activation": "gelu", "kernel_initializer": "he_normal"}
    nadam = keras.optimizers.Nadam
    moved = augmentation.chain(augmentation.flips(), augmentation.shifts(3))

    def adamw():
        return keras.optimizers.AdamW(weight_decay=0.01)

    def dropped():
        layers = models.mlp(SHAPE, DEPTH, **self_normalizing).layers
        return keras.Sequential(
            [keras.Input(SHAPE), *layers[:-1], keras.layers.AlphaDropout(0.1), layers[-1]]
        )

    return {
        "b": Variant(
            "ELU, He",
            lambda: models.mlp(SHAPE, DEPTH, **he),
            nadam,
            (1e-4, 3e-4, 1e-3, 3e-3),
            60,
            patience=10,
        ),
        "c": Variant(
            "batch normalization",
            lambda: models.batch_normalized_mlp(SHAPE, DEPTH, **he),
            nadam,
            (1e-4, 3e-4, 1e-3, 3e-3),
            60,
            patience=10,
        ),
        "d": Variant(
            "SELU, LeCun",
            lambda: models.mlp(SHAPE, DEPTH, **self_normalizing),
            nadam,
            (3e-5, 1e-4, 3e-4, 1e-3),
            60,
            patience=10,
        ),
        "e": Variant(
            "alpha dropout",
            dropped,
            nadam,
            (3e-5, 1e-4, 3e-4, 1e-3),
            60,
            patience=10,
            further={"Monte-Carlo dropout": sampled},
        ),
        "f": Variant(
            "1cycle",
            lambda: models.mlp(SHAPE, DEPTH, **self_normalizing),
            lambda: keras.optimizers.SGD(momentum=0.9),
            (0.02, 0.05, 0.1),
            20,
        ),
        "convnet": Variant(
            "convolutional net",
            lambda: models.convnet(SHAPE, [(24,), (48,), (96, 96), (192,)], batch_norm=True, **out),
            adamw,
            (0.003, 0.01),
            12,
            augment=moved,
            further={"flips averaged": mirrored},
        ),
        "beyond": Variant(
            "20 x 100, all together",
            lambda: models.batch_normalized_mlp(SHAPE, DEPTH, **modern),
            adamw,
            (0.003, 0.01),
            80,
            256,
            augment=moved,
            further={"flips averaged": mirrored},
        ),
    }


def standardizing(net: Callable, images: np.ndarray) -> Callable:
    """A builder of the net with a first layer that standardizes the colours as they are in `images`
    (stay uint8).
    """
    colours = images[:: max(1, len(images) // 5000)].reshape(-1, 3).astype(float)
    scale = {"mean": colours.mean(axis=0).tolist(), "variance": colours.var(axis=0).tolist()}
    return lambda: keras.Sequential(
        [keras.Input(SHAPE), keras.layers.Normalization(**scale), *net().layers]
    )


def sampled(model, images) -> np.ndarray:
    """Mean of SAMPLES predictions with dropout at work: Monte-Carlo dropout (Gal and Ghahramani
    2016).
    """
    return np.mean([model(images, training=True) for _ in range(SAMPLES)], axis=0)


def mirrored(model, images) -> np.ndarray:
    """Mean of the predictions for the images and for their mirror images."""
    return (np.asarray(model(images)) + np.asarray(model(images[:, :, ::-1]))) / 2


def accuracy(predict: Callable, model, x: np.ndarray, y: np.ndarray) -> float:
    """Share of the images whose class `predict(model, images)` finds."""
    parts = [
        predict(model, x[start : start + ROWS].astype(np.float32))
        for start in range(0, len(x), ROWS)
    ]
    return float(np.mean(np.concatenate(parts).argmax(axis=1) == y))


def train(
    variant: Variant, split, runs: list[training.Run], epochs: int, progress: bool = False
) -> training.Runs:
    """Train the variant for each of these runs, which name seed and learning rate (of a 1cycle, the
    highest).
    """
    stopping = None
    if variant.patience:
        stopping = keras.callbacks.EarlyStopping(
            "val_accuracy", mode="max", patience=variant.patience, restore_best_weights=True
        )
    else:
        steps = epochs * -(-len(split.x_train) // variant.batch_size)
        runs = [
            training.Run(run.seed, **schedules.one_cycle(steps, run.learning_rate)._asdict())
            for run in runs
        ]
    recipe = training.Recipe(
        standardizing(variant.net, split.x_train),
        loss="sparse_categorical_crossentropy",
        optimizer=variant.optimizer,
        epochs=epochs,
        batch_size=variant.batch_size,
        metrics=["accuracy"],
        augment=variant.augment,
        early_stopping=stopping,
    )
    return recipe.fit(split, runs, progress=progress)


def sweep(variant: Variant, split, epochs: int) -> dict:
    """The best validation accuracy of each learning rate within a few epochs, the rate chosen, and
    the seconds it took.
    """
    start = time.perf_counter()
    runs = train(
        variant,
        split,
        [training.Run(SWEEP_SEED, learning_rate=rate) for rate in variant.rates],
        epochs,
    )
    best = np.nanmax(np.nan_to_num(runs.history["val_accuracy"]), axis=1)
    tried = {
        f"{rate:g}": round(float(value), 4) for rate, value in zip(variant.rates, best, strict=True)
    }
    return {
        "rate": variant.rates[int(best.argmax())],
        "sweep": tried,
        "sweep_epochs": epochs,
        "sweep_seconds": round(time.perf_counter() - start, 1),
    }


def final_run(variant: Variant, split, seed: int, rate: float) -> dict:
    """Train once with the chosen rate; accuracies on validation and test images, and the learning
    curves.
    """
    return final_runs(variant, split, [seed], rate)[0]


def final_runs(variant: Variant, split, seeds: list[int], rate: float) -> list[dict]:
    """`final_run` for several seeds in one call of `Recipe.fit`; each is said to take its share of
    the seconds.
    """
    start = time.perf_counter()
    runs = train(
        variant, split, [training.Run(seed, learning_rate=rate) for seed in seeds], variant.epochs
    )
    seconds = (time.perf_counter() - start) / len(seeds)
    parts = {"valid": (split.x_valid, split.y_valid), "test": (split.x_test, split.y_test)}
    plain = {name: runs.accuracy(*part) for name, part in parts.items()}  # all runs at once
    model = standardizing(variant.net, split.x_train)()
    found = []
    for place, seed in enumerate(seeds):
        model.set_weights(runs.weights[place])
        epochs = int(runs.epochs[place])
        accuracies = {
            name: {"plain": round(float(plain[name][place]), 4)}
            | {way: round(accuracy(f, model, *part), 4) for way, f in variant.further.items()}
            for name, part in parts.items()
        }
        curves = {
            name: runs.history[name][place, :epochs].round(4).tolist()
            for name in ("loss", "val_loss", "val_accuracy")
        }
        ends = {
            "epochs": epochs,
            "best_epoch": int(runs.best_epoch[place]) + 1,
            "seconds": round(seconds, 1),
        }
        found.append({"seed": seed, **accuracies, **ends, "curves": curves})
    return found


def write(results: dict, path: Path) -> None:
    """Put the results into the file in one step, so that an interrupted study leaves a whole
    file.
    """
    files.write_text(path, json.dumps(results, indent=1) + "\n")


def study(chosen: list[str], split, seeds: range, epochs: int | None, path: Path) -> None:
    """Sweep and final runs of the chosen variants, without those that the file at `path` has
    already.
    """
    parts = split.y_train, split.y_valid, split.y_test
    empty = {
        "data": str(split),
        "shape": list(split.x_train.shape[1:]),
        "images": [len(y) for y in parts],
        "images_of_each_class": np.bincount(np.concatenate(parts)).tolist(),
        "variants": {},
    }
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty
    if any(results[name] != empty[name] for name in ("data", "images")):
        raise ValueError(
            f"{path} holds results on other data ({results['data']}): move it away, or choose"
            " another --out."
        )
    with tqdm(total=len(chosen) * len(seeds), unit="run") as bar:
        for name in chosen:
            variant = variants()[name]
            variant = replace(variant, epochs=epochs or variant.epochs)
            row = results["variants"].setdefault(
                name, {"title": variant.title, "batch_size": variant.batch_size, "runs": []}
            )
            if "rate" not in row:
                bar.set_description(f"{name}: learning rates")
                row |= {"parameters": variant.net().count_params()}
                row |= sweep(variant, split, min(SWEEP_EPOCHS, variant.epochs))
            for seed in seeds:
                bar.set_description(f"{name}: seed {seed}")
                if seed not in [run["seed"] for run in row["runs"]]:
                    row["runs"].append(final_run(variant, split, seed, row["rate"]))
                    results |= {
                        "date": date.today().isoformat(),
                        "versions": runtime.versions(),
                        "machine": str(runtime.machine()),
                    }
                write(results, path)
                bar.update()


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.cifar10", description=__doc__)
    parser.add_argument(
        "variants",
        nargs="*",
        metavar="VARIANT",
        default=list(variants()),
        help=f"of {', '.join(variants())}",
    )
    parser.add_argument(
        "--runs", type=int, default=5, help="seeds 0, 1, ... (default: %(default)s)"
    )
    parser.add_argument("--size", type=int, help="training images (default: all)")
    parser.add_argument("--epochs", type=int, help="at most (default: each variant's own)")
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.variants) - variants().keys():
        parser.error(
            f"There is no variant {', '.join(sorted(unknown))}; choose of {', '.join(variants())}."
        )
    split = datasets.load("cifar10", size=options.size)
    study(options.variants, split, range(options.runs), options.epochs, options.out)


if __name__ == "__main__":
    main()
