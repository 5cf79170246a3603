"""Bias and variance, averages of nets, and the weights of boosting."""

import numpy as np

from helpers.exercises.core import Mistake, prediction, writing

# 6 ------------------------------------------------------------------------------------------------


def bias_and_variance(
    predictions, truth
): ...  # return (bias squared, variance), both averaged over the points


def bias_and_variance_solution(predictions, truth):
    mean = predictions.mean(axis=0)
    return ((mean - truth) ** 2).mean(), ((predictions - mean) ** 2).mean()


def bias_and_variance_by_subtraction(predictions, truth):
    variance = predictions.var(axis=0).mean()
    return ((predictions - truth) ** 2).mean() - variance, variance


def bias_and_variance_over_points(predictions, truth):
    return ((predictions.mean(axis=0) - truth) ** 2).mean(), predictions.var(axis=1).mean()


def bias_as_mean_output(predictions, truth):
    return (predictions.mean(axis=0) ** 2).mean(), predictions.var(axis=0).mean()


def bias_not_squared(predictions, truth):
    return (predictions.mean(axis=0) - truth).mean(), predictions.var(axis=0).mean()


def bias_averaged_first(predictions, truth):
    return (predictions.mean() - truth.mean()) ** 2, predictions.var(axis=0).mean()


def error_for_bias(predictions, truth):
    return ((predictions - truth) ** 2).mean(), predictions.var(axis=0).mean()


def variance_with_one_less(predictions, truth):
    return ((predictions.mean(axis=0) - truth) ** 2).mean(), predictions.var(axis=0, ddof=1).mean()


def deviation_for_variance(predictions, truth):
    return ((predictions.mean(axis=0) - truth) ** 2).mean(), predictions.std(axis=0).mean()


def some_predictions(seed: int) -> tuple:
    """Predictions of five models at four points, and the truth there."""
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=4).round(1)
    return (truth + generator.normal(0.5, 1.0, (5, 4))).round(2), truth


splitting = writing(
    "splitting",
    stub=bias_and_variance,
    reference=bias_and_variance_solution,
    cases=tuple(map(some_predictions, range(4))),
    praise=(
        "Bias compares the mean prediction with the truth, variance the predictions with their"
        " mean; every squared error is both."
    ),
    hints=(
        "The mean prediction at a point is a mean over training sets: axis=0.",
        (
            "Square the bias at each point before you average over the points: +1 here and -1 there"
            " is not no bias."
        ),
    ),
    equivalents=(bias_and_variance_by_subtraction,),
    mistakes=(
        Mistake(
            bias_and_variance_over_points,
            "Your variance runs over the points (axis=1): how much one curve varies along x."
            " Variance is the spread over training sets at one and the same point (axis=0).",
        ),
        Mistake(
            bias_as_mean_output,
            "Your bias does not look at the truth: it is the mean output. Bias is the mean output"
            " minus the true value.",
        ),
        Mistake(
            bias_not_squared,
            "The first number is the bias itself; it has to be squared at each point, then"
            " averaged.",
        ),
        Mistake(
            bias_averaged_first,
            "You average over the points before squaring, so that too high here and too low there"
            " cancel. Square first.",
        ),
        Mistake(
            error_for_bias,
            "The first number is the whole squared error, with the variance in it: take the mean"
            " prediction first, then the distance.",
        ),
        Mistake(
            variance_with_one_less,
            "You divide the variance by n - 1. By itself that is the better estimate, but the sum"
            " is then no longer the error: here the n predictions are all there are, so divide"
            " by n.",
        ),
        Mistake(
            deviation_for_variance,
            "The second number is a standard deviation: variance is its square.",
        ),
    ),
)


# 7 ------------------------------------------------------------------------------------------------

BELOW, ABOVE = "below", "above"


def ensemble_against(ensemble, members) -> dict:
    """Where the log loss of the ensemble lies, on average over the runs; members have shape (runs,
    members).
    """
    members = np.asarray(members)
    bars = {
        "the mean of its members": members.mean(axis=-1),
        "its best member": members.min(axis=-1),
    }
    return {
        name: BELOW if np.mean(ensemble) < np.mean(bar) else ABOVE for name, bar in bars.items()
    }


ensemble_prediction = prediction(
    "ensemble_prediction",
    choices=(BELOW, ABOVE),
    truth=ensemble_against,
    evidence=([0.5, 0.6], [[0.7, 0.8], [0.9, 0.8]]),
    reasons={
        (
            "the mean of its members",
            ABOVE,
        ): (
            "That cannot be: -log is convex, so the loss of an average is never above the average"
            " of the losses (Jensen's inequality), whatever the members."
        ),
        (
            "its best member",
            ABOVE,
        ): (
            "It could be, but here it is not: the members err in different places, and where nine"
            " agree, the tenth is outvoted."
        ),
    },
    praise=(
        "The first is a theorem, the second an observation: it takes members that err in different"
        " places."
    ),
    hints=(
        (
            "Draw -log(p). Take two points of the curve and the middle of the chord between them:"
            " above or below the curve?"
        ),
    ),
)


# 8 ------------------------------------------------------------------------------------------------


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
            " the game; section 2.8 shows what becomes of the other idea.",
        ),
        Mistake(
            reweigh_from_scratch,
            "You start again from equal weights: the update works on the weights of the last round,"
            " so that they remember all rounds.",
        ),
    ),
)
