"""The exercise of lesson 7 on real photographs: `python -m studies.cifar10`, with CIFAR-10 in
COURSE_DATA_DIR.

Every arm is a net and how it is trained. Its rate is chosen on validation images by the mean over
seeds that are not judged, each trained at full length; then it is trained anew for every replicate,
which draws the division into 45,000 and 5,000 images, the weights and the order, and is tested on
the 10,000 test images. The nets end in logits, which is what TensorFlow makes of the note's
softmax. What is in the results file is not trained again. An H200 took 25 minutes for everything,
with five processes beside each other; two cores take about a minute a run.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from scipy.special import softmax

from helpers import datasets, runtime, training
from helpers.datasets import sources
from helpers.nets import models
from helpers.reference import layers, schedules
from helpers.training import tuning
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "07_cifar10.json"
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
SHAPE, CLASSES, HELD_OUT = (32, 32, 3), 10, 5_000
DEPTH = [100] * 20
JUDGED, TUNING, AGAIN = 1_070, 1_071, 1_072  # SEEDs of no notebook
WIDEST = 12  # rates
SEVEN = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)  # the note's rates
BEST = "grid, best"  # an arm that the results of others decide

Pool = datasets.Split  # all training images as its training part, without a validation part


def adam(**settings) -> keras.optimizers.Optimizer:
    """Nadam, the optimizer of the exercise."""
    return keras.optimizers.Nadam(**settings)


def descent(momentum: float = 0.0) -> keras.optimizers.Optimizer:
    """Plain gradient descent, the optimizer of step f."""
    return keras.optimizers.SGD(momentum=momentum)


def plain(activation: str, initializer: str) -> keras.Model:
    """The net of steps a, b and d."""
    how = {"activation": activation, "kernel_initializer": initializer}
    return models.mlp(SHAPE, DEPTH, CLASSES, **how)


def normalized(**how) -> keras.Model:
    """The net of step c: batch normalization before every ELU."""
    how = {"activation": "elu", "kernel_initializer": "he_normal"} | how
    return models.batch_normalized_mlp(SHAPE, DEPTH, CLASSES, **how)


def dropped(rate: float, *, everywhere: bool = False) -> keras.Model:
    """The net of step e: alpha dropout after the last hidden layer, or after every one."""
    first, *hidden, last = self_normalizing().layers
    parts = [keras.Input(SHAPE), first]
    for place, layer in enumerate(hidden, start=1):
        parts.append(layer)
        if everywhere or place == len(hidden):
            parts.append(keras.layers.AlphaDropout(rate))
    return keras.Sequential([*parts, last])


exponential = partial(plain, "elu", "he_normal")
self_normalizing = partial(plain, "selu", "lecun_normal")


@dataclass(frozen=True)
class Arm:
    """A net and how it is trained; without `rates` at the note's `rate`, which nobody tunes.

    With `patience` training ends by early stopping on the validation loss and keeps the best epoch;
    without it the last epoch counts. With `cycle` the rate is the peak of a 1cycle; with `momenta`
    its momentum is cycled, too. With `noted` every run has the note's division: the first 5,000
    images are for validation.
    """

    net: Callable[[], keras.Model]
    optimizer: Callable = adam
    rates: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3)
    rate: float | None = None
    batch_size: int = 32
    epochs: int = 100
    patience: int | None = 10
    cycle: bool = False
    momenta: bool = False
    raw: bool = False
    noted: bool = False
    tuning: int = 5
    judged: int = 30

    def told(self) -> dict:
        """How it is trained, for the results file."""
        return {
            "pixels": "raw" if self.raw else "standardized",
            "optimizer": type(self.optimizer()).__name__,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "stopping": f"validation loss, patience {self.patience}" if self.patience else "none",
            "schedule": "1cycle" if self.cycle else "constant",
            "division": "the note's" if self.noted else "drawn",
        }


def arms() -> dict[str, Arm]:
    """The arms by name, the most important first."""
    noted = {"raw": True, "noted": True, "rates": (), "judged": 20}
    final = {"batch_size": 128, "patience": None}
    wide = tuple(float(rate) for rate in np.geomspace(3e-3, 3e-1, 5))
    eight = tuple(float(rate) for rate in np.geomspace(1e-3, 1e0, 8))
    adaptive = tuple(float(rate) for rate in np.geomspace(1e-4, 1e-2, 8))
    last = partial(dropped, 0.1)
    momentum = partial(descent, 0.9)
    sgd = {"optimizer": descent, "rates": eight, "tuning": 10, **final}
    nadam = {"rates": adaptive, "tuning": 10, **final}
    found = {
        "b": Arm(exponential),
        "c": Arm(normalized),
        "d": Arm(self_normalizing),
        "e": Arm(last),
        "e everywhere": Arm(partial(dropped, 0.1, everywhere=True)),
        "f": Arm(last, descent, wide, cycle=True, epochs=20, **final),
        "b raw": Arm(exponential, raw=True, rates=(), rate=3e-4),
        "b raw, tuned": Arm(exponential, raw=True, rates=SEVEN),
        "listing c": Arm(partial(normalized, normalize_inputs=True), rate=3e-4, **noted),
        "listing d": Arm(self_normalizing, rate=3e-4, **noted),
        "listing e": Arm(last, rate=3e-5, **noted),
        "listing d, scaled": Arm(self_normalizing, rate=3e-4, **noted | {"raw": False}),
        "listing e, scaled": Arm(last, rate=3e-5, **noted | {"raw": False}),
        "SGD 1cycle 15": Arm(last, cycle=True, epochs=15, **sgd),
        "SGD constant 15": Arm(last, epochs=15, **sgd),
        "SGD constant 20": Arm(last, epochs=20, **sgd),
        "SGD 1cycle 10": Arm(last, cycle=True, epochs=10, **sgd),
        "Nadam 1cycle 15": Arm(last, cycle=True, epochs=15, **nadam),
        "Nadam constant 15": Arm(last, epochs=15, **nadam),
        "Nadam constant 20": Arm(last, epochs=20, **nadam),
        "e everywhere 0.05": Arm(partial(dropped, 0.05, everywhere=True)),
        "e 0.05": Arm(partial(dropped, 0.05)),
        "grid, the note's point": Arm(last, rates=(), rate=3e-5),
        "SGD momentum 1cycle 15": Arm(
            last, cycle=True, momenta=True, epochs=15, **sgd | {"optimizer": momentum}
        ),
        "SGD momentum constant 15": Arm(last, epochs=15, **sgd | {"optimizer": momentum}),
    }
    return found | grid() | crossed()


def grid() -> dict[str, Arm]:
    """Step e with the note's four dropout rates times its four learning rates."""
    rates = (1e-4, 3e-4, 5e-4, 1e-3)
    return {
        f"grid, dropout {share}": Arm(partial(dropped, share), rates=rates, judged=0)
        for share in (0.05, 0.1, 0.2, 0.4)
    }


