"""Resampling: against scikit-learn's splitters and ensembles, SciPy, arithmetic and textbook
numbers.
"""

import numpy as np
import pytest
from numpy.polynomial import Chebyshev
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingRegressor
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from helpers.reference import resampling

MEASURES, BENIGN = load_breast_cancer(return_X_y=True)
TUMOURS = MEASURES, 2 * BENIGN - 1
DIABETES = load_diabetes(return_X_y=True)


def test_a_bootstrap_sample_holds_63_2_percent_of_the_rows():
    """Efron and Tibshirani (1993): a row is in the sample with probability 1 - (1 - 1/n)^n, near 1
    - 1/e.
    """
    samples = resampling.bootstrap(500, 2000, np.random.default_rng(0))
    assert samples.shape == (2000, 500) and samples.min() == 0 and samples.max() == 499
    held = 1 - resampling.left_out(samples, 500).mean(axis=1)
    assert held.mean() == pytest.approx(1 - (1 - 1 / 500) ** 500, abs=4 * held.std() / 2000**0.5)
    assert held.mean() == pytest.approx(0.632, abs=0.002)


def test_bootstrap_means_spread_as_theory_says():
    """The bootstrap standard error of a mean is the sample's deviation (dividing by n) over the
    root of n.
    """
    values = np.random.default_rng(1).gamma(2.0, size=40)
    means = values[resampling.bootstrap(40, 50_000, np.random.default_rng(2))].mean(axis=1)
    assert means.std() == pytest.approx(values.std() / 40**0.5, rel=0.02)
    ours = np.quantile(means, (0.025, 0.975))
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=50_000, method="percentile", rng=np.random.default_rng(3)
    )
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=0.02)


def test_left_out_of_folds_are_the_held_out_rows():
    folds = list(KFold(4, shuffle=True, random_state=0).split(np.zeros(10)))
    mask = resampling.left_out([train for train, _ in folds], 10)
    assert all(
        np.array_equal(np.flatnonzero(row), np.sort(held))
        for row, (_, held) in zip(mask, folds, strict=True)
    )


def test_decomposition_of_least_squares_as_the_textbook_has_it():
    """Hastie, Tibshirani and Friedman, equation 7.11: the variance of a linear fit at its inputs
    averages p / n noise.
    """
    n, degree, noise = 30, 3, 0.5
    generator = np.random.default_rng(0)
    x = np.linspace(-1, 1, n)
    truth = 1 + x - 2 * x**3
    y = truth + generator.normal(scale=noise, size=(4000, n))
    predictions = np.array([Chebyshev.fit(x, row, degree)(x) for row in y])
    parts = resampling.decompose(predictions, truth, noise**2)
    assert parts.variance.mean() == pytest.approx((degree + 1) / n * noise**2, rel=0.03)
    assert parts.bias_squared.mean() == pytest.approx(0, abs=2e-4)
    fresh = truth + generator.normal(scale=noise, size=predictions.shape)
    assert parts.error.mean() == pytest.approx(((predictions - fresh) ** 2).mean(), rel=0.02)


def test_the_parts_add_up_exactly_and_do_not_depend_on_the_number_of_sets():
    generator = np.random.default_rng(3)
    truth = generator.normal(size=7)
    few = truth + 0.3 + generator.normal(scale=2.0, size=(20_000, 4, 7))
    parts = [resampling.decompose(sets, truth) for sets in few[:50]]
    for sets, part in zip(few[:50], parts, strict=True):
        assert part.error == pytest.approx(((sets - truth) ** 2).mean(axis=0), rel=1e-12)
    everywhere = np.mean([resampling.decompose(sets, truth).bias_squared for sets in few[:5000]])
    assert everywhere == pytest.approx(
        0.09, abs=0.02
    )  # with the mean's own spread left in, it would be 1.09


@pytest.mark.parametrize("shape", [(1, 4), (3, 5), (4,)])
def test_decomposition_refuses_what_it_cannot_split(shape):
    with pytest.raises(ValueError, match="at least two training sets"):
        resampling.decompose(np.zeros(shape), np.zeros(4))


def test_the_best_start_is_that_with_the_least_error_on_its_training_set():
    outputs = np.arange(24).reshape(2, 6, 2)  # two points, two sets with three starts, two nets
    errors = np.array([[3, 1], [1, 2], [2, 3], [9, 9], [9, 8], [8, 9]])
    found = resampling.best_starts(errors, outputs, 3)
    assert found.shape == (2, 2, 2)  # nets, sets, points
    for net, columns in enumerate(((1, 5), (0, 4))):
        assert np.array_equal(found[net], outputs[:, columns, net].T)


@pytest.mark.parametrize(("shape", "starts"), [((6, 3), 3), ((5, 2), 3), ((6, 2), 4)])
def test_starts_that_do_not_fit_are_refused(shape, starts):
    with pytest.raises(ValueError, match="starts of a training set"):
        resampling.best_starts(np.zeros(shape), np.zeros((2, 6, 2)), starts)


def test_adaboost_equals_scikit_learns():
    x, y = TUMOURS
    ours = resampling.adaboost(x, y, 40)
    theirs = AdaBoostClassifier(
        DecisionTreeClassifier(max_depth=1, random_state=0), n_estimators=40, random_state=0
    ).fit(x, y)
    assert 2 * ours.amounts == pytest.approx(theirs.estimator_weights_, rel=1e-9)
    for score, label in zip(ours.staged(x), theirs.staged_predict(x), strict=True):
        assert np.array_equal(np.sign(score), label)


