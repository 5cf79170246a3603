"""Exercise of lesson 07: a net that normalizes itself, step d."""

import keras
import numpy as np

from helpers.exercises.core import Exercise, Mistake, call, expect

IMAGE = (32, 32, 3)


def prepare(images):
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten()])
    for _ in range(20):
        model.add(keras.layers.Dense(100, kernel_initializer="he_normal"))
        model.add(keras.layers.Activation("selu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    scaled = (images - images.mean(axis=0)) / images.std(axis=0)
    print(f"scaled to mean {scaled.mean():.2f} and standard deviation {scaled.std():.2f}")
    return model, images


def prepare_solution(images):
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten()])
    for _ in range(20):
        model.add(keras.layers.Dense(100, kernel_initializer="lecun_normal"))
        model.add(keras.layers.Activation("selu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    scaled = (images - images.mean(axis=0)) / images.std(axis=0)
    return model, scaled


def stack(activation="selu", initializer="he_normal") -> keras.Sequential:
    """The net of 20 x 100 with this activation and these weights."""
    hidden = [
        keras.layers.Dense(100, activation=activation, kernel_initializer=initializer)
        for _ in range(20)
    ]
    return keras.Sequential(
        [
            keras.Input(IMAGE),
            keras.layers.Flatten(),
            *hidden,
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def prepare_by_colour(images):
    scaled = (images - images.mean(axis=(0, 1, 2))) / images.std(axis=(0, 1, 2))
    return stack(initializer="lecun_normal"), scaled


def prepare_raw(images):
    return prepare_solution(images)[0], images


def prepare_to_one(images):
    return prepare_solution(images)[0], images / 255


def prepare_he(images):
    return stack(), prepare_solution(images)[1]


def prepare_elu(images):
    return stack("elu", "lecun_normal"), prepare_solution(images)[1]


def prepare_with_batch_norm(images):
    hidden = []
    for _ in range(20):
        hidden += [
            keras.layers.Dense(100, kernel_initializer="lecun_normal"),
            keras.layers.BatchNormalization(),
        ]
        hidden.append(keras.layers.Activation("selu"))
    layers = [
        keras.Input(IMAGE),
        keras.layers.Flatten(),
        *hidden,
        keras.layers.Dense(10, activation="softmax"),
    ]
    return keras.Sequential(layers), prepare_solution(images)[1]


def prepare_with_dropout(images):
    hidden = []
    for _ in range(20):
        hidden += [
            keras.layers.Dense(100, kernel_initializer="lecun_normal", activation="selu"),
            keras.layers.Dropout(0.1),
        ]
    layers = [
        keras.Input(IMAGE),
        keras.layers.Flatten(),
        *hidden,
        keras.layers.Dense(10, activation="softmax"),
    ]
    return keras.Sequential(layers), prepare_solution(images)[1]


def images_like_photographs() -> np.ndarray:
    """Colours from 0 to 255 that vary by image, place and pixel, float32 (256, 32, 32, 3)."""
    generator = np.random.default_rng(0)
    brightness = generator.normal(0, 20, (256, 1, 1, 3))
    return np.clip(110 + brightness + generator.normal(0, 50, (256, *IMAGE)), 0, 255).astype(
        "float32"
    )


PAIR = "prepare() must return two things: the model and the images in the form the model expects."
RAW = (
    "The images you return are still the raw ones (0 to 255): that is the notes' bug. Return the"
    " scaled array."
)
NOT_STANDARD = (
    "The images you return are scaled, but not standardized: that is mean 0 and standard"
    " deviation 1."
)
NORMALIZED = (
    "There is a normalization layer left in the net: with SELU the net should normalize itself."
)
PLAIN_DROPOUT = (
    "Ordinary dropout sets units to 0 and changes mean and variance; self-normalizing nets use"
    " AlphaDropout, if any."
)
NOT_SELU = "The hidden layers do not compute SELU."
TOO_WIDE = (
    "The weights are drawn too wide, so that the hidden outputs grow from layer to layer. SELU"
    " needs a variance of 1 / inputs (LeCun); He draws with twice that."
)


def denses(model) -> list:
    """The hidden dense layers of a model."""
    return [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense) and layer.units == 100
    ]


def curve_of(model, number: int) -> str:
    """Which curve follows the hidden layer `number`: its activation, or that of the layers behind
    it up to the next.
    """
    z = np.linspace(-3, 3, 100, dtype="float32")[None]
    hidden = denses(model)
    layers = model.layers
    start = layers.index(hidden[number])
    value = hidden[number].activation(z)
    for layer in layers[start + 1 :]:
        if isinstance(layer, keras.layers.Dense):
            break
        value = layer(value)
    value = np.asarray(value)
    known = {"elu": keras.activations.elu(z), "selu": keras.activations.selu(z), "linear": z}
    return next(
        (name for name, curve in known.items() if np.allclose(value, curve, atol=1e-5)), "another"
    )


def examine_prepare(answer) -> str:
    images = images_like_photographs()
    result = call(answer, images.copy())
    expect(
        isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], keras.Model), PAIR
    )
    model, inputs = result[0], np.asarray(result[1], "float32")
    expect(not np.allclose(inputs, images), RAW)
    expect(abs(inputs.mean()) < 0.1 and abs(inputs.std() - 1) < 0.1, NOT_STANDARD)
    normalizing = (
        keras.layers.BatchNormalization,
        keras.layers.LayerNormalization,
        keras.layers.GroupNormalization,
    )
    expect(not any(isinstance(layer, normalizing) for layer in model.layers), NORMALIZED)
    expect(not any(type(layer) is keras.layers.Dropout for layer in model.layers), PLAIN_DROPOUT)
    hidden = denses(model)
    expect(
        len(hidden) == 20,
        f"The net should still have its 20 hidden layers of 100 units; it has {len(hidden)}.",
    )
    expect({curve_of(model, number) for number in range(20)} == {"selu"}, NOT_SELU)
    deepest = np.asarray(keras.Model(model.inputs[0], model.layers[-2].output)(inputs))
    expect(deepest.std() < 2, TOO_WIDE)
    return (
        f"After 20 layers the outputs still have mean {deepest.mean():.1f} and standard deviation"
        f" {deepest.std():.1f}."
    )


self_normalizing = Exercise(
    "self_normalizing",
    stub=prepare,
    reference=prepare_solution,
    examine=examine_prepare,
    hints=(
        "What is returned: the images that were computed, or the ones that came in?",
        (
            "SELU's two constants were derived for weights with a variance of 1 / inputs. Which"
            " initializer is that?"
        ),
    ),
    equivalents=(prepare_by_colour,),
    mistakes=(
        Mistake(prepare_raw, RAW),
        Mistake(prepare_to_one, NOT_STANDARD),
        Mistake(prepare_he, TOO_WIDE),
        Mistake(prepare_elu, NOT_SELU),
        Mistake(prepare_with_batch_norm, NORMALIZED),
        Mistake(prepare_with_dropout, PLAIN_DROPOUT),
    ),
)