def best_of_grid(path: Path) -> Arm:
    """Step e at the point of the grid that is best on validation images, by the results file.

    Raises SystemExit where the grid is not complete.
    """
    found = {
        (float(name.rpartition(" ")[2]), rate): float(np.mean(values))
        for name, row in read(path).items()
        if name in grid()
        for rate, values in zip(
            row["tuning"]["rates"], row["tuning"]["valid_accuracy"], strict=True
        )
    }
    if len({share for share, _ in found}) < len(grid()):
        raise SystemExit(f"{BEST} needs the arms {', '.join(grid())} in {path}: train these first.")
    share, rate = max(found, key=lambda point: found[point])
    return Arm(partial(dropped, share), rates=(), rate=rate)


def crossed() -> dict[str, Arm]:
    """Nets times optimizers times schedules, at equal budgets."""
    nets = {"b": exponential, "c": normalized, "d": self_normalizing}
    momentum = partial(descent, 0.9)
    rules = {"Nadam": (adam, 3e-4, 1e-2), "SGD": (momentum, 3e-3, 3e-1)}
    return {
        f"{net} {rule} {schedule}": Arm(
            nets[net],
            optimizer,
            tuple(float(rate) for rate in np.geomspace(low, high, 5)),
            batch_size=128,
            epochs=20,
            patience=None,
            cycle=schedule == "1cycle",
            judged=10,
        )
        for net in nets
        for rule, (optimizer, low, high) in rules.items()
        for schedule in ("constant", "1cycle")
    }


