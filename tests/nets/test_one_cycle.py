"""1cycle in plain `model.fit`: the rates and momenta that it trains with, and training that is cut
off and goes on.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.nets.one_cycle import CycleMomentum, OneCycle
from helpers.reference import schedules

EPOCHS, BATCH, ROWS = 4, 8, 60  # 8 steps an epoch, the last with 4 rows
CYCLE = OneCycle(32, 0.05, tail=0.2)
RATES, MOMENTA = schedules.one_cycle(32, 0.05, tail=0.2)
saving = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras's own, when it saves
X = np.random.default_rng(0).normal(size=(ROWS, 3)).astype("float32")
Y = np.sin(X @ [1.0, 2.0, 3.0])[:, None].astype("float32")


def compiled(momentum=0.95, **settings):
    network = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)]
    )
    network.set_weights(
        [np.random.default_rng(1).normal(size=weights.shape) for weights in network.get_weights()]
    )
    network.compile(keras.optimizers.SGD(CYCLE, momentum=momentum), loss="mse", **settings)
    return network


def fit(network, *callbacks, **settings):
    everything = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0} | settings
    network.fit(X, Y, callbacks=[CycleMomentum(CYCLE), *callbacks], **everything)
    return network.get_weights()


@pytest.fixture(scope="module")
def by_hand():
    """The weights after momentum descent written out, with the arrays of `schedules.one_cycle`."""
    network = compiled()
    velocity = [np.zeros_like(weights) for weights in network.get_weights()]
    for step, (rate, momentum) in enumerate(zip(RATES, MOMENTA, strict=True)):
        start = step % 8 * BATCH
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(
                (network(X[start : start + BATCH]) - Y[start : start + BATCH]) ** 2
            )
        gradients = tape.gradient(loss, network.trainable_variables)
        for number, (variable, gradient) in enumerate(
            zip(network.trainable_variables, gradients, strict=True)
        ):
            velocity[number] = momentum * velocity[number] - rate * gradient.numpy()
            variable.assign_add(velocity[number])
    return network.get_weights()


@pytest.fixture(scope="module")
def whole():
    """The weights after all epochs in one go."""
    return fit(compiled())


def assert_equal_weights(given, expected, tolerance=2e-5):
    for ours, theirs in zip(given, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=tolerance)


@pytest.fixture(scope="module")
def rmsprop_by_hand():
    """The weights after RMSprop with the momenta of the cycle, as Keras's documentation has it."""
    network, rho, epsilon = compiled(), 0.9, 1e-7
    squares = [np.zeros_like(weights) for weights in network.get_weights()]
    velocity = [np.zeros_like(weights) for weights in network.get_weights()]
    for step, (rate, momentum) in enumerate(zip(RATES / 10, MOMENTA, strict=True)):
        start = step % 8 * BATCH
        x, y = X[start : start + BATCH], Y[start : start + BATCH]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((network(x) - y) ** 2)
        gradients = tape.gradient(loss, network.trainable_variables)
        pairs = zip(network.trainable_variables, gradients, strict=True)
        for number, (variable, gradient) in enumerate(pairs):
            gradient = gradient.numpy()
            squares[number] = rho * squares[number] + (1 - rho) * gradient**2
            increment = rate * gradient / np.sqrt(squares[number] + epsilon)
            velocity[number] = momentum * velocity[number] + increment
            variable.assign_sub(velocity[number])
    return network.get_weights()


# The first compiles with XLA, which is Keras's default.
WAYS = [{}, {"steps_per_execution": 5}, {"jit_compile": False}, {"run_eagerly": True}]


@pytest.mark.parametrize("settings", WAYS, ids=str)
def test_fit_takes_the_steps_of_the_arrays(settings, by_hand):
    assert_equal_weights(fit(compiled(**settings)), by_hand)


@pytest.mark.parametrize("settings", WAYS, ids=str)
def test_rmsprop_takes_the_momenta_of_the_cycle_too(settings, rmsprop_by_hand):
    """It reads the data type of its momentum, which failed: "Invalid dtype"."""
    cycle = OneCycle(32, 0.005, tail=0.2)
    network = compiled()
    start = network.get_weights()
    network.compile(keras.optimizers.RMSprop(cycle, momentum=0.95), loss="mse", **settings)
    network.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[CycleMomentum(cycle)],
    )
    moved = zip(rmsprop_by_hand, start, strict=True)
    assert max(abs(new - old).max() for new, old in moved) > 0.1
    assert_equal_weights(network.get_weights(), rmsprop_by_hand, 1e-4)
    assert network.optimizer.momentum == 0.95


def test_without_the_callback_the_momentum_stays(by_hand):
    network = compiled()
    network.fit(X, Y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0)
    with pytest.raises(AssertionError):
        assert_equal_weights(network.get_weights(), by_hand, 1e-2)


