"""The study behind lesson 5b: how rates are chosen, and what is measured, on small nets."""

import numpy as np
import pytest

from helpers import training
from studies import batch_normalization as study


def test_rates_are_widened_while_the_best_is_at_an_edge():
    losses = {"0.1": 3, "0.2": 2, "0.4": 1, "0.8": 0, "1.6": 0.5}

    def choose(tried):
        return [min(tried, key=losses.__getitem__)]

    assert study.widened(("0.1", "0.2", "0.4"), choose) == ["0.1", "0.2", "0.4", "0.8", "1.6"]
    assert study.widened(("0.4", "0.8", "1.6"), choose) == ["0.4", "0.8", "1.6"]


def test_widening_ends():
    tried = study.widened(("1", "2", "4"), lambda tried: [tried[0]])
    assert len(tried) == study.WIDEST
    assert study.on_edge(tried[0], tried)
    assert not study.on_edge(tried[1], tried)


def test_where_no_rate_is_better_the_middle_one_is_taken():
    scores = {"0.1": [0.1, 0.12], "1": [0.1, 0.1], "10": [0.08, 0.1]}
    assert study.best_of(scores) == "0.1"
    assert study.best_of(scores, floor=0.15) == "1"
    assert study.best_of({rate: [2.3] for rate in scores}, min) == "1"


def test_a_piece_is_found_once(tmp_path):
    path = tmp_path / "found.json"
    assert study.kept(path, "title", "piece", lambda: [1]) == [1]
    assert study.kept(path, "title", "piece", lambda: pytest.fail("found again")) == [1]


def test_what_diverged_guesses():
    pool = study.clothes(range(3), train=64, valid=0, test=32)
    recipe = study.deep("without", layers=2, epochs=1)
    found = recipe.fit(pool, study.at(1e30, study.tested(pool, range(3))))
    assert study.losses(found) == [round(study.GUESSING, 5)] * 3
    assert study.accuracies(found, 1) == [0.1] * 3


def test_updates_are_counted_until_the_loss_is_low():
    pool = study.clothes(range(3), train=512, valid=0, test=1)
    recipe = study.deep("with", layers=1, epochs=4, metrics=[])
    fast, never = (
        study.updates_to_target(recipe, pool, study.at(rate, training.replicates(pool, range(3))))
        for rate in (0.1, 1e-6)
    )
    assert never == [4 * 16] * 3
    assert all(updates % study.LOOK == 0 and updates < 64 for updates in fast)


def test_errors_are_those_of_each_run_on_its_own_rows():
    pool, runs = study.wines(range(3))
    found = study.taster(study.KINDS["with"], epochs=20).fit(pool, runs)
    errors = study.errors(pool, runs, found)
    validation = found.last("val_loss")
    np.testing.assert_allclose(errors["validation"], validation, atol=1e-4)
    np.testing.assert_allclose(errors["test"], found.test("loss"), atol=1e-4)
    assert np.shape(errors["curve"]) == (3, 2)
    assert min(errors["rise"]) >= 0
