"""What the runs say when they are asked: as Keras's own evaluation and scikit-learn have it."""

import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from helpers.training import Run, Runs, seeded
from tests.training.small import changed, net, train


def runs_with(curve, best_epoch, epochs) -> Runs:
    """Runs of which only the history counts."""
    return Runs(
        history={"val_loss": curve},
        step_losses=[],
        weights=[[]] * len(curve),
        best_epoch=np.array(best_epoch),
        epochs=np.array(epochs),
        forward=lambda weights, x: x,
        loss=keras.losses.get("mse"),
        metrics=(),
        test_data=[],
    )


def test_last_best_and_epochs_to():
    curve = np.array([[3.0, 1.0, 2.0], [5.0, 4.0, np.nan]])
    runs = runs_with(curve, [1, 1], [3, 2])
    assert runs.last("val_loss").tolist() == [2, 4] and runs.best("val_loss").tolist() == [1, 4]
    np.testing.assert_array_equal(runs.epochs_to("val_loss", 2.5), [2, np.nan])
    np.testing.assert_array_equal(runs.epochs_to("val_loss", 4.5, direction="higher"), [np.nan, 1])


def test_an_unknown_metric_is_named_with_those_that_are_there():
    runs = runs_with(np.ones((1, 2)), [0], [2])
    for asked in (runs.last, runs.best, lambda metric: runs.epochs_to(metric, 1.0)):
        with pytest.raises(ValueError, match="no 'val_lss' in the history; it has .*val_loss"):
            asked("val_lss")


@pytest.mark.parametrize("direction", ["bigger", "Lower", "", None])
def test_epochs_to_refuses_another_direction(direction):
    runs = runs_with(np.ones((2, 3)), [0, 0], [3, 3])
    with pytest.raises(ValueError, match='must be "lower" or "higher"'):
        runs.epochs_to("val_loss", 1.0, direction=direction)


def test_some_of_the_runs(numbers):
    plain = {"train_rows": np.arange(10, 70), "test_rows": np.arange(5)}
    own = {**plain, "test_rows": [5]}
    asked = [Run(0, **plain), Run(1, **plain), Run(2, learning_rate=1e30, **plain), Run(3, **own)]
    runs = train(numbers, net(), runs=asked, optimizer="sgd")
    some = runs[2:]
    assert len(some) == 2 and some.failures == {0: runs.failures[2]} and not runs[:2].failures
    np.testing.assert_array_equal(some.last("val_loss"), runs.last("val_loss")[2:])
    np.testing.assert_array_equal(some.predict(numbers.x_valid), runs.predict(numbers.x_valid)[2:])
    np.testing.assert_array_equal(some.test("loss"), runs.test("loss")[2:])


def test_only_slices_are_some_of_the_runs(numbers):
    runs = train(numbers, net(), epochs=1)
    for number in (0, -1, np.int64(1)):
        with pytest.raises(TypeError, match=r"such as runs\[:10\] or runs\[3:4\]"):
            runs[number]


def test_none_of_the_runs_can_be_shown(numbers):
    runs = train(numbers, net(), epochs=1)
    assert repr(runs[5:]) == "<0 runs of up to 0 epochs: loss, penalty, val_loss>"


# Accuracy and the test data -----------------------------------------------------------------------


def as_column(split):
    parts = ("y_train", "y_valid", "y_test")
    return changed(split, **{part: vars(split)[part][:, None] for part in parts})


def one_hot(split):
    parts = ("y_train", "y_valid", "y_test")
    return changed(split, **{part: np.eye(3)[vars(split)[part]] for part in parts})


def in_two(split):
    parts = ("y_train", "y_valid", "y_test")
    return changed(split, **{part: (vars(split)[part] > 0).astype(int) for part in parts})


def as_is(split):
    return split


BINARY, CATEGORICAL = keras.losses.BinaryCrossentropy, keras.losses.CategoricalCrossentropy
SPARSE = keras.losses.SparseCategoricalCrossentropy
KINDS = {
    "softmax": (as_is, net(outputs=3, activation="softmax"), "sparse_categorical_crossentropy"),
    "logits": (as_is, net(outputs=3), SPARSE(from_logits=True)),
    "column of classes": (as_column, net(outputs=3), SPARSE(from_logits=True)),
    "one-hot": (one_hot, net(outputs=3, activation="softmax"), "categorical_crossentropy"),
    "one-hot, logits": (one_hot, net(outputs=3), CATEGORICAL(from_logits=True)),
    "label smoothing": (
        one_hot,
        net(outputs=3, activation="softmax"),
        CATEGORICAL(label_smoothing=0.1),
    ),
    "sigmoid": (in_two, net(activation="sigmoid"), "binary_crossentropy"),
    "one logit": (in_two, net(), BINARY(from_logits=True)),
    "sigmoid, column": (
        lambda split: as_column(in_two(split)),
        net(activation="sigmoid"),
        BINARY(),
    ),
}


