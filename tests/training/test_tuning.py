"""Learning rates of several arms: the same for all, chosen by the mean, wide enough."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from helpers.training import Recipe, Run, Runs, tuned
from helpers.training import tuning as module
from tests.training.small import REQUEST, build

RATES = (0.01, 0.1, 1.0)


def line():
    """A net that is one number: the mean of the targets."""
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    return keras.Sequential([keras.Input((1,)), dense])


@pytest.fixture
def bowl():
    """One input, always 1, and the target 3: the loss is (w - 3)^2, and w begins at 1."""
    x, y = np.ones((8, 1), np.float32), np.full(8, 3, np.float32)
    return SimpleNamespace(x_train=x, y_train=y, x_valid=x, y_valid=y, x_test=x, y_test=y)


def steps_of_descent(steps: int) -> Recipe:
    return Recipe(line, loss="mse", optimizer="sgd", epochs=steps, batch_size=8)


def test_the_best_rate_of_a_bowl(bowl):
    """w moves by 2 r (3 - w) a step: 0.5 is there at once, 1.0 and more never."""
    found = tuned({"one": steps_of_descent(3)}, bowl, range(2), (0.05, 0.5, 0.95))
    for rate, scores in zip(found.rates, found.scores["one"], strict=True):
        np.testing.assert_allclose(scores, 4 * (1 - 2 * rate) ** 6, atol=1e-6)
    assert found.best == {"one": 0.5}
    assert found.at_edge == ()
    assert found.budget == 6


def test_rates_are_widened_for_all_arms_until_no_best_is_at_an_edge(bowl):
    """With a loss 100 times as large the best rate is a hundredth of the other arm's."""
    scaled = replace(steps_of_descent(1), loss=lambda y, p: 100 * keras.ops.square(y - p))
    recipes = {"plain": steps_of_descent(1), "steep": scaled}
    found = tuned(recipes, bowl, [0], (0.05, 0.5, 5.0))
    np.testing.assert_allclose(found.rates, [5e-4, 5e-3, 0.05, 0.5, 5.0])
    assert found.best["plain"] == 0.5
    np.testing.assert_allclose(found.best["steep"], 5e-3)
    assert {arm: scores.shape for arm, scores in found.scores.items()} == {
        "plain": (5, 1),
        "steep": (5, 1),
    }
    assert found.budget == 10


def test_tuning_that_ends_at_an_edge_says_so(bowl):
    found = tuned({"one": steps_of_descent(1)}, bowl, [0], (1e-5, 1e-4, 1e-3), widest=4)
    np.testing.assert_allclose(found.rates, [1e-5, 1e-4, 1e-3, 1e-2])
    assert found.at_edge == ("one",)
    assert "not tuned: one" in str(found)


def test_known_scores_are_not_measured_again(bowl):
    known = {("one", 0.05): np.array([7.0]), ("one", 0.95): np.array([8.0])}
    found = tuned({"one": steps_of_descent(3)}, bowl, [0], (0.05, 0.5, 0.95), known=known)
    np.testing.assert_allclose(found.scores["one"][:, 0], [7, 0, 8], atol=1e-6)
    assert set(known) == {("one", 0.05), ("one", 0.5), ("one", 0.95)}


def test_diverged_runs_are_infinitely_bad(bowl):
    found = tuned({"one": steps_of_descent(60)}, bowl, [0], (0.1, 0.5, 1e6))
    assert np.isinf(found.scores["one"][-1]).all()
    assert found.best == {"one": 0.5}


def test_the_mean_decides_and_not_one_run(numbers, monkeypatch):
    table = {0.01: [0.5, 0.5], 0.1: [0.6, 0.7], 1.0: [0.9, 0.1]}

    def fit(recipe, split, runs, **options):
        values = np.array([[0.0, value] for value in table[runs[0].learning_rate]])
        return Runs(
            history={"val_accuracy": values},
            step_losses=[],
            weights=[[]] * 2,
            best_epoch=np.zeros(2, int),
            epochs=np.full(2, 2),
            forward=len,
            loss=None,
            metrics=(),
            test_data=[],
        )

    monkeypatch.setattr(Recipe, "fit", fit)
    recipe = Recipe(build, **REQUEST)
    found = tuned({"one": recipe}, numbers, range(2), RATES, metric="val_accuracy")
    assert found.best == {"one": 0.1}
    assert "0.6500*" in str(found) and "6 trainings" in str(found)
    assert [run.learning_rate for run in found.runs("one", [Run(4), Run(5)])] == [0.1, 0.1]
    assert [run.seed for run in found.runs("one", range(4, 6))] == [4, 5]
    given = {"metric": "val_accuracy", "at": "best", "widest": 3}
    best = tuned({"one": recipe}, numbers, range(2), RATES, **given)
    assert (best.scores["one"] == 0).all()


def test_what_cannot_be_tuned_is_refused(numbers):
    recipes = {"one": Recipe(build, **REQUEST)}
    for rates in ((0.1, 0.2), (0.3, 0.2, 0.1), (0.0, 0.1, 0.2), (0.1, 0.2, np.inf)):
        with pytest.raises(ValueError, match="at least 3 that grow from above 0"):
            tuned(recipes, numbers, [0], rates)
    with pytest.raises(ValueError, match="recipes is empty"):
        tuned({}, numbers, [0], RATES)
    with pytest.raises(ValueError, match="learning rates of their own"):
        tuned(recipes, numbers, [Run(0, learning_rate=0.1)], RATES)
    with pytest.raises(ValueError, match="at is 'first'"):
        tuned(recipes, numbers, [0], RATES, at="first")
    with pytest.raises(ValueError, match="largest number of rates, at least 3"):
        tuned(recipes, numbers, [0], RATES, widest=2)
    with pytest.raises(ValueError, match="metric is 'val_accuracy'; the history has loss"):
        tuned(recipes, numbers, [0], RATES, metric="val_accuracy")


def test_other_words_than_last_and_best_are_refused(numbers):
    done = Recipe(build, **REQUEST).fit(numbers, [0])
    with pytest.raises(ValueError, match="at is 'bets'"):
        module.scores(done, "loss", "bets")


@pytest.mark.parametrize("name", ["accuracy", "acc", "auc", "r2_score", "mae", "loss"])
def test_what_is_a_gain_is_what_keras_s_early_stopping_takes_for_one(name):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[] if name == "loss" else [name])
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    stopping = keras.callbacks.EarlyStopping(monitor=name)
    stopping.set_model(model)
    stopping._set_monitor_op()
    assert module.is_gain(f"val_{name}") == bool(stopping.monitor_op(2, 1))


def test_edges_are_left_in_the_ratio_that_they_have():
    found = module.Tuned("loss", np.array([0.1, 0.2, 0.8]), {"a": np.array([[1.0], [2], [3]])})
    np.testing.assert_allclose(module.beyond(found), [0.05])
    found = module.Tuned("accuracy", found.rates, found.scores)
    np.testing.assert_allclose(module.beyond(found), [3.2])
