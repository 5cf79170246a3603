"""Which minibatches `model.fit` brings, and a source of them that shuffles by itself."""

from itertools import islice

import keras
import numpy as np
import tensorflow as tf

from helpers.exercises.core import Exercise, Mistake, call, expect, prediction, writing
from helpers.nets.feeding import shuffled_batches

# 1 ------------------------------------------------------------------------------------------------

SAME, NEW = "the same every epoch", "new every epoch"


def renewed(*recorded) -> dict:
    """Whether the epochs of each recording differ: see `helpers.nets.recording`."""
    asked = ("arrays, no seed", "arrays, a seed", "tf.data, a seed")
    return {
        question: SAME if all(epoch == epochs[0] for epoch in epochs) else NEW
        for question, epochs in zip(asked, recorded, strict=True)
    }


shuffle_prediction = prediction(
    "shuffle_prediction",
    choices=(SAME, NEW),
    truth=renewed,
    evidence=([[[0], [1]], [[1], [0]]], [[[1], [0]], [[1], [0]]], [[[0], [1]], [[1], [0]]]),
    reasons={
        ("arrays, no seed", SAME): (
            "Without a seed TensorFlow draws a random one each time the pipeline starts, so each "
            "epoch has an order of its own."
        ),
        ("arrays, a seed", NEW): (
            "That is what everybody expects. Look at the recording: the shuffle starts again from "
            "the seed at the beginning of every epoch."
        ),
        ("tf.data, a seed", SAME): (
            "A tf.data shuffle keeps its generator from epoch to epoch, unless you tell it not to."
        ),
    },
    praise="Only one of the three repeats itself: arrays, after a seed.",
    hints=("A seed fixes the first order. What has to be remembered, so that the second differs?",),
)

# 2 ------------------------------------------------------------------------------------------------


def same_company(epochs):
    # This asks whether the epochs are the same, list by list. What should it ask?
    return all(epoch == epochs[0] for epoch in epochs)


def same_company_solution(epochs):
    def groups(epoch):
        return {frozenset(batch) for batch in epoch}

    return all(groups(epoch) == groups(epochs[0]) for epoch in epochs)


def same_company_sorted(epochs):
    return len({str(sorted(sorted(batch) for batch in epoch)) for epoch in epochs}) == 1


def same_batches_in_order(epochs):
    return all([set(b) for b in epoch] == [set(b) for b in epochs[0]] for epoch in epochs)


def same_batches_unsorted(epochs):
    return all(sorted(map(tuple, epoch)) == sorted(map(tuple, epochs[0])) for epoch in epochs)


def same_rows(epochs):
    return len({str(sorted(row for batch in epoch for row in batch)) for epoch in epochs}) == 1


def same_in_two(epochs):
    first, second, *_ = ({frozenset(batch) for batch in epoch} for epoch in epochs)
    return first == second


comparing_company = writing(
    "comparing_company",
    stub=same_company,
    reference=same_company_solution,
    cases=(
        ([[[0, 1], [2, 3]], [[0, 1], [2, 3]]],),
        ([[[0, 1], [2, 3]], [[2, 3], [0, 1]]],),
        ([[[0, 1], [2, 3]], [[1, 0], [3, 2]]],),
        ([[[0, 1], [2, 3]], [[0, 2], [1, 3]]],),
        ([[[0, 1], [2, 3]], [[3, 2], [1, 0]], [[0, 3], [1, 2]]],),
    ),
    praise=(
        "Batch normalization sees who is in a minibatch, not in which order: this is the question "
        "to ask of it."
    ),
    hints=(
        "Two minibatches with the same rows in another order have the same mean and variance.",
        "Turn each epoch into a set of frozensets, and compare these.",
    ),
    equivalents=(same_company_sorted,),
    mistakes=(
        Mistake(
            same_batches_in_order,
            "If the same minibatches come in another order, every row still has the same company.",
        ),
        Mistake(
            same_batches_unsorted,
            "The order within a minibatch makes no difference to its mean and variance.",
        ),
        Mistake(
            same_rows,
            "Every epoch has all rows, so this is always true. Look at each minibatch by itself.",
        ),
        Mistake(same_in_two, "You compare the first two epochs only: a third may differ."),
    ),
)

# 3 ------------------------------------------------------------------------------------------------


def source(
    x, y, batch_size, seed
): ...  # return a tf.data.Dataset (or a keras.utils.PyDataset) of minibatches


def source_by_index(x, y, batch_size, seed):
    rows = (
        tf.data.Dataset.range(len(x)).shuffle(len(x), seed=seed).batch(batch_size)
    )  # reshuffles by default
    return rows.map(lambda index: (tf.gather(x, index), tf.gather(y, index)))


def source_frozen(x, y, batch_size, seed):
    rows = tf.data.Dataset.from_tensor_slices((x, y))
    return rows.shuffle(len(x), seed=seed, reshuffle_each_iteration=False).batch(batch_size)


def source_batching_first(x, y, batch_size, seed):
    rows = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size)
    return rows.shuffle(len(x), seed=seed, reshuffle_each_iteration=True)


def source_unseeded(x, y, batch_size, seed):
    order = tf.data.Dataset.from_generator(
        lambda: iter(np.random.default_rng().permutation(len(x))),
        output_signature=tf.TensorSpec((), tf.int64),
    )
    return order.map(lambda row: (tf.gather(x, row), tf.gather(y, row))).batch(batch_size)


