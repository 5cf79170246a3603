"""1cycle for plain Keras, to take home: a learning-rate schedule, and a callback for the momentum.

    cycle = OneCycle(steps=epochs * steps_per_epoch, peak=0.5)
    model.compile(keras.optimizers.SGD(cycle, momentum=0.95), loss=...)
    model.fit(x, y, epochs=epochs, callbacks=[CycleMomentum(cycle)])

Both follow the optimizer's own count of its steps, which is saved with the model. So training that
was cut off goes on in the middle of the cycle: `keras.models.load_model(...)`, then `fit` with the
same callback and `initial_epoch`.
"""

from functools import partial
from typing import Any

import keras
from keras import ops

from helpers.nets.momentum import Momentum, inner
from helpers.reference import schedules


@keras.saving.register_keras_serializable("course")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of `schedules.one_cycle`; after its last step it stays where it ended.

    Raises ValueError as `schedules.one_cycle` does.
    """

    def __init__(
        self, steps: int, peak: float, start: float = 0.1, end: float = 1e-4, tail: float = 0.1
    ):
        super().__init__()
        steps = schedules.whole(steps)  # a number of NumPy's could not be saved
        self.settings = {"steps": steps, "peak": peak, "start": start, "end": end, "tail": tail}
        self._rates = schedules.one_cycle(**self.settings).learning_rate.astype("float32")

    def __call__(self, step):
        """The learning rate of a step counted from 0."""
        return value_at(step, self._rates)

    def get_config(self) -> dict:
        """The settings, as Keras saves them with the model."""
        return self.settings


class CycleMomentum(keras.callbacks.Callback):
    """Lowers the momentum while the learning rate of `cycle` is high, as Smith (2018) advises.

    For SGD and RMSprop on the TensorFlow backend. Compile with a momentum above 0, which is what a
    saved model holds and what comes back when training ends; after an interrupt it comes back when
    the next training begins. Raises ValueError when training begins with an optimizer that has no
    momentum.
    """

    def __init__(self, cycle: OneCycle, high: float = 0.95, low: float = 0.85):
        super().__init__()
        plan = schedules.one_cycle(**cycle.settings, momenta=(high, low))
        self._momenta = plan.momentum.astype("float32")

    def on_train_begin(self, logs=None):
        """Put the changing momentum in place of the compiled one."""
        model: Any = self.model
        optimizer = inner(model.optimizer)
        config = optimizer.get_config()
        if not config.get("momentum", 0):
            name = type(optimizer).__name__
            raise ValueError(
                f"{name} has no momentum to cycle: compile with SGD(..., momentum=0.95)."
            )
        self._optimizer, self._compiled = optimizer, config["momentum"]
        optimizer.get_config = lambda: config  # a model that is saved now is saved as compiled
        now = partial(value_at, optimizer.iterations, self._momenta)
        # Past Keras's tracking, which would save the momentum with the weights of the optimizer.
        object.__setattr__(optimizer, "momentum", Momentum(self._compiled, now=now))
        model.make_train_function(force=True)  # the former step has the number built in
        # Keras tells callbacks nothing of an interrupt, but it asks for the step when the next
        # training begins.
        model.make_train_function = self._put_back

    def on_train_end(self, logs=None):
        """Put the compiled momentum back."""
        self._put_back()

    def _put_back(self, force: bool = True):
        model: Any = self.model
        del self._optimizer.get_config, model.make_train_function
        object.__setattr__(self._optimizer, "momentum", self._compiled)
        model.make_train_function(force=True)


def value_at(step, values):
    """The value of a step counted from 0, and the last one after the end."""
    last = len(values) - 1
    return ops.take(values, ops.minimum(ops.cast(step, "int32"), last))
