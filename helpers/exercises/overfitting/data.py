"""Which error chooses a model, and a common scale for all features."""

import numpy as np

from helpers.exercises.core import Mistake, writing

# 2 ------------------------------------------------------------------------------------------------


def choose(
    training_error, validation_error, test_error
): ...  # return the index of the model to use


def choose_solution(training_error, validation_error, test_error):
    return np.argmin(validation_error)


def choose_in_a_loop(training_error, validation_error, test_error):
    best = 0
    for number, error in enumerate(validation_error):
        if error < validation_error[best]:
            best = number
    return best


choosing = writing(
    "choosing",
    stub=choose,
    reference=choose_solution,
    cases=(
        ([0.9, 0.5, 0.3, 0.1], [1.0, 0.6, 0.7, 1.9], [1.1, 0.8, 0.6, 2.0]),
        ([0.4, 0.2, 0.1], [0.5, 0.4, 0.3], [0.3, 0.5, 0.6]),
        ([0.1, 0.2, 0.3, 0.5], [0.9, 0.8, 0.7, 0.6], [0.8, 0.5, 0.6, 0.7]),
        ([0.7, 0.6, 0.5, 0.4], [0.5, 0.9, 0.9, 0.9], [0.9, 0.9, 0.4, 0.9]),
    ),
    praise=(
        "Choose on validation data. The test set stays unseen until the choice is made, so that its"
        " error is an honest estimate."
    ),
    hints=(
        (
            "Which of the three errors was computed on data that neither fitted the model nor will"
            " report the final number?"
        ),
    ),
    equivalents=(
        choose_in_a_loop,
        lambda training, validation, test: int(np.asarray(validation).argmin()),
    ),
    mistakes=(
        Mistake(
            lambda training, validation, test: np.argmin(training),
            "You chose by the training error: that picks the model with the most freedom, whatever"
            " it learned.",
        ),
        Mistake(
            lambda training, validation, test: np.argmin(test),
            "You chose by the test error: then the test set took part in the choice, and its error"
            " is no longer an honest estimate. Choose on validation data.",
        ),
        Mistake(
            lambda training, validation, test: np.argmin(np.subtract(validation, training)),
            "You chose the smallest gap: a model that learned nothing has no gap at all. The"
            " validation error itself counts.",
        ),
        Mistake(
            lambda training, validation, test: np.argmax(validation),
            "These are errors: lower is better. You returned the model with the highest validation"
            " error.",
        ),
        Mistake(
            lambda training, validation, test: np.min(validation),
            "You returned the lowest validation error itself; return the index of the model that"
            " has it.",
        ),
    ),
)


# 3 ------------------------------------------------------------------------------------------------


def prepare(x_train, x_valid):
    # The notes' listing goes straight from the table to the net.
    return x_train, x_valid


def prepare_solution(x_train, x_valid):
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
    return (x_train - mean) / deviation, (x_valid - mean) / deviation


def prepare_with_scikit_learn(x_train, x_valid):
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x_train)
    return scaler.transform(x_train), scaler.transform(x_valid)


def prepare_in_float32(x_train, x_valid):
    return prepare_solution(x_train.astype("float32"), x_valid.astype("float32"))


def prepare_each_alone(x_train, x_valid):
    return tuple((x - x.mean(axis=0)) / x.std(axis=0) for x in (x_train, x_valid))


def prepare_together(x_train, x_valid):
    both = np.concatenate([x_train, x_valid])
    return tuple((x - both.mean(axis=0)) / both.std(axis=0) for x in (x_train, x_valid))


def prepare_training_only(x_train, x_valid):
    return (x_train - x_train.mean(axis=0)) / x_train.std(axis=0), x_valid


def prepare_with_one_number(x_train, x_valid):
    return tuple((x - x_train.mean()) / x_train.std() for x in (x_train, x_valid))


def prepare_by_rows(x_train, x_valid):
    return tuple(
        (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
        for x in (x_train, x_valid)
    )


def prepare_without_centring(x_train, x_valid):
    return x_train / x_train.std(axis=0), x_valid / x_train.std(axis=0)


def prepare_with_unbiased_deviation(x_train, x_valid):
    mean, deviation = x_train.mean(axis=0), x_train.std(axis=0, ddof=1)
    return (x_train - mean) / deviation, (x_valid - mean) / deviation


def prepare_with_variance(x_train, x_valid):
    mean, variance = x_train.mean(axis=0), x_train.var(axis=0)
    return (x_train - mean) / variance, (x_valid - mean) / variance


def wine_like(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two small tables whose columns differ in scale as the wine's do."""
    generator = np.random.default_rng(seed)
    scale = np.array([0.05, 3.0, 40.0])
    train, valid = ((scale * generator.normal(2.0, 1.0, (rows, 3))).round(3) for rows in (12, 5))
    return train, valid


preparing = writing(
    "preparing",
    stub=prepare,
    reference=prepare_solution,
    cases=(wine_like(0), wine_like(1)),
    praise=(
        "The training part alone decides the scale; the validation part is measured with the same"
        " ruler."
    ),
    hints=(
        (
            "Subtract the mean of each column and divide by its standard deviation. Whose mean,"
            " whose deviation?"
        ),
        "On the day the net is used, a single new wine arrives. What is its mean?",
    ),
    equivalents=(prepare_with_scikit_learn, prepare_in_float32),
    mistakes=(
        Mistake(
            prepare_each_alone,
            "Each part was scaled by its own mean and deviation: the same wine would then look"
            " different in the two parts. Use the training part's for both.",
        ),
        Mistake(
            prepare_together,
            "Mean and deviation were taken over both parts: so the validation data leak into the"
            " training. Fit the scale on the training part only.",
        ),
        Mistake(
            prepare_with_unbiased_deviation,
            "You divided by n - 1 to find the deviation, as pandas does. For a net that is as good;"
            " here NumPy's default, n, is meant, so that the training data have deviation 1.",
        ),
        Mistake(
            prepare_with_variance,
            "You divided by the variance; its square root, the standard deviation, brings the"
            " columns to deviation 1.",
        ),
        Mistake(
            prepare_training_only,
            "The validation part was left raw: the net would see it on another scale than it"
            " learned.",
        ),
        Mistake(
            prepare_with_one_number,
            "One mean and one deviation for the whole table leaves the features as unequal as they"
            " were: take them column by column (axis=0).",
        ),
        Mistake(
            prepare_by_rows,
            "You scaled each wine by itself (axis=1), which mixes chlorides with alcohol: scale"
            " each column.",
        ),
        Mistake(
            prepare_without_centring,
            "The deviations are 1 now, but the means are not 0: subtract the training mean first.",
        ),
    ),
)
