"""What weights cost: the loss that counts, penalties, exact zeros, decay, and a limit on length."""

import keras
import numpy as np

from helpers.exercises.core import Mistake, prediction, writing
from helpers.reference import penalties

# 1 ------------------------------------------------------------------------------------------------


def best_model(histories):
    # The notes draw these curves to compare the models; whoever takes the lowest does this:
    return min(histories, key=lambda name: min(histories[name]["val_loss"]))


def best_model_solution(histories):
    def lowest(name):
        history = histories[name]
        return np.min(np.subtract(history["val_loss"], history["penalty"]))

    return min(histories, key=lowest)


def best_model_in_one_line(histories):
    return min(
        histories,
        key=lambda n: min(
            a - b for a, b in zip(histories[n]["val_loss"], histories[n]["penalty"], strict=True)
        ),
    )


def best_model_at_the_end(histories):
    return min(
        histories, key=lambda name: histories[name]["val_loss"][-1] - histories[name]["penalty"][-1]
    )


def best_model_by_separate_minima(histories):
    return min(
        histories,
        key=lambda name: min(histories[name]["val_loss"]) - min(histories[name]["penalty"]),
    )


def best_model_with_the_penalty_twice(histories):
    return min(
        histories,
        key=lambda name: np.min(np.add(histories[name]["val_loss"], histories[name]["penalty"])),
    )


def best_model_by_penalty(histories):
    return min(histories, key=lambda name: min(histories[name]["penalty"]))


def best_model_at_the_lowest_sum(histories):
    def at_lowest(name):
        history = histories[name]
        epoch = np.argmin(history["val_loss"])
        return history["val_loss"][epoch] - history["penalty"][epoch]

    return min(histories, key=at_lowest)


def worst_model(histories):
    return max(
        histories,
        key=lambda name: np.min(
            np.subtract(histories[name]["val_loss"], histories[name]["penalty"])
        ),
    )


def some_histories(**curves) -> dict:
    return {
        name: {"val_loss": loss, "penalty": penalty} for name, (loss, penalty) in curves.items()
    }


comparing = writing(
    "comparing",
    stub=best_model,
    reference=best_model_solution,
    cases=(
        (
            some_histories(
                plain=([0.43, 0.56, 0.68], [0.0, 0.0, 0.0]),
                l1=([0.88, 0.93, 0.68], [0.4, 0.3, 0.15]),
                l2=([1.06, 0.92, 0.44], [0.45, 0.28, 0.0]),
            ),
        ),
        (
            some_histories(
                plain=([0.68, 0.69, 0.66], [0.0, 0.0, 0.0]),
                l1=([1.74, 1.44, 1.22], [1.3, 0.92, 0.65]),
                l2=([0.95, 0.8, 0.5], [0.3, 0.15, 0.05]),
            ),
        ),
        (
            some_histories(
                plain=([0.69, 0.6, 0.64], [0.0, 0.0, 0.0]),
                l1=([2.02, 0.67, 0.55], [1.38, 0.25, 0.08]),
                l2=([0.96, 0.66, 0.62], [0.28, 0.22, 0.22]),
            ),
        ),
        (
            some_histories(
                plain=([0.71, 0.6, 0.66], [0.0, 0.0, 0.0]),
                l1=([1.3, 0.95, 0.85], [0.3, 0.2, 0.35]),
                l2=([1.0, 0.9, 0.95], [0.6, 0.2, 0.25]),
            ),
        ),
    ),
    praise=(
        "The penalty is what the training is charged for its weights. What a model is worth is its"
        " loss on the data alone."
    ),
    hints=(
        "val_loss - penalty, epoch by epoch, is the loss of the validation data alone.",
        "Subtract first, then look for the lowest epoch: the penalty changes from epoch to epoch.",
    ),
    equivalents=(best_model_in_one_line,),
    mistakes=(
        Mistake(
            best_model_at_the_end,
            "You compare the last epochs. Compare each model at its best epoch.",
        ),
        Mistake(
            best_model_by_separate_minima,
            "You subtract the smallest penalty from the smallest loss, and the two may come from"
            " different epochs: subtract epoch by epoch, then take the minimum.",
        ),
        Mistake(
            best_model_at_the_lowest_sum,
            "You chose the epoch by the loss with penalty, and took the penalty out afterwards."
            " Take it out first, then look for the best epoch.",
        ),
        Mistake(
            best_model_with_the_penalty_twice,
            "You add the penalty, but it is in val_loss already: take it out.",
        ),
        Mistake(
            best_model_by_penalty,
            "That is the model with the smallest penalty: a model without one always wins.",
        ),
        Mistake(worst_model, "That is the worst of them: a loss is better the lower it is."),
    ),
)


