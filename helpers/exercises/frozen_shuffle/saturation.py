"""Cross-entropy: what a stuck net shows, and how to compute it from logits."""

import numpy as np

from helpers.exercises.core import Mistake, writing

# 4 ------------------------------------------------------------------------------------------------


def stuck_loss(
    accuracy, epsilon
): ...  # the mean cross-entropy of a net that is always certain, and right this often


def stuck_loss_solution(accuracy, epsilon):
    return -(1 - accuracy) * np.log(epsilon) - accuracy * np.log(1 - epsilon)


def stuck_loss_of_the_wrong_ones(accuracy, epsilon):
    return (1 - accuracy) * np.log(1 / epsilon)


def stuck_loss_of_each(accuracy, epsilon):
    return -np.log(epsilon)


def stuck_loss_of_the_right_ones(accuracy, epsilon):
    return -accuracy * np.log(epsilon)


def stuck_loss_with_a_sign(accuracy, epsilon):
    return (1 - accuracy) * np.log(epsilon)


def stuck_loss_in_tens(accuracy, epsilon):
    return -(1 - accuracy) * np.log10(epsilon)


def stuck_loss_of_a_guess(accuracy, epsilon):
    return np.log(10)


recognizing = writing(
    "recognizing",
    stub=stuck_loss,
    reference=stuck_loss_solution,
    cases=((0.111, 1e-7), (0.5, 1e-7), (0.1, 1e-4)),
    praise=(
        "So a loss that stays at such a number is a symptom you can recognize. Compare it with "
        "ln 10, the loss of a net that gives each of ten classes the same chance."
    ),
    hints=(
        "A clipped probability is at least epsilon. What is the loss of a picture whose class has "
        "just that probability?",
        "A share of 1 - accuracy of the pictures has this loss; the rest has next to none.",
    ),
    equivalents=(stuck_loss_of_the_wrong_ones,),
    mistakes=(
        Mistake(
            stuck_loss_of_each,
            "That is the loss of one picture it gets wrong. Others it gets right, at no loss.",
        ),
        Mistake(
            stuck_loss_of_the_right_ones,
            "It is the wrong answers that cost: their share is 1 - accuracy.",
        ),
        Mistake(
            stuck_loss_with_a_sign,
            "The logarithm of a probability is negative, and a loss is minus that.",
        ),
        Mistake(stuck_loss_in_tens, "Cross-entropy takes the natural logarithm, np.log."),
        Mistake(
            stuck_loss_of_a_guess,
            "That is the loss of a net that does not know; this one is certain, and mostly wrong.",
        ),
    ),
)

# 5 ------------------------------------------------------------------------------------------------


def crossentropy(logits, label):
    # This takes the long way, through probabilities. Take the short one.
    probabilities = np.exp(logits) / np.exp(logits).sum()
    return -np.log(np.clip(probabilities[label], 1e-7, 1 - 1e-7))


def crossentropy_solution(logits, label):
    largest = np.max(logits)
    return largest + np.log(np.exp(logits - largest).sum()) - logits[label]


def crossentropy_of_differences(logits, label):
    return np.logaddexp.reduce(np.asarray(logits) - logits[label])


def crossentropy_overflowing(logits, label):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.log(np.exp(logits).sum()) - logits[label]


def crossentropy_still_clipped(logits, label):
    shifted = np.exp(logits - np.max(logits))
    return -np.log(np.clip(shifted[label] / shifted.sum(), 1e-7, 1 - 1e-7))


def crossentropy_unclipped(logits, label):
    shifted = np.exp(logits - np.max(logits))
    with np.errstate(divide="ignore"):
        return -np.log(shifted[label] / shifted.sum())


def crossentropy_not_shifted_back(logits, label):
    return np.log(np.exp(logits - np.max(logits)).sum()) - logits[label]


def crossentropy_of_the_sign(logits, label):
    return -crossentropy_solution(logits, label)


OVERFLOWED = (
    "The exponential of a large logit overflows, and the loss is no number. Take the largest logit "
    "out first: ln sum exp(z) = m + ln sum exp(z - m)."
)

from_logits = writing(
    "from_logits",
    stub=crossentropy,
    reference=crossentropy_solution,
    cases=(
        (np.array([1.0, 2.0, 0.5]), 0),
        (np.array([0.0, 40.0, 10.0]), 0),
        (np.array([0.0, 900.0, -900.0]), 2),
        (np.array([900.0, 0.0, 1.0]), 0),
    ),
    praise="It grows with the logits and never goes flat, so that there is always a slope.",
    hints=(
        "Write the logarithm of the softmax: ln(exp(z_label) / sum) = z_label - ln(sum).",
        "exp(900) overflows. Subtract the largest logit before, and add it after the logarithm.",
    ),
    equivalents=(crossentropy_of_differences,),
    mistakes=(
        Mistake(crossentropy_overflowing, OVERFLOWED),
        Mistake(
            crossentropy_still_clipped,
            "Clipped, the loss stops at 16.1, whatever the logits are: that is the trap itself.",
        ),
        Mistake(
            crossentropy_unclipped,
            "The probability underflows to 0, and its logarithm is infinite. Do not make "
            "probabilities at all.",
        ),
        Mistake(
            crossentropy_not_shifted_back,
            "The largest logit was taken out of the exponentials: add it after the logarithm.",
        ),
        Mistake(crossentropy_of_the_sign, "The sign is the wrong way round: a loss is positive."),
    ),
)
