"""Exercises of lesson 01: overfitting."""

import keras
import numpy as np

from helpers.exercises.core import Mistake, prediction, writing

FALLS, RISES, TURNS = "falls", "rises", "falls, then rises"


def shape_of(curve) -> str:
    """In one of three phrases, what a curve does from left to right; a tenth of its range counts as nothing."""
    curve = np.asarray(curve, float)
    slack = 0.1 * np.ptp(curve)
    if curve[-1] <= curve.min() + slack:
        return FALLS
    return RISES if curve[0] <= curve.min() + slack else TURNS


# 1 -------------------------------------------------------------------------------------------------------------------


def degree_shapes(training_error, test_error) -> dict:
    """The phrases for the two curves over the degree, as they look on the logarithmic axis."""
    return {
        "training error": shape_of(np.log(training_error)),
        "test error": shape_of(np.log(test_error)),
    }


degree_prediction = prediction(
    "degree_prediction",
    prompt="""You fit polynomials of degree 0, 1, 2, ... 15 to the same 20 points. **Before you look:** what do the error on
those 20 points and the error on fresh points do as the degree rises? Write "falls", "rises" or "falls, then rises" for
each.""",
    choices=(FALLS, RISES, TURNS),
    truth=degree_shapes,
    evidence=([1.0, 0.2, 0.06, 0.05, 0.02], [1.1, 0.3, 0.1, 0.7, 40.0]),
    reasons={
        (
            "training error",
            RISES,
        ): "A polynomial of higher degree can do all that one of lower degree can, and more: on the "
        "points it is fitted to, its error cannot be higher.",
        (
            "training error",
            TURNS,
        ): "On the points it is fitted to, a higher degree never does worse: the fit could set the "
        "extra coefficients to 0.",
        (
            "test error",
            FALLS,
        ): "Fresh points do not lie where the fit bent itself to: look at the right end of the curve.",
        (
            "test error",
            RISES,
        ): "Look at the left end: a constant and a straight line miss the shape of the truth, so the "
        "error first has room to fall.",
    },
    praise="More freedom always fits the seen points better; on unseen points it helps only up to a degree.",
    hints=(
        "Degree 5 contains degree 3: set two coefficients to 0. What follows for the error on the fitted points?",
        "At degree 0 the fit is a constant. At degree 15 it has 16 coefficients for 20 points. Which of the two would you "
        "trust between the points?",
    ),
)


# 2 -------------------------------------------------------------------------------------------------------------------


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
    prompt="""Write `choose`: it gets the training, validation and test error of several models (lists of equal length) and
returns the index of the model that you would put to use.""",
    stub=choose,
    reference=choose_solution,
    cases=(
        ([0.9, 0.5, 0.3, 0.1], [1.0, 0.6, 0.7, 1.9], [1.1, 0.8, 0.6, 2.0]),
        ([0.4, 0.2, 0.1], [0.5, 0.4, 0.3], [0.3, 0.5, 0.6]),
        ([0.1, 0.2, 0.3, 0.5], [0.9, 0.8, 0.7, 0.6], [0.8, 0.5, 0.6, 0.7]),
        ([0.7, 0.6, 0.5, 0.4], [0.5, 0.9, 0.9, 0.9], [0.9, 0.9, 0.4, 0.9]),
    ),
    praise="Validation data choose; the test set stays unseen until the choice is made, so that its error is an honest estimate.",
    hints=(
        "Which of the three errors was computed on data that neither fitted the model nor will report the final number?",
    ),
    equivalents=(
        choose_in_a_loop,
        lambda training, validation, test: int(np.asarray(validation).argmin()),
    ),
    mistakes=(
        Mistake(
            lambda training, validation, test: np.argmin(training),
            "You chose by the training error: that picks the model with the most freedom, whatever it learned.",
        ),
        Mistake(
            lambda training, validation, test: np.argmin(test),
            "You chose by the test error: then the test set took part in the choice, and its error is no longer an honest "
            "estimate. Choose on validation data.",
        ),
        Mistake(
            lambda training, validation, test: np.argmin(np.subtract(validation, training)),
            "You chose the smallest gap: a model that learned nothing has no gap at all. The validation error itself counts.",
        ),
        Mistake(
            lambda training, validation, test: np.argmax(validation),
            "These are errors: lower is better. You returned the model with the highest validation error.",
        ),
        Mistake(
            lambda training, validation, test: np.min(validation),
            "You returned the lowest validation error itself; asked for is the index of the model that has it.",
        ),
    ),
)


