"""Counting the parameters of a net."""

import keras

from helpers.exercises.core import Mistake, writing

# 4 ------------------------------------------------------------------------------------------------


def count_parameters(inputs, hidden, outputs): ...  # return the number of weights and biases


def count_parameters_solution(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    return sum((before + 1) * after for before, after in zip(widths[:-1], widths[1:], strict=True))


def count_parameters_in_keras(inputs, hidden, outputs):
    layers = [keras.layers.Dense(width) for width in (*hidden, outputs)]
    return keras.Sequential([keras.Input((inputs,)), *layers]).count_params()


def count_without_biases(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    return sum(before * after for before, after in zip(widths[:-1], widths[1:], strict=True))


def count_without_output_layer(inputs, hidden, outputs):
    return count_parameters_solution(inputs, hidden[:-1], hidden[-1]) if hidden else 0


def count_bias_per_input(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    return sum(before * (after + 1) for before, after in zip(widths[:-1], widths[1:], strict=True))


def count_units(inputs, hidden, outputs):
    return sum(hidden) + outputs


counting = writing(
    "counting",
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
    praise=(
        "Ten inputs, 256 hidden units and one output make 3,073 parameters. How many of them a"
        " training makes use of is another matter: the next figure shows how much noise such nets"
        " have learned."
    ),
    hints=(
        (
            "A layer from a units to b units has a matrix of a x b weights. What else does each of"
            " the b units have?"
        ),
        "Put inputs, hidden widths and outputs in one list and look at neighbors.",
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
            "That is the number of units. The parameters sit on the connections between them, plus"
            " one bias a unit.",
        ),
    ),
)
