"""Exercises of lesson 03 about rates that converge, gradients that add up, and sharpness."""

import numpy as np

from helpers.exercises.core import Mistake, prediction, writing
from helpers.reference import optimizers

# 1 ------------------------------------------------------------------------------------------------


def largest_rate(hessian): ...  # return the bound on the learning rate


def largest_rate_by_norm(hessian):
    return 2 / np.linalg.norm(hessian, 2)


BOWLS = (
    np.diag([1.0, 100.0]),
    np.array([[2.0, 1.5], [1.5, 2.0]]),
    np.array([[3.0, -2.0, 0.5], [-2.0, 4.0, 1.0], [0.5, 1.0, 2.5]]),
)

choosing_rate = writing(
    "choosing_rate",
    stub=largest_rate,
    reference=optimizers.largest_rate,
    cases=tuple((bowl,) for bowl in BOWLS),
    praise=(
        "The steepest direction alone sets the limit; all the others must put up with the rate that"
        " it allows."
    ),
    hints=(
        (
            "Along an eigenvector with eigenvalue c, each step multiplies the distance from the"
            " minimum by 1 - rate * c."
        ),
        (
            "Such a factor shrinks the distance while it lies between -1 and 1. Which eigenvalue"
            " leaves that range first?"
        ),
    ),
    equivalents=(largest_rate_by_norm,),
    mistakes=(
        Mistake(
            lambda hessian: 1 / np.linalg.eigvalsh(hessian).max(),
            "At that rate the steepest direction arrives in one step. It may even overshoot, as"
            " long as it comes back nearer: the factor 1 - rate * c may go down to -1.",
        ),
        Mistake(
            lambda hessian: 2 / np.linalg.eigvalsh(hessian).min(),
            "You took the smallest eigenvalue: the flattest direction would survive that rate, the"
            " steepest one would not.",
        ),
        Mistake(
            lambda hessian: 2 / np.diag(hessian).max(),
            "You took the largest diagonal entry. It is the largest eigenvalue only where the"
            " valley runs along an axis.",
        ),
        Mistake(
            lambda hessian: 2 / np.trace(hessian),
            "The trace is the sum of all eigenvalues: a safe rate, but lower than the limit.",
        ),
        Mistake(
            lambda hessian: np.linalg.eigvalsh(hessian).max() / 2,
            "Upside down: the steeper the bowl, the *smaller* the rate must be.",
        ),
    ),
)


# 2 ------------------------------------------------------------------------------------------------


def accumulate(gradients, sizes): ...  # return the gradient of the whole batch


def accumulate_by_average(gradients, sizes):
    return np.average(gradients, axis=0, weights=sizes)


GRADIENTS = [np.array([1.0, -2.0]), np.array([3.0, 0.5]), np.array([-1.0, 4.0])]

accumulating = writing(
    "accumulating",
    stub=accumulate,
    reference=optimizers.accumulate,
    cases=(
        (GRADIENTS[:2], [4, 4]),
        (GRADIENTS, [4, 4, 1]),
        (GRADIENTS[:1], [7]),
        (GRADIENTS[::-1], [2, 8, 8]),
    ),
    praise=(
        "Each example counts once, whichever micro-batch it came in: so the step is that of the big"
        " batch."
    ),
    hints=(
        "From the mean over a micro-batch you can get back to the sum over its examples.",
        "The last micro-batch is often smaller than the others.",
    ),
    equivalents=(accumulate_by_average,),
    mistakes=(
        Mistake(
            lambda gradients, sizes: sum(gradients),
            "You summed the means, as gradients that are never set to zero do: with k micro-batches"
            " the step is about k times too long.",
        ),
        Mistake(
            lambda gradients, sizes: np.mean(gradients, axis=0),
            "The mean of the means is right only if all micro-batches are equally large; the"
            " examples of a small one count too much.",
        ),
        Mistake(
            lambda gradients, sizes: sum(
                size * gradient for size, gradient in zip(sizes, gradients, strict=True)
            ),
            "That is the gradient of the *sum* of the losses: still to be divided by the number of"
            " examples.",
        ),
        Mistake(
            lambda gradients, sizes: gradients[-1],
            "Only the last micro-batch is left: each new gradient has overwritten the one before.",
        ),
        Mistake(
            lambda gradients, sizes: (
                sum(size * gradient for size, gradient in zip(sizes, gradients, strict=True))
                / len(sizes)
            ),
            "You divided the sum over all examples by the number of micro-batches; divide by the"
            " number of examples.",
        ),
        Mistake(
            lambda gradients, sizes: sum(gradients) / sum(sizes),
            "These gradients are means: multiply each by its size before you divide by the total.",
        ),
    ),
)


