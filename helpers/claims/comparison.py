"""Paired replicates and the word that follows. Pure: nothing is shown, nothing is recorded."""

from dataclasses import replace

import numpy as np

from helpers import runtime
from helpers.claims import intervals
from helpers.claims.verdict import PRIMARY, REFUTED, ROLES, SUPPORTED, UNDECIDED, Verdict

EQUAL, NO_WORSE = "equal", "no worse"
CLAIMED = ("higher", "lower", EQUAL, NO_WORSE)
SCALES = ("linear", "log")
METHODS = ("t", "bootstrap-t")
WITHIN = "correlation within groups"
"""The method of verdicts on how two quantities of the same nets go together."""
FEWEST = 3


def compare_pairs(
    claim_id: str,
    treatment,
    control,
    *,
    claimed: str,
    measure: str,
    margin: float | None = None,
    scale: str = "linear",
    method: str = "t",
    setting: str = "",
    role: str = PRIMARY,
    void: str = "",
    data="",
    correlation: float | None = None,
) -> Verdict:
    """Compare treatment with control in paired replicates: is it what is `claimed`?

    `treatment` and `control` hold one number a replicate, in the same order, shape (replicates,).
    `claimed` is "higher" or "lower" (by more than `margin`), "equal" (within it) or "no worse" (not
    lower by more than it); `measure` names what was measured, `data` where (a Split, which knows
    whether its divisions overlap, or words). The 99 % interval of the mean difference decides:
    Student's t, or from ten replicates on "bootstrap-t" for what is skewed on any scale. On the
    "log" scale logarithms are compared, and differences, interval and `margin` are ratios. `void`
    says why the setting cannot speak: it is undecided then, whatever came out. `correlation`, that
    between replicates whose divisions overlap, is known to the Split unless it is given.

    Raises ValueError for values that are not paired, fewer than three, or not finite, and for a
    claim, margin or scale that cannot be.
    """
    treatment, control = np.asarray(treatment, float), np.asarray(control, float)
    _check_words(claimed, scale, method, role)
    margin = _margin(claimed, margin, scale)
    _check_pairs(claim_id, treatment, control, scale)
    return _judged_now(
        id=claim_id,
        setting=setting,
        role=role,
        claimed=claimed,
        measure=measure,
        margin=margin,
        scale=scale,
        method=method,
        correlation=_correlation(correlation, data),
        void=void,
        runs=len(treatment),
        treatment=tuple(treatment.tolist()),
        control=tuple(control.tolist()),
        data=str(data),
    )


def compare_within(
    claim_id: str,
    x,
    y,
    *,
    claimed: str,
    measure: str,
    margin: float = 0.0,
    setting: str = "",
    role: str = PRIMARY,
    void: str = "",
    data="",
) -> Verdict:
    """Do two quantities of the same nets go together, within each plan of training?

    `x` and `y` have one row a plan, one column a net, shape (plans, nets). Spearman's correlation
    is taken within each plan and averaged: what differs between the plans cannot make it
    (Simpson's paradox). `claimed` is "higher" for a positive correlation, "lower" for a negative
    one. The interval is Student's t over the plans' correlations, whose scatter holds that of their
    nets. (Resampling plans and nets said something false of nothing in 26, 10 and 4 of 100 trials
    with 3, 5 and 10 plans.)
    Raises ValueError for shapes that differ, fewer than three plans or nets, or values that are
    not finite.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.ndim != 2 or x.shape != y.shape or min(x.shape) < FEWEST:
        raise ValueError(
            f"{claim_id} correlates shapes {x.shape} and {y.shape}; both must be "
            f"(plans, nets), with at least {FEWEST} of each."
        )
    _check_words(claimed, "linear", "t", role)
    if claimed not in ("higher", "lower"):
        raise ValueError(f'claimed is {claimed!r}; a correlation is "higher" or "lower" than 0.')
    _check_finite(claim_id, x.ravel(), y.ravel())
    return _judged_now(
        id=claim_id,
        setting=setting,
        role=role,
        claimed=claimed,
        measure=measure,
        margin=_margin(claimed, margin, "linear"),
        scale="linear",
        method=WITHIN,
        void=void,
        runs=x.size,
        treatment=tuple(x.ravel().tolist()),
        control=tuple(y.ravel().tolist()),
        groups=tuple(np.repeat(np.arange(len(x)), x.shape[1]).tolist()),
        data=str(data),
    )


def _judged_now(**fields) -> Verdict:
    """The verdict of a comparison with these fields, measured here and now."""
    here = {"profile": runtime.profile(), "versions": runtime.versions()}
    return judged(Verdict(verdict=UNDECIDED, detail="", **fields, **here))


def judged(asked: Verdict) -> Verdict:
    """The verdict that follows from a comparison's recorded values and its criterion."""
    effect, (low, high) = measured(asked)
    return replace(
        asked,
        verdict=UNDECIDED if asked.void else word((low, high), asked.claimed, threshold(asked)),
        detail=_detail(asked, effect, (low, high)),
        effect=effect,
        low=low,
        high=high,
    )


