"""Small builders of ordinary Keras models."""

import keras


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
    given = keras.Input((inputs,))
    outputs = [
        keras.layers.Dense(1)(keras.layers.Dense(width, activation=activation)(given))
        for width in widths
    ]
    return keras.Model(given, keras.layers.Concatenate()(outputs))


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
