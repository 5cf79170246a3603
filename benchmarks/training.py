"""What the compiled training loop saves, against Keras's `model.fit` and scikit-learn, on this
machine.

`make bench` prints the table and writes docs/benchmarks.md. Both sides of a line run in turn, in
one process, five times, and the line gives the median of the ratios: other work on the machine then
touches both sides alike.
"""

import os
import platform
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPRegressor
from tqdm.auto import tqdm

from benchmarks import convolution, limits, starting, with_jax
from benchmarks.timing import REPEATS, Line, in_turn, seconds
from benchmarks.work import DEEP, W, convnet, deep, fit_of, images, net_w, table
from helpers import runtime
from helpers.training import Recipe, as_runs, engine

MOST_MEMORY = 1.1
NETS = (
    "Net W has two hidden layers of 64 units, and 11 inputs (red wines). Net D has 20 hidden layers"
    " of 100 units (ELU) on images of 32x32x3; net D+BN has batch normalization after each."
)
REPORT = runtime.ROOT / "docs" / "benchmarks.md"


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


DEFAULTS = "`model.fit`, defaults"
TABLE, IMAGES = table(1439), images(6400)


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
        with_jax.lines,
    ):
        done = part()
        lines += done
        work.update()
        work.write("\n".join(map(row_of, done)))
    first, second, programs = second_call()
    limit = limits.rates()
    facts = [
        (
            f"Second call of the same shape (net D, one epoch of 20 steps): {second:.2f} s after"
            f" {first:.2f} s; programs compiled: {programs} (wanted: 0)."
        ),
        *limits.facts(limit),
        *starting.facts(limit),
        memory(),
        *convolution.facts(),
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
    ours, theirs = line.median_pair
    verdict = "" if line.ratio >= line.wanted else " (missed)"
    cells = [
        line.work,
        line.against,
        f"{theirs:.2f} s",
        f"{ours:.2f} s",
        f"**{line.ratio:.3g}x**{verdict}",
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
            NETS,
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