def measured(verdict: Verdict, level: float = intervals.LEVEL) -> tuple[float, tuple[float, float]]:
    """Mean difference of a comparison and its interval (of logarithms on a log scale)."""
    if verdict.method == WITHIN:
        found = intervals.correlations(verdict.treatment, verdict.control, verdict.groups)
        return float(found.mean()), intervals.paired_interval(found, level)
    values = differences(verdict)
    skewed = verdict.method == "bootstrap-t" and len(values) >= intervals.FEWEST_FOR_BOOTSTRAP
    interval = intervals.bootstrap_t_interval if skewed else intervals.paired_interval
    return float(values.mean()), interval(values, level, correlation=verdict.correlation)


def differences(verdict: Verdict) -> np.ndarray:
    """Treatment minus control in every replicate (of logarithms on a log scale)."""
    arms = np.array([verdict.treatment, verdict.control])
    values = intervals.without_rounding(*arms)
    return (
        np.where(values == 0, 0.0, np.log(arms[0] / arms[1])) if verdict.scale == "log" else values
    )


def word(interval: tuple[float, float], claimed: str, margin: float) -> str:
    """What an interval of the difference says of what is `claimed`; one of no width says nothing.

    The table of the protocol: beyond the margin in the claimed direction, within it for "equal",
    above -margin for "no worse".
    """
    low, high = interval
    if not low < high:
        return UNDECIDED
    if claimed == EQUAL:
        if -margin < low and high < margin:
            return SUPPORTED
        return REFUTED if low > margin or high < -margin else UNDECIDED
    if claimed == "lower":
        low, high = -high, -low
    least = -margin if claimed == NO_WORSE else margin
    if low > least:
        return SUPPORTED
    return REFUTED if high < least else UNDECIDED


def beyond(interval: tuple[float, float], threshold: float) -> bool | None:
    """Whether the interval lies above the threshold or below it; None where it holds it."""
    low, high = interval
    return True if low > threshold else False if high < threshold else None


def signed(value: float) -> str:
    """Three significant digits with a sign; what is left of rounding is 0."""
    return f"{value:+.3g}" if abs(value) > 1e-12 else "0"


def told(value: float, scale: str) -> str:
    """A difference in words: with its sign, or as the ratio whose logarithm it is."""
    return f"x {np.exp(value):.3g}" if scale == "log" else signed(value)


def threshold(verdict: Verdict) -> float:
    """The margin as differences are measured: its logarithm on a log scale."""
    return float(np.log(verdict.margin)) if verdict.scale == "log" else verdict.margin


