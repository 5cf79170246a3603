"""The study behind lessons 7 and 8, in miniature: it resumes, it chooses as it says, and its record
agrees with itself.
"""

import argparse
import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from helpers import datasets, runtime, training
from helpers.reference import layers
from studies import cifar10, cifar10_sweep
from studies.augmentation import read

ALL = argparse.Namespace(runs=2, epochs=2)


def tiny_pool() -> datasets.Split:
    """Few images of CIFAR-10's shape, whose class is their colour, from -1 to 1."""
    generator = np.random.default_rng(0)
    parts = []
    for size in (160, 0, 40):
        y = np.arange(size) % cifar10.CLASSES
        noise = generator.normal(0, 0.1, (size, *cifar10.SHAPE))
        parts += [(y[:, None, None, None] / 5 - 1 + noise).astype(np.float32), y]
    names = tuple("0123456789")
    return datasets.Split("cifar10", "colours", "generated", *parts, class_names=names)


@pytest.fixture
def shallow(monkeypatch):
    """Nets with two hidden layers instead of twenty."""
    monkeypatch.setattr(cifar10, "DEPTH", [8] * 2)


def small(name: str, **changes) -> cifar10.Arm:
    return replace(cifar10.smaller(cifar10.arms()[name], ALL), **changes)


def test_finished_parts_stay_and_missing_ones_are_added(shallow, tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    arm = small("e", rates=(1e-3, 3e-3, 1e-2))
    cifar10.study("e", replace(arm, judged=0), tiny_pool(), path)
    assert "runs" not in read(path)["e"]
    monkeypatch.setattr(cifar10, "tune", lambda *_: pytest.fail("the rate was chosen already"))
    cifar10.study("e", arm, tiny_pool(), path)
    found = read(path)
    assert found["e"]["runs"]["seed"] == list(training.seeds(cifar10.JUDGED, 2))
    plain = found["Monte-Carlo"]["runs"]["test_accuracy"]
    assert plain == found["e"]["runs"]["test_accuracy"]  # by hand, and by the engine
    monkeypatch.setattr(cifar10, "judge", lambda *_: pytest.fail("these runs are there"))
    cifar10.study("e", arm, tiny_pool(), path)


def test_rates_are_chosen_by_the_mean_and_widened_at_an_edge(shallow):
    found = cifar10.tune(small("b", rates=(1e-6, 2e-6, 4e-6)), tiny_pool())
    means = np.mean(np.array(found["valid_accuracy"], float), axis=1)
    assert found["rate"] == found["rates"][int(means.argmax())]
    assert found["at_edge"] == (found["rate"] in (found["rates"][0], found["rates"][-1]))
    assert len(found["rates"]) > 3 and found["rates"] == sorted(found["rates"])


def test_divisions_are_the_notes_or_drawn():
    noted = cifar10.division(50_000, None)
    assert noted["valid_rows"].tolist() == list(range(5_000))
    for rows in (noted, cifar10.division(50_000, 3)):
        assert len(rows["valid_rows"]) == 5_000
        together = np.concatenate([rows["valid_rows"], rows["train_rows"]])
        assert np.array_equal(np.sort(together), np.arange(50_000))
    assert cifar10.division(50_000, 3)["valid_rows"].max() > 5_000


def test_alpha_dropout_stands_where_the_arm_says():
    last, everywhere = (
        [type(layer).__name__ for layer in cifar10.arms()[name].net().layers]
        for name in ("e", "e everywhere")
    )
    assert last == ["Flatten", *["Dense"] * 20, "AlphaDropout", "Dense"]
    assert everywhere == ["Flatten", *["Dense", "AlphaDropout"] * 20, "Dense"]


def test_nets_have_the_size_of_the_exercise():
    dense = 3072 * 100 + 100 + 19 * (100 * 100 + 100) + 100 * 10 + 10
    for name in ("b", "d", "e", "f"):
        assert cifar10.arms()[name].net().count_params() == dense == 500_210
    normalized = dense + 20 * 100 * 3  # four numbers a unit, but no bias
    assert cifar10.arms()["c"].net().count_params() == normalized


def test_alpha_dropout_and_selu_are_those_of_keras():
    x = np.linspace(-4, 4, 2_000, dtype=np.float32).reshape(20, 100)
    activated = np.asarray(keras.ops.convert_to_numpy(keras.activations.selu(x)))
    selu = layers.ACTIVATIONS["selu"].value
    np.testing.assert_allclose(selu(x), activated, rtol=1e-5, atol=1e-6)
    layer = keras.layers.AlphaDropout(0.2, seed=1)
    theirs = keras.ops.convert_to_numpy(layer(activated, training=True))
    constant = cifar10.alpha_dropped(np.zeros(1), np.zeros(1, bool), 0.2)
    kept = ~np.isclose(theirs, constant, atol=1e-5)
    assert 0.7 < kept.mean() < 0.9
    ours = cifar10.alpha_dropped(activated, kept, 0.2)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_one_net_goes_on_with_its_weights_and_fresh_nets_do_not(shallow, tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10_sweep, "RATES", (1e-3, 1e-2))
    monkeypatch.setattr(cifar10_sweep, "SEARCH", replace(cifar10_sweep.SEARCH, epochs=1))
    monkeypatch.setattr(cifar10_sweep, "TRAINING", replace(cifar10_sweep.TRAINING, epochs=2))
    asked, done = [], []
    fit = cifar10.fit

    def watched(arm, pool, runs):
        asked.append([run.initial_weights for run in runs])
        done.append(fit(arm, pool, runs))
        return done[-1]

    monkeypatch.setattr(cifar10, "fit", watched)
    path = tmp_path / "results.json"
    cifar10_sweep.one_net(tiny_pool(), (1, 1), path, "")
    assert asked[0] == [None, None] and len(done) == 3
    assert asked[1] == done[0].final_weights and asked[2] == done[1].final_weights
    cifar10_sweep.fresh_nets(tiny_pool(), (0, 2), path, "sweep, fresh nets", 20)
    assert asked[3] == [None] * 4
    assert np.shape(read(path)["sweep, fresh nets"]["sweep"]["test_accuracy"]) == (2, 2)


def test_an_unknown_arm_is_named(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["cifar10", "g"])
    with pytest.raises(SystemExit):
        cifar10.main()
    assert "no arm g" in capsys.readouterr().err


def test_the_stand_in_is_refused(monkeypatch):
    monkeypatch.setattr(cifar10.sources, "find", lambda name: None)
    with pytest.raises(SystemExit, match=r"put cifar10\.npz into COURSE_DATA_DIR"):
        cifar10.photographs()


def test_the_record_agrees_with_itself():
    text = cifar10.RESULTS.read_text(encoding="utf-8")
    assert str(runtime.ROOT) not in text
    found = json.loads(text)["settings"]
    assert cifar10.arms().keys() <= found.keys()
    for name, arm in cifar10.arms().items():
        row = found[name]
        assert row["how"] == arm.told()
        if arm.rates:
            means = np.mean(np.array(row["tuning"]["valid_accuracy"], float), axis=1)
            assert row["rate"] == row["tuning"]["rates"][int(np.nanargmax(means))]
            assert not row["tuning"]["at_edge"]
        if arm.judged:
            runs, curves = row["runs"], row["curves"]["val_accuracy"]
            assert len(runs["seed"]) == arm.judged and not row["failures"]
            for number, curve in enumerate(curves):
                assert len(curve) == runs["epochs"][number]
                kept = curve[runs["kept_epoch"][number] - 1]
                assert runs["valid_accuracy"][number] == pytest.approx(kept, abs=1e-3)
                assert runs["last_valid_accuracy"][number] == pytest.approx(curve[-1], abs=1e-3)


def test_runs_repeated_with_tensorflow_agree_with_the_record():
    """An arm's repeated runs lie within its scatter: another backend draws other weights."""
    record = read(cifar10.RESULTS)
    repeated = read(cifar10.RESULTS.with_stem("07_cifar10_tensorflow"))
    assert len(repeated) >= 4
    for name, row in repeated.items():
        assert row["how"]["backend"] == "tensorflow"
        known = np.array(record[name.removesuffix(", again")]["runs"]["test_accuracy"])
        scatter = known.std(ddof=1) * np.sqrt(1 + 1 / len(known))
        away = np.abs(np.array(row["runs"]["test_accuracy"]) - known.mean()) / scatter
        assert away.max() < 3.7  # 99.9 % of one more run, Student's t of 29 degrees of freedom
