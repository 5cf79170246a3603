"""How work is timed: both sides in turn, in one process."""

import time
from collections.abc import Callable
from dataclasses import dataclass

REPEATS = 5


def seconds(work: Callable) -> float:
    """How long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(*sides: Callable) -> list[list[float]]:
    """Seconds of each side, taken in turn."""
    times = [[seconds(side) for side in sides] for _ in range(REPEATS)]
    return [list(side) for side in zip(*times, strict=True)]


@dataclass(frozen=True)
class Line:
    """One line of the table: the work, what it is compared with, seconds of both sides, and the
    least ratio wanted.
    """

    work: str
    against: str
    ours: list[float]
    theirs: list[float]
    wanted: float

    @property
    def median_pair(self) -> tuple[float, float]:
        """Seconds of both sides, ours first, in the turn with the median ratio."""
        pairs = sorted(zip(self.ours, self.theirs, strict=True), key=lambda pair: pair[1] / pair[0])
        return pairs[len(pairs) // 2]

    @property
    def ratio(self) -> float:
        """How many times as long they take: the median of what was measured in turn."""
        ours, theirs = self.median_pair
        return theirs / ours