# Training -----------------------------------------------------------------------------------------


def photographs_file() -> tuple[Path, str]:
    """The file of the photographs, and where it came from. Raises SystemExit without one."""
    if found := sources.find("cifar10"):
        return found
    raise SystemExit("There are no photographs: put cifar10.npz into COURSE_DATA_DIR.")


def photographs(size: int | None = None) -> Pool:
    """The photographs in the order of their file, or the first `size` of the training part.

    Raises SystemExit where only the stand-in is at hand, which would decide nothing.
    """
    path, source = photographs_file()
    x_train, y_train, x_test, y_test = sources.read_cifar10(path).values()
    parts = x_train[:size], y_train[:size], x_train[:0], y_train[:0], x_test[:size], y_test[:size]
    return Pool("cifar10", "CIFAR-10", source, *parts, class_names=tuple("0123456789"))


def division(images: int, seed: int | None) -> dict[str, np.ndarray]:
    """Rows to train and to validate on: drawn by the seed, or the note's, the first tenth."""
    order = np.arange(images) if seed is None else training.generator(seed).permutation(images)
    valid = images * HELD_OUT // 50_000
    return {"valid_rows": np.sort(order[:valid]), "train_rows": np.sort(order[valid:])}


def run_of(arm: Arm, images: int, seed: int, rate: float) -> training.Run:
    """One run of an arm with this rate, or with a 1cycle that has it as its peak."""
    rows = division(images, None if arm.noted else seed)
    run = training.Run(seed, learning_rate=rate, **rows)
    if not arm.cycle:
        return run
    steps = arm.epochs * -(-len(rows["train_rows"]) // arm.batch_size)
    cycle = schedules.one_cycle(steps, rate)
    momentum = cycle.momentum if arm.momenta else None
    return replace(run, learning_rate=cycle.learning_rate, momentum=momentum)


def recipe_of(arm: Arm) -> training.Recipe:
    """How the arm is trained."""
    stopping = arm.patience and keras.callbacks.EarlyStopping(
        "val_loss", patience=arm.patience, restore_best_weights=True
    )
    return training.Recipe(
        arm.net,
        loss=LOGITS,
        optimizer=arm.optimizer,
        epochs=arm.epochs,
        batch_size=arm.batch_size,
        metrics=["accuracy"],
        early_stopping=stopping or None,
    )


def fit(arm: Arm, pool: Pool, runs: list[training.Run]) -> training.Runs:
    """Train these runs of an arm."""
    return recipe_of(arm).fit(pool, runs, progress=False)


def scores(arm: Arm, done: training.Runs, metric: str) -> np.ndarray:
    """What counts of each run, shape (runs,): at the kept epoch, or at the last one."""
    return tuning.scores(done, metric, "best" if arm.patience else "last")


def tune(arm: Arm, pool: Pool) -> dict:
    """Every rate with every tuning seed, and further rates while the best is at an edge."""
    seeds = list(training.seeds(TUNING, arm.tuning))
    known: dict[float, dict[str, np.ndarray]] = {}
    rates = list(arm.rates)
    while rates and len(known) < WIDEST:
        runs = [run_of(arm, len(pool.y_train), seed, rate) for rate in rates for seed in seeds]
        done = fit(arm, pool, runs)
        for metric in ("val_accuracy", "val_loss"):
            values = scores(arm, done, metric).reshape(len(rates), len(seeds))
            for rate, row in zip(rates, values, strict=True):
                known.setdefault(rate, {})[metric] = row
        tried = np.array(sorted(known))
        accuracies = np.stack([known[rate]["val_accuracy"] for rate in tried])
        found = training.Tuned("val_accuracy", tried, {"arm": accuracies})
        rates = tuning.beyond(found)
    losses = np.stack([known[rate]["val_loss"] for rate in tried])
    return {
        "seeds": seeds,
        "rates": tried.tolist(),
        "valid_accuracy": listed(accuracies),
        "valid_loss": listed(losses),
        "rate": found.best["arm"],
        "at_edge": bool(found.at_edge),
    }


def judge(arm: Arm, pool: Pool, rate: float, seeds: list[int]) -> tuple[dict, training.Runs]:
    """Train the judged runs: what counts of each, and their curves; and the runs themselves."""
    done = fit(arm, pool, [run_of(arm, len(pool.y_train), seed, rate) for seed in seeds])
    return described(arm, done, seeds), done


def described(arm: Arm, done: training.Runs, seeds: list[int]) -> dict:
    """The figures of each run, by name, and the curves."""
    end = done.at_the_end()
    kept = done.best_epoch + 1 if arm.patience else done.epochs
    runs = {
        "seed": seeds,
        "epochs": done.epochs.tolist(),
        "kept_epoch": kept.tolist(),
        "valid_accuracy": listed(scores(arm, done, "val_accuracy")),
        "valid_loss": listed(scores(arm, done, "val_loss")),
        "training_accuracy": listed(scores(arm, done, "accuracy")),
        "test_accuracy": listed((done if arm.patience else end).test("accuracy")),
        "test_loss": listed((done if arm.patience else end).test("loss")),
        "last_valid_accuracy": listed(done.last("val_accuracy")),
        "last_valid_loss": listed(done.last("val_loss")),
        "last_training_accuracy": listed(done.last("accuracy")),
        "last_test_accuracy": listed(end.test("accuracy")),
    }
    curves = [
        listed(values[:epochs])
        for values, epochs in zip(done.history["val_accuracy"], done.epochs, strict=True)
    ]
    with np.errstate(invalid="ignore"):
        means = {name: np.nanmean(done.history[name], axis=0) for name in ("loss", "val_loss")}
    longest = int(done.epochs.max())
    return {
        "runs": runs,
        "curves": {"val_accuracy": curves}
        | {name: listed(values[:longest]) for name, values in means.items()},
        "failures": list(done.failures.values()),
    }


def listed(values) -> list:
    """Plain numbers of four decimals; None where there is none, which JSON knows."""
    rounded = np.asarray(values, float).round(4)
    return np.where(np.isfinite(rounded), rounded, None).tolist()


# Monte-Carlo dropout ------------------------------------------------------------------------------


def sampled_accuracy(done: training.Runs, pool: Pool, rate: float, passes: int = 50) -> dict:
    """Test accuracy of nets with alpha dropout before the last layer: plain, and as the mean of the
    probabilities of `passes` predictions with dropout at work (Gal and Ghahramani 2016).

    Only the last layer differs between the passes, so the layers before it are computed once.
    """
    y = pool.y_test.ravel()
    plain_accuracy, sampled = [], []
    for number, weights in enumerate(done.weights):
        *hidden, (kernel, bias) = zip(weights[::2], weights[1::2], strict=True)
        outputs = pool.x_test.reshape(len(y), -1)
        for layer in hidden:  # its kernel and bias
            outputs = layers.ACTIVATIONS["selu"].value(layers.dense(outputs, *layer))
        plain_accuracy.append(np.mean((outputs @ kernel + bias).argmax(axis=1) == y))
        generator, mean = training.generator(number), np.zeros((len(y), CLASSES))
        for _ in range(passes):
            kept = generator.random(outputs.shape) >= rate
            mean += softmax(alpha_dropped(outputs, kept, rate) @ kernel + bias, axis=1) / passes
        sampled.append(np.mean(mean.argmax(axis=1) == y))
    return {"test_accuracy": listed(plain_accuracy), "sampled_accuracy": listed(sampled)}


def alpha_dropped(outputs: np.ndarray, kept: np.ndarray, rate: float) -> np.ndarray:
    """The outputs of SELU with those not kept at its lower limit, mean and variance restored.

    Source: Klambauer et al. 2017, section 2, "New dropout technique".
    """
    limit = layers.ACTIVATIONS["selu"].value(-np.inf)
    scale = ((1 - rate) * (1 + rate * limit**2)) ** -0.5
    return scale * np.where(kept, outputs, limit) - scale * limit * rate


# The study ----------------------------------------------------------------------------------------


def study(name: str, arm: Arm, pool: Pool, path: Path) -> None:
    """Tune and judge one arm, without what the file has already."""
    row: dict = read(path).get(name) or {"how": arm.told()}
    if arm.rates and "tuning" not in row:
        found = tune(arm, pool)
        row |= {"rate": found.pop("rate"), "tuning": found}
        write(path, name, row)
    row.setdefault("rate", arm.rate)
    if not arm.judged or "runs" in row:
        return
    found, done = judge(arm, pool, row["rate"], list(training.seeds(JUDGED, arm.judged)))
    write(path, name, row | found)
    if name == "e":
        write(path, "Monte-Carlo", {"runs": sampled_accuracy(done, pool, 0.1)})


def again(name: str, arm: Arm, pool: Pool, path: Path, runs: int) -> None:
    """Train the first judged runs of an arm once more, at the rate on record, with the backend of
    today: its results stand beside those on record.
    """
    row = read(path)
    if f"{name}, again" in row:
        return
    seeds = list(training.seeds(JUDGED, runs))
    found, _ = judge(arm, pool, row[name]["rate"], seeds)
    with_what = {"backend": keras.backend.backend(), "versions": runtime.versions()}
    write(path, f"{name}, again", {"how": arm.told() | with_what} | found)


def main() -> None:
    """Read the command line and do the study."""
    known = arms()
    parser = argparse.ArgumentParser(prog="python -m studies.cifar10", description=__doc__)
    parser.add_argument("arms", nargs="*", metavar="ARM", default=[*known, BEST])
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    parser.add_argument("--again", type=int, metavar="N", help="repeat N runs that are on record")
    add_trial(parser)
    options = parser.parse_args()
    if unknown := set(options.arms) - {*known, BEST}:
        parser.error(f"There is no arm {', '.join(sorted(unknown))}; choose of {', '.join(known)}.")
    raw = photographs(options.size)
    standardized = raw.standardized()
    for name in options.arms:
        arm = smaller(known.get(name) or best_of_grid(options.out), options)
        start = time.perf_counter()
        pool = raw if arm.raw else standardized
        if options.again:
            again(name, arm, pool, options.out, options.again)
        else:
            study(name, arm, pool, options.out)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


def add_trial(parser: argparse.ArgumentParser) -> None:
    """Have the command line take what makes a trial of a study: see `smaller`."""
    parser.add_argument("--size", type=int, help="training images, for a trial")
    parser.add_argument("--epochs", type=int, help="at most, for a trial")
    parser.add_argument("--runs", type=int, help="at most of an arm, for a trial")


def smaller(arm: Arm, options: argparse.Namespace) -> Arm:
    """The arm with fewer epochs and runs, as a trial asks for."""
    fewest = min if options.runs else lambda most, _: most
    return replace(
        arm,
        epochs=min(arm.epochs, options.epochs or arm.epochs),
        judged=fewest(arm.judged, options.runs),
        tuning=fewest(arm.tuning, options.runs),
    )


if __name__ == "__main__":
    main()
