"""The tuning of lesson 6 in miniature: both nets are equal in size, and what is known is kept."""

from functools import partial

import pytest

from helpers import training
from helpers.nets import models
from studies import convolution
from studies.augmentation import read


def test_both_nets_have_about_as_many_parameters():
    counts = [build().count_params() for build in convolution.NETS.values()]
    assert max(counts) < 1.05 * min(counts)


@pytest.fixture
def small(monkeypatch):
    nets = {name: partial(models.mlp, (14, 14), [2], 10) for name in convolution.NETS}
    monkeypatch.setattr(convolution, "NETS", nets)
    monkeypatch.setattr(convolution, "TRAINED", {"epochs": 1, "batch_size": 50})
    monkeypatch.setattr(convolution, "SIZES", {"train": 50, "valid": 50, "test": 1})
    monkeypatch.setattr(convolution, "SEEDS", range(2))
    monkeypatch.setattr(convolution, "WIDEST", 4)  # stored scores are rounded: ties would widen


def test_every_version_is_tuned_and_nothing_is_trained_again(tmp_path, small, monkeypatch):
    path = tmp_path / "results.json"
    convolution.study(path)
    found = read(path)
    assert list(found) == list(convolution.VERSIONS)
    for row in found.values():
        assert set(row["best_rates"]) == set(convolution.NETS)
        assert len(row["scores"]["MLP"]) == len(row["scores"]["convnet"]) >= 4
    monkeypatch.setattr(training.Recipe, "fit", None)
    convolution.study(path)
    again = read(path)
    assert {name: row["scores"] for name, row in again.items()} == {
        name: row["scores"] for name, row in found.items()
    }


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(convolution.SEEDS) > max(training.seeds(999, 30))
