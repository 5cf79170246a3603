# %% [markdown]
# # 3 · Gradient descent and its variants
#
# Training a network means walking downhill on its loss, and the gradient says only which way is
# down *here*. How far to go, on how much data to ask for the way, what to remember of the way so
# far: that is what this lesson is about.
#
# After it you will be able to
#
# - say from the curvature of a loss which learning rates work, and which diverge;
# - choose a batch size for reasons of time, memory and noise, and accumulate gradients where memory
#   is short;
# - derive momentum, Nesterov, Adagrad, RMSprop, Adadelta and Adam one from the other, and write
#   their updates;
# - read a sweep of learning rates;
# - judge what is said about sharp and flat minima.
#
# As in every lesson, statements that lecture notes repeat are **measured**, in paired runs, and
# judged by their 99 % interval: ✓ supported, ✗ refuted, ≈ undecided. A comparison's line shows the
# **recorded** result, from many more runs than fit into a lesson, and after "Here, with ..." the
# **live** one, from the runs of this notebook. Where nothing is recorded yet, the line shows the
# live result alone. Plan 60 minutes; the notebook itself computes for less than one.

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
# `RUNS` is the number of paired runs behind each live result. Change `SEED` and run all cells
# again: the live results move, the recorded ones stay.

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
import time
from dataclasses import replace

import keras
import numpy as np
from scipy import stats

from helpers import claims, datasets, display, plots, training
from helpers.exercises import gradient_descent as ex
from helpers.nets import curvature, models
from helpers.nets.gradients import gradients
from helpers.reference import optimizers, surfaces

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()

# %% [markdown]
# ## 3.1 One step
#
# The notes say that gradient descent lowers the loss "by updating the gradient". It is the
# **parameters** that are updated, by a step against the gradient $g$, as long as the **learning
# rate** $a$ says:
#
# $$p \leftarrow p - a\,g(p)$$
#
# Near any minimum a smooth loss looks like a quadratic bowl, so let us start with one. Its
# curvatures, the eigenvalues of its Hessian, decide everything.
#
# ### Exercise 1 · Choose the rate from the curvature
#
# A quadratic bowl has the constant Hessian H (a symmetric matrix, all of whose eigenvalues are
# positive). Write `largest_rate(hessian)`: the learning rate below which gradient descent goes to
# the minimum from every start, and above which it diverges from almost every start.


# %%
def largest_rate(hessian): ...  # return the bound on the learning rate


ex.choosing_rate.check(largest_rate)

# %% [markdown]
# Now `RUNS` random bowls in ten dimensions, each descended with rates from a tenth of that limit to
# just above it.

# %%
fractions = (0.1, 0.5, 0.95, 1.05)
fall = {fraction: np.empty((RUNS, 61)) for fraction in fractions}
for run, seed in enumerate(seeds):
    generator = training.generator(seed)
    root_of_bowl = generator.normal(size=(10, 20))
    bowl, start = root_of_bowl @ root_of_bowl.T / 20, generator.normal(size=10)
    for fraction in fractions:
        rule = optimizers.sgd(fraction * optimizers.largest_rate(bowl))
        point, state = start, rule.init(start)
        for step in range(61):
            fall[fraction][run, step] = np.log10(point @ bowl @ point / (start @ bowl @ start))
            move, state = rule.update(bowl @ point, state)
            point = point + move

# %%
with plots.canvas(height=3.4) as (figure, axes):
    series = {f"{fraction:g} of the limit": values for fraction, values in fall.items()}
    plots.curves(axes, np.arange(61), series, xlabel="step", ylabel="log10 of loss / first loss")
plots.show(
    figure,
    alt="Logarithm of the loss over 60 steps for four learning rates. It falls slowly at a tenth "
    "of the limit, faster at half, falls at 0.95 of the limit, and after a dip rises without end "
    "at 1.05 of the limit.",
    data=f"{RUNS} random quadratic bowls; line: median, band: middle 80 %",
)

# %%
for fraction, setting in (
    (0.95, "rate just below 2 / largest curvature"),
    (1.05, "rate just above it"),
):
    verdicts.compare(
        "OPT-01",
        fall[fraction][:, -1],
        fall[fraction][:, 0],
        claimed="lower",
        measure="log10 loss after 60 steps against the start",
        setting=setting,
        data="random quadratic bowls in ten dimensions",
    )

# %% [markdown]
# A few percent of the learning rate decide between arriving and being thrown out. The steepest
# direction alone sets the limit, and the flat ones must creep along with what it allows. Remember
# that: nearly everything below is an answer to it.

# %% [markdown]
# ## 3.2 How much data for one step?
#
# The loss of a data set is a mean over its examples, so its gradient is the mean of their
# gradients. One may take all of them (**batch** gradient descent), one drawn at random
# (**stochastic**), or some (**minibatch**, what everybody does).
#
# ### Exercise 2 · Accumulate
#
# A batch is too large for the memory, so it comes in micro-batches. Write `accumulate(gradients,
# sizes)`: `gradients` holds the gradient of the *mean* loss of each micro-batch (arrays of one
# shape), `sizes` how many examples each had. Return the gradient of the mean loss of the whole
# batch.


# %%
def accumulate(gradients, sizes): ...  # return the gradient of the whole batch


ex.accumulating.check(accumulate)

# %% [markdown]
# The same with a network, its tape, and an optimizer. The notes say of PyTorch that `backward()`
# "accumulates in the tensor", so that nothing need be linked to the optimizer. Three questions
# about that can be run here: what a sum that is never set to zero does to the step, whether
# TensorFlow's tape accumulates too, and whether an optimizer can do without being given the
# parameters.

# %%
digits = datasets.load("digits", seed=seeds[0]).standardized()


def digit_net():
    return models.mlp((8, 8), [32], 10, output_activation="softmax")


net = training.seeded(digit_net, seeds[0])
cross_entropy = keras.losses.SparseCategoricalCrossentropy()


def gradient_of(rows):
    """The gradient of the mean loss over the rows, as one vector.

    TensorFlow finds it with a tape (helpers/nets/gradients.py).
    """
    _, found = gradients(
        lambda: cross_entropy(digits.y_train[rows], net(digits.x_train[rows], training=True)),
        net.trainable_variables,
    )
    return np.concatenate([np.ravel(gradient) for gradient in found])


