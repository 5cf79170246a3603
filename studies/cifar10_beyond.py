"""Beyond the exercise of lesson 7, on real photographs: `python -m studies.cifar10_beyond`, with
CIFAR-10 in COURSE_DATA_DIR.

Step d with one condition of self-normalization missing at a time, tuned and judged as the crossed
arms of `studies.cifar10` are and by the same seeds; range tests of those arms; and two better nets,
at the settings of the course's earlier study (results file 07_cifar10_h100.json), for their curves
and the time that they take. What is in the results file is not trained again. Two cores take half a
minute for a run of the first kind, minutes for one of the last.
"""

import argparse
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras

from helpers import runtime, training
from helpers.nets import augmentation, models
from studies import cifar10
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "07_cifar10_beyond.json"
WHOLE = "d Nadam constant"
BETTER, RANGED = 1_073, 1_074  # SEEDs of no notebook
RANGE = {"lowest": 1e-6, "highest": 10.0}
STEPS, SLOWER = 350, 4  # about one epoch of batches of 128
RANGE_TESTS = "range tests"
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
    """Step d with Nadam at a constant rate: as it is, and with one condition missing.

    As it is, it has the rate that was chosen for it before.
    """
    whole = cifar10.crossed()[WHOLE]
    known = read(cifar10.RESULTS)[WHOLE]["rate"]
    return {
        "all conditions met": replace(whole, rates=(), rate=known),
        "He's weights": replace(whole, net=partial(cifar10.plain, "selu", "he_normal")),
        "raw pixels": replace(whole, raw=True),
        "no plain sequence": replace(whole, net=skipping),
    }


# Range tests --------------------------------------------------------------------------------------


def range_tests(pool: cifar10.Pool, runs: int) -> dict:
    """Losses of rising rates for the crossed nets and optimizers, and what they suggest; and what
    a test suggests in which the rate rises SLOWER times as slowly.
    """
    seeds = training.seeds(RANGED, runs)
    asked = [training.Run(seed, **cifar10.division(len(pool.y_train), seed)) for seed in seeds]
    found = {}
    for name, arm in cifar10.crossed().items():
        if arm.cycle:
            continue  # the same net and optimizer once more
        tested = partial(cifar10.recipe_of(arm).range_test, pool, asked, **RANGE)
        rates, losses = tested(steps=STEPS)
        found[name.removesuffix(" constant")] = {
            "rates": [float(f"{rate:.4g}") for rate in rates],
            "losses": cifar10.listed(losses),
            "suggested": training.suggested_rates(rates, losses),
            "suggested when slower": training.suggested_rates(*tested(steps=SLOWER * STEPS)),
        }
    return found


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
            partial(cifar10.normalized, **modern), epochs=80, batch_size=256, judged=2, **how
        ),
        "convnet": cifar10.Arm(
            partial(models.convnet, cifar10.SHAPE, stages, cifar10.CLASSES, batch_norm=True),
            epochs=12,
            batch_size=128,
            judged=2,
            **how,
        ),
    }


def train_better(arm: cifar10.Arm, pool: cifar10.Pool, path: Path, name: str) -> None:
    """Train the runs of a better net that are missing, one by one, each with its processor time,
    which is the same on a busy machine.
    """
    row: dict = read(path).get(name) or {"how": arm.told(), "rate": arm.rate, "runs": []}
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
    parser.add_argument("arms", nargs="*", metavar="ARM", default=[RANGE_TESTS, *known])
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    cifar10.add_trial(parser)
    options = parser.parse_args()
    if unknown := set(options.arms) - {RANGE_TESTS, *known}:
        choice = ", ".join([RANGE_TESTS, *known])
        parser.error(f"There is no {', '.join(sorted(unknown))}; choose of {choice}.")
    raw = cifar10.photographs(options.size)
    standardized = raw.standardized()
    for name in options.arms:
        start = time.perf_counter()
        if name == RANGE_TESTS:
            if name not in read(options.out):
                write(options.out, name, range_tests(standardized, max(options.runs or 10, 3)))
        else:
            arm = cifar10.smaller(known[name], options)
            pool = raw if arm.raw else standardized
            if name in better():
                train_better(arm, pool, options.out, name)
            else:
                cifar10.study(name, arm, pool, options.out)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
