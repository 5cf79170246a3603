"""What the best of many guessers is worth on new questions."""

import numpy as np

from helpers.exercises.core import prediction

HALF, BETWEEN, ALL = "about half", "about three quarters", "nearly all"

# 2 ------------------------------------------------------------------------------------------------


def what_luck_is_worth(on_old, on_new) -> dict:
    """The shares of right answers of the best guessers, in words: nearest to 0.5, 0.75 or 1."""
    places = np.array([0.5, 0.75, 1.0])
    nearest = lambda shares: (HALF, BETWEEN, ALL)[np.abs(places - np.mean(shares)).argmin()]
    return {"on these 10": nearest(on_old), "on 10 new ones": nearest(on_new)}


luck_prediction = prediction(
    "luck_prediction",
    choices=(HALF, BETWEEN, ALL),
    truth=what_luck_is_worth,
    evidence=([1.0, 0.9, 1.0], [0.4, 0.6, 0.5]),
    reasons={
        ("on these 10", HALF): (
            "Half is what one guesser gets on average. Among a thousand, somebody is lucky, and "
            "you picked exactly that one."
        ),
        ("on these 10", BETWEEN): (
            "One guesser in 20 gets 8 or more right by luck. A thousand tries go further: look for "
            "the best of them."
        ),
        ("on 10 new ones", ALL): (
            "The best guesser knows nothing that the others do not. On new questions the luck is "
            "gone."
        ),
        ("on 10 new ones", BETWEEN): (
            "There is nothing to carry over, not even a part: every new answer is a new toss of a "
            "coin."
        ),
    },
    praise=(
        "The best score among many is the best luck among many. A model that was chosen because it "
        "fits old data has to show on new data that it learned anything: that is lesson 1."
    ),
    hints=(
        "How likely is it that one guesser gets all 10 right? And that one of a thousand does?",
        "What does the lucky one know about the next 10 questions?",
    ),
)