batch = np.arange(60)
pieces = [batch[:16], batch[16:32], batch[32:48], batch[48:]]
big = gradient_of(batch)
small = [gradient_of(piece) for piece in pieces]
mean = optimizers.accumulate(small, [len(piece) for piece in pieces])
agree = np.abs(mean - big).max() / np.abs(big).max()
stretch = np.linalg.norm(np.sum(small, axis=0)) / np.linalg.norm(big)
again = np.abs(gradient_of(batch) - big).max() / np.abs(big).max()
try:
    keras.optimizers.SGD().apply([keras.ops.ones(3)])
    unlinked = "made a step"
except ValueError:
    unlinked = "refused"

verdicts.compute(
    "QA-05",
    stretch > 2 and agree < 1e-5,
    detail=f"The weighted mean of {len(pieces)} micro-batch gradients is the big batch's (relative "
    f"difference {agree:.0e}); their plain sum, as it adds up when nothing is set to zero, is "
    f"{stretch:.1f} times as long.",
    setting="gradients that add up",
    data=digits,
)
verdicts.compute(
    "QA-05",
    again > 0.5,
    detail="A second tape over the same batch gave the same gradient again, not twice as much "
    f"(relative difference {again:.0e}).",
    setting="so does TensorFlow",
    data=digits,
)
verdicts.compute(
    "QA-05",
    unlinked == "made a step",
    detail=f"A Keras optimizer that had been given a gradient but no parameters {unlinked}.",
    setting="nothing to link",
)

# %% [markdown]
# In Keras, `SGD(gradient_accumulation_steps=4)` does it for you (the audit checks it).
#
# Now the time. Softmax regression, in NumPy so that nothing hides behind a framework, on 2,000
# pictures of clothes and on only 50 of them. Batches of 1, of 32, and of everything; for each the
# fastest of several learning rates (found on one run that is not used further). How many examples,
# and how many seconds, does it take to bring the training loss down to the same mark?

# %%
fashion = datasets.load("fashion", seed=seeds[0]).standardized()


def quarter(images):
    """Images shrunk to 14 x 14, as rows of 196 numbers."""
    return images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196).astype("float32")


small_fashion = fashion.map(quarter)


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def mean_loss(weights, x, y):
    return -np.log(softmax(x @ weights)[np.arange(len(y)), y] + 1e-12).mean()


def gradient(weights, x, y):
    error = softmax(x @ weights)
    error[np.arange(len(y)), y] -= 1
    return x.T @ error / len(y)


