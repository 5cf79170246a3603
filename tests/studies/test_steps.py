"""The study behind lesson 3, in miniature: what the lesson reads is there, and nothing twice."""

import numpy as np
import pytest

from helpers import claims, training
from studies import steps
from studies.augmentation import read

TITLE = f"rate of batches of 8, {steps.FEW} pictures"


def test_the_best_rate_has_the_lowest_mean_and_edges_are_told():
    score = lambda seed, size, rate: (rate - 0.1 * size) ** 2 + seed
    found = steps.table(score, [1, 2], dict.fromkeys([1, 2], [0.1, 0.2, 0.3]))
    assert found["best_rates"] == {"1": 0.1, "2": 0.2}
    assert found["at_edge"] == ["1"]
    assert found["scores"]["2"]["0.3"] == pytest.approx([1.01, 2.01])


def test_no_notebook_has_the_seeds_of_the_study():
    seeds = [*steps.TUNING, *steps.JUDGED, *steps.JUDGED_STARTS]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) > max(training.seeds(999, 30))


def test_every_part_belongs_to_a_statement_of_lesson_3():
    told = {claim.id for claim in claims.read().values() if claim.lesson == "03_gradient_descent"}
    assert {title for title in steps.STUDIES if title.startswith("OPT")} <= told


@pytest.fixture
def short(monkeypatch):
    """Two replicates of two nets, which come to rest early."""
    monkeypatch.setattr(steps, "JUDGED", steps.JUDGED[:2])
    monkeypatch.setattr(steps, "NETS", 2)
    monkeypatch.setattr(steps, "REST", {"mark": 0.5, "right": 0.5})


def test_nets_at_rest_are_recorded_one_by_one_and_not_trained_again(short, tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    steps.write(path, TITLE, {"best_rates": {"8": 0.1}})
    steps.study(["OPT-16"], path)
    found = read(path)["OPT-16"]
    (first, second) = found["replicates"].values()
    assert [size for size, _ in found["plans"]] == [8, 8, steps.LARGE, steps.LARGE]
    assert np.shape(first) == np.shape(second) == (4, 2)
    net = first[0][0]
    assert net["reached"] and net["loss"] <= 0.5 and net["sharpness"] > 0 < net["adaptive"]
    assert len({net["sharpness"] for plan in first for net in plan}) == 8
    assert 0 < abs(net["test_error_0"] - net["test_error_1"]) < 0.1  # two halves of the test data

    def nothing(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(steps, "measured", nothing)
    steps.study(["OPT-16"], path)
    assert read(path)["OPT-16"] == found


def test_a_net_that_does_not_come_to_rest_is_told(monkeypatch):
    monkeypatch.setattr(steps, "REST", {"mark": 1e-9, "right": 1.0, "most": 20})
    x, y = np.random.default_rng(0).normal(size=(40, 196)), np.arange(40) % 10
    assert steps.measured(3, [x, y, x, y], 8, 0.1) == {"reached": False}


def test_batches_try_the_same_rates(monkeypatch):
    monkeypatch.setattr(steps, "REST", {"mark": 2.0, "right": 0.2, "most": 200})
    monkeypatch.setattr(steps, "TUNING", steps.TUNING[:1])
    found = steps.of_batches(60, 8, 20)
    assert list(found["scores"]["8"]) == list(found["scores"]["20"])
    assert set(found["best_rates"]) == {"8", "20"}


def test_a_crowd_that_has_left_the_numbers_is_caught(monkeypatch):
    ends = {1: 0.3, 10: 0.32, steps.POINTS: np.nan}
    monkeypatch.setattr(steps, "TUNING", steps.TUNING[:2])
    monkeypatch.setattr(steps, "JUDGED_STARTS", steps.JUDGED_STARTS[:2])
    monkeypatch.setattr(
        steps,
        "settled",
        lambda seed, size, rate, longer=1: np.array([ends[size], longer]),
    )
    found = steps.caught()
    shares = {
        arm: {np.mean(own) for own in rates.values()} for arm, rates in found["scores"].items()
    }
    one_half, everyone = dict.fromkeys(("1", "10"), 0.5), dict.fromkeys((steps.ALL, steps.ANY), 1.0)
    assert shares == {arm: {share} for arm, share in (one_half | everyone).items()}
    assert found["caught"] == {arm: [share] * 2 for arm, share in (one_half | everyone).items()}
    assert found["change_with_twice_the_updates"] == dict.fromkeys(steps.ARMS, 0)


@pytest.mark.parametrize("best, told", [(steps.RESTING[0], True), (steps.RESTING[-1], False)])
def test_only_the_lowest_rate_of_the_full_batch_is_an_edge(monkeypatch, best, told):
    monkeypatch.setattr(steps, "TUNING", steps.TUNING[:1])
    monkeypatch.setattr(steps, "JUDGED_STARTS", steps.JUDGED_STARTS[:1])
    monkeypatch.setattr(
        steps,
        "settled",
        lambda seed, size, rate, longer=1: np.array([0.1, 0.1 if rate == best else 0.3]),
    )
    assert (steps.ALL in steps.caught()["at_edge"]) == told


def test_settled_crowds_have_finite_losses(monkeypatch):
    monkeypatch.setattr(steps, "UPDATES", 20)
    monkeypatch.setattr(steps, "SETTLING", 20)
    for size in (1, steps.POINTS):
        losses = steps.settled(5, size, 0.1)
        assert losses.shape == (steps.STARTS,) and np.isfinite(losses).all()
