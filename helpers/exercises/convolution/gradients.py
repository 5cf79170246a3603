"""Backwards: to the input by the kernel turned round, to the kernel by a sum over places."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.exercises.core import Mistake, writing

UPSTREAM = np.array([1.0, 0.0, -2.0, 0.5, 3.0, 1.5])
KERNEL = np.array([2.0, -1.0, 0.5])
SIGNAL = np.array([0.5, 2.0, -1.0, 4.0, 3.0, -2.5, 1.0, 6.0])

# 6 ------------------------------------------------------------------------------------------------


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


# 7 ------------------------------------------------------------------------------------------------


def kernel_gradient(x, upstream): ...  # return one number for each weight


def kernel_gradient_solution(x, upstream):
    return np.correlate(x, upstream, mode="valid")


def kernel_gradient_by_windows(x, upstream):
    windows = sliding_window_view(x, len(x) - len(upstream) + 1)
    return upstream @ windows


def kernel_gradient_by_adding(x, upstream):
    result = np.zeros(len(x) - len(upstream) + 1)
    for place, value in enumerate(upstream):
        result += value * x[place : place + len(result)]
    return result


def kernel_gradient_averaged(x, upstream):
    return kernel_gradient_solution(x, upstream) / len(upstream)


def kernel_gradient_flipped(x, upstream):
    return np.convolve(x, upstream, mode="valid")


def kernel_gradient_by_place(x, upstream):
    return upstream[:, None] * sliding_window_view(x, len(x) - len(upstream) + 1)


def kernel_gradient_of_the_last_place(x, upstream):
    return upstream[-1] * x[len(upstream) - 1 :]


by_kernel = writing(
    "by_kernel",
    stub=kernel_gradient,
    reference=kernel_gradient_solution,
    cases=(
        (SIGNAL, UPSTREAM),
        (SIGNAL, np.array([0.0, 1.0, 0.0, 0.0, -1.0])),
        (SIGNAL, UPSTREAM[:4]),
    ),
    praise=(
        "It is a correlation as well: the inputs under the gradients. The sum over the places is"
        " in it."
    ),
    hints=(
        (
            "There are len(x) - len(upstream) + 1 weights. Weight 0 met x[0] at place 0, x[1] at"
            " place 1, and so on."
        ),
        "Weight w gets the sum over all places of upstream[place] * x[place + w].",
    ),
    equivalents=(kernel_gradient_by_windows, kernel_gradient_by_adding),
    mistakes=(
        Mistake(
            kernel_gradient_averaged,
            "You averaged over the places. Each place adds its share to the loss, so the gradients"
            " are added up.",
        ),
        Mistake(
            kernel_gradient_flipped,
            "You turned the gradients round. Weight w met x[place + w] where upstream[place] came"
            " out: both run the same way.",
        ),
        Mistake(
            kernel_gradient_by_place,
            "These are the gradients place by place, as if each place had a kernel of its own. It"
            " is one kernel: add up its rows.",
        ),
        Mistake(
            kernel_gradient_of_the_last_place,
            "This is the gradient from the last place alone: an assignment in a loop, perhaps,"
            " where += was meant.",
        ),
    ),
)
