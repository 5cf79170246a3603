"""Dropout from scratch, label smoothing, and how sure a net should be."""

import keras
import numpy as np

from helpers.exercises.core import Exercise, Mistake, call, expect, prediction, writing
from helpers.reference import label_smoothing

# 6 ------------------------------------------------------------------------------------------------


def drop(x, rate, generator): ...  # return what the layer passes on in training


def drop_solution(x, rate, generator):
    passed = generator.random(x.shape) >= rate
    return x * passed / (1 - rate)


def drop_by_choice(x, rate, generator):
    factor = generator.choice([0.0, 1 / (1 - rate)], size=x.shape, p=[rate, 1 - rate])
    return x * factor


def drop_by_keras(x, rate, generator):
    layer = keras.layers.Dropout(rate, seed=int(generator.integers(2**31)))
    return keras.ops.convert_to_numpy(layer(x, training=True))


def drop_without_scaling(x, rate, generator):
    return x * (generator.random(x.shape) >= rate)


def drop_scaling_down(x, rate, generator):
    return x * (generator.random(x.shape) >= rate) * (1 - rate)


def drop_passing_the_rate(x, rate, generator):
    return x * (generator.random(x.shape) < rate) / rate


def drop_dividing_by_the_rate(x, rate, generator):
    return x * (generator.random(x.shape) >= rate) / rate


def drop_with_one_mask(x, rate, generator):
    return x * (generator.random(x.shape[1:]) >= rate) / (1 - rate)


def drop_whole_examples(x, rate, generator):
    return x * (generator.random((len(x), 1)) >= rate) / (1 - rate)


def drop_dividing_by_what_passed(x, rate, generator):
    passed = generator.random(x.shape) >= rate
    return x * passed / passed.mean()


def drop_by_other_draws(x, rate, generator):
    return x * (np.random.default_rng().random(x.shape) >= rate) / (1 - rate)


def drop_always_the_same(x, rate, generator):
    return x * (np.random.default_rng(0).random(x.shape) >= rate) / (1 - rate)


def examine_drop(answer) -> str:
    x = np.tile(np.arange(1.0, 81), (500, 1))
    for rate in (0.3, 0.5, 0.8):
        out = np.asarray(call(answer, x.copy(), rate, np.random.default_rng(7)), float)
        expect(
            out.shape == x.shape,
            f"For x of shape {x.shape} your result has shape {out.shape}: nodes are silenced, not"
            " removed.",
        )
        factors = out / x
        share = (factors == 0).mean()
        expect(
            abs(share - rate) < 0.05 or abs(share - (1 - rate)) > 0.05,
            f"With rate {rate}, {100 * share:.0f} % of your values are zero: {SHARE}",
        )
        expect(
            abs(share - rate) < 0.05,
            f"With rate {rate}, {100 * share:.0f} % of your values are zero; about "
            f"{100 * rate:.0f} % should be.",
        )
        passed = factors[factors != 0]
        expect(not np.allclose(passed, 1), UNSCALED)
        expect(not np.allclose(passed, 1 - rate), DOWN)
        expect(
            np.allclose(passed, passed[0]),
            "The values that pass must all be scaled by the same factor.",
        )
        excess = abs(passed[0] * (1 - rate) - 1)
        expect(excess < 1e-4 or excess > 0.05, HAPPENED)
        expect(
            excess < 1e-4,
            f"With rate {rate} a value that passes is {passed[0]:.3g} times its input: {FACTOR}",
        )
        silent = factors == 0
        expect(not (silent == silent[0]).all(), ONE_MASK)
        expect(not (silent == silent[:, :1]).all(), EXAMPLES)
    again = np.asarray(answer(x.copy(), 0.5, np.random.default_rng(8)), float)
    first = np.asarray(answer(x.copy(), 0.5, np.random.default_rng(7)), float)
    expect((again != first).any(), FROZEN)
    repeated = np.asarray(answer(x.copy(), 0.5, np.random.default_rng(7)), float)
    expect((repeated == first).all(), OTHER_DRAWS)
    return (
        "The mean of what is passed on stays what it was, so at test time the layer has nothing"
        " to do."
    )


SHARE = (
    "the rate is the share to silence, not to pass on (one of the notes has it the wrong way"
    " round)."
)
UNSCALED = (
    "The values that you pass on are unchanged, so the next layer gets less in training than at"
    " test time, where nothing is silenced. Divide by the share that passes, 1 - rate."
)
DOWN = (
    "You scale the values that pass *down* in training, where there is too little already. They"
    " must be made larger, by 1 / (1 - rate)."
)
HAPPENED = (
    "You divide by the share that happened to pass this time. Divide by the expected share,"
    " 1 - rate, so that the scale is the same in every batch."
)
OTHER_DRAWS = "Two generators with the same seed give different results: draw from `generator`."
FACTOR = "it should be divided by the share that passes, 1 - rate."
ONE_MASK = (
    "One mask serves all examples of your batch. Each example draws its own: the mask has the shape"
    " of x."
)
EXAMPLES = "Whole examples are silenced or passed on: draw for every value by itself."
FROZEN = (
    "Another generator gave the same mask: draw from the generator that you are given, or every"
    " step silences the same units."
)

