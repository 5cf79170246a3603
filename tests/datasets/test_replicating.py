"""Replicates of a pool: which rows they share, and what that does to the interval of a mean."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.model_selection import ShuffleSplit

from helpers import claims, datasets, training
from helpers.datasets import dividing
from helpers.datasets.dividing import Sizes

SEEDS = range(30)
SIZES = {"train": 100, "valid": 20, "test": 80}
NOTHING = np.array([], int)


def rows_of(pool, part):
    return [set(getattr(division, part).tolist()) for division in pool.divisions]


def shared(rows):
    return [len(one & other) for one, other in combinations(rows, 2)]


def check_parts(pool, sizes):
    every = set(range(len(pool.y_train)))
    for division in pool.divisions:
        parts = {name: set(rows.tolist()) for name, rows in division._asdict().items()}
        assert {name: len(rows) for name, rows in parts.items()} == sizes
        assert {name: len(rows) for name, rows in division._asdict().items()} == sizes
        assert len(set.union(*parts.values())) == sum(sizes.values())
        assert set.union(*parts.values()) <= every


def test_the_pool_is_every_distinct_row_once(splits):
    for name, distinct in (("wine", 1_359), ("digits", 1_797), ("fashion", 12_000)):
        pool, given = datasets.replicates(name, SEEDS, **SIZES), splits[name]
        assert len(pool.y_train) == distinct == len(set(dividing.digests(pool.x_train)))
        assert len(pool.y_valid) == len(pool.y_test) == 0
        pairs = [
            set(zip(dividing.digests(x), y.tolist(), strict=True))
            for x, y in ((pool.x_train, pool.y_train), (given.x_train, given.y_train))
        ]
        assert len(pairs[1] - pairs[0]) < 0.01 * len(pairs[1])  # equal wines with unequal scores


def test_a_stand_in_shows_each_item_once():
    pool = datasets.replicates("cifar10", [0], **SIZES)
    assert len(pool.y_train) == 12_000
    assert (np.bincount(pool.y_train) == 1_200).all()


def test_nothing_overlaps_where_the_pool_allows_it():
    pool = datasets.replicates("fashion", SEEDS, **SIZES)
    check_parts(pool, SIZES)
    for part in ("train", "valid", "test"):
        assert max(shared(rows_of(pool, part))) == 0
    assert pool.correlation == 0
    assert "30 x 100 training + 20 validation + 80 test, disjoint" in str(pool)


def test_training_rows_are_disjoint_where_test_rows_cannot_be():
    sizes = {"train": 300, "valid": 0, "test": 1_000}
    pool = datasets.replicates("fashion", SEEDS, **sizes)
    check_parts(pool, sizes)
    assert max(shared(rows_of(pool, "train"))) == 0
    found = np.mean(shared(rows_of(pool, "test"))) / 1_000
    assert pool.correlation == 1_000 / 12_000
    assert 0.9 * pool.correlation < found < 1.02 * pool.correlation
    assert "training rows disjoint" in str(pool)


@pytest.mark.parametrize(("train", "test"), [(150, 500), (900, 300)])
def test_small_pools_overlap_as_shuffle_split_does(train, test):
    pool = datasets.replicates("digits", SEEDS, train=train, valid=50, test=test)
    check_parts(pool, {"train": train, "valid": 50, "test": test})
    splits = ShuffleSplit(30, train_size=train, test_size=test, random_state=0)
    parts = zip(*splits.split(pool.x_train), strict=True)
    for part, size, theirs in zip(("train", "test"), (train, test), parts, strict=True):
        ours = np.mean(shared(rows_of(pool, part))) / size
        expected = np.mean(shared([set(rows.tolist()) for rows in theirs])) / size
        assert abs(ours - expected) < 0.01
        assert abs(ours - size / 1_797) < 0.01
    assert pool.correlation == min(max(train, test) / 1_797, test / (train + test))
    assert "overlapping" in str(pool)


def test_more_replicates_begin_with_the_training_rows_of_fewer():
    few, many = (
        datasets.replicates("fashion", range(count), train=300, test=500) for count in (5, 30)
    )
    for one, other in zip(few.divisions, many.divisions, strict=False):
        np.testing.assert_array_equal(one.train, other.train)


@pytest.mark.parametrize("test", [50, 1_000])
def test_what_others_were_tuned_on_is_not_tested_on(test):
    tuned = datasets.replicates("digits", range(100, 105), train=150, valid=100, test=1)
    pool = datasets.replicates("digits", range(3), train=150, test=test, apart_from=tuned)
    seen = set.union(*rows_of(tuned, "valid"))
    assert len(seen) == 500
    assert not seen & set.union(*rows_of(pool, "test"))
    assert seen & set.union(*rows_of(pool, "train"))
    assert pool.correlation == (0 if test == 50 else test / (1_797 - 500))


@pytest.mark.parametrize("name", ["moons", "polynomial", "friedman"])
def test_generated_data_are_fresh_for_every_seed(name):
    pool = datasets.replicates(name, SEEDS, **SIZES)
    check_parts(pool, SIZES)
    assert len(pool.y_train) == 30 * 200
    assert len(np.unique(pool.x_train, axis=0)) >= 5_990  # float32 has few numbers
    assert pool.correlation == 0
    again = datasets.replicates(name, [7], **SIZES)
    np.testing.assert_array_equal(
        pool.x_train[pool.divisions[7].test], again.x_train[again.divisions[0].test]
    )


def test_other_splits_have_no_divisions(splits):
    assert all(split.correlation == 0 and split.divisions == () for split in splits.values())


def test_a_pool_is_transformed_and_keeps_its_rows():
    pool = datasets.replicates("digits", SEEDS, train=150, test=500)
    scaled = pool.standardized()
    assert scaled.divisions == pool.divisions and scaled.correlation == pool.correlation
    assert abs(scaled.x_train.mean()) < 1e-5
    assert scaled.without_validation().divisions == pool.divisions
    for wrong in (lambda: pool.subset(10), lambda: pool.head(train=10)):
        with pytest.raises(ValueError, match="give datasets.replicates the numbers of rows"):
            wrong()


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"train": 1_500, "test": 500}, "do not fit into 1,797 distinct ones: ask for fewer"),
        ({"train": 0, "test": 500}, "train is 0; choose a whole number of at least 1"),
        ({"train": 10, "test": 0}, "test is 0"),
        ({"train": 10, "valid": -1, "test": 1}, "valid is -1"),
        ({"train": 10.0, "test": 1}, r"train is 10\.0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes, says):
    with pytest.raises(ValueError, match=says):
        datasets.replicates("digits", SEEDS, **sizes)


def test_seeds_and_others_that_do_not_fit_are_refused():
    for seeds, says in (([], "at least one"), ([1, 1], "none twice"), ([-1], "seed is -1")):
        with pytest.raises(ValueError, match=says):
            datasets.replicates("digits", seeds, **SIZES)
    with pytest.raises(ValueError, match="no data set 'digit'"):
        datasets.replicates("digit", SEEDS, **SIZES)
    wine = datasets.replicates("wine", [0], **SIZES)
    with pytest.raises(ValueError, match="it must be replicates of digits"):
        datasets.replicates("digits", SEEDS, **SIZES, apart_from=wine)
    tuned = datasets.replicates("digits", [0], train=100, valid=1_600, test=1)
    with pytest.raises(ValueError, match="1,600 of them kept from tests"):
        datasets.replicates("digits", SEEDS, train=100, test=100, apart_from=tuned)


def test_runs_of_the_divisions():
    pool = datasets.replicates("digits", range(3), train=150, test=500)
    runs = training.replicates(pool, range(5, 8))
    assert [run.seed for run in runs] == [5, 6, 7]
    for run, own in zip(runs, pool.divisions, strict=True):
        assert run.train_rows is own.train and run.test_rows is own.test
        assert run.valid_rows is None
    with pytest.raises(ValueError, match="3 divisions, and there are 4 seeds"):
        training.replicates(pool, range(4))
    with pytest.raises(ValueError, match="0 divisions"):
        training.replicates(datasets.load("digits"), range(4))


def test_the_corrected_interval_covers_and_the_uncorrected_does_not():
    """A replicate's value hangs on the rows trained on and the rows tested on; the truth is 0."""
    sizes, rng, covered = Sizes(60, 0, 60), np.random.default_rng(0), []
    for trial in range(1_000):
        trained_on, tested_on = rng.normal(size=(2, 150))  # a new pool
        found = dividing.divisions(150, range(trial * 30, trial * 30 + 30), sizes, NOTHING)
        values = np.array([trained_on[d.train].mean() + tested_on[d.test].mean() for d in found])
        correlation = dividing.correlation(found, 150, 0)
        ends = [claims.paired_interval(values, correlation=c) for c in (0.0, correlation)]
        covered.append([low < 0 < high for low, high in ends])
    uncorrected, corrected = np.mean(covered, axis=0)
    assert uncorrected < 0.8
    assert corrected > 0.97


def test_a_pool_that_is_ready_is_divided_as_its_data_set_is():
    ready = datasets.pool("digits").map(lambda x: x / 16)
    named, divided = (datasets.replicates(each, SEEDS, **SIZES) for each in ("digits", ready))
    for one, other in zip(named.divisions, divided.divisions, strict=True):
        assert all(map(np.array_equal, one, other))
    assert divided.correlation == named.correlation
    assert divided.title == named.title
    assert divided.x_train is ready.x_train
    apart = datasets.replicates(ready, SEEDS, **SIZES, apart_from=named)
    validated = np.concatenate([division.valid for division in named.divisions])
    assert not any(np.isin(division.test, validated).any() for division in apart.divisions)


@pytest.mark.parametrize(("name", "word"), [("moons", "generated"), ("moon", "no data set")])
def test_there_is_no_pool_of_what_is_generated_or_unknown(name, word):
    with pytest.raises(ValueError, match=word):
        datasets.pool(name)
