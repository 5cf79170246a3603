"""Plans: the shape of a schedule, and what runs with it will show."""

import numpy as np

from helpers.exercises.core import Mistake, prediction, writing

# 1 ------------------------------------------------------------------------------------------------

LOWER, HIGHER = "lower", "higher"


def after_the_drop(losses: dict) -> dict:
    """Where the loss of each twin lies, compared with "rate kept", on average over the runs."""
    steady = np.mean(losses["rate kept"])
    return {
        name: LOWER if np.mean(values) < steady else HIGHER
        for name, values in losses.items()
        if name != "rate kept"
    }


drop_prediction = prediction(
    "drop_prediction",
    choices=(LOWER, HIGHER),
    truth=after_the_drop,
    evidence=(
        {
            "rate kept": [0.5, 0.4],
            "rate lowered": [0.8, 0.9],
            "rate and velocity lowered": [0.4, 0.3],
        },
    ),
    reasons={
        (
            "rate lowered",
            LOWER,
        ): (
            "You would think so. But the velocity still holds steps of the former rate. It carries"
            " the network on at the old speed, and the gradients, times the new rate, are too weak"
            " to steer."
        ),
        (
            "rate and velocity lowered",
            HIGHER,
        ): (
            "A hundred times smaller steps learn little that is new, but they need not: with large"
            " steps the network was hopping around the bottom of a valley, and the small ones let"
            " it sink in."
        ),
    },
    praise="The small rate lets the network settle, but only if the velocity is told of it.",
    hints=(
        (
            "In Keras v <- m v - rate * g, and the weights move by v. What is in v just after the"
            " rate has changed?"
        ),
        (
            "With a constant rate a noisy descent does not stop at the minimum (lesson 3). What"
            " does it do?"
        ),
    ),
)

# 2 ------------------------------------------------------------------------------------------------


def cosine(steps, first, last): ...  # return an array with one rate for each step


def cosine_solution(steps, first, last):
    done = np.arange(steps) / (steps - 1)
    return last + (first - last) * (1 + np.cos(np.pi * done)) / 2


def cosine_as_square(steps, first, last):
    return last + (first - last) * np.cos(np.linspace(0, np.pi / 2, steps)) ** 2


def cosine_step_by_step(steps, first, last):
    return [
        first + (last - first) * (1 - np.cos(np.pi * step / (steps - 1))) / 2
        for step in range(steps)
    ]


def cosine_never_arriving(steps, first, last):
    return last + (first - last) * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2


def quarter_of_a_cosine(steps, first, last):
    return last + (first - last) * np.cos(np.linspace(0, np.pi / 2, steps))


def whole_cosine(steps, first, last):
    return last + (first - last) * (1 + np.cos(np.linspace(0, 2 * np.pi, steps))) / 2


def cosine_on_top(steps, first, last):
    return last + first * (1 + np.cos(np.linspace(0, np.pi, steps))) / 2


def cosine_to_zero(steps, first, last):
    return first * (1 + np.cos(np.linspace(0, np.pi, steps))) / 2


def cosine_below_zero(steps, first, last):
    return last + (first - last) * np.cos(np.linspace(0, np.pi, steps))


cosine_decay = writing(
    "cosine_decay",
    stub=cosine,
    reference=cosine_solution,
    cases=((5, 1.0, 0.0), (11, 0.1, 0.01), (2, 0.3, 0.1)),
    praise="Keras's CosineDecay(first, decay_steps=steps - 1, alpha=last / first), as an array.",
    hints=(
        (
            "Let `done` run from 0 at the first step to 1 at the last one: with 5 steps it is 0,"
            " 1/4, 2/4, 3/4, 1."
        ),
        (
            "cos(pi * done) goes from 1 to -1. Shift and scale it so that it goes from 1 to 0, then"
            " place it between the rates."
        ),
    ),
    equivalents=(cosine_as_square, cosine_step_by_step),
    mistakes=(
        Mistake(
            cosine_never_arriving,
            "You divide the step by `steps`. The steps are counted from 0, so the last is `steps -"
            " 1`, and your schedule stops just before it arrives.",
        ),
        Mistake(
            quarter_of_a_cosine,
            "That is a quarter of a cosine: it ends at its steepest. Half of one is flat at both"
            " ends.",
        ),
        Mistake(whole_cosine, "That is a whole cosine: it comes back to where it began."),
        Mistake(
            cosine_on_top,
            "You add `last` to a curve of height `first`, so that it begins too high: its height is"
            " first - last.",
        ),
        Mistake(cosine_to_zero, "It always ends at 0: `last` is not used."),
        Mistake(
            cosine_below_zero,
            "A cosine goes from 1 to -1: as it stands, your rate passes `last` on its way and goes"
            " on down.",
        ),
    ),
)

# 5 ------------------------------------------------------------------------------------------------

CYCLE, FIXED = "1cycle", "constant"


def winner_by_budget(accuracies: dict) -> dict:
    """Which of two plans is more accurate, for each number of epochs: from number -> (1cycle,
    constant), one value a run.
    """
    return {
        f"{epochs} epochs": CYCLE if np.mean(cycle) > np.mean(constant) else FIXED
        for epochs, (cycle, constant) in accuracies.items()
    }


budget_prediction = prediction(
    "budget_prediction",
    choices=(CYCLE, FIXED),
    truth=winner_by_budget,
    evidence=({2: ([0.74, 0.75], [0.77, 0.78]), 8: ([0.84, 0.85], [0.81, 0.82])},),
    reasons={
        (
            "2 epochs",
            CYCLE,
        ): (
            "Not here: in so few steps a warm-up, and a tail in which little moves, cost more than"
            " the high rate between them brings in."
        ),
        (
            "8 epochs",
            FIXED,
        ): (
            "Not here: with time for the whole cycle, the descent at its end pays for everything"
            " before."
        ),
    },
    praise=(
        "Compare schedules at the budget that you have: the order at one budget says little about"
        " another."
    ),
    hints=(
        (
            "What does 1cycle do in its first half, and in its last tenth? What do these cost if"
            " there are few steps?"
        ),
    ),
)