def test_adaboost_respects_the_bound_and_the_balance():
    """Freund and Schapire (1997), theorem 6: training error <= prod 2 sqrt(e (1 - e)); new weights
    split half and half.
    """
    x, y = TUMOURS
    boosted = resampling.adaboost(x, y, 30)
    assert boosted.given.sum(axis=1) == pytest.approx(np.ones(30), rel=1e-12)
    assert (boosted.given > 0).all()
    for member, following in zip(boosted.members[:-1], boosted.given[1:], strict=True):
        assert following[member.predict(x) != y].sum() == pytest.approx(0.5, abs=1e-9)
    errors = 1 / (1 + np.exp(2 * boosted.amounts))
    bound = np.cumprod(2 * np.sqrt(errors * (1 - errors)))
    assert (np.mean(np.sign(boosted.staged(x)) != y, axis=1) <= bound + 1e-12).all()


def test_adaboost_by_hand():
    """Three rows, the middle one on the wrong side: e = 1/3, so the amount is log(2) / 2 and the
    weights 1/4, 1/2, 1/4.
    """
    boosted = resampling.adaboost(np.array([[0.0], [1.0], [2.0]]), np.array([1, -1, 1]), 2)
    assert boosted.amounts[0] == pytest.approx(np.log(2) / 2)
    wrong = boosted.members[0].predict([[0.0], [1.0], [2.0]]) != [1, -1, 1]
    assert wrong.sum() == 1
    assert boosted.given[1] == pytest.approx(np.where(wrong, 1 / 2, 1 / 4))


@pytest.mark.parametrize(
    ("x", "y", "rounds", "message"),
    [
        ([[0.0], [1.0]], [0, 1], 5, "labels -1 and 1"),
        ([[0.0], [1.0]], [1, 1], 5, "labels -1 and 1"),
        ([[0.0], [1.0]], [-1, 1], 5, "nothing to boost"),
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1], 5, "better than chance"),
        ([[0.0], [1.0]], [-1, 1], 0, "at least 1"),
        ([[0.0]], [1], 3, "at least two rows"),
    ],
)
def test_adaboost_refuses_what_cannot_be_boosted(x, y, rounds, message):
    with pytest.raises(ValueError, match=message):
        resampling.adaboost(np.array(x), np.array(y), rounds)


@pytest.mark.parametrize(("rate", "depth"), [(0.1, 1), (1.0, 1), (0.3, 3)])
def test_gradient_boosting_equals_scikit_learns(rate, depth):
    x, y = DIABETES
    ours = resampling.gradient_boosting(x, y, 50, rate=rate, depth=depth).staged(x)
    theirs = GradientBoostingRegressor(
        n_estimators=50, learning_rate=rate, max_depth=depth, random_state=0
    ).fit(x, y)
    assert ours == pytest.approx(np.stack(list(theirs.staged_predict(x))), rel=1e-9)


def test_gradient_boosting_fits_what_is_left_over():
    x, y = DIABETES
    boosted = resampling.gradient_boosting(x, y, 5, rate=0.5)
    assert boosted.given[0] == pytest.approx(y - y.mean())
    assert boosted.given[1:] == pytest.approx(y - boosted.staged(x)[:-1])


def test_selection_inside_the_folds_chooses_and_scores_as_scikit_learn_does():
    generator = np.random.default_rng(0)
    x = (generator.random((60, 200)) < 0.15).astype(float)
    y = generator.permutation(np.repeat([-1.0, 1.0], 30))
    folds = list(KFold(5, shuffle=True, random_state=0).split(x))
    model = make_pipeline(SelectKBest(f_classif, k=20), RidgeClassifier(alpha=1.0))
    assert resampling.cross_validate(x, y, folds) == pytest.approx(
        cross_val_score(model, x, y, cv=folds).mean()
    )


def test_the_most_correlated_columns_come_first_whatever_their_sign():
    y = np.array([1.0, 2.0, 3.0, 4.0])
    x = np.column_stack([np.ones(4), [1, 1, 2, 1], -y, [1, 2, 3, 5]])
    assert resampling.most_correlated(x, y, 3).tolist() == [2, 3, 1]


def test_columns_that_correlate_alike_stay_in_their_order():
    generator = np.random.default_rng(0)
    column, labels = generator.normal(size=100), generator.choice([-1.0, 1.0], 100)
    factors = generator.uniform(-3, 3, size=50)  # they change rounding errors alone
    x = np.column_stack([column * factor for factor in factors])
    assert resampling.most_correlated(x, labels, 50).tolist() == list(range(50))


def test_linear_accuracy_on_classes_that_a_line_parts():
    x, y = np.array([[-3.0], [-2.0], [2.0], [3.0]]), np.array([-1, -1, 1, 1])
    assert resampling.linear_accuracy(x, y, x, y) == 1
    assert resampling.linear_accuracy(x, y, x, -y) == 0


def test_accuracies_of_many_linear_models_are_those_of_each():
    generator = np.random.default_rng(4)
    x, y = generator.normal(size=(60, 5)), generator.choice([-1.0, 1.0], 60)
    train, held_out = np.arange(40), np.arange(40, 60)
    columns = np.array([[0, 1], [4, 2], [1, 3]])
    found = resampling.linear_accuracies(x, y, columns, train, held_out)
    for own, accuracy in zip(columns, found, strict=True):
        weights, *_ = np.linalg.lstsq(x[:40, own], y[:40])
        assert accuracy == np.mean(np.sign(x[40:, own] @ weights) == y[40:])
