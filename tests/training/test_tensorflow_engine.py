"""The compiled epoch does what `model.fit` does: the same numbers on the same minibatches, bit for
bit without XLA.
"""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, optimizers, regularizers

from helpers import runtime
from helpers.training import Recipe, Run, tensorflow_engine
from helpers.training.tensorflow_engine import TensorFlowEngine, wants_xla
from tests.conftest import split_of
from tests.training.small import changed, net, train

EPOCHS, BATCH_SIZE = 3, 16


@pytest.fixture
def like_fit(monkeypatch, empty_cache):
    """Without XLA and constant folding, whose order of sums inside a loop differs in the last
    digit.
    """
    monkeypatch.setattr(tensorflow_engine, "wants_xla", lambda *_: False)
    tf.config.optimizer.set_experimental_options({"constant_folding": False})
    yield
    tf.config.optimizer.set_experimental_options({"constant_folding": True})


def plain_fit(build, split, run: Run, *, optimizer, loss, metrics=(), callbacks=(), eagerly=False):
    """What Keras itself does with the minibatches that a recipe takes for the run."""
    keras.utils.set_random_seed(run.seed)
    model = build()
    model.compile(optimizer=optimizer, loss=loss, metrics=list(metrics), run_eagerly=eagerly)
    order = run.order if run.train_rows is None else np.asarray(run.train_rows)[run.order]
    history = model.fit(
        split.x_train[order],
        (split.y_train if run.targets is None else run.targets)[order],
        sample_weight=None if run.sample_weight is None else run.sample_weight[order],
        validation_data=(split.x_valid, split.y_valid) if metrics else None,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )
    return model, history.history


def assert_same_as_fit(
    build,
    split,
    run=None,
    *,
    optimizer=lambda: "adam",
    loss="mse",
    metrics=(),
    tolerance=0.0,
    **reference,
):
    """A recipe and `model.fit` must end with equal weights and report equal numbers."""
    run = run or Run(seed=3)
    if run.order is None:
        rows = len(split.x_train) if run.train_rows is None else len(run.train_rows)
        run = Run(**{**vars(run), "order": np.random.default_rng(8).permutation(rows)})
    asked = {"loss": loss, "metrics": metrics}
    seen = (
        split if metrics else changed(split, x_valid=split.x_valid[:0], y_valid=split.y_valid[:0])
    )
    how = {"optimizer": optimizer(), "epochs": EPOCHS, "batch_size": BATCH_SIZE} | asked
    runs = Recipe(build, **how).fit(seen, [run])
    model, history = plain_fit(build, split, run, optimizer=optimizer(), **asked, **reference)
    for ours, theirs in zip(runs.weights[0], model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance)
    np.testing.assert_allclose(
        runs.history["loss"][0] + runs.history["penalty"][0], history["loss"], rtol=1e-5
    )
    for metric in metrics:
        np.testing.assert_allclose(runs.history[metric][0], history[metric], rtol=1e-5)
        np.testing.assert_allclose(
            runs.history[f"val_{metric}"][0], history[f"val_{metric}"], rtol=1e-5
        )
        np.testing.assert_allclose(runs.predict(split.x_valid)[0], model(split.x_valid), atol=1e-6)


OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.05),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "Nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "RMSprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "Adagrad": lambda: optimizers.Adagrad(0.05),
    "Adadelta": lambda: optimizers.Adadelta(1.0),
    "Adam": lambda: optimizers.Adam(0.01, amsgrad=True),
    "AdamW": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "Adamax": lambda: optimizers.Adamax(0.01),
    "Nadam": lambda: optimizers.Nadam(0.01),
    "Ftrl": lambda: optimizers.Ftrl(0.05),
    "Lion": lambda: optimizers.Lion(0.003),
    "Lamb": lambda: optimizers.Lamb(0.01),
    "Adafactor": lambda: optimizers.Adafactor(0.01),
    "Muon": lambda: optimizers.Muon(0.01),
    "clipped": lambda: optimizers.Adam(0.01, global_clipnorm=0.1),
    "averaged": lambda: optimizers.Adam(0.05, use_ema=True, ema_momentum=0.9),
    "accumulated": lambda: optimizers.Adam(0.05, gradient_accumulation_steps=2),
    "schedule": lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.05, 3, 0.5)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimizer_ends_at_the_weights_of_fit(name, numbers, like_fit):
    assert_same_as_fit(net(), numbers, optimizer=OPTIMIZERS[name])