# 2 ------------------------------------------------------------------------------------------------


def penalty(kernels, l1, l2): ...  # return one number


def penalty_of_all_weights(kernels, l1, l2):
    weights = np.concatenate([np.ravel(kernel) for kernel in kernels])
    return l1 * np.linalg.norm(weights, 1) + l2 * weights @ weights


def penalty_by_keras(kernels, l1, l2):
    regularizer = keras.regularizers.L1L2(l1, l2)
    return sum(float(np.asarray(regularizer(kernel))) for kernel in kernels)


def penalty_without_signs(kernels, l1, l2):
    return sum(l1 * kernel.sum() + l2 * (kernel**2).sum() for kernel in kernels)


def penalty_without_square(kernels, l1, l2):
    return sum(l1 * np.abs(kernel).sum() + l2 * np.sqrt((kernel**2).sum()) for kernel in kernels)


def penalty_on_average(kernels, l1, l2):
    return sum(l1 * np.abs(kernel).mean() + l2 * (kernel**2).mean() for kernel in kernels)


def penalty_halved(kernels, l1, l2):
    return sum(l1 * np.abs(kernel).sum() + l2 / 2 * (kernel**2).sum() for kernel in kernels)


def penalty_of_one_layer(kernels, l1, l2):
    return penalties.penalty(kernels[:1], l1, l2)


def penalty_of_each_layer(kernels, l1, l2):
    return [penalties.penalty([kernel], l1, l2) for kernel in kernels]


def penalty_exchanged(kernels, l1, l2):
    return penalties.penalty(kernels, l2, l1)


def some_kernels(seed: int) -> list:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=(4, 3)), generator.normal(size=(3, 2))]


penalizing = writing(
    "penalizing",
    stub=penalty,
    reference=penalties.penalty,
    cases=((some_kernels(0), 0.01, 0.0), (some_kernels(1), 0.0, 0.01), (some_kernels(2), 0.2, 0.5)),
    praise=(
        "Absolute values and squares, summed over all weights of all layers: the larger the layer,"
        " the larger its penalty."
    ),
    hints=(
        "For each kernel: l1 times the sum of np.abs(kernel), plus l2 times the sum of kernel**2.",
        "Sums, not means, and over all layers.",
    ),
    equivalents=(penalty_of_all_weights, penalty_by_keras),
    mistakes=(
        Mistake(
            penalty_without_signs,
            "You sum the weights as they are: +3 and -3 would cost nothing. L1 sums their absolute"
            " values.",
        ),
        Mistake(
            penalty_without_square,
            "You take the norm: L2 is the *square* of the norm, the sum of the squares without a"
            " root.",
        ),
        Mistake(
            penalty_on_average,
            "You take means. Keras sums, so that a larger layer pays more under the same factor.",
        ),
        Mistake(
            penalty_halved,
            "Some books put 1/2 before the squares, so that the gradient has no 2. Keras does not.",
        ),
        Mistake(penalty_of_each_layer, "One number for all layers: add them up."),
        Mistake(penalty_of_one_layer, "You penalize the first layer only: sum over all kernels."),
        Mistake(
            penalty_exchanged,
            "The factors are exchanged: l1 goes with the absolute values, l2 with the squares.",
        ),
    ),
)


