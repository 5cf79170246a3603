"""The notes' range test and scheduler: what they note down, and where they end."""

import numpy as np

from helpers.exercises.core import Mistake, writing

# 3 ------------------------------------------------------------------------------------------------


def batch_losses(means): ...  # return the loss of every single minibatch


def batch_losses_solution(means):
    totals = np.asarray(means) * np.arange(1, len(means) + 1)
    return np.diff(totals, prepend=0)


def batch_losses_one_by_one(means):
    losses = []
    for count, mean in enumerate(means, start=1):
        losses.append(count * mean - sum(losses))
    return losses


def batch_losses_by_difference(means):
    return np.diff(means, prepend=0)


def batch_losses_as_sums(means):
    return np.asarray(means) * np.arange(1, len(means) + 1)


def batch_losses_counted_from_zero(means):
    return np.diff(np.asarray(means) * np.arange(len(means)), prepend=0)


def batch_losses_without_the_first(means):
    return np.diff(np.asarray(means) * np.arange(1, len(means) + 1))


def batch_losses_averaged_again(means):
    return np.cumsum(means) / np.arange(1, len(means) + 1)


def some_means(seed: int) -> tuple:
    losses = np.random.default_rng(seed).uniform(0.5, 3.0, 5 + seed)
    return (np.cumsum(losses) / np.arange(1, len(losses) + 1),)


unsmearing = writing(
    "unsmearing",
    stub=batch_losses,
    reference=batch_losses_solution,
    cases=tuple(map(some_means, range(3))),
    praise=(
        "Nothing was lost, only hidden: the mean times its count is a sum, and sums can be taken"
        " apart."
    ),
    hints=(
        "The mean of the first k losses, times k, is their sum.",
        "The sum of the first k losses less the sum of the first k - 1 is the k-th loss.",
    ),
    equivalents=(batch_losses_one_by_one,),
    mistakes=(
        Mistake(
            batch_losses_by_difference,
            "You subtract means from each other. Make sums of them first: the k-th mean times k.",
        ),
        Mistake(
            batch_losses_as_sums,
            "These are the sums of all losses so far: now subtract each from the next.",
        ),
        Mistake(
            batch_losses_counted_from_zero,
            "You count from 0, but the first mean is over one minibatch, the second over two.",
        ),
        Mistake(
            batch_losses_without_the_first,
            "The loss of the first minibatch is missing: it is the first mean itself.",
        ),
        Mistake(
            batch_losses_averaged_again,
            "You average the means once more; they are to be taken apart.",
        ),
    ),
)

# 4 ------------------------------------------------------------------------------------------------


def rate_at(iteration, iterations, max_rate, start_rate=None):
    # This is the notes' scheduler, as one function.
    start_rate = start_rate or max_rate / 10
    last_rate = start_rate / 1000
    half = (iterations - (iterations // 10 + 1)) // 2
    if iteration < half:
        return start_rate + (max_rate - start_rate) * iteration / half
    if iteration < 2 * half:
        return max_rate + (start_rate - max_rate) * (iteration - half) / half
    return start_rate + (last_rate - start_rate) * (iteration - 2 * half) / (iterations - 2 * half)


def cycle_at(iteration, iterations, max_rate, start_rate, end):
    """The notes' lines, with the last one ending at iteration `end`."""
    half = (iterations - (iterations // 10 + 1)) // 2
    knots = [0, half, 2 * half, end]
    return float(np.interp(iteration, knots, [start_rate, max_rate, start_rate, start_rate / 1000]))


def rate_at_solution(iteration, iterations, max_rate, start_rate=None):
    start_rate = max_rate / 10 if start_rate is None else start_rate
    last_rate = start_rate / 1000
    half = (iterations - (iterations // 10 + 1)) // 2
    if iteration < half:
        return start_rate + (max_rate - start_rate) * iteration / half
    if iteration < 2 * half:
        return max_rate + (start_rate - max_rate) * (iteration - half) / half
    last = iterations - 1
    done = min(iteration - 2 * half, last - 2 * half)
    return start_rate + (last_rate - start_rate) * done / (last - 2 * half)


def rate_at_interpolated(iteration, iterations, max_rate, start_rate=None):
    start_rate = max_rate / 10 if start_rate is None else start_rate
    return cycle_at(iteration, iterations, max_rate, start_rate, iterations - 1)


def rate_at_cut_off_at_zero(iteration, iterations, max_rate, start_rate=None):
    return max(0.0, rate_at(iteration, iterations, max_rate, start_rate))


def rate_at_one_step_late(iteration, iterations, max_rate, start_rate=None):
    start_rate = max_rate / 10 if start_rate is None else start_rate
    return cycle_at(iteration, iterations, max_rate, start_rate, iterations)


def rate_at_one_step_late_and_starting_high(iteration, iterations, max_rate, start_rate=None):
    return cycle_at(iteration, iterations, max_rate, start_rate or max_rate / 10, iterations)


def rate_at_starting_high(iteration, iterations, max_rate, start_rate=None):
    return cycle_at(iteration, iterations, max_rate, start_rate or max_rate / 10, iterations - 1)


def rate_at_jumping_back(iteration, iterations, max_rate, start_rate=None):
    return rate_at_interpolated(iteration % iterations, iterations, max_rate, start_rate)


repairing = writing(
    "repairing",
    stub=rate_at,
    reference=rate_at_solution,
    cases=(
        *((iteration, 100, 1.0) for iteration in (0, 20, 44, 60, 88, 95, 99, 100, 114, 300)),
        *((iteration, 41, 0.5, 0.0) for iteration in (0, 9, 40, 43)),
        (7, 41, 0.5, 0.2),
    ),
    praise=(
        "It arrives at its last step, and stays there. `schedules.one_cycle` has it as an array,"
        " with the momentum."
    ),
    hints=(
        (
            "For which iteration does the last line give last_rate exactly? Is there such an"
            " iteration in training?"
        ),
        "What does the last line give at iteration 114 of 100? And what is `0 or 0.1`?",
    ),
    equivalents=(rate_at_interpolated,),
    mistakes=(
        Mistake(
            rate_at_cut_off_at_zero,
            "Cut off at 0 the rate is not negative, but it misses last_rate before and after the"
            " end.",
        ),
        Mistake(
            rate_at_one_step_late,
            "The line ends at iteration `iterations`, which is never reached: the last one is"
            " `iterations - 1`.",
        ),
        Mistake(
            rate_at_one_step_late_and_starting_high,
            "It no longer turns negative. Two things are left: it arrives one iteration too late,"
            " and `0 or x` is x.",
        ),
        Mistake(
            rate_at_starting_high,
            "The end is right. But Python takes 0 for false, so a start_rate of 0 becomes max_rate"
            " / 10.",
        ),
        Mistake(
            rate_at_jumping_back,
            "After the end your cycle begins anew; the rate should stay where it ended.",
        ),
    ),
)
