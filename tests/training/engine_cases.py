"""Trainings that every engine must agree on: `KERAS_BACKEND=jax python -m
tests.training.engine_cases FILE.npz [NAME ...]`.

Weights come from NumPy, because backends draw different ones, and minibatches do anyway: only
rounding may differ."""

import random
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from keras import layers, optimizers, regularizers

from helpers.training import Recipe, Run, Runs
from tests.conftest import TRAIN as ROWS
from tests.conftest import images_split, numbers_split

EPOCHS, BATCH_SIZE = 4, 16  # four minibatches of 16 and one of 6


def classes():
    split = numbers_split()
    parts = ("train", "valid", "test")
    labels = {f"y_{part}": np.arange(len(getattr(split, f"y_{part}"))) % 3 for part in parts}
    return replace(split, **labels)


def net(*middle, outputs=1, activation=None, shape=(5,), **dense):
    """A function that builds a net with one hidden layer; its kernels come from NumPy, by the seed
    of the run.
    """

    def build():
        generator = np.random.default_rng(random.getrandbits(32))
        behind = [make() for make in middle]
        ends = [
            layers.Flatten(),
            layers.Dense(4, "tanh", **dense),
            layers.Dense(outputs, activation),
        ]
        model = keras.Sequential([keras.Input(shape), *behind, *ends])
        kernels = [generator.normal(scale=0.4, size=weight.shape) for weight in model.get_weights()]
        start = zip(model.get_weights(), kernels, strict=True)
        model.set_weights([kernel if weight.ndim > 1 else weight for weight, kernel in start])
        return model

    return build


def train(
    build, split, *, optimizer="sgd", loss="mse", runs=range(3), epochs=EPOCHS, watch=None, **how
) -> Runs:
    recipe = Recipe(
        build, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=BATCH_SIZE, **how
    )
    return recipe.fit(split, runs, watch=watch)


def own_data() -> Runs:
    """Folds of two sizes, a bootstrap sample, targets and weights of rows, the order of
    minibatches.
    """
    generator, split = np.random.default_rng(5), numbers_split()
    runs = [
        Run(0, train_rows=np.arange(6, ROWS)),
        Run(1, train_rows=generator.integers(0, ROWS, ROWS)),
        Run(2, targets=generator.permutation(split.y_train)),
        Run(3, sample_weight=generator.random(ROWS)),
        Run(4, order=generator.permutation(ROWS)),
        Run(5, train_rows=np.arange(64)),
    ]
    watch = {"train": (split.x_train, split.y_train)}
    return train(
        net(), split, runs=runs, optimizer=optimizers.Adam(0.01), metrics=["mae"], watch=watch
    )