# 3 ------------------------------------------------------------------------------------------------


def shrink(weights, amount): ...  # return the new weights


def shrink_solution(weights, amount):
    return np.sign(weights) * np.maximum(np.abs(weights) - amount, 0)


def shrink_by_cases(weights, amount):
    return np.where(
        weights > amount, weights - amount, np.where(weights < -amount, weights + amount, 0)
    )


def shrink_by_clipping(weights, amount):
    return weights - np.clip(weights, -amount, amount)


def shrink_by_subgradient(weights, amount):
    return weights - amount * np.sign(weights)


def shrink_hard(weights, amount):
    return np.where(np.abs(weights) > amount, weights, 0)


def shrink_by_share(weights, amount):
    return (1 - amount) * weights


def shrink_positive_only(weights, amount):
    return np.maximum(weights - amount, 0)


def shrink_without_signs(weights, amount):
    return np.maximum(np.abs(weights) - amount, 0)


def clip_only(weights, amount):
    return np.clip(weights, -amount, amount)


shrinking = writing(
    "shrinking",
    stub=shrink,
    reference=shrink_solution,
    cases=(
        (np.array([2.0, 0.3, -0.05, 0.0, -1.0]), 0.1),
        (np.array([[0.5, -0.5], [0.25, -3.0]]), 0.5),
    ),
    praise=(
        "This small function is what gives L1 its zeros: it comes after the gradient step of the"
        " data loss (a proximal step)."
    ),
    hints=(
        "The new absolute value is np.abs(weights) - amount, but never below 0.",
        "np.maximum(..., 0) stops at zero; np.sign(weights) puts the sign back.",
    ),
    equivalents=(shrink_by_cases, shrink_by_clipping),
    mistakes=(
        Mistake(
            shrink_by_subgradient,
            "That is the subgradient step that Keras's L1 takes: a small weight jumps over zero to"
            " the other side, and next time back. Stop it at zero.",
        ),
        Mistake(
            shrink_hard,
            "That is hard thresholding: small weights become zero, but large ones do not move. L1"
            " charges large ones too.",
        ),
        Mistake(
            shrink_by_share,
            "You take a *share* of each weight: that is the decay of L2, under which a weight comes"
            " ever closer to zero and never arrives.",
        ),
        Mistake(
            shrink_positive_only,
            "Negative weights all became zero: they move upward by the same amount.",
        ),
        Mistake(
            shrink_without_signs, "The sizes are right, but negative weights have lost their sign."
        ),
        Mistake(
            clip_only,
            "That limits the weights to at most `amount`; the task is to take `amount` away from"
            " them.",
        ),
    ),
)


# 4 ------------------------------------------------------------------------------------------------

SAME, DIFFERENT = "the same", "different"
APART = 1e-3  # weights, relative to their size: far above rounding


def apart(plain, adaptive) -> dict:
    """Whether penalty and decay gave the same weights, from the relative distances of the runs."""
    distances = {"plain gradient descent": plain, "Adam": adaptive}
    return {
        name: SAME if np.max(values) < APART else DIFFERENT for name, values in distances.items()
    }


decay_prediction = prediction(
    "decay_prediction",
    choices=(SAME, DIFFERENT),
    truth=apart,
    evidence=([1e-6, 2e-6], [0.4, 0.3]),
    reasons={
        (
            "plain gradient descent",
            DIFFERENT,
        ): (
            "The gradient of c w² is 2 c w, and the step takes learning rate x 2 c w off the "
            "weight: that is the decay, term by term."
        ),
        (
            "Adam",
            SAME,
        ): (
            "Adam divides the whole gradient, the penalty's part included, by its usual size. A"
            " weight with large gradients is then hardly penalized at all, but it decays like any"
            " other."
        ),
    },
    praise=(
        "Only under plain gradient descent are penalty and decay two names for one thing; that is"
        " why there is AdamW."
    ),
    hints=(
        (
            "Write one step of each by hand. Where does Adam's division come in: before or after"
            " the penalty has been added?"
        ),
    ),
)


