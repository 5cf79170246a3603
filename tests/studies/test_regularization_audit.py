"""The tuning behind audit 4: what the audit and the study must agree on."""

from helpers import claims, training
from studies import regularization_audit as study


def test_every_tuning_belongs_to_a_statement_of_lesson_4():
    told = {claim.id for claim in claims.read().values() if claim.lesson == "04_regularization"}
    assert {title.split(",")[0] for title in study.TUNINGS} <= told


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(study.SEEDS) > max(training.seeds(999, 30))