def test_the_schedule_is_the_array_and_stays_where_it_ended():
    given = [float(CYCLE(tf.constant(step, tf.int64))) for step in range(40)]
    np.testing.assert_allclose(given, [*RATES, *[RATES[-1]] * 8], rtol=1e-6)


@saving
def test_training_that_was_cut_off_goes_on_in_the_middle(tmp_path):
    """Saved after two of four epochs, by a callback of Keras's while the cycle is running, and
    loaded again.
    """
    saved = tmp_path / "{epoch}.keras"
    whole = fit(compiled(), keras.callbacks.ModelCheckpoint(saved))
    loaded = keras.models.load_model(tmp_path / "2.keras")
    assert int(loaded.optimizer.iterations) == 16
    assert loaded.optimizer.get_config()["momentum"] == 0.95
    assert_equal_weights(fit(loaded, initial_epoch=2), whole, 0)


@saving
def test_a_backup_of_keras_goes_on_too(tmp_path, whole):
    class Cut(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise InterruptedError

    with pytest.raises(InterruptedError):
        fit(compiled(), keras.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), Cut())
    assert_equal_weights(fit(compiled(), keras.callbacks.BackupAndRestore(tmp_path)), whole, 0)


class Stop(keras.callbacks.Callback):
    """The stop button of a notebook, after two epochs."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def interrupted():
    """A network whose training was stopped: Keras does not say that training has ended."""
    network = compiled()
    with pytest.raises(KeyboardInterrupt):
        fit(network, Stop())
    return network


def test_training_that_was_interrupted_goes_on_with_the_same_model(whole):
    network = interrupted()
    assert_equal_weights(fit(network, initial_epoch=2), whole, 0)
    assert type(network.optimizer.momentum) is float and network.optimizer.momentum == 0.95
    assert network.optimizer.get_config()["momentum"] == 0.95


@pytest.mark.parametrize("anew", [False, True], ids=["as it is", "compiled anew"])
def test_after_an_interrupt_plain_training_has_the_compiled_momentum(anew):
    network, twin = interrupted(), compiled()
    twin.set_weights(network.get_weights())
    twin.optimizer.build(twin.trainable_variables)
    for ours, theirs in zip(twin.optimizer.variables, network.optimizer.variables, strict=True):
        ours.assign(theirs)
    for each in (network, twin):
        if anew:
            each.compile(keras.optimizers.SGD(CYCLE, momentum=0.95), loss="mse")
        each.fit(X, Y, batch_size=BATCH, shuffle=False, verbose=0)
    assert type(network.optimizer.momentum) is float and network.optimizer.momentum == 0.95
    assert_equal_weights(network.get_weights(), twin.get_weights(), 0)


def test_the_loss_of_float16_may_be_scaled():
    """Under mixed precision Keras puts the optimizer into another one."""
    network = compiled()
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(CYCLE, momentum=0.95))
    network.compile(scaled, loss="mse")
    plain = compiled()
    assert_equal_weights(fit(network), fit(plain))
    assert scaled.inner_optimizer.momentum == 0.95


def test_a_model_can_be_trained_with_it_after_training_without():
    network = compiled(momentum=0.9)
    network.fit(
        X, Y, epochs=1, batch_size=BATCH, shuffle=False, verbose=0
    )  # the step is compiled with momentum 0.9
    twin = keras.models.clone_model(network)
    twin.set_weights(network.get_weights())
    twin.compile(keras.optimizers.SGD(CYCLE, momentum=0.9), loss="mse")
    twin.optimizer.build(twin.trainable_variables)
    for ours, theirs in zip(twin.optimizer.variables, network.optimizer.variables, strict=True):
        ours.assign(theirs)
    assert_equal_weights(fit(network), fit(twin), 0)
    assert type(network.optimizer.momentum) is float and network.optimizer.momentum == 0.9


def test_the_schedule_is_serialized_with_its_settings():
    config = keras.optimizers.schedules.serialize(CYCLE)
    again = keras.optimizers.schedules.deserialize(config)
    assert isinstance(again, OneCycle) and again.settings == CYCLE.settings
    assert OneCycle.from_config(CYCLE.get_config()).settings["tail"] == 0.2


def test_an_optimizer_without_momentum_is_refused():
    with pytest.raises(ValueError, match="momentum=0.95"):
        fit(compiled(momentum=0.0))
    network = compiled()
    network.compile("adam", loss="mse")
    with pytest.raises(ValueError, match="Adam has no momentum"):
        fit(network)


def test_too_few_steps_are_refused_at_once():
    with pytest.raises(ValueError, match="steps is 3"):
        OneCycle(3, 0.1)
