"""Paired runs and the word that follows from them. Pure: nothing is shown, nothing is recorded."""

import numpy as np
from scipy import stats

from helpers import runtime
from helpers.claims.verdict import REFUTED, SUPPORTED, UNDECIDED, Verdict

DIRECTIONS = ("higher", "lower")


def paired_interval(differences, level: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval (bias-corrected and accelerated, SciPy) of the mean of paired differences.

    Efron (1987), "Better Bootstrap Confidence Intervals".
    """
    differences = np.asarray(differences, float)
    if np.ptp(differences) == 0:  # nothing varies, so there is nothing to resample
        return differences[0], differences[0]
    generator = np.random.default_rng(0)  # the same runs give the same interval
    found = stats.bootstrap(
        (differences,), np.mean, confidence_level=level, rng=generator, method="BCa"
    )
    return found.confidence_interval.low, found.confidence_interval.high


def compare_pairs(
    claim_id: str,
    treatment,
    control,
    *,
    claimed: str,
    measure: str,
    data="",
    margin: float = 0.0,
    setting: str = "",
) -> Verdict:
    """Compare treatment with control on paired runs: is it `claimed` by more than `margin`?

    `treatment` and `control` hold one number a run, in the same order, shape (runs,). `claimed` is
    the direction that the statement claims, "higher" or "lower"; `measure` names what was measured,
    `data` where (a Split, or words). With the 95 % interval of the mean advantage above the margin
    the statement is supported, below it refuted, else not distinguishable.
    Raises ValueError for runs that are not paired, fewer than three, or not finite.
    """
    treatment, control = np.asarray(treatment, float), np.asarray(control, float)
    _check_claimed(claimed, margin)
    _check_pairs(claim_id, treatment, control)
    difference = treatment - control
    low, high = paired_interval(difference)
    threshold = f" by more than {margin:g}" if margin else ""
    return Verdict(
        id=claim_id,
        verdict=word((low, high), claimed, margin),
        detail=f"{measure}: difference {signed(difference.mean())}, 95 % interval {signed(low)} to "
        f"{signed(high)}; claimed: {claimed}{threshold}; {len(difference)} paired runs",
        setting=setting,
        effect=float(difference.mean()),
        low=float(low),
        high=float(high),
        claimed=claimed,
        margin=float(margin),
        runs=len(difference),
        data=str(data),
        profile=runtime.profile(),
        versions=runtime.versions(),
    )


def word(interval: tuple[float, float], claimed: str, margin: float) -> str:
    """What an interval of the difference says of "`claimed` by more than `margin`"."""
    low, high = interval if claimed == "higher" else (-interval[1], -interval[0])
    if low > margin:
        return SUPPORTED
    return REFUTED if high < margin else UNDECIDED


def signed(value: float) -> str:
    """Three significant digits with a sign; what is left of rounding is 0."""
    return f"{value:+.3g}" if abs(value) > 1e-12 else "0"


def _check_claimed(claimed: str, margin: float) -> None:
    if claimed not in DIRECTIONS:
        raise ValueError(f'claimed is {claimed!r}; it must be "higher" or "lower".')
    if not 0 <= margin < np.inf:
        raise ValueError(
            f"margin is {margin}; it is the smallest advantage that matters, so at least 0."
        )


def _check_pairs(claim_id: str, treatment: np.ndarray, control: np.ndarray) -> None:
    if treatment.ndim != 1 or treatment.shape != control.shape:
        raise ValueError(
            f"{claim_id} compares shapes {treatment.shape} and {control.shape}; "
            "both must hold one number for each run, in the same order."
        )
    if len(treatment) < 3:
        raise ValueError(
            f"{claim_id} has {len(treatment)} paired runs; "
            "an interval needs at least 3 (10 for a headline)."
        )
    bad = ~(np.isfinite(treatment) & np.isfinite(control))
    if bad.any():
        raise ValueError(
            f"{claim_id}: runs {np.flatnonzero(bad).tolist()} are not finite; see Runs.failures."
        )
