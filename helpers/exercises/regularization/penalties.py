"""What weights cost: penalties, exact zeros, decay."""

import keras
import numpy as np

from helpers.exercises.core import Mistake, prediction, writing
from helpers.reference import penalties

# 1 ------------------------------------------------------------------------------------------------


def penalty(kernels, l1, l2): ...  # return one number


def penalty_of_all_weights(kernels, l1, l2):
    weights = np.concatenate([np.ravel(kernel) for kernel in kernels])
    return l1 * np.linalg.norm(weights, 1) + l2 * weights @ weights


def penalty_by_keras(kernels, l1, l2):
    regularizer = keras.regularizers.L1L2(l1, l2)
    return sum(float(np.asarray(regularizer(kernel))) for kernel in kernels)


def penalty_without_signs(kernels, l1, l2):
    return sum(l1 * kernel.sum() + l2 * (kernel**2).sum() for kernel in kernels)


def penalty_without_square(kernels, l1, l2):
    return sum(l1 * np.abs(kernel).sum() + l2 * np.sqrt((kernel**2).sum()) for kernel in kernels)


def penalty_on_average(kernels, l1, l2):
    return sum(l1 * np.abs(kernel).mean() + l2 * (kernel**2).mean() for kernel in kernels)


def penalty_halved(kernels, l1, l2):
    return sum(l1 * np.abs(kernel).sum() + l2 / 2 * (kernel**2).sum() for kernel in kernels)


def penalty_of_one_layer(kernels, l1, l2):
    return penalties.penalty(kernels[:1], l1, l2)


def penalty_of_each_layer(kernels, l1, l2):
    return [penalties.penalty([kernel], l1, l2) for kernel in kernels]


def penalty_exchanged(kernels, l1, l2):
    return penalties.penalty(kernels, l2, l1)


def some_kernels(seed: int) -> list:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=(4, 3)), generator.normal(size=(3, 2))]


penalizing = writing(
    "penalizing",
    stub=penalty,
    reference=penalties.penalty,
    cases=((some_kernels(0), 0.01, 0.0), (some_kernels(1), 0.0, 0.01), (some_kernels(2), 0.2, 0.5)),
    praise=(
        "Absolute values and squares, summed over all weights of all layers: the larger the layer,"
        " the larger its penalty."
    ),
    hints=(
        "For each kernel: l1 times the sum of np.abs(kernel), plus l2 times the sum of kernel**2.",
        "Sums, not means, and over all layers.",
    ),
    equivalents=(penalty_of_all_weights, penalty_by_keras),
    mistakes=(
        Mistake(
            penalty_without_signs,
            "You sum the weights as they are: +3 and -3 would cost nothing. L1 sums their absolute"
            " values.",
        ),
        Mistake(
            penalty_without_square,
            "You take the norm: L2 is the *square* of the norm, the sum of the squares without a"
            " root.",
        ),
        Mistake(
            penalty_on_average,
            "You take means. Keras sums, so that a larger layer pays more under the same factor.",
        ),
        Mistake(
            penalty_halved,
            "Some books put 1/2 before the squares, so that the gradient has no 2. Keras does not.",
        ),
        Mistake(penalty_of_each_layer, "One number for all layers: add them up."),
        Mistake(penalty_of_one_layer, "You penalize the first layer only: sum over all kernels."),
        Mistake(
            penalty_exchanged,
            "The factors are exchanged: l1 goes with the absolute values, l2 with the squares.",
        ),
    ),
)


# 2 ------------------------------------------------------------------------------------------------


def shrink(weights, amount): ...  # return the new weights


def shrink_solution(weights, amount):
    return np.sign(weights) * np.maximum(np.abs(weights) - amount, 0)


def shrink_by_cases(weights, amount):
    return np.where(
        weights > amount, weights - amount, np.where(weights < -amount, weights + amount, 0)
    )


def shrink_by_clipping(weights, amount):
    return weights - np.clip(weights, -amount, amount)


def shrink_by_subgradient(weights, amount):
    return weights - amount * np.sign(weights)


def shrink_hard(weights, amount):
    return np.where(np.abs(weights) > amount, weights, 0)


def shrink_by_share(weights, amount):
    return (1 - amount) * weights


def shrink_positive_only(weights, amount):
    return np.maximum(weights - amount, 0)


def shrink_without_signs(weights, amount):
    return np.maximum(np.abs(weights) - amount, 0)


def clip_only(weights, amount):
    return np.clip(weights, -amount, amount)


shrinking = writing(
    "shrinking",
    stub=shrink,
    reference=shrink_solution,
    cases=(
        (np.array([2.0, 0.3, -0.05, 0.0, -1.0]), 0.1),
        (np.array([[0.5, -0.5], [0.25, -3.0]]), 0.5),
    ),
    praise=(
        "This small function is what gives L1 its zeros: it comes after the gradient step of the"
        " data loss (a proximal step)."
    ),
    hints=(
        "The new absolute value is np.abs(weights) - amount, but never below 0.",
        "np.maximum(..., 0) stops at zero; np.sign(weights) puts the sign back.",
    ),
    equivalents=(shrink_by_cases, shrink_by_clipping),
    mistakes=(
        Mistake(
            shrink_by_subgradient,
            "That is the subgradient step that Keras's L1 takes: a small weight jumps over zero to"
            " the other side, and next time back. Stop it at zero.",
        ),
        Mistake(
            shrink_hard,
            "That is hard thresholding: small weights become zero, but large ones do not move. L1"
            " charges large ones too.",
        ),
        Mistake(
            shrink_by_share,
            "You take a *share* of each weight: that is the decay of L2, under which a weight comes"
            " ever closer to zero and never arrives.",
        ),
        Mistake(
            shrink_positive_only,
            "Negative weights all became zero: they move upward by the same amount.",
        ),
        Mistake(
            shrink_without_signs, "The sizes are right, but negative weights have lost their sign."
        ),
        Mistake(
            clip_only,
            "That limits the weights to at most `amount`; the task is to take `amount` away from"
            " them.",
        ),
    ),
)


# 3 ------------------------------------------------------------------------------------------------

SAME, DIFFERENT = "the same", "different"
APART = 1e-3  # weights, relative to their size: far above rounding


def apart(plain, adaptive) -> dict:
    """Whether penalty and decay gave the same weights, from the relative distances of the runs."""
    distances = {"plain gradient descent": plain, "Adam": adaptive}
    return {
        name: SAME if np.max(values) < APART else DIFFERENT for name, values in distances.items()
    }


decay_prediction = prediction(
    "decay_prediction",
    choices=(SAME, DIFFERENT),
    truth=apart,
    evidence=([1e-6, 2e-6], [0.4, 0.3]),
    reasons={
        (
            "plain gradient descent",
            DIFFERENT,
        ): (
            "The gradient of c w² is 2 c w, and the step takes learning rate x 2 c w off the "
            "weight: that is the decay, term by term."
        ),
        (
            "Adam",
            SAME,
        ): (
            "Adam divides the whole gradient, the penalty's part included, by its usual size. A"
            " weight with large gradients is then hardly penalized at all, but it decays like any"
            " other."
        ),
    },
    praise=(
        "Only under plain gradient descent are penalty and decay two names for one thing; that is"
        " why there is AdamW."
    ),
    hints=(
        (
            "Write one step of each by hand. Where does Adam's division come in: before or after"
            " the penalty has been added?"
        ),
    ),
)
