"""Learning rates for the arms of a comparison: all try the same ones, on the same runs."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from helpers.training.checks import is_whole
from helpers.training.recipe import Recipe
from helpers.training.run import Run, runs_of
from helpers.training.runs import Runs

WIDEST = 12  # rates
AT = ("last", "best")
GAINS = (
    "accuracy", "acc", "auc", "precision", "recall", "f1_score", "fbeta_score", "r2_score", "iou",
    "similarity",
)  # fmt: skip
"""How Keras's names of metrics end that are better the higher."""


@dataclass(frozen=True, repr=False)
class Tuned:
    """What each arm scored with each rate, and the rate that is best for it on average.

    `rates` grow, shape (rates,); `scores` holds for each arm the metric's value of every run, shape
    (rates, runs), infinitely bad where a run diverged. `at_edge` are the arms whose best rate is
    still the lowest or the highest: their tuning is not finished.
    """

    metric: str
    rates: np.ndarray
    scores: dict[str, np.ndarray]

    @property
    def budget(self) -> int:
        """The number of trainings, equal for all arms, of all arms together."""
        return sum(scores.size for scores in self.scores.values())

    @property
    def means(self) -> dict[str, np.ndarray]:
        """The mean score of each arm over the runs, shape (rates,)."""
        return {arm: scores.mean(axis=1) for arm, scores in self.scores.items()}

    @property
    def best(self) -> dict[str, float]:
        """The best rate of each arm; of equally good ones the lowest."""
        return {arm: float(self.rates[place]) for arm, place in self._places().items()}

    @property
    def at_edge(self) -> tuple[str, ...]:
        """The arms whose best rate is the lowest or the highest that was tried."""
        edges = (0, len(self.rates) - 1)
        return tuple(arm for arm, place in self._places().items() if place in edges)

    def runs(self, arm: str, runs: Sequence) -> list[Run]:
        """The runs, or seeds, with the best rate of this arm. Raises KeyError for another arm."""
        return [replace(run, learning_rate=self.best[arm]) for run in runs_of(runs)]

    def __repr__(self) -> str:
        """A table: the mean score of each arm with each rate, its best with a star."""
        places, width = self._places(), max(map(len, [*self.scores, self.metric]))
        lines = [f"{self.metric:<{width}}" + "".join(f"{rate:>10.3g}" for rate in self.rates)]
        for arm, means in self.means.items():
            cells = [f"{m:.4f}{'*' if n == places[arm] else ' '}" for n, m in enumerate(means)]
            lines.append(f"{arm:<{width}}" + "".join(f"{cell:>10}" for cell in cells))
        lines.append(f"{self.budget} trainings; * best mean of {self._number()} runs")
        if self.at_edge:
            lines.append(f"best at the edge of the rates, so not tuned: {', '.join(self.at_edge)}")
        return "\n".join(lines)

    def _places(self) -> dict[str, int]:
        best = np.argmax if is_gain(self.metric) else np.argmin
        return {arm: int(best(means)) for arm, means in self.means.items()}

    def _number(self) -> int:
        return next(iter(self.scores.values())).shape[1]


def tuned(
    recipes: Mapping[str, Recipe],
    split,
    runs: Sequence,
    rates: Sequence[float],
    *,
    metric: str = "val_loss",
    at: str = "last",
    widest: int = WIDEST,
    known: MutableMapping[tuple[str, float], np.ndarray] | None = None,
) -> Tuned:
    """Find the best learning rate of each arm, a recipe, by the mean of `metric` over the runs.

    All arms try the same rates with the same runs. While the best rate of any arm is at an edge,
    all get one more rate beyond it, in the same ratio as the two before, until there are `widest`
    of them. `at` says whether the "last" epoch counts or the "best" one, as `Runs` have them; a
    metric whose name ends as one of `GAINS` is better the higher, any other the lower. An arm is
    tuned where the runs have validation data: choose with runs that are not judged later. `known`
    has scores by arm and rate that are not measured again, and gets those that are: a study
    resumes.

    Raises ValueError for rates that do not grow from above 0, for runs with a rate of their own,
    and as `Recipe.fit` does.
    """
    asked, tried = runs_of(runs), [float(rate) for rate in rates]
    _check(recipes, asked, tried, at, widest)
    known = {} if known is None else known

    def scored(rate: float) -> dict[str, np.ndarray]:
        own = [replace(run, learning_rate=rate) for run in asked]
        for arm, recipe in recipes.items():
            if (arm, rate) not in known:
                known[arm, rate] = _score(recipe, split, own, metric, at)
        return {arm: known[arm, rate] for arm in recipes}

    found = {rate: scored(rate) for rate in tried}
    while True:
        result = _gathered(metric, found)
        further = beyond(result)[: max(0, widest - len(found))]
        if not further:
            return result
        found |= {rate: scored(rate) for rate in further}


def beyond(found: Tuned) -> list[float]:
    """One rate more at each edge where the best of an arm is, in the ratio of the two there."""
    best, rates = set(found.best.values()), found.rates
    ends = [(rates[0], rates[1]), (rates[-1], rates[-2])]
    return [float(edge * edge / inner) for edge, inner in ends if edge in best]


def scores(done: Runs, metric: str, at: str = "last") -> np.ndarray:
    """The metric of every run at its "last" or its "best" epoch, shape (runs,).

    A run that diverged is infinitely bad. Raises ValueError for another word.
    """
    _check_at(at)
    values = (done.best if at == "best" else done.last)(metric)
    worst = -np.inf if is_gain(metric) else np.inf
    failed = np.isin(np.arange(len(done)), list(done.failures)) | ~np.isfinite(values)
    return np.where(failed, worst, values)


def is_gain(metric: str) -> bool:
    """Whether more of the metric is better."""
    return metric.endswith(GAINS)


def _gathered(metric: str, found: Mapping[float, Mapping[str, np.ndarray]]) -> Tuned:
    rates = sorted(found)
    arms = found[rates[0]]
    return Tuned(
        metric, np.array(rates), {arm: np.stack([found[r][arm] for r in rates]) for arm in arms}
    )


def _score(recipe: Recipe, split, runs: list[Run], metric: str, at: str) -> np.ndarray:
    """The metric of every run, shape (runs,); infinitely bad where it diverged."""
    done = recipe.fit(split, runs)
    if metric not in done.history:
        raise ValueError(f"metric is {metric!r}; the history has {', '.join(done.history)}.")
    return scores(done, metric, at)


def _check(recipes: Mapping, runs: list[Run], rates: list[float], at: str, widest: int) -> None:
    if not recipes:
        raise ValueError("recipes is empty: give at least one arm.")
    grow = len(rates) >= 3 and rates[0] > 0 and all(np.diff(rates) > 0) and rates[-1] < np.inf
    if not grow:
        raise ValueError(f"rates are {rates}; give at least 3 that grow from above 0.")
    if any(run.learning_rate is not None for run in runs):
        raise ValueError("The runs have learning rates of their own: the tuning tries `rates`.")
    _check_at(at)
    if not is_whole(widest) or widest < len(rates):
        raise ValueError(
            f"widest is {widest!r}; it is the largest number of rates, at least {len(rates)}."
        )


def _check_at(at: str) -> None:
    if at not in AT:
        raise ValueError(f'at is {at!r}; it must be "last" or "best".')
