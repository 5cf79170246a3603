# %% [markdown]
# # 5b · Batch normalization
#
# In the [first half of this lesson](05_initialization.ipynb) we chose the initial weights so that
# gradients pass through twenty layers. **Batch normalization** goes another way. It does not ask
# for well-chosen weights; it corrects what comes out of them, in every layer and at every step.
#
# After this lesson you will be able to
#
# - write the layer, as it works in training and as it works in use, and say why the two differ;
# - say what it buys (gradients, initial weights, learning rates) and how much of that is measured;
# - count what it costs, and fold it away when the training is over;
# - tell `training=False` from `trainable=False`, which are easily confused;
# - judge whether it is a remedy for overfitting.
#
# You need the gradient of a deep net and the initializations of Glorot and He, from the first half.
# Five statements of the [lecture notes](../docs/notes.md) are **measured**, in the lines that begin
# with ✓ (supported), ✗ (refuted) or ≈ (undecided). Before each measurement we ask for your guess.
# Plan an hour.

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
# `RUNS` is the number of replicates behind a live result. What takes minutes of training was
# trained beforehand (`studies/batch_normalization.py`) and is read from its results file; it does
# not depend on `RUNS` or `SEED`. A net that learns at none of the rates has no best one; it is
# shown at the middle one.

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
import json
import time

import keras
import numpy as np
from threadpoolctl import threadpool_limits

from helpers import claims, datasets, plots, training
from helpers.exercises import batch_normalization as ex
from helpers.nets import gradients, models
from helpers.reference import layers, normalized_nets

threadpool_limits(1)  # the matrices are small: sharing them out takes longer than the work
seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()
results = (course / "notebooks" / "results" / "05b_batch_normalization.json").read_text()
study = json.loads(results)["settings"]
ARMS = {"without": "without batch norm", "with": "with batch norm"}

# %% [markdown]
# ## 5b.1 The layer
#
# Take one feature of a hidden layer, that is, the output of one unit before its activation, for all
# examples of a minibatch. Subtract its mean **over the minibatch** and divide by its standard
# deviation over the minibatch. Whatever the weights were, the feature now has mean 0 and spread 1.
# Then multiply by $\gamma$ and add $\beta$, two numbers for each feature. They are trained like
# weights, so the net may choose another mean and another spread if that serves it:
#
# $$\hat x = \frac{x - \text{mean}}{\sqrt{\text{variance} + \epsilon}}, \qquad y = \gamma\,\hat x +
# \beta .$$
#
# The small $\epsilon$ (0.001 in Keras) keeps the division harmless where a feature never varies.
#
# ### Exercise 1 · Write it
#
# Write what the layer does in training. `x` is a minibatch of shape (n, features); `gamma` and
# `beta` have shape (features,). The variance is the plain mean of squares, divided by n.


# %%
def normalize(x, gamma, beta): ...  # return the outputs, shape (n, features)


ex.normalizing.check(normalize)  # stuck? ex.normalizing.hint()

# %% [markdown]
# On the way back, each example moves the mean and the variance of its minibatch, so each output
# depends on **all** inputs of the minibatch. If $g$ is the gradient that comes in and $s$ the
# standard deviation, the chain rule, through mean and variance too, gives
#
# $$\frac{\partial L}{\partial x} = \frac{\gamma}{s}\Bigl(g - \overline{g} - \hat
# x\,\overline{g\,\hat x}\Bigr),$$
#
# with means over the minibatch. What all examples ask for in common is taken out, and so is what
# they ask for in proportion to $\hat x$. Both would only move the mean and the spread, and those
# are normalized away. The course's own layer has this in three lines. Does it agree with Keras?

# %% tags=["nbval-check-output"]
generator = training.generator(seeds[0])
x, incoming = generator.normal(2, 3, (2, 8, 4)).astype("float32")
outputs, cache = layers.batch_normalization(x, 1, 0)
by_x, *_ = layers.batch_normalization_backward(incoming, 1, cache)

layer, watched = keras.layers.BatchNormalization(), keras.Variable(x)
theirs = np.array(layer(x, training=True))
_, (their_gradient,) = gradients.gradients(
    lambda: keras.ops.sum(layer(watched.value, training=True) * incoming), [watched]
)
print("outputs equal Keras's:  ", np.allclose(outputs, theirs, atol=1e-4))
print("gradients equal Keras's:", np.allclose(by_x, their_gradient, atol=1e-4))