def own_rates() -> Runs:
    steps = EPOCHS * -(-ROWS // BATCH_SIZE)
    rates, momenta = np.geomspace(0.1, 0.001, steps), np.linspace(0.9, 0.5, steps)
    runs = [
        Run(0, momentum=0.8),
        Run(0, momentum=0.8, learning_rate=rates),
        Run(0, momentum=0.0),
        Run(1, learning_rate=0.01, momentum=momenta),
    ]
    return train(net(), numbers_split(), runs=runs, optimizer=optimizers.SGD(0.05, momentum=0.5))


def some_momenta(runs) -> Runs:
    return train(net(), numbers_split(), runs=runs, optimizer=optimizers.SGD(0.05, momentum=0.5))


def momentum_of_the_last() -> Runs:
    return some_momenta([Run(0), Run(1, momentum=0.95)])


def momentum_of_the_first() -> Runs:
    return some_momenta([Run(0, momentum=0.95), Run(1)])


def without_decay() -> Runs:
    """Weight decay that leaves out the biases."""

    def make():
        optimizer = optimizers.AdamW(0.01, weight_decay=1.0)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        return optimizer

    return train(net(), numbers_split(), optimizer=make)


def own_divisions() -> Runs:
    """Divisions of one pool, in two sizes, each with its own rows to validate and to test on."""
    generator, split = np.random.default_rng(6), numbers_split()
    draws = [generator.permutation(ROWS) for _ in range(4)]
    sizes = (40, 15), (40, 15), (50, 10), (40, 15)
    runs = [
        Run(seed, draw[:train], draw[train : train + valid], draw[train + valid :])
        for seed, (draw, (train, valid)) in enumerate(zip(draws, sizes, strict=True))
    ]
    watch = {"pool": (split.x_train, split.y_train)}
    return train(net(), split, runs=runs, metrics=["mae"], watch=watch)


def stopping() -> Runs:
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
    runs = [Run(seed, learning_rate=rate) for seed, rate in enumerate((0.5, 0.01, 0.3, 0.2))]
    return train(net(), numbers_split(), runs=runs, epochs=8, early_stopping=stopper)


def diverging() -> Runs:
    return train(net(), numbers_split(), runs=[Run(0), Run(0, learning_rate=1e20), Run(1)])


def penalized() -> Runs:
    rules = {
        "kernel_regularizer": regularizers.L1L2(0.01, 0.1),
        "activity_regularizer": regularizers.L2(0.01),
    }
    return train(
        net(kernel_constraint=keras.constraints.MaxNorm(0.5), **rules),
        numbers_split(),
        metrics=["mae"],
    )


def normalized() -> Runs:
    asked = {
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
        "optimizer": optimizers.Nadam(0.01),
    }
    return train(
        net(layers.BatchNormalization, outputs=3, activation="softmax"), classes(), **asked
    )


def convolutional() -> Runs:
    def convolution():
        return layers.Conv2D(4, 3, activation="relu")

    middle = (
        lambda: layers.Rescaling(1 / 255),
        convolution,
        layers.BatchNormalization,
        layers.MaxPooling2D,
    )
    build = net(*middle, outputs=3, activation="softmax", shape=(6, 6, 3))
    return train(
        build, images_split(), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def augmented() -> Runs:
    return train(net(), numbers_split(), augment=lambda x, y, seed: (2 * x, y + 1))


def range_test() -> dict:
    recipe = Recipe(net(), loss="mse", optimizer="sgd", epochs=1, batch_size=BATCH_SIZE)
    rates = {"lowest": 1e-4, "highest": 10.0, "steps": 25}
    return {"losses": recipe.range_test(numbers_split(), range(3), **rates)[1]}


OPTIMIZERS = {
    "Nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "RMSprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "Adagrad": lambda: optimizers.Adagrad(0.05),
    "Adadelta": lambda: optimizers.Adadelta(1.0),
    "AdamW": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "Adamax": lambda: optimizers.Adamax(0.01),
    "clipped": lambda: optimizers.SGD(0.05, global_clipnorm=0.1),
    "averaged": lambda: optimizers.SGD(0.05, use_ema=True, ema_momentum=0.9),
    "accumulated": lambda: optimizers.SGD(0.05, gradient_accumulation_steps=2),
    "schedule": lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.05, 3, 0.5)),
}


def optimizer_case(make):
    return lambda: train(net(), numbers_split(), runs=range(2), optimizer=make())


CASES = {
    case.__name__: case
    for case in (
        own_data,
        own_rates,
        momentum_of_the_last,
        momentum_of_the_first,
        without_decay,
        own_divisions,
        stopping,
        diverging,
        penalized,
        normalized,
        convolutional,
        augmented,
        range_test,
    )
} | {name: optimizer_case(make) for name, make in OPTIMIZERS.items()}


def results(names) -> dict[str, np.ndarray]:
    """What the trainings of these names come to, as flat arrays: `case/what`."""
    found = {}
    for name in names:
        outcome = CASES[name]()
        parts = outcome if isinstance(outcome, dict) else parts_of(outcome)
        found |= {f"{name}/{part}": np.asarray(value) for part, value in parts.items()}
    return found


def parts_of(runs: Runs) -> dict:
    parts = {
        "epochs": runs.epochs,
        "best epoch": runs.best_epoch,
        "failures": sorted(runs.failures.items()),
        "test loss": runs.test("loss"),
    }
    for number, (losses, weights) in enumerate(zip(runs.step_losses, runs.weights, strict=True)):
        parts |= {
            f"steps {number}": losses,
            f"weights {number}": np.concatenate([each.ravel() for each in weights]),
        }
    return parts | runs.history


if __name__ == "__main__":
    np.savez(Path(sys.argv[1]), **results(sys.argv[2:] or CASES))
