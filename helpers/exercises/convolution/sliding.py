"""The operation itself: slide a kernel, add up the channels, count the places and the weights."""

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
            " convolution of mathematics; asked for is the plain one, in which weight 0 lies on"
            " value 0.",
        ),
        Mistake(
            correlate_one_short,
            "The last place is missing: n values and k weights leave n - k + 1 places, not n - k.",
        ),
        Mistake(
            correlate_averaged,
            "You took the mean of the products; asked for is their sum. The weights decide on the"
            " scale.",
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


def filter_image(image, kernel): ...  # return one map


def filter_image_solution(image, kernel):
    height, width = kernel.shape[:2]
    result = np.zeros((image.shape[0] - height + 1, image.shape[1] - width + 1))
    for row in range(result.shape[0]):
        for column in range(result.shape[1]):
            result[row, column] = np.sum(
                image[row : row + height, column : column + width] * kernel
            )
    return result


def filter_image_by_windows(image, kernel):
    windows = sliding_window_view(image, kernel.shape)[:, :, 0]
    return np.einsum("rcijk,ijk->rc", windows, kernel)


def filter_image_by_channel(image, kernel):
    one_by_one = [
        filter_image_solution(image[..., [c]], kernel[..., [c]]) for c in range(image.shape[2])
    ]
    return np.sum(one_by_one, axis=0)


def filter_image_without_sum(image, kernel):
    one_by_one = [
        filter_image_solution(image[..., [c]], kernel[..., [c]]) for c in range(image.shape[2])
    ]
    return np.stack(one_by_one, axis=-1)


def filter_image_averaged(image, kernel):
    return filter_image_solution(image, kernel) / image.shape[2]


def filter_image_first_channel(image, kernel):
    return filter_image_solution(image[..., :1], kernel[..., :1])


def filter_image_grey(image, kernel):
    return filter_image_solution(
        image.mean(axis=2, keepdims=True), kernel.mean(axis=2, keepdims=True)
    )


IMAGE = np.random.default_rng(6).integers(0, 9, (4, 5, 3)).astype(float)
FILTER = np.random.default_rng(7).integers(-2, 3, (2, 3, 3)).astype(float)

filtering = writing(
    "filtering",
    stub=filter_image,
    reference=filter_image_solution,
    cases=(
        (IMAGE, FILTER),
        (IMAGE[..., :2], FILTER[:1, :, :2]),
        (np.ones((3, 3, 5)), np.ones((2, 2, 5))),
    ),
    praise="One filter, one map, whatever the number of channels: the sum runs over them as well.",
    hints=(
        (
            "Two loops over the places. The window image[row : row + rows, column : column +"
            " columns] has all channels in it."
        ),
        "np.sum without an axis adds up everything: rows, columns and channels.",
    ),
    equivalents=(filter_image_by_windows, filter_image_by_channel),
    mistakes=(
        Mistake(
            filter_image_without_sum,
            "You return one map for each channel. A filter adds them up: the result has no channels"
            " left.",
        ),
        Mistake(
            filter_image_averaged,
            "You divide by the number of channels; the channels are added up, not averaged.",
        ),
        Mistake(
            filter_image_first_channel,
            "You use the first channel only. The kernel has weights for every one of them.",
        ),
        Mistake(
            filter_image_grey,
            "You make image and kernel grey first. Then a filter could not tell red from blue:"
            " multiply channel by channel.",
        ),
    ),
)


# 3 ------------------------------------------------------------------------------------------------


def count_weights(rows, columns, channels, filters): ...  # return the number of parameters


def count_weights_solution(rows, columns, channels, filters):
    return rows * columns * channels * filters + filters


def count_weights_by_filter(rows, columns, channels, filters):
    return filters * (rows * columns * channels + 1)


def count_weights_without_bias(rows, columns, channels, filters):
    return rows * columns * channels * filters


def count_weights_without_channels(rows, columns, channels, filters):
    return rows * columns * filters + filters


def count_weights_bias_by_kernel(rows, columns, channels, filters):
    return (rows * columns + 1) * channels * filters


def count_weights_one_bias(rows, columns, channels, filters):
    return rows * columns * channels * filters + 1


counting = writing(
    "counting",
    stub=count_weights,
    reference=count_weights_solution,
    cases=((3, 3, 1, 8), (3, 3, 3, 16), (5, 2, 4, 6), (1, 1, 32, 10)),
    praise="The size of the image is not in it: the same weights serve every place.",
    hints=(
        "What does one filter hold? A kernel for each channel, and one number more.",
        "Then there are `filters` of them.",
    ),
    equivalents=(count_weights_by_filter,),
    mistakes=(
        Mistake(
            count_weights_without_bias, "The kernels are right, but each filter has a bias as well."
        ),
        Mistake(
            count_weights_without_channels,
            "You gave each filter one kernel. It has one for each channel of its input: on a colour"
            " image three.",
        ),
        Mistake(
            count_weights_bias_by_kernel,
            "You gave each kernel a bias. The channels are added up first; then one bias is added"
            " for the whole filter.",
        ),
        Mistake(
            count_weights_one_bias, "You gave the whole layer one bias. Each filter has its own."
        ),
    ),
)


# 4 ------------------------------------------------------------------------------------------------


def places(size, kernel, stride, padding): ...  # return the number of places


def places_solution(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def places_by_counting(size, kernel, stride, padding):
    return len(range(-padding, size + padding - kernel + 1, stride))


def places_one_short(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride


def places_padded_once(size, kernel, stride, padding):
    return (size + padding - kernel) // stride + 1


def places_rounded_up(size, kernel, stride, padding):
    return -(-(size + 2 * padding - kernel) // stride) + 1


def places_divided_late(size, kernel, stride, padding):
    return (size + 2 * padding - kernel + 1) // stride


def places_without_stride(size, kernel, stride, padding):
    return size + 2 * padding - kernel + 1


sizing = writing(
    "sizing",
    stub=places,
    reference=places_solution,
    cases=(
        (28, 3, 1, 0),
        (28, 3, 1, 1),
        (32, 5, 2, 0),
        (7, 3, 2, 1),
        (10, 3, 3, 0),
        (11, 4, 3, 2),
        (224, 7, 2, 3),
    ),
    praise="With padding 0 and stride 1 it is size - kernel + 1, the formula that the notes lost.",
    hints=(
        "Padding makes the side longer by two times `padding`.",
        (
            "The first place is free. How far can the kernel still move, and how many whole strides"
            " are in that?"
        ),
    ),
    equivalents=(places_by_counting,),
    mistakes=(
        Mistake(
            places_one_short,
            "You counted the moves. There is one place more than there are moves: the one it starts"
            " from.",
        ),
        Mistake(
            places_padded_once,
            "The zeros stand before *and* after: the side grows by twice the padding.",
        ),
        Mistake(
            places_rounded_up,
            "You rounded up. A stride that would carry the kernel over the end is not made: round"
            " down.",
        ),
        Mistake(
            places_divided_late,
            "You added the first place before dividing by the stride. Divide the distance that it"
            " can move, then add the place to start from.",
        ),
        Mistake(
            places_without_stride, "You left out the stride: these are the places at stride 1."
        ),
    ),
)
