"""Where JAX trains runs: on a GPU or the CPU beside it, and there a share of the runs on each core.

Source of the figures: an H100 machine lost 17 and 36 seconds in lessons 3 and 8 against its own CPU
(at most 7e8 multiply-adds an epoch, see `is_small`), and won with lesson 7's study (from 9e10 on).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import jax  # pyright: ignore[reportMissingImports]

from helpers import runtime
from helpers.training.engine import has_kernels

CORES = runtime.threads()
POOL = ThreadPoolExecutor(CORES)
SMALL = 5e9
"""Multiply-adds that two cores do in half a second, forward and backward."""


def device_for(model, rows: int, runs: int):
    """The device for an epoch of so many runs of a net over so many rows: the CPU if it is small.

    Convolutions stay on the GPU: XLA is slow with them on a CPU.
    """
    first = jax.devices()[0]
    small = is_small(model.count_params(), rows, runs) and not has_kernels(model)
    return jax.devices("cpu")[0] if small and first.platform != "cpu" else first


def is_small(weights: int, rows: int, runs: int) -> bool:
    """Whether a CPU has done with an epoch before a GPU pays for compiling and starting kernels.

    A dense net needs a multiply-add for each weight, row and run to compute its outputs.
    """
    return weights * rows * runs < SMALL


def share_size(runs: int, device) -> int:
    """How many runs are stacked: all on a GPU; on a CPU as many as give each core a stack.

    Never one of several: XLA computes a net by itself in another order, and a run's rounding would
    depend on the number of cores.
    """
    return runs if device.platform != "cpu" else max(-(-runs // CORES), min(2, runs))


def prediction_size(runs: int, device) -> int:
    """How many runs predict at a time: all on a GPU; on a CPU each by itself.

    There one program serves any number of runs, and the cores share them.
    """
    return runs if device.platform != "cpu" else 1


def shares_of(runs: Sequence, size: int) -> list[list]:
    """Anything of each run in lists of this length; the last run fills up the last list."""
    filled = [*runs, *[runs[-1]] * (-len(runs) % size)]
    return [filled[start : start + size] for start in range(0, len(filled), size)]


def together(work: Callable, *shares: Sequence) -> list:
    """What `work` finds for each run of each share, in one list; a share on each core."""
    if len(shares[0]) == 1:
        return work(*(each[0] for each in shares))
    return list(chain.from_iterable(POOL.map(work, *shares)))