# 3 -------------------------------------------------------------------------------------------------------------------


def count_parameters(inputs, hidden, outputs): ...  # return the number of weights and biases


def count_parameters_solution(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    return sum((before + 1) * after for before, after in zip(widths, widths[1:]))


def count_parameters_in_keras(inputs, hidden, outputs):
    layers = [keras.layers.Dense(width) for width in (*hidden, outputs)]
    return keras.Sequential([keras.Input((inputs,)), *layers]).count_params()


def count_without_biases(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    return sum(before * after for before, after in zip(widths, widths[1:]))


def count_without_output_layer(inputs, hidden, outputs):
    return count_parameters_solution(inputs, hidden[:-1], hidden[-1]) if hidden else 0


def count_bias_per_input(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    return sum(before * (after + 1) for before, after in zip(widths, widths[1:]))


def count_units(inputs, hidden, outputs):
    return sum(hidden) + outputs


counting = writing(
    "counting",
    prompt="""Capacity starts with a count. Write `count_parameters(inputs, hidden, outputs)`: the number of weights and biases
of a fully connected net, where `hidden` is the list of the hidden layers' widths (it may be empty).""",
    stub=count_parameters,
    reference=count_parameters_solution,
    cases=(
        (11, [16], 1),
        (11, [32], 1),
        (11, [16, 16], 1),
        (11, [512, 512, 512], 1),
        (784, [64], 10),
        (3, [], 2),
    ),
    praise="So the notes' “wider” and “deeper” nets differ in size as well as in shape; the audit compares them at equal size.",
    hints=(
        "A layer from a units to b units has a matrix of a x b weights. What else does each of the b units have?",
        "Put inputs, hidden widths and outputs in one list and look at neighbours.",
    ),
    equivalents=(count_parameters_in_keras,),
    mistakes=(
        Mistake(
            count_without_biases,
            "The weights are right, but every unit of every layer has a bias as well.",
        ),
        Mistake(
            count_without_output_layer,
            "The last step, from the last hidden layer to the outputs, has weights and biases too.",
        ),
        Mistake(
            count_bias_per_input,
            "A bias belongs to each unit that a layer computes, not to each of its inputs.",
        ),
        Mistake(
            count_units,
            "That is the number of units. The parameters sit on the connections between them, plus one bias a unit.",
        ),
    ),
)


# 4 -------------------------------------------------------------------------------------------------------------------


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


def wine_like(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two small tables whose columns differ in scale as the wine's do."""
    generator = np.random.default_rng(seed)
    scale = np.array([0.05, 3.0, 40.0])
    return tuple((scale * generator.normal(2.0, 1.0, (rows, 3))).round(3) for rows in (12, 5))


preparing = writing(
    "preparing",
    prompt="""**Bug hunt.** The notes' listing for red wine feeds the net an `X_train` that nobody defined: the raw table, with
chlorides around 0.09 beside sulphur dioxide up to 289. Repair `prepare`, so that it returns both parts with every feature
on a common scale: mean 0 and standard deviation 1, and nothing about the validation data known in advance.""",
    stub=prepare,
    reference=prepare_solution,
    cases=(wine_like(0), wine_like(1)),
    praise="The training part alone decides the scale; the validation part is measured with the same ruler.",
    hints=(
        "Subtract the mean of each column and divide by its standard deviation. Whose mean, whose deviation?",
        "On the day the net is used, a single new wine arrives. What is its mean?",
    ),
    equivalents=(prepare_with_scikit_learn,),
    mistakes=(
        Mistake(
            prepare_each_alone,
            "Each part was scaled by its own mean and deviation: the same wine would then look different in the two parts. "
            "Use the training part's for both.",
        ),
        Mistake(
            prepare_together,
            "Mean and deviation were taken over both parts: so the validation data leak into the training. Fit the scale on "
            "the training part only.",
        ),
        Mistake(
            prepare_training_only,
            "The validation part was left raw: the net would see it on another scale than it learned.",
        ),
        Mistake(
            prepare_with_one_number,
            "One mean and one deviation for the whole table leaves the features as unequal as they were: take them column by "
            "column (axis=0).",
        ),
        Mistake(
            prepare_by_rows,
            "You scaled each wine by itself (axis=1), which mixes chlorides with alcohol: scale each column.",
        ),
        Mistake(
            prepare_without_centring,
            "The deviations are 1 now, but the means are not 0: subtract the training mean first.",
        ),
    ),
)


# 5 -------------------------------------------------------------------------------------------------------------------


def stop(losses, patience, min_delta): ...  # return (last, best)


def stop_solution(losses, patience, min_delta):
    best, wait = 0, 0
    for epoch, loss in enumerate(losses):
        wait += 1
        if epoch == 0 or loss + min_delta < losses[best]:
            best, wait = epoch, 0
        elif wait >= patience:
            break
    return epoch, best


def stop_as_keras_does(losses, patience, min_delta):
    class Net:
        stop_training = False
        get_weights = staticmethod(list)
        set_weights = staticmethod(id)

    callback = keras.callbacks.EarlyStopping(
        patience=patience, min_delta=min_delta, restore_best_weights=True
    )
    callback.set_model(Net())
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if callback.model.stop_training:
            break
    return epoch, callback.best_epoch


def stop_comparing_neighbours(losses, patience, min_delta):
    best, wait = 0, 0
    for epoch, loss in enumerate(losses):
        wait += 1
        if epoch == 0 or loss + min_delta < losses[epoch - 1]:
            best, wait = epoch, 0
        elif wait >= patience:
            break
    return epoch, best


def stop_ignoring_min_delta(losses, patience, min_delta):
    return stop_solution(losses, patience, 0.0)


def stop_keeping_the_minimum(losses, patience, min_delta):
    last, _ = stop_solution(losses, patience, min_delta)
    return last, int(np.argmin(losses[: last + 1]))


def stop_one_too_late(losses, patience, min_delta):
    return stop_solution(losses, patience + 1, min_delta)


def stop_one_too_early(losses, patience, min_delta):
    return stop_solution(losses, max(patience - 1, 0), min_delta)


def stop_never_forgetting(losses, patience, min_delta):
    best, wait = 0, 0
    for epoch, loss in enumerate(losses):
        if epoch == 0 or loss + min_delta < losses[best]:
            best = epoch
        else:
            wait += 1
            if wait >= patience:
                break
    return epoch, best


def stop_keeping_the_last(losses, patience, min_delta):
    last, _ = stop_solution(losses, patience, min_delta)
    return last, last


def stop_counting_from_one(losses, patience, min_delta):
    last, best = stop_solution(losses, patience, min_delta)
    return last + 1, best + 1


stopping = writing(
    "stopping",
    prompt="""Write early stopping from its definition: *stop when the validation loss has not improved by more than
`min_delta` for `patience` epochs in a row, and keep the weights of the best epoch.* Your `stop(losses, patience,
min_delta)` gets the validation loss of every epoch and returns `(last, best)`: the last epoch that is trained and the
epoch whose weights are kept, both counted from 0. If it never stops, `last` is the final epoch.""",
    stub=stop,
    reference=stop_solution,
    cases=(
        ([1.0, 0.8, 0.9, 0.7, 0.75, 0.76, 0.74, 0.6], 3, 0.0),
        ([1.0, 0.5, 0.6, 0.55, 0.54, 0.53, 0.52, 0.51, 0.4], 3, 0.0),
        ([1.0, 0.9995, 0.9991, 0.9985, 0.998, 0.9979], 10, 0.001),
        ([1.0, 0.9995, 0.9991, 0.99905, 0.5], 3, 0.001),
        ([0.9, 1.0, 0.8, 0.9, 0.7, 0.8, 0.6, 0.7, 0.8, 0.9], 2, 0.0),
        ([3.0, 2.0, 1.0], 2, 0.0),
        ([1.0, 0.7, 0.8, 0.6], 1, 0.0),
    ),
    praise="The same epochs as keras.callbacks.EarlyStopping on every sequence. Note what is kept: the last epoch that beat the "
    "old best by more than min_delta, not always the lowest loss.",
    hints=(
        "Carry two things through the loop: the best epoch so far, and how many epochs have passed since.",
        "An epoch is an improvement if loss + min_delta < (loss of the best epoch). Then the count starts again.",
        "Stop as soon as the count of epochs without improvement reaches patience.",
    ),
    equivalents=(stop_as_keras_does,),
    mistakes=(
        Mistake(stop_comparing_neighbours, "You compare with the epoch before. A loss that creeps back down is no improvement: compare with the best epoch so far."),
        Mistake(stop_ignoring_min_delta, "min_delta plays no part in your answer: a drop of less than min_delta must not count as an improvement."),
        Mistake(stop_keeping_the_minimum, "The last epoch is right, but you keep the lowest loss. An epoch that is lower by less than min_delta does not count, so its weights are not kept."),
        Mistake(stop_one_too_late, "You stop one epoch too late: with patience p, the p-th epoch in a row without improvement is the last."),
        Mistake(stop_one_too_early, "You stop one epoch too early: patience counts the epochs after the best one; the p-th of them is the last."),
        Mistake(stop_never_forgetting, "Your count of bad epochs goes on over good ones: an improvement must set it back to 0."),
        Mistake(stop_keeping_the_last, "You keep the weights of the last epoch; the point is to go back to the best one."),
        Mistake(stop_counting_from_one, "Right rule, but counted from 1: the first epoch is epoch 0, as everywhere in Python."),
    ),
)  # fmt: skip


# 6 -------------------------------------------------------------------------------------------------------------------

FALL, NO_FALL = "falls", "does not fall"


def after_the_turn(clean_turn, clean_end, noisy_turn, noisy_end) -> dict:
    """What the validation accuracy does from the turn of the validation loss to the end; 1 point counts as nothing."""
    pairs = {"clean labels": (clean_turn, clean_end), "random labels": (noisy_turn, noisy_end)}
    return {
        name: FALL if np.mean(end) < np.mean(turn) - 0.01 else NO_FALL
        for name, (turn, end) in pairs.items()
    }


turn_prediction = prediction(
    "turn_prediction",
    prompt="""The validation **loss** of the widest net turns upwards after a few epochs, with clean labels as with random ones.
**Before you look:** what does its validation **accuracy** do from there to the end? Write "falls" or "does not fall" for
each.""",
    choices=(FALL, NO_FALL),
    truth=after_the_turn,
    evidence=(0.75, 0.77, 0.66, 0.60),
    reasons={
        (
            "clean labels",
            FALL,
        ): "There is no wrong label to learn here. The loss rises because the net grows more certain of its "
        "few mistakes, and accuracy does not count how certain.",
        (
            "random labels",
            NO_FALL,
        ): "Up to the turn the net has learned what most labels agree on. After it there is little left "
        "to learn but the wrong ones, and that costs accuracy.",
    },
    praise="A rising loss with a steady accuracy is overconfidence; a rising loss with a falling accuracy is learned noise.",
    hints=(
        "Loss asks how much probability the right class got. Accuracy asks only whether it got the most.",
    ),
)
