"""A split against plain NumPy: standardized, made smaller, transformed, and what is refused."""

from dataclasses import fields, replace

import numpy as np
import pytest

from helpers import datasets

PARTS = ("train", "valid", "test")


def arrays_of(split) -> dict[str, np.ndarray]:
    return {f"{side}_{part}": getattr(split, f"{side}_{part}") for part in PARTS for side in "xy"}


def assert_equal(split, expected: dict[str, np.ndarray]) -> None:
    for name, array in arrays_of(split).items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


# Standardization


@pytest.mark.parametrize("name", ["wine", "fashion", "cifar10", "digits"])
def test_standardization_knows_the_training_part_only(splits, name):
    raw = splits[name].subset(900)
    split = raw.standardized()
    axes = {2: 0, 3: None, 4: (0, 1, 2)}[split.x_train.ndim]
    assert split.x_train.dtype == split.x_test.dtype == np.float32
    assert np.allclose(split.x_train.mean(axis=axes, dtype=np.float64), 0, atol=1e-3)
    assert np.allclose(split.x_train.std(axis=axes, dtype=np.float64), 1, atol=1e-3)
    original = raw.x_train.astype(np.float64)
    expected = (raw.x_valid - original.mean(axis=axes)) / original.std(axis=axes)
    assert np.allclose(split.x_valid, expected, atol=2e-3)
    assert not np.allclose(split.x_valid.mean(axis=axes, dtype=np.float64), 0, atol=1e-5)


def test_standardization_does_not_depend_on_the_order_in_memory(images):
    turned = replace(images, x_test=np.asfortranarray(images.x_test))
    assert np.array_equal(images.standardized().x_test, turned.standardized().x_test)


def test_standardized_arrays_begin_where_tensorflow_can_share_them(images):
    assert images.standardized().x_train.ctypes.data % 64 == 0


def test_a_constant_feature_becomes_zero(numbers):
    constant = numbers.x_train.copy()
    constant[:, 3] = 7.3
    split = replace(numbers, x_train=constant).standardized()
    assert np.allclose(split.x_train[:, 3], 0, atol=1e-5)
    assert np.isfinite(split.x_test).all()


def test_without_validation_data_the_others_are_standardized_alike(images):
    split, whole = images.without_validation().standardized(), images.standardized()
    assert_equal(
        split, arrays_of(whole) | {"x_valid": whole.x_valid[:0], "y_valid": whole.y_valid[:0]}
    )


# Smaller parts


def test_a_subset_has_the_classes_in_proportion_and_lies_in_larger_ones():
    digits = datasets.load("digits")
    small, large = digits.subset(50, seed=4), digits.subset(200, seed=4)
    assert len(small.x_train) == len(small.y_train) == 50
    assert np.bincount(small.y_train).min() >= 4
    assert {row.tobytes() for row in small.x_train} <= {row.tobytes() for row in large.x_train}
    assert small.x_test is digits.x_test


@pytest.mark.parametrize("size", [0, 71, 3.0, -1, "all", None])
def test_a_subset_of_another_size_is_refused(numbers, size):
    with pytest.raises(ValueError, match="part of small has 70 examples: .* from 1 to 70"):
        numbers.subset(size)


def test_heads_are_the_first_rows_of_each_part(numbers):
    expected = {
        "x_train": numbers.x_train[:30], "y_train": numbers.y_train[:30],
        "x_valid": numbers.x_valid[:7], "y_valid": numbers.y_valid[:7],
        "x_test": numbers.x_test[:5], "y_test": numbers.y_test[:5],
    }  # fmt: skip
    assert_equal(numbers.head(30, 7, 5), expected)
    assert_equal(numbers.head(train=30, valid=7, test=5), expected)


def test_parts_that_are_not_named_stay_whole(numbers):
    assert_equal(
        numbers.head(30),
        arrays_of(numbers) | {"x_train": numbers.x_train[:30], "y_train": numbers.y_train[:30]},
    )
    assert_equal(numbers.head(), arrays_of(numbers))
    assert_equal(numbers.head(70, 20, 20), arrays_of(numbers))
    assert len(numbers.head(np.int64(3), 0).y_valid) == 0


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"train": 71}, "train is 71; the train part of small has 70 examples"),
        ({"valid": -1}, "valid is -1; .* from 0 to 20"),
        ({"test": 2.5}, "test is 2.5; .* a whole number"),
    ],
)
def test_a_head_of_another_size_is_refused(numbers, sizes, message):
    with pytest.raises(ValueError, match=message):
        numbers.head(**sizes)


def test_without_validation_the_part_is_empty_and_of_the_same_shape(images):
    empty = {"x_valid": images.x_valid[:0], "y_valid": images.y_valid[:0]}
    assert_equal(images.without_validation(), arrays_of(images) | empty)
    assert images.without_validation().x_valid.shape == (0, 6, 6, 3)


# Other inputs


def test_a_function_is_applied_to_the_inputs_of_all_parts(images):
    halves = images.map(lambda x: flat(x).astype("float32") / 2)
    expected = {f"x_{part}": flat(getattr(images, f"x_{part}")) for part in PARTS}
    expected = {name: x.astype("float32") / 2 for name, x in expected.items()}
    assert_equal(halves, arrays_of(images) | expected)


def test_parts_come_in_the_order_training_validation_test(numbers):
    generator, again = np.random.default_rng(0), np.random.default_rng(0)
    noisy = numbers.map(lambda x: x + generator.normal(size=x.shape))
    for part in PARTS:
        x = getattr(numbers, f"x_{part}")
        assert np.array_equal(getattr(noisy, f"x_{part}"), x + again.normal(size=x.shape))


def test_an_empty_part_gets_the_shape_of_the_others_without_a_call(images):
    sizes = []
    split = images.without_validation().map(lambda x: sizes.append(len(x)) or flat(x) / 255)
    assert sizes == [70, 20]
    assert split.x_valid.shape == (0, 108) and split.x_valid.dtype == np.float64
    nothing = images.head(0, 0, 0).map(flat)
    assert nothing.x_train.shape == (0, 6, 6, 3)


def test_a_note_is_added_to_the_caption(images):
    assert str(images.map(flat)) == "small numbers (generated)"
    assert str(images.map(flat, note="as rows")) == "small numbers, as rows (generated)"


def test_everything_else_stays(images):
    made = images.map(flat)
    others = {field.name for field in fields(images)} - {f"x_{part}" for part in PARTS}
    assert all(getattr(made, name) is getattr(images, name) for name in others)


@pytest.mark.parametrize(
    "function, message",
    [
        (lambda x: x[1:], r"made \(69, 5\) of \(70, 5\) in the train part"),
        (lambda x: x.mean(), r"made \(\) of \(70, 5\)"),
        (
            lambda x: x[:, : len(x)] if len(x) > 20 else x[:, :2],
            "different shapes: train .5,., val",
        ),
    ],
)
def test_a_function_that_changes_rows_or_makes_unequal_shapes_is_refused(
    numbers, function, message
):
    with pytest.raises(ValueError, match=message):
        numbers.map(function)


# What a split is


def test_inputs_without_targets_are_refused(numbers):
    with pytest.raises(ValueError, match="x_valid of small has 19 rows and y_valid has 20"):
        replace(numbers, x_valid=numbers.x_valid[1:])


def test_a_split_says_what_it_is(images):
    assert repr(images) == (
        "small: small numbers (generated), "
        "70 training + 20 validation + 20 test examples of shape (6, 6, 3)"
    )
