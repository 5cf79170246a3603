"""Exercises of lesson 03: an epoch in minibatches, and the height at which descent hovers."""

import numpy as np

from helpers.exercises.core import Exercise, Mistake, call, expect, prediction

# An epoch -----------------------------------------------------------------------------------------


def epoch(n, size, generator): ...  # return a list of arrays of row numbers


def epoch_solution(n, size, generator):
    order = generator.permutation(n)
    return [order[start : start + size] for start in range(0, n, size)]


def epoch_by_splitting(n, size, generator):
    order = np.arange(n)
    generator.shuffle(order)
    return np.split(order, range(size, n, size))


def epoch_unshuffled(n, size, generator):
    return [np.arange(start, min(start + size, n)) for start in range(0, n, size)]


def epoch_with_replacement(n, size, generator):
    return [generator.integers(0, n, min(size, n - start)) for start in range(0, n, size)]


def epoch_without_the_rest(n, size, generator):
    order = generator.permutation(n)
    return [order[start : start + size] for start in range(0, n - size + 1, size)]


def epoch_of_single_rows(n, size, generator):
    return [np.array([row]) for row in generator.permutation(n)]


def epoch_shuffled_by_batch(n, size, generator):
    found = epoch_unshuffled(n, size, generator)
    whole, rest = (found[:-1], found[-1:]) if n % size else (found, [])
    return [whole[place] for place in generator.permutation(len(whole))] + rest


def epoch_from_one(n, size, generator):
    return [batch + 1 for batch in epoch_solution(n, size, generator)]


def epoch_without_the_generator(n, size, generator):
    return epoch_solution(n, size, np.random.default_rng())


def epoch_in_one_order(n, size, generator):
    return epoch_solution(n, size, np.random.default_rng(0))


REPEATED = (
    "A row comes more than once in your epoch, so others never come: draw one order of all rows,"
    " and cut it."
)
DROPPED = (
    "Some rows never come: where the size does not divide n, the last batch is smaller, but it is"
    " still one."
)
WRONG_SIZE = "Each batch but the last should have exactly `size` rows."
UNSHUFFLED = (
    "Your epoch runs through the rows in their order. In a sorted table neighbors may all be of"
    " one class, and every step would unlearn the one before: shuffle the rows."
)
BY_BATCH = (
    "Your batches come in random order, but each holds neighboring rows, which in a sorted table"
    " may all be of one class: shuffle the rows, not only the batches."
)
FROM_ONE = "Row numbers run from 0 to n - 1; yours run up to n."
OTHER_CHANCE = "Two generators with the same seed give different results: draw from `generator`."
FROZEN = "Two epochs come in the same order: draw a new order for each, from the generator."


def examine_epoch(answer) -> str:
    for n, size in ((12, 4), (23, 5), (64, 64), (100, 32)):
        generator = np.random.default_rng(n)
        first, second = (call(answer, n, size, generator) for _ in range(2))
        rows = [np.asarray(batch) for batch in first]
        order = np.concatenate(rows)
        expect(order.max() < n, FROM_ONE)
        counts = np.bincount(order, minlength=n)
        expect((counts <= 1).all(), REPEATED)
        expect((counts == 1).all(), DROPPED)
        expect(all(len(batch) == size for batch in rows[:-1]), WRONG_SIZE)
        expect(len(rows[-1]) <= size, WRONG_SIZE)
        if size < n:
            near = [np.ptp(batch) == len(batch) - 1 for batch in rows[:-1]]
            expect(not all(near), UNSHUFFLED if (order == np.arange(n)).all() else BY_BATCH)
            expect((order != np.concatenate(second)).any(), FROZEN)
            same = call(answer, n, size, np.random.default_rng(n))
            expect((order == np.concatenate(same)).all(), OTHER_CHANCE)
    return "Each row comes once, in a new order for each epoch; the rest is a smaller batch."


making_an_epoch = Exercise(
    "making_an_epoch",
    stub=epoch,
    reference=epoch_solution,
    examine=examine_epoch,
    hints=(
        "Draw one random order of all rows: generator.permutation(n). The rest is cutting.",
        "order[start : start + size] for start = 0, size, ...; a slice may run over the end.",
    ),
    equivalents=(epoch_by_splitting,),
    mistakes=(
        Mistake(epoch_unshuffled, UNSHUFFLED),
        Mistake(epoch_shuffled_by_batch, BY_BATCH),
        Mistake(epoch_with_replacement, REPEATED),
        Mistake(epoch_without_the_rest, DROPPED),
        Mistake(epoch_of_single_rows, WRONG_SIZE),
        Mistake(epoch_from_one, FROM_ONE),
        Mistake(epoch_without_the_generator, OTHER_CHANCE),
        Mistake(epoch_in_one_order, FROZEN),
    ),
)


# Hovering -----------------------------------------------------------------------------------------

LOWER, SAME, HIGHER = "lower", "about the same", "higher"


def compared(value, usual) -> str:
    """Lower or higher by a factor of two at least, or about the same; medians over the runs."""
    ratio = np.median(value) / np.median(usual)
    return LOWER if ratio < 0.5 else HIGHER if ratio > 2 else SAME


def heights(usual, smaller_rate, falling_rate, early) -> dict:
    """The heights above the lowest loss, each compared with the usual one."""
    return {
        "a rate ten times smaller": compared(smaller_rate, usual),
        "a rate that falls": compared(falling_rate, usual),
        "a tenth of the passes": compared(early, usual),
    }


hovering_prediction = prediction(
    "hovering_prediction",
    choices=(LOWER, SAME, HIGHER),
    truth=heights,
    evidence=([0.1, 0.12], [0.01, 0.012], [0.002, 0.001], [0.1, 0.13]),
    reasons={
        ("a rate ten times smaller", SAME): (
            "Near the minimum each wine still pushes its own way, by the rate times its gradient:"
            " a smaller rate makes these pushes smaller."
        ),
        ("a rate ten times smaller", HIGHER): (
            "It would be higher after a few steps only. After this many the small rate has arrived,"
            " and its pushes are smaller."
        ),
        (
            "a rate that falls",
            SAME,
        ): "The pushes grow smaller with the rate, and so does the height.",
        ("a rate that falls", HIGHER): (
            "It falls slowly enough to arrive, and then the pushes grow smaller and smaller."
        ),
        ("a tenth of the passes", LOWER): "Nothing that comes later makes the descent worse.",
        ("a tenth of the passes", HIGHER): (
            "It has arrived by then. What is left is not distance still to go but noise, and more"
            " steps do not make noise smaller."
        ),
    },
    praise="The rate sets the height, and time does not help: only a falling rate lets it settle.",
    hints=(
        "At the minimum the mean gradient is zero. Is the gradient of a single wine?",
        "How far does one wine push the weights, and what is that proportional to?",
    ),
)
