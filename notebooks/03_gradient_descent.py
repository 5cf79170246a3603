# %% [markdown]
# # 3 · Gradient descent: what a step is
#
# Training a net means walking downhill on its loss. The **gradient** says which way is down, and it
# says so only for the place where you stand. How far may you go before you ask again? And on how
# many examples do you ask? These two questions, the **learning rate** and the **batch size**, are
# what this notebook is about. Its second half, [3b](03b_update_rules.ipynb), is about what to make
# of the gradient: momentum, Adam, and their family.
#
# After it you will be able to
#
# - say from the curvature of a loss which learning rates work, and which diverge;
# - divide an epoch into minibatches, and accumulate gradients where memory is short;
# - choose a batch size for reasons of time and of noise;
# - say what noise does near a minimum, and what it does between two of them;
# - judge what is said about sharp and flat minima.
#
# Five statements of the [lecture notes](../docs/notes.md) are **measured** here, in the lines that
# begin with ✓ (supported), ✗ (refuted) or ≈ (undecided). Before each measurement we ask for your
# guess. Plan an hour; the notebook itself computes for less than a minute.

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
# `RUNS` is the number of repetitions behind each comparison. Change `SEED` and run all cells again:
# the numbers move, and you see what stays. Cells that only draw are folded; a click opens them.

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
import json
from dataclasses import replace

import numpy as np
from scipy import stats

from helpers import claims, datasets, plots, training
from helpers.exercises import gradient_descent as ex
from helpers.reference import optimizers, small_nets, surfaces

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()

# %% [markdown]
# ## 3.1 One step
#
# A step goes against the gradient $g$, and the learning rate $a$ says how far:
#
# $$p \leftarrow p - a\,g(p)$$
#
# It is the parameters $p$ that are updated; the gradient is computed anew at every place. Near a
# minimum almost every smooth loss looks like a bowl. How fast its slope changes along a direction
# is its **curvature** there. In one dimension the loss $c\,p^2 / 2$ has the gradient $c\,p$, and
# its curvature is $c$: a step makes $(1 - a\,c)\,p$ out of $p$. In several dimensions the matrix of
# all second derivatives, the **Hessian**, holds all curvatures: its eigenvectors are the directions
# in which the bowl is steepest and flattest, its eigenvalues the curvatures.
# (`np.linalg.eigvalsh(hessian)` returns the curvatures.)
#
# ### Exercise 1 · Choose the rate from the curvature
#
# A bowl has the constant Hessian `hessian`, a symmetric matrix whose eigenvalues are all positive.
# Write `largest_rate`: the learning rate below which gradient descent goes to the minimum from
# every start, and above which it diverges from almost every start.


# %% tags=["nbval-check-output"]
def largest_rate(hessian): ...  # return the bound on the learning rate


ex.choosing_rate.check(largest_rate)  # stuck? ex.choosing_rate.hint()

# %% [markdown]
# **Look.** `RUNS` random bowls in ten dimensions, each descended with rates of 0.1, 0.5, 0.95 and
# 1.05 of that limit. **Your guess first:** which of the four comes down fastest?

# %%
STEPS = 60


def down_a_bowl(seed, fraction):
    """The loss over the first loss, while descending a random bowl at a fraction of the limit."""
    generator = training.generator(seed)
    root = generator.normal(size=(10, 20))
    bowl, point = root @ root.T / 20, generator.normal(size=10)
    rate, losses = fraction * optimizers.largest_rate(bowl), []
    for _ in range(STEPS + 1):
        losses.append(point @ bowl @ point)
        point = point - rate * bowl @ point
    return np.array(losses) / losses[0]


fall = {
    f"{fraction:g} of the limit": np.stack([down_a_bowl(seed, fraction) for seed in seeds])
    for fraction in (0.1, 0.5, 0.95, 1.05)
}

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(width=7.2, height=3.4) as (figure, axes):
    plots.curves(axes, np.arange(STEPS + 1), fall, xlabel="step", ylabel="loss / first loss")
    axes.set_yscale("log")
plots.show(
    figure,
    alt="The loss, divided by the first loss, over 60 steps on a logarithmic axis, for learning "
    "rates of 0.1, 0.5, 0.95 and 1.05 of the limit.",
    data=f"{RUNS} random quadratic bowls; line: median, band: middle 80 %",
)

# %% [markdown]
# Half the limit is fastest at first: there the steepest direction arrives in one step. At 0.95 it
# jumps across the bowl at every step, but the flat directions come down nearly twice as fast, so
# that in the end this rate overtakes. A tenth of the limit, from 0.95 to 1.05, decides between
# arriving and being thrown out. The limit, 2 / (largest curvature), is set by the steepest
# direction alone; the flat directions must creep along at whatever rate it allows. Nearly
# everything in this lesson is an answer to that.
#
# ## 3.2 How much data for one step?
#
# The loss of a data set is a mean over its examples, so its gradient is the mean of theirs. You can
# take all of them for each step (**batch** gradient descent), a single one, drawn at random
# (**stochastic** gradient descent in the strict sense), or a few (**minibatches**, which is what
# everybody does, and what libraries call SGD). One pass over all examples is an **epoch**.
#
# ### Exercise 2 · Make an epoch
#
# Write `epoch(n, size, generator)`: the minibatches of one epoch, as a list of arrays of row
# numbers. Each of the `n` rows comes once, in random order. Every batch has `size` rows, but for
# the last, which may be smaller.


