"""The trainings behind lesson 5 on initialization, in miniature."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from helpers import training
from studies import initialization as study


@pytest.fixture
def short(monkeypatch):
    """Two epochs of shallow nets on few pictures, three replicates."""
    monkeypatch.setattr(study, "TRAIN", 64)
    small = {
        name: replace(
            job,
            arms={arm: replace(net, depth=2) for arm, net in job.arms.items()},
            epochs=2,
            rates=job.rates[:3],
            judged=job.judged[:3],
        )
        for name, job in study.JOBS.items()
    }
    monkeypatch.setattr(study, "JOBS", small)
    monkeypatch.setattr(study, "WIDEST", 3)


def test_gradients_are_brought_to_the_last_hidden_layers_relative_size():
    generator = np.random.default_rng(0)
    shapes = [(3, 4), (4,), (4, 4), (4,), (4, 2), (2,)]
    weights = [generator.normal(size=shape) for shape in shapes]
    sizes = [1e-30, 1e-30, 0.1, 0.1, 0.5, 0.5]  # squares of the first would be 0
    slopes = [
        size * generator.normal(size=one.shape) for size, one in zip(sizes, weights, strict=True)
    ]
    variables = [keras.Variable(value.astype("float32")) for value in weights]
    tensors = [keras.ops.convert_to_tensor(slope, "float32") for slope in slopes]
    study.EvenSGD(1.0).apply(tensors, variables)
    steps = [old - new.numpy() for old, new in zip(weights, variables, strict=True)]

    def length(arrays, own):
        return np.sqrt(sum((array**2).sum() for array in arrays[own]))

    first, second, output = slice(0, 2), slice(2, 4), slice(4, 6)
    target = length(slopes, second) / length(weights, second)
    assert length(steps, first) / length(weights, first) == pytest.approx(target, rel=1e-4)
    assert length(steps, second) / length(weights, second) == pytest.approx(target, rel=1e-4)
    np.testing.assert_allclose(steps[4], slopes[4], rtol=1e-4, atol=1e-6)
    cosine = (steps[0] * slopes[0]).sum() / np.linalg.norm(steps[0]) / np.linalg.norm(slopes[0])
    assert cosine == pytest.approx(1, rel=1e-4) and length(steps, output) > 0


@pytest.mark.parametrize("title", ["BNI-22, Nadam", "BNI-24", "BNI-27"])
def test_what_is_trained_stays(short, tmp_path, monkeypatch, title):
    path = tmp_path / "results.json"
    study.study(title, path)
    first = study.read(path)[title]
    job = study.JOBS[title]
    assert first["judged"].keys() == job.arms.keys() | ({"draws"} if job.draws else set())
    for found in first["judged"].values():
        assert {len(values) for what, values in found.items() if what != "rate"} == {3}

    def trained_again(*arguments, **options):
        raise AssertionError

    monkeypatch.setattr(training.Recipe, "fit", trained_again)
    study.study(title, path)
    assert study.read(path)[title] == first


@pytest.fixture
def quick(monkeypatch):
    """Few rates, short trainings and three predictions of few pictures."""
    monkeypatch.setattr(study, "WINE_RATES", (1e-7, 0.01, 0.1, 1.0, 1e6))
    monkeypatch.setattr(study, "PASSES", (2, 20))
    monkeypatch.setattr(study, "PAIRS", 2)
    monkeypatch.setattr(study, "PREDICTED", 64)


def test_the_fastest_rate_is_that_at_which_all_arrive_first(quick, tmp_path):
    path = tmp_path / "results.json"
    study.fastest_rates(path)
    found = study.read(path)["QA-06"]
    assert found["best_rates"]["standardized"] in (0.01, 0.1)
    slowest = found["passes"]["standardized"]["1e-07"]
    assert slowest == found["passes"]["standardized"]["1000000.0"] > 1
    assert "standardized" not in found["at_edge"]


def test_times_are_taken_in_turns_after_a_warm_up(quick, tmp_path):
    path = tmp_path / "results.json"
    study.times_in_turns(path)
    seconds = study.read(path)["BNI-23"]["seconds"]
    assert {name: len(values) for name, values in seconds.items()} == {"elu": 2, "relu": 2}
    assert min(map(min, seconds.values())) > 0


def test_everything_is_in_the_results_file():
    stored = study.read(study.RESULTS)
    assert stored.keys() == study.JOBS.keys() | study.WHOLE.keys()
    for title, job in study.JOBS.items():
        assert stored[title]["judged"].keys() >= job.arms.keys()


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(*study.TUNED, *study.JUDGED, *study.WINES) > max(training.seeds(999, 30))