# 3 ------------------------------------------------------------------------------------------------

CONVERGES, DIVERGES = "converges", "diverges"


def fates(**paths) -> dict:
    """For each path (steps + 1, 2), whether it came nearer to the minimum at the origin or left."""
    distances = {name: np.linalg.norm(path, axis=-1) for name, path in paths.items()}
    return {
        name.replace("_", " "): CONVERGES if distance[-1] < distance[0] else DIVERGES
        for name, distance in distances.items()
    }


def fates_of(slow, fast, momentum, nesterov) -> dict:
    """The fates under the names that the question has."""
    return fates(
        plain_below=slow, plain_above=fast, momentum_above=momentum, Nesterov_above=nesterov
    )


LEAVES, ARRIVES = np.array([[1.0, 1.0], [9.0, 9.0]]), np.array([[1.0, 1.0], [0.1, 0.1]])

divergence_prediction = prediction(
    "divergence_prediction",
    choices=(CONVERGES, DIVERGES),
    truth=fates_of,
    evidence=(ARRIVES, LEAVES, ARRIVES, LEAVES),
    reasons={
        (
            "plain below",
            DIVERGES,
        ): (
            "Below the limit each step multiplies the distance across the valley by 1 - 0.019 * 100"
            " = -0.9: it jumps from wall to wall, and comes nearer each time."
        ),
        (
            "plain above",
            CONVERGES,
        ): "The factor across the valley is 1 - 0.021 * 100 = -1.1: each jump lands farther out.",
        (
            "momentum above",
            DIVERGES,
        ): (
            "Against the jumps from wall to wall the velocity works as a brake: it still points"
            " back. With momentum m the limit is 2 (1 + m) / 100."
        ),
        (
            "Nesterov above",
            CONVERGES,
        ): (
            "Looking ahead, Nesterov takes the gradient farther out, where it is larger. With"
            " momentum m its limit is 2 (1 + m) / (1 + 2 m) / 100: lower than that of plain"
            " descent."
        ),
    },
    praise=(
        "Momentum widens the range of rates that work; Nesterov's look-ahead makes it narrower"
        " again."
    ),
    hints=(
        "For plain descent: by what factor does a step multiply the distance across the valley?",
        (
            "Momentum: when the walker has jumped over the valley, where does the remembered"
            " velocity point, and where the new gradient?"
        ),
    ),
)


# 8 ------------------------------------------------------------------------------------------------

STAYS, CHANGES = "stays", "changes"


def what_rescaling_does(predictions, rescaled_predictions, sharpness, rescaled_sharpness) -> dict:
    """What the rescaling did to the predictions, and to the sharpness (a tenth counts as
    nothing).
    """
    same = np.allclose(predictions, rescaled_predictions, atol=1e-3)
    factor = np.mean(np.divide(rescaled_sharpness, sharpness))
    return {
        "predictions": STAYS if same else CHANGES,
        "sharpness": STAYS if 0.9 < factor < 1.1 else CHANGES,
    }


rescaling_prediction = prediction(
    "rescaling_prediction",
    choices=(STAYS, CHANGES),
    truth=what_rescaling_does,
    evidence=([0.1, 0.9], [0.1, 0.9], [3.0, 4.0], [50.0, 70.0]),
    reasons={
        (
            "predictions",
            CHANGES,
        ): (
            "ReLU lets a positive factor through: relu(5 z) = 5 relu(z). The next layer divides by"
            " 5 again."
        ),
        (
            "sharpness",
            STAYS,
        ): (
            "The output weights are smaller now, so the same change of one of them matters five"
            " times as much: curvature along them grows 25-fold."
        ),
    },
    praise=(
        "The same function at two places of the space of weights, one flat and one sharp: sharpness"
        " is not a property of the function."
    ),
    hints=(
        "What is relu(5 z), compared with relu(z)?",
        "Shift one output weight by 0.01, before and after. What moves the prediction more?",
    ),
)
