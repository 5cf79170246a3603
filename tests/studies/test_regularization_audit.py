"""The tuning behind audit 4: what the audit and the study must agree on."""

import numpy as np

from helpers import claims, datasets, training
from studies import regularization_audit as study


def test_every_tuning_belongs_to_a_statement_of_lesson_4():
    told = {claim.id for claim in claims.read().values() if claim.lesson == "04_regularization"}
    assert {title.split(",")[0] for title in study.TUNINGS} <= told


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(study.SEEDS) > max(training.seeds(999, 30))


def test_mistakes_are_as_many_as_asked_and_among_similar_classes():
    y = np.random.default_rng(0).integers(0, 10, 1_000)
    wrong = datasets.mistaken(y, 0.1, training.generator(3))
    changed = wrong != y
    assert changed.sum() == 100
    assert set(wrong[changed & (y == 1)]) <= {3}
    assert set(wrong[changed & (y == 9)]) <= {5, 7}
    assert (y == np.random.default_rng(0).integers(0, 10, 1_000)).all()
