# %% [markdown]
# # 2 · Resampling
#
# How good is a model on data that it has not seen? You have one table, and the question needs many.
# Resampling makes many tables out of one: it holds parts back in turn, draws rows again and again,
# and fits the model to each. The same trick that measures a model's uncertainty can then be turned
# round to remove some of it.
#
# After it you will be able to
#
# - cross-validate without leaks, and say what the spread over the folds means and what it does not;
# - explain why the best score of 200 models is no honest estimate, and get one;
# - bootstrap an interval, and know when to distrust it, those of this course included;
# - split an error into bias, variance and noise, and check that the parts add up;
# - build a committee in parallel (bagging) and one after the other (boosting), and say what each of
#   them buys.
#
# Statements that lecture notes repeat are **measured** here. Look for the lines that begin with ✓
# (supported), ✗ (refuted) or ≈ (undecided): each gives the word that was recorded over thirty
# paired replicates, and what a few of them gave in this notebook just now. Plan 45 to 60 minutes.

# %% tags=["setup"]
# Setup: find the course's folder, here or above.
import sys
from pathlib import Path

folders = [Path.cwd(), *Path.cwd().parents]
course = next((folder for folder in folders if (folder / "helpers" / "runtime.py").exists()), None)
if course is None:
    raise FileNotFoundError("Open this notebook in the course's folder: no helpers/ here or above.")
sys.path.insert(0, str(course))

from helpers import runtime

print(runtime.start())

# %% [markdown]
# `RUNS` is the number of replicates that this notebook trains for each comparison. Change `SEED`
# and run all cells again: the numbers move, and you see what stays.

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
import keras
import numpy as np
from numpy.polynomial import Chebyshev
from scipy import stats
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingRegressor
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier

from helpers import claims, datasets, plots, training
from helpers.exercises import resampling as ex
from helpers.nets import models
from helpers.reference import resampling
from helpers.reference.resampling import linear_accuracy, most_correlated

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()

# %% [markdown]
# ## 2.1 One held-out part is a lottery ticket
#
# The plan of lesson 01 was: hold out a part of the data and measure the error there. With thousands
# of rows that works well. With a hundred, the fifth that is held out has twenty rows, and *which*
# twenty is luck.
#
# **Cross-validation** holds out every row once: it divides the rows into k parts, trains k times,
# each time on all parts but one, and averages the k errors measured on the parts left out.
#
# ### Exercise 1 · Write k-fold
#
# Write `k_fold(n, k, generator)`: it divides the rows 0 to n - 1 at random into k parts of equal
# size (or one row more) and returns a list of k pairs `(training rows, held-out rows)`. The table
# may be sorted. `generator` is a NumPy random generator.


# %%
def k_fold(n, k, generator): ...  # return a list of k pairs (training rows, held-out rows)


ex.folding.check(k_fold)

# %% [markdown]
# From here on scikit-learn's splitters do it. To see how good an estimate is, we need a world in
# which the truth is known. So we play a game: 100 red wines, drawn at random, are "our data"; the
# others, more than a thousand, are "the world"; and the **true** error of a model is its error
# there. The model is linear regression on the eleven measurements. We play 20 x `RUNS` games, and
# estimate the error of the model in three ways in each.

# %%
wine = datasets.load("wine", seed=seeds[0])
every_wine = np.concatenate([wine.x_train, wine.x_valid, wine.x_test]).astype(float)
every_score = np.concatenate([wine.y_train, wine.y_valid, wine.y_test]).astype(float)
# 240 rows are copies; section 2.2 is about them.
_, distinct = np.unique(every_wine, axis=0, return_index=True)
wines, scores = every_wine[distinct], every_score[distinct]
OURS = 100


def with_one(x):
    return np.hstack([x, np.ones((len(x), 1))])


def linear_error(x, y, x_new, y_new):
    """Mean absolute error on new rows of the least-squares fit to x, y."""
    weights, *_ = np.linalg.lstsq(with_one(x), y, rcond=None)
    return np.abs(with_one(x_new) @ weights - y_new).mean()


def errors_of_folds(x, y, splitter):
    return np.array(
        [linear_error(x[train], y[train], x[held], y[held]) for train, held in splitter.split(x)]
    )


games = []
for seed in training.seeds(SEED, 20 * RUNS):
    order = training.generator(seed).permutation(len(scores))
    x, y, world = wines[order[:OURS]], scores[order[:OURS]], order[OURS:]
    true = linear_error(x, y, wines[world], scores[world])
    five = errors_of_folds(x, y, KFold(5, shuffle=True, random_state=seed))
    fifty = errors_of_folds(x, y, RepeatedKFold(n_splits=5, n_repeats=10, random_state=seed))
    games.append([five[0] - true, five.mean() - true, fifty.mean() - true, five.std(ddof=1)])
one_part, five_fold, repeated, spread = np.array(games).T
estimates = {"one held-out fifth": one_part, "5-fold": five_fold, "5-fold, 10 times": repeated}

# %%
with plots.canvas(width=7.2, height=3.2) as (figure, axes):
    generator = np.random.default_rng(0)
    for number, values in enumerate(estimates.values()):
        heights = -number + generator.uniform(-0.28, 0.28, len(values))
        axes.scatter(
            values,
            heights,
            s=14,
            alpha=0.55,
            color=plots.COLORS[number],
            marker=plots.MARKERS[number],
        )
        low, high = np.quantile(values, (0.1, 0.9))
        axes.plot([low, high], [-number - 0.4] * 2, color="black", linewidth=3)
    axes.axvline(0, color="#777777", linestyle="--", linewidth=1)
    axes.set_yticks([0, -1, -2], estimates)
    axes.set(xlabel="estimated minus true error (score points)", ylim=(-2.7, 0.5))
plots.show(
    figure,
    alt=(
        "Three clouds of points around zero. Those of one held-out fifth spread widest; those of"
        " five-fold cross-validation are much narrower; repeating the five folds ten times makes"
        " the cloud hardly narrower still."
    ),
    data=f"{wine}, {len(games)} draws of {OURS} wines; black bars: middle 80 %",
)
for label, values in estimates.items():
    print(f"{label:20} off by {np.abs(values).mean():.3f} on average, bias {values.mean():+.3f}")

# %% [markdown]
# Each point is one draw of 100 wines. Cross-validation narrows the cloud, since it examines the
# model on all hundred wines and not on twenty. Repeating it with other divisions adds little: the
# hundred wines stay the same. (A small tilt to the right is to be expected: each of the models
# learned from 80 wines, and is compared with one that learned from 100.)

# %%
held = np.concatenate(
    [rows for _, rows in KFold(5, shuffle=True, random_state=seeds[0]).split(wines)]
)
print(f"5 trainings held out {len(held):,} rows in all; there are {len(wines):,} distinct wines")
verdicts.by_definition(
    "CVB-01",
    detail=(
        "It defines cross-validation as textbooks do: each row is held out once. The notes call the"
        " part held out the test data; most books call it the validation part."
    ),
)

# %% [markdown]
# ## 2.2 What the folds say, and what they do not
#
# The five folds give five errors, and it is tempting to read their spread as the uncertainty of
# their mean: their standard deviation divided by the root of five. If that were right, about twice
# this **standard error** to either side would hold the true error 95 % of the time. (Student's t,
# which knows that five values are few, takes 2.78 standard errors in place of 1.96.)

