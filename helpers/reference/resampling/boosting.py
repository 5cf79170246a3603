"""Boosting by hand: AdaBoost on stumps, and gradient boosting for squared error.

The trees are scikit-learn's.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


@dataclass(frozen=True)
class Boosted:
    """Simple models that were fitted one after the other, and how much each counts.

    `given` has shape (rounds, n): what each of them was told about every training row, its weight
    (AdaBoost) or its residual (gradient boosting).
    """

    start: float
    members: tuple
    amounts: np.ndarray
    given: np.ndarray

    def staged(self, x) -> np.ndarray:
        """The committee's score for each row of x after each round, shape (rounds, rows)."""
        votes = np.stack([member.predict(x) for member in self.members])
        return self.start + np.cumsum(self.amounts[:, None] * votes, axis=0)


def adaboost(x, y, rounds: int) -> Boosted:
    """AdaBoost on decision stumps. y holds -1 and 1; the sign of the last score is the prediction.

    Each stump is fitted to weighted rows. With e the weight of those it gets wrong, it counts
    log((1 - e) / e) / 2, and every row's weight is multiplied by exp(-amount * y * vote) and
    normalized. Ends early when no stump does better than chance. Freund and Schapire (1997), figure
    2; scikit-learn's `AdaBoostClassifier` has twice the amounts and the same weights. Raises
    ValueError for other labels, or where one stump is perfect or none beats chance.
    """
    y = np.asarray(y)
    check_boosting(y, rounds)
    if set(np.unique(y)) != {-1, 1}:
        raise ValueError(
            f"y holds {np.unique(y)[:5].tolist()}; AdaBoost needs the labels -1 and 1, both of"
            " them."
        )
    weights = np.full(len(y), 1 / len(y))
    members, amounts, given = [], [], []
    for _ in range(rounds):
        stump = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x, y, sample_weight=weights)
        votes = stump.predict(x)
        error = weights[votes != y].sum()
        if error == 0:
            raise ValueError(
                "One stump separates the classes without an error: there is nothing to boost."
            )
        if error >= 0.5 - 1e-12:
            break
        amount = np.log((1 - error) / error) / 2
        members.append(stump)
        amounts.append(amount)
        given.append(weights)
        weights = weights * np.exp(-amount * y * votes)
        weights = weights / weights.sum()
    if not members:
        raise ValueError("No stump does better than chance on these rows: AdaBoost cannot start.")
    return Boosted(0.0, tuple(members), np.array(amounts), np.array(given))


def gradient_boosting(x, y, rounds: int, *, rate: float = 0.1, depth: int = 1) -> Boosted:
    """Gradient boosting for squared error: each tree is fitted to what the trees before it left
    over.

    Starts from the mean of y; every tree counts `rate`. Friedman (2001), algorithm 2;
    scikit-learn's `GradientBoostingRegressor` with `learning_rate=rate, max_depth=depth` gives the
    same predictions for the rows that it was fitted to. New rows may get others: where two cuts of
    a tree are equally good, chance chooses one, there as here.
    """
    y = np.asarray(y, float)
    check_boosting(y, rounds)
    score = np.full(len(y), y.mean())
    members, given = [], []
    for _ in range(rounds):
        residual = y - score
        tree = DecisionTreeRegressor(max_depth=depth, random_state=0).fit(x, residual)
        score = score + rate * tree.predict(x)
        members.append(tree)
        given.append(residual)
    return Boosted(y.mean(), tuple(members), np.full(rounds, rate), np.array(given))


def check_boosting(y: np.ndarray, rounds: int) -> None:
    """Refuse what cannot be boosted, and say what would be right."""
    if y.ndim != 1 or len(y) < 2:
        raise ValueError(
            f"y has shape {y.shape}; boosting needs one target for each of at least two rows."
        )
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}; it must be at least 1.")
