"""Folds: divide the rows, examine on held-out ones only, and do not believe the winner's score."""

from itertools import islice

import numpy as np
from sklearn.model_selection import KFold

from helpers.exercises.core import Exercise, Mistake, call, expect, prediction, writing
from helpers.reference import resampling
from helpers.reference.resampling import linear_accuracy, most_correlated

# 1 ------------------------------------------------------------------------------------------------


def k_fold(n, k, generator): ...  # return a list of k pairs (training rows, held-out rows)


def k_fold_solution(n, k, generator):
    parts = np.array_split(generator.permutation(n), k)
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def k_fold_by_dealing(n, k, generator):
    order = generator.permutation(n)
    return [(np.delete(order, np.arange(i, n, k)), order[i::k]) for i in range(k)]


def k_fold_with_scikit_learn(n, k, generator):
    splitter = KFold(k, shuffle=True, random_state=int(generator.integers(2**31)))
    return list(splitter.split(np.zeros(n)))


def k_fold_one_by_one(n, k, generator):
    yield from k_fold_by_dealing(n, k, generator)


def k_fold_unshuffled(n, k, generator):
    parts = np.array_split(np.arange(n), k)
    return [(np.setdiff1d(np.arange(n), part), part) for part in parts]


def k_fold_dropping_the_rest(n, k, generator):
    order, size = generator.permutation(n), n // k
    parts = [order[i * size : (i + 1) * size] for i in range(k)]
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def k_fold_with_one_large_part(n, k, generator):
    order, size = generator.permutation(n), n // k
    parts = [order[i * size : (i + 1) * size if i < k - 1 else n] for i in range(k)]
    return [(np.setdiff1d(order, part), part) for part in parts]


def k_fold_training_on_all(n, k, generator):
    return [(np.arange(n), part) for part in np.array_split(generator.permutation(n), k)]


