"""The lines of Python by which anyone computes a recorded word again from the downloaded values.

They use pandas, NumPy and SciPy, nothing of the course: an independent check of its statistics.
A test executes them as they stand on the pages.
"""

from helpers.claims import Verdict
from helpers.claims.comparison import WITHIN

READ = """\
import numpy as np
import pandas as pd
from scipy import stats

values = pd.read_csv("{file}", dtype={{"setting": str}}, keep_default_na=False)
setting = {setting!r}
values = values[values["setting"] == setting]
treatment, control = values["treatment"], values["control"]
"""
LINEAR = "difference = treatment - control"
LOG = "difference = np.log(treatment / control)"
ROUNDED = """\
difference[np.isclose(treatment, control, rtol=1e-6, atol=0)] = 0  # rounding is no difference
n, mean = len(difference), difference.mean()
"""
STUDENT = """\
error = difference.std() * np.sqrt({share})
low, high = mean + error * stats.t.ppf([0.005, 0.995], n - 1)
"""
BOOTSTRAP_T = """\
drawn = np.random.default_rng(0).choice(difference, (10_000, n))
errors = drawn.std(axis=1, ddof=1) / np.sqrt(n)
pivots = (drawn.mean(axis=1) - mean)[errors > 0] / errors[errors > 0]
error = difference.std() * np.sqrt({share})
low, high = mean - error * np.quantile(pivots, [0.995, 0.005])
"""
CORRELATED = """\
plans = [plan for _, plan in values.groupby("groups", sort=False)]
ranks = [stats.spearmanr(plan["treatment"], plan["control"]).statistic for plan in plans]
difference = pd.Series(ranks).fillna(0)  # what does not vary is uncorrelated
n, mean = len(difference), difference.mean()
"""
WORD = """\
margin = {margin}
supported, refuted = {supported}, {refuted}
word = "supported" if supported else "refuted" if refuted else "undecided"
"""
UNDECIDED = 'word = "undecided"  # {because}\n'
VOID = "whatever the interval: this setting decides nothing"
NO_WIDTH = "differences that do not vary decide nothing"
RULES = {
    "higher": ("low > margin", "high < margin"),
    "lower": ("high < -margin", "low > -margin"),
    "equal": ("-margin < low and high < margin", "low > margin or high < -margin"),
    "no worse": ("low > -margin", "high < -margin"),
}
"""Where the whole interval has to lie to support and to refute: the table of the protocol."""


def listing(verdict: Verdict, file: str) -> str:
    """The lines that compute interval and word of one comparison from its values in `file`."""
    head = READ.format(file=file, setting=verdict.setting)
    return "".join([head, _interval(verdict), _word(verdict), "print(low, high, word)"])


def _interval(verdict: Verdict) -> str:
    if verdict.method == WITHIN:
        return CORRELATED + STUDENT.format(share="1 / n")
    difference = f"{LOG if verdict.scale == 'log' else LINEAR}\n{ROUNDED}"
    overlap = verdict.correlation
    share = f"1 / n + {overlap} / (1 - {overlap})" if overlap else "1 / n"
    method = BOOTSTRAP_T if verdict.method == "bootstrap-t" else STUDENT
    return difference + method.format(share=share)


def _word(verdict: Verdict) -> str:
    if verdict.void or verdict.low == verdict.high:
        return UNDECIDED.format(because=VOID if verdict.void else NO_WIDTH)
    margin = f"np.log({verdict.margin})" if verdict.scale == "log" else str(verdict.margin)
    supported, refuted = RULES[verdict.claimed]
    return WORD.format(margin=margin, supported=supported, refuted=refuted)