def _detail(asked: Verdict, effect: float, interval: tuple[float, float]) -> str:
    what = (
        "correlation"
        if asked.method == WITHIN
        else "ratio"
        if asked.scale == "log"
        else "difference"
    )
    ends = " to ".join(told(end, asked.scale) for end in interval)
    number = (
        f"{len(set(asked.groups))} plans, {asked.runs} nets"
        if asked.groups
        else f"{asked.runs} replicates"
    )
    parts = [
        f"{asked.measure}: {what} {told(effect, asked.scale)}, 99 % interval {ends}",
        f"claimed: {criterion(asked)}",
        number,
    ]
    if asked.correlation:
        parts.append(f"divisions overlap, correlation {asked.correlation:.2g}")
    if not interval[0] < interval[1]:
        parts.append("the differences do not vary, so they decide nothing")
    return "; ".join([*parts, *([asked.void] if asked.void else [])])


def criterion(verdict: Verdict) -> str:
    """What is claimed in words, with its margin."""
    no_margin = 1.0 if verdict.scale == "log" else 0.0
    size = f"a factor of {verdict.margin:.3g}" if verdict.scale == "log" else f"{verdict.margin:g}"
    if verdict.claimed == EQUAL:
        return f"equal, within {size}"
    if verdict.claimed == NO_WORSE:
        return f"no worse, by at most {size}"
    return (
        verdict.claimed if verdict.margin == no_margin else f"{verdict.claimed} by more than {size}"
    )


def _margin(claimed: str, margin: float | None, scale: str) -> float:
    """The margin as a number. Raises ValueError for one that is missing or cannot be."""
    least = 1.0 if scale == "log" else 0.0
    if claimed in (EQUAL, NO_WORSE) and (margin is None or not least < margin < np.inf):
        raise ValueError(
            f'claimed is "{claimed}" and margin {margin}; it needs one above {least:g}: '
            "the largest difference that does not matter."
        )
    if margin is None:
        return least
    if not least <= margin < np.inf:
        what = "a ratio, so at least 1" if scale == "log" else "at least 0"
        raise ValueError(f"margin is {margin}; it is the smallest difference that matters: {what}.")
    return float(margin)


def _correlation(given: float | None, data) -> float:
    """The correlation between replicates. Raises ValueError for one that cannot be."""
    found = float(getattr(data, "correlation", 0.0) if given is None else given)
    if not 0 <= found < 1:
        raise ValueError(f"correlation is {found}; it is at least 0 and below 1.")
    return found


def _check_words(claimed: str, scale: str, method: str, role: str) -> None:
    for name, value, known in (
        ("claimed", claimed, CLAIMED),
        ("scale", scale, SCALES),
        ("method", method, METHODS),
        ("role", role, ROLES),
    ):
        if value not in known:
            words = ", ".join(f'"{each}"' for each in known[:-1]) + f' or "{known[-1]}"'
            raise ValueError(f"{name} is {value!r}; it must be {words}.")


def _check_pairs(claim_id: str, treatment: np.ndarray, control: np.ndarray, scale: str) -> None:
    if treatment.ndim != 1 or treatment.shape != control.shape:
        raise ValueError(
            f"{claim_id} compares shapes {treatment.shape} and {control.shape}; "
            "both must hold one number for each replicate, in the same order."
        )
    if len(treatment) < FEWEST:
        raise ValueError(
            f"{claim_id} has {len(treatment)} paired replicates; an interval needs at least "
            f"{FEWEST}, a verdict 30."
        )
    _check_finite(claim_id, treatment, control)
    bad = (treatment <= 0) | (control <= 0)
    if scale == "log" and bad.any():
        raise ValueError(
            f"{claim_id}: replicates {np.flatnonzero(bad).tolist()} are not above 0; "
            "only positive values have logarithms."
        )


def _check_finite(claim_id: str, treatment: np.ndarray, control: np.ndarray) -> None:
    bad = ~(np.isfinite(treatment) & np.isfinite(control))
    if bad.any():
        raise ValueError(
            f"{claim_id}: replicates {np.flatnonzero(bad).tolist()} are not finite; "
            "see Runs.failures."
        )