def source_of_one_seed(x, y, batch_size, seed):
    return shuffled_batches(x, y, batch_size, 42)


def source_with_a_small_buffer(x, y, batch_size, seed):
    rows = tf.data.Dataset.from_tensor_slices((x, y))
    return rows.shuffle(batch_size, seed=seed, reshuffle_each_iteration=True).batch(batch_size)


def source_shuffling_apart(x, y, batch_size, seed):
    parts = [
        tf.data.Dataset.from_tensor_slices(part).shuffle(len(x), seed=seed + n)
        for n, part in enumerate((x, y))
    ]
    return tf.data.Dataset.zip(*parts).batch(batch_size)


def source_in_order(x, y, batch_size, seed):
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size)


def source_without_end(x, y, batch_size, seed):
    rows = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=seed)
    return rows.batch(batch_size).repeat()


class ShuffledAtTheBeginning(keras.utils.PyDataset):
    """Minibatches of arrays, in an order that is drawn when an epoch begins."""

    def __init__(self, x, y, batch_size, seed):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.generator, self.order = np.random.default_rng(seed), np.arange(len(x))

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, number):
        rows = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        return self.x[rows], self.y[rows]

    def on_epoch_begin(self):
        """Draw an order, as model.fit asks for."""
        self.order = self.generator.permutation(len(self.x))


def source_of_a_class(x, y, batch_size, seed):
    return ShuffledAtTheBeginning(x, y, batch_size, seed)


FROZEN = (
    "Both epochs have the same minibatches: the order was drawn once. It has to be drawn again each"
    " time the source is read."
)
BATCHED = (
    "The order of the minibatches changes, but each of them holds the same rows in every epoch:"
    " shuffle first, then batch."
)
UNSEEDED = (
    "A second source with the same seed gives other minibatches, so your run cannot be repeated:"
    " pass the seed on."
)
ONE_SEED = "Two different seeds give the same minibatches: use the seed you are given."
BUFFER = (
    "The first minibatch only ever holds early rows: a shuffle buffer as small as a minibatch mixes"
    " neighbors only. Make it as large as the data."
)
APART = "Inputs and targets no longer belong together: shuffle the pairs, not each part by itself."
ENDLESS = (
    "Your source does not end after an epoch. Leave out .repeat(): model.fit reads the source once "
    "an epoch."
)
ORDERED = "Your minibatches are in the order of the data: nothing is shuffled."


def epoch_of(found, most: int) -> list:
    """The minibatches of one epoch, as pairs of lists of row numbers (from x, from y)."""
    if hasattr(found, "on_epoch_end"):  # a PyDataset, read as model.fit reads it
        if hasattr(found, "on_epoch_begin"):
            found.on_epoch_begin()
        pairs = [found[number] for number in range(min(len(found), most + 1))]
        found.on_epoch_end()
    else:
        pairs = list(islice(found, most + 1))
    expect(len(pairs) <= most, ENDLESS)
    return [(np.ravel(x).astype(int).tolist(), np.ravel(y).astype(int).tolist()) for x, y in pairs]


def examine_source(answer) -> str:
    rows, size = 64, 8
    x, y = np.arange(rows, dtype=np.float32)[:, None], np.arange(rows, dtype=np.float32)
    here, again, other = (call(answer, x, y, size, seed) for seed in (3, 3, 4))
    first, second, repeated, different = (
        epoch_of(here, rows),
        epoch_of(here, rows),
        epoch_of(again, rows),
        epoch_of(other, rows),
    )
    for epoch in (first, second):
        expect(all(a == b for a, b in epoch), APART)
        seen = sorted(row for batch, _ in epoch for row in batch)
        expect(
            seen == list(range(rows)),
            "Every row should come once an epoch; yours are missing or repeated.",
        )
        expect(
            {len(batch) for batch, _ in epoch} == {size},
            f"The minibatches should have {size} rows.",
        )
    contents = [sorted(batch) for batch, _ in first]
    expect([row for batch, _ in first for row in batch] != list(range(rows)), ORDERED)
    expect(first != second, FROZEN)
    expect(sorted(contents) != sorted(sorted(batch) for batch, _ in second), BATCHED)
    expect(max(contents[0]) >= 3 * size, BUFFER)
    expect(first == repeated, UNSEEDED)
    expect(first != different, ONE_SEED)
    return (
        "New minibatches in every epoch, the same in every run with the same seed: now a seed does"
        " what it should."
    )


feeding = Exercise(
    "feeding",
    stub=source,
    reference=shuffled_batches,
    examine=examine_source,
    hints=(
        (
            "tf.data.Dataset.from_tensor_slices((x, y)) gives pairs, one row each; .shuffle(...)"
            " and .batch(...) do the rest."
        ),
        "Look up what `buffer_size`, `seed` and `reshuffle_each_iteration` of `shuffle` mean.",
    ),
    equivalents=(source_by_index, source_of_a_class),
    mistakes=(
        Mistake(source_frozen, FROZEN),
        Mistake(source_batching_first, BATCHED),
        Mistake(source_unseeded, UNSEEDED),
        Mistake(source_of_one_seed, ONE_SEED),
        Mistake(source_with_a_small_buffer, BUFFER),
        Mistake(source_shuffling_apart, APART),
        Mistake(source_in_order, ORDERED),
        Mistake(source_without_end, ENDLESS),
    ),
)
