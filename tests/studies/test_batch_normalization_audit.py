"""The study behind audit 5b: how contests are held, and nets on the moons in miniature."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from helpers import claims, training
from studies import batch_normalization_audit as study
from studies.augmentation import read

SEEDS = training.seeds(0, 2)


@pytest.fixture(scope="module")
def pool():
    """Two pairs of moons."""
    return study.moons(SEEDS)


def trained(pool, recipe, runs):
    return recipe.fit(pool, study.at(0.1, runs)).weights


def test_all_points_with_weight_on_a_batch_give_the_gradient_of_the_batch(pool, monkeypatch):
    monkeypatch.setattr(study, "STEPS", 20)
    build = partial(study.moon_net, False, (4,), False)
    recipe = training.Recipe(
        build, loss=study.LOGITS, optimizer="sgd", epochs=1, batch_size=study.POINTS
    )
    few = replace(recipe, batch_size=32)
    batches = trained(pool, few, study.in_batches(pool, SEEDS, 32))
    everything = trained(study.twofold(pool), recipe, study.weighted(pool, SEEDS, 32))
    for own, other in zip(batches, everything, strict=True):
        for first, second in zip(own, other, strict=True):
            np.testing.assert_allclose(first, second, atol=1e-4)


def test_accuracies_are_those_of_the_net_on_all_training_points(pool):
    arm, own = study.Sigmoids(hidden=(3, 3), learned=True), pool.divisions[0]
    net = study.moon_net(True, arm.hidden, arm.learned)
    generator = np.random.default_rng(0)
    net.set_weights([generator.normal(size=w.shape) ** 2 for w in net.get_weights()])
    weights = [w.astype(float) for w in net.get_weights()]
    whole = own._replace(valid=own.train, test=own.train)
    expected = np.asarray(net(pool.x_train[own.train], training=True)).argmax(axis=1)
    right = np.mean(expected == pool.y_train[own.train])
    assert arm.accuracies(weights, pool, whole) == pytest.approx([right, right])


def test_a_contest_has_the_best_rate_of_each_arm(tmp_path):
    path, asked = tmp_path / "found.json", []

    def arm(best, pool, seeds, rate):
        asked.append((best, rate))
        return {"loss": [abs(np.log10(rate / best))] * len(seeds)}

    contest = study.Contest(
        {"low": partial(arm, 0.01), "high": partial(arm, 1.0)},
        study.moons,
        ("0.1", "1", "10"),
        "loss",
        scouts=SEEDS,
        judged=training.seeds(1, 2),
    )
    study.hold(path, "title", contest)
    row = read(path)["title"]
    assert row["rates"] == {"low": "0.01", "high": "1"}
    assert row["at_edge"] == []
    assert row["low, 0.01"] == {"loss": [0.0, 0.0]}
    done = len(asked)
    study.hold(path, "title", contest)
    assert len(asked) == done


def test_every_part_belongs_to_a_statement_of_the_lesson():
    told = {claim.id for claim in claims.read().values() if claim.lesson == "05_initialization"}
    assert {title.split(",")[0] for title in study.PARTS} <= told


def test_every_part_is_in_the_results_file():
    assert set(study.PARTS) == set(read(study.RESULTS))


def test_no_notebook_has_the_seeds_of_the_study():
    assert min(study.SCOUTS) > max(training.seeds(999, 30))
    assert not set(study.SCOUTS) & set(study.JUDGED)
