"""The range test (after Smith 2017): losses of minibatches while the learning rate grows."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from helpers.training.engine import TRAINING
from helpers.training.loop import prepare, restart, settings_of
from helpers.training.run import Run

STEPS_BETWEEN_LOOKS = 10  # to see whether a run has diverged
DIVERGED = 4  # times as far above the lowest loss as the loss has fallen before


def range_test(recipe, split, runs: list[Run], rates: np.ndarray) -> np.ndarray:
    """The losses of a checked request, shape (runs, steps); see `Recipe.range_test`."""
    losses = np.full((len(runs), len(rates)), np.nan)
    with TRAINING:
        job = prepare(recipe, split, runs, {})
        for group in job.engine.groups([len(rows) for rows in job.rows]):
            restart(job, group)
            losses[group] = losses_of(job, group, rates)
    return losses


def losses_of(job, group: list[int], rates: np.ndarray) -> np.ndarray:
    """The losses of the runs of one group, shape (runs, steps); NaN after one diverged."""
    batch_size, steps = job.recipe.batch_size, len(rates)
    optimizer = job.engine.model.optimizer
    settings = [
        settings_of(replace(job.runs[number], learning_rate=rates), optimizer, steps)
        for number in group
    ]
    tensors = job.engine.data_of([job.runs[number] for number in group], *job.data)
    orders = [endless_order(job.rows[n], steps * batch_size, job.runs[n].seed) for n in group]
    losses = np.full((len(group), steps), np.nan)
    going = set(range(len(group)))
    for start in range(0, steps, STEPS_BETWEEN_LOOKS):
        now = slice(start, start + STEPS_BETWEEN_LOOKS)
        rows = [order[start * batch_size : now.stop * batch_size] for order in orders]
        part = [{name: values[now] for name, values in each.items()} for each in settings]
        trained = job.engine.train_epoch(tensors, rows, batch_size, part)
        for place, (found, _) in enumerate(trained):
            losses[place, now] = found if place in going else np.nan
        going = {place for place in going if not has_diverged(losses[place, : now.stop])}
        if not going:
            break
    return losses


def endless_order(rows: np.ndarray, length: int, seed: int) -> np.ndarray:
    """`length` of these rows: one permutation of all of them after the other."""
    generator = np.random.default_rng(seed)
    passes = [generator.permutation(len(rows)) for _ in range(-(-length // len(rows)))]
    return rows[np.concatenate(passes)[:length]]


def has_diverged(losses: np.ndarray) -> bool:
    """Whether the latest losses are not finite, or far above the lowest before.

    Far is measured by how much the loss fell, or by how it varies between the first steps, since
    not every loss has its lowest value at 0.
    """
    starts = range(0, len(losses), STEPS_BETWEEN_LOOKS)
    means = [losses[start : start + STEPS_BETWEEN_LOOKS].mean() for start in starts]
    if not np.isfinite(means[-1]):
        return True
    lowest = min(means)
    usual = max(means[0] - lowest, losses[:STEPS_BETWEEN_LOOKS].std())
    return bool(means[-1] - lowest > DIVERGED * usual)


def suggested_rates(rates: np.ndarray, losses: np.ndarray) -> dict[str, float]:
    """Learning rates that a range test suggests, by the rule that picks them.

    Both rules look at the median over the runs, smoothed over a twentieth of the steps, as far as
    all runs have got. `rates` have shape (steps,), `losses` (runs, steps). Raises ValueError for
    other shapes, fewer than three steps, and runs that diverged within three steps.
    """
    if np.ndim(losses) != 2 or np.shape(rates) != np.shape(losses)[1:] or len(rates) < 3:
        raise ValueError(
            f"rates have shape {np.shape(rates)} and losses {np.shape(losses)}; give (steps,) and "
            "(runs, steps), with at least three steps."
        )
    finite = np.asarray(np.isfinite(losses).all(axis=0))
    until = len(finite) if finite.all() else int(finite.argmin())
    if until < 3:
        raise ValueError(
            "The runs diverged within three steps: begin the range test at a lower rate."
        )
    median = np.median(losses[:, :until], axis=0)
    smooth = gaussian_filter1d(median, len(rates) / 20, mode="nearest")
    return {
        "steepest descent of the loss": float(rates[np.gradient(smooth).argmin()]),
        "a tenth of the rate with the lowest loss": float(rates[smooth.argmin()] / 10),
    }
