"""Two switches that are easily confused, and a source of minibatches for `model.fit`."""

import numpy as np
import tensorflow as tf

from helpers.exercises.core import Exercise, Mistake, call, expect, prediction
from helpers.nets.feeding import shuffled_batches

# 8 ------------------------------------------------------------------------------------------------

BOTH, ONLY_WEIGHTS, ONLY_AVERAGES, NOTHING = "both", "gamma only", "moving mean only", "nothing"


def moved(plain, evaluating, frozen) -> dict:
    """What changed, from pairs (did gamma change, did the moving mean change)."""
    words = {
        (True, True): BOTH,
        (True, False): ONLY_WEIGHTS,
        (False, True): ONLY_AVERAGES,
        (False, False): NOTHING,
    }
    found = {
        "training=True": plain,
        "training=False": evaluating,
        "training=True, trainable=False": frozen,
    }
    return {name: words[bool(gamma), bool(mean)] for name, (gamma, mean) in found.items()}


mode_prediction = prediction(
    "mode_prediction",
    choices=(BOTH, ONLY_WEIGHTS, ONLY_AVERAGES, NOTHING),
    truth=moved,
    evidence=((True, True), (True, False), (False, False)),
    reasons={
        (
            "training=True",
            ONLY_WEIGHTS,
        ): "In training mode the layer also follows its batches: the moving mean takes a step.",
        (
            "training=False",
            NOTHING,
        ): (
            "`training=False` is PyTorch's eval(): it chooses what the layer computes. "
            "Gradients flow as before, and the optimizer applies them."
        ),
        (
            "training=False",
            BOTH,
        ): "With training=False the layer reads its moving averages and does not write them.",
        (
            "training=True, trainable=False",
            ONLY_AVERAGES,
        ): (
            "For most layers `trainable` only stops the gradient step. Batch normalization makes an"
            " exception in Keras: frozen, it runs in inference mode whatever you pass."
        ),
        (
            "training=True, trainable=False",
            BOTH,
        ): "A frozen layer is left out of model.trainable_variables: no gradient step for gamma.",
    },
    praise=(
        "`training` chooses what is computed, `trainable` what is learned; a frozen batch"
        " normalization does neither."
    ),
    hints=(
        (
            "Which of the two words says how the outputs are computed, and which says what the"
            " optimizer gets?"
        ),
    ),
)


# 9 ------------------------------------------------------------------------------------------------


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
    " neighbours only. Make it as large as the data."
)
APART = "Inputs and targets no longer belong together: shuffle the pairs, not each part by itself."
ORDERED = "Your minibatches are in the order of the data: nothing is shuffled."


def epoch_of(found) -> list:
    """The minibatches of one epoch, as pairs of lists of row numbers (from x, from y)."""
    if hasattr(found, "on_epoch_end"):  # a PyDataset, read as model.fit reads it
        pairs = [found[number] for number in range(len(found))]
        found.on_epoch_end()
    else:
        pairs = list(found)
    return [(np.ravel(x).astype(int).tolist(), np.ravel(y).astype(int).tolist()) for x, y in pairs]


def examine_source(answer) -> str:
    rows, size = 64, 8
    x, y = np.arange(rows, dtype=np.float32)[:, None], np.arange(rows, dtype=np.float32)
    here, again, other = (call(answer, x, y, size, seed) for seed in (3, 3, 4))
    first, second, repeated, different = (
        epoch_of(here),
        epoch_of(here),
        epoch_of(again),
        epoch_of(other),
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
            f"Asked for were minibatches of {size} rows.",
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
    equivalents=(source_by_index,),
    mistakes=(
        Mistake(source_frozen, FROZEN),
        Mistake(source_batching_first, BATCHED),
        Mistake(source_unseeded, UNSEEDED),
        Mistake(source_of_one_seed, ONE_SEED),
        Mistake(source_with_a_small_buffer, BUFFER),
        Mistake(source_shuffling_apart, APART),
        Mistake(source_in_order, ORDERED),
    ),
)
