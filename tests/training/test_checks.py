"""What cannot be trained is refused, with the cure, before anything is compiled."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.nets.models import mlp
from helpers.training import Recipe, Run, checks
from helpers.training.tensorflow_engine import TensorFlowEngine
from tests.training.small import REQUEST, build, changed, net, train


def with_nan(x):
    return np.where(np.arange(x.size).reshape(x.shape) == 7, np.nan, x)


def each(**own):
    """Three runs with this of their own."""
    return [Run(seed, **own) for seed in range(3)]


class Subclass(keras.Model):
    """A model whose inputs nobody knows."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)


def built(model):
    model.build((None, 5))
    return model


REST = np.arange(10, 70)
REFUSED = {
    "no runs": ({"runs": []}, "runs is empty"),
    "epochs 0": ({"epochs": 0}, "epochs is 0; it must be a whole number of at least 1"),
    "half an epoch": ({"epochs": 1.5}, "epochs is 1.5"),
    "batch size 0": ({"batch_size": 0}, "batch_size is 0"),
    "batch too large": (
        {"batch_size": 71},
        "Run 0: batch_size is 71, but there are 70 training rows: choose a smaller",
    ),
    "row too large": (
        {"runs": [Run(), Run(train_rows=[0, 70])]},
        "Run 1: train_rows must hold row numbers from 0 to 69",
    ),
    "negative row": ({"runs": [Run(train_rows=[-1, 3])]}, "from 0 to 69"),
    "mask": ({"runs": [Run(train_rows=np.ones(70, bool))]}, r"for a mask: np.flatnonzero\(mask\)"),
    "targets": (
        {"runs": [Run(targets=np.zeros(69))]},
        r"targets has shape \(69,\); it must be \(70,\)",
    ),
    "sample weight": (
        {"runs": [Run(sample_weight=np.zeros((70, 1)))]},
        r"sample_weight has shape \(70, 1\)",
    ),
    "rates": (
        {"runs": each(learning_rate=np.ones(5))},
        r"shape \(5,\); it must be one number, or one for each of the 20 steps",
    ),
    "rate NaN": ({"runs": each(learning_rate=np.nan)}, "finite"),
    "momentum 1": ({"runs": each(momentum=1.0)}, "momentum must be at least 0 and less than 1"),
    "no momentum": (
        {"runs": each(momentum=0.9), "optimizer": "adagrad"},
        "Adagrad has no momentum",
    ),
    "order": ({"runs": [Run(order=np.zeros(70, int))]}, "must be a permutation of 0 to 69"),
    "two rates": (
        {
            "optimizer": lambda: keras.optimizers.SGD(
                keras.optimizers.schedules.CosineDecay(0.1, 9)
            ),
            "runs": each(learning_rate=0.1),
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
    "epochs 2.0": ({"epochs": 2.0}, "epochs is 2.0; it must be a whole number"),
    "epochs in words": ({"epochs": "4"}, "epochs is '4'"),
    "epochs true": ({"epochs": True}, "epochs is True"),
    "batch size in words": ({"batch_size": "32"}, "batch_size is '32'; it must be a whole number"),
    "rate in words": (
        {"runs": each(learning_rate="0.1")},
        "learning_rate is '0.1'; it must be a number",
    ),
    "rate true": ({"runs": each(learning_rate=True)}, "learning_rate is True"),
    "momentum in words": ({"runs": each(momentum="0.9")}, "momentum is '0.9'; it must be a number"),
    "bare number of runs": ({"runs": 3}, r"give seeds, for example training.seeds\(SEED, 3\)"),
    "seed below 0": (
        {"runs": [0, -1]},
        "Run 1: seed is -1; it must be a whole number of at least 0",
    ),
    "seed with a fraction": ({"runs": [Run(0.5)]}, "Run 0: seed is 0.5"),
    "seed in words": ({"runs": ["0"]}, "runs holds '0'; it must hold training.Run or seeds"),
    "seed too large": ({"runs": [2**32]}, "seed is 4294967296"),
    "no training row": ({"runs": [Run(train_rows=[])]}, "train_rows must"),
    "no validation row": ({"runs": [Run(valid_rows=np.zeros(0, int))]}, "valid_rows must hold"),
    "validation row too large": (
        {"runs": [Run(valid_rows=[70])]},
        "valid_rows must hold row numbers",
    ),
    "test row too large": ({"runs": [Run(test_rows=[0, 70])]}, "test_rows must hold row numbers"),
    "test mask": (
        {"runs": [Run(test_rows=np.ones(70, bool))]},
        "test_rows must be a list of whole",
    ),
    "validation rows of some": (
        {"runs": [Run(0, REST, valid_rows=[1]), Run()]},
        "Some runs have valid_rows and some have none",
    ),
    "test rows of some": (
        {"runs": [Run(0, REST, test_rows=[1]), Run()]},
        "Some runs have test_rows and some have none",
    ),
    "validation rows that are trained on": (
        {"runs": [Run(), Run(0, REST, valid_rows=[1, 12, 10])]},
        r"Run 1: train_rows and valid_rows have 2 in common \(10, 12\): no row may be in both",
    ),
    "test rows that are trained on": (
        {"runs": [Run(0, REST, test_rows=np.arange(7, 69))]},
        r"train_rows and test_rows have 59 in common \(10, 11, 12, 13, 14 \.\.\.\)",
    ),
    "rows to validate and to test on": (
        {"runs": [Run(0, REST, valid_rows=[1, 2], test_rows=[2, 3])]},
        r"valid_rows and test_rows have 1 in common \(2\)",
    ),
    "validation rows and all trained on": (
        {"runs": each(valid_rows=[1])},
        "It has valid_rows, but trains on all rows: give it train_rows without them",
    ),
    "own rows and all trained on": (
        {"runs": each(valid_rows=[1], test_rows=[2])},
        "It has valid_rows and test_rows, but trains on all rows",
    ),
    "one run": ({"runs": Run(0)}, r"runs is one Run; give a list of them: \[run\]"),
    "one metric": ({"metrics": "mae"}, r"metrics is 'mae'; it must be a list: \['mae'\]"),
    "negative rate": (
        {"runs": each(learning_rate=-0.1)},
        "learning_rate is -0.1; it must not be negative",
    ),
    "negative rate of a step": (
        {"runs": each(learning_rate=np.linspace(0.1, -0.5, 20))},
        "learning_rate is -0.5",
    ),
    "negative rate of the optimizer": (
        {"optimizer": keras.optimizers.SGD(-0.25)},
        "Run 0: learning_rate is -0.25",
    ),
    "sum of losses": (
        {"loss": keras.losses.MeanSquaredError(reduction="sum")},
        "has reduction='sum', which depends on how many rows .* leave it at the mean",
    ),
    "losses of rows": (
        {"loss": keras.losses.MeanAbsoluteError(reduction=None)},
        "leave it at the mean",
    ),
    "watched validation": (
        {"watch": {"val": (np.zeros((3, 5)), np.zeros(3))}},
        '"val" is the name of the validation data: watch under another name',
    ),
    "watched inputs alone": (
        {"watch": {"test": np.zeros((3, 5))}},
        r"watch\['test'\] must be a pair \(x, y\): inputs and targets",
    ),
    "watched triple": ({"watch": {"test": (np.zeros((3, 5)),) * 3}}, "must be a pair"),
    "fewer rows than a batch": (
        {"runs": [Run(train_rows=np.arange(15))]},
        "there are 15 training rows",
    ),
    "model for build": ({"build": build()}, "build is <.*it must be a function that makes"),
    "build missing": ({"build": None}, "build is None; it must be a function"),
    "subclass": ({"build": Subclass}, "one input and one output, known at once"),
    "built subclass": ({"build": lambda: built(Subclass())}, "one input and one output"),
    "optimizer missing": ({"optimizer": None}, "optimizer is None.* must be an optimizer of Keras"),
    "optimizer a number": ({"optimizer": lambda: 0.1}, "gives 0.1; it must be an optimizer"),
    "scaled loss": (
        {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())},
        "is a LossScaleOptimizer: give the one that it holds",
    ),
    "metrics missing": ({"metrics": None}, "metrics is None; it must be a list"),
    "metric a number": ({"metrics": [3]}, "metrics holds 3; give names"),
    "augment a number": ({"augment": 3}, r"augment is 3; it must be a function augment\(x, y"),
    "watch without names": ({"watch": (1, 2)}, "watch is a tuple; give names"),
    "runs missing": ({"runs": None}, "runs is None; give a list"),
    "seed true": ({"runs": [True]}, "runs holds True"),
    "rate a schedule": (
        {"runs": each(learning_rate=keras.optimizers.schedules.CosineDecay(0.1, 9))},
        "it must be a number, or one for each step",
    ),
    "targets of text": (
        {"runs": [Run(targets=np.array(["a"] * 70))]},
        r"targets is array\(\['a', 'a'.* it must hold numbers, shape \(70,\)",
    ),
    "patience": ({"early_stopping": 20}, "must be a keras.callbacks.EarlyStopping"),
}


@pytest.fixture
def nothing_compiled(monkeypatch):
    def compiled(*_, **__):
        raise AssertionError("a program was compiled")

    monkeypatch.setattr(TensorFlowEngine, "train_epoch", compiled)


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what, numbers, nothing_compiled):
    asked, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        train(numbers, **asked)


