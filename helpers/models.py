"""Small builders of ordinary Keras models."""

import keras


def mlp(inputs: int | tuple, hidden, outputs: int = 1, *, activation="relu", output_activation=None, **dense):
    """A multilayer perceptron: `hidden` is the list of the hidden layers' widths, `[]` a linear model.

    `inputs` is the shape of one example. Further arguments go to every hidden `keras.layers.Dense`.
    """
    shape = (inputs,) if isinstance(inputs, int) else tuple(inputs)
    layers = [keras.Input(shape)] + ([keras.layers.Flatten()] if len(shape) > 1 else [])
    layers += [keras.layers.Dense(width, activation=activation, **dense) for width in hidden]
    return keras.Sequential([*layers, keras.layers.Dense(outputs, activation=output_activation)])
