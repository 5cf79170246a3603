"""What a first call costs, what a further run of the same net costs, and where the time goes."""

import time
from collections import Counter
from collections.abc import Callable
from functools import wraps

import numpy as np

from benchmarks.limits import Rates
from benchmarks.timing import REPEATS
from benchmarks.work import DEEP, deep, images
from helpers.training import Recipe, engine, initial, loop, tensorflow_engine

FIRST, FURTHER = 3.0, 0.3
"""Seconds wanted, at most."""
PARTS = (
    (loop, "seeded", "building models"),
    (initial, "seeded", "building models"),
    (tensorflow_engine.TensorFlowEngine, "_train_batches", "tracing"),
    (tensorflow_engine.TensorFlowEngine, "_evaluate_all", "tracing"),
    (tensorflow_engine.TensorFlowEngine, "evaluate", "evaluating"),
    (tensorflow_engine.TensorFlowEngine, "train_epoch", "training"),
    (tensorflow_engine.TensorFlowEngine, "restart", "initial weights"),
)


EPOCHS, ROWS, VALIDATION = 6, 1024, 4000


def facts(rates: Rates) -> list[str]:
    """Two lines on net D+BN, with nothing compiled before; TensorFlow's engine only."""
    recipe = Recipe(deep(batch_norm=True), epochs=EPOCHS, batch_size=32, **DEEP)
    split = images(ROWS, validation=VALIDATION)
    firsts, further, shares = [], [], []
    for _ in range(REPEATS):
        engine._cache.clear()
        first, parts = profiled(lambda: recipe.fit(split, [0]))
        again, usual = profiled(lambda: recipe.fit(split, [0]))
        five, of_five = profiled(lambda: recipe.fit(split, range(5)))
        firsts.append(first)
        further.append((five - again) / 4)
        compiling = parts["training"] - parts["tracing"] - usual["training"]
        shares.append(
            {
                "tracing": parts["tracing"],
                "XLA": compiling,
                "building": parts["building models"],
                "training again": usual["training"],
                "evaluating again": usual["evaluating"],
            }
            | {f"further {name}": (of_five[name] - usual[name]) / 4 for name in WITHIN}
        )
    middle = {name: np.median([each[name] for each in shares]) for name in shares[0]}
    start = ", ".join(f"{name} {middle[name]:.2f}" for name in list(middle)[:5])
    products = rates.seconds(EPOCHS * ROWS)
    rest = ", ".join(f"{name} {middle[f'further {name}']:.2f}" for name in WITHIN)
    rest += f"; the matrix products of its training alone would take {products:.2f}"
    return [
        line("First call (net D+BN, 1 run x 6 epochs x 32 steps)", firsts, FIRST, start),
        line("A further run of the same call", further, FURTHER, rest),
    ]


WITHIN = ("initial weights", "training", "evaluating")
"""What a further run consists of."""


def line(work: str, seconds: list[float], most: float, parts: str) -> str:
    """One fact: median seconds, whether that is what is wanted, and what they consist of."""
    median = float(np.median(seconds))
    missed = "" if median <= most else " (missed)"
    return f"{work}: {median:.2f} s{missed} (wanted: at most {most} s); seconds in {parts}."


def profiled(work: Callable) -> tuple[float, Counter]:
    """Seconds of a piece of work, and those spent in each of PARTS."""
    spent, kept = Counter(), [(home, name, getattr(home, name)) for home, name, _ in PARTS]

    def timed(function: Callable, part: str) -> Callable:
        @wraps(function)
        def call(*arguments, **options):
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                spent[part] += time.perf_counter() - start

        return call

    for (home, name, function), (_, _, part) in zip(kept, PARTS, strict=True):
        setattr(home, name, timed(function, part))
    try:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start, spent
    finally:
        for home, name, function in kept:
            setattr(home, name, function)