def test_refused_data(numbers, nothing_compiled):
    for spoiled, message in (
        ({"x_train": with_nan(numbers.x_train)}, "x_train holds 1 values that are NaN or infinite"),
        ({"y_valid": numbers.y_valid * np.inf}, "y_valid holds 20 values"),
        ({"x_test": with_nan(numbers.x_test)}, "x_test holds 1 values that are NaN or infinite"),
        ({"y_test": numbers.y_test[1:]}, "x_test has 20 rows and y_test has 19"),
        ({"x_test": numbers.x_test[:, :4]}, r"x_test has shape \(20, 4\)"),
        ({"y_train": numbers.y_train[:-1]}, "x_train has 70 rows and y_train has 69"),
        (
            {"x_valid": numbers.x_valid[:, :4]},
            r"x_valid has shape \(20, 4\); after the first axis it must be \(5,\)",
        ),
        ({"y_train": numbers.y_train.astype(str)}, "y_train is <U"),
        ({"x_train": numbers.x_train.tolist()}, "x_train is list; it must be a NumPy array"),
        ({"x_train": numbers.x_train[:0], "y_train": numbers.y_train[:0]}, "x_train is empty"),
    ):
        with pytest.raises(ValueError, match=message):
            train(changed(numbers, **spoiled))
    with pytest.raises(ValueError, match="x_test has 20 rows and y_test has 19"):
        train(numbers, watch={"test": (numbers.x_valid, numbers.y_valid[1:])})


