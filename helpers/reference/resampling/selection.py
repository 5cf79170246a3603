"""Choosing features inside the folds of a cross-validation, with a linear model to be validated."""

import numpy as np


def most_correlated(x: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    """Numbers of the `count` columns of x that correlate most with y.

    `x` has shape (n, features), `y` (n,). The strongest correlation comes first, whatever its
    sign, and of equal ones the first; that of a constant column counts as 0.
    """
    centred = x - x.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0))
    correlation = np.divide(
        centred.T @ (y - y.mean()), scale, out=np.zeros(x.shape[1]), where=scale > 0
    )
    # Words of one sentence each tie. Rounded, they stay in their order on every processor.
    return np.argsort(-np.abs(correlation).round(12), kind="stable")[:count]


def linear_accuracy(
    x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray
) -> float:
    """Share of the test labels, -1 or 1, that a linear model predicts rightly.

    The model is least squares with a ridge of 1; `x_train` has shape (n, features).
    """
    mean = x_train.mean(axis=0)
    centred = x_train - mean
    weights = np.linalg.solve(
        centred.T @ centred + np.eye(x_train.shape[1]), centred.T @ (y_train - y_train.mean())
    )
    return float(np.mean(np.sign((x_test - mean) @ weights + y_train.mean()) == y_test))


def linear_accuracies(
    x: np.ndarray, y: np.ndarray, columns: np.ndarray, train: np.ndarray, held_out: np.ndarray
) -> np.ndarray:
    """Accuracy on held-out rows of many linear models, fitted by least squares to training rows.

    `x` has shape (n, features), `y` holds labels -1 or 1, `columns` the features of each model,
    shape (models, features of a model). Returns shape (models,).
    """
    inputs, others = (np.moveaxis(x[rows][:, columns], 1, 0) for rows in (train, held_out))
    weights = np.linalg.solve(inputs.mT @ inputs, (inputs.mT @ y[train])[..., None])
    return np.mean(np.sign(others @ weights)[..., 0] == y[held_out], axis=1)


def cross_validate(x: np.ndarray, y: np.ndarray, folds) -> float:
    """Mean accuracy of linear models on held-out rows, each with 20 words of its own choice.

    `x` has shape (sentences, words), `y` holds labels -1 or 1, `folds` is a list of pairs of row
    numbers (training, held out). The choice looks at labels, so it is part of the training and is
    made on the training rows of each fold: Hastie, Tibshirani and Friedman (2009), section 7.10.2.
    """
    scores = []
    for train, held_out in folds:
        words = most_correlated(x[train], y[train], 20)
        scores.append(
            linear_accuracy(x[train][:, words], y[train], x[held_out][:, words], y[held_out])
        )
    return sum(scores) / len(scores)


def optimism(held_out: np.ndarray, fresh: np.ndarray) -> tuple[float, float]:
    """How far the best held-out accuracy lies above the accuracy on fresh rows, and the latter.

    Both arrays hold one accuracy a candidate, shape (candidates,). Candidates that share the best
    held-out accuracy are averaged. Cawley and Talbot 2010, "On Over-fitting in Model Selection".
    """
    best = np.isclose(held_out, held_out.max())
    on_fresh = float(fresh[best].mean())
    return float(held_out.max()) - on_fresh, on_fresh
