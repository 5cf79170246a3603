"""Many runs in one JAX program, against `model.fit` and the TensorFlow engine.

`python -m benchmarks.with_jax` is the JAX side: it does the work that each line of the input names,
and says so.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.timing import Line, in_turn
from benchmarks.work import DEEP, W, deep, fit_of, images, net_w, table
from helpers.training import Recipe

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


def lines() -> list[Line]:
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

        found = []
        for name, work in MANY.items():
            sides = partial(there, name), partial(work.theirs)
            for side in sides:
                side()
            ours, theirs = in_turn(*sides)
            found.append(
                Line(
                    f"{name}, JAX",
                    work.against,
                    ours,
                    [work.times * each for each in theirs],
                    work.wanted,
                )
            )
        process.stdin.close()
    return found


if __name__ == "__main__":
    for line in sys.stdin:
        MANY[line.strip()].ours()
        print(line.strip(), flush=True)
