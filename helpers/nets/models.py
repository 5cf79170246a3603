"""Small builders of ordinary Keras models."""

from typing import Any

import keras
import numpy as np


def mlp(
    inputs: int | tuple,
    hidden,
    outputs: int = 1,
    *,
    activation="relu",
    output_activation=None,
    **dense,
):
    """A multilayer perceptron.

    `hidden` is the list of the hidden layers' widths; an empty one makes a linear model. `inputs`
    is the shape of one example. Further arguments go to every hidden `keras.layers.Dense`.
    """
    shape = (inputs,) if isinstance(inputs, int) else tuple(inputs)
    layers = [keras.Input(shape)] + ([keras.layers.Flatten()] if len(shape) > 1 else [])
    layers += [keras.layers.Dense(width, activation=activation, **dense) for width in hidden]
    return keras.Sequential([*layers, keras.layers.Dense(outputs, activation=output_activation)])


def side_by_side(inputs: int, widths, *, activation="relu"):
    """Nets of one hidden layer each, of these widths, in one model: they share their inputs only.

    The outputs have shape (n, nets). With a loss that is a mean over outputs, such as "mse", the
    gradient of each net is what it would be by itself, divided by the number of nets. Adam divides
    by the size of the gradient, so it trains each net as if it were alone, for the price of one.
    """
    glorot = _glorot_net_by_net(inputs, widths)
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(sum(widths), activation=activation, kernel_initializer=glorot),
            OutputOfEach(widths),
        ]
    )


def _glorot_net_by_net(others: int, widths) -> Any:
    """An initializer with Glorot's limits for each net by itself, of so many inputs or outputs."""
    limits = np.repeat(np.sqrt(6 / (others + np.array(widths))), widths).astype("float32")
    draw = keras.initializers.RandomUniform(-1, 1)
    return lambda shape, dtype: draw(shape, dtype) * limits


@keras.saving.register_keras_serializable("course")
class OutputOfEach(keras.layers.Layer):
    """One linear output for each of several nets, whose hidden units come one after the other."""

    def __init__(self, widths, **layer):
        super().__init__(**layer)
        self.widths = tuple(widths)
        self.belongs = np.repeat(np.eye(len(self.widths), dtype="float32"), self.widths, axis=0)

    def build(self, shape):
        """A weight for each hidden unit, with Glorot's limits for a net by itself."""
        glorot = _glorot_net_by_net(1, self.widths)
        self.kernel = self.add_weight(shape=(shape[-1],), initializer=glorot)
        self.bias = self.add_weight(shape=(len(self.widths),), initializer="zeros")

    def call(self, units):
        """Outputs of shape (n, nets) for hidden units of shape (n, all of them)."""
        return keras.ops.matmul(units * self.kernel, self.belongs) + self.bias

    def get_config(self):
        """What makes the same layer again."""
        return {**super().get_config(), "widths": self.widths}


class Squares(keras.regularizers.Regularizer):
    """A penalty on the square of every weight, with a strength for each column."""

    def __init__(self, strengths: np.ndarray):
        self.strengths = strengths.astype("float32")

    def __call__(self, x):
        """The penalty of these weights."""
        return keras.ops.sum(self.strengths * x**2)


@keras.saving.register_keras_serializable("course")
class NetsByColumn(keras.layers.Layer):
    """Nets of one hidden ReLU layer, of each width, for every column of x: see `nets_by_column`."""

    def __init__(self, widths, penalties=None, **layer):
        super().__init__(**layer)
        self.widths, self.penalties = tuple(widths), penalties and tuple(penalties)
        self.ends = np.cumsum(self.widths).tolist()

    def build(self, shape):
        """A weight for each column and hidden unit, with Glorot's limits for a net by itself."""
        penalty = Squares(np.repeat(self.penalties, self.widths)) if self.penalties else None

        def weights(name):
            return self.add_weight(
                shape=(shape[-1], sum(self.widths)),
                initializer=_glorot_net_by_net(1, self.widths),
                regularizer=penalty,
                name=name,
            )

        self.incoming, self.outgoing = weights("incoming"), weights("outgoing")
        self.shift = self.add_weight(shape=self.incoming.shape, initializer="zeros", name="shift")
        several = shape[-1], len(self.widths)
        self.level = self.add_weight(shape=several, initializer="zeros", name="level")

    def call(self, x):
        """Outputs of shape (n, columns, nets) for x of shape (n, columns)."""
        units = keras.ops.relu(x[..., None] * self.incoming + self.shift) * self.outgoing
        nets = zip([0, *self.ends[:-1]], self.ends, strict=True)
        summed = [keras.ops.sum(units[..., start:end], axis=-1) for start, end in nets]
        return keras.ops.stack(summed, axis=-1) + self.level

    def get_config(self):
        """What makes the same layer again."""
        return {**super().get_config(), "widths": self.widths, "penalties": self.penalties}


