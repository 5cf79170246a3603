"""What is timed: nets, and numbers of the shapes of the course's data."""

from collections.abc import Callable
from types import SimpleNamespace

import keras
import numpy as np

from helpers.datasets import arrays
from helpers.nets.models import mlp

W = {"batch_size": 32, "optimizer": "adam", "loss": "mse"}
DEEP = {"optimizer": "nadam", "loss": "sparse_categorical_crossentropy"}


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
    """Numbers of the shape of CIFAR-10, with as many rows more to validate on.

    They lie in memory as the course's loaders lay pictures there.
    """
    generator = np.random.default_rng(0)
    x = arrays.empty((rows + validation, 32, 32, 3), "uint8")
    for row in x:
        row[...] = generator.integers(0, 256, size=row.shape, dtype="uint8")
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
