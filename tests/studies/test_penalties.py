"""The tuning behind REG-02, in miniature: it resumes, and chooses by what it says."""

from dataclasses import replace

from helpers import training
from studies import penalties
from studies.augmentation import read


def found(loss, val_loss, accuracy):
    return {"loss": [loss], "val_loss": [val_loss], "accuracy": [accuracy]}


def test_only_rates_are_asked_at_which_the_plain_net_knows_its_pictures():
    scores = {
        "none": {"0.001": found(0.5, 0.6, 0.8), "0.003": found(0.0, 1.0, 0.99)},
        "0.01": {"0.001": found(0.6, 0.4, 0.8), "0.003": found(0.3, 0.7, 0.9)},
        "1": {"0.001": found(0.6, 0.3, 0.8), "0.003": found(0.9, 0.8, 0.7)},
    }
    choice = penalties.chosen(scores)
    assert choice["rates_asked"] == [0.003]
    assert (choice["factor"], choice["rate"], choice["rate_without"]) == (0.01, 0.003, 0.003)
    assert not choice["factor_at_edge"]
    assert choice["best"]["1"] == {"rate": 0.003, "loss": 0.9, "val_loss": 0.8, "accuracy": 0.7}
    scores["1"]["0.003"] = found(0.9, 0.1, 0.7)
    assert penalties.chosen(scores)["factor_at_edge"]


def test_what_is_trained_is_not_trained_again(tmp_path, monkeypatch):
    for name, value in (("RATES", (0.001, 0.003)), ("KNOWN", 0.0), ("EPOCH", 600)):
        monkeypatch.setattr(penalties, name, value)
    recipes = {
        name: replace(recipe, epochs=1)
        for name, recipe in penalties.arms().items()
        if name in ("none", "0.001")
    }
    path = tmp_path / "results.json"
    penalties.study(path, recipes)
    row = read(path)[penalties.TITLE]
    assert row["choice"]["factor"] == 0.001
    assert row["choice"]["budget"] == 2 * 2 * len(penalties.SEEDS)

    def nothing(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(training.Recipe, "fit", nothing)
    penalties.study(path, recipes)
    assert read(path)[penalties.TITLE] == row


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(penalties.SEEDS) > max(training.seeds(999, 30))
