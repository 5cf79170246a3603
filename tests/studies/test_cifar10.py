"""The study behind lesson 07, in miniature: it can be resumed, refuses other data, and chooses as
it says.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from helpers import datasets, runtime
from studies import cifar10


def tiny_split(seed: int = 0) -> datasets.Split:
    """Few images of CIFAR-10's shape, whose class is their colour; a split for each seed."""
    generator = np.random.default_rng(seed)
    parts = []
    for size in (130, 20, 20):
        y = np.arange(size) % cifar10.CLASSES
        x = np.clip(
            20 * y[:, None, None, None] + generator.normal(20, 10, (size, *cifar10.SHAPE)), 0, 255
        )
        parts += [x.astype(np.uint8), y]
    return datasets.Split("cifar10", f"colours {seed}", "generated", *parts)


@pytest.fixture
def shallow(monkeypatch):
    """Variants with two hidden layers instead of twenty."""
    monkeypatch.setattr(cifar10, "DEPTH", [8] * 2)


def test_finished_runs_stay_and_missing_ones_are_added(shallow, tmp_path, monkeypatch):
    path = tmp_path / "new" / "results.json"
    cifar10.study(["b"], tiny_split(), range(1), 1, path)
    first = json.loads(path.read_text(encoding="utf-8"))
    asked = []
    train = cifar10.final_run
    monkeypatch.setattr(
        cifar10, "sweep", lambda *arguments: pytest.fail("the rate was chosen already")
    )
    monkeypatch.setattr(
        cifar10,
        "final_run",
        lambda variant, split, seed, rate: asked.append(seed) or train(variant, split, seed, rate),
    )
    cifar10.study(["b"], tiny_split(), range(2), 1, path)
    again = json.loads(path.read_text(encoding="utf-8"))
    assert asked == [1]
    assert again["variants"]["b"]["runs"][0] == first["variants"]["b"]["runs"][0]
    assert [run["seed"] for run in again["variants"]["b"]["runs"]] == [0, 1]
    assert list(tmp_path.glob("new/*")) == [path]


def test_results_on_other_data_are_not_mixed(shallow, tmp_path):
    path = tmp_path / "results.json"
    cifar10.study(["b"], tiny_split(), range(1), 1, path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="other data.*move it away"):
        cifar10.study(["b"], tiny_split(seed=1), range(2), 1, path)
    assert path.read_bytes() == before


def test_the_sweep_names_the_rate_that_did_best(shallow):
    variant = cifar10.variants()["b"]
    found = cifar10.sweep(variant, tiny_split(), 2)
    assert list(found["sweep"]) == [f"{rate:g}" for rate in variant.rates]
    assert found["sweep"][f"{found['rate']:g}"] == max(found["sweep"].values())


def test_each_final_run_is_tested_as_its_own_net(shallow, monkeypatch):
    split, trained = tiny_split(), []
    train = cifar10.train
    monkeypatch.setattr(cifar10, "train", lambda *args: trained.append(train(*args)) or trained[0])
    variant = replace(cifar10.variants()["b"], epochs=2, further={"mirrored": cifar10.mirrored})
    found = cifar10.final_runs(variant, split, [0, 1], 1e-3)
    model = cifar10.standardizing(variant.net, split.x_train)()
    for run, weights in zip(found, trained[0].weights, strict=True):
        model.set_weights(weights)
        for part in ("valid", "test"):
            x, y = getattr(split, f"x_{part}"), getattr(split, f"y_{part}")
            outputs = np.asarray(model(x.astype(np.float32)))
            share = accuracy_score(y, outputs.argmax(axis=1))
            assert run[part]["plain"] == pytest.approx(share, abs=1e-4)
        assert run["test"].keys() == run["valid"].keys() == {"plain", "mirrored"}
    shares = [(run["valid"]["plain"], run["test"]["plain"]) for run in found]
    assert shares[0] != shares[1] and any(valid != test for valid, test in shares)


def test_images_are_standardized_by_the_first_layer(shallow):
    split = tiny_split()
    model = cifar10.standardizing(cifar10.variants()["b"].net, split.x_train)()
    scaled = np.asarray(model.layers[0](split.x_train.astype(np.float32)))
    assert np.allclose(scaled.mean(axis=(0, 1, 2)), 0, atol=1e-3)
    assert np.allclose(scaled.std(axis=(0, 1, 2)), 1, atol=1e-3)


class Reader:
    """A model that reads class probabilities off the first two pixels of an image."""

    def __call__(self, images, training=False):
        left, right = np.asarray(images)[:, 0, 0, 0], np.asarray(images)[:, 0, -1, 0]
        return np.stack([left, right], axis=1) / 255


def test_mirrored_images_count_as_much_as_the_images():
    images = np.zeros((2, *cifar10.SHAPE), np.float32)
    images[0, :, 0], images[1, :, -1] = 255, 51
    assert np.allclose(cifar10.mirrored(Reader(), images), [[0.5, 0.5], [0.1, 0.1]])


def test_accuracy_is_that_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(cifar10, "ROWS", 7)
    generator = np.random.default_rng(0)
    images, labels = (
        generator.integers(0, 256, (30, *cifar10.SHAPE), dtype=np.uint8),
        generator.integers(0, 2, 30),
    )
    expected = accuracy_score(labels, Reader()(images).argmax(axis=1))
    assert cifar10.accuracy(lambda model, x: model(x), Reader(), images, labels) == pytest.approx(
        expected
    )


def test_every_variant_is_no_larger_than_the_net_of_the_exercise_or_its_normalized_form():
    allowed = (
        500_210 + 20 * 100 * 3
    )  # 20 x 100 by hand; batch normalization has four numbers a unit and saves the bias
    for variant in cifar10.variants().values():
        assert variant.net().count_params() <= allowed


def test_an_unknown_variant_is_named(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["cifar10", "g"])
    with pytest.raises(SystemExit):
        cifar10.main()
    assert "no variant g" in capsys.readouterr().err


def test_the_results_file_holds_what_the_lesson_reads():
    results = json.loads(cifar10.RESULTS.read_text(encoding="utf-8"))
    assert {"data", "images", "date", "versions"} <= results.keys()
    assert results["data"].startswith("CIFAR-10 (") and sum(results["images"]) == 60_000
    assert results["variants"].keys() <= cifar10.variants().keys()
    for row in results["variants"].values():
        assert row["rate"] == float(max(row["sweep"], key=row["sweep"].get))
        for run in row["runs"]:
            curve = run["curves"]["val_accuracy"]
            ends = curve[run["best_epoch"] - 1], curve[-1]  # with early stopping; in one cycle
            assert len(curve) == run["epochs"] and any(
                run["valid"]["plain"] == pytest.approx(value, abs=1e-3) for value in ends
            )
    assert str(runtime.ROOT) not in cifar10.RESULTS.read_text(encoding="utf-8")
