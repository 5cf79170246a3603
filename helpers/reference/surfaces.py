"""Surfaces on which optimizers can be watched: values, gradients, minima, and paths.

Points are arrays of shape (..., 2): a whole crowd of starting points moves at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Surface:
    """A smooth function of two numbers.

    `value`: (..., 2) -> (...); `gradient`: (..., 2) -> (..., 2). `minima` are its global minima,
    `others` the minima that are only local and the saddles. `window` (x low, x high, y low, y high)
    holds what is worth drawing.
    """

    name: str
    value: Callable
    gradient: Callable
    minima: tuple[tuple[float, float], ...]
    window: tuple[float, float, float, float]
    others: tuple[tuple[float, float], ...] = ()


def quadratic(condition: float = 100.0) -> Surface:
    """A valley `condition` times as steep across (y) as along (x): (x^2 + condition y^2) / 2.

    Its curvatures are 1 and `condition`. Raises ValueError unless `condition` is at least 1.
    """
    if not condition >= 1:
        raise ValueError(
            f"condition is {condition}; it is the larger curvature over the smaller, so at least 1."
        )
    curvatures = np.array([1.0, condition])

    def value(point):
        return 0.5 * np.sum(curvatures * np.square(point), axis=-1)

    def gradient(point):
        return curvatures * np.asarray(point)

    return Surface(
        f"quadratic, condition {condition:g}",
        value,
        gradient,
        ((0.0, 0.0),),
        (-2.2, 2.2, -1.1, 1.1),
    )


def surface(name: str, formula: Callable, slopes: Callable, minima, window, others=()) -> Surface:
    """A surface of `formula(x, y)` with the partial derivatives `slopes(x, y) -> (by x, by y)`."""

    def value(point):
        return formula(*np.moveaxis(np.asarray(point, float), -1, 0))

    def gradient(point):
        return np.stack(slopes(*np.moveaxis(np.asarray(point, float), -1, 0)), axis=-1)

    return Surface(name, value, gradient, minima, window, others)


# Rosenbrock 1960: a curved valley that is easy to find and hard to follow.
rosenbrock = surface(
    "Rosenbrock",
    lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
    ((1.0, 1.0),),
    (-2.0, 2.0, -1.0, 3.0),
)


def beale_slopes(x, y):
    """The two partial derivatives of Beale's function."""
    first, second, third = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    by_x = 2 * (first * (y - 1) + second * (y**2 - 1) + third * (y**3 - 1))
    by_y = 2 * x * (first + 2 * y * second + 3 * y**2 * third)
    return by_x, by_y


# Beale 1958: plains with hardly a slope, walls around them.
beale = surface(
    "Beale",
    lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
    beale_slopes,
    ((3.0, 0.5),),
    (-1.0, 4.5, -2.0, 2.0),
)

# Himmelblau 1972: four minima, equally deep; where one ends depends on the start.
himmelblau = surface(
    "Himmelblau",
    lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    lambda x, y: (
        4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
        2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
    ),
    (
        (3.0, 2.0),
        (-2.805118086953, 3.131312518250),
        (-3.779310253378, -3.283185991286),
        (3.584428340330, -1.848126526964),
    ),
    (-5.0, 5.0, -5.0, 5.0),
)

TILT = 0.3
shallow, top, deep = sorted(
    np.roots([4, 0, -4, TILT]).real, reverse=True
)  # where the slope 4 x (x^2 - 1) + TILT is 0

# Two valleys, the left one deeper, and a ridge between them.
double_well = surface(
    "double well",
    lambda x, y: (x**2 - 1) ** 2 + TILT * x + y**2 / 2,
    lambda x, y: (4 * x * (x**2 - 1) + TILT, y),
    ((float(deep), 0.0),),
    (-1.8, 1.8, -1.3, 1.3),
    others=((float(shallow), 0.0), (float(top), 0.0)),
)

# Level at the origin, a minimum along x and a maximum along y; the minima lie to both sides.
saddle = surface(
    "saddle",
    lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
    lambda x, y: (x, y**3 - y),
    ((0.0, 1.0), (0.0, -1.0)),
    (-1.6, 1.6, -1.6, 1.6),
    others=((0.0, 0.0),),
)


def path(rule: Callable, surface: Surface, start, steps: int, **settings) -> np.ndarray:
    """The points that a rule of `optimizers` visits, shape (steps + 1, ..., 2), from `start` (...,
    2).

    `settings` go to the rule: `path(optimizers.adam, rosenbrock, (-1.5, 1.5), 100,
    learning_rate=0.1)`. A path that diverges goes on as infinities and NaN. Raises ValueError if
    `start` holds no points of the plane.
    """
    point = np.asarray(start, float)
    if point.shape[-1:] != (2,):
        raise ValueError(
            f"start has shape {point.shape}; a point of the plane, or (..., 2) for many, is needed."
        )
    chosen = rule(**settings)
    state, points = chosen.init(point), [point]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            step, state = chosen.update(surface.gradient(point), state)
            point = point + step
            points.append(point)
    return np.stack(points)