# %%
standard_error = spread / np.sqrt(5)
print(f"mean standard deviation over the five folds        {spread.mean():.3f}")
print(f"the same divided by the root of 5                   {standard_error.mean():.3f}")
print(f"how much the 5-fold estimate really strays (sd)     {five_fold.std(ddof=1):.3f}")
for factor in (1.96, stats.t.ppf(0.975, 4)):
    inside = np.abs(five_fold) <= factor * standard_error
    print(
        f"the true error lies within {factor:.2f} standard errors    {inside.mean():.0%} of the"
        " draws"
    )

# %% [markdown]
# The spread of the folds is **not** the uncertainty of the estimate: it is the spread of errors on
# 20 wines. Divided by the root of five it comes nearer, but stays an approximation: any two of the
# five models share three quarters of their training rows, and *no* formula on the folds alone gets
# the uncertainty right for every kind of data (Bengio and Grandvalet 2004). Use it to see whether
# something is wrong with a fold; do not compare two models by whether their fold intervals overlap.
# Compare them in pairs, on the same folds, over several draws, as this course does.
#
# Two kinds of folds deserve a closer look. **Stratified** folds each hold about the same share of
# every class; **grouped** folds keep rows that belong together in the same fold. The red wines need
# both: excellent wines are rare, and 240 rows are exact copies of others.

# %%
excellent = every_score >= 7
fifty = np.repeat([True, False], (7, 43))  # fifty wines, as uneven as the whole table
without = {}
for label, splitter in (("plain", KFold), ("stratified", StratifiedKFold)):
    empty = []
    for seed in training.seeds(SEED, 20 * RUNS):
        parts = splitter(5, shuffle=True, random_state=seed).split(fifty, fifty)
        empty += [not fifty[held].any() for _, held in parts]
    without[label] = np.mean(empty)
print(f"{excellent.mean():.1%} of the wines are excellent (a score of 7 or more)")
print("folds of 10 wines out of 50 like them, without a single excellent one:")
print(f"plain {without['plain']:.0%}, stratified {without['stratified']:.0%}")

same_wine = np.unique(every_wine, axis=0, return_inverse=True)[1]
# No labels go into the scale, and all rows are held out in turn.
scaled = (every_wine - every_wine.mean(axis=0)) / every_wine.std(axis=0)


def neighbour_error(folds):
    """Out-of-fold error of 'ask the nearest wine'."""
    nearest = KNeighborsRegressor(1)
    errors = [
        nearest.fit(scaled[a], every_score[a]).predict(scaled[b]) - every_score[b] for a, b in folds
    ]
    return np.mean([np.abs(error).mean() for error in errors])


def neighbour_errors(splitter, groups=None):
    splitters = [splitter(5, shuffle=True, random_state=seed) for seed in seeds]
    return np.array([neighbour_error(each.split(scaled, groups=groups)) for each in splitters])


plain, grouped = neighbour_errors(KFold), neighbour_errors(GroupKFold, same_wine)
print(
    f"error of the nearest wine's score: plain folds {plain.mean():.3f}, "
    f"copies in one fold {grouped.mean():.3f}"
)

# %% [markdown]
# Plain folds can miss a rare class altogether; stratified ones deal it out evenly. And "ask the
# most similar wine" looks good under plain folds because the most similar wine is often *the same
# wine*, once in the training part and once in the held-out part. With copies kept together that
# advantage is gone. Ask of every table: which rows are the same patient, the same photo, the same
# day?

# %% [markdown]
# ## 2.3 What has seen the labels
#
# Copied rows are easy to see. Other leaks are not. Here are 100 movie-review sentences over a
# vocabulary of ten thousand words, and labels that were **drawn by coin**. On average, nobody can
# be right more than half of the time.
#
# ### Exercise 2 · Bug hunt
#
# **Bug hunt.** `cross_validate` keeps the 20 words that correlate most with the labels and then
# cross-validates a linear model on them. On labels that were drawn by coin it reports far more than
# the 50 % that anybody can reach. Repair it; it shall still use 20 words for each model.


# %%
def cross_validate(x, y, folds):
    x = x[:, most_correlated(x, y, 20)]  # keep the 20 most telling words
    scores = []
    for train, held_out in folds:
        scores.append(linear_accuracy(x[train], y[train], x[held_out], y[held_out]))
    return sum(scores) / len(scores)


ex.leaking.check(cross_validate)

