"""Large arrays in little memory: aligned so that TensorFlow can share them, rearranged in place."""

import math

import numpy as np

BOUNDARY = 64  # bytes: TensorFlow shares only memory that begins at a multiple of this
BLOCK = 64  # bytes of every row that are moved at a time


def empty(shape: tuple[int, ...], dtype) -> np.ndarray:
    """An array of any values that begins on a BOUNDARY, as NumPy's own do not."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    block = np.empty(size + BOUNDARY, np.uint8)
    start = -block.ctypes.data % BOUNDARY
    return block[start : start + size].view(dtype).reshape(shape)


def aligned(array: np.ndarray) -> np.ndarray:
    """The array if it is one that TensorFlow can share as it lies, else a copy that is."""
    flags = array.flags
    if array.ctypes.data % BOUNDARY == 0 and flags.c_contiguous and flags.writeable:
        return array
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy


def rearrange(array: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The rows `order` of a C-contiguous array, moved to its beginning: a view, without a copy.

    The rest of `array` is left as it happens to be. Raises ValueError if the rows do not fit or are
    not contiguous.
    """
    if not array.flags.c_contiguous or len(order) > len(array):
        raise ValueError(
            f"The array must be C-contiguous and have at least {len(order)} rows; "
            f"it has {len(array)}."
        )
    rows = array.reshape(len(array), -1).view(np.uint8)
    for start in range(0, rows.shape[1], BLOCK):
        columns = slice(start, start + BLOCK)
        rows[: len(order), columns] = rows[order, columns]
    return array[: len(order)]