# 5 ------------------------------------------------------------------------------------------------


def constrain(kernel, limit):
    # Every number beyond the limit becomes the limit.
    return np.clip(kernel, -limit, limit)


def constrain_solution(kernel, limit):
    lengths = np.sqrt((kernel**2).sum(axis=0))
    return kernel * np.minimum(1, limit / np.maximum(lengths, 1e-7))


def constrain_by_keras(kernel, limit):
    return keras.ops.convert_to_numpy(keras.constraints.MaxNorm(limit)(kernel))


def constrain_unit_by_unit(kernel, limit):
    units = [
        weights if np.linalg.norm(weights) <= limit else weights / np.linalg.norm(weights) * limit
        for weights in kernel.T
    ]
    return np.stack(units, axis=1)


def constrain_by_inputs(kernel, limit):
    return constrain_solution(kernel.T, limit).T


def constrain_to_the_limit(kernel, limit):
    return kernel * limit / np.maximum(np.linalg.norm(kernel, axis=0), 1e-7)


def constrain_always(kernel, limit):
    with np.errstate(all="ignore"):
        return kernel / np.linalg.norm(kernel, axis=0) * limit


def constrain_the_sum(kernel, limit):
    return kernel * np.minimum(1, limit / np.maximum(np.abs(kernel).sum(axis=0), 1e-7))


def constrain_the_whole_matrix(kernel, limit):
    return kernel * min(1, limit / np.linalg.norm(kernel))


def constrain_dividing_by_zero(kernel, limit):
    with np.errstate(all="ignore"):
        return (
            np.clip(np.linalg.norm(kernel, axis=0), 0, limit)
            / np.linalg.norm(kernel, axis=0)
            * kernel
        )


def constrain_the_largest_weight(kernel, limit):
    return kernel * np.minimum(1, limit / np.maximum(np.abs(kernel).max(axis=0), 1e-7))


constraining = writing(
    "constraining",
    stub=constrain,
    reference=constrain_solution,
    cases=(
        (np.array([[3.0, 0.1], [1.0, 0.1]]), 2.0),
        (np.array([[0.3, -4.0, 0.0], [0.4, 3.0, 0.0], [0.0, 0.0, 0.0]]), 1.0),
    ),
    praise=(
        "The direction of each unit stays, and so does what it responds to; only its length is"
        " limited."
    ),
    hints=(
        "The length of each column: np.linalg.norm(kernel, axis=0).",
        (
            "Multiply each column by limit / length, but never by more than 1; and mind a column of"
            " zeros."
        ),
    ),
    equivalents=(constrain_by_keras, constrain_unit_by_unit),
    mistakes=(
        Mistake(
            constrain_by_inputs,
            "You limit the rows: what leaves an input. A unit's incoming weights stand in a column,"
            " of shape (inputs,): axis=0.",
        ),
        Mistake(
            constrain_to_the_limit,
            "You scale every column to the limit, short ones too: that is a fixed norm. A limit"
            " leaves alone what is below it.",
        ),
        Mistake(
            constrain_always,
            "You lengthen the short columns too: scale only where the length is beyond the limit.",
        ),
        Mistake(constrain_the_sum, "The length is the root of the sum of squares."),
        Mistake(
            constrain_the_whole_matrix,
            "You measure the whole matrix at once, so one long column shortens all. Each unit has a"
            " limit of its own.",
        ),
        Mistake(
            constrain_dividing_by_zero,
            "A column of zeros becomes NaN: 0 divided by 0. Guard the length from below.",
        ),
        Mistake(
            constrain_the_largest_weight,
            "You bring the largest weight of each column to the limit. The norm is the length of"
            " the vector: the root of the sum of squares.",
        ),
    ),
)
