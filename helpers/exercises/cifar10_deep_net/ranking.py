"""Exercise of lesson 07: how often single runs put two variants into the right order."""

import numpy as np

from helpers.exercises.core import Mistake, writing
from helpers.reference import rankings


def share_of_right_pairs(better, worse): ...  # return a number from 0 to 1


def share_in_a_loop(better, worse):
    points = 0.0
    for first in better:
        for second in worse:
            points += 1.0 if first > second else 0.5 if first == second else 0.0
    return points / (len(better) * len(worse))


def share_of_the_same_row(better, worse):
    return np.mean(np.asarray(better) > np.asarray(worse))


def share_with_ties_for_the_better(better, worse):
    return np.mean(np.asarray(better)[:, None] >= np.asarray(worse))


def share_with_ties_for_the_worse(better, worse):
    return np.mean(np.asarray(better)[:, None] > np.asarray(worse))


def number_of_right_pairs(better, worse):
    return share_in_a_loop(better, worse) * len(better) * len(worse)


def share_of_the_worse(better, worse):
    return share_in_a_loop(worse, better)


def share_above_the_mean(better, worse):
    return np.mean(np.asarray(better) > np.mean(worse))


ranking = writing(
    "ranking",
    stub=share_of_right_pairs,
    reference=rankings.share_of_right_pairs,
    cases=(
        ([0.52, 0.50, 0.53], [0.51, 0.49, 0.50]),
        ([0.50, 0.48, 0.51, 0.49], [0.47, 0.48, 0.50, 0.52]),
        ([0.60, 0.40], [0.50, 0.45]),
    ),
    praise=(
        "One half would be a coin. How close to 1 must it be before you trust a single run of each?"
    ),
    hints=(
        "`better[:, None] > worse` compares every run of the one with every run of the other.",
        "What is a tie worth? The order is then anybody's guess: one half.",
    ),
    equivalents=(share_in_a_loop,),
    mistakes=(
        Mistake(
            share_of_the_same_row,
            "You compared run 1 with run 1, run 2 with run 2, and so on. Whoever trains each "
            "variant once may get any run of the one and any of the other: count all pairs.",
        ),
        Mistake(
            share_with_ties_for_the_better,
            "You counted a tie as right. It says nothing of the order: count one half.",
        ),
        Mistake(
            share_with_ties_for_the_worse,
            "You counted a tie as wrong. It says nothing of the order: count one half.",
        ),
        Mistake(
            number_of_right_pairs,
            "That is the number of right pairs; divide it by the number of all pairs.",
        ),
        Mistake(share_of_the_worse, "You counted the pairs in which the worse variant wins."),
        Mistake(
            share_above_the_mean,
            "You compared with the mean of the worse variant, which nobody knows after one run.",
        ),
    ),
)
