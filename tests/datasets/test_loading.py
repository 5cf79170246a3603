"""The data sets by name: what is embedded, how it is divided, and what bad arguments get."""

import hashlib

import numpy as np
import pytest
from sklearn.datasets import make_friedman1

from helpers import datasets, files
from helpers.datasets import sources, standins

CLASSES = ("reviews", "fashion", "cifar10", "digits", "moons")
PARTS = ("train", "valid", "test")
WINE_NUMBERS = "d4f6a6d672e0ee31d41fdd93b4b58985b45a31f2f971499c18137c42229278ac"


def part(split, name):
    return getattr(split, f"x_{name}"), getattr(split, f"y_{name}")


# What is embedded


def test_the_readme_states_size_and_sha256_of_every_embedded_file():
    readme = (sources.EMBEDDED / "README.md").read_text(encoding="utf-8")
    embedded = [
        path for path in sources.EMBEDDED.iterdir() if path.suffix in (".csv", ".tsv", ".npz")
    ]
    assert len(embedded) == 3
    for path in embedded:
        assert path.name in readme
        assert files.sha256(path) in readme
        assert f"{path.stat().st_size:,}" in readme
    for name, sha256 in sources.EMBEDDED_SHA256.items():
        assert sha256 in readme and (sources.EMBEDDED / name).exists()


def test_embedded_files_are_small():
    assert sum(path.stat().st_size for path in sources.EMBEDDED.rglob("*") if path.is_file()) < 12e6


def test_wine_is_the_original_table():
    # SHA-256 of the numbers of Cortez et al.'s own table, row by row as float64.
    table = np.loadtxt(sources.WINE, delimiter=",", skiprows=1)
    assert table.shape == (1599, 12)
    assert hashlib.sha256(table.astype("<f8").tobytes()).hexdigest() == WINE_NUMBERS
    # Counts of the scores 3 to 8 as UCI's description of the data gives them.
    scores, counts = np.unique(table[:, -1], return_counts=True)
    assert dict(zip(scores, counts, strict=True)) == {3: 10, 4: 53, 5: 681, 6: 638, 7: 199, 8: 18}


def test_fashion_is_balanced_and_has_no_duplicates():
    arrays = sources.read_images(sources.FASHION, (28, 28))
    assert np.bincount(arrays["y_train"]).tolist() == [1000] * 10
    assert np.bincount(arrays["y_test"]).tolist() == [200] * 10
    images = np.concatenate([arrays["x_train"], arrays["x_test"]])
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 12_000


def test_reviews_are_ten_thousand_rated_sentences():
    sentences, ratings = sources.read_sentences(sources.SENTENCES)
    assert len(sentences) == len(ratings) == 10_605
    assert np.abs(ratings).max() <= 4
    assert 0.49 < (ratings > 0).mean() < 0.50


# What a split is


@pytest.mark.parametrize(
    "name, shape, dtype, counts, title",
    [
        ("wine", (11,), np.float32, None, "red wine quality (embedded)"),
        (
            "reviews",
            (10_000,),
            np.uint8,
            None,
            "movie-review sentences standing in for IMDB (embedded)",
        ),
        (
            "fashion",
            (28, 28),
            np.uint8,
            [8_000, 2_000, 2_000],
            "Fashion-MNIST, 12,000 images (embedded)",
        ),
        (
            "cifar10",
            (32, 32, 3),
            np.uint8,
            [20_000, 4_000, 4_000],
            "Fashion-on-photos standing in for CIFAR-10 (embedded)",
        ),
        ("digits", (8, 8), np.uint8, [1_077, 360, 360], "8x8 digits (embedded)"),
        ("moons", (2,), np.float32, [1_000] * 3, "two moons (generated)"),
        ("polynomial", (1,), np.float32, [1_000] * 3, "a noisy curve (generated)"),
        ("friedman", (10,), np.float32, [1_000] * 3, "Friedman's function with noise (generated)"),
    ],
)
def test_every_name_loads_what_is_embedded(splits, name, shape, dtype, counts, title):
    split = splits[name]
    assert str(split) == title
    for x, y in (part(split, name) for name in PARTS):
        assert x.shape == (len(y), *shape)
        assert x.dtype == dtype
        assert y.dtype == (np.int64 if split.class_names else np.float32)
    sizes = [len(split.y_train), len(split.y_valid), len(split.y_test)]
    if counts:
        assert sizes == counts
    else:
        assert np.allclose(np.array(sizes) / sum(sizes), [0.6, 0.2, 0.2], atol=0.015)


def test_load_says_in_one_line_what_it_loaded(capsys):
    split = datasets.load("wine", size=100)
    said = capsys.readouterr().out
    assert said == f"{split!r}\n"
    assert said.startswith("wine: red wine quality (embedded), 100 training + ")
    datasets.splits("wine", range(3))
    assert capsys.readouterr().out.count("\n") == 1


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    for name in ("wine", "digits", "moons", "polynomial", "friedman"):
        first, again, other = datasets.splits(name, [1, 1, 2])
        assert np.array_equal(first.x_train, again.x_train)
        assert np.array_equal(first.x_test, again.x_test)
        assert not np.array_equal(first.x_train[:100], other.x_train[:100])


@pytest.mark.parametrize(
    "name", ["wine", "fashion", "digits", "moons", "polynomial", "friedman", "cifar10"]
)
def test_no_row_is_in_two_parts(splits, name):
    rows = [{row.tobytes() for row in part(splits[name], which)[0]} for which in PARTS]
    assert not (rows[0] & rows[1] or rows[0] & rows[2] or rows[1] & rows[2])


