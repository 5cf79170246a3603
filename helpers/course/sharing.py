"""How many notebooks this machine executes at a time, and how they share its cores."""

import psutil
from dask.system import CPU_COUNT  # limits of containers counted, here and in memory_limit
from distributed.system import memory_limit

from helpers import runtime

KERNEL = 2
"""Gigabytes that a notebook's kernel may need in the quick profile."""


def jobs(profile: str) -> int:
    """As many notebooks at a time as there are cores, and as the free memory holds; at least 1."""
    needed = runtime.SMALL if profile == "full" else KERNEL
    free = min(psutil.virtual_memory().available, memory_limit()) / runtime.GIGABYTE
    return max(1, min(CPU_COUNT, int(free / needed)))


def threads(at_a_time: int) -> dict[str, str]:
    """The variables that give each of so many kernels its share of the cores.

    None for one alone, nor any that the reader has set: those stay as they are.
    Fewer threads add up numbers in another order, so that trainings differ from the last bit on.
    """
    if at_a_time == 1:
        return {}
    return runtime.thread_limits(max(1, CPU_COUNT // at_a_time))
