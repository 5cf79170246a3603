# %% [markdown]
# # 1 · Overfitting
#
# A model that has seen the answers can repeat them. Whether it has *learned* anything shows only on
# data that it has not seen. This lesson is about the difference, and about the point from which a
# larger model, or a longer training, does harm.
#
# After it you will be able to
#
# - tell underfitting from overfitting by two curves;
# - choose how large a model should be, and when its training should end, without fooling yourself;
# - say what the gap between training and validation loss tells you, and what it does not;
# - write early stopping from its definition.
#
# On the way, five statements of lecture notes are **measured**. ("The notes" are the five that the
# course examines, numbered 000 to 004.) Each gets a line that begins with ✓ (supported), ✗
# (refuted) or ≈ (undecided). The line shows the **recorded** result, from 30 repetitions, and after
# "Here, with ..." the **live** one, from the runs of this notebook. Where nothing is recorded yet,
# it shows the live result alone.
#
# Before every measurement we ask for your guess. Do write it down: nothing teaches like a guess
# that turns out wrong. Plan an hour; the notebook itself computes for half a minute.

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
# `RUNS` is the number of **replicates** behind each live result. Every replicate draws its data,
# its noise and its initial weights anew, and within a replicate the things that we compare share
# all of them. Change `SEED` and run all cells again: the live results move, the recorded ones stay.

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
from dataclasses import replace

import keras
import numpy as np
from numpy.polynomial import Chebyshev

from helpers import claims, datasets, plots, training
from helpers.exercises import overfitting as ex
from helpers.nets import models
from helpers.reference import early_stopping

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()

# %% [markdown]
# ## 1.1 The lowest training error
#
# Every set of examples holds two kinds of pattern. The **signal** is what helps on new data. The
# **noise** is all the rest: errors of measurement and wrong labels, but also every pattern that
# these examples happen to share and that new ones will not. A model cannot tell the two apart. It
# is trained to make its error on the examples small, and noise serves that end as well as signal
# does.
#
# How much of either it can take up depends on its **capacity**: how many different shapes it can
# take. For a polynomial the capacity is the degree, and we can raise it step by step.
#
# **Look.** A smooth curve, the signal, is measured at 20 random places, each time with a random
# error, the noise. Polynomials of three degrees are fitted to the same 20 points:

# %%
degrees = np.arange(16)
samples = datasets.splits("polynomial", seeds, size=20)


def fit_polynomial(x, y, degree):
    return Chebyshev.fit(x[:, 0].astype(float), y, degree, domain=[-1, 1])


fitted = [[fit_polynomial(s.x_train, s.y_train, degree) for degree in degrees] for s in samples]

# %% jupyter={"source_hidden": true} tags=["hide-input"]
first, grid = samples[0], np.linspace(-1, 1, 300)
figure = plots.fits(
    first.x_train[:, 0],
    first.y_train,
    grid,
    datasets.polynomial_truth(grid),
    {f"degree {degree}": fitted[0][degree](grid) for degree in (1, 5, 15)},
    limits=(-2.6, 2.6),
)
plots.show(
    figure,
    alt="Three panels with the same 20 noisy points around a smooth dashed curve, and a polynomial "
    "fitted to them: a straight line, a curve of degree 5, and one of degree 15.",
    data=first,
)

# %% [markdown]
# The straight line is too stiff. It misses the shape of the curve, at the points and between them.
# Degree 15 has freedom to spare: it chases single points, noise included, and between them it goes
# where no data asked it to go.
#
# Where a kernel is running, a slider moves through all degrees. At which one does the chase begin?


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def draw_degree(degree):
    title = f"degree {degree}"
    truth, curve = ((grid, f(grid)) for f in (datasets.polynomial_truth, fitted[0][degree]))
    points = first.x_train[:, 0], first.y_train
    figure = plots.one_fit(points, truth, curve, title=title, limits=(-2.6, 2.6))
    return figure, f"Polynomial of {title} through 20 points around a smooth curve."


plots.slider_over(draw_degree, degrees.tolist(), label="degree")

# %% [markdown]
# ### Exercise 1 · Predict
#
# Polynomials of degree 0, 1, 2, ... 15 are fitted to the same 20 points. **Before you look:** as
# the degree rises, what does the error on those 20 points do, and what does the error on fresh
# points do? Write "falls", "rises" or "falls, then rises" for each.

# %%
prediction = {"training error": ..., "test error": ...}

# %% [markdown]
# **Measure.** Every replicate has 20 points to fit, 1,000 **validation** points by which we may
# choose a degree, and 1,000 **test** points that only show how good the choice was.