# %%
reviews = datasets.load("reviews", seed=seeds[0])
leaky, honest = [], []
for seed in seeds:
    generator = training.generator(seed)
    rows = generator.choice(len(reviews.x_train), OURS, replace=False)
    sentences = reviews.x_train[rows].astype(float)
    coins = generator.permutation(np.repeat([-1.0, 1.0], OURS // 2))
    folds = list(KFold(5, shuffle=True, random_state=seed).split(sentences))
    leaky.append(ex.leaking.stub(sentences, coins, folds))
    honest.append(resampling.cross_validate(sentences, coins, folds))
print(
    f"accuracy on coin labels: words chosen on all sentences {np.mean(leaky):.0%}, "
    f"inside the folds {np.mean(honest):.0%}"
)

# %% [markdown]
# Nothing was fitted to the held-out sentences, and still they were not unseen: they had a say in
# which words the model may use. **Whatever looks at the labels is part of the training**, and goes
# inside the fold.

# %% [markdown]
# ## 2.4 The best of 200
#
# Now a leak that no code review finds, because every line is right. We try 200 models and keep the
# one with the best cross-validation score. The models are linear; each may use another handful of
# the eleven measurements. Labels: is the wine good (score 6 or more)? In one world they are the
# real ones, in the other they are drawn by coin.
#
# **Nested** cross-validation puts the whole procedure, choice included, inside an outer fold: on
# four fifths of the rows the 200 models are cross-validated and one is chosen; only then is it
# examined on the last fifth.
#
# ### Exercise 3 · Predict
#
# The labels are drawn by coin, so that no model can be right more than half of the time. 200 models
# are cross-validated on 100 wines and the one with the best score wins. **Before you look:** what
# accuracy does the winner show in its own five-fold cross-validation, on fresh wines, and in nested
# cross-validation? Write "about 50 %" or "well above 50 %" for each.

# %%
winner = {"its cross-validation score": ..., "on fresh wines": ..., "nested cross-validation": ...}

# %%
MODELS = 200
z = (wines - wines.mean(axis=0)) / wines.std(axis=0)
good = np.where(scores >= 6, 1.0, -1.0)


def fit_all(x, y, masks):
    """Least squares for every model at once: weights of shape (models, features + 1)."""
    x, masks = with_one(x), with_one(masks)
    gram = (x.T @ x) * masks[:, :, None] * masks[:, None, :] + np.eye(x.shape[1]) * (
        1.000001 - masks[:, :, None]
    )
    return np.linalg.solve(gram, (masks * (x.T @ y))[:, :, None])[:, :, 0]


def accuracy_of_all(weights, x, y):
    return np.mean(np.sign(with_one(x) @ weights.T) == y[:, None], axis=0)


def cross_validate_all(x, y, masks, seed):
    folds = KFold(5, shuffle=True, random_state=seed).split(x)
    return np.mean(
        [accuracy_of_all(fit_all(x[a], y[a], masks), x[b], y[b]) for a, b in folds], axis=0
    )


def nested(x, y, masks, seed):
    found = []
    for outer, held in KFold(5, shuffle=True, random_state=seed).split(x):
        best = cross_validate_all(x[outer], y[outer], masks, seed).argmax()
        found.append(
            accuracy_of_all(fit_all(x[outer], y[outer], masks[[best]]), x[held], y[held]).mean()
        )
    return np.mean(found)


def best_of_all(seed, by_coin):
    generator = training.generator(seed)
    labels = generator.permutation(good) if by_coin else good
    order = generator.permutation(len(z))
    ours, world = order[:OURS], order[OURS:]
    masks = np.zeros((MODELS, 11))
    for mask in masks:
        mask[generator.choice(11, generator.integers(2, 6), replace=False)] = 1
    x, y = z[ours], labels[ours]
    shown = cross_validate_all(x, y, masks, seed)
    fresh = accuracy_of_all(fit_all(x, y, masks), z[world], labels[world])
    return shown.max(), fresh[shown.argmax()], nested(x, y, masks, seed + 1)


contests = {
    name: np.array([best_of_all(seed, by_coin) for seed in training.seeds(SEED, 2 * RUNS)])
    for name, by_coin in (("coin labels", True), ("real labels", False))
}
ex.optimism_prediction.check(winner, *contests["coin labels"].T)

# %%
with plots.canvas(2, width=9.2, height=3.4, sharey=True) as (figure, panels):
    for axes, (name, table) in zip(panels, contests.items(), strict=True):
        for row in table:
            axes.plot([0, 1, 2], row, color="#BBBBBB", linewidth=0.8, zorder=1)
        for column, values in enumerate(table.T):
            style = {"color": plots.COLORS[column], "marker": plots.MARKERS[column]}
            axes.scatter([column] * len(values), values, s=18, alpha=0.6, **style)
            axes.plot(
                [column - 0.2, column + 0.2], [values.mean()] * 2, color="black", linewidth=2.5
            )
        axes.set_xticks(
            [0, 1, 2], ["score that\nmade it win", "on fresh\nwines", "nested\nestimate"]
        )
        axes.set(title=f"best of {MODELS}, {name}")
    panels[0].set_ylabel("accuracy")
    panels[0].axhline(0.5, color="#777777", linestyle="--", linewidth=1)
plots.show(
    figure,
    alt=(
        "For coin labels and for real labels: the accuracy that made a model win lies well above"
        " the accuracy that it reaches on fresh wines; the nested estimates scatter around the"
        " latter."
    ),
    data=f"{wine}, {2 * RUNS} draws of {OURS} wines; black bars: means",
)

# %% [markdown]
# The winning score is too good in both worlds; with coin labels all that it has above one half is
# luck. On fresh wines the winner is an ordinary model, and the nested estimate says so (it
# scatters, because each of its numbers rests on 100 wines, but around the right place). The more
# models compete, the higher luck can lift the best of their scores. So cross-validation does not
# make a test set superfluous: what chose the model cannot examine it.

# %% [markdown]
# ### One part that chooses, or five
#
# The notes say that cross-validation *can prevent overfitting to one particular evaluation set*. To
# be fair to that, compare it with what it is said to be better than: **one** held-out part that
# does the choosing. How far is the score by which the winner won above its accuracy on fresh
# images? Call this the **optimism** of the choice.
#
# This time a network is tuned on 100 images of clothes, 14 x 14 pixels each. There are 200
# candidates: eight learning rates, each stopped after 1, 2, ..., 25 epochs. The 100 images are
# divided into five parts, and every rate is trained five times, each time without one part. Both
# ways of choosing look at these same 40 nets:
#
# - *one part*: take the candidate with the best accuracy on one part (we do it with each of the
#   five in turn, and average);
# - *five parts*: take the candidate with the best mean accuracy over the five.
#
# For a candidate that was fixed beforehand both give the same number. What differs is the choosing.

# %%
RATES, STOPS, IMAGES, FRESH = np.geomspace(0.0005, 0.1, 8), 25, 100, 4_000
clothes = datasets.load("fashion").map(
    lambda x: x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255, note="14 x 14 pixels"
)
shuffled = training.generator(seeds[0]).permutation(len(clothes.x_train))
fresh_rows = shuffled[-FRESH:]  # no replicate trains on them
parts = []
for number, seed in enumerate(seeds):
    own = shuffled[IMAGES * number : IMAGES * (number + 1)]  # no image serves two replicates
    folds = KFold(5, shuffle=True, random_state=seed).split(own)
    parts += [(seed, own[train], own[held]) for train, held in folds]
tried = training.Recipe(
    lambda: models.mlp((14, 14), [32], 10),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer="adam",
    epochs=STOPS,
    batch_size=10,
    metrics=["accuracy"],
).fit(
    clothes,
    [training.Run(*part, learning_rate=rate) for part in parts for rate in RATES],
    watch={"fresh": (clothes.x_train[fresh_rows], clothes.y_train[fresh_rows])},
)

# %% [markdown]
# `resampling.optimism` takes the best held-out accuracy minus the accuracy of that candidate on
# fresh images. Several candidates often share the best score, because twenty images allow only 21
# accuracies; it averages over the tied ones.


# %%
def by_candidate(metric):
    """Accuracies of shape (replicates, parts, candidates)."""
    return tried.history[metric].reshape(RUNS, 5, len(RATES) * STOPS)


held_out, fresh = by_candidate("val_accuracy"), by_candidate("fresh_accuracy")
one, five = np.empty((2, RUNS, 2))
for run in range(RUNS):
    parts_in_turn = zip(held_out[run], fresh[run], strict=True)
    one[run] = np.mean([resampling.optimism(*part) for part in parts_in_turn], axis=0)
    five[run] = resampling.optimism(held_out[run].mean(axis=0), fresh[run].mean(axis=0))
lowest, _ = claims.paired_interval(one[:, 0])
verdicts.compare(
    "CVB-02",
    five[:, 0],
    one[:, 0],
    claimed="lower",
    margin=0.02,
    measure="optimism of the chosen candidate (held-out accuracy minus accuracy on fresh images)",
    setting=f"a net tuned on {IMAGES} images, {len(RATES) * STOPS} candidates",
    void="" if lowest > 0.02 else "one part alone was not overfitted: there was nothing to prevent",
    data=clothes,
)

# %%
with plots.canvas(2, width=9.2, height=3.4) as (figure, panels):
    for axes, column, label in zip(panels, (0, 1), ("optimism", "accuracy on fresh"), strict=True):
        for pair in zip(one[:, column], five[:, column], strict=True):
            axes.plot([0, 1], pair, color="#BBBBBB", linewidth=0.8, zorder=1)
        for place, values in enumerate((one[:, column], five[:, column])):
            style = {"color": plots.COLORS[place], "marker": plots.MARKERS[place]}
            axes.scatter([place] * len(values), values, s=22, zorder=2, **style)
            axes.plot([place - 0.15, place + 0.15], [values.mean()] * 2, color="black", linewidth=2)
        axes.set_xticks([0, 1], ["chosen by\none part", "chosen by\nfive parts"])
        axes.set(xlim=(-0.5, 1.5), ylabel=f"{label} images" if column else label)
    panels[0].axhline(0, color="#777777", linestyle="--", linewidth=1)
plots.show(
    figure,
    alt=(
        "Two panels, each with points on the left for a choice by one part and on the right for "
        "one by five parts, joined by a line for every replicate: how optimistic the winning score "
        "is, and the accuracy of the chosen nets on fresh images."
    ),
    data=f"{clothes}; lines join the two choices in one replicate; black bars: means",
)
verdicts.compare(
    "CVB-02",
    five[:, 0],
    np.zeros(RUNS),
    claimed="equal",
    margin=0.02,
    measure="optimism of the candidate chosen by five parts, against none",
    setting="is it prevented altogether?",
    role=claims.BOUNDARY,
    data=clothes,
)
print(f"optimism: one part {one[:, 0].mean():.3f}, five parts {five[:, 0].mean():.3f}")
chosen = f"one part {one[:, 1].mean():.3f}, five parts {five[:, 1].mean():.3f}"
print(f"accuracy of the chosen candidate on fresh images: {chosen}")

# %% [markdown]
# Choosing by five parts *lessens* the optimism. That it would was nearly sure beforehand: the best
# average over five parts cannot exceed the average of the five best, and the accuracy on fresh
# images differs little. How *much* it lessens it was not, and that is what the first line judges.
# (Part of the reason is plain: five parts have a hundred rows to look at, and one has twenty.) The
# second line asks for more than the notes do: is nothing left? Whatever chose cannot examine, with
# five parts either. The audit looks at wines, at coin labels, and at ten times as many images.

# %% [markdown]
# ## 2.5 The bootstrap
#
# Folds divide the rows. The **bootstrap** draws them: n rows out of n, *with replacement*, as if
# the sample were the world. Do it often, and you see how much any number computed from such a
# sample wobbles.
#
# ### Exercise 4 · Predict
#
# A bootstrap sample of n rows is drawn from n rows, with replacement. **Before you look:** what
# share of the rows occurs in it at least once, for n = 100 and for n = 10,000? Choose from "about
# 50 %", "about 63 %", "about 90 %", "100 %".

# %%
occurs = {"100 rows": ..., "10,000 rows": ...}

generator = np.random.default_rng(seeds[0])
shares = {
    n: 1 - resampling.left_out(resampling.bootstrap(n, 200, generator), n).mean(axis=1)
    for n in (100, 10_000)
}
ex.share_prediction.check(occurs, shares[100], shares[10_000])

# %%
sample = resampling.bootstrap(10_000, 1, generator)[0]
verdicts.compute(
    "CVB-08",
    shares[10_000].max() < 1,
    detail=(
        f"Of 10,000 rows {shares[10_000].mean():.1%} occur in a bootstrap sample, on average "
        f"over {len(shares[10_000])} of them."
    ),
    setting="holds only a part of the rows",
)
verdicts.compute(
    "CVB-08",
    len(sample) < 10_000 and len(np.unique(sample)) == len(sample),
    detail=(
        f"The sample has {len(sample):,} draws of 10,000 rows; one row occurs "
        f"{np.bincount(sample).max()} times."
    ),
    setting="is a subsample",
)

# %% [markdown]
# The notes have another use for it: data that are "unevenly distributed" would be made even. About
# one red wine in seven is excellent. Draw bootstrap samples of 200 wines and count.

# %%
distance = {"in the data": [], "in bootstrap samples": [], "drawn by class": []}
for seed in seeds:
    generator = training.generator(seed)
    rare = generator.permutation(excellent)[:200]
    # Each class gets half of the draws: not the bootstrap.
    by_class = np.where(rare, 1 / rare.sum(), 1 / (~rare).sum()) / 2
    drawn = {
        "in the data": rare,
        "in bootstrap samples": rare[resampling.bootstrap(len(rare), 1000, generator)],
        "drawn by class": rare[generator.choice(len(rare), (1000, len(rare)), p=by_class)],
    }
    for name, values in drawn.items():
        distance[name].append(abs(values.mean() - 0.5))
for name, values in distance.items():
    print(f"share of excellent wines {name:21} {0.5 - np.mean(values):.1%}")
verdicts.compare(
    "CVB-10",
    distance["in bootstrap samples"],
    distance["in the data"],
    claimed="lower",
    measure=(
        "distance of the share of excellent wines from one half, in bootstrap samples against the"
        " data"
    ),
    margin=0.02,
    data=wine,
)

# %% [markdown]
# A bootstrap sample is as uneven as the data, on average; that is its purpose, since it imitates
# drawing them once more. What makes classes even is drawing by class, which is another procedure
# and answers another question.
#
# ### Exercise 5 · Bootstrap an interval
#
# Write `mean_interval(sample, generator)`: the 95 % percentile bootstrap interval of the mean.
# Resample the values 2,000 times, take the mean of each resample, and return the pair (low, high)
# between which the middle 95 % of these means lie.


# %%
def mean_interval(sample, generator): ...  # return (low, high)


ex.interval.check(mean_interval)

# %% [markdown]
# Does a 95 % interval hold the truth in 95 of 100 cases? Count: 1,000 simulated samples whose true
# mean is known, from a symmetric world (normal) and a skewed one (log-normal), of several sizes.
# Three intervals for each: the percentile interval you wrote; **BCa** (bias-corrected and
# accelerated, Efron 1987), which shifts the ends to allow for skew; and Student's t, the formula
# from the textbook.

# %%
SIZES = np.array([3, 5, 10, 20, 50, 100])
SAMPLES = 1000
WORLDS = {
    "normal": (lambda generator, shape: generator.normal(size=shape), 0.0),
    "log-normal": (lambda generator, shape: generator.lognormal(size=shape), np.exp(0.5)),
}


def bootstrap_intervals(samples, method):
    found = stats.bootstrap(
        (samples,),
        np.mean,
        axis=-1,
        vectorized=True,
        n_resamples=1999,
        batch=50,
        method=method,
        rng=np.random.default_rng(seeds[0]),
    )
    return found.confidence_interval


def student_intervals(samples):
    half = stats.t.ppf(0.975, samples.shape[1] - 1) * stats.sem(samples, axis=1)
    return samples.mean(axis=1) - half, samples.mean(axis=1) + half


def share_that_hold(intervals, truth):
    low, high = intervals
    return np.mean((low <= truth) & (truth <= high))


METHODS = {
    "percentile": lambda samples: bootstrap_intervals(samples, "percentile"),
    "BCa": lambda samples: bootstrap_intervals(samples, "BCa"),
    "Student's t": student_intervals,
}
coverage = {}
for world, (draw, truth) in WORLDS.items():
    drawn = {n: draw(np.random.default_rng([seeds[0], n]), (SAMPLES, n)) for n in SIZES}
    for method, intervals in METHODS.items():
        coverage[world, method] = np.array(
            [share_that_hold(intervals(drawn[n]), truth) for n in SIZES]
        )

# %%
with plots.canvas(2, width=9.2, height=3.6, sharey=True) as (figure, panels):
    for axes, world in zip(panels, WORLDS, strict=True):
        for number, method in enumerate(METHODS):
            style = {
                "color": plots.COLORS[number],
                "linestyle": plots.LINES[number],
                "marker": plots.MARKERS[number],
            }
            axes.plot(SIZES, coverage[world, method], **style, markersize=5, label=method)
        axes.axhline(0.95, color="#777777", linestyle=":", linewidth=1)
        axes.set(xscale="log", xlabel="values in the sample", title=f"{world} values")
        axes.set_xticks(SIZES, SIZES)
        axes.minorticks_off()
    panels[0].set_ylabel("share that hold the true mean")
    panels[0].legend(loc="lower right")
plots.show(
    figure,
    alt=(
        "Share of nominal 95 percent intervals that hold the true mean, over the sample size. For"
        " normal values Student's t stays at 95 percent; percentile and BCa start near 75 percent"
        " at three values and approach 95 percent from below. For log-normal values all three fall"
        " short, most with few values."
    ),
    data=f"{SAMPLES:,} simulated samples for each size; dotted: 95 %",
)

# %% [markdown]
# With many values all three keep, or nearly keep, their word. With few, the bootstrap intervals are
# **too short**: a sample of ten spreads less than its world does (by about the root of 9/10:
# resampling divides the squares by n, where the unbiased variance divides by n - 1), and the
# resamples know nothing of the tails that were not drawn. BCa helps somewhat against skew, not
# against smallness. With three or five values Student's t does best in both worlds; but it is a
# formula for means, while resampling serves any number, a median or a rank correlation too.
#
# This concerns what you are reading: an earlier edition of this course judged by BCa intervals of
# ten differences. **Now the interval is Student's t, at 99 %.** How often does it say something
# where there is nothing? Simulate it: differences whose true mean is zero, of several kinds and
# numbers. Every word is then a false one.

# %%
false_words = claims.simulated_nulls(SEED, trials=1000)
(100 * false_words).round(1).rename_axis("share of false words in %, by number of replicates")

# %% [markdown]
# Nominally it is 1 %, and for normal differences and for accuracies the table says so, whatever the
# number of replicates. Two skewed arms that are alike do no harm either: their difference is
# symmetric. Trouble comes where *one* arm is skewed and the other is not, as when a method
# sometimes fails badly: there Student's t is wrong several times as often as it says, and the
# bootstrap-t interval less, but still too often. So times, and losses that spread over powers of
# ten, are compared as **logarithms**: that asks another question, by what *factor* they differ, and
# the logarithms are nearly normal. More replicates do not make the 1 % smaller: they make the
# *other* error rarer, that of leaving a true difference undecided.

# %%
verdicts.compute(
    "CVB-09",
    min(coverage["normal", method][-2] for method in ("percentile", "BCa")) > 0.9,
    detail=(
        "With 50 normal values, 95 % intervals from resamples hold the true mean in"
        f" {coverage['normal', 'percentile'][-2]:.0%} (percentile) and"
        f" {coverage['normal', 'BCa'][-2]:.0%} (BCa) of {SAMPLES:,} samples."
    ),
    setting="an interval instead of a single number",
)

# %% [markdown]
# ## 2.6 Bias, variance and noise
#
# Fit the same kind of model to many training sets, and look at one place x. The predictions there
# scatter: their spread is the **variance**. Their mean misses the truth by something: that is the
# **bias**. And a fresh observation has an error of its own, the **noise**. The three add up to the
# whole:
#
# $$\text{expected squared error} = \text{bias}^2 + \text{variance} + \text{noise}.$$
#
# ### Exercise 6 · Take it apart
#
# Write `bias_and_variance(predictions, truth)`. `predictions` has one row for each training set and
# one column for each point; `truth` has one value for each point. Return bias squared and variance,
# both averaged over the points, so that their sum is *exactly* the mean squared distance between
# predictions and truth.


# %%
def bias_and_variance(
    predictions, truth
): ...  # return (bias squared, variance), both averaged over the points


ex.splitting.check(bias_and_variance)

# %% [markdown]
# Ten times `RUNS` training sets of 80 points from the noisy curve of lesson 01, and polynomials of
# degree 0 to 10.

# %%
sets = datasets.splits("polynomial", training.seeds(SEED, 10 * RUNS))
POINTS = 80
grid = np.linspace(-1, 1, 201)
truth = datasets.polynomial_truth(grid)
noise = datasets.POLYNOMIAL_NOISE**2
degrees = np.arange(11)
predictions = np.array(
    [
        [
            Chebyshev.fit(
                s.x_train[:POINTS, 0].astype(float), s.y_train[:POINTS], degree, domain=[-1, 1]
            )(grid)
            for s in sets
        ]
        for degree in degrees
    ]
)
parts = [resampling.decompose(curves, truth, noise) for curves in predictions]

with plots.canvas(3, width=9.6, height=3.2, sharey=True) as (figure, panels):
    for axes, degree in zip(panels, (1, 4, 10), strict=True):
        axes.plot(grid, predictions[degree][:30].T, color=plots.COLORS[5], linewidth=0.7, alpha=0.5)
        axes.plot(grid, truth, color="black", linestyle="--", linewidth=1.5, label="truth")
        axes.plot(
            grid, predictions[degree].mean(axis=0), color=plots.COLORS[1], label="mean prediction"
        )
        axes.set(title=f"degree {degree}", xlabel="x", ylim=(-2, 2))
    panels[0].set_ylabel("y")
    panels[0].legend(loc="upper left", fontsize=9)
plots.show(
    figure,
    alt=(
        "Fits to 30 training sets as thin lines, their mean and the truth. Straight lines lie close"
        " together and miss the shape: bias. Degree 4 lies close to the truth. Degree 10 scatters,"
        " most at both ends, around a mean that follows the truth: variance."
    ),
    data=f"{sets[0]}, {len(sets)} training sets of {POINTS} points, at most 30 of the fits drawn",
)

# %% [markdown]
# Distance between the orange line and the dashed one: bias. Width of the bundle: variance. Now the
# sum. The error is measured by itself, on fresh noisy observations, and compared with the three
# parts.

# %%
fresh = truth + np.random.default_rng([seeds[0], 1]).normal(
    scale=datasets.POLYNOMIAL_NOISE, size=predictions.shape
)
measured = ((predictions - fresh) ** 2).mean(axis=(1, 2))
split = {
    "bias squared": [part.bias_squared.mean() for part in parts],
    "variance": [part.variance.mean() for part in parts],
    "noise": [part.noise.mean() for part in parts],
    "sum of the three": [part.error.mean() for part in parts],
}
with plots.canvas(width=7.2, height=3.8) as (figure, axes):
    for number, (label, values) in enumerate(split.items()):
        axes.plot(
            degrees, values, color=plots.COLORS[number], linestyle=plots.LINES[number], label=label
        )
    axes.scatter(
        degrees, measured, color="black", s=28, zorder=4, label="error on fresh observations"
    )
    axes.set(
        yscale="log", xlabel="degree of the polynomial", ylabel="squared error", ylim=(1e-4, 3)
    )
    axes.legend(ncols=2, fontsize=9)
plots.show(
    figure,
    alt=(
        "Bias squared falls steeply with the degree, variance rises from degree 3 on, noise is"
        " level. Their sum has a shallow minimum in between, and the errors measured on fresh"
        " observations lie on it."
    ),
    data=f"{sets[0]}, {len(sets)} training sets of {POINTS} points; the axis ends at 0.0001",
)

# %%
# NBVAL_CHECK_OUTPUT
against_truth = ((predictions - truth) ** 2).mean(axis=1)
gap = np.abs(against_truth - np.array([part.bias_squared + part.variance for part in parts]))
print(
    "bias squared + variance equals the squared distance from the truth to nine digits:",
    bool((gap < 1e-9).all()),
)
off = np.abs(measured / split["sum of the three"] - 1)
print(
    "with the noise, the sum meets the measured error to within a twentieth:",
    bool((off < 0.05).all()),
)

# %% [markdown]
# The black points lie on the line of the sum. Without the noise the identity holds exactly, for any
# predictions at all; with it, up to the luck of the draw.
#
# The notes define both words otherwise. *"Variance is the degree to which a model gives consistent
# outputs for similar inputs"*: then a model that gives the same output for *all* inputs, the mean
# of the training data, would have none. *"Bias is the mean of the outputs"*: then a model that
# always says 0 would be without bias. Take them at their word. The constant is fitted to 5 points,
# a polynomial of degree 5 to 80.


# %%
def group(curves):
    """Bias squared and variance, averaged over x, for each ten training sets: shape (RUNS, 2)."""
    found = [resampling.decompose(ten, truth) for ten in np.split(curves, RUNS)]
    return np.array([[part.bias_squared.mean(), part.variance.mean()] for part in found])


constant = np.array([np.full(len(grid), s.y_train[:5].mean()) for s in sets])
roughness = {
    name: np.abs(np.diff(curves)).mean()
    for name, curves in (("constant", constant), ("degree 5", predictions[5]))
}
print(
    f"mean change between neighbouring inputs: constant {roughness['constant']:.4f}, degree 5"
    f" {roughness['degree 5']:.4f}"
)
verdicts.compare(
    "CVB-04",
    group(constant)[:, 1],
    group(predictions[5])[:, 1],
    claimed="lower",
    measure=(
        "variance over training sets, a constant (fully consistent for similar inputs) against"
        " degree 5"
    ),
    data=sets[0],
)
zero = np.zeros_like(predictions[0])
with_bias = np.mean((zero.mean(axis=0) - truth) ** 2) + zero.var(axis=0).mean()
with_mean_output = np.mean(zero.mean(axis=0) ** 2) + zero.var(axis=0).mean()
verdicts.compute(
    "CVB-05",
    np.isclose(np.mean((zero - truth) ** 2), with_mean_output),
    detail=(
        f"A model that always says 0 has squared distance {np.mean((zero - truth) ** 2):.3f} from"
        f" the truth; variance plus squared mean output gives {with_mean_output:.3f}, variance plus"
        f" squared (mean output minus truth) {with_bias:.3f}."
    ),
    data=sets[0],
)

# %% [markdown]
# And the famous trade-off? From degree 3 upwards, the figure shows it. But look at its left end,
# from degree 1 to degree 3.

# %%
for low_degree, high_degree, setting in (
    (3, 7, "from degree 3 to 7"),
    (1, 3, "from degree 1 to 3"),
):
    before, after = group(predictions[low_degree]), group(predictions[high_degree])
    verdicts.compare(
        "CVB-06",
        after[:, 1],
        before[:, 1],
        claimed="higher",
        measure=(
            f"variance while bias squared falls from {before[:, 0].mean():.4f} to"
            f" {after[:, 0].mean():.4f}"
        ),
        setting=setting,
        data=sets[0],
    )

# %% [markdown]
# A straight line through this curve is wrong *and* unsteady: what it cannot follow acts on it like
# noise, now here, now there. There is no law that one part must rise when the other falls. The
# audit shows the same for networks that are made wider, and what more data do.

# %% [markdown]
# ## 2.7 A committee in parallel: bagging
#
# If predictions scatter from training set to training set, their average scatters less. We have
# only one training set; but the bootstrap makes many. **Bagging** (bootstrap aggregating) fits one
# model to each of several bootstrap samples and averages their outputs.
#
# Ten nets of one hidden layer, each on a bootstrap sample of the same 300 digits; and, to compare,
# one net on the 300 digits themselves. To a recipe a bootstrap sample is just another run. The
# nets are compared by their **log loss**, the cross-entropy of lesson 01: minus the logarithm of
# the probability given to the right digit, averaged over the test images.
#
# ### Exercise 7 · Predict
#
# Ten nets are each trained on another bootstrap sample, and their predicted probabilities are
# averaged. **Before you look:** where does the test log loss of the average lie, compared with the
# mean of the ten log losses, and compared with the best of the ten? Write "below" or "above" for
# each.

# %%
average = {"the mean of its members": ..., "its best member": ...}

# %%
digits = datasets.load("digits", seed=seeds[0]).standardized().without_validation()
MEMBERS, IMAGES = 10, 300
chosen, samples = [], []
for seed in seeds:
    generator = training.generator(seed)
    rows = generator.choice(len(digits.y_train), IMAGES, replace=False)
    chosen.append(rows)
    samples += [rows, *rows[resampling.bootstrap(IMAGES, MEMBERS, generator)]]
recipe = training.Recipe(
    lambda: models.mlp((8, 8), [64], 10, output_activation="softmax"),
    loss="sparse_categorical_crossentropy",
    optimizer="adam",
    epochs=20,
    batch_size=32,
)
nets = recipe.fit(digits, training.as_runs(samples, seed=seeds[0]))


def log_loss(probability, y):
    """Mean of -log of the probability of the right class, from shape (..., n, classes)."""
    return -np.log(probability[..., np.arange(len(y)), y]).mean(axis=-1)


on_test = nets.predict(digits.x_test).astype(float).reshape(RUNS, 1 + MEMBERS, -1, 10)
single, members = on_test[:, 0], on_test[:, 1:]
bagged = members.mean(axis=1)
losses = {
    name: log_loss(values, digits.y_test)
    for name, values in (("single", single), ("members", members), ("bagged", bagged))
}
ex.ensemble_prediction.check(average, losses["bagged"], losses["members"])

# %%
says = members.argmax(axis=-1)  # (runs, members, images)
verdict_of_all = bagged.argmax(axis=-1)
dissent = (says != verdict_of_all[:, None]).sum(axis=1)  # (runs, images), 0 to 10
wrong = verdict_of_all != digits.y_test
levels = {"none": (0, 0), "1 of 10": (1, 1), "2 or 3": (2, 3), "4 or more": (4, MEMBERS)}


def error_where(run, low, high):
    meant = (dissent[run] >= low) & (dissent[run] <= high)
    return wrong[run][meant].mean() if meant.any() else np.nan


error_at = [[error_where(run, low, high) for low, high in levels.values()] for run in range(RUNS)]

with plots.canvas(2, width=9.2, height=3.5) as (figure, (left, right)):
    places = np.arange(1, RUNS + 1)
    left.scatter(
        np.repeat(places, MEMBERS),
        losses["members"].ravel(),
        s=16,
        alpha=0.5,
        color=plots.COLORS[0],
        label="members",
    )
    left.scatter(
        places,
        losses["single"],
        marker="s",
        s=34,
        color=plots.COLORS[2],
        label="one net, all 300 digits",
    )
    left.scatter(
        places, losses["bagged"], marker="D", s=40, color=plots.COLORS[1], label="average of ten"
    )
    left.set(xlabel="run", ylabel="test log loss", ylim=(0, None))
    left.set_xticks(places)
    left.legend(fontsize=8.5, loc="lower left")
    plots.band(right, np.arange(4), error_at, 1, "average of ten", marker=True)
    right.set_xticks(np.arange(4), levels)
    right.set(
        xlabel="members that disagree with the average",
        ylabel="share of wrong images",
        ylim=(0, None),
    )
plots.show(
    figure,
    alt=(
        "Left: in every run the log loss of the averaged nets lies below nearly all of its members."
        " Right: the share of wrong images rises steeply with the number of members that disagree."
    ),
    data=f"{digits}; right: median and middle 80 % of the runs",
)

# %% [markdown]
# Left: the diamond can never lie above the *mean* of its members. That is Jensen's inequality:
# $-\log$ is convex, so the loss of an average is at most the average of the losses. That it lies
# below nearly every *single* member is more than the theorem promises: they err in different
# places. The squares are another matter: a member knows fewer of the digits than the net that saw
# them all, and averaging has to make up for that first. Right: where the members disagree, the
# average is often wrong. A committee knows something about what it does not know.
#
# Each net leaves out more than a third of the digits. Those can examine it, free of charge:
# averaged over the nets that did not see it, every digit gets an **out-of-bag** prediction.

# %%
out_of_bag = []
for run, rows in enumerate(chosen):
    own = slice(run * (1 + MEMBERS) + 1, (run + 1) * (1 + MEMBERS))
    seen = nets[own].predict(digits.x_train[rows])
    mask = resampling.left_out(samples[own], len(digits.y_train))[:, rows]
    probability = resampling.predict_left_out(seen, mask)
    examined = mask.any(axis=0)
    out_of_bag.append(
        np.mean(probability[examined].argmax(axis=-1) == digits.y_train[rows][examined])
    )
on_fresh = 1 - wrong.mean(axis=1)
print(
    f"accuracy of the average of ten: out of bag {np.mean(out_of_bag):.3f}, on test digits"
    f" {on_fresh.mean():.3f}"
)
print(
    f"(a digit is out of bag for {MEMBERS / np.e:.1f} of {MEMBERS} nets on average: a smaller"
    " committee, so a cautious estimate)"
)

gain = losses["bagged"] - losses["single"]
low, high = claims.paired_interval(gain)
print(
    f"log loss of the average minus that of one net on all {IMAGES} digits: {gain.mean():+.3f}"
    f" ({low:+.3f} to {high:+.3f})"
)

# %% [markdown]
# If the interval above holds zero, bagging has not paid here: ten trainings for what one net on all
# rows does as well. It pays for models that are unsteady; the audit bags nets on harder images, and
# decision trees.

# %%
never = bool((losses["bagged"] <= losses["members"].mean(axis=1)).all())
verdicts.compute(
    "CVB-12",
    never,
    detail=(
        f"The log loss of the averaged probabilities was {'never' if never else 'sometimes'} above"
        f" the members' mean; on average {losses['bagged'].mean():.3f} against"
        f" {losses['members'].mean():.3f}; {RUNS} committees of {MEMBERS}."
    ),
    data=digits,
)
verdicts.compare(
    "CVB-09",
    [dissent[run][wrong[run]].mean() / MEMBERS for run in range(RUNS)],
    [dissent[run][~wrong[run]].mean() / MEMBERS for run in range(RUNS)],
    claimed="higher",
    measure="share of members that disagree, on wrong against right images",
    setting="looking at how well the models agree",
    data=digits,
)

# %% [markdown]
# ## 2.8 A committee one after the other: boosting
#
# Bagging takes strong, unsteady models and averages their wobble away: it works on the
# **variance**. Boosting takes models that are far too simple, **stumps** that ask one question
# ("more than 10.5 % alcohol?"), and adds them up so that each makes good for what the others left:
# it works on the **bias**.
#
# AdaBoost does it with weights on the rows. It fits a stump to the weighted rows, raises the weight
# of those that the stump got wrong, lowers the others, and goes on. In the end all stumps vote, the
# better ones with more weight.
#
# ### Exercise 8 · The weights
#
# Write AdaBoost's update of the weights, `reweigh(weights, wrong)`: `weights` (they sum to 1) are
# those that the last stump was fitted with, `wrong` marks the rows that it got wrong. With e the
# *weight* of the wrong rows and a = log((1 - e) / e) / 2, the weight of a wrong row is multiplied
# by exp(a), that of a right row by exp(-a), and then all are scaled to sum to 1.


# %%
def reweigh(weights, wrong): ...  # return the new weights


ex.reweighing.check(reweigh)

# %% [markdown]
# The notes say that boosting builds its further models *only* for the data that the earlier ones
# handle badly. So we run three committees of stumps on "is this wine good?": AdaBoost; **only the
# mistakes**, where each stump is fitted to just those rows that the committee does not yet get
# right; and bagged stumps, which know nothing of each other.

# %%
ROUNDS = 99  # an odd number of equal votes: no ties


def ask(stumps, x):
    """Sum of the votes (-1 or 1) after each round, shape (rounds, rows)."""
    return np.cumsum([stump.predict(x) for stump in stumps], axis=0)


def fit_stump(x, y):
    return DecisionTreeClassifier(max_depth=1, random_state=0).fit(x, y)


def only_the_mistakes(x, y):
    stumps, score = [], np.zeros(len(y))
    while len(stumps) < ROUNDS and (y * score <= 0).any():
        hard = y * score <= 0
        stumps.append(fit_stump(x[hard], y[hard]))
        score = score + stumps[-1].predict(x)
    return stumps


def error_rates(score, y):
    """Share of rows on the wrong side after each round; a tie is a coin, so it counts one half."""
    return np.mean((y * score < 0) + 0.5 * (score == 0), axis=1)


bottles = datasets.splits("wine", seeds)
rates = {
    name: np.empty((2, RUNS, ROUNDS)) for name in ("AdaBoost", "bagged stumps", "only the mistakes")
}
boosted = []
for run, bottle in enumerate(bottles):
    pairs = [
        (x, np.where(y >= 6, 1, -1))
        for x, y in ((bottle.x_train, bottle.y_train), (bottle.x_test, bottle.y_test))
    ]
    x, y = pairs[0]
    boosted.append(resampling.adaboost(x, y, ROUNDS))
    rows = resampling.bootstrap(len(y), ROUNDS, training.generator(seeds[run]))
    bag = [fit_stump(x[sample], y[sample]) for sample in rows]
    mistakes = only_the_mistakes(x, y)
    for part, (x, y) in enumerate(pairs):
        rates["AdaBoost"][part, run] = error_rates(boosted[-1].staged(x), y)
        rates["bagged stumps"][part, run] = error_rates(ask(bag, x), y)
        found = error_rates(ask(mistakes, x), y)
        rates["only the mistakes"][part, run] = np.pad(found, (0, ROUNDS - len(found)), mode="edge")

# %%
with plots.canvas(2, width=9.2, height=3.6, sharey=True) as (figure, panels):
    odd = np.arange(0, ROUNDS, 2)
    for axes, part, title in zip(panels, (0, 1), ("training error", "test error"), strict=True):
        series = {name: values[part][:, odd] for name, values in rates.items()}
        plots.curves(
            axes, odd + 1, series, xlabel="stumps", ylabel="share of wrong wines", title=title
        )
        axes.set_ylim(0.15, 0.45)
    panels[1].set_ylabel("")
    panels[1].get_legend().remove()
plots.show(
    figure,
    alt=(
        "Training and test error over the number of stumps. AdaBoost's errors fall and then level"
        " off. Bagged stumps stay near the error of a single stump. Fitting only the mistakes does"
        " not get below a single stump either."
    ),
    data=(
        f"{bottles[0]}; line: median, band: middle 80 % of {RUNS} divisions; odd numbers of stumps"
    ),
)

# %% [markdown]
# AdaBoost improves on its first stump; bagging hardly does, since an average of much the same
# stumps is much the same stump: there is little variance to remove. And the notes' version gets
# nowhere. Think through its second step: all rows it is given are ones that the first stump got
# wrong, so the perfect answer for them is *the first stump, turned round*. Together the two cancel.
# It takes the easy rows, with little weight each, to keep a new stump from undoing what the others
# got right.

# %%
model = boosted[0]
x, y = bottles[0].x_train, np.where(bottles[0].y_train >= 6, 1, -1)
theirs = AdaBoostClassifier(
    DecisionTreeClassifier(max_depth=1, random_state=0), n_estimators=ROUNDS, random_state=0
).fit(x, y)
agree = np.mean(
    [
        np.sign(score) == label
        for score, label in zip(model.staged(x), theirs.staged_predict(x), strict=True)
    ]
)
verdicts.compute(
    "CVB-13",
    bool(np.allclose(2 * model.amounts, theirs.estimator_weights_, rtol=1e-9)) and agree > 0.999,
    detail=(
        f"{ROUNDS} stumps fitted one after the other by hand vote as scikit-learn's"
        f" AdaBoostClassifier does on {agree:.1%} of the wines, with the same weights to nine"
        " digits."
    ),
    setting="one after the other, combined by votes",
    data=wine,
)
for part, name in enumerate(("training", "test")):
    verdicts.compare(
        "CVB-13",
        rates["AdaBoost"][part][:, -1],
        rates["AdaBoost"][part][:, 0],
        claimed="lower",
        measure=f"{name} error rate, {ROUNDS} boosted stumps against the first of them",
        setting=f"the combination is better, {name} error",
        data=wine,
    )

# %% [markdown]
# Now to the word "only". A row counts for boosting as much as its weight. Here is the smallest
# weight that any row had in any round, and how much of the weight lay on the rows that the stump
# before had got wrong.

# %%
smallest = min(
    committee.given.min() * len(bottle.y_train)
    for committee, bottle in zip(boosted, bottles, strict=True)
)
on_wrong = []
for committee, bottle in zip(boosted, bottles, strict=True):
    y = np.where(bottle.y_train >= 6, 1, -1)
    for stump, following in zip(committee.members, committee.given[1:], strict=False):
        on_wrong.append(following[stump.predict(bottle.x_train) != y].sum())
verdicts.compute(
    "CVB-14",
    bool(np.isclose(np.mean(on_wrong), 0.5) and np.mean(on_wrong) > rates["AdaBoost"][0].mean()),
    detail=(
        f"After each round the rows that the stump got wrong hold {np.mean(on_wrong):.1%} of the"
        " weight."
    ),
    setting="what was handled badly counts for more",
    data=wine,
)
verdicts.compute(
    "CVB-14",
    smallest == 0,
    detail=(
        f"No row was ever left out: the smallest weight in any round of {RUNS} committees was"
        f" {smallest:.3f} times the mean weight."
    ),
    setting="only those data, AdaBoost",
    data=wine,
)
verdicts.compare(
    "CVB-14",
    rates["only the mistakes"][1][:, -1],
    rates["AdaBoost"][1][:, -1],
    claimed="lower",
    measure="test error rate, stumps fitted to the mistakes only against AdaBoost",
    setting="leaving out the rest does better",
    data=wine,
)

# %% [markdown]
# **Gradient boosting** does without weights on the rows. For the squared error, what the committee
# left over is simply the **residual** y - prediction; so fit the next tree to the residuals of
# *all* rows, add a tenth of it, and repeat. Stumps on the noisy curve:

# %%
curve = sets[0]
x, y = curve.x_train[:POINTS], curve.y_train[:POINTS]
stumps = resampling.gradient_boosting(x, y, 300, rate=0.1)
theirs = GradientBoostingRegressor(
    n_estimators=300, learning_rate=0.1, max_depth=1, random_state=0
).fit(x, y)
staged = stumps.staged(grid[:, None])
figure = plots.fits(
    x[:, 0],
    y,
    grid,
    truth,
    {
        f"{rounds} stump{'s' if rounds > 1 else ''}": staged[rounds - 1]
        for rounds in (1, 10, 50, 300)
    },
    limits=(-2.3, 2.3),
)
plots.show(
    figure,
    alt=(
        "Four panels with the same noisy points. One stump hardly moves from the mean, ten show a"
        " coarse step, fifty follow the curve in steps, three hundred also follow single points."
    ),
    data=curve,
)
close = np.abs(staged[-1] - theirs.predict(grid[:, None])).max()
verdicts.compute(
    "CVB-14",
    bool((stumps.given == 0).any()),
    detail=(
        f"Every round of gradient boosting fitted the residuals of all {POINTS} rows, and none of"
        " them was ever 0; by hand and by scikit-learn's GradientBoostingRegressor the predictions"
        f" {'agree' if close < 1e-6 else 'differ'} (to six digits)."
    ),
    setting="only those data, gradient boosting",
    data=curve,
)

# %% [markdown]
# Each single stump is about as poor as a model can be, and their sum follows the curve. With many
# rounds it follows the noise too: the number of rounds is a capacity, to be chosen on validation
# data like any other.

# %% [markdown]
# ## 2.9 What came out
#
# The verdicts of this lesson, as they came out of the run above. "Expected" is what the literature
# led us to expect before anything was measured; where the two differ, the measurement stands.
# *Qualified* means: it holds in one setting and fails in another, and the settings are named.

# %%
verdicts.summary()

# %% [markdown]
# Every other statement of the notes on this subject is settled in the [audit of this
# lesson](audits/02_resampling.ipynb), which came out as follows when it was last run.

# %%
claims.summary(
    claims.recorded(runtime.ROOT / "notebooks" / "audits" / "02_resampling.ipynb"),
    link="audits/02_resampling.ipynb",
)

# %% [markdown]
# ## Where to read on
#
# - Cawley and Talbot (2010), *On over-fitting in model selection and subsequent selection bias in
#   performance evaluation*: the best of many, in earnest.
# - Bengio and Grandvalet (2004), *No unbiased estimator of the variance of k-fold
#   cross-validation*.
# - Efron and Tibshirani (1993), *An introduction to the bootstrap*: the intervals of section 2.5,
#   from the people who made them.
# - Neal et al. (2018), *A modern take on the bias-variance tradeoff in neural networks*: section
#   2.6 for wide nets.
# - Friedman (2001), *Greedy function approximation: a gradient boosting machine*.
# - Next: **lesson 03**, on the steps by which a net gets from its first weights to its last.