def test_the_240_duplicates_of_wine_stay_on_one_side():
    for split in datasets.splits("wine", range(5)):
        parts = [part(split, which)[0] for which in PARTS]
        distinct = [len(np.unique(x, axis=0)) for x in parts]
        assert sum(map(len, parts)) - len(np.unique(np.concatenate(parts), axis=0)) == 240
        assert (
            sum(map(len, parts)) - sum(distinct) == 240
        )  # so every copy lies in the part of its original


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_stratified(splits, name):
    split = splits[name]
    shares = [
        np.bincount(part(split, which)[1], minlength=len(split.class_names)) for which in PARTS
    ]
    shares = np.array([counts / counts.sum() for counts in shares])
    assert np.abs(shares - shares.mean(axis=0)).max() < 0.005
    assert shares.shape[1] == len(split.class_names)


def test_the_vocabulary_is_the_commonest_words_of_the_training_part(splits):
    split = splits["reviews"]
    counts = split.x_train.sum(axis=0, dtype=np.int64)
    assert split.feature_names[:3] == ("the", "and", "of")
    assert (np.diff(counts) <= 0).all() and counts[-1] >= 1
    other = datasets.load("reviews", seed=1)
    assert other.feature_names != split.feature_names


def test_reviews_agree_with_their_sentences(splits):
    split = splits["reviews"]
    vocabulary = np.array(split.feature_names)
    known, labels = set(split.feature_names), {}
    for sentence, rating in zip(*sources.read_sentences(sources.SENTENCES), strict=True):
        letters = "".join(
            letter if letter.isalnum() or letter == "_" else " " for letter in sentence.lower()
        )
        bag = {word for word in letters.split() if len(word) > 1} & known
        labels.setdefault(frozenset(bag), set()).add(int(rating > 0))
    for row, label in zip(split.x_test[:300], split.y_test[:300], strict=True):
        assert label in labels[frozenset(vocabulary[row > 0])]


def test_polynomial_is_its_truth_and_noise(splits):
    split = splits["polynomial"]
    residuals = split.y_test - datasets.polynomial_truth(split.x_test[:, 0])
    assert abs(residuals.std() / datasets.POLYNOMIAL_NOISE - 1) < 0.1
    assert abs(residuals.mean()) < 0.04
    assert datasets.polynomial_truth(np.array([0.0, 0.5, 1.0])) == pytest.approx([0, 1.25, 0.5])


def test_half_the_variance_of_friedmans_targets_is_noise():
    pool = datasets.replicates("friedman", range(30), train=1_000, test=1_000)
    truth = datasets.friedman_truth(pool.x_train)
    noise = pool.y_train - truth
    for values in (truth, noise):
        assert abs(values.mean()) < 0.02
        assert abs(values.var() - 1) < 0.03
    assert datasets.FRIEDMAN_NOISE == 1
    assert abs(np.corrcoef(truth, noise)[0, 1]) < 0.02


def test_friedmans_function_is_that_of_scikit_learn_and_has_five_idle_inputs():
    x, y = make_friedman1(50, n_features=10, random_state=0)
    truth = datasets.friedman_truth(2 * x - 1)
    assert np.allclose(np.polyval(np.polyfit(y, truth, 1), y), truth)
    x[:, 5:] = 0
    assert np.array_equal(datasets.friedman_truth(2 * x - 1), truth)


def test_a_smaller_training_part_leaves_the_others_as_they_are():
    whole, small = datasets.load("wine", seed=2), datasets.load("wine", seed=2, size=64)
    assert len(small.x_train) == len(small.y_train) == 64
    assert np.array_equal(small.x_valid, whole.x_valid)
    assert np.array_equal(small.x_test, whole.x_test)


# Bad names and numbers


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"name": "mnist"}, "no data set 'mnist'; choose one of wine, reviews"),
        ({"name": "wine", "size": 0}, "size is 0; choose a whole number from 1"),
        (
            {"name": "wine", "size": 962 + 1},
            "size is 963; the train part of wine has 962 examples: .* from 1 to 962",
        ),
        ({"name": "wine", "size": 0.5}, "size is 0.5; choose a whole number"),
        ({"name": "wine", "seed": -1}, "seed is -1; choose a whole number from 0"),
        ({"name": "wine", "seed": "a"}, "seed is 'a'; choose a whole number"),
    ],
)
def test_bad_arguments_name_the_cure(arguments, message):
    with pytest.raises(ValueError, match=message):
        datasets.load(**arguments)


def test_images_begin_where_tensorflow_can_share_them(splits):
    assert all(
        part.ctypes.data % 64 == 0
        for part in (splits["fashion"].x_train, splits["fashion"].x_valid)
    )
    assert splits["fashion"].standardized().x_train.ctypes.data % 64 == 0


def test_items_of_one_part_never_appear_in_another(splits, monkeypatch):
    used = []
    monkeypatch.setattr(
        standins, "fashion_on_photos", lambda images, seed: used.append(images) or images
    )
    datasets.load("cifar10", seed=3)
    train, valid, test = ({image.tobytes() for image in images} for images in used)
    assert [len(train), len(valid), len(test)] == [8_000, 2_000, 2_000]
    assert not (train & valid or train & test or valid & test)