def restored_precision():
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_other_precisions_end_at_the_weights_of_fit(policy, numbers, like_fit, request):
    request.addfinalizer(restored_precision)
    if policy == "float64":
        keras.config.set_floatx(policy)
    keras.config.set_dtype_policy(policy)
    penalized = net(layers.BatchNormalization, kernel_regularizer=regularizers.L2(0.01))
    momentum = Run(3, learning_rate=0.05, momentum=0.9)
    tolerance = 1e-13 if policy == "float64" else 0  # its sums are vectorized in another way
    how = {"optimizer": OPTIMIZERS["momentum"], "tolerance": tolerance}
    assert_same_as_fit(penalized, numbers, momentum, **how)


NETS = {
    "batch norm": net(layers.BatchNormalization),
    "dropout 0": net(lambda: layers.Dropout(0.0)),
    "dropout": net(lambda: layers.Dropout(0.3)),
    "noise": net(lambda: layers.GaussianNoise(0.1)),
    "alpha dropout": net(lambda: layers.AlphaDropout(0.2)),
    "L1 and L2": net(
        kernel_regularizer=regularizers.L1L2(0.01, 0.1), activity_regularizer=regularizers.L2(0.01)
    ),
    "max norm": net(kernel_constraint=keras.constraints.MaxNorm(0.5)),
    "frozen layer": net(lambda: layers.Dense(3, trainable=False)),
}


@pytest.mark.parametrize("name", NETS)
def test_each_net_ends_at_the_weights_of_fit(name, numbers, like_fit):
    assert_same_as_fit(NETS[name], numbers)


def test_dropout_leaves_the_mean():
    """In distribution: a unit that stays is scaled by 1 / (1 - p), so the mean over many draws is
    the unit itself.
    """

    def only_dropout():
        start = {"kernel_initializer": "ones", "kernel_constraint": keras.constraints.MaxNorm(1e-9)}
        return keras.Sequential(
            [keras.Input((400,)), layers.Dropout(0.25), layers.Dense(1, use_bias=False, **start)]
        )

    ones = split_of(np.ones((84, 400), "f"), np.zeros(84, "f"))
    asked = {"epochs": 1, "batch_size": 64, "optimizer": "sgd", "loss": "mae"}
    runs = [Run(seed, learning_rate=0.0) for seed in range(10)]
    losses = np.array(train(ones, only_dropout, runs=runs, **asked).step_losses)
    standard_error = np.sqrt(400 * 0.25 / 0.75 / 64)
    assert (
        abs(losses.mean() - 400) < 4 * standard_error / np.sqrt(10) and len(set(losses.ravel())) > 5
    )


def test_convolutions_end_at_the_weights_of_fit(like_fit):
    images = np.random.default_rng(1).integers(0, 256, size=(90, 6, 6, 3)).astype("uint8")
    split = split_of(images, np.arange(90) % 3)

    def build():
        middle = [
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
        ]
        ends = [layers.Rescaling(1 / 255), *middle, layers.Flatten(), layers.Dense(3, "softmax")]
        return keras.Sequential([keras.Input((6, 6, 3)), *ends])

    assert_same_as_fit(build, split, loss="sparse_categorical_crossentropy", metrics=["accuracy"])


def scaled_error(targets, outputs):
    return keras.ops.mean(keras.ops.square(targets - outputs), axis=-1) * 3


@pytest.mark.parametrize(
    "loss", ["mae", keras.losses.Huber(0.3), scaled_error], ids=["mae", "Huber", "own function"]
)
def test_each_regression_loss(loss, numbers, like_fit):
    parts = ("y_train", "y_valid", "y_test")
    columns = {part: vars(numbers)[part][:, None].astype("float32") for part in parts}
    column = changed(numbers, **columns)
    assert_same_as_fit(net(), column, loss=loss)


