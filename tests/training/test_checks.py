"""What cannot be trained is refused, with the cure, before anything is compiled."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from helpers.nets.models import mlp
from helpers.training import Run, fit_runs, lr_range_test

ASKED = {"runs": 3, "epochs": 4, "batch_size": 16, "optimizer": "adam", "loss": "mse"}


@pytest.fixture(scope="module")
def split():
    """70 training rows of 5 numbers, and a smooth function of them."""
    x = np.random.default_rng(0).normal(size=(90, 5)).astype("float32")
    y = np.sin(x.sum(axis=1))
    return SimpleNamespace(x_train=x[20:], y_train=y[20:], x_valid=x[:20], y_valid=y[:20])


def build():
    return mlp(5, [8])


def train(split, build=build, **changed):
    return fit_runs(build, split, **{**ASKED, **changed})


def spoiled(split, **changed):
    return SimpleNamespace(**{**vars(split), **changed})


def with_nan(x):
    return np.where(np.arange(x.size).reshape(x.shape) == 7, np.nan, x)


REFUSED = {
    "no runs": ({"runs": 0}, "runs is empty"),
    "epochs 0": ({"epochs": 0}, "epochs is 0; it must be a whole number of at least 1"),
    "half an epoch": ({"epochs": 1.5}, "epochs is 1.5"),
    "batch size 0": ({"batch_size": 0}, "batch_size is 0"),
    "batch too large": (
        {"batch_size": 71},
        "Run 0: batch_size is 71, but there are 70 training rows: choose a smaller",
    ),
    "index too large": (
        {"runs": [Run(), Run(train_index=[0, 70])]},
        "Run 1: train_index must hold indices from 0 to 69",
    ),
    "negative index": ({"runs": [Run(train_index=[-1, 3])]}, "from 0 to 69"),
    "mask": ({"runs": [Run(train_index=np.ones(70, bool))]}, r"for a mask: np.flatnonzero\(mask\)"),
    "targets": (
        {"runs": [Run(targets=np.zeros(69))]},
        r"targets has shape \(69,\); it must be \(70,\)",
    ),
    "sample weight": (
        {"runs": [Run(sample_weight=np.zeros((70, 1)))]},
        r"sample_weight has shape \(70, 1\)",
    ),
    "rates": (
        {"learning_rate": np.ones(5)},
        r"shape \(5,\); it must be one number, or one for each of the 20 steps",
    ),
    "rate NaN": ({"learning_rate": np.nan}, "finite"),
    "momentum 1": ({"momentum": 1.0}, "momentum must be at least 0 and less than 1"),
    "no momentum": ({"momentum": 0.9, "optimizer": "adagrad"}, "Adagrad has no momentum"),
    "order": ({"runs": [Run(order=np.zeros(70, int))]}, "must be a permutation of 0 to 69"),
    "two rates": (
        {
            "optimizer": lambda: keras.optimizers.SGD(
                keras.optimizers.schedules.CosineDecay(0.1, 9)
            ),
            "learning_rate": 0.1,
        },
        "choose one",
    ),
    "loss missing": ({"loss": None}, "loss is missing"),
    "loss unknown": ({"loss": "mean"}, "mean"),
    "no class numbers": (
        {"loss": "sparse_categorical_crossentropy"},
        "class numbers from 0 to 0 for 1 outputs",
    ),
    "too many outputs": (
        {"build": lambda: mlp(5, [8], 3)},
        r"Each target has shape \(\), but mean_squared_error",
    ),
    "too many inputs": (
        {"build": lambda: mlp(4, [8])},
        r"takes inputs of shape \(4,\), but the rows .* shape \(5,\)",
    ),
    "no model": (
        {"build": lambda: None},
        "build\\(\\) must return a Keras model; it returned NoneType",
    ),
    "no input": (
        {"build": lambda: keras.Sequential([layers.Dense(1)])},
        "begin it with keras.Input",
    ),
    "no weights": (
        {"build": lambda: keras.Sequential([keras.Input((5,)), layers.Flatten()])},
        "no trainable weights",
    ),
    "monitor": (
        {"early_stopping": keras.callbacks.EarlyStopping("val_acc")},
        "monitors 'val_acc'; the history has loss",
    ),
    "patience": ({"early_stopping": 20}, "must be a keras.callbacks.EarlyStopping"),
}


@pytest.fixture
def nothing_compiled(monkeypatch):
    def compiled(*_):
        raise AssertionError("a program was compiled")

    monkeypatch.setattr("helpers.tensorflow_engine.Engine.train_epoch", compiled)


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what, split, nothing_compiled):
    changed, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        train(split, **changed)


def test_refused_data(split, nothing_compiled):
    for changed, message in (
        ({"x_train": with_nan(split.x_train)}, "x_train holds 1 values that are NaN or infinite"),
        ({"y_valid": split.y_valid * np.inf}, "y_valid holds 20 values"),
        ({"y_train": split.y_train[:-1]}, "x_train has 70 rows and y_train has 69"),
        (
            {"x_valid": split.x_valid[:, :4]},
            r"x_valid has shape \(20, 4\); after the first axis it must be \(5,\)",
        ),
        ({"y_train": split.y_train.astype(str)}, "y_train is <U"),
        ({"x_train": split.x_train.tolist()}, "x_train is list; it must be a NumPy array"),
        ({"x_train": split.x_train[:0], "y_train": split.y_train[:0]}, "x_train is empty"),
    ):
        with pytest.raises(ValueError, match=message):
            train(spoiled(split, **changed))
    with pytest.raises(ValueError, match="x_test has 20 rows and y_test has 19"):
        train(split, watch={"test": (split.x_valid, split.y_valid[1:])})


def test_the_same_model_twice_is_refused(split, nothing_compiled):
    model = build()
    with pytest.raises(ValueError, match="must make a new model each time"):
        train(split, lambda: model)


def test_range_test_refuses(split, nothing_compiled):
    asked = {
        "lowest": 1e-4,
        "highest": 1e3,
        "steps": 60,
        "batch_size": 16,
        "optimizer": "sgd",
        "loss": "mse",
    }
    for changed, message in (
        ({"runs": 2}, "at least 3"),
        ({"lowest": 0.0}, "must grow"),
        ({"lowest": 2e3}, "must grow"),
        ({"batch_size": 71}, "batch_size is 71"),
        (
            {"optimizer": keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9))},
            "choose one",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            lr_range_test(build, split, **{**asked, **changed})
