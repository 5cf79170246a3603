"""Convolution of any number of dimensions, forward and backward, by windows and one matrix product.

The conventions are those of `keras.layers.Conv1D`, `Conv2D` and `Conv3D`: inputs have shape (n,
*sizes, channels), kernels (*kernel sizes, channels / groups, filters), and the kernel is not
flipped (a cross-correlation, strictly speaking). `stride` and `dilation` are one number, or one for
each dimension; `padding` is "valid" (none) or "same" (zeros, so that stride 1 does not change the
size).
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def correlate(signal: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The sum of products under a kernel at each place within a signal.

    `signal` has shape (n,), `kernel` (k,), the result (n - k + 1,). It is all that a convolutional
    layer computes, and equals `np.correlate(signal, kernel, mode="valid")`.
    """
    places = len(signal) - len(kernel) + 1
    return np.array(
        [np.sum(signal[place : place + len(kernel)] * kernel) for place in range(places)]
    )


def output_size(
    size: int, kernel: int, *, stride: int = 1, padding: str = "valid", dilation: int = 1
) -> int:
    """Number of places that a kernel takes along one dimension.

    Raises ValueError for a padding that is not known, numbers below 1, or a kernel that does not
    fit into the input. Source: Dumoulin and Visin 2016, relationships 6 and 15.
    """
    before, after = padding_widths(size, kernel, stride=stride, padding=padding, dilation=dilation)
    free = size + before + after - reach(kernel, dilation)
    if free < 0:
        raise ValueError(
            f"A kernel of {kernel} at dilation {dilation} covers {reach(kernel, dilation)} values,"
            " but the input has "
            f'{size}: take a smaller kernel, or padding "same".'
        )
    return free // stride + 1


def padding_widths(
    size: int, kernel: int, *, stride: int, padding: str, dilation: int
) -> tuple[int, int]:
    """Zeros before and after one dimension; where they cannot be shared equally, the end gets one
    more.
    """
    if padding not in ("valid", "same"):
        raise ValueError(f'padding is {padding!r}; it must be "valid" or "same".')
    if min(size, kernel, stride, dilation) < 1:
        raise ValueError(
            f"size {size}, kernel {kernel}, stride {stride}, dilation {dilation}: each must be at"
            " least 1."
        )
    if padding == "valid":
        return 0, 0
    last = (
        math.ceil(size / stride) - 1
    ) * stride  # where the last window begins, as seen from the first
    total = max(last + reach(kernel, dilation) - size, 0)
    return total // 2, total - total // 2


def reach(kernel: int, dilation: int) -> int:
    """Length of the input under a kernel whose weights stand `dilation` apart."""
    return (kernel - 1) * dilation + 1


def convolution(
    x: np.ndarray,
    kernel: np.ndarray,
    bias=0.0,
    *,
    stride: int | tuple[int, ...] = 1,
    padding: str = "valid",
    dilation: int | tuple[int, ...] = 1,
    groups: int = 1,
) -> np.ndarray:
    """Outputs of shape (n, *output sizes, filters). With `groups`, each group of filters sees its
    own channels only.

    Raises ValueError for shapes, groups or a padding that do not fit.
    """
    stride, dilation = check_shapes(x, kernel, stride, dilation, groups)
    widths = widths_of(x, kernel, stride, padding, dilation)
    columns, places = columns_of(pad(x, widths), kernel, stride, dilation, groups)
    product = columns @ matrices_of(kernel, groups)  # (groups, places, filters of a group)
    return np.moveaxis(product, 0, 1).reshape(*places, kernel.shape[-1]) + bias


