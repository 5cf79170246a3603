"""What a run will show: errors over the degree of a polynomial."""

import numpy as np

from helpers.exercises.core import prediction

FALLS, RISES, TURNS = "falls", "rises", "falls, then rises"


def shape_of(curve) -> str:
    """In one of three phrases, what a curve does from left to right; a tenth of its range counts as
    nothing.
    """
    curve = np.asarray(curve, float)
    slack = 0.1 * np.ptp(curve)
    if curve[-1] <= curve.min() + slack:
        return FALLS
    return RISES if curve[0] <= curve.min() + slack else TURNS


# 1 ------------------------------------------------------------------------------------------------


def degree_shapes(training_error, test_error) -> dict:
    """The phrases for the two curves over the degree, as they look on the logarithmic axis."""
    return {
        "training error": shape_of(np.log(training_error)),
        "test error": shape_of(np.log(test_error)),
    }


degree_prediction = prediction(
    "degree_prediction",
    choices=(FALLS, RISES, TURNS),
    truth=degree_shapes,
    evidence=([1.0, 0.2, 0.06, 0.05, 0.02], [1.1, 0.3, 0.1, 0.7, 40.0]),
    reasons={
        (
            "training error",
            RISES,
        ): (
            "A polynomial of higher degree can do all that one of lower degree can, and more: on"
            " the points it is fitted to, its error cannot be higher."
        ),
        (
            "training error",
            TURNS,
        ): (
            "On the points it is fitted to, a higher degree never does worse: the fit could set the"
            " extra coefficients to 0."
        ),
        (
            "test error",
            FALLS,
        ): (
            "Fresh points do not lie where the fit bent itself to: look at the right end of the"
            " curve."
        ),
        (
            "test error",
            RISES,
        ): (
            "Look at the left end: a constant and a straight line miss the shape of the truth, so"
            " the error can fall at first."
        ),
    },
    praise=(
        "More freedom always fits the seen points better; on unseen points it helps only up to a"
        " degree."
    ),
    hints=(
        (
            "Degree 5 contains degree 3: set two coefficients to 0. What follows for the error on"
            " the fitted points?"
        ),
        (
            "At degree 0 the fit is a constant. At degree 15 it has 16 coefficients for 20 points."
            " Which of the two would you trust between the points?"
        ),
    ),
)
