"""What the compiled training loop saves, against Keras's `model.fit` and scikit-learn, on this
machine.

`make bench` prints the table and writes docs/benchmarks.md. Both sides of a line run in turn, in
one process, five times, and the line gives the median of the ratios: other work on the machine then
touches both sides alike.
"""

import importlib.util
import os
import platform
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPRegressor
from tqdm.auto import tqdm

from benchmarks import convolution, starting
from helpers import runtime
from helpers.nets.models import mlp
from helpers.training import Recipe, as_runs, engine

REPEATS = 5
MOST_MEMORY = 1.1
REPORT = runtime.ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Line:
    """One line of the table: the work, what it is compared with, seconds of both sides, and the
    least ratio wanted.
    """

    work: str
    against: str
    ours: list[float]
    theirs: list[float]
    wanted: float

    @property
    def ratio(self) -> float:
        """How many times as long they take: the median of what was measured in turn."""
        return float(np.median(np.array(self.theirs) / np.array(self.ours)))


def seconds(work: Callable) -> float:
    """How long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(*sides: Callable) -> list[list[float]]:
    """Seconds of each side, taken in turn."""
    times = [[seconds(side) for side in sides] for _ in range(REPEATS)]
    return [list(side) for side in zip(*times, strict=True)]


def split_of(x, y, validation: int = 0):
    """These rows as training data; the last `validation` of them to validate on."""
    rows = len(x) - validation
    parts = {"x_train": x[:rows], "y_train": y[:rows], "x_valid": x[rows:], "y_valid": y[rows:]}
    return SimpleNamespace(**parts, x_test=x[:0], y_test=y[:0])


def table(rows: int):
    """Numbers of the shape of the red wines."""
    generator = np.random.default_rng(0)
    return split_of(
        generator.normal(size=(rows, 11)).astype("float32"),
        generator.normal(size=rows).astype("float32"),
    )


def images(rows: int, validation: int = 0):
    """Numbers of the shape of CIFAR-10, with as many rows more to validate on."""
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, size=(rows + validation, 32, 32, 3), dtype="uint8")
    return split_of(x, generator.integers(0, 10, size=len(x)), validation)


def net_w():
    """Net W: two hidden layers of 64 units for the wines."""
    return mlp(11, [64, 64])


def deep(*, batch_norm: bool):
    """20 hidden layers of 100 units on images, ELU, He initialization."""

    def build():
        stack = [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Rescaling(1 / 255)]
        for _ in range(20):
            stack.append(
                keras.layers.Dense(100, kernel_initializer="he_normal", use_bias=not batch_norm)
            )
            stack += [keras.layers.BatchNormalization()] if batch_norm else []
            stack.append(keras.layers.Activation("elu"))
        return keras.Sequential([*stack, keras.layers.Dense(10, activation="softmax")])

    return build


def convnet():
    """Two convolutions and a dense layer."""
    layers = keras.layers
    stack = [layers.Rescaling(1 / 255)]
    for filters in (16, 32):
        stack += [
            layers.Conv2D(filters, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
        ]
    ends = [
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
    return keras.Sequential([keras.Input((32, 32, 3)), *stack, *ends])


def fit_of(build, split, how: dict, epochs: int, **compiled) -> Callable:
    """A function that goes on training one compiled model by `model.fit`; what it compiles is
    done.
    """
    model = build()
    model.compile(optimizer=how["optimizer"], loss=how["loss"], **compiled)

    def fit(epochs=epochs):
        model.fit(
            split.x_train, split.y_train, batch_size=how["batch_size"], epochs=epochs, verbose=0
        )

    fit(1)
    return fit


def steady(name: str, build, split, how: dict, epochs: int, wanted: dict) -> list[Line]:
    """One run against `model.fit` in each of the manners wanted, with nothing left to compile."""
    ours = partial(Recipe(build, epochs=epochs, **how).fit, split, [0])
    ours()
    fits = [fit_of(build, split, how, epochs, **compiled) for _, compiled, _ in wanted]
    times = in_turn(ours, *fits)
    return [
        Line(name, label, times[0], side, least)
        for (label, _, least), side in zip(wanted, times[1:], strict=True)
    ]


def many_bootstraps() -> Line:
    """50 runs of 30 epochs with compilation, against 50 times what one `model.fit` of a new model
    takes.
    """
    split = table(1439)
    recipe = Recipe(net_w, epochs=30, **W)
    samples = [np.random.default_rng(seed).integers(0, 1439, 1439) for seed in range(50)]

    def ours():
        engine._cache.clear()
        recipe.fit(split, as_runs(samples))

    def one_fit():
        model = net_w()
        model.compile(optimizer="adam", loss="mse")
        model.fit(
            split.x_train[samples[0]],
            split.y_train[samples[0]],
            batch_size=32,
            epochs=30,
            verbose=0,
        )

    mine, theirs = in_turn(ours, one_fit)
    name = "net W, 50 bootstrap runs x 30 epochs, compilation included"
    return Line(name, "loop of `model.fit` (50 x one)", mine, [50 * each for each in theirs], 40)


def cross_validation() -> Line:
    """10 folds of 50 epochs with compilation and the score of each fold, against scikit-learn."""
    split = table(1599)
    folds = list(KFold(10).split(split.x_train))

    def ours():
        engine._cache.clear()
        runs = as_runs(train for train, _ in folds)
        Recipe(net_w, epochs=50, **W).fit(split, runs).predict(split.x_train)

    def theirs():
        regressor = MLPRegressor(
            hidden_layer_sizes=(64, 64),
            batch_size=32,
            max_iter=50,
            n_iter_no_change=50,
            tol=0.0,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it stops at max_iter, as asked
            cross_val_score(regressor, split.x_train, split.y_train, cv=KFold(10))

    mine, others = in_turn(ours, theirs)
    name = "net W, 10-fold cross-validation x 50 epochs, compilation included"
    return Line(name, "scikit-learn `cross_val_score(MLPRegressor)`", mine, others, 3)


def second_call() -> tuple[float, float, int]:
    """Seconds of a first and a second call of one epoch, and how many programs the second
    compiled.
    """
    split, build = images(640), deep(batch_norm=False)
    engine._cache.clear()
    call = partial(Recipe(build, epochs=1, batch_size=32, **DEEP).fit, split, [0])
    first = seconds(call)
    (compiled,) = engine._cache.values()
    before = compiled._train.experimental_get_tracing_count()
    second = seconds(call)
    return first, second, compiled._train.experimental_get_tracing_count() - before


def with_jax() -> list[Line]:
    """Many runs in one JAX program, against `model.fit` and the TensorFlow engine; none where JAX
    is not installed.
    """
    if not importlib.util.find_spec("jax"):
        return []
    command = [sys.executable, "-m", "benchmarks.with_jax"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=os.environ | {"KERAS_BACKEND": "jax"}, **pipes) as process:

        def there(name: str) -> None:
            print(name, file=process.stdin, flush=True)
            if process.stdout.readline().strip() != name:
                raise RuntimeError(f"The JAX side stopped in {name}.")

        lines = []
        for name, work in MANY.items():
            sides = partial(there, name), partial(work.theirs)
            for side in sides:
                side()
            ours, theirs = in_turn(*sides)
            lines.append(
                Line(
                    f"{name}, JAX",
                    work.against,
                    ours,
                    [work.times * each for each in theirs],
                    work.wanted,
                )
            )
        process.stdin.close()
    return lines


def matrix_product_rates() -> tuple[float, float, float]:
    """GFLOP/s at batch 32 of net D in training, of products with large matrices, and of those that
    the net consists of.

    The last are the three products of each layer (forward, and the gradients of its kernel and of
    its inputs) with nothing in between, compiled with XLA as the net is.
    """
    sizes = [(3072, 100), *[(100, 100)] * 19, (100, 10)]
    steps = 200
    # No gradient of the images.
    flops = 2 * 32 * (3 * sum(m * n for m, n in sizes) - 3072 * 100)
    recipe = Recipe(deep(batch_norm=False), epochs=5, batch_size=32, **DEEP)
    net = partial(recipe.fit, images(32 * steps), [0])
    left, right = tf.random.normal((32, 2048)), tf.random.normal((2048, 2048))
    large = tf.function(
        lambda: [tf.matmul(left + number, right) for number in map(float, range(50))]
    )
    kernels = [tf.Variable(tf.random.normal(size, stddev=0.1)) for size in sizes]

    @tf.function(jit_compile=True)
    def own(x):
        step = tf.constant(0)
        while step < steps:
            with tf.GradientTape() as tape:
                outputs = x + tf.cast(step, tf.float32)
                for kernel in kernels:
                    outputs = tf.matmul(outputs, kernel)
            for kernel, gradient in zip(kernels, tape.gradient(outputs, kernels), strict=True):
                kernel.assign_add(1e-9 * gradient)  # else XLA leaves the products out
            step += 1

    images_of_one_batch = tf.random.normal((32, 3072))
    sides = net, large, partial(own, images_of_one_batch)
    for side in sides:
        side()
    work = 5 * steps * flops, 50 * 2 * 32 * 2048**2, steps * flops
    return tuple(
        float(np.median(each / np.array(side))) / 1e9
        for each, side in zip(work, in_turn(*sides), strict=True)
    )


W = {"batch_size": 32, "optimizer": "adam", "loss": "mse"}
DEEP = {"optimizer": "nadam", "loss": "sparse_categorical_crossentropy"}
DEFAULTS = "`model.fit`, defaults"
TABLE, IMAGES = table(1439), images(6400)


def fit_one():
    """One `model.fit` of net W with its compilation, 100 epochs."""
    fit_of(net_w, TABLE, W, 1)(99)


@dataclass(frozen=True)
class Many:
    """Work for the JAX engine, and what it is compared with: one side done so many times."""

    ours: Callable
    against: str
    theirs: Callable
    times: int
    wanted: float


def deep_runs(batch_norm: bool) -> Callable:
    """A function that trains four runs of net D."""
    recipe = Recipe(deep(batch_norm=batch_norm), epochs=2, batch_size=32, **DEEP)
    return partial(recipe.fit, IMAGES, range(4))


MANY = {
    "net W, 50 runs x 100 epochs": Many(
        partial(Recipe(net_w, epochs=100, **W).fit, TABLE, range(50)),
        "loop of `model.fit` on TensorFlow (50 x one)",
        fit_one,
        50,
        200,
    ),
    "net D, 4 runs x 2 epochs of 200 steps": Many(
        deep_runs(False), "the TensorFlow engine", deep_runs(False), 1, 1.3
    ),
    "net D+BN, 4 runs x 2 epochs of 200 steps": Many(
        deep_runs(True), "the TensorFlow engine", deep_runs(True), 1, 1.3
    ),
}
TUNED = "`model.fit`, `jit_compile=True, steps_per_execution=25`"


def measure() -> tuple[list[Line], list[str]]:
    """All lines of the table, and the facts beside it."""
    tuned = {"jit_compile": True, "steps_per_execution": 25}
    deep_how = {"batch_size": 32, **DEEP}
    lines, work = [], tqdm(total=7, unit="part")
    for part in (
        lambda: steady(
            "net W, one run of 100 epochs", net_w, table(1439), W, 100, [(DEFAULTS, {}, 25)]
        ),
        lambda: [many_bootstraps()],
        lambda: [cross_validation()],
        *(
            lambda norm=norm, least=least: steady(
                f"net D{'+BN' * norm}, batch 32, 10 epochs of 200 steps",
                deep(batch_norm=norm),
                images(6400),
                deep_how,
                10,
                [(DEFAULTS, {}, least[0]), (TUNED, tuned, least[1])],
            )
            for norm, least in ((False, (7, 2)), (True, (9, 3)))
        ),
        lambda: steady(
            "small convnet on 32x32x3, batch 32",
            convnet,
            images(3200),
            deep_how,
            2,
            [(DEFAULTS, {}, 1.15)],
        ),
        with_jax,
    ):
        done = part()
        lines += done
        work.update()
        work.write("\n".join(map(row_of, done)))
    first, second, programs = second_call()
    net, large, own = matrix_product_rates()
    facts = [
        (
            f"Second call of the same shape (net D, one epoch of 20 steps): {second:.2f} s after"
            f" {first:.2f} s; programs compiled: {programs} (wanted: 0)."
        ),
        (
            f"Net D trains at {net:.0f} GFLOP/s, building and starting included. Its own matrix"
            f" products alone run at {own:.0f} ({100 * net / own:.0f} %; wanted: 65 %), products of"
            f" 32 rows with a 2048 x 2048 matrix at {large:.0f} ({100 * net / large:.0f} %): at 100"
            " x 100 a product is too short to fill the cores."
        ),
        *starting.facts(
            Recipe(deep(batch_norm=True), epochs=6, batch_size=32, **DEEP),
            images(1024, validation=4000),
            REPEATS,
        ),
        memory(),
        *convolution.facts(in_turn),
    ]
    return lines, facts


def memory() -> str:
    """What `benchmarks.memory` prints, in a process of its own, as a fact."""
    command = [sys.executable, "-m", "benchmarks.memory"]
    grown = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    missed = "" if grown <= MOST_MEMORY else " (missed)"
    return (
        f"Memory of 5 runs on data of the size of CIFAR-10, the data included: {grown:.2f}x of the"
        f" data{missed} (wanted: at most {MOST_MEMORY}x)."
    )


def row_of(line: Line) -> str:
    """The line as a row of the table."""
    ours, theirs = np.median(line.ours), np.median(line.theirs)
    verdict = "" if line.ratio >= line.wanted else " (missed)"
    cells = [
        line.work,
        line.against,
        f"{theirs:.2f} s",
        f"{ours:.2f} s",
        f"**{line.ratio:.1f}x**{verdict}",
        f"{line.wanted}x",
    ]
    return f"| {' | '.join(cells)} |"


def report(lines: list[Line], facts: list[str]) -> str:
    """The whole of docs/benchmarks.md."""
    found = runtime.versions()
    versions = ", ".join(f"{name} {number}" for name, number in found.items())
    head = ["| work | against | theirs | ours | ratio | at least |", "|---|---|---|---|---|---|"]
    return "\n".join(
        [
            "# Benchmarks of the compiled training loop",
            "",
            (
                f"Written by `make bench`: medians of {REPEATS} ratios, both sides in turn in one"
                " process."
            ),
            (
                f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at"
                f" the end; {versions}."
            ),
            "",
            *head,
            *map(row_of, lines),
            "",
            *[f"- {fact}" for fact in facts],
            "",
        ]
    )


if __name__ == "__main__":
    text = report(*measure())
    print(text)
    REPORT.write_text(text, encoding="utf-8")
