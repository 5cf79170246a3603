"""A limit on the length of each unit's incoming weights."""

import keras
import numpy as np

from helpers.exercises.core import Mistake, writing


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