def test_class_numbers_and_label_smoothing(classes, like_fit):
    build = net(outputs=3, activation="softmax")
    assert_same_as_fit(build, classes, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    parts = ("y_train", "y_valid", "y_test")
    one_hot = changed(classes, **{part: np.eye(3)[vars(classes)[part]] for part in parts})
    assert_same_as_fit(build, one_hot, loss=smoothed, metrics=["accuracy"])


def test_what_a_run_has_of_its_own(numbers, like_fit):
    generator = np.random.default_rng(5)
    n = len(numbers.x_train)
    fold, bootstrap = np.arange(7, n), generator.integers(0, n, n)
    assert_same_as_fit(net(), numbers, Run(1, train_rows=fold))
    assert_same_as_fit(net(), numbers, Run(2, train_rows=bootstrap))
    assert_same_as_fit(net(), numbers, Run(3, targets=generator.permutation(numbers.y_train)))
    assert_same_as_fit(net(), numbers, Run(4, sample_weight=generator.random(n)))


class PerStep(keras.callbacks.Callback):
    """Sets an attribute of the optimizer before every step, as a reader would."""

    def __init__(self, name, values):
        super().__init__()
        self.name, self.values, self.step = name, values, 0

    def on_train_batch_begin(self, batch, logs=None):
        setattr(self.model.optimizer, self.name, float(self.values[self.step]))
        self.step += 1


def test_a_learning_rate_for_each_step(numbers, like_fit):
    rates = np.geomspace(0.1, 0.001, EPOCHS * 5)
    run = Run(seed=4, learning_rate=rates)
    assert_same_as_fit(net(), numbers, run, callbacks=[PerStep("learning_rate", rates)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.05, momentum=0.5),
        lambda: optimizers.SGD(0.05, momentum=0.5, nesterov=True),
        lambda: optimizers.RMSprop(0.01, momentum=0.5),
        lambda: optimizers.Adam(0.01),
        lambda: optimizers.Nadam(0.01),
    ],
    ids=["SGD", "Nesterov", "RMSprop", "Adam", "Nadam"],
)
def test_a_momentum_for_each_step(make, numbers, like_fit):
    name = "beta_1" if hasattr(make(), "beta_1") else "momentum"
    momenta = np.linspace(0.95, 0.6, EPOCHS * 5)
    order = np.random.default_rng(8).permutation(70)
    runs = train(
        numbers,
        net(),
        runs=[Run(4, order=order, momentum=values) for values in (momenta, 0.5)],
        epochs=EPOCHS,
        optimizer=make(),
    )
    for weights, values in zip(runs.weights, (momenta, np.full(15, 0.5)), strict=True):
        # Compiled, Keras would have the first momentum for ever.
        model, _ = plain_fit(
            net(),
            numbers,
            Run(4, order=order),
            optimizer=make(),
            loss="mse",
            eagerly=True,
            callbacks=[PerStep(name, values)],
        )
        for ours, theirs in zip(weights, model.get_weights(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_momentum_zero_is_plain_gradient_descent(numbers, like_fit):
    asked = {"epochs": 2, "optimizer": optimizers.SGD(0.05)}
    plain = train(numbers, net(), runs=range(2), **asked)
    zero = train(numbers, net(), runs=[Run(seed, momentum=0.0) for seed in range(2)], **asked)
    np.testing.assert_array_equal(plain.history["loss"], zero.history["loss"])


@pytest.mark.parametrize(
    "build", [net(), net(layers.BatchNormalization)], ids=["dense", "batch norm"]
)
def test_with_xla_the_first_steps_and_the_curves_agree(build, numbers, monkeypatch):
    assert wants_xla(build())
    fast = train(numbers, build, epochs=5)
    monkeypatch.setattr(tensorflow_engine, "wants_xla", lambda *_: False)
    exact = train(numbers, build, epochs=5)
    for ours, theirs in zip(fast.step_losses, exact.step_losses, strict=True):
        np.testing.assert_allclose(ours[:10], theirs[:10], rtol=1e-5)
    np.testing.assert_allclose(fast.history["loss"], exact.history["loss"], rtol=0.01)
    np.testing.assert_allclose(fast.history["val_loss"], exact.history["val_loss"], rtol=0.01)


def test_xla_only_where_it_is_faster():
    assert wants_xla(net()())
    assert not wants_xla(net(lambda: layers.Dropout(0.5))())
    assert not wants_xla(keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3)]))
    assert not wants_xla(net()(), augment=lambda x, y, seed: (x, y))