def test_arrays_are_no_split(numbers, nothing_compiled):
    with pytest.raises(ValueError, match="a tuple without x_train, y_train, x_valid"):
        train((numbers.x_train, numbers.y_train))


def test_whole_numbers_of_numpy_work(numbers):
    asked = {"epochs": 2, "batch_size": 16, "runs": [0, 1]}
    of_numpy = {"epochs": np.int64(2), "batch_size": np.uint8(16), "runs": np.arange(2)}
    for found, expected in zip(
        train(numbers, **of_numpy).weights, train(numbers, **asked).weights, strict=True
    ):
        np.testing.assert_array_equal(found[0], expected[0])
    runs = [Run(np.int64(1), learning_rate=np.float32(0.1))]
    assert len(train(numbers, runs=runs, epochs=1)) == 1


def test_targets_of_every_part_must_fit_the_loss(classes, nothing_compiled):
    asked = {"build": net(outputs=3), "loss": "sparse_categorical_crossentropy"}
    message = "class numbers from 0 to 2 for 3 outputs"
    for part in ("y_train", "y_valid", "y_test"):
        with pytest.raises(ValueError, match=message):
            train(changed(classes, **{part: vars(classes)[part] + 1}), **asked)
    with pytest.raises(ValueError, match=message):
        train(classes, watch={"other": (classes.x_test, classes.y_test + 1)}, **asked)
    with pytest.raises(ValueError, match=message):
        train(classes, runs=[Run(0), Run(1, targets=classes.y_train + 1)], **asked)


def test_a_reduction_of_a_loss_of_ones_own_is_refused_too(numbers, nothing_compiled):
    class Error(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)

    with pytest.raises(ValueError, match="leave it at the mean"):
        train(numbers, loss=Error(reduction="sum"))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "mean_with_sample_weight"])
def test_each_mean_is_a_mean(reduction, numbers):
    loss = keras.losses.MeanSquaredError(reduction=reduction)
    found, plain = train(numbers, loss=loss, epochs=1), train(numbers, epochs=1)
    np.testing.assert_allclose(found.history["loss"], plain.history["loss"], rtol=1e-5)


def test_the_same_model_twice_is_refused(numbers, nothing_compiled):
    model = build()
    with pytest.raises(ValueError, match="must make a new model each time"):
        train(numbers, lambda: model)


def test_range_test_refuses(numbers, nothing_compiled):
    rates = {"lowest": 1e-4, "highest": 1e3, "steps": 60}
    scheduled = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9))
    for wrong, message in (
        ({"runs": range(2)}, "at least 3"),
        ({"runs": 3}, r"training.seeds\(SEED, 3\)"),
        ({"lowest": 0.0}, "must grow"),
        ({"lowest": 2e3}, "must grow"),
        ({"steps": 2}, "at least 3"),
        ({"steps": 60.0}, "steps is 60.0"),
        ({"batch_size": 71}, "batch_size is 71"),
        ({"optimizer": scheduled}, "schedule, but a range test sets the .* give it a number"),
        ({"highest": np.inf}, "must grow"),
        ({"lowest": np.nan}, "must grow"),
    ):
        asked = {**REQUEST, "optimizer": "sgd", "runs": range(3), **rates, **wrong}
        given = {name: asked.pop(name) for name in rates}
        runs = asked.pop("runs")
        with pytest.raises(ValueError, match=message):
            Recipe(build, **asked).range_test(numbers, runs, **given)


def test_probabilities_are_not_warned_of_where_keras_finds_the_logits(recwarn):
    model = net(outputs=3, activation="softmax")()
    checks.warn_of_saturation(model, "sparse_categorical_crossentropy")
    assert len(recwarn) == 0
