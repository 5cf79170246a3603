"""The tuning behind REG-46, in miniature: it resumes, and chooses as it says."""

import json
from dataclasses import replace

import numpy as np
import pytest

from helpers import training
from studies import augmentation

TITLE = "digits, 30 % random labels"


@pytest.fixture
def short(monkeypatch):
    """One epoch, three rates, two replicates."""
    monkeypatch.setattr(augmentation, "STEPS", 50)
    monkeypatch.setattr(augmentation, "RATES", (0.001, 0.003, 0.01))
    monkeypatch.setattr(augmentation, "WIDEST", 3)
    monkeypatch.setattr(augmentation, "SEEDS", augmentation.SEEDS[:2])
    arms = augmentation.arms
    few = (augmentation.PLAIN, "shift by 1")
    monkeypatch.setattr(
        augmentation, "arms", lambda setting: {name: arms(setting)[name] for name in few}
    )


def test_what_is_trained_stays_and_what_is_missing_is_added(short, tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    augmentation.study([TITLE], path)
    first = augmentation.read(path)[TITLE]
    assert {arm: len(found) for arm, found in first["scores"].items()} == {
        "as they are": 3,
        "shift by 1": 3,
    }
    assert first["choice"]["alteration"] == "shift by 1"
    assert first["choice"]["budget"] == 2 * 3 * 2
    assert first["replicates"]["seeds"] == list(augmentation.SEEDS)
    del first["scores"]["as they are"]["0.003"]
    augmentation.write(path, TITLE, first)
    asked, fit = [], training.Recipe.fit

    def counted(recipe, split, runs, **options):
        asked.append([run.learning_rate for run in runs])
        return fit(recipe, split, runs, **options)

    monkeypatch.setattr(training.Recipe, "fit", counted)
    augmentation.study([TITLE], path)
    assert asked == [[0.003, 0.003]]
    assert augmentation.read(path)[TITLE]["scores"]["as they are"].keys() == {
        "0.001",
        "0.003",
        "0.01",
    }
    assert json.loads(path.read_text(encoding="utf-8"))["versions"]


def test_the_best_alteration_is_chosen_each_at_its_best_rate():
    scores = {
        "as they are": [[0.9, 0.9], [0.7, 0.7], [0.5, 0.5]],
        "turn": [[0.1, 0.1], [0.8, 0.6], [0.2, 0.2]],
        "crop": [[0.1, 0.1], [0.1, 0.1], [0.6, 0.7]],
    }
    rates = np.array([0.1, 0.2, 0.3])
    found = training.Tuned("val_accuracy", rates, {a: np.array(s) for a, s in scores.items()})
    choice = augmentation.chosen(found)
    assert choice["alteration"] == "turn"
    assert (choice["rate"], choice["rate_as_they_are"]) == (0.2, 0.1)
    assert choice["at_edge"] == ["as they are", "crop"]
    assert choice["budget"] == 18


def test_labels_of_the_pool_are_random_as_the_setting_says():
    setting = augmentation.SETTINGS[TITLE]
    pools = [augmentation.pool_of(each) for each in (replace(setting, noise=0.0), setting)]
    assert 0.24 < np.mean(pools[0].y_train != pools[1].y_train) < 0.30  # a tenth is right
    assert pools[1].x_train.min() == 0 and pools[1].x_train.max() == 1


def test_a_run_goes_many_times_over_its_pictures():
    setting = augmentation.SETTINGS[TITLE]
    run = augmentation.repeated(training.Run(3, train_rows=np.arange(150)), setting)
    assert len(run.train_rows) == augmentation.EPOCH
    assert (np.bincount(run.train_rows) == 20).all()
    recipes = augmentation.arms(setting)
    assert len(recipes) == 8 and recipes["as they are"].augment is None
    assert all(r.epochs * augmentation.EPOCH == 1_500 * r.batch_size for r in recipes.values())
