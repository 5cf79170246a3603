"""The study behind NEW-01, in miniature: pairs share all but the order, nothing is done twice."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from helpers import datasets, training
from helpers.nets import models
from studies import frozen_shuffle as study
from studies.augmentation import read


def pool(seeds):
    return datasets.replicates("digits", seeds, train=40, valid=20, test=20)


@pytest.fixture
def short(monkeypatch):
    """Digits, a tiny net, two epochs, four replicates."""
    monkeypatch.setattr(study, "photos", pool)
    monkeypatch.setattr(study, "JUDGED", study.JUDGED[:4])
    build, whole = partial(models.mlp, (8, 8), [4], 10), study.recipe
    monkeypatch.setattr(
        study, "recipe", lambda name: replace(whole(name), build=build, epochs=5, batch_size=10)
    )


def test_arms_share_everything_but_the_order():
    runs = training.replicates(pool([1, 2]), [1, 2])
    frozen, reshuffled = (study.fed(arm, runs) for arm in study.ORDERS)
    for run, one, other in zip(runs, frozen, reshuffled, strict=True):
        assert other.order is None and sorted(one.order) == list(range(40))
        assert one.seed == other.seed == run.seed
        assert np.array_equal(one.train_rows, other.train_rows)
        assert np.array_equal(one.valid_rows, run.test_rows)


def test_replicates_are_recorded_in_pairs_and_not_trained_again(short, tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    study.study(study.NORMALIZED, path)
    found = read(path)[study.NORMALIZED]
    for arm in found["arms"].values():
        assert np.shape(arm["test_accuracy"]) == np.shape(arm["training_loss"]) == (4, 5)
        assert len(arm["overfitting"]) == 4
    monkeypatch.setattr(training.Recipe, "fit", None)
    study.study(study.NORMALIZED, path)
    assert read(path)[study.NORMALIZED] == found


def test_both_arms_are_tuned_alike(short, tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    monkeypatch.setattr(study, "WIDEST", 4)
    study.study(study.DROPPED, path)
    tuning = read(path)[f"tuning, {study.DROPPED}"]
    frozen, reshuffled = tuning["scores"].values()
    assert list(frozen) == list(reshuffled) == [repr(rate) for rate in study.RATES]
    assert read(path)[study.DROPPED]["rates"] == tuning["best_rates"]


def test_what_is_published_has_what_the_lesson_reads():
    found = read(study.RESULTS)
    assert {name.split()[0] for name in found["orders"]} == {"Keras"}
    for name in (study.NORMALIZED, study.DROPPED):
        shapes = {np.shape(arm["test_accuracy"]) for arm in found[name]["arms"].values()}
        ((replicates, epochs),) = shapes  # in pairs
        assert 10 <= replicates <= len(study.JUDGED) and epochs == study.EPOCHS


def test_no_notebook_has_the_seeds_of_the_study():
    seeds = [*study.TUNING, *study.JUDGED]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) > max(training.seeds(999, 30))
