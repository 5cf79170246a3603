"""Resampling: folds and bootstrap samples as runs, what they leave out, bias and variance, and boosting by hand.

The splitters and the trees are scikit-learn's; nets go through `training.fit_runs(runs=as_runs(samples))`.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from helpers.training import Run

# Folds and bootstrap samples -----------------------------------------------------------------------------------------


def bootstrap(n: int, times: int, generator: np.random.Generator) -> np.ndarray:
    """`times` bootstrap samples of n rows: row numbers of shape (times, n), each drawn with replacement.

    Efron and Tibshirani (1993), section 6.2.
    """
    return generator.integers(0, n, (times, n))


def as_runs(samples, *, seed: int = 0) -> list[Run]:
    """One run for each array of training rows (folds, bootstrap samples), with seeds from `seed` upwards."""
    return [
        Run(seed=seed + number, train_index=np.asarray(rows)) for number, rows in enumerate(samples)
    ]


def left_out(samples, n: int) -> np.ndarray:
    """Which of n rows each sample does not hold: booleans of shape (samples, n)."""
    mask = np.ones((len(samples), n), bool)
    for row, sample in zip(mask, samples, strict=True):
        row[np.asarray(sample)] = False
    return mask


def predict_left_out(predictions, mask) -> np.ndarray:
    """For every row, the mean prediction of the models that did not train on it; NaN where all of them did.

    `predictions` has shape (models, n, ...), `mask` (see `left_out`) shape (models, n). With folds these are the
    out-of-fold predictions, with bootstrap samples the out-of-bag ones (Breiman 1996, Out-of-bag estimation).
    Raises ValueError where the shapes do not belong together.
    """
    predictions, mask = np.asarray(predictions, float), np.asarray(mask, bool)
    if predictions.shape[:2] != mask.shape:
        raise ValueError(
            f"predictions are {predictions.shape[:2]} (models, rows), the mask is {mask.shape}: they must agree."
        )
    wide = mask.reshape(mask.shape + (1,) * (predictions.ndim - 2))
    counts = wide.sum(axis=0)
    total = np.where(wide, predictions, 0.0).sum(axis=0)
    return np.divide(total, counts, out=np.full(total.shape, np.nan), where=counts > 0)


# Bias, variance, noise -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decomposition:
    """Expected squared error in three parts, at every input: arrays of shape (points,), in squared units of y."""

    bias_squared: np.ndarray
    variance: np.ndarray
    noise: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Their sum: the expected squared error on fresh, noisy observations."""
        return self.bias_squared + self.variance + self.noise


def decompose(predictions, truth, noise=0.0) -> Decomposition:
    """Bias squared and variance, estimated from models fitted to different training sets; `noise` is the variance of y.

    `predictions` has shape (training sets, points), `truth` (points,). Both estimates are unbiased: the variance divides
    by sets - 1, and its share of the squared distance of the mean prediction is taken off the bias (which may thereby
    come out slightly below 0). Their sum is exactly the mean squared distance of the predictions from the truth.
    Geman, Bienenstock and Doursat (1992), section 3.2. Raises ValueError for fewer than two training sets.
    """
    predictions, truth = np.asarray(predictions, float), np.asarray(truth, float)
    if predictions.ndim != 2 or predictions.shape[1:] != truth.shape or len(predictions) < 2:
        raise ValueError(
            f"predictions have shape {predictions.shape}, truth {truth.shape}; "
            "they must be (training sets, points) and (points,), with at least two training sets."
        )
    variance = predictions.var(axis=0, ddof=1)
    bias_squared = (predictions.mean(axis=0) - truth) ** 2 - variance / len(predictions)
    return Decomposition(bias_squared, variance, np.broadcast_to(noise, truth.shape))


# Boosting ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Boosted:
    """Simple models that were fitted one after the other, and how much each counts.

    `given` has shape (rounds, n): what each of them was told about every training row, its weight (AdaBoost) or its
    residual (gradient boosting).
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

    Each stump is fitted to weighted rows. With e the weight of those it gets wrong, it counts log((1 - e) / e) / 2, and
    every row's weight is multiplied by exp(-amount * y * vote) and normalized. Ends early when no stump does better than
    chance. Freund and Schapire (1997), figure 2; scikit-learn's `AdaBoostClassifier` has twice the amounts and the same
    weights. Raises ValueError for other labels, or where one stump is perfect or none beats chance.
    """
    y = np.asarray(y)
    check_boosting(y, rounds)
    if set(np.unique(y)) != {-1, 1}:
        raise ValueError(
            f"y holds {np.unique(y)[:5].tolist()}; AdaBoost needs the labels -1 and 1, both of them."
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
    """Gradient boosting for squared error: each tree is fitted to what the trees before it left over.

    Starts from the mean of y; every tree counts `rate`. Friedman (2001), algorithm 2; scikit-learn's
    `GradientBoostingRegressor` with `learning_rate=rate, max_depth=depth` gives the same predictions.
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
