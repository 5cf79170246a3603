"""The operation itself: slide a kernel, count its places and its weights."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.exercises.core import Mistake, writing
from helpers.reference import layers

# 1 ------------------------------------------------------------------------------------------------


def correlate(signal, kernel): ...  # return one number for each place


def correlate_by_windows(signal, kernel):
    return sliding_window_view(signal, len(kernel)) @ kernel


def correlate_with_numpy(signal, kernel):
    return np.correlate(signal, kernel, mode="valid")


def correlate_flipped(signal, kernel):
    return np.convolve(signal, kernel, mode="valid")


def correlate_one_short(signal, kernel):
    return layers.correlate(signal, kernel)[:-1]


def correlate_averaged(signal, kernel):
    return layers.correlate(signal, kernel) / len(kernel)


def correlate_over_the_edge(signal, kernel):
    return np.correlate(signal, kernel, mode="same")


def correlate_in_jumps(signal, kernel):
    return layers.correlate(signal, kernel)[:: len(kernel)]


correlating = writing(
    "correlating",
    stub=correlate,
    reference=layers.correlate,
    cases=(
        (np.array([1.0, 2.0, 4.0, 8.0, 16.0]), np.array([1.0, 10.0])),
        (np.array([0.0, 0.0, 1.0, 3.0, 0.5, 0.0, -2.0]), np.array([1.0, 0.0, -2.0])),
        (np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 4.0])),
    ),
    praise=(
        "That is all a convolutional layer computes, once for each filter; the rest is bookkeeping."
    ),
    hints=(
        (
            "A signal of 5 values and a kernel of 2 weights: the kernel can begin at places 0, 1, 2"
            " and 3."
        ),
        "At each place: np.sum(signal[place : place + len(kernel)] * kernel).",
    ),
    equivalents=(correlate_by_windows, correlate_with_numpy),
    mistakes=(
        Mistake(
            correlate_flipped,
            "Your kernel is turned round: its last weight lies on the first value. That is the"
            " convolution of mathematics; here we want the plain one, in which weight 0 lies on"
            " value 0.",
        ),
        Mistake(
            correlate_one_short,
            "The last place is missing: n values and k weights leave n - k + 1 places, not n - k.",
        ),
        Mistake(
            correlate_averaged,
            "You took the mean of the products; we want their sum. The weights set the scale.",
        ),
        Mistake(
            correlate_over_the_edge,
            "You let the kernel hang over the edges, as if zeros stood there. Here it stays within"
            " the signal, so the result is shorter.",
        ),
        Mistake(
            correlate_in_jumps,
            "Your kernel moves on by its own length. It is to move by one place; windows overlap.",
        ),
    ),
)


# 2 ------------------------------------------------------------------------------------------------


def conv2d(size, channels, kernel, filters, stride, padding): ...  # return side, parameters


def conv2d_solution(size, channels, kernel, filters, stride, padding):
    side = (size + 2 * padding - kernel) // stride + 1
    return side, filters * (kernel * kernel * channels + 1)


def side_of(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def side_by_counting(size, kernel, stride, padding):
    return len(range(-padding, size + padding - kernel + 1, stride))


def side_one_short(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride


def side_padded_once(size, kernel, stride, padding):
    return (size + padding - kernel) // stride + 1


def side_rounded_up(size, kernel, stride, padding):
    return -(-(size + 2 * padding - kernel) // stride) + 1


def side_divided_late(size, kernel, stride, padding):
    return (size + 2 * padding - kernel + 1) // stride


def side_without_stride(size, kernel, stride, padding):
    return size + 2 * padding - kernel + 1


def weights_of(channels, kernel, filters):
    return kernel**2 * channels * filters + filters


def weights_without_bias(channels, kernel, filters):
    return kernel**2 * channels * filters


def weights_without_channels(channels, kernel, filters):
    return kernel**2 * filters + filters


def weights_bias_by_kernel(channels, kernel, filters):
    return (kernel**2 + 1) * channels * filters


def weights_one_bias(channels, kernel, filters):
    return kernel**2 * channels * filters + 1


def weights_of_one_row(channels, kernel, filters):
    return kernel * channels * filters + filters


def both(side, weights):
    """An answer with this way to count the places of a side, and this to count the weights."""

    def conv2d(size, channels, kernel, filters, stride, padding):
        return side(size, kernel, stride, padding), weights(channels, kernel, filters)

    return conv2d


def wrong_side(side, message: str) -> Mistake:
    return Mistake(both(side, weights_of), f"The parameters are right. The side is not: {message}")


def wrong_weights(weights, message: str) -> Mistake:
    return Mistake(both(side_of, weights), f"The side is right. The parameters are not: {message}")


def turned_about(*arguments):
    return conv2d_solution(*arguments)[::-1]


sizing = writing(
    "sizing",
    stub=conv2d,
    reference=conv2d_solution,
    cases=(
        (28, 1, 3, 8, 1, 0),
        (28, 3, 3, 16, 1, 1),
        (32, 4, 5, 6, 2, 0),
        (7, 2, 3, 5, 2, 1),
        (10, 3, 3, 2, 3, 0),
        (11, 2, 4, 3, 3, 2),
        (224, 3, 7, 64, 2, 3),
    ),
    praise=(
        "The size of the image decides on the size of the maps, and never on the number of weights."
    ),
    hints=(
        (
            "Along one side, which padding makes longer at both ends, the first place is free. How "
            "far can the kernel still move, and how many whole strides are in that?"
        ),
        "What does one filter hold? A kernel for each channel, and one number more.",
    ),
    equivalents=(both(side_by_counting, weights_of),),
    mistakes=(
        wrong_side(
            side_one_short,
            "you counted the moves. There is one place more than there are moves: the one it "
            "starts from.",
        ),
        wrong_side(
            side_padded_once,
            "the zeros stand before *and* after, so the side grows by twice the padding.",
        ),
        wrong_side(
            side_rounded_up,
            "you rounded up. A stride that would carry the kernel over the end is not made: round "
            "down.",
        ),
        wrong_side(
            side_divided_late,
            "you added the first place before dividing by the stride. Divide the distance that the "
            "kernel can move, then add the place it starts from.",
        ),
        wrong_side(side_without_stride, "you left out the stride."),
        wrong_weights(weights_without_bias, "each filter has a bias as well."),
        wrong_weights(
            weights_without_channels,
            "you gave each filter one kernel. It has one for each channel of its input.",
        ),
        wrong_weights(
            weights_bias_by_kernel,
            "you gave each kernel a bias. The channels are added up first; then one bias is added "
            "for the whole filter.",
        ),
        wrong_weights(
            weights_one_bias, "you gave the whole layer one bias. Each filter has its own."
        ),
        wrong_weights(
            weights_of_one_row, "the kernel is a square: it has `kernel` rows of `kernel` weights."
        ),
        Mistake(turned_about, "Return the side first, and then the number of parameters."),
    ),
)
