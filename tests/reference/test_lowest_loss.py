"""How replicates of OVF-19 go together that draw their pictures from one pool: a simulation.

Each picture has its own curve of losses over the epochs, the same in all replicates: that is the
most that replicates can share. Ten validation sets choose their epochs; the error of a replicate is
the validation loss there minus the test loss. Sizes are a tenth of the audit's, in proportion.
"""

import numpy as np
import pytest

POOL, SETS, SET, TEST = 1_200, 10, 50, 500
WORLDS, REPLICATES = 2_000, 6
TIME = np.linspace(0, 1, 20)
SHAPES = np.stack([np.ones_like(TIME), TIME, TIME**2])
MEAN = 0.6 + np.exp(-20 * TIME) + 0.4 * np.maximum(TIME - 0.3, 0) ** 2
SPREAD = np.array([0.3, 0.3, 0.2])  # of pictures' levels, slopes and bends; a tenth as many of them


def error_of_lowest(pictures: np.ndarray, order: np.ndarray) -> float:
    """Log of validation loss against test loss at the lowest points, mean over the sets."""
    valid = pictures[order[: SETS * SET]].reshape(SETS, SET, -1).mean(axis=1) @ SHAPES
    test = pictures[order[SETS * SET : SETS * SET + TEST]].mean(axis=0) @ SHAPES
    lowest = (MEAN + valid).argmin(axis=1)
    return np.mean(np.log((MEAN + valid).min(axis=1) / (MEAN + test)[lowest]))


def correlation(drawn_anew: bool) -> float:
    """Of the errors of two replicates of one pool, mean over all pairs of many pools."""
    generator = np.random.default_rng(19)
    errors = np.empty((WORLDS, REPLICATES))
    for world in errors:
        pictures = generator.exponential(SPREAD, (POOL, len(SPREAD))) - SPREAD
        orders = [generator.permutation(POOL) for _ in world]
        if not drawn_anew:  # the same pictures choose in all replicates; only their sets differ
            head, tail = np.split(np.arange(POOL), [SETS * SET])
            orders = [np.append(generator.permutation(head), tail) for _ in world]
        world[:] = [error_of_lowest(pictures, order) for order in orders]
    errors -= errors.mean()
    pairs = errors.sum(axis=1) ** 2 - (errors**2).sum(axis=1)
    return pairs.mean() / (REPLICATES * (REPLICATES - 1) * errors.var())


def test_replicates_that_draw_validation_and_test_pictures_anew_are_nearly_independent():
    chance = 3 / np.sqrt(WORLDS * REPLICATES * (REPLICATES - 1) / 2)
    assert abs(correlation(drawn_anew=True)) < 0.02 + chance


def test_the_simulation_notices_replicates_that_share_their_validation_pictures():
    assert correlation(drawn_anew=False) == pytest.approx(1, abs=0.2)
