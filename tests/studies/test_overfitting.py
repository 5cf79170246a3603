"""The tuning behind audit 1, in miniature: it resumes, and says what the audit reads."""

from dataclasses import replace

import numpy as np
import pytest

from helpers import claims, training
from studies import overfitting
from studies.augmentation import read

TITLE = "OVF-34, linear"


@pytest.fixture
def short(monkeypatch):
    """One epoch, two replicates, no more rates than three."""
    whole = overfitting.TUNINGS[TITLE]

    def tuning():
        found = whole()
        arms = {name: replace(recipe, epochs=1) for name, recipe in found.arms.items()}
        return replace(found, arms=arms, runs=found.runs[:2], widest=3)

    monkeypatch.setitem(overfitting.TUNINGS, TITLE, tuning)


def test_what_is_trained_is_not_trained_again(short, tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    overfitting.study([TITLE], path)
    found = read(path)[TITLE]
    assert found["budget"] == 2 * 3 * 2
    assert found["metric"] == "val_loss"
    assert set(found["best_rates"]) == set(found["best_means"]) == {"wide", "deep"}
    for arm, rate in found["best_rates"].items():
        mean = np.mean(found["scores"][arm][repr(rate)])
        assert found["best_means"][arm] == pytest.approx(mean, abs=1e-4)
        assert mean == min(map(np.mean, found["scores"][arm].values()))

    def nothing(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(training.Recipe, "fit", nothing)
    overfitting.study([TITLE], path)
    assert read(path)[TITLE] == found


def test_the_long_training_goes_on_with_the_arms_that_are_missing(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    pool, _ = overfitting.clothes([3, 4], 100, 50, 50)
    arm = (pool, 2, training.replicates(pool, [3, 4]))
    monkeypatch.setattr(overfitting, "LOOKS", 2)
    monkeypatch.setattr(overfitting, "long_arms", lambda: {"first": arm})
    overfitting.study([overfitting.LONG], path)
    first = read(path)[overfitting.LONG]["arms"]["first"]
    assert len(first["rises"]) == 2
    assert first["turn"] in (0.5, 0.75, 1)
    monkeypatch.setattr(overfitting, "long_arms", lambda: {"first": arm, "second": arm})
    overfitting.study([overfitting.LONG], path)
    arms = read(path)[overfitting.LONG]["arms"]
    assert arms["first"] == arms["second"] == first
    monkeypatch.setattr(training.Recipe, "fit", None)
    overfitting.study([overfitting.LONG], path)


def test_every_tuning_belongs_to_a_statement_of_lesson_1():
    told = {claim.id for claim in claims.read().values() if claim.lesson == "01_overfitting"}
    assert {title.split(",")[0] for title in overfitting.TUNINGS} <= told


def test_no_notebook_has_the_seeds_of_the_study():
    assert len(set(overfitting.MANY)) == 10
    assert min(overfitting.MANY) > max(training.seeds(999, 30))


def test_labels_are_wrong_in_training_alone():
    pool, _ = overfitting.clothes([3], 200, 50)
    (run,) = training.replicates(pool, [3])
    changed = np.flatnonzero(overfitting.wrongly_labelled(pool, run, 0.4).targets != pool.y_train)
    assert len(changed) == 80
    assert np.isin(changed, run.train_rows).all()


def test_wide_and_deep_nets_have_as_many_parameters():
    pool = overfitting.datasets.function("sines", [0], inputs=10, noise=0, train=5, test=5)
    deep, wide = (r.build().count_params() for r in overfitting.wide_and_deep(pool).values())
    assert abs(wide / deep - 1) < 0.05
