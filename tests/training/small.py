"""Small nets, which train within milliseconds."""

from types import SimpleNamespace

import keras
from keras import layers

from helpers.nets.models import mlp
from helpers.training import Recipe, Runs

REQUEST = {"epochs": 4, "batch_size": 16, "optimizer": "adam", "loss": "mse"}


def changed(split, **parts) -> SimpleNamespace:
    """The split with other arrays in some places."""
    return SimpleNamespace(**{**vars(split), **parts})


def build():
    """A net of one hidden layer for five numbers."""
    return mlp(5, [8])


def net(*middle, outputs=1, activation=None, **dense):
    """A function that builds a net of one hidden layer, with further layers behind it."""

    def build():
        behind = [make() for make in middle]
        hidden = layers.Dense(4, activation="tanh", **dense)
        return keras.Sequential(
            [keras.Input((5,)), hidden, *behind, layers.Dense(outputs, activation)]
        )

    return build


def train(split, build=build, *, runs=range(3), watch=None, progress=None, **how) -> Runs:
    """Train these runs by a small recipe, `how` says where another one."""
    recipe = Recipe(build, **{**REQUEST, **how})
    return recipe.fit(split, runs, watch=watch, progress=progress)
