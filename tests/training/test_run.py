"""What a run has of its own, and where its random numbers come from."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from helpers import training
from helpers.training import Run, as_runs, frozen_order, generator, seeds
from helpers.training.frozen import philox
from helpers.training.run import LARGEST, SEEDS, runs_of
from tests.training.small import build


def test_a_run_is_a_plain_value():
    assert replace(Run(3), learning_rate=0.1) == Run(seed=3, learning_rate=0.1)


def test_seeds_of_seed_zero_begin_at_zero():
    assert list(seeds(0, 5)) == [0, 1, 2, 3, 4]


def test_seeds_of_different_seeds_have_none_in_common():
    found = [seed for number in (0, 1, 2, 7) for seed in seeds(number, SEEDS)]
    assert len(set(found)) == len(found) == 4 * SEEDS


def test_seeds_of_more_runs_begin_with_those_of_fewer():
    assert seeds(3, 20)[:5] == seeds(3, 5)


def test_the_largest_seed_is_one_that_numpy_and_keras_take():
    last = seeds(LARGEST, SEEDS)[-1]
    assert last < 2**32
    keras.utils.set_random_seed(last)
    np.random.RandomState(last)


@pytest.mark.parametrize("seed", [-1, 1.0, "0", None, LARGEST + 1])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="SEED is"):
        seeds(seed, 5)


@pytest.mark.parametrize("runs", [0, -1, 2.0, "5", None, SEEDS + 1])
def test_bad_numbers_of_runs_are_refused(runs):
    with pytest.raises(ValueError, match="RUNS is"):
        seeds(0, runs)


def test_seeds_take_numbers_of_numpy():
    assert seeds(np.int64(2), np.int32(3)) == seeds(2, 3)


def test_a_generator_repeats_and_differs_by_seed():
    draws = {seed: generator(seed).random(4).tolist() for seed in range(5)}
    assert generator(3).random(4).tolist() == draws[3]
    assert len({tuple(draw) for draw in draws.values()}) == 5


ZERO = pytest.param(
    0,
    marks=pytest.mark.xfail(strict=True, reason="NumPy takes the seeds 0 and [0, 0] for the same"),
)


@pytest.mark.parametrize("seed", [ZERO, 1, 2, 10_000, LARGEST * SEEDS])
def test_a_generator_is_independent_of_the_order(seed):
    """The order of the minibatches is drawn by `default_rng(seed)`."""
    assert not set(generator(seed).random(100)) & set(np.random.default_rng(seed).random(100))


def test_one_run_for_each_sample():
    samples = [[3, 1, 1], np.array([0, 2])]
    runs = as_runs(samples, seed=7)
    assert [run.seed for run in runs] == [7, 8]
    assert [run.train_rows.tolist() for run in runs] == [[3, 1, 1], [0, 2]]


def test_runs_are_runs_or_seeds():
    run = Run(5, learning_rate=0.1)
    assert runs_of([0, np.int64(3), run]) == [Run(0), Run(3), run]
    assert runs_of(seeds(1, 2)) == [Run(10_000), Run(10_001)]


@pytest.mark.parametrize("runs", [5, np.int64(5)])
def test_a_bare_number_of_runs_is_refused(runs):
    with pytest.raises(ValueError, match=r"give seeds, for example training.seeds\(SEED, 5\)"):
        runs_of(runs)


@pytest.mark.parametrize("runs", [["0"], [1.0], [None], [[0, 1]]])
def test_what_is_no_run_is_refused(runs):
    with pytest.raises(ValueError, match="must hold training.Run or seeds"):
        runs_of(runs)


def test_a_seeded_model_is_that_of_keras():
    keras.utils.set_random_seed(4)
    expected = build().get_weights()
    for ours, theirs in zip(training.seeded(build, 4).get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


class Recorder(keras.Model):
    """Trains nothing and notes the minibatches that `model.fit` hands out."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def train_step(self, data):
        self.seen.append(data[0].numpy())
        return {"loss": 0.0}


def test_philox_gives_the_numbers_of_its_inventors():
    """Source: Random123's known answers, kat_vectors."""
    (first, *_) = philox(0, 0, 2)
    assert first.tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


@pytest.mark.parametrize(("rows", "seed"), [(50, 0), (50, 1), (101, 42), (1, 3), (9, 2**32 - 1)])
def test_frozen_order_is_that_of_a_seeded_fit(rows, seed):
    """Claim NEW-01, seen in the minibatches of three epochs."""
    keras.utils.set_random_seed(seed)
    model = Recorder()
    model.compile(run_eagerly=True)
    model.fit(np.arange(rows), np.zeros(rows), batch_size=16, epochs=3, verbose=0)
    epochs = np.concatenate(model.seen).reshape(3, rows)
    np.testing.assert_array_equal(epochs, np.tile(frozen_order(rows, seed), (3, 1)))