def descend_to(target, x, y, batch_size, rate, generator):
    """Examples and seconds until the loss over all rows is below the target.

    Both are infinite where 400 passes do not suffice.
    """
    weights, examples, seconds = np.zeros((x.shape[1], 10), "float32"), 0, 0.0
    between_looks = max(1, len(x) // (8 * batch_size))
    while examples < 400 * len(x):
        clock = time.perf_counter()
        for _ in range(between_looks):
            rows = (
                slice(None) if batch_size == len(x) else generator.integers(0, len(x), batch_size)
            )
            weights -= rate * gradient(weights, x[rows], y[rows])
        seconds += time.perf_counter() - clock
        examples += between_looks * batch_size
        if mean_loss(weights, x, y) < target:
            return examples, seconds
    return np.inf, np.inf


def costs(size, target, batch_size):
    """log10 of examples and of seconds to the target, shape (runs, 2), at the fastest rate."""

    def one(seed, rate):
        generator = training.generator(seed)
        rows = generator.choice(len(fashion.y_train), size, replace=False)
        x, y = small_fashion.x_train[rows], fashion.y_train[rows]
        return np.log10(descend_to(target, x, y, batch_size, rate, generator))

    candidates = (0.003, 0.01, 0.02) if batch_size == 1 else (0.05, 0.1, 0.2)
    *own, further = training.seeds(SEED, RUNS + 1)
    rate = min(candidates, key=lambda rate: one(further, rate)[0])
    return np.array([one(seed, rate) for seed in own])


MANY, FEW = {"quick": 2000, "full": 8000}[PROFILE], 50
cost = {
    (size, batch_size): costs(size, 0.6, batch_size)
    for size in (MANY, FEW)
    for batch_size in (1, 32, size)
}

# %%
with plots.canvas(2, width=9.2, height=3.3) as (figure, panels):
    for column, (axes, what) in enumerate(zip(panels, ("examples", "seconds"), strict=True)):
        for number, size in enumerate((MANY, FEW)):
            values = 10 ** np.stack(
                [cost[size, batch_size][:, column] for batch_size in (1, 32, size)], axis=1
            )
            plots.band(axes, range(3), values, number, f"{size} images", marker=True)
        axes.set(yscale="log", xlabel="batch size", ylabel=f"{what} to the same loss")
        axes.set_xticks(range(3), ["1", "32", "all"])
    panels[0].legend()
plots.show(
    figure,
    alt="Examples and seconds needed to reach the same training loss, for batches of 1, of 32 and "
    "of all, with 2,000 and with 50 images. With 2,000 images all-at-once needs by far the most of "
    "both. With 50 images it needs more examples than the others but little time.",
    data=f"{fashion}; line: median, band: middle 80 % of {RUNS} runs",
)

# %%
for size, batch_size, column, what in (
    (MANY, 32, 0, "examples"),
    (MANY, 32, 1, "seconds"),
    (FEW, 1, 1, "seconds"),
):
    verdicts.compare(
        "OPT-02",
        cost[size, size][:, column],
        cost[size, batch_size][:, column],
        claimed="higher",
        measure=f"log10 {what} to a loss of 0.6, all at once against batches of {batch_size}",
        setting=f"{size} images, {what}",
        data=fashion,
    )

# %% [markdown]
# With many examples, an exact gradient is a luxury: most of its cost goes into digits that one step
# cannot use. With a handful, the computer is busier with bookkeeping than with the arithmetic, and
# using all of them costs next to nothing. **Slow** is a matter of the size of the data.

# %% [markdown]
# ## 3.3 What the noise does
#
# A gradient from few examples points downhill only on average. First what that costs, on a problem
# with one minimum and nothing to hide: least squares on the red wines, one wine at a time. The
# **excess** is the loss above the lowest possible one, which linear algebra gives exactly.

# %%
wine = datasets.load("wine", seed=seeds[0]).standardized()
x = np.c_[wine.x_train, np.ones(len(wine.x_train))]
y = wine.y_train.astype(float)
best = np.linalg.lstsq(x, y, rcond=None)[0]
covariance = x.T @ x / len(x)
STEPS = 20_000
looks = np.unique(np.geomspace(1, STEPS, 60).astype(int))
rates = {
    "constant 0.01": np.full(STEPS, 0.01),
    "constant 0.001": np.full(STEPS, 0.001),
    "falling as 1 / t": 0.01 / (1 + np.arange(STEPS) / 300),
}


def excess_over_time(rate):
    """Excess loss of all runs at the looks; each step takes one wine, another one for each run."""
    generator = np.random.default_rng(seeds[0])
    weights, found = np.zeros((RUNS, x.shape[1])), []
    for step in range(1, STEPS + 1):
        rows = generator.integers(0, len(x), RUNS)
        error = np.einsum("rf,rf->r", x[rows], weights) - y[rows]
        weights -= 2 * rate[step - 1] * error[:, None] * x[rows]
        if step in looks:
            found.append(np.einsum("rf,fg,rg->r", weights - best, covariance, weights - best))
    return np.array(found).T


excess = {name: excess_over_time(rate) for name, rate in rates.items()}

# %%
with plots.canvas(height=3.4) as (figure, axes):
    plots.curves(
        axes, looks, excess, xlabel="step (one wine each)", ylabel="loss above the lowest possible"
    )
    axes.set(xscale="log", yscale="log")
plots.show(
    figure,
    alt="Excess loss over the step, both logarithmic. With a constant rate it falls and then stays "
    "level, ten times lower for a ten times smaller rate. With a rate that falls as one over t it "
    "falls to the end.",
    data=f"{wine}; line: median, band: middle 80 % of {RUNS} runs",
)
verdicts.compare(
    "OPT-07",
    np.log10(excess["constant 0.01"][:, -1]),
    np.log10(excess["falling as 1 / t"][:, -1]),
    claimed="higher",
    measure=f"log10 excess loss after {STEPS} steps, constant against falling rate",
    data=wine,
)

# %% [markdown]
# With a constant rate the descent does not stop at the minimum, it hovers around it, at a height
# set by the rate. A falling rate lets it settle: the reason for learning-rate schedules (lesson
# 08).
#
# Can the same noise be of use? Here are two valleys, the left one deeper, and 200 walkers that
# start anywhere. Whoever starts on the right must climb a ridge. Noise is added to the gradient,
# and taken away at the end, so that everybody settles.

# %%
well = surfaces.double_well
NOISES = (0.0, 0.3, 1.0, 2.0, 3.0, 5.0)


def noisy(noise, generator):
    """The double well as a walker with a noisy gradient sees it."""
    return replace(
        well,
        gradient=lambda point: well.gradient(point) + noise * generator.normal(size=point.shape),
    )


def settle(noise, seed, walkers=200):
    """Where the walkers are after 800 steps with noise and 200 without."""
    generator = training.generator(seed)
    low, high = np.reshape(well.window, (2, 2)).T
    start = generator.uniform(low, high, (walkers, 2))
    loud = surfaces.path(optimizers.sgd, noisy(noise, generator), start, 800, learning_rate=0.05)
    return surfaces.path(optimizers.sgd, well, loud[-1], 200, learning_rate=0.05)[-1]


ridge = well.others[1][0]
ends = np.array([[settle(noise, seed) for noise in NOISES] for seed in seeds])
in_deep = (ends[..., 0] < ridge).mean(axis=-1)

# %%
with plots.canvas(2, width=9.2, height=3.5) as (figure, (left, right)):
    loud = noisy(3.0, np.random.default_rng(seeds[0]))
    walk = surfaces.path(optimizers.sgd, loud, (1.0, 0.5), 800, learning_rate=0.05)
    plots.paths(left, well, {"one walker, noise 3": walk}, markers=False)
    left.legend(loc="upper left", fontsize=8.5)
    plots.band(right, NOISES, in_deep, 0, "share", marker=True)
    right.set(
        xlabel="standard deviation of the noise",
        ylabel="share in the deeper valley",
        ylim=(0, 1.05),
    )
plots.show(
    figure,
    alt="Left: level lines of two valleys and the wild path of one noisy walker that starts on the "
    "right. Right: the share of walkers that end in the deeper valley is about a half without "
    "noise and with weak noise, and rises well above it for stronger noise.",
    data=f"{well.name}; 200 walkers, line: median, band: middle 80 % of {RUNS} runs",
)
for noise in (0.3, 3.0):
    verdicts.compare(
        "OPT-05",
        in_deep[:, NOISES.index(noise)],
        in_deep[:, 0],
        claimed="higher",
        measure=f"share of 200 walkers in the deeper valley, noise {noise:g} against none",
        margin=0.02,
        setting=f"{'weak' if noise < 1 else 'strong'} noise",
        data=well.name,
    )

# %% [markdown]
# Noise helps out of a valley only if it is loud enough for the ridge around it; whispering does
# nothing. What sets its volume is the learning rate and the batch size together. Hold on to that
# for section 3.7.

# %% [markdown]
# ## 3.4 Momentum: remember where you were going
#
# In a narrow valley the limit of section 3.1 hurts: the walls allow only a small rate, and along
# the bottom there is hardly any slope. **Momentum** gives the walker a velocity $v$ that each
# gradient pushes and friction slows down:
#
# $$v \leftarrow m\,v - a\,g(p), \qquad p \leftarrow p + v$$
#
# Across the valley the pushes cancel, along it they add up, to $1/(1-m)$ times the rate.
# **Nesterov**'s variant makes the momentum step first and takes the gradient there.
#
# ### Exercise 3 · Predict
#
# The steepest curvature of the valley is 100, so plain gradient descent has its limit at 2 / 100 =
# 0.02. Four walkers start at the same place: plain descent with a rate just **below** the limit
# (0.019) and just **above** it (0.021); momentum 0.9 and Nesterov 0.9, both with the rate 0.021 as
# well. Which ones converge? Write "converges" or "diverges" for each.

# %%
fates = {"plain below": ..., "plain above": ..., "momentum above": ..., "Nesterov above": ...}

# %%
valley = surfaces.quadratic(100)
start = (-2.0, 0.2)
four = {
    "plain, 0.019": surfaces.path(optimizers.sgd, valley, start, 150, learning_rate=0.019),
    "plain, 0.021": surfaces.path(optimizers.sgd, valley, start, 150, learning_rate=0.021),
    "momentum, 0.021": surfaces.path(optimizers.momentum, valley, start, 150, learning_rate=0.021),
    "Nesterov, 0.021": surfaces.path(optimizers.nesterov, valley, start, 150, learning_rate=0.021),
}
ex.divergence_prediction.check(fates, *four.values())

# %%
with plots.canvas(4, width=9.6, height=2.9, sharey=True) as (figure, panels):
    for number, (axes, (label, points)) in enumerate(zip(panels, four.items(), strict=True)):
        plots.paths(axes, valley, {label: points[:25]})
        axes.set(title=label, ylabel="y" if number == 0 else "")
plots.show(
    figure,
    alt="Four paths on a narrow valley. Plain descent with rate 0.019 zigzags inwards, with 0.021 "
    "outwards. Momentum with 0.021 swings and closes in on the minimum. Nesterov with 0.021 is "
    "thrown out.",
    data=f"{valley.name}, the first 24 steps",
)

# %% [markdown]
# ### Exercise 4 · Write Nesterov's step
#
# The function below makes one step of momentum and returns the new position and velocity. Turn it
# into Nesterov's: *go where the momentum leads first, take the gradient there, and correct*.
# `gradient` is a function; `friction` is the momentum coefficient.


# %%
def nesterov(gradient, position, velocity, rate, friction):
    # This is momentum. What changes for Nesterov?
    velocity = friction * velocity - rate * gradient(position)
    return position + velocity, velocity


ex.looking_ahead.check(nesterov)

# %% [markdown]
# How much does momentum gain? `RUNS` walkers in that valley: the steps until the loss is below a
# millionth, each method at its best rate of a fine grid. Then with **noise** on every gradient, at
# rates for which both go equally far in the long run, $a/(1-m)$: the mean loss over the last 100 of
# 400 steps.


# %%
# NBVAL_CHECK_OUTPUT
def steps_to(target, rule, **settings):
    """Steps of each run until the loss is down to the target; the median decides on the rate."""
    starts = np.random.default_rng(seeds[0]).uniform(-1, 1, (RUNS, 2)) + [-2, 0]
    candidates = []
    for rate in np.geomspace(0.0005, 0.04, 60):
        with np.errstate(over="ignore", invalid="ignore"):  # some of the rates diverge
            values = valley.value(
                surfaces.path(rule, valley, starts, 1500, learning_rate=rate, **settings)
            )
        reached = values <= target
        if reached.any(axis=0).all():
            candidates.append(reached.argmax(axis=0))
    return min(candidates, key=np.median)


plain, heavy = steps_to(1e-6, optimizers.sgd), steps_to(1e-6, optimizers.momentum, momentum=0.9)
print(f"median steps to a millionth: plain {np.median(plain):.0f}, momentum {np.median(heavy):.0f}")


# %%
def loss_with_noise(rule, **settings):
    """log10 of the mean loss over the last 100 of 400 steps with a noisy gradient, for each run."""
    generator = np.random.default_rng(seeds[0])
    rough = replace(
        valley, gradient=lambda point: valley.gradient(point) + generator.normal(size=point.shape)
    )
    points = surfaces.path(rule, rough, np.tile([-2.0, 0.2], (RUNS, 1)), 400, **settings)
    return np.log10(valley.value(points)[-100:].mean(axis=0))


verdicts.compare(
    "OPT-19",
    np.log10(heavy),
    np.log10(plain),
    claimed="lower",
    measure="log10 steps to a loss of 1e-6, momentum 0.9 against none, each at its best rate",
    setting="narrow valley",
    data=valley.name,
)
verdicts.compare(
    "OPT-19",
    loss_with_noise(optimizers.momentum, learning_rate=0.001, momentum=0.9),
    loss_with_noise(optimizers.sgd, learning_rate=0.01),
    claimed="lower",
    measure="log10 loss with noisy gradients, momentum 0.9 at rate 0.001 against none at 0.01",
    setting="noisy gradients, equally long steps in the long run",
    data=valley.name,
)

# %% [markdown]
# Now watch several rules race down a curved valley, Rosenbrock's banana: easy to find, hard to
# follow.

# %%
start = (-1.5, 1.8)
STARTED = {
    "plain descent": (optimizers.sgd, {"learning_rate": 0.0015}),
    "momentum": (optimizers.momentum, {"learning_rate": 0.0015}),
    "Nesterov": (optimizers.nesterov, {"learning_rate": 0.001}),
    "RMSprop": (optimizers.rmsprop, {"learning_rate": 0.03}),
    "Adam": (optimizers.adam, {"learning_rate": 0.5}),
}
banana = surfaces.rosenbrock
racers = {
    name: surfaces.path(rule, banana, start, 160, **settings)
    for name, (rule, settings) in STARTED.items()
}
display.show_animation(
    plots.race(banana, racers, stride=4),
    "Animation of five rules on Rosenbrock's curved valley over 160 steps. Plain descent and "
    "RMSprop creep along the bottom; momentum and Nesterov gather speed and pass them; Adam swings "
    "from side to side and follows the bend.",
)

# %% [markdown]
# The last picture, for those who read this without moving pictures, beside surfaces with other
# troubles:


# %%
def walked(surface, start, *rates):
    """Paths of three rules over the surface in 60 steps, with a learning rate for each."""
    rules = {
        "plain descent": optimizers.sgd,
        "momentum": optimizers.momentum,
        "Adam": optimizers.adam,
    }
    return {
        name: surfaces.path(rule, surface, start, 60, learning_rate=rate)
        for (name, rule), rate in zip(rules.items(), rates, strict=True)
    }


shown = {
    banana: racers,
    surfaces.saddle: walked(surfaces.saddle, (1.4, 0.001), 0.1, 0.1, 0.1),
    surfaces.himmelblau: walked(surfaces.himmelblau, (-0.3, -0.9), 0.01, 0.01, 0.3),
}
with plots.canvas(3, width=9.6, height=3.7) as (figure, panels):
    for axes, (surface, paths) in zip(panels, shown.items(), strict=True):
        plots.paths(axes, surface, paths, markers=False)
        axes.legend(
            loc="upper right" if surface is banana else "lower left", fontsize=7.5, frameon=True
        )
plots.show(
    figure,
    alt="Paths over three surfaces. On Rosenbrock's valley momentum and Nesterov are farthest "
    "along the bottom. At the saddle plain descent stays near the level point while momentum and "
    "Adam leave it. On Himmelblau's four valleys the rules end in different minima.",
    data="the surfaces of helpers/reference/surfaces.py; stars are minima",
)

# %% [markdown]
# At the saddle plain descent is held up: the gradient is almost nothing there, although it is no
# minimum. On Himmelblau's surface all minima are equally deep, and which one a walker finds is a
# matter of its habits.
#
# ### Play with it
#
# Where a kernel is running, two sliders set rate and momentum. Find the fastest way down the
# valley, and the rate at which momentum still holds but plain descent is lost.


# %%
def draw_descent(rate, friction):
    points = surfaces.path(
        optimizers.momentum, valley, (-2.0, 0.6), 60, learning_rate=rate, momentum=friction
    )
    value = valley.value(points[-1])
    with plots.canvas(width=6.4, height=3.2) as (figure, axes):
        plots.paths(axes, valley, {"path": points})
        title = f"rate {rate:g}, momentum {friction:g}: loss {value:.2g} after 60 steps"
        axes.set(title=title)
    return figure, f"Path of 60 steps of momentum on a narrow valley with {title}."


plots.sliders_over(
    draw_descent,
    {
        "rate": [0.001, 0.003, 0.005, 0.01, 0.015, 0.019, 0.021, 0.03, 0.037, 0.039],
        "momentum": [0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99],
    },
)
figure, alt = draw_descent(0.01, 0.8)
plots.show(figure, alt=alt, data=valley.name)

# %% [markdown]
# ### Exercise 5 · Bug hunt
#
# **Bug hunt.** A figure compares "SGD" with other optimizers. Its curve comes from the function
# below, and the curve is not that of plain gradient descent. Find out why, and repair `descend`, so
# that the label tells the truth.


# %%
def descend(gradient, start, rate, steps):
    position, change = start, 0.0
    for _ in range(steps):
        change = 0.9 * change - rate * gradient(position)
        position = position + change
    return position


ex.plain_descent.check(descend)

# %% [markdown]
# ## 3.5 A rate of its own for every parameter
#
# Momentum softens the limit; the next idea goes round it. If one direction is steep and another
# flat, why should they share a rate? **Adagrad** divides each parameter's step by the root of the
# sum of all its squared gradients so far:
#
# $$G \leftarrow G + g^2, \qquad p \leftarrow p - a\,\frac{g}{\sqrt{G + \epsilon}}$$
#
# The sum only grows, so steps only shrink. **RMSprop** replaces it by a moving average, which
# forgets:
#
# $$E \leftarrow \rho E + (1-\rho)\,g^2, \qquad p \leftarrow p - a\,\frac{g}{\sqrt{E + \epsilon}}$$
#
# **Adadelta** does the same and puts the average size of its own past steps in place of the rate
# $a$ (the audit looks at its units).
#
# ### Exercise 6 · From Adagrad to RMSprop
#
# Adagrad divides by the root of a sum that only grows. Turn the function below into RMSprop, which
# takes an exponential moving average of the squared gradients instead: the old value counts `rho`,
# the new one `1 - rho`. Return the step and the new average. As in Keras, epsilon is inside the
# root.


# %%
def rmsprop(gradient, square, rate, rho, epsilon):
    # This is Adagrad. What changes for RMSprop?
    square = square + gradient**2
    return -rate * gradient / (square + epsilon) ** 0.5, square


ex.forgetting.check(rmsprop)

# %% [markdown]
# What becomes of the steps? Softmax regression on handwritten digits, minibatches of 32, 3,000
# steps. At half-time **the lights go down**: all pixels become ten times darker, and with them the
# gradients. For each rule we note its **effective rate**, the length of a step over the length of
# the gradient.

# %%
x_digits = np.c_[digits.x_train.reshape(len(digits.x_train), -1), np.ones(len(digits.x_train))]
TOTAL, DIM = 3000, 0.1
RULES = {
    "plain descent": optimizers.sgd(0.05),
    "Adagrad": optimizers.adagrad(0.05),
    "RMSprop": optimizers.rmsprop(0.002),
    "Adadelta": optimizers.adadelta(1.0, epsilon=1e-6),
}


def regress(rule):
    """Effective rate and loss of every step, each of shape (runs, steps)."""
    generator = np.random.default_rng(seeds[0])
    weights = np.zeros((RUNS, x_digits.shape[1], 10))
    state, effective, losses = rule.init(weights), [], []
    for step in range(TOTAL):
        rows = generator.integers(0, len(x_digits), (RUNS, 32))
        inputs = x_digits[rows] * (DIM if step >= TOTAL // 2 else 1)
        error = softmax(inputs @ weights)
        right = error[np.arange(RUNS)[:, None], np.arange(32), digits.y_train[rows]]
        losses.append(-np.log(right + 1e-12).mean(axis=1))
        error[np.arange(RUNS)[:, None], np.arange(32), digits.y_train[rows]] -= 1
        slope = inputs.transpose(0, 2, 1) @ error / 32
        move, state = rule.update(slope, state)
        weights = weights + move
        effective.append(np.linalg.norm(move, axis=(1, 2)) / np.linalg.norm(slope, axis=(1, 2)))
    return np.array(effective).T, np.array(losses).T


followed = {name: regress(rule) for name, rule in RULES.items()}
effective = {name: pair[0] for name, pair in followed.items()}


def steady(rule):
    """Effective rate of every step where gradients stay equally large: noise in 100 parameters."""
    generator = np.random.default_rng(seeds[0])
    state, found = rule.init(np.zeros((RUNS, 100))), []
    for _ in range(TOTAL):
        slope = generator.normal(size=(RUNS, 100))
        move, state = rule.update(slope, state)
        found.append(np.linalg.norm(move, axis=1) / np.linalg.norm(slope, axis=1))
    return np.array(found).T


for name in ("Adagrad", "RMSprop"):
    effective[f"{name}, steady gradients"] = steady(RULES[name])

# %%
with plots.canvas(width=9.2, height=3.8) as (figure, axes):
    smooth = {name: values.reshape(RUNS, -1, 10).mean(axis=2) for name, values in effective.items()}
    plots.curves(
        axes,
        np.arange(5, TOTAL, 10),
        smooth,
        xlabel="step",
        ylabel="length of step / length of gradient",
    )
    axes.axvline(TOTAL // 2, color="black", linewidth=1, linestyle=":")
    axes.annotate(
        "lights go down", (TOTAL // 2, 0.02), xytext=(4, 0), textcoords="offset points", fontsize=9
    )
    axes.set(xscale="log", yscale="log")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=9)
plots.show(
    figure,
    alt="Effective rate over the step, both logarithmic, for four rules, two of them also under "
    "steady gradients. Plain descent stays level. Adagrad falls, along a straight line under "
    "steady gradients and more slowly in training. RMSprop is level under steady gradients; in "
    "training it and Adadelta rise as gradients shrink, and steeply when the lights go down, where "
    "Adagrad stays low.",
    data=f"{digits}; line: median, band: middle 80 % of {RUNS} runs",
)

# %%
half = TOTAL // 2
late = slice(half // 10, half)


def exponent(curves):
    """By which power of the step each curve falls, up to half-time: the slope of its logarithms."""
    steps = np.log10(np.arange(TOTAL)[late])
    return np.array([stats.linregress(steps, np.log10(row[late])).slope for row in curves])


trained = exponent(effective["Adagrad"])
noise_only = exponent(effective["Adagrad, steady gradients"])
losses = followed["Adagrad"][1]
verdicts.compute(
    "OPT-24",
    bool((trained < 0).all() and (noise_only < 0).all()),
    detail=f"Adagrad's effective rate falls as the step to the power {trained.mean():.2f} in "
    f"training, and {noise_only.mean():.2f} under gradients of steady size.",
    setting="the sum grows, the rate falls",
    data=digits,
)
verdicts.compute(
    "OPT-24",
    bool((effective["Adagrad"][:, -1] == 0).any()),
    detail=f"Its smallest value over {TOTAL} steps was {effective['Adagrad'].min():.1e}.",
    setting="it becomes zero",
    data=digits,
)
verdicts.compare(
    "OPT-24",
    losses[:, half // 2 : half].mean(axis=1),
    losses[:, half // 4 : half // 2].mean(axis=1),
    claimed="higher",
    measure=f"training loss, steps {half // 2} to {half} against steps {half // 4} to {half // 2}",
    setting="training has stopped",
    data=digits,
)


# %%
def recovery(name):
    """log10 of the effective rate in the last 100 steps over that before the lights go down."""
    return np.log10(
        effective[name][:, -100:].mean(axis=1) / effective[name][:, half - 100 : half].mean(axis=1)
    )


for name in ("RMSprop", "Adadelta"):
    verdicts.compare(
        "OPT-25",
        recovery(name),
        recovery("Adagrad"),
        claimed="higher",
        measure=f"log10 growth of the effective rate when gradients become small, {name} against "
        "Adagrad",
        setting=name,
        data=digits,
    )

# %% [markdown]
# Under gradients of steady size Adagrad's rate falls as one over the square root of the step, and
# RMSprop's is level after its first steps; in training, where gradients shrink, it falls more
# slowly. It does not become zero, and what it still does lowers the loss; but it falls for ever,
# and it never comes back. A sum remembers the bright days; an average forgets them. Whether that is
# good depends on whether the gradients of long ago still tell anything: on a problem that stays as
# it is, a falling rate is what section 3.3 asked for.

# %% [markdown]
# ## 3.6 Adam, and which rate to choose
#
# **Adam** has both averages: of the gradients (momentum) and of their squares (RMSprop). Both
# start at zero, and so are too small at first.
#
# ### Exercise 7 · Correct the bias
#
# Both averages of Adam start at zero, so at first they are too small. Add the bias correction:
# divide each average by what its weights sum to after `count` updates (`count` is 1 at the first),
# then return the step. Epsilon stays outside the root.


# %%
def adam(gradient, mean, square, count, rate, beta_1, beta_2, epsilon):
    # RMSprop with momentum, but both averages started at zero. What is missing?
    mean = beta_1 * mean + (1 - beta_1) * gradient
    square = beta_2 * square + (1 - beta_2) * gradient**2
    return -rate * mean / (square**0.5 + epsilon)


ex.correcting_bias.check(adam)

# %% [markdown]
# The notes call Adam a merger of momentum and **Adagrad**. So take Keras's Adam at its word: give
# it 200 random gradients, and see which recipe reproduces its steps.


# %%
def adam_from(gradients, square_of, correct=True, beta_1=0.9):
    """The path of Adam with another quantity under the root, or with a part left out."""
    mean = square = position = np.zeros(gradients.shape[1:])
    for count, slope in enumerate(gradients, start=1):
        mean, square = beta_1 * mean + (1 - beta_1) * slope, square_of(square, slope)
        corrections = (1 - beta_1**count, 1 - 0.999**count) if correct else (1, 1)
        position = position - 0.01 * mean / corrections[0] / (
            np.sqrt(square / corrections[1]) + 1e-7
        )
    return position


def averaged(square, slope):
    return 0.999 * square + 0.001 * slope**2


def summed(square, slope):
    return square + slope**2


def keras_adam(gradients):
    """Where Keras's Adam gets with the same gradients."""
    variable = keras.Variable(np.zeros(gradients.shape[1:]), dtype="float64")
    optimizer = keras.optimizers.Adam(0.01)
    for slope in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(slope)], [variable])
    return variable.numpy()


stream = np.random.default_rng(seeds[0]).normal(0.3, 1.0, (200, 20))
target = keras_adam(stream)
distance = {
    "momentum, averaged squares, corrected": np.abs(adam_from(stream, averaged) - target).max(),
    "momentum, sum of squares": np.abs(adam_from(stream, summed, correct=False) - target).max(),
    "no momentum": np.abs(adam_from(stream, averaged, beta_1=0.0) - target).max(),
    "no bias correction": np.abs(adam_from(stream, averaged, correct=False) - target).max(),
}
for parts, value in distance.items():
    print(f"{parts:40} farthest from Keras's Adam by {value:.1g}")
first = np.abs(
    adam_from(stream[:1], averaged, correct=False) / adam_from(stream[:1], averaged)
).mean()
print(f"without the correction the first step is {first:.1f} times as long")

exact = 1e-4
verdicts.compute(
    "OPT-32",
    distance["momentum, averaged squares, corrected"] < exact < distance["no momentum"],
    detail="With momentum the recipe reproduces Keras's Adam, without it does not.",
    setting="momentum",
    data="200 random gradients",
)
verdicts.compute(
    "OPT-32",
    distance["momentum, sum of squares"] < exact,
    detail="With Adagrad's sum of squares it ends up to "
    f"{distance['momentum, sum of squares']:.1g} away.",
    setting="merged with Adagrad",
    data="200 random gradients",
)

# %% [markdown]
# So Adam is momentum with RMSprop's average, and a correction without which the first steps are too
# long by the factor printed above.
#
# Now to the question that everybody asks: which rate? Eight Keras optimizers, seven rates from
# 0.00001 to 10, `RUNS` runs each, on the digits. One `Recipe` trains them all: only the optimizer
# changes, and each run brings its own rate.

# %%
EPOCHS = {"quick": 4, "full": 20}[PROFILE]
sweep_rates = 10.0 ** np.arange(-5, 2)
KERAS = {
    "SGD": keras.optimizers.SGD(),
    "momentum": keras.optimizers.SGD(momentum=0.9),
    "Nesterov": keras.optimizers.SGD(momentum=0.9, nesterov=True),
    "Adagrad": keras.optimizers.Adagrad(),
    "Adadelta": keras.optimizers.Adadelta(),
    "RMSprop": keras.optimizers.RMSprop(),
    "Adam": keras.optimizers.Adam(),
    "Nadam": keras.optimizers.Nadam(),
}
recipe = training.Recipe(
    digit_net,
    loss="sparse_categorical_crossentropy",
    optimizer="sgd",
    epochs=EPOCHS,
    batch_size=32,
)
fewer = digits.head(train=1024, valid=0)
cells = [training.Run(seed, learning_rate=rate) for seed in seeds for rate in sweep_rates]
swept = {}
for name, optimizer in KERAS.items():
    ended_at = replace(recipe, optimizer=optimizer).fit(fewer, cells).last("loss")
    swept[name] = np.nan_to_num(ended_at, nan=np.inf).clip(max=10).reshape(RUNS, -1)

# %%
with plots.canvas(2, width=9.6, height=3.8, sharey=True) as (figure, panels):
    for axes, names in zip(
        panels, (list(KERAS)[:3] + ["Adam"], list(KERAS)[3:6] + ["Adam", "Nadam"]), strict=True
    ):
        plots.curves(
            axes,
            sweep_rates,
            {name: swept[name] for name in names},
            xlabel="learning rate",
            ylabel="",
            marker=True,
        )
        axes.axhline(np.log(10), color="#777777", linestyle=":", linewidth=1)
        axes.set(xscale="log", yscale="log")
    panels[0].set_ylabel(f"training loss of epoch {EPOCHS}")
    panels[0].annotate(
        "guessing", (1e-5, np.log(10)), xytext=(0, -12), textcoords="offset points", fontsize=9
    )
plots.show(
    figure,
    alt="Training loss over the learning rate, both logarithmic, for eight optimizers. Every curve "
    "is a valley: guessing at tiny rates, low in the middle, guessing or worse at large rates. The "
    "valleys lie at rates a thousand times apart: Adam's near 0.01, plain descent's near 0.1 to 1, "
    "Adadelta's beyond 1.",
    data=f"{digits}; line: median, band: middle 80 % of {RUNS} runs; losses above 10 drawn as 10",
)

# %%
middle = {name: np.median(values, axis=0) for name, values in swept.items()}
chosen = {name: int(values.argmin()) for name, values in middle.items()}
# Guessing costs ln 10 = 2.3.
working = {name: int((values < 1).sum()) for name, values in middle.items()}
for name, optimizer in KERAS.items():
    print(
        f"{name:9} best rate {sweep_rates[chosen[name]]:<7g} "
        f"Keras's default {float(optimizer.learning_rate):<6g} "
        f"loss below 1 at {working[name]} of {len(sweep_rates)} rates"
    )
plain, best_rate = swept["SGD"], sweep_rates[chosen["SGD"]]
for column, setting in ((0, "too small"), (len(sweep_rates) - 1, "too large")):
    verdicts.compare(
        "OPT-18",
        plain[:, column],
        plain[:, chosen["SGD"]],
        claimed="higher",
        measure=f"training loss of SGD at rate {sweep_rates[column]:g} against {best_rate:g}",
        margin=0.5,
        setting=setting,
        data=digits,
    )

# %% [markdown]
# Every curve is a valley. The adaptive rules do not abolish it: their valleys lie elsewhere, and
# too large is fatal for all of them. Two lessons for comparing optimizers: **never at one rate for
# all**, and mind Keras's defaults, printed above: for some rules they lie far from the best rate.
# Whether Adam is the "safest choice" the audit asks over four data sets.

# %% [markdown]
# ## 3.7 Sharp and flat
#
# The notes: large batches end in *sharp* minima, small ones in *flat* ones; flat minima generalize;
# so small batches are better. That chain has three links, and each can be measured. **Sharpness**
# is the largest curvature at the end point, the top eigenvalue of the Hessian of the training loss:
# the very number that limits the rate in section 3.1. One gets it without ever writing down the
# Hessian, by multiplying a direction by it again and again (`helpers/nets/curvature.py`).
#
# Nets with one hidden layer, 1,000 small pictures of clothes, plain SGD, batches of 10, 100 and
# 500. To be fair, all train until they reach **the same training loss**, however long it takes. And
# each large batch once with the same rate as the small one, once with a rate that grows with the
# square root of the batch.

# %%
SIZE, MARK = 1000, 0.2
clothes = small_fashion.head(train=SIZE, valid=0)
watched = {"train": (clothes.x_train, clothes.y_train), "test": (clothes.x_test, clothes.y_test)}


class StopAt(keras.callbacks.EarlyStopping):
    """Stop as soon as the loss over the whole training set is down to the mark."""

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        self.model.stop_training = logs["train_loss"] < MARK


def small_net():
    return models.mlp(196, [32], 10, output_activation="softmax")


recipe = training.Recipe(
    small_net,
    loss="sparse_categorical_crossentropy",
    optimizer="sgd",
    epochs=150,
    batch_size=10,
    metrics=["accuracy"],
    early_stopping=StopAt(monitor="train_loss", mode="min", patience=10**9),
)


def to_mark(batch_size, rate):
    """Runs to the same training loss.

    For large batches an epoch is several passes, so that it has at least ten steps.
    """
    passes = max(1, batch_size // 100)
    rows = [np.resize(training.generator(seed).permutation(SIZE), passes * SIZE) for seed in seeds]
    runs = [
        training.Run(seed, train_rows=own, learning_rate=rate)
        for seed, own in zip(seeds, rows, strict=True)
    ]
    return replace(recipe, batch_size=batch_size).fit(clothes, runs, watch=watched)


RATE = 0.1
plans = {
    (size, grown): RATE * (np.sqrt(size / 10) if grown else 1)
    for size, grown in ((10, False), (100, False), (500, False), (100, True), (500, True))
}
ended = {plan: to_mark(plan[0], rate) for plan, rate in plans.items()}


def sharpness_of(weights):
    return curvature.top_eigenvalues(
        small_net,
        weights,
        clothes.x_train,
        clothes.y_train,
        loss="sparse_categorical_crossentropy",
        iterations=20,
    )


sharpness = {plan: sharpness_of(runs.weights) for plan, runs in ended.items()}
for plan, runs in ended.items():
    print(
        f"batch {plan[0]:3}, rate {plans[plan]:.2f}: "
        f"training loss {runs.last('train_loss').mean():.3f}, "
        f"sharpness {sharpness[plan].mean():5.1f}, "
        f"test loss {runs.last('test_loss').mean():.3f}, "
        f"test accuracy {runs.last('test_accuracy').mean():.3f}"
    )

# %%
for grown, setting in ((False, "same rate"), (True, "rate grown with the root of the batch")):
    verdicts.compare(
        "OPT-14",
        sharpness[500, grown],
        sharpness[10, False],
        claimed="higher",
        measure="sharpness at the same training loss, batches of 500 against 10",
        setting=setting,
        data=clothes,
    )

# %% [markdown]
# The first link holds as long as the rate stays the same. With a rate that grows along, the large
# batch ends no sharper than the small one. It is noise, the rate and the batch *together*, that
# drives a walker out of sharp places, and the limit $2/a$ of section 3.1, which a walker at rate
# $a$ cannot stay above: compare the sharpness printed for the largest batch with 2 / 0.1 = 20.
#
# The second link: do the sharper ones do worse on test data? All nets have the same training loss,
# so the test loss shows the gap.

# %%
everywhere = np.concatenate([sharpness[plan] for plan in plans])
outcomes = {
    "gap in loss": [runs.last("test_loss") - runs.last("train_loss") for runs in ended.values()],
    "test error": [1 - runs.last("test_accuracy") for runs in ended.values()],
}


def rank_correlation(other):
    """Spearman's rank correlation with sharpness over all nets, and its 95 % bootstrap interval."""
    pairs = stats.bootstrap(
        (everywhere, other),
        lambda a, b: stats.spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=999,
        rng=np.random.default_rng(seeds[0]),
        method="percentile",
    )
    return stats.spearmanr(everywhere, other).statistic, *pairs.confidence_interval


with plots.canvas(2, width=9.2, height=3.6) as (figure, panels):
    labels = ("test loss minus training loss", "test error")
    for axes, label, values in zip(panels, labels, outcomes.values(), strict=True):
        for number, (plan, heights) in enumerate(zip(plans, values, strict=True)):
            axes.scatter(
                sharpness[plan],
                heights,
                s=24,
                color=plots.COLORS[number],
                marker=plots.MARKERS[number],
                label=f"batch {plan[0]}, rate {plans[plan]:.2f}",
            )
        axes.set(xscale="log", xlabel="sharpness (top eigenvalue)", ylabel=label)
        axes.set_xticks([2, 5, 10, 20], ["2", "5", "10", "20"])
        axes.minorticks_off()
    panels[1].legend(fontsize=8)
plots.show(
    figure,
    alt="Two scatter plots of nets with equal training loss: the gap in loss, and the test error, "
    "over the sharpness. Sharpness spans a wide range by batch size and rate; neither the gap nor "
    "the error rises along with it.",
    data=f"{clothes}, {len(everywhere)} nets with equal training loss",
)
for what, values in outcomes.items():
    middle_value, low, high = rank_correlation(np.concatenate(values))
    verdicts.compute(
        "OPT-16",
        bool(low > 0),
        detail=f"Rank correlation of sharpness with the {what} over {len(everywhere)} nets: "
        f"{middle_value:+.2f}, 95 % interval {low:+.2f} to {high:+.2f}; claimed: above zero.",
        setting=f"sharper nets, larger {what}",
        data=clothes,
    )

# %% [markdown]
# And is sharpness a property of *what was learned* at all?
#
# ### Exercise 8 · Predict
#
# Take a trained net with one hidden layer of ReLU units. Multiply the weights and biases of the
# hidden layer by 5, and divide the weights of the output layer by 5. Do its **predictions** stay or
# change? Does its **sharpness**? Write "stays" or "changes" for each.

# %%
rescaling = {"predictions": ..., "sharpness": ...}

# %%
flattest = ended[10, False]
rescaled = [
    [kernel * 5, bias * 5, output / 5, last] for kernel, bias, output, last in flattest.weights
]
as_they_were = flattest.predict(clothes.x_test)
stretched = replace(flattest, weights=rescaled)
after = stretched.predict(clothes.x_test)
sharper = sharpness_of(rescaled)
ex.rescaling_prediction.check(rescaling, as_they_were, after, sharpness[10, False], sharper)

# %%
verdicts.compute(
    "OPT-16",
    not (np.abs(after - as_they_were).max() < 1e-3 and (sharper > 2 * sharpness[10, False]).all()),
    detail=f"Rescaled nets are {np.mean(sharper / sharpness[10, False]):.0f} times as sharp, and "
    f"their predictions differ by at most {np.abs(after - as_they_were).max():.0e}: the same "
    "function, flat and sharp.",
    setting="sharpness decides",
    data=clothes,
)

# %% [markdown]
# So the chain breaks in its middle. (A caution: noisy nets come down in larger jumps, so they can
# stop a little further below the mark than the others; the printed losses show by how much.) The
# literature led us to expect a correlation with exceptions; the verdicts say what these nets show.
# Among nets of one kind, trained in one way, flatness and generalization have been seen to go
# together; that is a correlation for somebody to explain. As a reason to prefer small batches it
# will not do: look at the verdicts, and at what changed when nothing but the scale of the weights
# did. Whether small batches are *better* is asked in the audit, directly, on test accuracy.

# %% [markdown]
# ## 3.8 What came out
#
# The words below are the recorded ones or, where nothing is recorded yet, those of the run above;
# those marked "not yet measured under the protocol" come from cells older than their criteria and
# may change. "Expected" is what the literature led us to expect before anything was measured; where
# the two differ, the measurement stands. *Mixed* means: one setting decides one way and another the
# other way, and the settings are named.

# %%
verdicts.summary()

# %% [markdown]
# Every other statement of the notes on this subject is settled in the [audit of this
# lesson](audits/03_gradient_descent.ipynb). Below is what is recorded of it; as long as nothing is,
# the table is empty.

# %%
claims.summary(
    claims.recorded(runtime.ROOT / "notebooks" / "audits" / "03_gradient_descent.ipynb"),
    link="audits/03_gradient_descent.ipynb",
)

# %% [markdown]
# ## Where to read on
#
# - The eight rules in NumPy, with formula, paper, and every difference from Keras:
#   `helpers/reference/optimizers.py`.
# - Bottou, Curtis and Nocedal (2018), *Optimization methods for large-scale machine learning*: the
#   theory behind sections 3.1 to 3.3.
# - Sutskever, Martens, Dahl and Hinton (2013), *On the importance of initialization and momentum in
#   deep learning*.
# - Kingma and Ba (2015), *Adam: a method for stochastic optimization*; Wilson and others (2017),
#   *The marginal value of adaptive gradient methods in machine learning*.
# - Cohen and others (2021), *Gradient descent on neural networks typically occurs at the edge of
#   stability*: why sharpness ends near 2 / rate.
# - Dinh, Pascanu, Bengio and Bengio (2017), *Sharp minima can generalize for deep nets*: the
#   rescaling of exercise 8.
# - Next: **lesson 04**, on regularization.
