"""The weights that deep nets begin with, and what keeps its size on the way through them."""

import numpy as np

from helpers.exercises.core import Exercise, Mistake, call, expect, prediction

# 3 ------------------------------------------------------------------------------------------------


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
    " should be; and the task asks for a normal one anyway."
)
POSITIVE = (
    "Your weights are not centered at 0. Without canceling signs the sums grow with the number of"
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


# 5 ------------------------------------------------------------------------------------------------

SHRINKS, HOLDS, EXPLODES = "below 0.5", "0.5 to 2", "above 2"


def spreads(raw, he, skip, elu) -> dict:
    """Where the standard deviation of layer 20's outputs lies, from that of each run."""
    measured = {
        "raw pixels": raw,
        "He's weights": he,
        "skip connections": skip,
        "ELU": elu,
    }
    middle = {name: np.median(values) for name, values in measured.items()}
    return {
        name: SHRINKS if value < 0.5 else EXPLODES if value > 2 else HOLDS
        for name, value in middle.items()
    }


condition_prediction = prediction(
    "condition_prediction",
    choices=(SHRINKS, HOLDS, EXPLODES),
    truth=spreads,
    evidence=(1.2, 6.5, 500.0, 0.13),
    reasons={
        (
            "raw pixels",
            EXPLODES,
        ): (
            "The first layers do come out far too large. But SELU flattens large negative sums, so "
            "that a wide layer is followed by a narrower one, 20 times."
        ),
        (
            "raw pixels",
            SHRINKS,
        ): (
            "The spread does shrink, from far too large, but SELU stretches what has become too "
            "narrow: it is drawn towards 1 from both sides."
        ),
        (
            "He's weights",
            HOLDS,
        ): "He's variance is twice LeCun's. SELU resists, and settles at a spread of its own.",
        (
            "He's weights",
            SHRINKS,
        ): "He's variance is twice LeCun's: which way does that push?",
        (
            "skip connections",
            HOLDS,
        ): "A skip connection adds the inputs to the outputs: two spreads of 1 add up to more.",
        (
            "skip connections",
            SHRINKS,
        ): "Adding what came in to what goes out makes it larger, layer after layer.",
        (
            "ELU",
            HOLDS,
        ): (
            "ELU is SELU without its stretching: its slope is nowhere above 1, so that with LeCun's"
            " variance nothing makes good for what its flat side takes away."
        ),
        (
            "ELU",
            EXPLODES,
        ): "The slope of ELU is at most 1, and LeCun's variance only passes a sum on.",
    },
    praise=(
        "Right weights and a plain stack hold the spread; and SELU also draws it back to 1 when the"
        " inputs begin far from it."
    ),
    hints=(
        "Ask of each change whether a layer now gives more than it gets, or less, at spread 1.",
        (
            "SELU's slope is above 1 for positive sums and falls to 0 for negative ones. What does"
            " that do to a layer that is far too wide?"
        ),
    ),
)