# %%
def epoch(n, size, generator): ...  # return a list of arrays of row numbers


ex.making_an_epoch.check(epoch)  # stuck? ex.making_an_epoch.hint()

# %% [markdown]
# "Plain gradient descent is too slow because it uses all data for each gradient", the notes say,
# "which is why stochastic gradient descent was introduced" (OPT-02). A gradient from one example
# takes an eight-thousandth of the work of one from 8,000. But it is a bad one: it points downhill
# only on average.
#
# **Your guess first.** A net with one hidden layer of 64 units learns 8,000 pictures of clothes.
# How many *examples* does it look at until its training loss is down to 0.5, with all at once, with
# 32 at a time, with one at a time? And how many *seconds* does it take?
#
# **Measure.** To measure seconds, nothing may hide behind a framework, so the net is written in
# NumPy (`helpers/reference/small_nets.py`). Each batch size has the rate that took the fewest
# examples in a study on other runs (`python -m studies.steps`), in which each tried five rates. The
# seconds are the number of steps times the seconds of one step. These are timed once, as the median
# of 20 slices in which the batch sizes take turns.

# %%
pool = datasets.pool("fashion").map(
    lambda x: x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(x), -1),
    note="shrunk to 14 x 14",
)
pool = pool.standardized()
study = json.loads((course / "notebooks" / "results" / "03_steps.json").read_text())["settings"]


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def shared(replicates, size):
    """The share of training rows that two replicates have in common: intervals allow for it."""
    return size / len(replicates.y_train) if replicates.correlation else 0.0


def why_void(conditions):
    """Why a setting cannot speak: the reasons that hold."""
    return "; ".join(reason for reason, holds in conditions.items() if holds)


def at_edge(title, *sizes):
    """Whether the best rate of one of these batches was the lowest or highest that was tried."""
    return not {str(size) for size in sizes}.isdisjoint(study[title]["at_edge"])


# %%
PICTURES, MARK = 8_000, 0.5
LONGEST = 250  # passes that are counted for a run that never reaches the mark
clothes = datasets.replicates(pool, seeds, train=PICTURES, test=1)
paces = {PICTURES: (5, 250), 32: (20, 1_250), 1: (200, 40_000)}  # steps between looks, at most


def race(seed, rows, size):
    """Examples until the loss over all pictures is down to the mark, and whether it was."""
    x, y, generator = clothes.x_train[rows], clothes.y_train[rows], training.generator(seed)
    net = small_nets.initial(generator, x.shape[1], 64, 10)
    rate, (look, most) = study["OPT-02"]["best_rates"][str(size)], paces[size]
    how = {"batch_size": size, "rate": rate, "generator": generator, "mark": MARK}
    found = small_nets.train(net, x, y, look=look, most=most, **how)
    return found.steps * size if found.reached else LONGEST * PICTURES, found.reached


