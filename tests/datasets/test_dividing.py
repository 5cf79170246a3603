"""How rows are divided: copies together, classes in proportion, nothing lost, nothing twice."""

import numpy as np
import pytest

from helpers.datasets import dividing

ROWS = np.arange(200)
LABELS = ROWS % 4


def test_originals_are_the_first_of_equal_keys():
    assert dividing.originals(["a", "b", "a", "c", "b"]).tolist() == [0, 1, 0, 3, 1]


@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_digests_are_equal_for_equal_rows_only(kind):
    x = np.random.default_rng(0).integers(0, 3, size=(100, 2, 2)).astype(kind)
    digests = dividing.digests(x)
    for row, digest in zip(x, digests, strict=True):
        same = [(row == other).all() for other in x]
        assert same == [digest == other for other in digests]
    assert digests == dividing.digests(np.asfortranarray(x))


def test_a_cut_puts_every_row_on_one_side_with_its_copies():
    rest, second = dividing.cut(np.arange(40), np.repeat(np.arange(20), 2), 0.5, seed=3)
    assert sorted([*rest, *second]) == list(range(40))
    assert not set(rest // 2) & set(second // 2)
    assert len(set(second // 2)) == 10


def test_a_cut_divides_only_the_rows_that_it_gets():
    rows = np.arange(50, 90)
    rest, second = dividing.cut(rows, ROWS, 0.25, seed=0)
    assert sorted([*rest, *second]) == rows.tolist() and len(second) == 10


@pytest.mark.parametrize("labels", [None, LABELS])
def test_thirds_are_60_20_and_20_percent(labels):
    train, valid, test = dividing.thirds(ROWS, 0, labels)
    assert sorted([*train, *valid, *test]) == ROWS.tolist()
    assert [len(train), len(valid), len(test)] == [120, 40, 40]
    if labels is not None:
        assert [np.bincount(labels[rows]).tolist() for rows in (train, valid, test)] == [
            [30] * 4,
            [10] * 4,
            [10] * 4,
        ]


def test_the_seed_decides_the_division():
    first, again, other = (dividing.thirds(ROWS, seed)[0].tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("labels", [LABELS, np.repeat([0, 1], [150, 50]), np.zeros(200)])
def test_any_first_rows_of_a_balanced_order_have_the_classes_in_proportion(labels):
    order = dividing.balanced_order(labels, 0)
    assert sorted(order) == ROWS.tolist()
    for label in np.unique(labels):
        counted = np.cumsum(labels[order] == label)
        expected = (ROWS + 1) * (labels == label).mean()
        assert np.abs(counted - expected).max() <= len(np.unique(labels))


def test_parts_are_the_rows_that_are_named():
    x, y = np.random.default_rng(0).normal(size=(200, 3)), LABELS
    rows = dividing.thirds(ROWS, 0)
    parts = dividing.parts_of(x, y, rows)
    for number, chosen in enumerate(rows):
        assert np.array_equal(parts[2 * number], x[chosen])
        assert np.array_equal(parts[2 * number + 1], y[chosen])
    assert parts._fields == ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test")


def given(x, y, tested):
    return {"x_train": x, "y_train": y, "x_test": x[tested].copy(), "y_test": y[tested]}


def test_training_examples_that_the_test_part_holds_are_left_out():
    x = np.random.default_rng(0).integers(0, 256, (50, 4), dtype=np.uint8)
    parts = dividing.beside_test_part(given(x, np.arange(50) % 2, slice(5)), 0)
    assert len(parts.y_train) + len(parts.y_valid) == 45
    tested = {row.tobytes() for row in parts.x_test}
    assert not tested & {row.tobytes() for row in np.concatenate([parts.x_train, parts.x_valid])}


def test_beside_a_test_part_rows_and_labels_stay_together():
    x = np.random.default_rng(0).permutation(1_000).reshape(200, 5)
    labels = {row.tobytes(): label for row, label in zip(x, LABELS, strict=True)}
    tested = slice(0, 40)
    rows = x.copy()
    parts = dividing.beside_test_part(given(rows, LABELS, tested), 0, validation=0.25)
    assert [len(parts.y_train), len(parts.y_valid), len(parts.y_test)] == [120, 40, 40]
    for inputs, targets in (parts[:2], parts[2:4], parts[4:]):
        assert [labels[row.tobytes()] for row in inputs] == targets.tolist()
        assert targets.dtype == np.int64
    assert np.bincount(parts.y_valid).tolist() == [10] * 4
