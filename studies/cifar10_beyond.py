"""Beyond the exercise of lesson 7, on real photographs: `python -m studies.cifar10_beyond`, with
CIFAR-10 in COURSE_DATA_DIR.

Step d with one condition of self-normalization missing at a time, tuned and judged as the crossed
arms of `studies.cifar10` are and by the same seeds; step b with raw pixels and with standardized
ones, to compare; and two better nets, at the settings of the course's earlier study (its
accuracies: results file 07_cifar10_h100.json), for their curves and the time that they take. What
is in the results file is not trained again. Two cores take half a minute for a run of the first
kind, minutes for one of the last.
"""

import argparse
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np

from helpers import runtime, training
from helpers.nets import augmentation, models
from studies import cifar10
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "07_cifar10_beyond.json"
BETTER = 1_073  # SEED of no notebook
PEAK = 0.01  # the better of two rates in the earlier study
ALTERED = augmentation.chain(augmentation.flips(), augmentation.shifts(3))
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "test_accuracy")


# One condition missing ----------------------------------------------------------------------------


def skipping() -> keras.Model:
    """The net of step d; connections skip the pairs between its first and last hidden layer."""
    flat, first, *pairs, final, last = cifar10.self_normalizing().layers
    inputs = keras.Input(cifar10.SHAPE)
    signal = first(flat(inputs))
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        signal = keras.layers.add([signal, other(one(signal))])
    return keras.Model(inputs, last(final(signal)))


def conditions() -> dict[str, cifar10.Arm]:
    """Step d with Nadam at a constant rate: as it is, and with one condition missing; and step b,
    which normalizes nothing itself, with raw pixels and with standardized ones.

    As they are, both steps have the rates that were chosen for them before.
    """
    whole, other = (cifar10.crossed()[f"{step} Nadam constant"] for step in "db")
    recorded = read(cifar10.RESULTS)
    known = {step: recorded[f"{step} Nadam constant"]["rate"] for step in "db"}
    return {
        "all conditions met": replace(whole, rates=(), rate=known["d"]),
        "He's weights": replace(whole, net=partial(cifar10.plain, "selu", "he_normal")),
        "raw pixels": replace(whole, raw=True),
        "no plain sequence": replace(whole, net=skipping),
        "step b, raw pixels": replace(other, raw=True),
        "step b, standardized": replace(other, rates=(), rate=known["b"]),
    }


# Better nets --------------------------------------------------------------------------------------


def adamw() -> keras.optimizers.Optimizer:
    """AdamW with the weight decay of the earlier study."""
    return keras.optimizers.AdamW(weight_decay=0.01)


def better() -> dict[str, cifar10.Arm]:
    """Nets with AdamW and 1cycle at the earlier study's rate; their images are altered."""
    modern = {"activation": "gelu", "kernel_initializer": "he_normal"}
    stages = [(24,), (48,), (96, 96), (192,)]
    how = {"optimizer": adamw, "rates": (), "rate": PEAK, "patience": None, "cycle": True}
    return {
        "beyond": cifar10.Arm(
            partial(cifar10.normalized, **modern), epochs=80, batch_size=256, judged=3, **how
        ),
        "convnet": cifar10.Arm(
            partial(models.convnet, cifar10.SHAPE, stages, cifar10.CLASSES, batch_norm=True),
            epochs=12,
            batch_size=128,
            judged=6,
            **how,
        ),
    }


def work_of(net: keras.Model) -> dict:
    """How many weights the net has, and how many products of a weight and a number it computes for
    an image.
    """
    products = 0
    for layer in net.layers:
        if hasattr(layer, "kernel"):
            places = np.prod(layer.output.shape[1:-1], dtype=int)  # 1 for a dense layer
            products += int(places) * int(np.prod(layer.kernel.shape))
    return {"weights": net.count_params(), "products": products}


def train_better(arm: cifar10.Arm, pool: cifar10.Pool, path: Path, name: str) -> None:
    """Train the runs of a better net that are missing, one by one, each with its processor time:
    other work on the machine changes that less than the time on the clock.
    """
    row: dict = {"how": arm.told(), "rate": arm.rate, **work_of(arm.net()), "runs": []}
    row |= read(path).get(name, {})
    recipe = replace(cifar10.recipe_of(arm), augment=ALTERED)
    for seed in list(training.seeds(BETTER, arm.judged))[len(row["runs"]) :]:
        start = time.process_time()
        run = cifar10.run_of(arm, len(pool.y_train), seed, PEAK)
        done = recipe.fit(pool, [run], watch={"test": (pool.x_test, pool.y_test)}, progress=False)
        seconds = round(time.process_time() - start, 1)
        curves = {metric: cifar10.listed(done.history[metric][0]) for metric in CURVES}
        row["runs"].append({"seed": seed, "processor_seconds": seconds, **curves})
        write(path, name, row)


# The study ----------------------------------------------------------------------------------------


def main() -> None:
    """Read the command line and train what is missing."""
    known = {**conditions(), **better()}
    parser = argparse.ArgumentParser(prog="python -m studies.cifar10_beyond", description=__doc__)
    parser.add_argument("arms", nargs="*", metavar="ARM", default=list(known))
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    cifar10.add_trial(parser)
    options = parser.parse_args()
    if unknown := set(options.arms) - set(known):
        parser.error(f"There is no {', '.join(sorted(unknown))}; choose of {', '.join(known)}.")
    raw = cifar10.photographs(options.size)
    standardized = raw.standardized()
    for name in options.arms:
        start = time.perf_counter()
        arm = cifar10.smaller(known[name], options)
        pool = raw if arm.raw else standardized
        if name in better():
            train_better(arm, pool, options.out, name)
        else:
            cifar10.study(name, arm, pool, options.out)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
