"""The tuning behind lesson 3b, in miniature: it resumes, and says what the lesson reads."""

from dataclasses import replace

import numpy as np
import pytest

from helpers import training
from studies import update_rules
from studies.augmentation import read


@pytest.fixture
def short(monkeypatch):
    """Two tasks, two rules, three rates, one epoch, few replicates."""
    tasks = {name: replace(update_rules.TASKS[name], train=40) for name in ("moons", "wine")}
    monkeypatch.setattr(update_rules, "TASKS", tasks)
    rules = {name: update_rules.RULES[name] for name in ("SGD", "Adam")}
    monkeypatch.setattr(update_rules, "RULES", rules)
    monkeypatch.setattr(update_rules, "RATES", [0.001, 0.01, 0.1])
    monkeypatch.setattr(update_rules, "EPOCHS", 1)
    monkeypatch.setattr(update_rules, "SEEDS", training.seeds(1_003, 3))
    monkeypatch.setattr(update_rules, "JUDGED", training.seeds(1_004, 3))
    update_rules.replicates_of.cache_clear()
    yield
    update_rules.replicates_of.cache_clear()


def test_every_rule_meets_every_task_at_its_own_and_at_a_borrowed_rate(
    short, tmp_path, monkeypatch
):
    path = tmp_path / "results.json"
    for task in update_rules.TASKS:
        update_rules.task_tuning(f"tuning, {task}", path)
    for task in update_rules.TASKS:
        update_rules.meeting(f"meeting, {task}", path)
    found = read(path)
    for task, other in (("moons", "wine"), ("wine", "moons")):
        scores, rates = found[f"tuning, {task}"]["scores"], found[f"meeting, {task}"]["rates"]
        assert set(scores) == set(rates) == {"SGD", "Adam"}
        for name, (own, borrowed) in rates.items():
            means = {float(rate): np.log(v).mean() for rate, v in scores[name].items()}
            assert means[own] == min(means.values())
            assert borrowed == found[f"tuning, {other}"]["best_rates"][name]
            for arm in ("own", "borrowed"):
                assert np.shape(found[f"meeting, {task}"][arm][name]) == (3,)

    def nothing(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(update_rules.small_nets, "train", nothing)
    update_rules.task_tuning("tuning, wine", path)
    update_rules.meeting("meeting, wine", path)
    assert read(path) == found


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(update_rules.SEEDS) > max(training.seeds(999, 30))
    assert not set(update_rules.SEEDS) & set(update_rules.JUDGED)