def nets_by_column(columns: int, widths, penalties=None):
    """Nets that each read one column of x, so that many training sets are learned in one program.

    For every column there is a net of one hidden ReLU layer of each of the `widths`; no two share
    a weight. x has shape (n, columns), the outputs (n, columns, nets). `penalties`, if given, are
    the strengths of an L2 penalty on the weights of each net. With `summed_squares` as the loss
    each net has the gradient that it would have by itself.
    """
    return keras.Sequential([keras.Input((columns,)), NetsByColumn(widths, penalties)])


def summed_squares(y, outputs):
    """Squared errors of `nets_by_column`, summed over columns and nets, for y (n, columns)."""
    return keras.ops.sum(keras.ops.square(outputs - y[..., None]), axis=(1, 2))


def batch_normalized_mlp(
    inputs: int | tuple,
    hidden,
    outputs: int = 1,
    *,
    activation="relu",
    output_activation=None,
    normalize_inputs=False,
    momentum=0.99,
    **dense,
):
    """A multilayer perceptron of blocks Dense - BatchNormalization - activation, else as `mlp`.

    The dense layers before a normalization have no bias, because its shift does the same. With
    `normalize_inputs` a further batch normalization standardizes the features. `momentum` is the
    share of the moving averages that remains at each step: take 0.9 where there are few steps. For
    the 20 layers of note 003: `hidden=[100] * 20, kernel_initializer="he_normal"`.
    """
    shape = (inputs,) if isinstance(inputs, int) else tuple(inputs)
    layers = [keras.Input(shape)] + ([keras.layers.Flatten()] if len(shape) > 1 else [])
    layers += [keras.layers.BatchNormalization(momentum=momentum)] if normalize_inputs else []
    for width in hidden:
        layers += [
            keras.layers.Dense(width, use_bias=False, **dense),
            keras.layers.BatchNormalization(momentum=momentum),
            keras.layers.Activation(activation),
        ]
    return keras.Sequential([*layers, keras.layers.Dense(outputs, activation=output_activation)])


def convnet(
    inputs: tuple,
    stages,
    outputs: int = 1,
    *,
    kernel_size: int = 3,
    activation="relu",
    output_activation=None,
    batch_norm: bool = False,
    **convolution,
):
    """A convolutional net in stages.

    `stages` lists, for each stage, the numbers of filters of its convolutions. `inputs` is the
    shape of one image, (height, width) or (height, width, channels). Convolutions do not change the
    size (padding "same"); 2x2 max pooling halves it between the stages, and after the last one each
    map is averaged. With `batch_norm` a batch normalization stands between each convolution and its
    activation, in place of the bias. Further arguments go to every `keras.layers.Conv2D`.
    """
    layers = [keras.Input(tuple(inputs))] + (
        [keras.layers.Reshape((*inputs, 1))] if len(inputs) == 2 else []
    )
    for number, stage in enumerate(stages):
        layers += [keras.layers.MaxPooling2D()] if number else []
        for filters in stage:
            layers.append(
                keras.layers.Conv2D(
                    filters, kernel_size, padding="same", use_bias=not batch_norm, **convolution
                )
            )
            layers += [keras.layers.BatchNormalization()] if batch_norm else []
            layers.append(keras.layers.Activation(activation))
    layers.append(keras.layers.GlobalAveragePooling2D())
    return keras.Sequential([*layers, keras.layers.Dense(outputs, activation=output_activation)])