# %%
def mean_squared_errors(part):
    """Of every degree, on one part of the data of every replicate, shape (RUNS, degrees)."""
    data = [(getattr(s, f"x_{part}")[:, 0], getattr(s, f"y_{part}")) for s in samples]
    pairs = zip(fitted, data, strict=True)
    return np.array([[np.mean((f(x) - y) ** 2) for f in fits] for fits, (x, y) in pairs])


errors = {part: mean_squared_errors(part) for part in ("train", "valid", "test")}
medians = {part: np.median(values, axis=0) for part, values in errors.items()}
ex.degree_prediction.check(prediction, medians["train"], medians["test"])

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(width=7.4, height=4) as (figure, axes):
    series = {"training error": errors["train"], "test error": errors["test"]}
    names = {"xlabel": "degree of the polynomial", "ylabel": "mean squared error"}
    plots.curves(axes, degrees, series, **names, marker=True)
    plots.sides(axes, medians["test"].argmin())
    plots.floor(axes, datasets.POLYNOMIAL_NOISE**2, "variance of the noise")
    axes.set(yscale="log", ylim=(0.002, 1_000))
    axes.legend(loc="lower left")
plots.show(
    figure,
    alt="Training and test error over the degree from 0 to 15, on a logarithmic axis. A vertical "
    "line stands at the degree with the lowest test error; left of it is written underfitting, "
    "right of it overfitting. A dotted line marks the variance of the noise.",
    data=f"{first}; line: median, band: middle 80 % of {RUNS} replicates; cut off above 1,000",
)

# %% [markdown]
# This is the picture to keep. The degrees form a **path** of models, from the stiffest to the most
# flexible, and somewhere along it the test error is lowest. Models to the left of that place
# **underfit**: there is signal that they have not taken up. Models to the right of it **overfit**:
# they have taken up so much noise that their test error is higher again.
#
# We shall use the word in this one sense throughout: *a model overfits if its test error is above
# the best on the path, and less capacity, or less training, would lower it.* The **gap** between
# test and training error is something else; section 1.3 asks what it says.
#
# Now cover the upper curve with your hand. The training error falls to the very end, without a sign
# that anything goes wrong. Only its depth is suspicious: where it lies below the dotted line, the
# fit is closer to the points than the true curve itself.
#
# "A low training error is not a good sign by itself", the notes say (OVF-04). What does it cost to
# trust it all the same? We choose a degree twice, by the lowest training error and by the lowest
# validation error, and judge both choices on the test points. The errors differ by powers of ten,
# so we compare their ratio. A difference of less than 5 % would matter to nobody.

# %%
by_training, by_validation = (
    errors["test"][np.arange(RUNS), errors[part].argmin(axis=1)] for part in ("train", "valid")
)
verdicts.compare(
    "OVF-04",
    by_training,
    by_validation,
    claimed="higher",
    scale="log",
    margin=np.exp(0.05),
    measure="test error, degree with the lowest training against lowest validation error",
    setting="polynomials through 20 points",
    data=first,
)

# %% [markdown]
# ### Exercise 2 · Choose
#
# Write `choose`. It gets the training, validation and test error of several models (lists of equal
# length) and returns the index of the model that you would put to use.


# %%
def choose(
    training_error, validation_error, test_error
): ...  # return the index of the model to use


ex.choosing.check(choose)

# %% [markdown]
# ## 1.2 Too few examples: which illness is it?
#
# The notes list "lack of training data" among the causes of **under**fitting (OVF-11). Seen from
# outside, the two illnesses look alike: the error on new data is high. The training error tells
# them apart. A model that underfits makes mistakes even on the examples that it was trained on. A
# model that overfits has no trouble with those.
#
# **Your guess first.** The same net is trained on 100 pictures and on 4,000, with equally many
# updates of its weights. Which of the two ends with more mistakes on its own training pictures?
#
# **Measure.** The pictures are clothes in ten classes, from Fashion-MNIST; the net has one hidden
# layer of 32 units. A `Recipe` says how to train it, and its `fit` does what `model.fit` does, for
# many runs at once. An **epoch** is one pass over the training data. The hundred pictures are
# repeated 40 times in each, so that both nets make equally many updates. The learning rate falls to
# zero, so that both trainings come to rest. (The comparison counts only if twice as many updates
# could change no more than one picture in a hundred.)

# %%
clothes = datasets.replicates("fashion", seeds, train=4_000, valid=500, test=1_000).standardized()
plain_runs = training.replicates(clothes, seeds)


