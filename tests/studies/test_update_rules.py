"""The tuning behind lesson 3b, in miniature: it resumes, and says what the lesson reads."""

from dataclasses import replace

import numpy as np
import pytest

from helpers import training
from studies import update_rules
from studies.augmentation import read


@pytest.fixture
def short(monkeypatch):
    """Two tasks, two rules, three rates, one epoch, three replicates."""
    tasks = {name: replace(update_rules.TASKS[name], train=40) for name in ("moons", "wine")}
    monkeypatch.setattr(update_rules, "TASKS", tasks)
    rules = {name: update_rules.RULES[name] for name in ("SGD", "Adam")}
    monkeypatch.setattr(update_rules, "RULES", rules)
    monkeypatch.setattr(update_rules, "RATES", [0.001, 0.01, 0.1])
    monkeypatch.setattr(update_rules, "EPOCHS", 1)
    monkeypatch.setattr(update_rules, "SEEDS", training.seeds(1_003, 3))
    update_rules.replicates_of.cache_clear()
    yield
    update_rules.replicates_of.cache_clear()


def test_the_best_rates_are_found_and_not_sought_again(short, tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    for task in update_rules.TASKS:
        update_rules.task_tuning(f"tuning, {task}", path)
    found = read(path)
    for task in update_rules.TASKS:
        row = found[f"tuning, {task}"]
        assert set(row["scores"]) == set(row["best_rates"]) == {"SGD", "Adam"}
        for name, best in row["best_rates"].items():
            scores = {float(rate): np.mean(own) for rate, own in row["scores"][name].items()}
            assert scores[best] == min(scores.values())
            assert (best in (0.001, 0.1)) == (name in row["at_edge"])

    def nothing(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(update_rules.rule_nets, "train", nothing)
    update_rules.task_tuning("tuning, wine", path)
    assert read(path) == found


def test_the_rules_meet_at_borrowed_and_at_own_rates(short, tmp_path, monkeypatch):
    path, rates = tmp_path / "results.json", ("0.001", "0.01", "0.1")
    monkeypatch.setattr(update_rules, "JUDGED", update_rules.JUDGED[:3])
    monkeypatch.setattr(update_rules, "AT_ONCE", 2)
    for task, best in (("moons", 0), ("wine", 2)):
        own = {rate: [0.5 + 0.1 * abs(place - best)] for place, rate in enumerate(rates)}
        scores = {"scores": {"SGD": own, "Adam": own}, "best_rates": {"SGD": 0.1, "Adam": 0.01}}
        update_rules.write(path, f"tuning, {task}", scores)
    for task in update_rules.TASKS:
        update_rules.meeting(f"meeting, {task}", path)
    found = read(path)["meeting, moons"]
    assert found["rates"]["borrowed"] == {"SGD": 0.1, "Adam": 0.1}  # the best of wine
    assert not found["left_out"] and found["correlation"] == 0
    assert {part: list(own) for part, own in found["test"].items()} == {
        part: ["SGD", "Adam"] for part in ("borrowed", "own")
    }
    assert found["test"]["borrowed"]["SGD"] == found["test"]["own"]["SGD"]
    assert len(found["test"]["own"]["Adam"]) == 3
    assert np.shape(found["effective_rate"]["Adam"]) == (2, 1)


def test_a_task_that_teaches_nothing_is_left_out(short, tmp_path):
    path = tmp_path / "results.json"
    for task, lowest in (("moons", 0.68), ("wine", 0.5)):
        scores = {"scores": {"SGD": {"0.1": [lowest], "1.0": [0.69]}}, "best_rates": {"SGD": 0.1}}
        update_rules.write(path, f"tuning, {task}", scores)
    update_rules.meeting("meeting, moons", path)
    assert read(path)["meeting, moons"] == {"left_out": True}


def test_long_trainings_are_scored_on_both_parts(short, tmp_path, monkeypatch):
    path, names = tmp_path / "results.json", ("SGD", "Adam")
    monkeypatch.setattr(update_rules, "LONG", {"momentum": (names, (196, 4, 10), 40, 1)})
    monkeypatch.setattr(update_rules, "LONG_RATES", {"momentum": [0.01, 0.1, 1.0]})
    update_rules.long_tuning("tuning, momentum", path)
    row = read(path)["tuning, momentum"]
    for part in ("validation", "training"):
        assert set(row[part]["best_rates"]) == set(names)
        assert np.shape([list(own.values()) for own in row[part]["scores"].values()]) == (2, 3, 3)
    assert row["validation"]["scores"] != row["training"]["scores"]


def test_a_score_is_the_mean_logarithm_over_the_last_epochs(short, monkeypatch):
    def ended(epochs, last):
        monkeypatch.setattr(update_rules, "LONG", {"momentum": ((), (196, 4, 10), 40, epochs)})
        monkeypatch.setattr(update_rules, "LAST", {"momentum": last})
        monkeypatch.setattr(update_rules, "LONG_RATES", {"momentum": [0.01, 0.1]})
        return update_rules.ended("momentum", "SGD")["training"]

    np.testing.assert_allclose(ended(2, 2), (ended(1, 1) + ended(2, 1)) / 2)


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(update_rules.SEEDS) > max(training.seeds(999, 30))