SEQUENCES = {
    "best in the middle": [5, 4, 3, 4, 5, 6, 7, 8],
    "ties do not count": [3, 3, 3, 3, 3, 3, 3, 3],
    "small steps": [3.0, 2.95, 2.9, 2.85, 2.8, 2.75, 2.7, 2.65],
    "saw": [5, 6, 4, 5, 3, 4, 2, 3],
    "falls to the end": [8, 7, 6, 5, 4, 3, 2, 1],
    "first is best": [1, 2, 3, 4, 5, 6, 7, 8],
}
STOPPERS = {
    "patience 2": {"patience": 2},
    "patience 0": {"patience": 0},
    "restore": {"patience": 2, "restore_best_weights": True},
    "min_delta": {"patience": 2, "min_delta": 0.2, "restore_best_weights": True},
    "baseline": {"patience": 3, "baseline": 4.5, "restore_best_weights": True},
    "start late": {"patience": 1, "start_from_epoch": 3, "restore_best_weights": True},
}


class Crafted(keras.callbacks.Callback):
    """Puts a crafted value where Keras's early stopping looks."""

    def __init__(self, values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.values[epoch]


@pytest.fixture(scope="module")
def stopped_by_keras(numbers):
    """Function that trains one model by `model.fit` with crafted values, from the same start each
    time.
    """
    keras.utils.set_random_seed(0)
    model = net()()
    model.compile(optimizer=optimizers.SGD(0.05), loss="mse")
    start = model.get_weights()

    def train(values, settings):
        model.set_weights(start)
        stopper = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", **settings)
        history = model.fit(
            numbers.x_train,
            numbers.y_train,
            batch_size=35,
            epochs=8,
            shuffle=False,
            verbose=0,
            callbacks=[Crafted(values), stopper],
        )
        return len(history.epoch), stopper.best_epoch, model.get_weights()

    return train


@pytest.mark.parametrize("settings", STOPPERS)
def test_early_stopping_is_keras_epoch_for_epoch(
    settings, numbers, stopped_by_keras, like_fit, monkeypatch
):
    for values in SEQUENCES.values():
        crafted = iter(values)
        monkeypatch.setattr(
            TensorFlowEngine,
            "evaluate",
            lambda *_, crafted=crafted: [{"loss": next(crafted)}],
        )
        runs = train(
            numbers,
            net(),
            runs=[Run(0, order=np.arange(70))],
            epochs=8,
            batch_size=35,
            optimizer=optimizers.SGD(0.05),
            early_stopping=keras.callbacks.EarlyStopping(
                monitor="val_loss", mode="min", **STOPPERS[settings]
            ),
        )
        epochs, best_epoch, weights = stopped_by_keras(values, STOPPERS[settings])
        assert (runs.epochs[0], runs.best_epoch[0]) == (epochs, best_epoch)
        assert np.isnan(runs.history["loss"][0, epochs:]).all()
        for ours, theirs in zip(runs.weights[0], weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def aligned(array, offset: int):
    """The array in memory that begins `offset` bytes behind a multiple of 64."""
    buffer = np.empty(array.nbytes + 128, np.uint8)
    start = -buffer.ctypes.data % 64 + offset
    copy = buffer[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@pytest.mark.parametrize("kind", ["uint8", "int64", "float32", "float64", "bool"])
def test_tensors_share_memory_where_tensorflow_can(kind):
    array = np.arange(240).reshape(-1, 4).astype(kind)
    shared, copied = aligned(array, 0), aligned(array, 16)
    tensors = TensorFlowEngine.as_tensor(shared), TensorFlowEngine.as_tensor(copied)
    for tensor in tensors:
        np.testing.assert_array_equal(tensor, array)
    if not tf.config.list_physical_devices("GPU"):
        shared[0], copied[0] = 1, 1
        assert tensors[0].numpy()[0, 0] == 1 and tensors[1].numpy()[0, 0] == 0


@pytest.mark.parametrize(
    "awkward", [np.zeros((0, 3)), np.arange(6).reshape(2, 3).T, np.broadcast_to(1.0, (4, 2))]
)
def test_tensors_of_awkward_arrays(awkward):
    np.testing.assert_array_equal(TensorFlowEngine.as_tensor(awkward), awkward)


def test_new_traces_are_not_told_and_other_warnings_are():
    runtime.start()
    told = []
    listener = logging.Handler()
    listener.emit = lambda record: told.append(record.getMessage())
    log = tf.get_logger()
    log.addHandler(listener)
    try:
        shaped = tf.function(lambda x: x + 1)
        for rows in range(1, 15):
            shaped(tf.zeros([rows] * (1 + rows % 3)))
        log.warning("something else")
    finally:
        log.removeHandler(listener)
    assert told == ["something else"]
