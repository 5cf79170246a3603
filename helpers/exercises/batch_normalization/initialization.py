"""Gradients through many layers, and the weights that they begin with."""

import numpy as np

from helpers.exercises.core import Exercise, Mistake, call, expect, prediction

# 1 ------------------------------------------------------------------------------------------------

FADES, STAYS, GROWS = "fades", "stays", "grows"


def fates(sigmoid, relu, relu_he, selu_he) -> dict:
    """What becomes of the gradient, from log10 of its size at layer 1 over its size at layer 20,
    for each run.
    """
    measured = {
        "sigmoid, Glorot": sigmoid,
        "ReLU, Glorot": relu,
        "ReLU, He": relu_he,
        "SELU, He": selu_he,
    }
    middle = {name: np.median(values) for name, values in measured.items()}
    return {
        name: FADES if value < -1 else GROWS if value > 1 else STAYS
        for name, value in middle.items()
    }


profile_prediction = prediction(
    "profile_prediction",
    choices=(FADES, STAYS, GROWS),
    truth=fates,
    evidence=(-12.0, -2.9, 0.0, 1.36),
    reasons={
        (
            "sigmoid, Glorot",
            STAYS,
        ): "The slope of the sigmoid is at most 1/4, and there is one such factor in every layer.",
        (
            "sigmoid, Glorot",
            GROWS,
        ): "A slope of at most 1/4 in each of 20 layers: which way does that go?",
        (
            "ReLU, Glorot",
            STAYS,
        ): (
            "ReLU's slope is 1 or 0: half of the paths are closed. Glorot's variance of 1/100 "
            "in a square layer does not make good for the lost half."
        ),
        (
            "ReLU, He",
            FADES,
        ): (
            "He's variance is twice as large as Glorot's in a square layer: it was made to replace "
            "the half that ReLU cuts off."
        ),
        ("ReLU, He", GROWS): "The doubled variance only replaces the half that ReLU cuts off.",
        (
            "SELU, He",
            STAYS,
        ): (
            "SELU passes negative values on too, so little is lost that He's doubled variance "
            "would have to replace."
        ),
        (
            "SELU, He",
            FADES,
        ): (
            "SELU passes negative values on too; with He's doubled variance each layer gives more "
            "than it gets."
        ),
    },
    praise=(
        "The slope of the activation and the variance of the weights multiply once a layer: 20"
        " times. They have to fit together."
    ),
    hints=(
        (
            "Each layer multiplies by the weights and by the slope of the activation. How much of a"
            " gradient is left on average?"
        ),
    ),
)


# 2 ------------------------------------------------------------------------------------------------


def he_kernel(fan_in, fan_out, generator): ...  # return an array of shape (fan_in, fan_out)


def he_kernel_solution(fan_in, fan_out, generator):
    return generator.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out))


def he_kernel_from_standard_normals(fan_in, fan_out, generator):
    return generator.standard_normal((fan_in, fan_out)) * (2 / fan_in) ** 0.5


def he_kernel_with_the_variance_as_scale(fan_in, fan_out, generator):
    return generator.normal(scale=2 / fan_in, size=(fan_in, fan_out))


def he_kernel_of_lecun(fan_in, fan_out, generator):
    return generator.normal(scale=np.sqrt(1 / fan_in), size=(fan_in, fan_out))


def he_kernel_of_glorot(fan_in, fan_out, generator):
    return generator.normal(scale=np.sqrt(2 / (fan_in + fan_out)), size=(fan_in, fan_out))


def he_kernel_by_outputs(fan_in, fan_out, generator):
    return generator.normal(scale=np.sqrt(2 / fan_out), size=(fan_in, fan_out))


def he_kernel_turned(fan_in, fan_out, generator):
    return generator.normal(scale=np.sqrt(2 / fan_in), size=(fan_out, fan_in))


def he_kernel_too_narrow_a_uniform(fan_in, fan_out, generator):
    limit = np.sqrt(2 / fan_in)
    return generator.uniform(-limit, limit, (fan_in, fan_out))


def he_kernel_positive(fan_in, fan_out, generator):
    return np.abs(generator.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out)))


SQUARED = (
    "Your variance is (2 / fan_in)², far too small: NumPy's `scale` is the standard deviation, so"
    " take the root of the variance."
)
LECUN = (
    "Your variance is 1 / fan_in, LeCun's. He's doubles it, because ReLU cuts half of the values"
    " off."
)
GLOROT = (
    "Your variance is 2 / (fan_in + fan_out), Glorot's, a compromise between the two directions."
    " He's looks at the inputs only."
)
OUTPUTS = (
    "You divided by the number of outputs. On the way forward each output sums over the inputs, so"
    " divide by fan_in."
)
TURNED = "The shape should be (fan_in, fan_out), as Keras stores kernels: a row for each input."
NARROW = (
    "A uniform distribution from -a to a has the variance a²/3, so yours is a third of what it"
    " should be; asked for is a normal one anyway."
)
POSITIVE = (
    "Your weights are not centred at 0. Without cancelling signs the sums grow with the number of"
    " inputs itself."
)


def examine_he_kernel(answer) -> str:
    for fan_in, fan_out in ((200, 800), (600, 300)):
        kernel = np.asarray(call(answer, fan_in, fan_out, np.random.default_rng(fan_in)), float)
        expect(kernel.shape != (fan_out, fan_in), TURNED)
        shape = f"The shape should be ({fan_in}, {fan_out}), yours is {kernel.shape}."
        expect(kernel.shape == (fan_in, fan_out), shape)
        right = 2 / fan_in
        expect(abs(kernel.mean()) < 0.05 * np.sqrt(right), POSITIVE)
        known = {
            right**2: SQUARED,
            right / 2: LECUN,
            2 / (fan_in + fan_out): GLOROT,
            2 / fan_out: OUTPUTS,
            right / 3: NARROW,
        }
        for variance, reason in known.items():
            expect(not np.isclose(kernel.var(), variance, rtol=0.03), reason)
        measured = (
            f"The variance should be {right:.4g} for {fan_in} inputs, yours is {kernel.var():.4g}."
        )
        expect(np.isclose(kernel.var(), right, rtol=0.03), measured)
    return (
        "2 / fan_in is a variance, and that is all there is to the name. The next cell compares it"
        " with Keras's own."
    )


scaling = Exercise(
    "scaling",
    stub=he_kernel,
    reference=he_kernel_solution,
    examine=examine_he_kernel,
    hints=(
        "generator.normal(scale=..., size=...): `scale` is a standard deviation.",
        "The standard deviation is the root of the variance: np.sqrt(2 / fan_in).",
    ),
    equivalents=(he_kernel_from_standard_normals,),
    mistakes=(
        Mistake(he_kernel_with_the_variance_as_scale, SQUARED),
        Mistake(he_kernel_of_lecun, LECUN),
        Mistake(he_kernel_of_glorot, GLOROT),
        Mistake(he_kernel_by_outputs, OUTPUTS),
        Mistake(he_kernel_turned, TURNED),
        Mistake(he_kernel_too_narrow_a_uniform, NARROW),
        Mistake(he_kernel_positive, POSITIVE),
    ),
)
