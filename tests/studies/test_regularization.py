"""The tunings of lesson 4b in miniature: what is asked, and what is read from it."""

import numpy as np
import pytest

from helpers import training
from studies import regularization
from studies.augmentation import read, write


class Done:
    """Three runs that got so much right on validation pictures, and know so much by heart."""

    def __init__(self, right, known):
        self.shares = {"val_accuracy": right, "accuracy": known}

    def last(self, metric):
        return np.full(3, self.shares[metric])

    best = last


@pytest.fixture
def trained(monkeypatch):
    """Nets that do the better the lower their rate; slow ones do not learn by heart."""
    calls = []

    def fit(recipe, pool, runs, *, rate, smoothing):
        calls.append((rate, smoothing))
        return Done(right=0.9 - rate - (smoothing - 0.2) ** 2, known=0.9 if rate < 0.0005 else 1.0)

    monkeypatch.setattr(regularization, "trained", fit)
    return calls


def test_only_rates_are_asked_at_which_the_plain_net_learns_by_heart(tmp_path, trained):
    title, path = "label smoothing, by heart", tmp_path / "results.json"
    regularization.by_heart(title, path)
    row = read(path)[title]
    assert min(row["rates_asked"]) > 0.0005
    assert (row["strength"], row["rate"]) == ("0.2", row["rates_asked"][0])
    assert row["rate_without"] == row["rate"]
    assert not row["at_edge"]
    assert row["budget"] == 3 * len(trained)
    assert {rate for rate, smoothing in trained if smoothing} == set(row["rates_asked"])


def test_what_is_trained_is_not_trained_again(tmp_path, trained):
    title, path = "dropout, by heart", tmp_path / "results.json"
    regularization.by_heart(title, path)
    row, number = read(path)[title], len(trained)
    regularization.by_heart(title, path)
    assert len(trained) == number
    assert read(path)[title] == row
    assert row["strength"] == "0.7", "all are alike here: the strongest is chosen"
    assert row["at_edge"]


def test_every_family_has_nine_trainings_a_replicate():
    for world in regularization.WORLDS.values():
        for recipes in regularization.families(world).values():
            rates = regularization.RATES if "" not in recipes else regularization.MANY_RATES
            assert len(recipes) * len(rates) == 9


def test_the_plain_net_is_judged_at_the_rate_of_every_rival(tmp_path):
    path, judged = tmp_path / "results.json", []
    rates = {regularization.NONE: 0.002, regularization.STOPPING: 0.008, "noise": 0.001}
    row = {"test": {name: {"rate": rate} for name, rate in rates.items()}}
    write(path, "a world", row)

    def judge(best):
        judged.append(best)
        return {"rate": best[1]}

    for _ in range(2):  # what is known is not judged again
        regularization.plain_too("a world", path, judge)
    assert judged == [("", 0.001)]
    assert read(path)["a world"] == row | {"plain_at": {"0.001": {"rate": 0.001}}}


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(regularization.TUNED) > max(training.seeds(999, 30))
