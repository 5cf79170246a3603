"""The study behind NEW-04, in miniature, and the trap itself."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest

from helpers import datasets, training
from helpers.nets import gradients, models
from studies import saturation as study
from studies.augmentation import read


@pytest.fixture
def short(monkeypatch):
    """Digits, a tiny net, two replicates."""
    seeds = study.JUDGED[:2]
    monkeypatch.setattr(study, "JUDGED", seeds)
    made = partial(datasets.replicates, "digits", seeds, train=40, test=20)
    monkeypatch.setattr(study, "photos", made)
    whole = study.arms

    def small():
        return {
            arm: replace(
                recipe,
                build=partial(models.mlp, (8, 8), [4], 10, output_activation=recipe.build.args[0]),
            )
            for arm, recipe in whole().items()
        }

    monkeypatch.setattr(study, "arms", small)


def test_arms_are_recorded_and_not_trained_again(short, tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    study.study(study.RAW, path)
    (row,) = read(path).values()
    assert set(row["arms"]) >= {"logits", "softmax"}
    for arm in row["arms"].values():
        assert np.shape(arm["loss"]) == np.shape(arm["accuracy"]) == (2, study.EPOCHS)
        assert len(arm["test_accuracy"]) == 2
    monkeypatch.setattr(training.Recipe, "fit", None)
    study.study(study.RAW, path)
    assert list(read(path).values()) == [row]


def test_a_softmax_that_is_not_recognized_has_no_slope_where_it_is_certain():
    z = keras.Variable(np.array([[0.0, 40.0, 10.0]], "float32"))
    loss = keras.losses.SparseCategoricalCrossentropy()
    value, (slope,) = gradients.gradients(lambda: loss(np.array([0]), study.unseen(z)), [z])
    assert value == pytest.approx(-np.log(1e-7), rel=1e-4)
    assert not slope.any()


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(study.JUDGED) > max(training.seeds(999, 30))


def test_what_is_published_has_what_the_lesson_reads():
    found = read(study.RESULTS)
    for title, arms in {
        "raw pixels, jax": {"logits", "softmax"},
        "raw pixels, tensorflow": {"logits", "softmax", "softmax times 1"},
        "standardized pixels, jax": {"logits", "softmax"},
    }.items():
        assert set(found[title]["arms"]) == arms
        for arm in found[title]["arms"].values():
            assert len(arm["test_accuracy"]) == len(study.JUDGED)