def evaluated(build, loss, runs, number, x, y, metrics=()):
    """What Keras's own evaluation says of a run."""
    model = seeded(build, 0)
    model.compile(loss=loss, metrics=list(metrics))
    model.set_weights(runs.weights[number])
    return model.evaluate(x, y, batch_size=7, verbose=0, return_dict=True)


def right(kind):
    """Keras's accuracy for a kind; its threshold is 0.5 also for logits, unless told so."""
    return (
        keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
        if kind == "one logit"
        else "accuracy"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_accuracy_and_loss_are_those_of_keras_and_scikit_learn(kind, classes):
    prepared, build, loss = KINDS[kind]
    data = prepared(classes)
    runs = train(
        data, build, loss=loss, runs=range(3), epochs=6, optimizer=keras.optimizers.Adam(0.02)
    )
    assert len(set(runs.accuracy(data.x_train, data.y_train))) > 1
    accuracy, losses = runs.test("accuracy"), runs.test("loss")
    np.testing.assert_array_equal(accuracy, runs.accuracy(data.x_test, data.y_test))
    for number, outputs in enumerate(runs.predict(data.x_test)):
        said = evaluated(build, loss, runs, number, data.x_test, data.y_test, [right(kind)])
        np.testing.assert_allclose(accuracy[number], said["accuracy"], rtol=1e-6)
        np.testing.assert_allclose(losses[number], said["loss"], rtol=1e-5)
        truth = (
            data.y_test.argmax(axis=1) if "one-hot" in kind or "smoothing" in kind else data.y_test
        )
        if outputs.shape[1] == 1:
            answer = outputs[:, 0] > (0 if kind == "one logit" else 0.5)
        else:
            answer = outputs.argmax(axis=1)
        assert accuracy[number] == accuracy_score(truth.ravel(), answer)


def test_a_share_of_right_answers_on_other_data(classes):
    build, loss = net(outputs=3), SPARSE(from_logits=True)
    runs = train(classes, build, loss=loss, runs=range(2))
    for x, y in ((classes.x_train, classes.y_train), (classes.x_valid, classes.y_valid)):
        expected = [accuracy_score(y, outputs.argmax(axis=1)) for outputs in runs.predict(x)]
        assert runs.accuracy(x, y).tolist() == expected
    assert runs.accuracy(classes.x_train, classes.y_train).shape == (2,)


@pytest.mark.parametrize(
    "loss", ["mse", "mae", keras.losses.Huber(0.3)], ids=["mse", "mae", "Huber"]
)
@pytest.mark.parametrize("prepared", [as_is, as_column])
def test_losses_and_metrics_of_regression(loss, prepared, numbers):
    data = prepared(numbers)
    runs = train(data, net(), loss=loss, runs=range(2))
    for number in range(2):
        metrics = ["mae", "mse", keras.metrics.RootMeanSquaredError("rmse")]
        said = evaluated(net(), loss, runs, number, data.x_test, data.y_test, metrics)
        np.testing.assert_allclose(runs.test("loss")[number], said["loss"], rtol=1e-5)
        np.testing.assert_allclose(runs.test("mae")[number], said["mae"], rtol=1e-5)
        np.testing.assert_allclose(runs.test("mse")[number], said["mse"], rtol=1e-5)
        np.testing.assert_allclose(
            runs.test("RootMeanSquaredError")[number], said["rmse"], rtol=1e-5
        )


def test_the_loss_of_the_test_is_without_penalties(numbers):
    plain, penalized = net(), net(kernel_regularizer=keras.regularizers.L2(1.0))
    runs = train(numbers, penalized, runs=[0])
    said = evaluated(plain, "mse", runs, 0, numbers.x_test, numbers.y_test)
    np.testing.assert_allclose(runs.test("loss")[0], said["loss"], rtol=1e-5)


def test_each_run_is_tested_on_its_own_rows(numbers):
    rest, rows = np.arange(54, 70), (np.arange(0, 20), np.arange(20, 54))
    runs = train(numbers, net(), runs=[Run(0, rest, test_rows=each) for each in rows])
    errors = runs.predict(numbers.x_train)[0, :, 0] - numbers.y_train
    expected = [(errors[each] ** 2).mean() for each in rows]
    np.testing.assert_allclose(runs.test("loss"), expected, rtol=1e-5)
    without = train(numbers, net(), runs=[Run(0, rest)])
    elsewhere = runs.predict(numbers.x_test)[0, :, 0] - numbers.y_test
    np.testing.assert_allclose(without.test("loss"), [(elsewhere**2).mean()], rtol=1e-5)


def test_the_test_data_of_many_runs_are_not_copied(numbers):
    asked = [Run(seed, np.arange(40), test_rows=np.arange(40 + seed, 70)) for seed in range(3)]
    for seed, held in enumerate(train(numbers, net(), runs=asked, epochs=1).test_data):
        assert np.shares_memory(held.x, numbers.x_train)
        assert np.shares_memory(held.y, numbers.y_train)
        assert held.rows.tolist() == list(range(40 + seed, 70)) and len(held) == 30 - seed
        x, y = held.arrays()
        np.testing.assert_array_equal(x, numbers.x_train[40 + seed :])
        np.testing.assert_array_equal(y, numbers.y_train[40 + seed :])
    for held in train(numbers, net(), epochs=1).test_data:
        assert held.x is numbers.x_test and held.y is numbers.y_test and held.rows is None
        assert len(held) == 20


def test_a_loss_of_ones_own_sees_the_targets_that_keras_shows_it(classes):
    """As numbers of the outputs' type: 0 - 2 is -2, also for targets of type uint8."""

    def weighted(targets, outputs):
        return keras.ops.mean(keras.ops.abs(targets - 2) * keras.ops.square(outputs), axis=-1)

    parts = ("y_train", "y_valid", "y_test")
    small = changed(classes, **{part: vars(classes)[part].astype("uint8") for part in parts})
    for data in (small, classes):
        runs = train(data, net(), loss=weighted, runs=range(2))
        for number in range(2):
            said = evaluated(net(), weighted, runs, number, data.x_test, data.y_test)
            np.testing.assert_allclose(runs.test("loss")[number], said["loss"], rtol=1e-5)


def top_of_two():
    return keras.metrics.SparseTopKCategoricalAccuracy(k=2)


def test_an_accuracy_of_the_recipe_s_own_is_the_one_that_is_tested(classes):
    """Its threshold is so high that hardly anything counts as a yes."""
    data = changed(
        classes,
        **{f"y_{part}": getattr(classes, f"y_{part}") % 2 for part in ("train", "valid", "test")},
    )
    strict = keras.metrics.BinaryAccuracy("accuracy", threshold=0.999)
    build = net(activation="sigmoid")
    runs = train(data, build, loss="binary_crossentropy", runs=range(2), metrics=[strict])
    assert runs.test("accuracy") == pytest.approx([np.mean(data.y_test == 0)] * 2)
    assert (runs.test("accuracy") != runs.accuracy(data.x_test, data.y_test)).any()


def test_a_metric_is_tested_as_the_recipe_has_it(classes):
    """Keras's name alone stands for k=5, which is 1 for three classes."""
    build, loss = net(outputs=3), SPARSE(from_logits=True)
    runs = train(classes, build, loss=loss, runs=range(2), metrics=["acc", top_of_two()])
    found = runs.test("sparse_top_k_categorical_accuracy")
    for number in range(2):
        metrics = [top_of_two()]
        said = evaluated(build, loss, runs, number, classes.x_test, classes.y_test, metrics)
        np.testing.assert_allclose(
            found[number], said["sparse_top_k_categorical_accuracy"], rtol=1e-6
        )
    assert (found < 1).all()
    again = runs.test("sparse_top_k_categorical_accuracy")
    np.testing.assert_array_equal(again, found)  # nothing is left over in the recipe's object
    np.testing.assert_array_equal(runs.test("acc"), runs.test("accuracy"))


def distance(targets, outputs):
    return keras.ops.mean(keras.ops.abs(targets - outputs), axis=-1)


@pytest.mark.parametrize(
    "metric",
    [distance, keras.metrics.MeanMetricWrapper(distance, name="distance")],
    ids=["function", "object"],
)
def test_a_metric_of_ones_own_is_tested_too(metric, numbers):
    runs = train(numbers, net(), runs=range(2), metrics=[metric])
    np.testing.assert_allclose(runs.test("distance"), runs.test("mae"), rtol=1e-5)
    np.testing.assert_allclose(runs.test("mse"), runs.test("loss"), rtol=1e-5)  # beside one, too


@pytest.mark.parametrize("wrong", [[5, 0], [-1, 0], [0.5, 0]])
def test_accuracy_is_not_told_of_classes_that_the_net_does_not_know(classes, wrong):
    asked = {"loss": "sparse_categorical_crossentropy", "epochs": 1, "runs": [0]}
    runs = train(classes, net(outputs=3, activation="softmax"), **asked)
    assert runs.accuracy(classes.x_valid[:2], [1, 0]).shape == (1,)
    with pytest.raises(ValueError, match="a net with 3 outputs needs class numbers from 0 to 2"):
        runs.accuracy(classes.x_valid[:2], wrong)


def test_a_regression_has_no_accuracy(numbers):
    runs = train(numbers, net())
    with pytest.raises(ValueError, match='needs the targets 0 and 1; .* ask for "loss" or "mae"'):
        runs.test("accuracy")
    with pytest.raises(ValueError, match="needs the targets 0 and 1"):
        runs.accuracy(numbers.x_valid, numbers.y_valid)
    for y in (numbers.y_valid > 0, (numbers.y_valid > 0)[:, None].astype(float)):
        assert ((runs.accuracy(numbers.x_valid, y) * 20) % 1 == 0).all()


def test_what_has_no_answer_is_refused(numbers):
    runs = train(changed(numbers, x_test=numbers.x_test[:0], y_test=numbers.y_test[:0]), net())
    with pytest.raises(ValueError, match="There are no test data"):
        runs.test("loss")
    with pytest.raises(ValueError, match="precison"):
        train(numbers, net()).test("precison")
