"""Exercises of lesson 07: what the recorded runs will show."""

import numpy as np

from helpers.exercises.core import prediction

HIGHER, LOWER, CLOSE = "higher", "lower", "within one point"
FEW, SOME, MOST = "fewer than one in ten", "one in ten to one in two", "more than half"


def steps_truth(b, c, d, e, f) -> dict:
    """What each step of the exercise changes, by the means of test accuracies of shape (runs,)."""
    pairs = {"c against b": (c, b), "d against c": (d, c), "e against d": (e, d)}
    pairs["f against e"] = (f, e)
    return {
        name: change(np.mean(later) - np.mean(before)) for name, (later, before) in pairs.items()
    }


def change(difference: float) -> str:
    """A difference of accuracies in one of three phrases."""
    return CLOSE if abs(difference) <= 0.01 else HIGHER if difference > 0 else LOWER


steps_prediction = prediction(
    "steps_prediction",
    choices=(HIGHER, LOWER, CLOSE),
    truth=steps_truth,
    evidence=([0.50, 0.51], [0.53, 0.54], [0.50, 0.52], [0.51, 0.52], [0.53, 0.53]),
    reasons={
        ("c against b", LOWER): "Batch normalization does not cost a whole point here.",
        (
            "c against b",
            CLOSE,
        ): "Normalizing every layer moves the accuracy by more than a point.",
        (
            "d against c",
            HIGHER,
        ): "A net that normalizes itself is not a whole point above one that is normalized.",
        (
            "e against d",
            HIGHER,
        ): "To drop a tenth of the last hidden layer does not gain a whole point here.",
        (
            "e against d",
            LOWER,
        ): "To drop a tenth of the last hidden layer does not cost a whole point here.",
        (
            "f against e",
            LOWER,
        ): "The cycle, with its own optimizer and batch size, does not cost a whole point.",
    },
    praise="All four. Now look at how far single runs scatter around their means.",
    hints=("In which step is every layer changed, and in which only the last?",),
)


def carried_truth(carried, fresh) -> dict:
    """How many nets end with a validation accuracy of about 10 %, of shapes (runs,)."""
    return {"nets that the sweep has left": ending(carried), "fresh nets": ending(fresh)}


def ending(accuracy) -> str:
    """In one of three phrases, how many of these accuracies are those of guessing."""
    accuracy = np.asarray(accuracy, float)
    share = np.mean((accuracy > 0.09) & (accuracy < 0.11))
    return FEW if share < 0.1 else SOME if share <= 0.5 else MOST


carried_prediction = prediction(
    "carried_prediction",
    choices=(FEW, SOME, MOST),
    truth=carried_truth,
    evidence=([0.10, 0.10, 0.31, 0.42], [0.42, 0.45, 0.44]),
    reasons={
        (
            "nets that the sweep has left",
            FEW,
        ): (
            "At least one in ten never recovers from the largest rate: compile() brings a new "
            "optimizer and leaves the weights."
        ),
        (
            "nets that the sweep has left",
            MOST,
        ): "At least half of them find a way back, even from where the largest rate threw them.",
        (
            "fresh nets",
            MOST,
        ): "Most fresh nets learn, raw pixels or not: neither the net nor its rate was broken.",
    },
    praise=(
        "Right on both. compile() brings a new optimizer and leaves the weights, so the two kinds "
        "begin in different places."
    ),
    hints=("What does model.compile() reset: the weights, the optimizer, or both?",),
)