def k_fold_with_replacement(n, k, generator):
    parts = [generator.integers(0, n, n // k + (i < n % k)) for i in range(k)]
    return [(np.setdiff1d(np.arange(n), part), part) for part in parts]


def k_fold_drawn_anew(n, k, generator):
    pairs = []
    for i in range(k):
        order, size = generator.permutation(n), n // k + (i < n % k)
        pairs.append((order[size:], order[:size]))
    return pairs


def k_fold_reversed(n, k, generator):
    return [(held_out, training) for training, held_out in k_fold_solution(n, k, generator)]


SHARED = (
    "A row that a model was trained on is also held out to examine it: the two parts of a pair must"
    " not share a row."
)
REVERSED = (
    "Your held-out parts are larger than your training parts: each pair is (training rows, held-out"
    " rows)."
)
TWICE = (
    "Some row is held out more than once and another never, because each part is drawn by itself:"
    " draw one order, then cut it up."
)
REPEATED = (
    "The same row occurs twice in one held-out part: divide the rows, do not draw them with"
    " replacement."
)
DROPPED = (
    "Some rows are never held out: when k does not divide n, the remainder must go somewhere too."
)
UNEVEN = (
    "Your parts differ by more than one row: spread the remainder over the parts instead of giving"
    " it to one."
)
UNSHUFFLED = (
    "Your parts are runs of neighboring rows. On a sorted table the first part may then hold all"
    " of one class: shuffle the order once, before cutting."
)


def examine_k_fold(answer) -> str:
    for n, k in ((12, 4), (23, 4), (100, 5)):
        # A generator of pairs is right too, unless it never ends.
        pairs = list(islice(call(answer, n, k, np.random.default_rng(n)), n + 1))
        expect(len(pairs) == k, f"For k = {k} there must be {k} pairs; you returned {len(pairs)}.")
        training, held_out = zip(*[(np.asarray(a), np.asarray(b)) for a, b in pairs], strict=True)
        expect(sum(map(len, training)) >= sum(map(len, held_out)), REVERSED)
        expect(
            not any(np.intersect1d(a, b).size for a, b in zip(training, held_out, strict=True)),
            SHARED,
        )
        expect(all(len(np.unique(part)) == len(part) for part in held_out), REPEATED)
        counts = np.bincount(np.concatenate(held_out), minlength=n)
        expect((counts <= 1).all(), TWICE)
        expect((counts == 1).all(), DROPPED)
        sizes = list(map(len, held_out))
        expect(max(sizes) - min(sizes) <= 1, UNEVEN)
        whole = all(
            len(np.unique(a)) == len(a) == n - len(b)
            for a, b in zip(training, held_out, strict=True)
        )
        expect(
            whole, "Each model should train on all rows but its held-out ones, each of them once."
        )
    expect(not all((np.diff(np.sort(part)) == 1).all() for part in held_out), UNSHUFFLED)
    return (
        "Every row is held out once, by a model that never saw it; scikit-learn's KFold(k,"
        " shuffle=True) does the same."
    )


folding = Exercise(
    "folding",
    stub=k_fold,
    reference=k_fold_solution,
    examine=examine_k_fold,
    hints=(
        "Draw one random order of all rows: generator.permutation(n). Everything else is cutting.",
        (
            "np.array_split cuts into k parts although k does not divide n. Hold out each part in"
            " turn; join the others."
        ),
    ),
    equivalents=(k_fold_by_dealing, k_fold_with_scikit_learn, k_fold_one_by_one),
    mistakes=(
        Mistake(k_fold_unshuffled, UNSHUFFLED),
        Mistake(k_fold_dropping_the_rest, DROPPED),
        Mistake(k_fold_with_one_large_part, UNEVEN),
        Mistake(k_fold_training_on_all, SHARED),
        Mistake(k_fold_with_replacement, REPEATED),
        Mistake(k_fold_drawn_anew, TWICE),
        Mistake(k_fold_reversed, REVERSED),
    ),
)


# 2 ------------------------------------------------------------------------------------------------


def cross_validate(x, y, folds):
    x = x[:, most_correlated(x, y, 20)]  # the 20 most telling words
    scores = []
    for train, held_out in folds:
        scores.append(linear_accuracy(x[train], y[train], x[held_out], y[held_out]))
    return sum(scores) / len(scores)


def cross_validate_in_one_line(x, y, folds):
    chosen = [most_correlated(x[train], y[train], 20) for train, _ in folds]
    return sum(
        linear_accuracy(x[np.ix_(train, words)], y[train], x[np.ix_(held_out, words)], y[held_out])
        for words, (train, held_out) in zip(chosen, folds, strict=True)
    ) / len(folds)


def cross_validate_leaking_in_the_loop(x, y, folds):
    scores = []
    for train, held_out in folds:
        words = most_correlated(x, y, 20)
        scores.append(
            linear_accuracy(x[train][:, words], y[train], x[held_out][:, words], y[held_out])
        )
    return np.mean(scores)


def cross_validate_choosing_on_held_out(x, y, folds):
    scores = []
    for train, held_out in folds:
        words = most_correlated(x[held_out], y[held_out], 20)
        scores.append(
            linear_accuracy(x[train][:, words], y[train], x[held_out][:, words], y[held_out])
        )
    return np.mean(scores)


def cross_validate_choosing_twice(x, y, folds):
    scores = []
    for train, held_out in folds:
        words, others = (
            most_correlated(x[train], y[train], 20),
            most_correlated(x[held_out], y[held_out], 20),
        )
        scores.append(
            linear_accuracy(x[train][:, words], y[train], x[held_out][:, others], y[held_out])
        )
    return np.mean(scores)


def cross_validate_choosing_once(x, y, folds):
    words = most_correlated(x[folds[0][0]], y[folds[0][0]], 20)
    return np.mean([linear_accuracy(x[a][:, words], y[a], x[b][:, words], y[b]) for a, b in folds])


def cross_validate_on_training_rows(x, y, folds):
    scores = []
    for train, _ in folds:
        words = most_correlated(x[train], y[train], 20)
        scores.append(linear_accuracy(x[train][:, words], y[train], x[train][:, words], y[train]))
    return np.mean(scores)


def cross_validate_without_choosing(x, y, folds):
    return np.mean([linear_accuracy(x[a], y[a], x[b], y[b]) for a, b in folds])


def random_words(seed: int) -> tuple:
    """60 sentences of 200 possible words with labels that have nothing to do with them, and five
    folds.
    """
    generator = np.random.default_rng(seed)
    x = (generator.random((60, 200)) < 0.15).astype(float)
    return x, generator.permutation(np.repeat([-1.0, 1.0], 30)), k_fold_solution(60, 5, generator)


leaking = writing(
    "leaking",
    stub=cross_validate,
    reference=resampling.cross_validate,
    cases=tuple(map(random_words, range(4))),
    praise=(
        "Choosing the words is part of the training: whatever looks at the labels belongs inside"
        " the fold."
    ),
    hints=(
        "Which rows had a say in the choice of the words? Are the held-out ones among them?",
        (
            "A model in use never sees the sentence it will be asked about. Do for each fold all"
            " that you would do before that day."
        ),
    ),
    equivalents=(cross_validate_in_one_line,),
    mistakes=(
        Mistake(
            cross_validate_leaking_in_the_loop,
            "The choice moved into the loop, but it still looks at all rows, the held-out ones"
            " included: choose on the training rows.",
        ),
        Mistake(
            cross_validate_choosing_on_held_out,
            "You choose the words on the held-out rows: that is the leak itself. Choose on the"
            " training rows.",
        ),
        Mistake(
            cross_validate_choosing_twice,
            "Training and held-out rows use different words: column 3 of the one is not column 3 of"
            " the other. Choose once a fold.",
        ),
        Mistake(
            cross_validate_choosing_once,
            "You chose on the first fold's training rows for all folds: the other folds hold out"
            " rows that took part in the choice.",
        ),
        Mistake(
            cross_validate_on_training_rows,
            "You examine each model on the rows that it was trained on; take the held-out rows.",
        ),
        Mistake(
            cross_validate_without_choosing,
            "The leak is gone, but so is the choice: each model should use 20 words.",
        ),
    ),
)


# 3 ------------------------------------------------------------------------------------------------

HALF, MORE = "about 50 %", "well above 50 %"


def scores_of_the_winner(shown, fresh, nested) -> dict:
    """Accuracies near a coin's, or clearly (3 points) above it."""
    values = {
        "its cross-validation score": shown,
        "on fresh wines": fresh,
        "nested cross-validation": nested,
    }
    return {name: MORE if np.mean(value) > 0.53 else HALF for name, value in values.items()}


optimism_prediction = prediction(
    "optimism_prediction",
    choices=(HALF, MORE),
    truth=scores_of_the_winner,
    evidence=(0.60, 0.51, 0.51),
    reasons={
        (
            "its cross-validation score",
            HALF,
        ): (
            "Each score is 50 % give or take a few points of luck, and you look at the largest of "
            "200: it won because it was lucky."
        ),
        (
            "on fresh wines",
            MORE,
        ): "The labels are coins: whatever won, there was nothing in them to learn.",
        (
            "nested cross-validation",
            MORE,
        ): (
            "The outer held-out rows took no part in the choice either, so the luck of the winner "
            "does not reach them."
        ),
    },
    praise=(
        "The best of many scores is no estimate of anything. Only data that had no part in the"
        " choice can say what was chosen."
    ),
    hints=(
        (
            "Toss a coin 100 times and count heads. Now do it 200 times over, and report the best"
            " count."
        ),
    ),
)
