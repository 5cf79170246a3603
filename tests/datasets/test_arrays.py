"""Placing and rearranging large arrays, against what NumPy's own indexing gives."""

import numpy as np
import pytest

from helpers.datasets import arrays as memory


@pytest.mark.parametrize("shape", [(3,), (5, 7), (2, 3, 5), ()])
@pytest.mark.parametrize("kind", ["uint8", "float32", "int64"])
def test_arrays_begin_on_a_boundary(shape, kind):
    array = memory.empty(shape, kind)
    assert (
        array.shape == shape
        and array.dtype == kind
        and array.__array_interface__["data"][0] % 64 == 0
    )
    assert array.flags.c_contiguous and array.flags.writeable


@pytest.mark.parametrize("offset", [0, 16, 61])
def test_an_array_is_copied_only_where_it_cannot_be_shared(offset):
    block = memory.empty((200,), "uint8")
    array = block[offset : offset + 100]
    array[...] = np.arange(100)
    placed = memory.aligned(array)
    np.testing.assert_array_equal(placed, array)
    assert placed.__array_interface__["data"][0] % 64 == 0
    assert np.shares_memory(placed, array) == (offset == 0)


@pytest.mark.parametrize("shape", [(50, 3), (50, 4, 5, 3), (50, 65), (50,)])
@pytest.mark.parametrize("kind", ["uint8", "float64"])
def test_rows_in_another_order(shape, kind):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 200, size=shape).astype(kind)
    for order in (rng.permutation(50), rng.permutation(50)[:20], np.arange(50)[::-1]):
        wanted, again = array[order], array.copy()
        moved = memory.rearrange(again, order)
        np.testing.assert_array_equal(moved, wanted)
        assert np.shares_memory(moved, again)


@pytest.mark.parametrize(
    "awkward", [np.zeros((4, 6)).T, np.zeros((4, 6))[:, ::2], np.zeros((2, 3))]
)
def test_what_cannot_be_rearranged_in_place_is_refused(awkward):
    with pytest.raises(ValueError, match="C-contiguous"):
        memory.rearrange(awkward, np.arange(5) % len(awkward))
