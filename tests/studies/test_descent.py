"""The studies behind audit 3: the tuning in miniature, and what the results files must hold."""

import json
from dataclasses import replace

import numpy as np
import pytest

from helpers import claims, runtime, training
from studies import descent
from studies.augmentation import read
from studies.overfitting import study

RESULTS = runtime.ROOT / "notebooks" / "results"
TITLE = "OPT-15, to the end"


def test_a_net_that_has_not_learned_does_not_compete(tmp_path):
    def short():
        found = descent.TUNINGS[TITLE]()
        arms = {name: replace(recipe, epochs=1) for name, recipe in found.arms.items()}
        return replace(found, arms=arms, runs=found.runs[:2], rates=(1e-6, 2e-6, 4e-6), widest=3)

    path = tmp_path / "results.json"
    study([TITLE], path, {TITLE: short})
    scores = read(path)[TITLE]["scores"]
    assert {value for found in scores.values() for row in found.values() for value in row} == {
        -np.inf
    }


@pytest.mark.parametrize("sizes", [(4, 3), (4, 5, 3)])
def test_nets_beside_each_other_descend_by_their_own_gradient(sizes):
    generator, penalty, width = np.random.default_rng(0), 0.3, 1e-5
    draws = len(descent.FEW)
    x = generator.normal(size=(draws, 1, 6, 4))
    y = np.eye(3)[generator.integers(3, size=(draws, 1, 6))]
    layers = [tuple(part.astype(float) for part in layer) for layer in descent.started(sizes, 2)]
    kernel, steps = layers[0][0], np.array([0.1, 0.2])[:, None, None]
    before = kernel.copy()
    values = []
    for shift in (width, -2 * width, width):
        kernel[:, :, 1, 2] += shift
        values.append(descent.full_loss(layers, x, y, penalty))
    descent.descend(layers, x, y, steps, penalty)
    found = (before - kernel)[:, :, 1, 2] / steps[:, 0, 0]
    assert found == pytest.approx((values[0] - values[1]) / (2 * width), abs=1e-6)


def test_single_samples_all_serve_once_in_a_pass():
    x = np.arange(2 * 5.0).reshape(2, 1, 5, 1)
    stream = descent.rows_of(x, x, 1)
    assert next(stream)[0] is x
    seen = np.concatenate([next(stream)[0] for _ in range(5)], axis=2)
    assert np.sort(seen, axis=2) == pytest.approx(x)


def test_every_tuning_belongs_to_a_statement_of_lesson_3():
    told = {claim.id for claim in claims.read().values() if claim.lesson == "03_gradient_descent"}
    assert {title.split(",")[0] for title in descent.TUNINGS} <= told


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(descent.THREE) > max(training.seeds(999, 30))


def test_every_tuning_is_in_the_results_file():
    assert set(descent.TUNINGS) == set(read(descent.RESULTS))


@pytest.mark.parametrize("name", ["03_pytorch", "03_step_costs", "05_keras2", "05_pytorch"])
def test_studies_outside_of_the_course_tell_their_versions(name):
    found = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    assert found["versions"] and found["settings"] and found["date"]