def convolution_backward(
    gradient: np.ndarray,
    x: np.ndarray,
    kernel: np.ndarray,
    *,
    stride: int | tuple[int, ...] = 1,
    padding: str = "valid",
    dilation: int | tuple[int, ...] = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients with respect to x, kernel and bias, from that of the outputs, shape (n, *output
    sizes, filters).

    That of x is itself a convolution: the gradient, its values `stride` apart, under the kernel
    turned round, with the roles of channels and filters exchanged. That of the kernel sums what
    each weight met over all places and examples. Raises ValueError as `convolution` does, and for a
    gradient that does not have the shape of the outputs.
    """
    stride, dilation = check_shapes(x, kernel, stride, dilation, groups)
    widths = widths_of(x, kernel, stride, padding, dilation)
    columns, places = columns_of(pad(x, widths), kernel, stride, dilation, groups)
    if gradient.shape != (*places, kernel.shape[-1]):
        raise ValueError(
            f"gradient has shape {gradient.shape}; the outputs have {(*places, kernel.shape[-1])}."
        )
    by_output = np.moveaxis(
        gradient.reshape(columns.shape[1], groups, -1), 1, 0
    )  # (groups, places, filters of a group)
    by_kernel = np.concatenate(columns.swapaxes(1, 2) @ by_output, axis=-1).reshape(kernel.shape)
    by_x = convolution(
        spread(gradient, x, kernel, stride, widths, dilation),
        turned(kernel, groups),
        dilation=dilation,
        groups=groups,
    )
    return by_x, by_kernel, gradient.reshape(-1, gradient.shape[-1]).sum(axis=0)


def check_shapes(
    x, kernel, stride, dilation, groups: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Stride and dilation, one number for each dimension. Raises ValueError where the shapes do not
    fit together.
    """
    dimensions = x.ndim - 2
    if dimensions < 1 or kernel.ndim != x.ndim:
        raise ValueError(
            f"x has shape {x.shape} and kernel {kernel.shape}; they must be (n, *sizes, channels)"
            " and (*kernel sizes, channels, filters), with as many sizes each."
        )
    if groups < 1 or kernel.shape[-2] * groups != x.shape[-1]:
        raise ValueError(
            f"x has {x.shape[-1]} channels, but a kernel of shape {kernel.shape} in {groups}"
            f" group(s) is for {kernel.shape[-2] * groups}."
        )
    if kernel.shape[-1] % groups:
        raise ValueError(f"{kernel.shape[-1]} filters cannot be shared equally by {groups} groups.")
    if np.size(stride) not in (1, dimensions) or np.size(dilation) not in (1, dimensions):
        raise ValueError(
            f"stride is {stride} and dilation {dilation}; give one number, or one for each of"
            f" {dimensions} dimensions."
        )
    steps, apart = (np.broadcast_to(value, dimensions).tolist() for value in (stride, dilation))
    return tuple(steps), tuple(apart)


def widths_of(x, kernel, stride: tuple, padding: str, dilation: tuple) -> list[tuple[int, int]]:
    """Zeros before and after each dimension of space, which the kernel must then fit into."""
    sides = zip(x.shape[1:-1], kernel.shape, stride, dilation, strict=False)
    widths = []
    for size, length, step, apart in sides:
        options = {"stride": step, "padding": padding, "dilation": apart}
        output_size(size, length, **options)
        widths.append(padding_widths(size, length, **options))
    return widths


def pad(x: np.ndarray, widths: list) -> np.ndarray:
    """The input with zeros before and after each dimension of space."""
    return np.pad(x, [(0, 0), *widths, (0, 0)]) if np.any(widths) else x


def columns_of(
    x: np.ndarray, kernel: np.ndarray, stride: tuple, dilation: tuple, groups: int
) -> tuple[np.ndarray, tuple]:
    """What the kernel sees, a row for each place: (groups, places, values); and (n, *output sizes).

    The windows are a view of `x`; the only copy is the one into rows.
    """
    space = tuple(range(1, x.ndim - 1))
    covered = tuple(map(reach, kernel.shape, dilation))
    windows = sliding_window_view(x, covered, axis=space)  # (n, *all places, channels, *covered)
    taken = (slice(None), *[slice(None, None, step) for step in stride], slice(None))
    windows = windows[taken + tuple(slice(None, None, apart) for apart in dilation)]
    places = windows.shape[: x.ndim - 1]
    windows = np.moveaxis(
        windows, x.ndim - 1, -1
    )  # channels last: what lies together in memory is copied together
    grouped = windows.reshape(math.prod(places), -1, groups, x.shape[-1] // groups)
    return np.moveaxis(grouped, 2, 0).reshape(groups, math.prod(places), -1), places


def matrices_of(kernel: np.ndarray, groups: int) -> np.ndarray:
    """The kernel as one matrix for each group: (groups, values in a window, filters of a group)."""
    flat = kernel.reshape(-1, groups, kernel.shape[-1] // groups)
    return np.moveaxis(flat, 1, 0)


def turned(kernel: np.ndarray, groups: int) -> np.ndarray:
    """The kernel turned round along every dimension, with channels and filters exchanged within
    each group.
    """
    space = tuple(range(kernel.ndim - 2))
    parts = np.split(np.flip(kernel, space), groups, axis=-1)
    return np.concatenate([part.swapaxes(-1, -2) for part in parts], axis=-1)


def spread(gradient, x, kernel, stride: tuple, widths: list, dilation: tuple) -> np.ndarray:
    """The gradient of the outputs at the places where their windows began, zeros between, and zeros
    all round.

    There are just as many around it as give the turned kernel one place for every value of x.
    """
    covered = list(map(reach, kernel.shape, dilation))
    before = [length - 1 - low for length, (low, _) in zip(covered, widths, strict=True)]
    sizes = [size + length - 1 for size, length in zip(x.shape[1:-1], covered, strict=True)]
    result = np.zeros((len(x), *sizes, kernel.shape[-1]), gradient.dtype)
    steps = zip(before, stride, gradient.shape[1:-1], strict=True)
    result[
        (slice(None), *[slice(start, start + step * count, step) for start, step, count in steps])
    ] = gradient
    return result
