"""The axis of a drawing: from values to places, and round numbers along it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH, EDGE = 360, 16
FOOT = 36
"""Height of an axis with its numbers and its name."""
FEWEST, MOST = 3, 6
"""Numbers along an axis; with fewer round ratios on it, it has equal steps."""


@dataclass(frozen=True)
class Axis:
    """The values from `low` to `high` across the drawing; on a log axis they are logarithms."""

    low: float
    high: float
    is_log: bool = False
    sign: str = ""

    def __call__(self, value: float) -> float:
        """The place of a value."""
        return EDGE + (value - self.low) / (self.high - self.low) * (WIDTH - 2 * EDGE)

    def ticks(self) -> list[tuple[float, str]]:
        """Round numbers along the axis, each with its place and how it is written."""
        if not self.is_log:
            return [
                (self(value), f"{self.sign}{value:.4g}") for value in steps(self.low, self.high)
            ]
        ratios = math.exp(self.low), math.exp(self.high)
        rounds = powers(*ratios)
        rounds = rounds if len(rounds) >= FEWEST else steps(*ratios)
        return [(self(math.log(value)), f"{self.sign}{value:.4g}") for value in rounds]


def fitted(values: Iterable[float], *, is_log: bool = False, sign: str = "") -> Axis:
    """An axis that holds all these values, with a little space on both sides."""
    values = list(values)
    space = 0.06 * (max(values) - min(values)) or 0.1 * abs(values[0]) or 1.0
    return Axis(min(values) - space, max(values) + space, is_log, sign)


def steps(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten: at most MOST, in equal steps."""
    power = 10.0 ** math.floor(math.log10((high - low) / MOST))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if fits(low, high, step))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]


def fits(low: float, high: float, step: float) -> bool:
    """Whether no more than MOST multiples of `step` lie between the ends."""
    return math.floor(high / step) - math.ceil(low / step) < MOST


def powers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten, or where these are too many powers alone, not all of them."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [digit * 10.0**exponent for exponent in exponents for digit in (1, 2, 5)]
    fine = [value for value in fine if low <= value <= high]
    if len(fine) <= MOST:
        return fine
    coarse = [10.0**exponent for exponent in exponents if low <= 10.0**exponent <= high]
    return coarse[:: -(-len(coarse) // MOST)]


def drawn(axis: Axis, top: float, name: str) -> str:
    """The axis as SVG at this height: a line, its numbers, and below them its name."""
    ticks = "".join(
        f'<path class="axis" d="M{x:.1f} {top}v4"/>'
        f'<text class="quiet" x="{x:.1f}" y="{top + 16}" text-anchor="middle">{words}</text>'
        for x, words in axis.ticks()
    )
    return (
        f'<path class="axis" d="M0 {top}H{WIDTH}"/>{ticks}'
        f'<text class="quiet" x="{WIDTH / 2}" y="{top + 31}" text-anchor="middle">{name}</text>'
    )
