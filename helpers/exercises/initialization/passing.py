"""The way back through many layers, and units that pass nothing."""

import numpy as np

from helpers.exercises.core import Mistake, prediction, writing

# 1 ------------------------------------------------------------------------------------------------


def pass_back(gradient, kernel, slope): ...  # return the gradient one layer further back


def pass_back_solution(gradient, kernel, slope):
    return (gradient @ kernel.T) * slope


def pass_back_by_sums(gradient, kernel, slope):
    return np.einsum("nj,ij->ni", gradient, kernel) * slope


def pass_back_without_the_slope(gradient, kernel, slope):
    return gradient @ kernel.T


def pass_back_forward(gradient, kernel, slope):
    return (gradient @ kernel) * slope


def pass_back_dividing(gradient, kernel, slope):
    return (gradient @ kernel.T) / slope


def pass_back_slope_first(gradient, kernel, slope):
    return (gradient * slope) @ kernel.T


def pass_back_without_the_weights(gradient, kernel, slope):
    return gradient * slope


def pass_back_averaged(gradient, kernel, slope):
    return (gradient @ kernel.T) * slope / len(gradient)


def crossing(seed: int, rows: int, units: int) -> tuple:
    """Gradients, a square kernel, so that a mistaken axis shows in the numbers, and slopes."""
    generator = np.random.default_rng(seed)
    gradient, slope = generator.normal(size=(rows, units)), generator.uniform(0.1, 1, (rows, units))
    return gradient, generator.normal(size=(units, units)), slope


passing_back = writing(
    "passing_back",
    stub=pass_back,
    reference=pass_back_solution,
    cases=(crossing(0, 3, 4), crossing(1, 5, 2), crossing(2, 1, 3)),
    praise=(
        "Times the weights, times the slope: these two factors, once a layer, are all that this"
        " notebook is about."
    ),
    hints=(
        (
            "A unit of this layer fed every unit of the next one, through a row of the kernel. On"
            " the way back it sums over them: gradient @ kernel.T."
        ),
        "That is the gradient by this layer's *outputs*. One factor leads on to its sums.",
    ),
    equivalents=(pass_back_by_sums,),
    mistakes=(
        Mistake(
            pass_back_without_the_slope,
            "That is the gradient by the outputs of the layer. Its sums came before the activation:"
            " multiply by the slope as well.",
        ),
        Mistake(
            pass_back_forward,
            "You sent the gradient forward through the kernel. On the way back rows and columns"
            " change places: kernel.T. (With a square kernel NumPy cannot warn you.)",
        ),
        Mistake(
            pass_back_dividing,
            "You divided by the slope. By the chain rule slopes are multiplied.",
        ),
        Mistake(
            pass_back_slope_first,
            "The slope given is that of the *earlier* layer, so it comes after the kernel.",
        ),
        Mistake(
            pass_back_without_the_weights,
            "The kernel is missing: a gradient goes back through the same weights that the values"
            " came through.",
        ),
        Mistake(
            pass_back_averaged,
            "The mean over the rows was taken by the loss; do not divide by their number again.",
        ),
    ),
)


# 2 ------------------------------------------------------------------------------------------------

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


# 4 ------------------------------------------------------------------------------------------------


def dead_share(slopes):
    # "dead units have a slope of 0"
    return np.mean(slopes <= 0.001)


def dead_share_solution(slopes):
    return np.mean((slopes <= 0.001).all(axis=0))


def dead_share_by_the_largest(slopes):
    return float((slopes.max(axis=0) <= 0.001).sum() / slopes.shape[1])


def dead_share_for_any_picture(slopes):
    return np.mean((slopes <= 0.001).any(axis=0))


def dead_share_of_pictures(slopes):
    return np.mean((slopes <= 0.001).all(axis=1))


def dead_share_by_the_mean(slopes):
    return np.mean(slopes.mean(axis=0) <= 0.001)


def dead_count(slopes):
    return (slopes <= 0.001).all(axis=0).sum()


def dead_share_exactly(slopes):
    return np.mean((slopes == 0).all(axis=0))


def layer_of_slopes(seed: int, rows: int, units: int) -> tuple:
    """Slopes of units of which some are dead, some nearly, and of a picture that moves none."""
    generator = np.random.default_rng(seed)
    slopes = generator.uniform(0, 1, (rows, units)) * (generator.random((rows, units)) < 0.6)
    slopes[:, 0], slopes[:, 1], slopes[-1] = 0.0, 0.0005, 0.0
    slopes[:, 2] = 0.0
    slopes[0, 2] = 0.0015  # one picture reaches it, and its mean is next to nothing
    slopes[0, 3:] = 0.5
    return (slopes,)


counting_the_dead = writing(
    "counting_the_dead",
    stub=dead_share,
    reference=dead_share_solution,
    cases=(layer_of_slopes(0, 8, 6), layer_of_slopes(1, 12, 10), layer_of_slopes(2, 5, 9)),
    praise=(
        "Off for some pictures is what a ReLU is for. Off for all of them is another matter: then"
        " no gradient reaches the unit's weights."
    ),
    hints=(
        "How many numbers does the function average? How many units are there?",
        "Ask of each unit, a column, whether *all* its slopes are next to 0: .all(axis=0).",
    ),
    equivalents=(dead_share_by_the_largest,),
    mistakes=(
        Mistake(
            dead_share_for_any_picture,
            "A unit that is off for *some* picture is not dead: other pictures still change its"
            " weights.",
        ),
        Mistake(
            dead_share_of_pictures,
            "You went along the wrong axis: that is the share of pictures that move no unit. Units"
            " are the columns.",
        ),
        Mistake(
            dead_share_by_the_mean,
            "A small mean can hide a picture for which the unit still has a slope, and a single one"
            " is enough to bring it back.",
        ),
        Mistake(dead_count, "That is the number of dead units; the task asks for their share."),
        Mistake(
            dead_share_exactly,
            "A slope of 0.0005 for every picture is as good as 0, and the limit is 0.001. (ELU's"
            " slope is never exactly 0, so your test could not find anything.)",
        ),
    ),
)
