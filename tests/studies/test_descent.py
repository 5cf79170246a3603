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


def test_every_tuning_belongs_to_a_statement_of_lesson_3():
    told = {claim.id for claim in claims.read().values() if claim.lesson == "03_gradient_descent"}
    assert {title.split(",")[0] for title in descent.TUNINGS} <= told


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(descent.THREE) > max(training.seeds(999, 30))


def test_every_tuning_is_in_the_results_file():
    assert set(descent.TUNINGS) == set(read(descent.RESULTS))


@pytest.mark.parametrize("name", ["03_pytorch", "03_step_costs"])
def test_studies_outside_of_the_course_tell_their_versions(name):
    found = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    assert found["versions"] and found["settings"] and found["date"]