# %% [markdown]
# ## 5b.2 Vanishing gradients
#
# The notes say that batch normalization *greatly reduces the problem of vanishing gradients*
# (BNI-10); the book behind them adds: so greatly that even sigmoids can be used. The statement is
# about nets whose gradients vanish. Twenty layers of sigmoids with Keras's default weights are such
# a net.
#
# **Your guess first.** By how many powers of ten is the gradient at layer 1 smaller than at layer
# 20, without batch normalization? And with it: still smaller, about equal, or *larger*?
#
# **Measure.** For 256 pictures of clothes and fresh weights, others in each replicate, we compute
# the gradient by the weights of every layer, relative to the size of these weights. For ReLU we
# take the gradient by the layer's outputs instead: with ReLU, and without biases, the gradients by
# the weights are alike in all layers, whatever vanishes. The measure has a sign. Below 0, the
# gradient shrinks on its way to layer 1; above 0, it grows. A setting in which nothing vanishes
# without batch normalization (it has to shrink tenfold) decides nothing. If that happens to 20
# layers of tanh, we take 50.

# %%
pool = datasets.pool("fashion").standardized()
divided = datasets.replicates(pool, seeds, train=256, test=1)


def profile(activation, start, depth, arm, kind):
    """log10 of the gradient's size in every layer, shape (RUNS, depth)."""
    widths, found = [784, *[100] * depth, 10], []
    for seed, own in zip(seeds, divided.divisions, strict=True):
        generator = training.generator(seed)
        net = normalized_nets.initial(start, widths, generator, normalized=arm == "with")
        x, y = pool.x_train[own.train].reshape(256, -1), pool.y_train[own.train]
        found.append(getattr(normalized_nets.gradient_sizes(net, activation, x, y), kind))
    return np.log10(found)


def journey(sizes):
    """log10 of the size at the first layer, over that at the last."""
    return sizes[:, 0] - sizes[:, -1]


def both_arms(*net, kind="weights"):
    return {arm: profile(*net, arm, kind) for arm in ARMS}