drawn = [(seed, division.train) for seed, division in zip(seeds, clothes.divisions, strict=True)]
took = np.array([[race(*one, size) for size in paces] for one in drawn])  # (runs, sizes, 2)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
some_net = small_nets.initial(training.generator(seeds[0]), clothes.x_train.shape[1], 64, 10)
some_pictures = clothes.x_train[drawn[0][1]], clothes.y_train[drawn[0][1]]
slices = {PICTURES: 2, 32: 20, 1: 200}  # steps in a slice
one_step = small_nets.seconds_of_a_step(some_net, *some_pictures, slices)
examples, reached = np.moveaxis(took, -1, 0)  # (runs, sizes)
seconds = np.column_stack([examples[:, i] / n * one_step[n] for i, n in enumerate(paces)])
print("a step:", ", ".join(f"{1e6 * one_step[n]:,.0f} µs with {n:,}" for n in paces))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
no_race = why_void(
    {
        "too many runs missed the mark": (reached[:, [0, 2]].mean(axis=0) < 0.9).any(),
        "a best rate is at the edge": at_edge("OPT-02", PICTURES, 1),
    }
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
verdicts.compare(
    "OPT-02",
    seconds[:, 0],
    seconds[:, 2],
    claimed="higher",
    scale="log",
    margin=1.5,
    measure=f"seconds to a training loss of {MARK}, all pictures at once against one at a time",
    setting=f"{PICTURES:,} pictures, each at its fastest rate",
    void=no_race,
    correlation=shared(clothes, PICTURES),
    data=clothes,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
logs = np.log(seconds[:, 0] / seconds[:, 2])
common = shared(clothes, PICTURES)
reach = stats.t.ppf(0.995, 29) * logs.std(ddof=1) * np.sqrt(1 / 30 + common / (1 - common))
print(f"with 30 runs the interval would reach a factor of {np.exp(reach):.1f} to either side")
verdicts.compare(
    "OPT-02",
    examples[:, 0],
    examples[:, 2],
    claimed="higher",
    scale="log",
    margin=1.5,
    measure=f"examples to a training loss of {MARK}, all pictures at once against one at a time",
    setting="examples instead of seconds",
    role=claims.BOUNDARY,
    void=no_race,
    correlation=shared(clothes, PICTURES),
    data=clothes,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.2, height=3.3) as (figure, panels):
    shown = {"examples": examples, "seconds": seconds}
    for axes, (what, values) in zip(panels, shown.items(), strict=True):
        plots.groups(axes, ["all", "32", "1"], {what: values.T})
        axes.set(yscale="log", xlabel="batch size", ylabel=f"{what} to a loss of {MARK}")
        axes.get_legend().remove()
        low, high = axes.get_ylim()
        marks = [mark * 10.0**power for power in range(-5, 8) for mark in (1, 3)]
        marks = [mark for mark in marks if low < mark < high]
        axes.minorticks_off()
        axes.set_yticks(marks, [f"{mark:,g}" for mark in marks])
plots.show(
    figure,
    alt="Two panels, examples and seconds until the training loss is down to the mark, both on a "
    "logarithmic axis, for batches of all pictures, of 32, and of 1; a mark for every replicate.",
    data=f"{clothes}; black: means",
)

# %% [markdown]
# Compare the two panels. The left one counts the work, which is the same on every machine. An exact
# gradient is a luxury there, because most of its cost goes into digits that one step cannot use.
# The right one counts the time, and time favors larger batches more than work does: a computer
# handles 32 examples in less than twice the time of one, and 8,000 in far less than 8,000 times
# that. Minibatches are where the two costs meet, and the best size depends on the machine as much
# as on the data.
#
# So the verdict on seconds is about one machine. Whether the ratio is above 1.5, the factor asked
# for, depends on NumPy's overhead in every step. Nor would more replicates settle it: they share
# two thirds of their pictures, so adding some hardly narrows the interval (see the line with "would
# reach"), and only a much larger ratio could be decided.
#
# ### Exercise 3 · Accumulate
#
# A batch is too large for the memory, so it comes in micro-batches. Write `accumulate(gradients,
# sizes)`: `gradients` holds the gradient of the *mean* loss of each micro-batch (arrays of one
# shape), `sizes` how many examples each had. Return the gradient of the mean loss of the whole
# batch.


# %%
def accumulate(gradients, sizes): ...  # return the gradient of the whole batch


ex.accumulating.check(accumulate)  # stuck? ex.accumulating.hint()

# %% [markdown]
# ## 3.3 Hovering
#
# What does the noise of single examples cost? We ask it where nothing else can be in the way:
# linear regression on red wines. Its loss is a bowl with one minimum, which linear algebra gives
# exactly. The notes say that stochastic gradient descent "may fail to find the global optimum"
# (OPT-07), while batch gradient descent comes to rest at it.
#
# ### Exercise 4 · Predict
#
# With one wine at a time and a constant rate of 0.01, the loss after 125 passes is some height
# above the lowest. **Before you run it,** compare three other heights with this one: with a rate
# ten times smaller; with a rate that falls as 1 / step; and with rate 0.01 again, but after only a
# tenth of the passes. For each, write "lower", "about the same" (within a factor of two) or
# "higher".

# %%
heights = {"a rate ten times smaller": ..., "a rate that falls": ..., "a tenth of the passes": ...}
ex.hovering_prediction.check(heights)  # stuck? ex.hovering_prediction.hint()

# %%
WINES, PASSES, LOOK = 400, 125, 50
wine = datasets.replicates("wine", seeds, train=WINES, test=1).standardized()
their_rows = [division.train for division in wine.divisions]
wine_x = np.array([np.column_stack([wine.x_train[r], np.ones(WINES)]) for r in their_rows])
wine_y = np.array([wine.y_train[r] for r in their_rows])
optimum = np.array([np.linalg.lstsq(x, y)[0] for x, y in zip(wine_x, wine_y, strict=True)])
lowest = np.mean((np.einsum("rnf,rf->rn", wine_x, optimum) - wine_y) ** 2, axis=1)
hessian = 2 * np.einsum("rnf,rng->rfg", wine_x, wine_x) / WINES  # of each replicate's loss

# %%
updates = np.arange(PASSES * WINES)
order = np.empty((RUNS, len(updates)), int)
for place, seed in enumerate(seeds):
    shuffling = training.generator(seed)
    order[place] = np.concatenate([shuffling.permutation(WINES) for _ in range(PASSES)])


def excess(rates, one_at_a_time=True):
    """How far the loss lies above the lowest, as a share of it, at every look; (runs, looks)."""
    weights, found, run = np.zeros(optimum.shape), [], np.arange(RUNS)
    for number, rate in enumerate(rates):
        if one_at_a_time:
            x, y = wine_x[run, order[:, number]], wine_y[run, order[:, number]]
            slope = 2 * ((x * weights).sum(axis=1) - y)[:, None] * x
        else:
            slope = np.einsum("rfg,rg->rf", hessian, weights - optimum)
        weights -= rate * slope
        if number % LOOK == LOOK - 1:
            away = weights - optimum
            found.append(np.einsum("rf,rfg,rg->r", away, hessian, away) / 2 / lowest)
    return np.array(found).T


# %% jupyter={"outputs_hidden": true}
constant = np.full(len(updates), 0.01)
followed = {
    "one wine, rate 0.01": excess(constant),
    "one wine, rate 0.001": excess(constant / 10),
    "one wine, falling rate": excess(constant / (1 + updates / 500)),
    "all wines, rate 0.01": excess(constant, one_at_a_time=False),
}
tenth = len(updates) // LOOK // 10
hover, smaller, falling, full = [found[:, -tenth:].mean(axis=1) for found in followed.values()]
early = followed["one wine, rate 0.01"][:, tenth // 2 : tenth].mean(axis=1)
ex.hovering_prediction.check(heights, hover, smaller, falling, early)

# %% jupyter={"outputs_hidden": true}
verdicts.compare(
    "OPT-07",
    hover,
    full,
    claimed="higher",
    margin=0.01,
    measure="training loss above its minimum, as a share of it: one wine at a time against all",
    setting="linear regression, constant rate 0.01",
    correlation=shared(wine, WINES),
    data=wine,
)

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
for height, setting in ((falling, "a rate that falls as 1 / step"), (smaller, "rate 0.001")):
    verdicts.compare(
        "OPT-07",
        height,
        full,
        claimed="higher",
        margin=0.01,
        measure="training loss above its minimum, as a share of it: one at a time against all",
        setting=setting,
        role=claims.BOUNDARY,
        correlation=shared(wine, WINES),
        data=wine,
    )

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
with plots.canvas(width=7.6, height=3.6) as (figure, axes):
    updates_seen = np.arange(1, len(updates) // LOOK + 1) * LOOK
    names = {
        "xlabel": f"update (one pass of single wines: {WINES} updates)",
        "ylabel": "loss above the lowest / lowest",
    }
    plots.curves(axes, updates_seen, followed, **names)
    axes.set(xscale="log", yscale="log", ylim=(1e-5, 100))
plots.show(
    figure,
    alt="Height of the training loss above its minimum over the updates, both logarithmic, for one "
    "wine at a time with the rates 0.01, 0.001 and a falling one, and for all wines at once.",
    data=f"{wine}; all wines: every update is a whole pass; line: median, band: middle 80 % of "
    f"{RUNS} replicates",
)

# %% [markdown] tags=["answer"]
# At the minimum the mean gradient is zero, but the gradients of the single wines are not. Each
# pushes the weights its own way, and they never agree. With a constant rate the descent does not
# stop, it **hovers**, at a height that the rate sets. A rate that falls lets it settle; that is one
# reason for the learning-rate schedules of lesson 8.

# %% [markdown]
# ## 3.4 More than one minimum
#
# Bowls have one minimum. The loss of a net has many, and other places where the gradient is zero.
# **Look** at three surfaces that can be drawn:


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def walk(surface, start, steps=60, rate=0.05):
    """The places that plain gradient descent visits."""
    return surfaces.path(optimizers.sgd, surface, start, steps, learning_rate=rate)


noisy, well = training.generator(seeds[0]), surfaces.double_well
shaken = replace(well, gradient=lambda p: well.gradient(p) + 4 * noisy.normal(size=np.shape(p)))
walks = {
    well: {"with noise": walk(shaken, (1.6, 1.1), 400), "plain": walk(well, (1.6, 1.1))},
    surfaces.saddle: {"from the ridge": walk(surfaces.saddle, (1.4, 1e-4), 300)},
    surfaces.himmelblau: {
        f"start {number}": walk(surfaces.himmelblau, start, rate=0.01)
        for number, start in enumerate([(-0.3, -0.9), (0.2, -0.9), (0.2, 0.9)], start=1)
    },
}

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(3, width=9.6, height=3.5) as (figure, panels):
    for axes, (surface, paths) in zip(panels, walks.items(), strict=True):
        lines = plots.paths(axes, surface, paths, markers=False)
        for line in lines if surface is well else []:
            line.set(linewidth=3 if line.get_label() == "plain" else 0.6)
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "columnspacing": 1}
        axes.legend(ncols=3, fontsize=8, handlelength=1.5, **below)
plots.show(
    figure,
    alt="Paths over the level lines of three surfaces. A double well with one plain and one noisy "
    "walker that start in the right, shallower valley; a saddle with a walker that starts almost "
    "on its ridge; Himmelblau's four valleys with three walkers that start close to each other.",
    data="surfaces of helpers/reference/surfaces.py; stars: the deepest minima",
)

# %% [markdown]
# In the *double well* the right valley is a **local** optimum: every way out leads uphill, but the
# left valley is deeper. Noise can lift a walker over the ridge, if it is strong enough. At the
# *saddle* the gradient is zero too, but one way leads down; plain descent lingers there for a long
# time. In *Himmelblau's* surface all four minima are equally deep, and small differences of the
# start decide which one is found.
#
# The notes say that single examples run "less risk of being caught in a local optimum" (OPT-05). In
# the picture the strength of the noise was ours to choose. In training it is not: it comes from
# drawing examples, and from the rate. So we take a real loss with real local optima. The data are
# **XOR**: four overlapping clouds of points, of which opposite ones belong to the same class. The
# net is very small: two inputs, three hidden units (tanh) and one output. A small penalty on the
# squares of its weights is part of the loss. Without it the weights would grow for ever, and a net
# that is merely slow would look like one that is caught.
#
# **Your guess first.** Of 50 random starts, how many end in a local optimum with all points at
# once? And how many with one point at a time?
#
# **Measure.** Both make equally many updates, and each uses the one of eight rates at which the
# fewest starts were caught in a tuning. Then full batches bring every net to rest, so that none
# counts as caught only because it hovers. But at the largest rates, above 2 / curvature, the full
# batch makes the loss jump instead of descend, and only the settling descends (much the same is
# true of single points at their rate). So a further setting allows the full batch only rates at
# which it can come to rest. In the figure that one is "all"; the full batch at the best of the
# eight rates is "all, any rate". A start is **caught** if its loss ends more than 10 % above the
# lowest that any start of the replicate reached. The study has done this 30 times, each time with
# new points and starts; the cell below shows how, for one replicate and all points at once.

# %%
POINTS, STARTS, UPDATES, SETTLING, PENALTY = 200, 50, 4_000, 6_000, 0.001
tuned_xor = study["OPT-05"]
rates_of_xor = tuned_xor["best_rates"]


def settle(seed, size):
    """The crowd of 50 nets at rest, after minibatches of this size, and the points."""
    generator = training.generator(seed)
    points = small_nets.xor(generator, POINTS)
    crowd = small_nets.crowd(generator, 2, 3, STARTS)
    for rows, rate, steps in ((size, rates_of_xor[str(size)], UPDATES), (POINTS, 0.5, SETTLING)):
        how = {"batch_size": rows, "rate": rate, "steps": steps, "generator": generator}
        crowd = small_nets.crowd_train(crowd, *points, penalty=PENALTY, **how)
    return crowd, points


one_crowd, its_points = settle(seeds[0], POINTS)
caught = {size: np.array(shares) for size, shares in tuned_xor["caught"].items()}


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def not_to_be_judged(*arms):
    """Why these arms cannot be compared: too easy, not at rest, or badly tuned."""
    changes = [abs(tuned_xor["change_with_twice_the_updates"][arm]) for arm in arms]
    reasons = {
        "hardly any start is caught": max(caught[arm].mean() for arm in arms) < 0.05,
        "twice the updates change a share": max(changes) > 0.05,
        "a best rate is at the edge": at_edge("OPT-05", *arms),
    }
    return why_void(reasons)


ALL, ANY = str(POINTS), f"{POINTS}, any rate"

# %% jupyter={"source_hidden": true} tags=["hide-input"]
verdicts.compare(
    "OPT-05",
    caught["1"],
    caught[ANY],
    claimed="lower",
    margin=0.05,
    measure=f"share of {STARTS} starts that are caught, one point at a time against all",
    setting="the XOR net, each at the best of the same rates",
    void=not_to_be_judged("1", ANY),
    data=f"{POINTS} points of XOR, drawn anew for each replicate",
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for arm, against, setting in (
    ("10", ANY, "minibatches of ten"),
    ("1", ALL, "all points at rates at which they can rest"),
):
    verdicts.compare(
        "OPT-05",
        caught[arm],
        caught[against],
        claimed="lower",
        margin=0.05,
        measure=f"share of {STARTS} starts that are caught, {arm} at a time against all points",
        setting=setting,
        role=claims.FURTHER,
        void=not_to_be_judged(arm, against),
        data=f"{POINTS} points of XOR, drawn anew for each replicate",
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
(corners, classes), heights_at_rest = (
    its_points,
    small_nets.crowd_loss(one_crowd, *its_points, PENALTY),
)
grid = np.array(np.meshgrid(*[np.linspace(-2.6, 2.6, 90)] * 2), "float32")
outputs = small_nets.crowd_forward(one_crowd, grid.reshape(2, -1).T)[1].reshape(90, 90, STARTS)
chosen = {"lowest loss": heights_at_rest.argmin(), "highest loss": heights_at_rest.argmax()}

# %% jupyter={"source_hidden": true} tags=["hide-input"]
areas = {"levels": [-1, 0.5, 2], "alpha": 0.25, "colors": plots.COLORS[:2]}
with plots.canvas(3, width=9.6, height=3.3) as (figure, panels):
    plots.groups(panels[0], ["1", "10", "all", "all,\nany rate"], {"caught": list(caught.values())})
    panels[0].set(xlabel="batch size", ylabel="share of starts caught", ylim=(-0.03, 1.03))
    panels[0].get_legend().remove()
    for axes, (title, start) in zip(panels[1:], chosen.items(), strict=True):
        axes.contourf(*grid, 1.0 * (outputs[..., start] > 0), **areas)
        for kind in (0, 1):
            look = {"s": 9, "color": plots.COLORS[kind], "marker": plots.MARKERS[kind]}
            axes.scatter(*corners[classes == kind].T, **look)
        axes.set(title=f"{title}: {heights_at_rest[start]:.2f}", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
plots.show(
    figure,
    alt="Left: share of starts that are caught with batches of 1, of 10 and of all points (these "
    "at a rate at which they can rest, and at any), a mark for every replicate. Middle and right: "
    "four clouds of points in two classes, and the areas that the net with the lowest and the net "
    "with the highest loss at rest give to each class.",
    data="XOR; left: 30 replicates of the study, black: means; middle, right: one replicate",
)

# %% [markdown]
# Both nets on the right have three units. If one of them ends with a much higher loss, it has used
# up its units in a way from which no small step leads to anything better. Such optima seem to be
# rarer in large nets (Dauphin and others 2014), which is one reason why these are easy to train.
#
# ## 3.5 Sharp and flat
#
# The last statements are a chain, which the notes take from a lecture on Keskar and others (2017):
# large batches end in **sharp** minima and small ones in **flat** ones (OPT-14); what is learned in
# a flat minimum does well on new data, and what is learned in a sharp one does not (OPT-16). The
# **sharpness** is the largest curvature of the training loss at the end: the very number that set
# the limit in section 3.1.
#
# **Your guess first.** Two nets learn the same 1,000 pictures with the same rate until both have
# the same training loss of 0.01, one with batches of 8 and one with batches of 100. Which ends in
# the sharper place?
#
# **Measure.** Every net trains until its training loss is first at most 0.01, with 99.9 % of the
# pictures right, however long it takes: the curvature of this loss shrinks as the loss does, so
# nets at different losses cannot be compared. Both batch sizes use the rate that is best for
# batches of 8 on validation data (from the study), since the statement changes the batch and
# nothing else. In a second comparison the batches of 100 use their own best rate; it is reported
# and does not count.

# %%
SIZE, SMALL, LARGE = 1_000, 8, 100
few_clothes = datasets.replicates(pool, seeds, train=SIZE, test=1)
small_rate, large_rate = (study["OPT-14"]["best_rates"][str(size)] for size in (SMALL, LARGE))
arms = {"8": (SMALL, small_rate), "100": (LARGE, small_rate), "100, own rate": (LARGE, large_rate)}


def at_rest(seed, division, batch_size, rate):
    """A net that has come to rest, and its training pictures."""
    x, y = few_clothes.x_train[division.train], few_clothes.y_train[division.train]
    generator = training.generator(seed)
    net = small_nets.initial(generator, x.shape[1], 64, 10)
    how = {"batch_size": batch_size, "rate": rate, "generator": generator}
    how |= {"look": SIZE // batch_size, "near": 10}  # once in an epoch, more often near the end
    return small_nets.train(net, x, y, mark=0.01, right=0.999, **how), (x, y)


fresh = list(zip(seeds, few_clothes.divisions, strict=True))
resting = {arm: [at_rest(*one, *plan) for one in fresh] for arm, plan in arms.items()}

# %% jupyter={"source_hidden": true} tags=["hide-input"]
sharp = {
    arm: np.array(
        [small_nets.sharpness(n.weights, *own) if n.reached else np.nan for n, own in nets]
    )
    for arm, nets in resting.items()
}


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def large_against_small(arm, setting, role, edge):
    """Judge an arm with batches of 100 by the replicates in which both nets came to rest."""
    both = np.isfinite(sharp[arm] + sharp["8"])
    reasons = {"too many nets did not come to rest": both.mean() < 0.9}
    verdicts.compare(
        "OPT-14",
        sharp[arm][both],
        sharp["8"][both],
        claimed="higher",
        scale="log",
        margin=1.5,
        measure="largest curvature at a training loss of 0.01, batches of 100 against 8",
        setting=setting,
        role=role,
        void=why_void(reasons | {"a best rate is at the edge": edge}),
        correlation=shared(few_clothes, SIZE),
        data=few_clothes,
    )


# %%
large_against_small("100", "the same rate for both", claims.PRIMARY, at_edge("OPT-14", SMALL))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
each_edge = at_edge("OPT-14", SMALL, LARGE)
large_against_small("100, own rate", "each batch at its own rate", claims.BOUNDARY, each_edge)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for arm, (_, its_rate) in arms.items():
    steps = np.mean([net.steps for net, _ in resting[arm]])
    print(f"batches of {arm} (rate {its_rate:g}): {steps:,.0f} steps", end=", ")
    print(f"sharpness {np.nanmean(sharp[arm]):.2f}, 2 / rate {2 / its_rate:.3g}")

# %% [markdown]
# So much for the first link. Whether it holds does not depend on the batch size alone. A walker at
# rate $a$ cannot stay where the curvature is above $2/a$, and noise drives it away even from places
# somewhat less sharp. Here all nets end below that limit, most of them far below. How strong the
# noise is depends on the rate and the batch *together*, so both lines above depend on the rates
# used. The shared rate of the first, 0.08, was the best for batches of 8, but by next to nothing.
# At 0.02, which does nearly as well on validation data, large batches still end sharper, but by
# less than the factor asked for. If one scale serves all pixels, instead of each having its own,
# the same rate is enough for the factor. The audit has both lines. They count, so the verdict rests
# on all three.
#
# ### Exercise 5 · Predict
#
# And is sharpness a property of *what was learned*? Take one of the trained nets (its hidden units
# are ReLUs). Multiply the weights and biases of its hidden layer by 5, and divide the output
# weights by 5. Do its **predictions** stay or change? Does its **sharpness**? Write "stays" or
# "changes" for each.

# %%
rescaling = {"predictions": ..., "sharpness": ...}
ex.rescaling_prediction.check(rescaling)  # stuck? ex.rescaling_prediction.hint()

# %% jupyter={"outputs_hidden": true}
trained, (pictures, labels) = resting["8"][0]
both = trained.weights, small_nets.rescaled(trained.weights, 5)
logits = [small_nets.forward(weights, pictures)[1] for weights in both]
plain = [small_nets.sharpness(weights, pictures, labels) for weights in both]
adaptive = [small_nets.sharpness(weights, pictures, labels, adaptive=True) for weights in both]
ex.rescaling_prediction.check(rescaling, *logits, *plain)
for name, found in (("sharpness", plain), ("adaptive sharpness", adaptive)):
    print(f"{name} {found[0]:.3g}, rescaled {found[1]:.3g}")

# %% [markdown] tags=["answer"]
# Dinh and others (2017) made this argument. It does not refute the notes, for training does not
# rescale its nets. But a measure that changes while the function stays is a doubtful witness. The
# **adaptive** sharpness (Kwon and others 2021) lets each weight move in proportion to its own size,
# and then the rescaling changes nothing.

# %% [markdown]
# Now the second link. It takes many nets: 30 replicates, each with **360** pictures of its own, and
# in each of them six nets of each of four **plans** (batches of 8 and of 36, two rates each), all
# at rest at the same loss. The study has trained them all, so what follows does not depend on
# `RUNS` or `SEED`.
#
# Of every net we take the **gap**: its share of mistakes on new pictures minus that on its training
# pictures. Then we ask for the **rank correlation** of sharpness and gap: 1 if both order the nets
# alike, 0 if they have nothing to do with each other. The gap is measured on a limited number of
# new pictures, so it is noisy. How noisy, its **reliability** says: 1 if two halves of these
# pictures rank the nets alike, 0 if the two rankings have nothing to do with each other. Noise
# weakens every correlation. So a weak one refutes the notes only if it stays weak when the noise is
# allowed for.
#
# **Your guess first.** Among nets of *one* plan, do the sharper ones have a wider gap? And do the
# plans that end sharper have one?

# %%
made = study["OPT-16"]
everyone = list(made["replicates"].values())
complete = [plans for plans in everyone if all(net["reached"] for plan in plans for net in plan)]


def of_nets(name):
    """A number of every net, shape (replicates, plans, nets)."""
    return np.array([[[net[name] for net in plan] for plan in plans] for plans in complete])


half_gaps = np.stack([of_nets(f"test_error_{half}") - of_nets("error") for half in (0, 1)])
gap = half_gaps.mean(axis=0)


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def rank_correlations(*quantities):
    """Rank correlations of two quantities along the last axis, shape of all the others."""
    ranks = [stats.rankdata(values, axis=-1) for values in quantities]
    first, second = [values - values.mean(axis=-1, keepdims=True) for values in ranks]
    spread = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    return (first * second).sum(axis=-1) / spread


def reliability(halves):
    """That of the mean of two halves, from their correlation (Spearman 1910, Brown 1910)."""
    alike = max(rank_correlations(*halves).mean(), 0)
    return 2 * alike / (1 + alike)


def drowned(correlations, halves):
    """Whether correlations are below 0.2, but not if the noise of the test data is allowed for.

    Noise weakens a correlation by the root of the reliability, and Spearman's correlation among n
    is too small by n / (n + 1).
    """
    _, high = claims.paired_interval(correlations)
    nets = halves.shape[-1]
    return 0.2 * reliability(halves) ** 0.5 * nets / (nets + 1) < high < 0.2


# %%
within, across = {}, {}
for measure in ("sharpness", "adaptive"):
    of_all = of_nets(measure)
    within[measure] = rank_correlations(of_all, gap).mean(axis=1)  # mean over the plans
    across[measure] = rank_correlations(of_all.mean(axis=2), gap.mean(axis=2))
too_few = len(complete) < 0.9 * len(everyone)
print(f"reliability of the gap, within plans: {reliability(half_gaps):.2f}")
spread = of_nets("sharpness").std(axis=2, ddof=1) / of_nets("sharpness").mean(axis=2)
print(f"standard deviation of sharpness within plans, over its mean: {spread.mean():.2f}")

# %%
verdicts.compare(
    "OPT-16",
    within["sharpness"],
    np.zeros(len(gap)),
    claimed="higher",
    margin=0.2,
    measure="rank correlation, within plans, of sharpness with test error minus training error",
    setting="six nets of each of four plans in every replicate",
    void=why_void(
        {
            "too many nets did not come to rest": too_few,
            "the test data are too noisy": drowned(within["sharpness"], half_gaps),
            "the best rate is at the edge": at_edge("rate of batches of 8, 360 pictures", 8),
        }
    ),
    data=made["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for correlation_found, halves, which_nets in (
    (across["sharpness"], half_gaps.mean(axis=3), "across the plans' means"),
    (within["adaptive"], half_gaps, "a sharpness that rescaling does not change"),
):
    noisy_gap = {"the test data are too noisy": drowned(correlation_found, halves)}
    verdicts.compare(
        "OPT-16",
        correlation_found,
        np.zeros(len(gap)),
        claimed="higher",
        margin=0.2,
        measure="rank correlation with test error minus training error",
        setting=which_nets,
        role=claims.FURTHER,
        void=why_void({"too many nets did not come to rest": too_few} | noisy_gap),
        data=made["data"],
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
sharpness_of_plans = of_nets("sharpness").mean(axis=2)
verdicts.compare(
    "OPT-14",
    sharpness_of_plans[:, 3],
    sharpness_of_plans[:, 0],
    claimed="higher",
    scale="log",
    margin=1.5,
    measure="largest curvature at a training loss of 0.01, batches of 36 against 8",
    setting="the rate raised with the root of the batch",
    role=claims.BOUNDARY,
    void=why_void({"too many nets did not come to rest": too_few}),
    data=made["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.6, height=3.8) as (figure, panels):
    for number, (size, rate_of_plan) in enumerate(made["plans"]):
        look = {"color": plots.COLORS[number], "marker": plots.MARKERS[number], "s": 12}
        place = of_nets("sharpness")[:, number].ravel(), gap[:, number].ravel()
        panels[0].scatter(*place, alpha=0.6, **look, label=f"{size}, {rate_of_plan:.2g}")
    panels[0].set(xscale="log", xlabel="sharpness", ylabel="test error minus training error")
    panels[0].minorticks_off()
    panels[0].set_xticks([0.6, 1, 2], ["0.6", "1", "2"])
    above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 2}
    panels[0].legend(title="batch size, rate", fontsize=8, **above)
    series = {"within plans": list(within.values()), "across plans": list(across.values())}
    plots.groups(panels[1], ["largest\ncurvature", "adaptive\nsharpness"], series)
    panels[1].axhline(0, color="#777777", linestyle="--", linewidth=1)
    panels[1].set(ylabel="rank correlation with the gap", ylim=(-1.1, 1.1))
    panels[1].legend(**above)
plots.show(
    figure,
    alt="Left: the gap between test and training error over the sharpness, a mark for every net, "
    "in four colours for the plans. Right: rank correlations of two measures of sharpness with the "
    "gap, within plans and across plans, a mark for every replicate.",
    data=f"{made['data']}; black: means; four plans allow few values across",
)

# %% [markdown]
# Two questions hide in one picture. Within a plan the nets are nearly equally sharp, so a weak
# correlation there does not say that a much sharper net would do as well. *Across* plans, batch
# size and rate change the sharpness and much else besides; whatever goes together there may have a
# common cause. *Within* a plan only weights and order differ, and what goes together there cannot
# be owed to the batch size. Compare both kinds of mark before you believe a scatter plot of sharp
# and flat nets. Andriushchenko and others (2023) did so on a large scale. They found that
# sharpness, rescaled or not, tells little about how a net does on new data, and that it follows the
# training settings instead.
#
# Whether small batches *are* better, whatever the reason, the audit asks directly (OPT-15).
#
# ## 3.6 What came out
#
# The verdicts below are the recorded ones. "Expected" is what we had guessed. *Mixed* means
# that the statement held in one setting and failed in another.

# %%
verdicts.summary()

# %% [markdown]
# The lesson goes on in its [second notebook](03b_update_rules.ipynb); the audit is of both.
#
# Three sentences to keep: The steepest curvature limits the rate. A gradient from a few examples is
# cheap and noisy; the rate decides how much of the noise you keep. A measure that changes while the
# function stays is a doubtful reason why the function does well.
#
# ## Where to read on
#
# - Bottou, Curtis and Nocedal (2018), *Optimization methods for large-scale machine learning*: the
#   theory behind sections 3.1 to 3.4.
# - Cohen and others (2021), *Gradient descent on neural networks typically occurs at the edge of
#   stability*: why, with the full batch, the sharpness rises to about 2 / rate in the course of
#   training.
# - Dauphin and others (2014), *Identifying and attacking the saddle point problem in
#   high-dimensional non-convex optimization*.
# - Dinh, Pascanu, Bengio and Bengio (2017), *Sharp minima can generalize for deep nets*, and
#   Andriushchenko, Croce, Müller, Hein and Flammarion (2023), *A modern look at the relationship
#   between sharpness and generalization*.
# - Next: **lesson 3b**, on the rules that make more of a gradient than one step against it.

# %% jupyter={"source_hidden": true} tags=["hide-input", "remove-cell"]
from helpers import exercises

exercises.show_progress("03_gradient_descent")
