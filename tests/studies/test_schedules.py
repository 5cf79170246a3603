"""The study behind lesson 8, in miniature, and what its results files must hold."""

import json

import numpy as np
import pytest

from helpers import runtime, training
from studies import schedules
from studies.augmentation import read

RESULTS = runtime.ROOT / "notebooks" / "results"


@pytest.fixture
def short(monkeypatch):
    """Three replicates, few rates, students that hardly train."""
    monkeypatch.setattr(schedules, "JUDGED", schedules.JUDGED[:3])
    monkeypatch.setattr(schedules, "TUNING", schedules.TUNING[:2])
    monkeypatch.setattr(schedules, "CROWD", 30)
    monkeypatch.setattr(schedules, "STEPS", {"small": 200, "large": 100})
    monkeypatch.setattr(schedules, "SETTLING", 50)
    monkeypatch.setattr(schedules, "ESCAPE", 50)
    monkeypatch.setattr(schedules, "WIDEST", 4)
    few = schedules.geometric
    monkeypatch.setattr(schedules, "geometric", lambda span: few((span[0], span[1], 3)))


def test_no_notebook_has_the_seeds_of_the_study():
    seeds = [*schedules.JUDGED, *schedules.TRIED, *schedules.TUNING]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) > max(training.seeds(999, 30))


def test_rates_are_widened_where_more_than_one_replicate_in_ten_is_at_an_edge():
    rates, inside = [0.1, 0.2, 0.4], np.full(20, 0.2)
    low, two = inside.copy(), inside.copy()
    low[:3] = 0.1
    two[:2] = 0.4
    assert schedules.widened(rates, {"a": inside, "b": two}) == []
    assert schedules.widened(rates, {"a": low, "b": two}) == [pytest.approx(0.05)]
    assert schedules.at_edge(rates, {"a": low, "b": two}) == ["a"]


def test_arrival_is_the_first_step_at_which_the_mean_of_an_epoch_is_low_enough():
    losses = np.repeat([1.0, 0.5], [2 * schedules.EPOCH, schedules.EPOCH])
    assert schedules.arrival(losses, 0.5) == 3 * schedules.EPOCH
    assert schedules.arrival(losses, 1.0) == schedules.EPOCH
    assert schedules.arrival(losses, 0.4) == 0


def test_every_replicate_is_tuned_and_judged_with_other_weights(short):
    pool = schedules.clothes(train=120, valid=60, test=60)
    rates = schedules.geometric((1e-4, 0.3, 8))
    found = schedules.lower(pool, schedules.dense(1), ["constant", "gentler exponential"], rates)
    assert np.shape(found["tried"]["constant"]) == (len(found["rates"]), 3)
    best = found["best"]["by training loss"]["constant"]
    lowest = np.argmin(found["tried"]["constant"], axis=0)
    assert np.array(found["rates"])[lowest] == pytest.approx(best, rel=1e-3)
    assert np.shape(found["judged"]["by validation"]["gentler exponential"]["test"]) == (2, 3)


def test_students_are_caught_or_not_in_every_replicate(short, tmp_path):
    path = tmp_path / "results.json"
    schedules.study(["students"], path)
    found = read(path)["students"]
    assert all(len(shares) == 3 for shares in found["caught"].values())
    assert all(0 <= share <= 1 for arm in found["left"].values() for share in arm)
    assert found["rate_of"]["large"] == pytest.approx(10 * found["rate_of"]["small"])
    schedules.study(["students"], path)  # nothing is done again
    assert read(path)["students"] == found


@pytest.mark.parametrize("title", schedules.STUDIES)
def test_the_results_hold_thirty_replicates_of_every_part(title):
    found = read(schedules.RESULTS)[title]
    rows = {
        "fixed rates": lambda: found["steps"]["small"],
        "LRS-01": lambda: found["curves"]["decay, test"],
        "students": lambda: found["caught"]["small"],
    }
    measured = rows.get(title, lambda: found["judged"]["by validation"]["constant"]["test"][0])()
    assert len(measured) == schedules.REPLICATES


def test_the_range_test_of_the_listing_noted_the_mean_of_the_losses_so_far():
    listing = json.loads((RESULTS / "08_keras2.json").read_text())["settings"]["LRS-13"]
    each = np.array(listing["each"])
    means = np.cumsum(each) / np.arange(1, len(each) + 1)
    full = slice(len(each) - 1)  # the last minibatch is smaller than the others
    assert listing["noted"][full] == pytest.approx(means[full], rel=1e-3)
