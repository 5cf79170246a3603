"""What will the run show?"""

import numpy as np

from helpers.exercises.core import prediction

GUESSING, LEARNING = "about 10 %", "clearly above 10 %"
RAW, STANDARDIZED, NEITHER = "raw pixels", "standardized pixels", "neither"


def learned(accuracy) -> str:
    """In one of two phrases, what nets for ten classes of equal size have learned."""
    return LEARNING if np.mean(accuracy) > 0.13 else GUESSING


def carried_truth(carried, fresh) -> dict:
    """What the validation accuracies say of nets trained on from the sweep's end, and of fresh
    ones.
    """
    return {"the net that the sweep has left": learned(carried), "a fresh net": learned(fresh)}


carried_prediction = prediction(
    "carried_prediction",
    choices=(GUESSING, LEARNING),
    truth=carried_truth,
    evidence=([0.1, 0.1, 0.11], [0.19, 0.22, 0.2]),
    reasons={
        (
            "the net that the sweep has left",
            LEARNING,
        ): (
            "The large rates threw its weights to where no gradient leads back: compile() gives it"
            " a new optimizer, and leaves the weights."
        ),
        (
            "a fresh net",
            GUESSING,
        ): (
            "The fresh net learns, if slowly: the architecture and the rate are not what was"
            " broken."
        ),
    },
    praise=(
        "So the 10 % of the notes do not speak against the net or its learning rate; they are what"
        " the sweep left behind."
    ),
    hints=("What does model.compile() reset: the weights, the optimizer, or both?",),
)


def batch_norm_truth(raw, raw_normalized, standardized, standardized_normalized) -> dict:
    """Where batch normalization adds more accuracy, and which pixels the best of the four nets
    gets.
    """
    gains = (
        np.mean(raw_normalized) - np.mean(raw),
        np.mean(standardized_normalized) - np.mean(standardized),
    )
    best = (
        max(map(np.mean, (raw, raw_normalized))),
        max(map(np.mean, (standardized, standardized_normalized))),
    )
    return {
        "batch normalization adds more on": larger(*gains),
        "the best of the four nets gets": larger(*best),
    }


def larger(raw, standardized) -> str:
    """Which of the two is larger, if by a percentage point."""
    return (
        NEITHER if abs(raw - standardized) < 0.01 else RAW if raw > standardized else STANDARDIZED
    )


batch_norm_prediction = prediction(
    "batch_norm_prediction",
    choices=(RAW, STANDARDIZED, NEITHER),
    truth=batch_norm_truth,
    evidence=([0.30, 0.33], [0.43, 0.44], [0.43, 0.44], [0.47, 0.48]),
    reasons={
        (
            "batch normalization adds more on",
            STANDARDIZED,
        ): "On standardized pixels part of its work is done already, so that less is left to gain.",
        (
            "batch normalization adds more on",
            NEITHER,
        ): "The gains differ: on raw pixels it also does what standardization does.",
        (
            "the best of the four nets gets",
            RAW,
        ): "Batch normalization does not make the standardization of the inputs superfluous.",
        (
            "the best of the four nets gets",
            NEITHER,
        ): "The two best nets differ by more than a percentage point.",
    },
    praise=(
        "Two changes at once, standardized inputs and normalized layers, and the notes gave one of"
        " them all the credit."
    ),
    hints=(
        (
            "The notes' net begins with a BatchNormalization before the first dense layer. What"
            " does that layer do to the pixels?"
        ),
    ),
)
