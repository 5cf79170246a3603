"""The share of right answers, which comes back in every lesson."""

import numpy as np

from helpers.exercises.core import Mistake, writing

# 1 ------------------------------------------------------------------------------------------------


def share_right(answers, truth):
    # Return the share of answers that are equal to the truth.
    ...


def share_right_solution(answers, truth):
    return np.mean(np.asarray(answers) == np.asarray(truth))


def share_right_counted(answers, truth):
    return sum(a == t for a, t in zip(answers, truth, strict=True)) / len(truth)


scoring = writing(
    "scoring",
    stub=share_right,
    reference=share_right_solution,
    cases=(
        (np.array([1, 0, 1, 1]), np.array([1, 1, 1, 1])),
        (np.array([3, 7, 2]), np.array([3, 7, 2])),
        (np.array([0, 0, 1, 0, 1]), np.array([1, 0, 0, 0, 0])),
    ),
    praise="This is the accuracy. You will meet it in every lesson that sorts things into classes.",
    hints=(
        "`answers == truth` compares two arrays place by place. What is the mean of the result?",
        "`np.mean([True, False, True, True])` is 0.75: True counts as 1, False as 0.",
    ),
    equivalents=(share_right_counted,),
    mistakes=(
        Mistake(
            lambda answers, truth: np.sum(answers == truth),
            "That is the number of right answers. Their share is that number, divided by how many "
            "answers there are.",
        ),
        Mistake(
            lambda answers, truth: np.mean(answers != truth),
            "That is the share of wrong answers, the error rate. The right ones are the rest.",
        ),
        Mistake(
            lambda answers, truth: 100 * np.mean(answers == truth),
            "That is in percent. A share lies between 0 and 1.",
        ),
    ),
)
