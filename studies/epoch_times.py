"""Seconds of an epoch of the nets of lesson 7: `python -m studies.epoch_times`, on a quiet machine.

The nets of steps b, c and d, layer by layer as the listings of note 003 have them, 200 steps of 32
made images to an epoch, in turns of three whose order changes, with Keras's `fit` and with the
course's compiled loop. Audit 7 reads the results file (CIF-13 and CIF-18). Images are noise: what
is in them does not change the time.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from helpers import datasets, runtime, training
from helpers.nets import models
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "07_epoch_times.json"
TURNS, STEPS, BATCH, RATE = 30, 200, 32, 3e-4
LOOPED = 5
SHAPE, WIDTHS, CLASSES = (32, 32, 3), [100] * 20, 10
HE = {"activation": "elu", "kernel_initializer": "he_normal"}


def in_layers(activation: str, initializer: str, *, normalized: bool = False) -> keras.Model:
    """The net of step c (normalized) or d: each dense layer has a bias, and its activation comes in
    a layer of its own.
    """
    normalize = [keras.layers.BatchNormalization] if normalized else []
    layers = [keras.Input(SHAPE), keras.layers.Flatten(), *(make() for make in normalize)]
    for width in WIDTHS:
        layers.append(keras.layers.Dense(width, kernel_initializer=initializer))
        layers += [make() for make in normalize]
        layers.append(keras.layers.Activation(activation))
    return keras.Sequential([*layers, keras.layers.Dense(CLASSES, activation="softmax")])


NETS: dict[str, Callable[[], keras.Model]] = {
    "b": partial(models.mlp, SHAPE, WIDTHS, CLASSES, output_activation="softmax", **HE),
    "c": partial(in_layers, "elu", "he_normal", normalized=True),
    "d": partial(in_layers, "selu", "lecun_normal"),
}


def images() -> tuple[np.ndarray, np.ndarray]:
    """Noise of the shape of an epoch's photographs, and labels."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(STEPS * BATCH, *SHAPE)).astype("float32")
    return x, generator.integers(0, CLASSES, STEPS * BATCH)


def with_fit(build: Callable[[], keras.Model]) -> Callable[[], object]:
    """One epoch of `model.fit`, again and again on the same model."""
    model, (x, y) = build(), images()
    model.compile(
        keras.optimizers.Nadam(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    silent: Any = 0
    return lambda: model.fit(x, y, batch_size=BATCH, verbose=silent)


def with_the_loop(build: Callable[[], keras.Model]) -> Callable[[], object]:
    """LOOPED epochs of the course's compiled loop, each time on a fresh model.

    What comes before the first step takes a while, and would hide the steps of a single epoch.
    """
    x, y = images()
    parts = x, y, x[:0], y[:0], x[:0], y[:0]
    split = datasets.Split("noise", "noise", "generated", *parts, class_names=tuple("0123456789"))
    recipe = training.Recipe(
        build,
        loss="sparse_categorical_crossentropy",
        optimizer="nadam",
        epochs=LOOPED,
        batch_size=BATCH,
        metrics=["accuracy"],
    )
    return lambda: recipe.fit(split, [training.Run(0, learning_rate=RATE)], progress=False)


def in_turns(
    epochs: dict[str, Callable[[], object]], turns: int, at_once: int = 1
) -> dict[str, list[float]]:
    """Seconds of an epoch in every turn, of which each call does so many `at_once`.

    Each is called once before, which compiles it.
    """
    for epoch in epochs.values():
        epoch()
    seconds: dict[str, list[float]] = {name: [] for name in epochs}
    for turn in range(turns):
        names = list(epochs)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            epochs[name]()
            seconds[name].append((time.perf_counter() - start) / at_once)
    return {name: np.round(values, 5).tolist() for name, values in seconds.items()}


def main(path: Path = RESULTS) -> None:
    """Take the times that the results file does not have yet."""
    ways = (("model.fit", with_fit, 1), ("compiled loop", with_the_loop, LOOPED))
    for title, made, at_once in ways:
        if title not in read(path):
            epochs = {name: made(net) for name, net in NETS.items()}
            write(path, title, in_turns(epochs, TURNS, at_once))


if __name__ == "__main__":
    main()
