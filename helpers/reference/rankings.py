"""How far a single run can be trusted to put variants into order."""

import numpy as np


def share_of_right_rankings(accuracy) -> np.floating:
    """Share of the runs, from 0 to 1, that rank all variants as the means over the runs do.

    `accuracy` has shape (runs, variants).
    """
    accuracy = np.asarray(accuracy)
    right = np.argsort(-accuracy.mean(axis=0))
    return np.mean([np.array_equal(np.argsort(-run), right) for run in accuracy])