# %%
sigmoids = both_arms("sigmoid", "Glorot", 20)
verdicts.compare(
    "BNI-10",
    journey(sigmoids["with"]),
    journey(sigmoids["without"]),
    claimed="higher",
    margin=1.0,
    measure="log10 of the relative gradient, layer 1 over layer 20, with against without",
    setting="20 layers of sigmoids, fresh",
    role=claims.PRIMARY,
    void="" if journey(sigmoids["without"]).mean() < -1 else "nothing vanishes without it",
    data=divided,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
shallow = profile("tanh", "Glorot", 20, "without", "weights")
depth = 20 if journey(shallow).mean() < -1 else 50
tanhs = both_arms("tanh", "Glorot", depth)
relus = both_arms("relu", "Glorot", 20, kind="outputs")
for name, own, gradient in (
    (f"{depth} layers of tanh, fresh", tanhs, "relative gradient"),
    ("20 layers of ReLU, fresh", relus, "gradient by the outputs"),
):
    verdicts.compare(
        "BNI-10",
        journey(own["with"]),
        journey(own["without"]),
        claimed="higher",
        margin=1.0,
        measure=f"log10 of the {gradient}, first layer over last, with against without",
        setting=name,
        role=claims.FURTHER,
        void="" if journey(own["without"]).mean() < -1 else "nothing vanishes without it",
        data=divided,
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
after = study["BNI-10"]
trained = {arm: np.array(after[arm]["sizes"]) for arm in ARMS}
nothing = "" if journey(trained["without"]).mean() < -1 else "nothing vanishes without it"
verdicts.compare(
    "BNI-10",
    journey(trained["with"]),
    journey(trained["without"]),
    claimed="higher",
    margin=1.0,
    measure="log10 of the relative gradient, layer 1 over layer 20, with against without",
    setting="20 layers of sigmoids after five epochs, each at its own best rate",
    role=claims.FURTHER,
    void=f"best rate at the edge: {', '.join(after['at_edge'])}" if after["at_edge"] else nothing,
    correlation=after["correlation"],
    data=after["data"],
)
for arm, name in ARMS.items():
    loss = np.mean(after[arm]["loss"])
    print(
        f"{name}: rate {after['rates'][arm]}, training loss {loss:.2f}; guessing {np.log(10):.2f}"
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
shown = {
    "sigmoid, 20 layers": sigmoids,
    f"tanh, {depth} layers": tanhs,
    "ReLU, 20 layers": relus,
    "ReLU, He, 50 layers": both_arms("relu", "He", 50, kind="outputs"),
}
print("log10 of the gradient's size at the first layer over that at the last, mean:")
for title, own in shown.items():
    told = [f"{ARMS[arm]} {journey(sizes).mean():+.1f}" for arm, sizes in own.items()]
    print(f"  {title}: {', '.join(told)}")
with plots.canvas(4, width=10.4, height=3.3, sharey=True) as (figure, panels):
    for axes, (title, own) in zip(panels, shown.items(), strict=True):
        series = {ARMS[arm]: sizes for arm, sizes in own.items()}
        last = own["with"].shape[1]
        plots.curves(axes, range(1, last + 1), series, xlabel="layer", ylabel="", title=title)
        axes.set_xticks([1, last // 2, last])
        axes.get_legend().remove()
    panels[0].set_ylabel("log10 of the gradient's size")
    panels[0].legend(fontsize=8)
plots.show(
    figure,
    alt="Size of the gradient in each layer, with and without batch normalization, four panels: "
    "sigmoid, tanh and ReLU with Keras's default weights, and fifty layers of ReLU with He's.",
    data=f"{divided}; line: median, band: middle 80 %",
)

# %% [markdown]
# Read the panels from right to left, the way the gradient goes. Where the line without batch
# normalization falls toward layer 1, each layer multiplies the gradient by a factor below 1: a
# sigmoid by its slope, at most 1/4, ReLU with Glorot's weights by about 0.7. Normalization divides
# the sums by their small spread, and on the way back, as in the formula of 5b.1, the gradient too.
# That makes up for the factor, for ReLU even by too much. Where the line without it is level, there
# is nothing to make up for by this measure. There, batch normalization *adds* a factor above 1 in
# every layer on the way back, for ReLU about $\sqrt{\pi/(\pi-1)} \approx 1.21$ (Yang and others
# 2019): gradients explode, slowly. That does not count here.
#
# ## 5b.3 Training is not inference
#
# In training the mean and the variance are those of the minibatch. In use, nobody wants an answer
# that depends on who else asks at the same moment. So the layer keeps **moving averages** of mean
# and variance during the training, and uses those afterwards.
#
# ### Exercise 2 · Bug hunt
#
# [Note 004](../docs/notes.md) says that the layer normalizes *each incoming batch with that batch's
# own mean and standard deviation*, and `infer` does just that. A customer who asks alone always
# gets `beta`. Repair it.


# %%
def infer(x, gamma, beta, moving_mean, moving_variance):
    # "it normalizes each incoming batch with that batch's own mean and standard deviation"
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 0.001) + beta


ex.inferring.check(infer)  # stuck? ex.inferring.hint()

# %% [markdown]
# The moving averages begin at mean 0 and variance 1. At each step of the training they keep a share
# of 0.99 and take the rest from the minibatch (Keras calls the 0.99 `momentum`). So they need some
# hundreds of steps to know the data. A net that was trained for fewer may have a fine training loss
# and still guess in use. Where we train for few steps, we take 0.9.
#
# ### Exercise 3 · Predict
#
# A small net with a batch normalization makes **one step** of gradient descent. **Before you
# look:** which of these change in it: $\gamma$, the moving mean? Write "both", "gamma only",
# "moving mean only" or "nothing". `training` is given to the call of the model; `trainable` is set
# on the layer.

# %%
changes = {"training=True": ..., "training=False": ..., "training=True, trainable=False": ...}
ex.mode_prediction.check(changes)  # stuck? ex.mode_prediction.hint()


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def one_step(training_mode, trainable=True):
    """Whether gamma and the moving mean change in one step of gradient descent."""
    model = models.batch_normalized_mlp((28, 28), [20], 10)
    layer = model.layers[2]
    layer.trainable = trainable
    before = [variable.numpy() for variable in (layer.gamma, layer.moving_mean)]
    objective = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = pool.x_train[:64], pool.y_train[:64]
    weights = model.trainable_variables
    _, found = gradients.gradients(lambda: objective(y, model(x, training=training_mode)), weights)
    keras.optimizers.SGD(0.1).apply([keras.ops.convert_to_tensor(each) for each in found], weights)
    now = [variable.numpy() for variable in (layer.gamma, layer.moving_mean)]
    return [not np.array_equal(a, b) for a, b in zip(before, now, strict=True)]


# %% jupyter={"outputs_hidden": true}
ex.mode_prediction.check(changes, one_step(True), one_step(False), one_step(True, trainable=False))

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
one_each = [one_step(True), one_step(False), one_step(True, trainable=False)]
for how_called, both in zip(changes, one_each, strict=True):
    print(f"{how_called:31} gamma changes: {both[0]}, the moving mean changes: {both[1]}")

# %% [markdown]
# `training` chooses **what is computed**: with the statistics of the minibatch or with the moving
# averages. `trainable` chooses **what is learned**. To measure without learning, pass
# `training=False` and make no step. To freeze a layer, as in fine-tuning, set `trainable`. Keras
# has one exception: a *frozen* batch normalization runs in inference mode, whatever the call says.
#
# ## 5b.4 Does it matter how the weights begin?
#
# Multiply the weights before a normalization by any number: mean and standard deviation of the sums
# grow with them, and the outputs stay what they were. So the scale of the initial weights should
# hardly matter. The notes say that nets become *far less sensitive to how their weights are
# initialized* (BNI-11).
#
# **Your guess first.** Twenty layers of ELU learn 2,000 pictures for 20 epochs from five starts:
# normal weights with standard deviation 0.01, with 0.05 (Keras's `random_normal`) and with 1, then
# Glorot's and He's. How far apart are the best and the worst test accuracy, without batch
# normalization and with it?
#
# **Measure.** Both arms tried the same rates. An arm has *one* rate for all five starts, the one
# with the best mean validation accuracy over them, for the question is whether you have to care
# about the start. The pictures are shrunk to 14 x 14 pixels. Three more settings: without the crude
# start of standard deviation 1; each start at its own best rate; and twice as many epochs.

# %%
starts = study["BNI-11"]
STARTS = list(starts["own_rates"]["with"])


def accuracy(arm, looked="test", own=False):
    """Accuracy from each start, shape (starts, replicates)."""
    rates = starts["own_rates"][arm] if own else dict.fromkeys(STARTS, starts["rates"][arm])
    return np.array([starts[f"{arm}, {start}, {rates[start]}"][looked] for start in STARTS])


def sensitivity(accuracies):
    return np.ptp(accuracies, axis=0)  # best less worst, in each replicate


# %%
crude = STARTS.index("sd 1")
for setting, role, values in (
    ("five starts, one rate", claims.PRIMARY, accuracy),
    ("without the start of 1", claims.FURTHER, lambda arm: np.delete(accuracy(arm), crude, 0)),
    ("each start at its own rate", claims.FURTHER, lambda arm: accuracy(arm, own=True)),
    ("twice as many epochs", claims.FURTHER, lambda arm: accuracy(arm, "test, twice as long")),
):
    edges = starts["own_at_edge" if "own" in setting else "at_edge"]
    verdicts.compare(
        "BNI-11",
        sensitivity(values("with")),
        sensitivity(values("without")),
        claimed="lower",
        margin=0.1,
        measure="test accuracy, best less worst of the initializations, with against without",
        setting=setting,
        role=role,
        void=f"best rate at the edge: {'; '.join(edges)}" if edges else "",
        correlation=starts["correlation"],
        data=starts["data"],
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for arm, name in ARMS.items():
    fit = accuracy(arm, "training").mean(axis=1)
    best = STARTS[int(fit.argmax())]
    print(f"{name}: rate {starts['rates'][arm]}, training accuracy {fit.max():.0%} from {best}")
with plots.canvas(width=7.2, height=3.6) as (figure, axes):
    plots.groups(axes, STARTS, {name: accuracy(arm) for arm, name in ARMS.items()})
    axes.set(ylabel="test accuracy", ylim=(0, 1), xlabel="initial weights")
    plots.floor(axes, 0.1, "guessing")
    axes.legend(loc="center right")
plots.show(
    figure,
    alt="Test accuracy from five starts, with and without batch normalization: a mark for each "
    "replicate, a black line at each mean, a dotted line at guessing.",
    data=starts["data"],
)

# %% [markdown]
# The gradient by weights that are $c$ times as large is $c$ times smaller, so, relative to their
# size, they learn $c^2$ times more slowly. Look at the start of standard deviation 1 in the figure.
# Between Glorot's and He's weights there was little to gain; the gain is in the starts from which
# the plain net learns nothing.
#
# ## 5b.5 Larger rates, faster training?
#
# The same scale argument works in every step. A step that was too large makes the weights longer,
# and on longer weights the next gradients are smaller: the layer brakes by itself. The notes say
# that it *permits much larger learning rates, which speeds up training* (BNI-12).
#
# **Your guess first.** By what factor is the largest usable rate higher with batch normalization?
# And at the rate that is fastest for each: how many times fewer updates does the net need to bring
# its training loss down to 0.4 times that of guessing?
#
# **Measure.** Twenty layers of ELU with He's weights, ten epochs of plain gradient descent, rates
# from 0.001 to 10, four to a decade. A rate is *usable* if the last epoch's training loss is at
# most halfway between guessing and what the same net gets at its own best rate. (Between the last
# usable rate and the next, we interpolate the loss.) For the speed, the loss is taken in inference
# mode every six updates, which is coarse for so few (printed below). The same again with five
# layers.

# %%
GUESSING = np.log(10)


def by_rate(depth, arm):
    """The rates, and the training loss at each, shape (rates, replicates)."""
    found = {key: v for key, v in study[f"BNI-12, {depth} layers"].items() if f"{arm}, " in key}
    rates = [float(key.split(", ")[1]) for key in found]
    return np.array(rates), np.array(list(found.values()))


def largest_usable(depth, arm):
    """log10 of each replicate's largest usable rate, and whether a rate is at the edge."""
    rates, loss = by_rate(depth, arm)
    limit = (loss.min(axis=0) + GUESSING) / 2
    last = len(rates) - 1 - (loss <= limit)[::-1].argmax(axis=0)  # the last that is usable
    at_edge = last.max() == len(rates) - 1 or loss.mean(axis=1).argmin() == 0
    following = np.minimum(last + 1, len(rates) - 1)
    here, beyond = (np.take_along_axis(loss, each[None], 0)[0] for each in (last, following))
    share = (limit - here) / np.maximum(beyond - here, 1e-9)  # of the way to the next rate
    return np.log10(rates[last]) + share * np.log10(rates[1] / rates[0]), at_edge


# %%
for depth, role in ((20, claims.PRIMARY), (5, claims.FURTHER)):
    grid = study[f"BNI-12, {depth} layers"]
    (normalized, high), (plain, low) = (largest_usable(depth, arm) for arm in ("with", "without"))
    verdicts.compare(
        "BNI-12",
        normalized,
        plain,
        claimed="higher",
        margin=0.477,
        measure="log10 of the largest usable learning rate, with against without",
        setting=f"larger rates, {depth} layers",
        role=role,
        void="a rate is at the edge" if high or low else "",
        correlation=grid["correlation"],
        data=grid["data"],
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for depth in (20, 5):
    raced = study[f"BNI-12, speed, {depth} layers"]
    verdicts.compare(
        "BNI-12",
        np.log(raced["with"]),
        np.log(raced["without"]),
        claimed="lower",
        margin=0.693,
        measure="natural logarithm of the updates to 0.4 times the loss of guessing, with against "
        "without, each at its fastest rate",
        setting=f"speed, {depth} layers",
        role=claims.FURTHER,
        void="a best rate is at the edge" if raced["at_edge"] else "",
        correlation=raced["correlation"],
        data=raced["data"],
    )
    told = [f"{ARMS[arm]} {raced['rates'][arm]}" for arm in ARMS]
    print(f"{depth} layers, fastest rates: {', '.join(told)}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
speeds = {verdict.setting: verdict.verdict for verdict in verdicts}
for hidden_layers in (20, 5):
    print(f"{hidden_layers} layers: speed {speeds[f'speed, {hidden_layers} layers']}; ", end="")
    lowest = {arm: by_rate(hidden_layers, arm)[1].mean(axis=1).min() for arm in ARMS}
    print(
        "lowest training loss", *(f"{lowest[arm]:.2f} {own}," for arm, own in ARMS.items()), end=""
    )
    print(" after ten epochs")
    own = study[f"BNI-12, speed, {hidden_layers} layers"]
    print(
        "  updates to the target:",
        *(f"{min(own[arm])} to {max(own[arm])} {ARMS[arm]};" for arm in ARMS),
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.6, height=3.6, sharey=True) as (figure, panels):
    for axes, depth in zip(panels, (20, 5), strict=True):
        series = {name: by_rate(depth, arm)[1].T for arm, name in ARMS.items()}
        rates, title = by_rate(depth, "with")[0], f"{depth} layers"
        label = "training loss after ten epochs" if depth == 20 else ""
        axes.axhline(GUESSING, color="#777777", linestyle=":", linewidth=1.2, label="guessing")
        plots.curves(
            axes, rates, series, xlabel="learning rate", ylabel=label, title=title, marker=True
        )
        axes.set(xscale="log", ylim=(0, 2.6))
    panels[0].get_legend().remove()
    panels[1].legend(loc=(0.03, 0.5))
plots.show(
    figure,
    alt="Training loss after ten epochs over the learning rate, with and without batch "
    "normalization, for twenty layers and for five; a dotted line at the loss of guessing.",
    data=f"{grid['data']}; line: median, band: middle 80 %",
)

# %% [markdown]
# Larger rates are one thing, faster training another. The verdict goes by the rates. (At 20 layers
# its interval is narrower than the distance between two rates that were tried.) Speed has lines of
# its own, undecided. (The lowest losses printed are of training mode, with the minibatches' noise.)
#
# ## 5b.6 What it costs
#
# The notes say that batch normalization *makes the model more complex and costs run time* (BNI-13).
# The first half is a matter of counting.
#
# ### Exercise 4 · Count
#
# A listing of the notes stacks `Flatten`, `BatchNormalization`, then 20 times `Dense(100)`,
# `BatchNormalization`, `Activation("elu")`, and last `Dense(10)`. Write `count(inputs, hidden,
# outputs)` for nets of this form (`hidden` lists the widths). It returns three numbers: how many
# parameters are trained, how many are moving averages, and how many of the trained ones can never
# make a difference, because a normalization subtracts them again.


# %%
def count(inputs, hidden, outputs): ...  # return (trained, moving, idle)


ex.counting.check(count)  # stuck? ex.counting.hint()

# %% [markdown]
# The second half is for the clock. The notes mean predictions: every layer has more to compute,
# also after training.
#
# **Your guess first.** How many percent longer does Keras need to predict 10,000 pictures of 32 x
# 32 x 3 in minibatches of 32, with the 20-layer net? And for a training step?
#
# **Measure.** The nets are those of the listing, without the idle biases. They predict in turns; a
# replicate is a pair of times, each the shortest of five. In two further settings, timed
# beforehand, each replicate is a pair of single times: a prediction that is compiled by XLA (which
# joins neighboring operations into one) and done in one batch, and a step of training.

# %%
generator = training.generator(seeds[0])
photos = generator.normal(size=(10_000, 32, 32, 3)).astype("float32")
shape = {"inputs": (32, 32, 3), "hidden": [100] * 20, "outputs": 10, "activation": "elu"}
nets = {"without": models.mlp(**shape)}
nets["with"] = models.batch_normalized_mlp(normalize_inputs=True, **shape)
watches = {arm: [] for arm in nets}
for turn in range(-1, 5 * RUNS):
    for arm in list(nets)[:: 1 if turn % 2 else -1]:
        start = time.perf_counter()
        nets[arm].predict(photos, batch_size=32, verbose=0)
        if turn >= 0:  # the first turn warms up
            watches[arm].append(time.perf_counter() - start)
watches = {arm: np.reshape(own, (RUNS, 5)).min(axis=1) for arm, own in watches.items()}

# %%
verdicts.compare(
    "BNI-13",
    np.log(watches["with"]),
    np.log(watches["without"]),
    claimed="higher",
    margin=0.049,
    measure="natural logarithm of the seconds of a prediction of 10,000 images, with against "
    "without",
    setting="predictions by Keras, batches of 32",
    role=claims.PRIMARY,
    data="random pictures of 32 x 32 x 3, 20 layers of 100",
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for name, setting, doing in (
    ("prediction", "predictions compiled by XLA, one batch", "a prediction of 10,000 images"),
    ("step", "a training step of 32 images", "a step of training"),
):
    timed = study["BNI-13"][name]
    verdicts.compare(
        "BNI-13",
        np.log(timed["with"]),
        np.log(timed["without"]),
        claimed="higher",
        margin=0.049,
        measure=f"natural logarithm of the seconds of {doing}, with against without",
        setting=setting,
        role=claims.FURTHER,
        data="random pictures of 32 x 32 x 3, 20 layers of 100",
    )
for arm, name in ARMS.items():
    more = nets[arm].count_params()
    print(f"{name}: {more:,} parameters, {np.median(watches[arm]):.2f} s for 10,000 predictions")


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def scattering(pairs):
    """How far recorded pairs of times scatter, and how well their mean is known."""
    scatter = np.subtract(pairs.treatment, pairs.control).std(ddof=1)
    half = (pairs.high - pairs.low) / 2
    print(
        f"the {pairs.runs} recorded pairs of predictions scatter by {np.expm1(scatter):.0%}, ",
        end="",
    )
    print(f"so their mean is known to {np.expm1(half):.0%}; the margin is 5 %")


for live in verdicts:
    if live.setting == "predictions by Keras, batches of 32":
        scattering(claims.recorded_or(live))

# %% [markdown]
# On a busy machine a cost of 5 % is lost in the scatter (the last line is about recorded
# times). And it can be avoided. In use, mean and variance are constants. Then
# `gamma * (x @ kernel - mean) / root(variance + 0.001) + beta`
# is a linear function of `x`, and one dense layer can do it.
#
# ### Exercise 5 · Fold
#
# Write `fold(kernel, gamma, beta, mean, variance)`. It returns the `(kernel, bias)` of the one
# dense layer that does what a dense layer without a bias and its batch normalization do together.


# %%
def fold(kernel, gamma, beta, mean, variance): ...  # return (kernel, bias) of one dense layer


ex.folding.check(fold)  # stuck? ex.folding.hint()

# %% [markdown]
# Here is the whole net, folded, after ten minibatches in training mode. It has the shape of the net
# without batch normalization, and so its speed.

# %% tags=["nbval-check-output"]
net, slim = nets["with"], models.mlp(**shape)
for start in range(0, 5_000, 500):  # fresh averages would be trivial: let the layers see data
    net(photos[start : start + 500], training=True)
weights, folded = net.get_weights(), []
scale, shift = layers.fold(1.0, 0.0, *weights[:4])  # that of the inputs has no layer before it
for first in range(4, len(weights) - 2, 5):  # kernel, gamma, beta, moving mean and variance
    kernel, *normalization = weights[first : first + 5]
    folded += layers.fold(scale[:, None] * kernel, shift @ kernel, *normalization)
    scale, shift = np.ones(100), np.zeros(100)
slim.set_weights([*folded, *weights[-2:]])
first, second = (np.array(each(photos[:500])) for each in (net, slim))
print("folded, the outputs are the same:", np.allclose(first, second, atol=1e-4))

# %% [markdown]
# This does not refute the notes, which speak of the layer as it stands, and the cost of training
# remains.
#
# ## 5b.7 A remedy for overfitting?
#
# One of the notes is titled *overfitting and ways to solve it: dropout, batch normalization*, so it
# calls batch normalization *a remedy for overfitting* (BNI-05). There is a mechanism that speaks
# for it. In training, what the net sees of an example depends on its company, the other examples of
# its minibatch, and the company changes. That is noise, and noise can regularize, as dropout does.
# The larger the minibatch, the less of it there is.
#
# **Your guess first.** A net with three hidden layers learns the scores of 768 wines for 500
# epochs, without early stopping, until it overfits. With batch normalization, is its test error
# lower, about the same, or higher?
#
# **Measure.** Both arms tried the same rates, on replicates of their own. Each runs at the rate
# that gave the lowest *training* error there, so both are trained as far as they can be. A rate
# that validation chooses may itself be the remedy, since a small rate is in effect an early stop;
# that is a further setting. The statement is about nets that overfit, so the net without batch
# normalization has to: its validation error, smoothed over ten epochs, must end at least 0.01 above
# its lowest value. The layers have 128 units, fewer than in the note. Adam trains in minibatches
# of 256. The second data set has 256 pictures of clothes, 40 % of the labels drawn at random, in
# minibatches of 8.

# %%
wine, clothes = study["BNI-05, wines"], study["BNI-05, clothes"]


def at_best(table, part):
    """What both arms have at the rate with the lowest error on this part of the data."""
    return {arm: table[f"{arm}, {float(rate):g}"] for arm, rate in table["by"][part].items()}


def unfit(table, part, arms, overfits):
    """Why the setting cannot speak, if it cannot."""
    if table["at_edge"][part]:
        return f"the best rate is at the edge: {', '.join(table['at_edge'][part])}"
    rise = np.mean(arms["without"]["rise"])
    return "" if not overfits or rise >= 0.01 else "the net without it does not overfit"


# %%
for setting, role, table, part in (
    ("wines, rates by the training error", claims.PRIMARY, wine, "training"),
    ("wines, rates by the validation error", claims.FURTHER, wine, "validation"),
    ("clothes with wrong labels", claims.FURTHER, clothes, "training"),
):
    arms = at_best(table, part)
    error = "share of wrong test pictures" if table is clothes else "test MAE, in quality points"
    verdicts.compare(
        "BNI-05",
        arms["with"]["test"],
        arms["without"]["test"],
        claimed="lower",
        margin=0.01,
        measure=f"{error}, at the last epoch, with against without",
        setting=setting,
        role=role,
        void=unfit(table, part, arms, overfits=table is wine),
        correlation=table["correlation"],
        data=table["data"],
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
edges = study["BNI-05, boundary"]
best = at_best(wine, "training")
for setting, treatment, control in (
    ("all wines in one batch, 1,000 epochs", edges["whole, with"], edges["whole, without"]),
    ("dropout 0.3 in place of batch normalization", edges["dropout"], best["without"]),
):
    verdicts.compare(
        "BNI-05",
        treatment["test"],
        control["test"],
        claimed="lower",
        margin=0.01,
        measure="test MAE, in quality points, at the last epoch, with against without",
        setting=setting,
        role=claims.BOUNDARY,
        correlation=edges["correlation"],
        data=edges["data"],
    )
for factor, word in ((0.5, "half the rates"), (1, "these rates"), (2, "twice the rates")):
    rates = {arm: factor * float(rate) for arm, rate in wine["by"]["training"].items()}
    for arm, rate in rates.items():
        own = {part: np.mean(wine[f"{arm}, {rate:g}"][part]) for part in ("training", "test")}
        print(f"{word}: {ARMS[arm]} ({rate:g})", *(f"{k} MAE {v:.3f}" for k, v in own.items()))

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.6, height=3.6, sharey=True) as (figure, panels):
    for axes, part in zip(panels, ("training", "validation"), strict=True):
        series = {ARMS[arm]: own["curve"] for arm, own in at_best(wine, part).items()}
        plots.curves(
            axes,
            np.arange(10, 501, 10),
            series,
            xlabel="epoch",
            ylabel="validation MAE" if part == "training" else "",
            title=f"rates by the {part} error",
        )
        axes.set_ylim(0.5, 1)
    panels[1].get_legend().remove()
plots.show(
    figure,
    alt="Validation error over 500 epochs with and without batch normalization, at rates chosen by "
    "the training error, and at rates chosen by the validation error.",
    data=f"{wine['data']}; line: median, band: middle 80 %",
)

# %% [markdown]
# Compare the verdicts in three ways. First, by the choice of the rate: an effect that comes and
# goes with it belongs to the rate as much as to the layer. Second, by the size of the minibatch: if
# the noise from changing company is the remedy, there should be no gain with all wines in one
# batch. Third, with dropout, the other remedy
# of the title.
#
# ## 5b.8 What came out
#
# The verdicts below are the recorded ones. "Expected" is what we had guessed.

# %%
verdicts.summary()

# %% [markdown]
# Three sentences to keep: Batch normalization makes the outputs of a layer independent of the scale
# of its weights, and much of what it buys follows from that. In training an example is seen through
# its company; in use it is not. And the layer can be folded away once the training is over.
#
# ## Where to read on
#
# - `helpers/reference/layers/batch_normalization.py`: the layer forward, backward, and folded.
# - Ioffe and Szegedy (2015), *Batch normalization: accelerating deep network training by reducing
#   internal covariate shift*.
# - Santurkar and others (2018), *How does batch normalization help optimization?*, which doubts the
#   explanation in that title.
# - Luo and others (2019), *Towards understanding regularization in batch normalization*.
# - Yang and others (2019), *A mean field theory of batch normalization*: why gradients explode.
# - Next: [how to feed `model.fit`](05c_frozen_shuffle.ipynb), where the company of an example
#   matters once more.

# %% jupyter={"source_hidden": true} tags=["hide-input", "remove-cell"]
from helpers import exercises

exercises.show_progress("05b_batch_normalization")