def with_pictures(run, number):
    """The run with its first pictures only, repeated so that all make equally many updates."""
    rows = np.tile(run.train_rows[:number], 4_000 // number)
    return replace(run, train_rows=rows, valid_rows=None)


sizes = (100, 4_000)
sized_runs = [with_pictures(run, number) for number in sizes for run in plain_runs]
falling = keras.optimizers.schedules.PolynomialDecay(0.004, 50 * 4_000 // 50, 0.0)
sized = training.Recipe(
    lambda: models.mlp((28, 28), [32], 10),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer=keras.optimizers.Adam(falling),
    epochs=50,
    batch_size=50,
).fit(clothes, sized_runs)

# %%
rows = [run.train_rows for run in sized_runs]
right = [
    sized[n : n + 1].accuracy(clothes.x_train[own], clothes.y_train[own])[0]
    for n, own in enumerate(rows)
]
on_training = 1 - np.reshape(right, (len(sizes), RUNS))
on_new = 1 - sized.test("accuracy").reshape(len(sizes), RUNS)
verdicts.compare(
    "OVF-11",
    on_training[0],
    on_training[1],
    claimed="higher",
    margin=0.01,
    measure="training error rate, 100 against 4,000 pictures",
    setting="a net of 32 units, as many updates",
    void="" if on_training.mean(axis=1).max() < 0.01 else "training had not come to rest",
    data=clothes,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(width=6.4, height=3.6) as (figure, axes):
    series = {"on its training pictures": on_training, "on new pictures": on_new}
    plots.groups(axes, [f"{number:,} pictures" for number in sizes], series)
    axes.set(ylabel="share of mistakes", ylim=(-0.015, None))
plots.show(
    figure,
    alt="Shares of mistakes of a net trained on 100 pictures, on the left, and on 4,000, on the "
    "right: on its own training pictures and on new ones, a mark for every replicate.",
    data=f"{clothes}; black: means",
)

# %% [markdown]
# A hundred pictures are easy to learn by heart. What is high is the error on new pictures, and that
# is **over**fitting: too much capacity for so few examples. More data do help, as the notes say.
# But the illness that they cure is the other one. A model that really underfits needs more freedom,
# or more training: a straight line through a curve stays straight, however many points there are.
#
# What may have misled the notes is the clock. With fewer pictures, an epoch has fewer updates.
# After equally many *epochs* the net with few pictures is the less trained one, and it may then
# make more mistakes on everything. More training would cure that, too.
#
# ### Exercise 3 · Bug hunt
#
# All of this rests on data that are really new, and careless preparation can spoil them. The notes
# feed a net a table of red wines just as it is, with chlorides around 0.09 beside sulphur dioxide
# up to 289. Repair `prepare`, so that it returns both parts with every feature on a common scale:
# mean 0 and standard deviation 1, and nothing about the validation data known in advance.


# %%
def prepare(x_train, x_valid):
    # The notes' listing goes straight from the table to the net.
    return x_train, x_valid


ex.preparing.check(prepare)

# %% [markdown]
# ## 1.3 What the gap says
#
# "The wider the gap between training and validation loss, the more noise the model has probably
# learned, and it is good if the two curves hardly differ" (OVF-22). Those are two statements in one
# sentence. (The **loss** is the error that training makes small, here the mean squared error.) To
# examine them we need nets of different capacity, and a way to see how much noise each has learned.
#
# ### Exercise 4 · Count
#
# The capacity of a net begins with a count. Write `count_parameters(inputs, hidden, outputs)`: the
# number of weights and biases of a fully connected net, where `hidden` is the list of the hidden
# layers' widths (it may be empty).


# %%
def count_parameters(inputs, hidden, outputs): ...  # return the number of weights and biases


ex.counting.check(count_parameters)

# %% [markdown]
# The count says what a net *could* fit with the best of all weights. But training begins with small
# random weights and ends after so many steps, so it may use only a part of that. What it does use
# is the **effective capacity**, and we can measure it. Train a net twice, from the same weights and
# in the same order: once on targets with noise, once on the same targets without. The difference
# between the two nets is the noise that has been learned. As a **share** of the noise in the
# training data it is 0 for a net that takes up none, and 1 for a net that repeats it all.
#
# (For a polynomial fitted by least squares, this share is on average the number of coefficients
# divided by the number of points. So we can say of a net, too, how many coefficients its training
# amounts to: the share times the number of points.)
#
# **Your guess first.** Seven nets have 4 to 256 hidden units. Which has the narrowest gap? And is
# it the one that does best on new data?
#
# **Measure.** We use data whose truth is known: ten inputs, a smooth function, and as much noise as
# signal. There are 400 points to train on. The seven nets stand side by side in one model: they
# share nothing but the minibatches, and training them together saves time.

# %%
WIDTHS = [4, 8, 16, 32, 64, 128, 256]
known = datasets.replicates("friedman", seeds, train=400, valid=400, test=1_000)
truth = datasets.friedman_truth(known.x_train).astype("float32")
known_runs = training.replicates(known, seeds)

seven = training.Recipe(
    lambda: models.side_by_side(10, WIDTHS),
    loss="mse",
    optimizer="adam",
    epochs=15,  # of 20 passes over the points each
    batch_size=50,
)
passes = [
    replace(run, train_rows=np.tile(run.train_rows, 20), valid_rows=None) for run in known_runs
]
with_noise, without_noise = (
    seven.fit(replace(known, y_train=np.repeat(targets[:, None], len(WIDTHS), axis=1)), passes)
    for targets in (known.y_train, truth)
)


# %%
def predict(nets, number, rows):
    """What the seven nets of one replicate say of some rows, shape (rows, 7)."""
    return nets[number : number + 1].predict(known.x_train[rows])[0]


train_loss, valid_loss, share = np.empty((3, RUNS, len(WIDTHS)))
for number, (train, valid, _) in enumerate(known.divisions):
    noisy, noiseless = (predict(nets, number, train) for nets in (with_noise, without_noise))
    noise = known.y_train[train] - truth[train]
    share[number] = np.polyfit(noise, noisy - noiseless, 1)[0]  # slope of what was learned on it
    train_loss[number] = np.mean((noisy - known.y_train[train, None]) ** 2, axis=0)
    off = predict(with_noise, number, valid) - known.y_train[valid, None]
    valid_loss[number] = np.mean(off**2, axis=0)
gap = valid_loss - train_loss

# %%
correlations = [np.corrcoef(*pair)[0, 1] for pair in zip(gap, share, strict=True)]
verdicts.compare(
    "OVF-22",
    correlations,
    np.zeros(RUNS),
    claimed="higher",
    margin=0.5,
    measure="correlation of the gap with the share of noise learned, over widths, against zero",
    setting="widths from 4 to 256",
    data=known,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.4, height=3.9) as (figure, panels):
    series = {"training loss": train_loss, "validation loss": valid_loss}
    names = {"xlabel": "hidden units", "ylabel": "loss (mean squared error)"}
    plots.curves(panels[0], WIDTHS, series, **names, marker=True)
    panels[0].set_xscale("log", base=2)
    panels[0].set_xticks(WIDTHS, WIDTHS)
    panels[0].set_ylim(0, 1.8)
    panels[0].legend(loc="center right")
    plots.sides(panels[0], WIDTHS[np.median(valid_loss, axis=0).argmin()])
    names = {"xlabel": "gap: validation minus training loss", "ylabel": "share of noise learned"}
    plots.trails(panels[1], gap, share, [f"{width} units" for width in WIDTHS], **names)
    panels[1].set(xlim=(0, None), ylim=(0, 1))
plots.show(
    figure,
    alt="Left: training and validation loss over the number of hidden units, with a line at the "
    "width with the lowest validation loss. Right: the share of the noise that each net has "
    "learned over its gap, from 4 to 256 units, with a thin line for every replicate.",
    data=f"{known}; line: median, band: middle 80 % of {RUNS} replicates",
)

# %%
for width, part in zip(WIDTHS, share.mean(axis=0), strict=True):
    count = models.mlp(10, [width]).count_params()
    print(
        f"{width:>3} units: {count:>5,} parameters; noise as with {400 * part:>3.0f} coefficients"
    )

# %% [markdown]
# The right panel shows the first statement: does the share of noise rise with the gap? The left
# panel shows the second, and there it is easy to go wrong. From 4 to 32 units the gap becomes much
# wider, while the validation loss hardly changes: a gap is not a price that you pay. Nor is a
# narrow one a merit. A net that has not been trained at all has no gap. To choose a model, look at
# the height of the validation curve, not at its distance from the other one.
#
# The printed lines compare the count with the effective capacity. The widest net has nearly eight
# parameters for every point. If its training used them all, it would repeat all of the noise.

# %% [markdown]
# ## 1.4 Signal first, noise later
#
# There is a second path, on which the net stays the same: the epochs of one training. The weights
# begin small and grow, and the effective capacity grows with them. The notes say what follows: as
# long as the net learns much signal, the validation loss falls. After some epoch it can learn more
# noise than signal, the validation loss rises, and "this is called overfitting" (OVF-23). The name
# agrees with our definition: the best model on this path is the one at the turn.
#
# What can be measured is the cause. If it is noise that turns the curve, then without noise the
# curve should not turn.
#
# **Your guess first.** A net with two hidden layers of 64 units is trained for 300 epochs. Where
# will its validation loss turn with noise? And without?
#
# **Measure.** The callback `EarlyStopping` keeps the weights of the epoch with the lowest
# validation loss. We give it a patience as long as the training, so that it never stops, and
# compare the kept weights with those at the end (`at_the_end`), on test data.

# %%
EPOCHS = 300
deep = training.Recipe(
    lambda: models.mlp(10, [64, 64]),
    loss="mse",
    optimizer="adam",
    epochs=EPOCHS,
    batch_size=50,
    early_stopping=keras.callbacks.EarlyStopping(patience=EPOCHS, restore_best_weights=True),
)
followed = {
    "with noise": deep.fit(known, known_runs),
    "without noise": deep.fit(replace(known, y_train=truth), known_runs),
}

# %%
rise = {name: nets.at_the_end().test("loss") / nets.test("loss") for name, nets in followed.items()}
verdicts.compare(
    "OVF-23",
    rise["with noise"],
    rise["without noise"],
    claimed="higher",
    scale="log",
    margin=np.exp(0.05),
    measure="rise: test loss at the end over test loss at the lowest validation loss",
    setting="targets with noise against the same without",
    data=known,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.4, height=3.9, sharey=True) as (figure, panels):
    for axes, (name, nets) in zip(panels, followed.items(), strict=True):
        curves = nets.history["loss"], nets.history["val_loss"]
        series = dict(zip(("training loss", "validation loss"), curves, strict=True))
        plots.over_epochs(axes, series, ylabel="loss (mean squared error)", title=f"targets {name}")
        axes.set_ylim(0, 2.4)
    plots.sides(panels[0], np.median(followed["with noise"].best_epoch) + 1)
    plots.floor(panels[0], datasets.FRIEDMAN_NOISE**2, "variance of the noise")
    panels[0].get_legend().remove()
    panels[1].set_ylabel("")
plots.show(
    figure,
    alt="Training and validation loss over 300 epochs, on the left for targets with noise and on "
    "the right for the same targets without. On the left a vertical line marks the epoch with the "
    "lowest validation loss, and a dotted line the variance of the noise.",
    data=f"{known}; line: median, band: middle 80 % of {RUNS} replicates",
)

# %% [markdown]
# Both trainings begin with the same weights and see the same minibatches. Only the noise differs.
# The signal is common to all points, so every update helps to learn it. The noise has to be learned
# point by point, and that takes longer. So there is a time in between, at which the net has learned
# much of the one and little of the other. That is the time to stop.
#
# ### Exercise 5 · Write early stopping
#
# *Stop when the validation loss has not improved by more than `min_delta` for `patience` epochs in
# a row, and keep the weights of the best epoch.* Your `stop(losses, patience, min_delta)` gets the
# validation loss of every epoch and returns `(last, best)`: the last epoch that is trained and the
# epoch whose weights are kept, both counted from 0. If it never stops, `last` is the final epoch.


# %%
def stop(losses, patience, min_delta): ...  # return (last, best)


ex.stopping.check(stop)

# %% [markdown]
# ## 1.5 When to stop
#
# Back to real pictures, and to a rule of thumb in the notes: "many epochs overfit and take long,
# which early stopping cures, and few epochs underfit" (OVF-37). Their net has a hidden layer of 64
# units. We give it 2,000 pictures with true labels, so there is hardly a wrong label to learn. But
# remember what noise means: if most bags among these pictures happen to be dark, that is noise too.
#
# The loss of a classifier is the **cross-entropy**: minus the logarithm of the probability that the
# net gave to the right class. A mistake made with confidence costs a great deal.
#
# **Your guess first.** In 100 epochs, does the validation loss turn? And does the share of right
# answers, the validation *accuracy*, turn with it?
#
# **Measure.** Every net is trained twice, from the same weights and in the same order: once to the
# end, once with early stopping and a patience of 10 epochs.

# %%
patient = keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)
to_the_end = training.Recipe(
    lambda: models.mlp((28, 28), [64], 10),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer="adam",
    epochs=100,
    batch_size=30,
    metrics=["accuracy"],
)
fewer = [replace(run, train_rows=run.train_rows[:2_000]) for run in plain_runs]
went_on = to_the_end.fit(clothes, fewer)
stopped = replace(to_the_end, early_stopping=patient).fit(clothes, fewer)

# %%
verdicts.compare(
    "OVF-37",
    went_on.test("loss"),
    stopped.test("loss"),
    claimed="higher",
    scale="log",
    margin=np.exp(0.05),
    measure="test loss (cross-entropy) after 100 epochs against early stopping",
    setting="many epochs overfit, 2,000 pictures with true labels",
    data=clothes,
)
for name, nets in (("to the end", went_on), ("stopped early", stopped)):
    accuracy = nets.test("accuracy").mean()
    print(f"{name:<13} {nets.epochs.mean():>5.1f} epochs trained, test accuracy {accuracy:.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.4, height=3.9) as (figure, panels):
    ylabels = {"loss": "loss (cross-entropy)", "accuracy": "accuracy"}
    for axes, (metric, ylabel) in zip(panels, ylabels.items(), strict=True):
        curves = went_on.history[metric], went_on.history[f"val_{metric}"]
        series = dict(zip(("training", "validation"), curves, strict=True))
        plots.over_epochs(axes, series, ylabel=ylabel)
        axes.axvline(np.median(stopped.best_epoch) + 1, color="black", linewidth=1)
    panels[0].set_ylim(0, None)
    place = {"xytext": (5, -4), "textcoords": "offset points", "va": "top", "fontsize": 9}
    kept_at = np.median(stopped.best_epoch) + 1, panels[0].get_ylim()[1]
    panels[0].annotate("weights kept", kept_at, **place)
    panels[1].get_legend().remove()
plots.show(
    figure,
    alt="Left: training and validation loss over 100 epochs. Right: training and validation "
    "accuracy over the same epochs. A vertical line in both marks the epoch whose weights early "
    "stopping keeps.",
    data=f"{clothes}, 2,000 of them used; line: median, band: middle 80 % of {RUNS} replicates",
)

# %% [markdown]
# Follow the two validation curves to the right of the line. The loss climbs, while the accuracy
# hardly moves. The net does not make many more mistakes after the turn. It grows more certain of
# those that it makes, and the cross-entropy charges for that. So whether "many epochs overfit"
# depends on the error that you mean: the loss may say yes where the accuracy says no. Decide which
# of the two your task needs, and watch that one. In either case early stopping saves epochs.
#
# **Try it.** `early_stopping.stop` is the rule of exercise 5. When does it pay to wait longer?

# %%
for patience in (1, 3, 10, 30):
    stops = [early_stopping.stop(curve, patience, 0.0) for curve in went_on.history["val_loss"]]
    last, best = np.mean(stops, axis=0) + 1
    print(f"patience {patience:>2}: {last:>5.1f} epochs trained, weights of epoch {best:.1f} kept")

# %% [markdown]
# ## 1.6 What came out
#
# The words below are the recorded ones or, where nothing is recorded yet, those of the run above.
# "Expected" is what we guessed before anything was measured. *Mixed* means that one setting decides
# one way and another the other way.

# %%
verdicts.summary()

# %% [markdown]
# All other statements of the notes on this subject are settled in the [audit of this
# lesson](audits/01_overfitting.ipynb). Here is what is recorded of them:

# %%
claims.summary(
    claims.recorded(runtime.ROOT / "notebooks" / "audits" / "01_overfitting.ipynb"),
    link="audits/01_overfitting.ipynb",
)

# %% [markdown]
# Three sentences to keep: Judge a model by its error on new data, against the best on its path. The
# gap between the curves does not say how good a model is. Choose on validation data, and report the
# error on test data.
#
# ## Where to read on
#
# - Zhang, Bengio, Hardt, Recht and Vinyals (2017), *Understanding deep learning requires rethinking
#   generalization*: nets that memorize random labels, on a large scale.
# - Belkin, Hsu, Ma and Mandal (2019), *Reconciling modern machine-learning practice and the
#   classical bias-variance trade-off*: where paths go on after the turn, and the error falls again.
# - Efron (2004), *The estimation of prediction error: covariance penalties and cross-validation*:
#   why the gap and the share of noise belong together.
# - Prechelt (1998), *Early stopping, but when?*: stopping rules compared.
# - Next: **lesson 02**, on how to estimate the error on new data well, and how to average errors
#   away.
