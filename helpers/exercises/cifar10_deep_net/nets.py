"""The nets of steps a and d: building one, and making one that normalizes itself."""

import keras
import numpy as np

from helpers.exercises.core import Exercise, Mistake, call, expect

IMAGE, CLASSES = (32, 32, 3), 10
PARAMETERS = 500_210  # (3072 + 1) * 100 + 19 * 101 * 100 + 101 * 10

# a: 20 layers of 100 ------------------------------------------------------------------------------


def build(): ...  # return a Keras model


def build_solution():
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten()])
    for _ in range(20):
        model.add(keras.layers.Dense(100, activation="elu", kernel_initializer="he_normal"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    return model


def build_functionally():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Flatten()(inputs)
    for _ in range(20):
        x = keras.layers.Dense(100, kernel_initializer="he_uniform")(x)
        x = keras.layers.ELU()(x)
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(x))


def stack(
    depth=20, width=100, activation="elu", initializer="he_normal", outputs=10, last="softmax"
) -> keras.Sequential:
    """The net with one thing changed."""
    hidden = [
        keras.layers.Dense(width, activation=activation, kernel_initializer=initializer)
        for _ in range(depth)
    ]
    return keras.Sequential(
        [
            keras.Input(IMAGE),
            keras.layers.Flatten(),
            *hidden,
            keras.layers.Dense(outputs, activation=last),
        ]
    )


def build_without_outputs():
    return keras.Sequential([keras.Input(IMAGE), *build_solution().layers[:-1]])


def build_reusing_one_layer():
    layer = keras.layers.Dense(100, activation="elu", kernel_initializer="he_normal")
    first = keras.layers.Dense(100, activation="elu", kernel_initializer="he_normal")
    inputs = keras.Input(IMAGE)
    x = first(keras.layers.Flatten()(inputs))
    for _ in range(19):
        x = layer(x)
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(x))


NOT_A_MODEL = (
    "build() must return a Keras model with a known input: begin it with keras.Input((32, 32, 3))."
)
NO_OUTPUTS = "The output has shape {}: the last layer needs 10 units, one for each class."
NO_SOFTMAX = "The 10 outputs are no probabilities: they must be positive and add up to 1 (softmax)."
SHARED = (
    "One layer is used several times over, so its weights are shared: make a new layer in every"
    " round of the loop."
)
NUMBER = (
    "There are {} hidden layers of 100 units; the exercise asks for 20 (the output layer is not one"
    " of them)."
)
LINEAR = "The hidden layers have no activation: twenty linear layers are one linear layer. Use ELU."
NOT_ELU = (
    "The hidden layers do not compute ELU: for inputs below 0 it is exp(z) - 1, above it is z."
)
NOT_HE = (
    "The variance of the initial weights is not 2 / inputs, as He initialization has it. Keras's"
    ' default is Glorot: name kernel_initializer="he_normal".'
)


def denses(model) -> list:
    """The hidden dense layers of a model."""
    return [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense) and layer.units == 100
    ]


def examine_build(answer) -> str:
    model = call(answer)
    expect(
        isinstance(model, keras.Model) and model.built and model.input_shape[1:] == IMAGE,
        NOT_A_MODEL,
    )
    expect(model.output_shape[1:] == (CLASSES,), NO_OUTPUTS.format(model.output_shape[1:]))
    images = np.random.default_rng(0).normal(size=(16, *IMAGE)).astype("float32")
    outputs = np.asarray(model(images))
    expect((outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=1e-4), NO_SOFTMAX)
    hidden = denses(model)
    expect(
        not (len(hidden) < 20 and any(len(layer._inbound_nodes) > 1 for layer in hidden)), SHARED
    )
    expect(len(hidden) == 20, NUMBER.format(len(hidden)))
    kinds = {curve_of(model, number) for number in range(20)}
    expect(kinds != {"linear"}, LINEAR)
    expect(kinds == {"elu"}, NOT_ELU)
    variance = np.var([np.asarray(layer.kernel) for layer in hidden[1:]])
    expect(1.8 / 100 < variance < 2.2 / 100, NOT_HE)
    expect(
        model.count_params() == PARAMETERS,
        f"It has {model.count_params():,} parameters; 20 x 100 has {PARAMETERS:,}.",
    )
    return f"20 hidden layers, {PARAMETERS:,} parameters, and a loop instead of twenty lines."


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


building = Exercise(
    "building",
    stub=build,
    reference=build_solution,
    examine=examine_build,
    hints=(
        "keras.Input((32, 32, 3)), then Flatten, then the dense layers.",
        (
            'In a loop: `model.add(keras.layers.Dense(100, activation="elu",'
            ' kernel_initializer="he_normal"))`.'
        ),
    ),
    equivalents=(build_functionally,),
    mistakes=(
        Mistake(build_without_outputs, NO_OUTPUTS.format((100,))),
        Mistake(lambda: stack(last="linear"), NO_SOFTMAX),
        Mistake(build_reusing_one_layer, SHARED),
        Mistake(lambda: stack(depth=19), NUMBER.format(19)),
        Mistake(lambda: stack(activation="linear"), LINEAR),
        Mistake(lambda: stack(activation="relu"), NOT_ELU),
        Mistake(lambda: stack(initializer="glorot_uniform"), NOT_HE),
        Mistake(
            lambda: keras.Sequential([keras.layers.Dense(10, activation="softmax")]), NOT_A_MODEL
        ),
    ),
)

# d: a net that normalizes itself ------------------------------------------------------------------


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


def prepare_by_colour(images):
    scaled = (images - images.mean(axis=(0, 1, 2))) / images.std(axis=(0, 1, 2))
    return stack(activation="selu", initializer="lecun_normal"), scaled


def prepare_raw(images):
    return prepare_solution(images)[0], images


def prepare_to_one(images):
    return prepare_solution(images)[0], images / 255


def prepare_he(images):
    return stack(activation="selu"), prepare_solution(images)[1]


def prepare_elu(images):
    return stack(initializer="lecun_normal"), prepare_solution(images)[1]


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


PAIR = "prepare() must return two things: the model and the images as the model shall get them."
RAW = (
    "The images you return are still the raw ones (0 to 255): that is the notes' bug. Return the"
    " scaled array."
)
NOT_STANDARD = (
    "The images you return are scaled, but not standardized: that is mean 0 and standard"
    " deviation 1."
)
NORMALIZED = (
    "There is a normalization layer left in the net: with SELU the net shall normalize itself."
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
        f"The net shall still have its 20 hidden layers of 100 units; it has {len(hidden)}.",
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
