"""Backward: to the input by the kernel turned round."""

import numpy as np

from helpers.exercises.core import Mistake, writing

UPSTREAM = np.array([1.0, 0.0, -2.0, 0.5, 3.0, 1.5])
KERNEL = np.array([2.0, -1.0, 0.5])

# 4 ------------------------------------------------------------------------------------------------


def input_gradient(upstream, kernel):
    # A window began at each output, so the kernel slides over the gradients again, over the edges
    # too.
    return np.correlate(upstream, kernel, mode="full")


def input_gradient_solution(upstream, kernel):
    return np.convolve(upstream, kernel, mode="full")


def input_gradient_by_adding(upstream, kernel):
    result = np.zeros(len(upstream) + len(kernel) - 1)
    for place, value in enumerate(upstream):
        result[place : place + len(kernel)] += value * kernel
    return result


def input_gradient_turned(upstream, kernel):
    return np.correlate(upstream, kernel[::-1], mode="full")


def input_gradient_still_straight(upstream, kernel):
    return np.convolve(upstream, kernel[::-1])


def input_gradient_inside_only(upstream, kernel):
    return np.convolve(upstream, kernel, mode="valid")


def input_gradient_same_size(upstream, kernel):
    return np.convolve(upstream, kernel, mode="same")


def input_gradient_upstream_turned(upstream, kernel):
    return np.convolve(upstream[::-1], kernel)


by_input = writing(
    "by_input",
    stub=input_gradient,
    reference=input_gradient_solution,
    cases=(
        (UPSTREAM, KERNEL),
        (np.array([1.0, 0.0, 0.0, 0.0]), np.array([1.0, 2.0])),
        (UPSTREAM[::-1], np.array([3.0, 1.0, 0.0])),
    ),
    praise=(
        "The backward pass of a correlation is a convolution, with the kernel turned round; that of"
        " a convolution, a correlation."
    ),
    hints=(
        (
            "Let only output 0 matter: upstream = (1, 0, 0, ...). It was made of kernel[0] * x[0] +"
            " kernel[1] * x[1] + ... What is its gradient with respect to x[0], x[1], ...?"
        ),
        (
            "Each output spreads its gradient over the inputs of its window, in the order of the"
            " weights. Add up what overlaps."
        ),
    ),
    equivalents=(input_gradient_by_adding, input_gradient_turned),
    mistakes=(
        Mistake(
            input_gradient_still_straight,
            "The kernel still lies the same way round as in the forward pass. Output 0 was made"
            " from x[0] with kernel[0], so kernel[0] must meet upstream[0] at the *first* input.",
        ),
        Mistake(
            input_gradient_inside_only,
            "Too short: every input has a gradient, those at the edges too, although fewer windows"
            " saw them.",
        ),
        Mistake(
            input_gradient_same_size,
            "As long as the outputs, but the inputs are more: len(upstream) + len(kernel) - 1 of"
            " them.",
        ),
        Mistake(
            input_gradient_upstream_turned,
            "You turned the gradients round; it is the kernel that must be turned.",
        ),
    ),
)
