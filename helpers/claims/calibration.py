"""Is the protocol right as often as it says? Simulated and planted nulls, effects, replication.

Everything here is counted; nothing is assumed but the distributions that are simulated.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from helpers.claims import intervals
from helpers.claims.comparison import differences, word
from helpers.claims.verdict import PRIMARY, REFUTED, SUPPORTED, UNDECIDED, Verdict

SIZES = (3, 5, 10, 30)
SIGMA = 1.0
TRIALS = 4_000
ROWS = 100
"""Test rows behind a simulated accuracy, whose values are then often tied."""
RESAMPLED = 400
"""Trials of the bootstrap-t interval, which takes far longer than Student's."""


def _normal(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return generator.normal(size=shape)


def _two_skewed(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Differences of two lognormal arms that are alike."""
    arms = generator.lognormal(sigma=SIGMA, size=(2, *shape))
    return arms[0] - arms[1]


def _one_skewed(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Differences of a lognormal arm and one that is steady, with equal means."""
    return generator.lognormal(sigma=SIGMA, size=shape) - np.exp(SIGMA**2 / 2)


def _tied(generator: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Differences of two accuracies over a hundred rows."""
    arms = generator.binomial(ROWS, 0.8, size=(2, *shape)) / ROWS
    return arms[0] - arms[1]


NULLS: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "normal": _normal,
    "accuracy over 100 rows (ties)": _tied,
    "two skewed arms, alike": _two_skewed,
    "one skewed arm, one steady": _one_skewed,
}


def simulated_nulls(seed: int = 0, *, trials: int = TRIALS) -> pd.DataFrame:
    """Share of false words where nothing differs, by data and by number of replicates.

    `trials` samples each, judged by Student's t at 99 %; the last row by bootstrap-t, from ten
    replicates on and in fewer trials. Nominal: 0.01.
    """
    generator = np.random.default_rng([seed, 1])
    rows = {
        f"{name}, Student's t": {
            size: _false_words(draw(generator, (trials, size))) for size in SIZES
        }
        for name, draw in NULLS.items()
    }
    few = min(trials, RESAMPLED)
    rows["one skewed arm, one steady, bootstrap-t"] = {
        size: _false_words(_one_skewed(generator, (few, size)), intervals.bootstrap_t_interval)
        for size in SIZES
        if size >= intervals.FEWEST_FOR_BOOTSTRAP
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(SIZES))


def _false_words(samples: np.ndarray, interval=intervals.paired_interval) -> float:
    """Share of samples, shape (trials, replicates) and of mean 0, in which 0 is decided against."""
    words = [word(interval(sample), "higher", 0.0) for sample in samples]
    return float(np.mean(np.array(words) != UNDECIDED))


def simulated_margins(seed: int = 0, *, replicates: int = 30, trials: int = TRIALS) -> pd.DataFrame:
    """Share of false "supported" where the truth lies exactly at the margin, by what is claimed.

    Nominal: 0.005, one side of a 99 % interval. Normal differences whose standard error is a
    quarter of the margin.
    """
    generator = np.random.default_rng([seed, 2])
    noise = generator.normal(size=(trials, replicates)) * np.sqrt(replicates) / 4
    edges = {"higher": 1.0, "lower": -1.0, "equal": 1.0, "no worse": -1.0}
    found = {
        claimed: np.mean(
            [
                word(intervals.paired_interval(edge + sample), claimed, 1.0) == SUPPORTED
                for sample in noise
            ]
        )
        for claimed, edge in edges.items()
    }
    return pd.DataFrame({"supported at the margin": found})


def simulated_effects(seed: int = 0, *, trials: int = TRIALS) -> pd.DataFrame:
    """How often an effect of 1, 2, 3, ... standard errors is found, and how often it should be.

    Normal differences; what should be found is the power of the t test (noncentral t).
    """
    generator = np.random.default_rng([seed, 3])
    rows = {}
    for size in (5, 30):
        samples = generator.normal(size=(trials, size))
        for effect in (1, 2, 3, 5):
            moved = samples + effect / np.sqrt(size)
            found = [word(intervals.paired_interval(one), "higher", 0.0) for one in moved]
            rows[size, effect] = {
                "found": np.mean(np.array(found) == SUPPORTED),
                "expected": power(effect, size),
                "wrong way": np.mean(np.array(found) == REFUTED),
            }
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis(["replicates", "standard errors"])


def power(effect: float, replicates: int, level: float = intervals.LEVEL) -> float:
    """How often Student's t finds an effect of so many standard errors (noncentral t)."""
    freedom = replicates - 1
    critical = stats.t.ppf((1 + level) / 2, freedom)
    return float(stats.nct.sf(critical, freedom, effect))


@dataclass(frozen=True)
class Planted:
    """Alarms of nulls planted into recorded values: `alarms` of `tests`, at most `allowed`.

    `places` names the arms that gave an alarm.
    """

    tests: int
    alarms: int
    allowed: int
    places: tuple[str, ...]


def planted_nulls(verdicts: Iterable[Verdict], *, fewest: int = 10) -> Planted:
    """Odd against even replicates of each recorded arm, where nothing can differ but by chance.

    It asks whether replicates are exchangeable and scatter as the interval assumes; what all share,
    such as one test set, no comparison among them can show.

    Arms with fewer than `fewest` pairs, or whose values do not vary, are left out, as is an arm
    that another comparison has recorded as well. `allowed` is the 99.9 % quantile of the alarms
    that chance at 1 % gives in so many independent tests.
    """
    tested, places = set(), []
    for verdict in verdicts:
        for name in ("treatment", "control"):
            values = getattr(verdict, name)
            if verdict.groups or values in tested or len(values) < 2 * fewest:
                continue
            halves = _halves(verdict, values)
            if np.ptp(halves) == 0:
                continue
            tested.add(values)
            if word(intervals.paired_interval(halves), "higher", 0.0) != UNDECIDED:
                places.append(f"{verdict.id} [{verdict.setting}] {name}")
    allowed = int(stats.binom.ppf(0.999, len(tested), 1 - intervals.LEVEL)) if tested else 0
    return Planted(len(tested), len(places), allowed, tuple(places))


def _halves(verdict: Verdict, values: tuple[float, ...]) -> np.ndarray:
    """Even minus odd replicates of one arm, on the scale of the comparison."""
    whole = values[: len(values) // 2 * 2]
    arm = Verdict("", "", "", scale=verdict.scale, treatment=whole[::2], control=whole[1::2])
    return differences(arm)


def is_read_again(one: Verdict, other: Verdict) -> bool:
    """Whether two comparisons have the same values: those of a recorded study, which no seed
    changes.
    """
    return one.effect is not None and one.effect == other.effect


def replicated(first: Iterable[Verdict], again: Iterable[Verdict]) -> pd.DataFrame:
    """The word of each comparison in a primary setting, and the one that other seeds gave it.

    Columns id, setting, recorded, again. Left out is what was not measured again, and what no seed
    changes: computations, definitions, and comparisons that read the values of a recorded study.
    """
    known = {
        (verdict.id, verdict.setting): verdict
        for verdict in first
        if verdict.role == PRIMARY and verdict.effect is not None
    }
    pairs = [
        (known[verdict.id, verdict.setting], verdict)
        for verdict in again
        if (verdict.id, verdict.setting) in known
    ]
    rows = [
        {
            "id": other.id,
            "setting": other.setting,
            "recorded": one.verdict,
            "again": other.verdict,
        }
        for one, other in pairs
        if not is_read_again(one, other)
    ]
    return pd.DataFrame(rows, columns=pd.Index(["id", "setting", "recorded", "again"]))