dropping = Exercise(
    "dropping",
    stub=drop,
    reference=drop_solution,
    examine=examine_drop,
    hints=(
        "generator.random(x.shape) >= rate is True for the values that stay.",
        "A share of 1 - rate stays. By what must they be divided for the mean to stay as it was?",
    ),
    equivalents=(drop_by_choice, drop_by_keras),
    mistakes=(
        Mistake(drop_without_scaling, UNSCALED),
        Mistake(drop_scaling_down, DOWN),
        Mistake(drop_passing_the_rate, f"With rate 0.3, 70 % of your values are zero: {SHARE}"),
        Mistake(
            drop_dividing_by_the_rate,
            f"With rate 0.3 a value that passes is 3.33 times its input: {FACTOR}",
        ),
        Mistake(drop_with_one_mask, ONE_MASK),
        Mistake(drop_whole_examples, EXAMPLES),
        Mistake(drop_dividing_by_what_passed, HAPPENED),
        Mistake(drop_always_the_same, FROZEN),
        Mistake(drop_by_other_draws, OTHER_DRAWS),
    ),
)


# 7 ------------------------------------------------------------------------------------------------


def smooth(labels, classes, alpha): ...  # return targets of shape (n, classes)


def smooth_by_assignment(labels, classes, alpha):
    targets = np.full((len(labels), classes), alpha / classes)
    targets[np.arange(len(labels)), labels] = 1 - alpha + alpha / classes
    return targets


def smooth_from_categorical(labels, classes, alpha):
    return (
        keras.utils.to_categorical(labels, classes) * (1 - alpha)
        + np.full(classes, 1 / classes) * alpha
    )


def smooth_over_the_others(labels, classes, alpha):
    one_hot = np.eye(classes)[labels]
    return (1 - alpha) * one_hot + alpha / (classes - 1) * (1 - one_hot)


def smooth_without_its_part(labels, classes, alpha):
    return np.where(np.eye(classes)[labels] == 1, 1 - alpha, alpha / classes)


def smooth_without_taking(labels, classes, alpha):
    return np.eye(classes)[labels] + alpha / classes


def smooth_by_the_whole(labels, classes, alpha):
    return (1 - alpha) * np.eye(classes)[labels] + alpha


def smooth_by_mixing(labels, classes, alpha):
    one_hot = np.eye(classes)[labels]
    return (1 - alpha) * one_hot + alpha * np.roll(one_hot, 1, axis=0)


def smooth_nothing(labels, classes, alpha):
    return np.eye(classes)[labels]


smoothing = writing(
    "smoothing",
    stub=smooth,
    reference=label_smoothing.smooth,
    cases=(
        (np.array([1]), 3, 0.075),
        (np.array([0, 3, 1, 1]), 4, 0.2),
        (np.array([2, 0]), 10, 0.1),
    ),
    praise=(
        "Every row sums to 1, and the inputs were not touched:"
        " keras.losses.CategoricalCrossentropy(label_smoothing=alpha) does it."
    ),
    hints=(
        "np.eye(classes)[labels] is the labels as one-hot rows.",
        (
            "Multiply the rows by 1 - alpha, then add the same small number everywhere. Which one"
            " makes each row sum to 1?"
        ),
    ),
    equivalents=(smooth_by_assignment, smooth_from_categorical),
    mistakes=(
        Mistake(
            smooth_over_the_others,
            "You spread alpha over the *other* classes. That is a fair definition too, with a"
            " larger alpha for the same result; here, and in Keras, the right class gets its part"
            " of it.",
        ),
        Mistake(
            smooth_without_its_part,
            "The label itself gets its part of alpha as well: 1 - alpha + alpha / classes.",
        ),
        Mistake(
            smooth_without_taking,
            "Your rows sum to 1 + alpha: what is given to all must be taken from the label first.",
        ),
        Mistake(
            smooth_by_the_whole,
            "Every class gets the whole of alpha; it is to be shared among all of them.",
        ),
        Mistake(
            smooth_by_mixing,
            "You mix each label with that of another example, as the notes describe it: that is the"
            " labels' half of mixup. Smoothing looks at one example at a time.",
        ),
        Mistake(smooth_nothing, "Those are the one-hot labels, not yet smoothed."),
    ),
)


# 8 ------------------------------------------------------------------------------------------------

ABOVE, BELOW = "above", "below"


def confidence_against_accuracy(plain, smoothed) -> dict:
    """Where the mean confidence lies; each argument is (confidence, accuracy), one number a run."""
    pairs = {"one-hot labels": plain, "strongly smoothed labels": smoothed}
    return {
        name: ABOVE if np.mean(sure) > np.mean(right) else BELOW
        for name, (sure, right) in pairs.items()
    }


confidence_prediction = prediction(
    "confidence_prediction",
    choices=(ABOVE, BELOW),
    truth=confidence_against_accuracy,
    evidence=(([0.9, 0.92], [0.76, 0.75]), ([0.6, 0.62], [0.76, 0.75])),
    reasons={
        (
            "one-hot labels",
            BELOW,
        ): (
            "The loss on the training pictures can still fall when all are right: by being surer."
            " The net is as sure of the test pictures, without being as right."
        ),
        (
            "strongly smoothed labels",
            ABOVE,
        ): (
            "The targets themselves never ask for more than 1 - 0.3 + 0.3/10. On fresh pictures the"
            " net stays well below that, although it is right as often."
        ),
    },
    praise="Smoothing changes how sure a net is far more than how often it is right.",
    hints=("What is the largest probability that the training targets ask for, in each case?",),
)
