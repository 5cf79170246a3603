"""Committees: the weights of boosting."""

import numpy as np

from helpers.exercises.core import Mistake, writing

# 5 ------------------------------------------------------------------------------------------------


def reweigh(weights, wrong): ...  # return the new weights


def reweigh_solution(weights, wrong):
    error = weights[wrong].sum()
    amount = np.log((1 - error) / error) / 2
    new = weights * np.where(wrong, np.exp(amount), np.exp(-amount))
    return new / new.sum()


def reweigh_as_scikit_learn_does(weights, wrong):
    error = np.average(wrong, weights=weights)
    new = weights * np.exp(np.log((1 - error) / error) * wrong)
    return new / new.sum()


def reweigh_half_and_half(weights, wrong):
    return weights / np.where(wrong, 2 * weights[wrong].sum(), 2 * weights[~wrong].sum())


def reweigh_without_normalizing(weights, wrong):
    error = weights[wrong].sum()
    amount = np.log((1 - error) / error) / 2
    return weights * np.where(wrong, np.exp(amount), np.exp(-amount))


def reweigh_with_the_wrong_sign(weights, wrong):
    error = weights[wrong].sum()
    amount = np.log((1 - error) / error) / 2
    new = weights * np.where(wrong, np.exp(-amount), np.exp(amount))
    return new / new.sum()


def reweigh_without_the_half(weights, wrong):
    error = weights[wrong].sum()
    amount = np.log((1 - error) / error)
    new = weights * np.where(wrong, np.exp(amount), np.exp(-amount))
    return new / new.sum()


def reweigh_by_counting(weights, wrong):
    error = wrong.mean()
    amount = np.log((1 - error) / error) / 2
    new = weights * np.where(wrong, np.exp(amount), np.exp(-amount))
    return new / new.sum()


def reweigh_keeping_only_the_wrong(weights, wrong):
    return np.where(wrong, weights, 0) / weights[wrong].sum()


def reweigh_from_scratch(weights, wrong):
    return reweigh_solution(np.full(len(weights), 1 / len(weights)), wrong)


reweighing = writing(
    "reweighing",
    stub=reweigh,
    reference=reweigh_solution,
    cases=(
        (np.full(5, 0.2), np.array([True, False, False, False, False])),
        (np.array([0.1, 0.4, 0.2, 0.3]), np.array([True, False, True, False])),
        (
            np.array([0.05, 0.15, 0.3, 0.3, 0.1, 0.1]),
            np.array([True, True, False, False, False, True]),
        ),
    ),
    praise=(
        "Look at what came out: the wrong rows now hold exactly half of the weight. For the next"
        " stump, repeating the last one would be no better than a coin."
    ),
    hints=(
        "e is a sum of weights, not a number of rows: weights[wrong].sum().",
        (
            "np.where(wrong, up, down) chooses a factor for each row; divide by the sum at the very"
            " end."
        ),
    ),
    equivalents=(reweigh_as_scikit_learn_does, reweigh_half_and_half),
    mistakes=(
        Mistake(
            reweigh_without_normalizing,
            "The factors are right, but the weights no longer sum to 1: divide by their sum.",
        ),
        Mistake(
            reweigh_with_the_wrong_sign,
            "The wrong rows lost weight and the right ones gained it: the sign of the exponent is"
            " the other way round.",
        ),
        Mistake(
            reweigh_without_the_half,
            "Your steps are twice too long: with exp(a) and exp(-a), a is *half* the logarithm."
            " (The whole one goes with raising the wrong rows only.)",
        ),
        Mistake(
            reweigh_by_counting,
            "You took e as the share of rows that are wrong; a row counts with its weight: e ="
            " weights[wrong].sum().",
        ),
        Mistake(
            reweigh_keeping_only_the_wrong,
            "You take only the wrong rows. AdaBoost gives them more weight, but every row stays in"
            " the game; section 2.9 says why.",
        ),
        Mistake(
            reweigh_from_scratch,
            "You start again from equal weights: the update works on the weights of the last round,"
            " so that they remember all rounds.",
        ),
    ),
)
