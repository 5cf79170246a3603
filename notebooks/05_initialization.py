# %% [markdown]
# # 5 · Initialization and activations
#
# A net of twenty layers passes the gradient from hand to hand, twenty times. If every hand keeps a
# little, nothing arrives at the first layers. If every hand adds a little, it arrives as an
# avalanche. This notebook measures what arrives, and two remedies that cost nothing while the net
# trains: another activation, and other weights to begin with.
#
# After this notebook you will be able to
#
# - say from the activation and the initial weights whether gradients fade or grow, and test it;
# - derive the variances that go by the names of LeCun, Glorot and He;
# - count the units of a net that are dead, and say what ELU does about them;
# - name the conditions under which a net of SELU units normalizes itself.
#
# You need the gradient step ([lesson 3](03_gradient_descent.ipynb)) and the chain rule. Five
# statements of the [lecture notes](../docs/notes.md) are **measured**, in the lines that begin with
# ✓ (supported), ✗ (refuted) or ≈ (undecided). Before each measurement we ask for your guess. Plan
# an hour.

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
# `RUNS` is the number of replicates behind a live result. Each draws its own pictures and initial
# weights; the nets compared within a replicate share the pictures.

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
import json
from functools import partial

import keras
import numpy as np

from helpers import claims, datasets, plots, training
from helpers.exercises import initialization as ex
from helpers.nets import models
from helpers.nets.gradients import gradients
from helpers.reference import deep_nets

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()
results = (course / "notebooks" / "results" / "05_initialization.json").read_text()
study = json.loads(results)["settings"]

# %% [markdown]
# ## 5.1 The way back through twenty layers
#
# The notes stack twenty hidden layers of 100 units. Each layer takes the outputs $x$ of the one
# before, forms the sums $z = xW + b$, and applies its activation, $f(z)$. The loss stands at the
# end. To learn what each layer should change, the gradient of the loss travels back
# (backpropagation, the chain rule layer by layer). Let $g$ be its gradient with respect to the sums
# of one layer (for short: *by* the sums), one number for each picture and unit. Then
# the layer before gets
#
# $$g_{\text{before}} = (g\,W^\top) \cdot f'(z_{\text{before}}),$$
#
# where the dot multiplies number by number. There are two factors, the weights and the slope of the
# activation, and they apply once a layer.
#
# ### Exercise 1 · One layer back
#
# Write this step: `gradient` has shape (pictures, units of the layer), `kernel` is the $W$ of that
# layer, with a row for each unit of the layer before, and `slope` is $f'(z_{\text{before}})$, of
# shape (pictures, units of the layer before).


# %%
def pass_back(gradient, kernel, slope): ...  # return the gradient one layer further back


ex.passing_back.check(pass_back)  # stuck? ex.passing_back.hint()

# %% [markdown]
# `deep_nets.backward` takes this step from the last hidden layer to the first. For each replicate
# we draw 256 pictures of clothes and fresh weights, and send the pictures forward and the gradient
# back. (Weights called "Glorot" here are what Keras gives to every dense layer unless told
# otherwise. Section 5.4 is about these names.)

# %%
fashion = datasets.pool("fashion").standardized()
clothes = datasets.replicates(fashion, seeds, train=256, test=1)


def passages(activation, start, depth=20, split=clothes, **options):
    """For each replicate: pictures, kernels, what passed each layer, gradients by its sums."""
    for seed, own in zip(seeds, split.divisions, strict=True):
        x = split.x_train[own.train].reshape(len(own.train), -1)
        sizes = deep_nets.sizes(x.shape[1], depth)
        kernels = deep_nets.initial(start, sizes, training.generator(seed))
        passed = deep_nets.forward(x, kernels, activation, **options)
        labels = split.y_train[own.train]
        yield x, kernels, passed, deep_nets.backward(passed, kernels, activation, labels)


def profile(*net, **options):
    """log10 of the size of the gradient by the sums of each layer, shape (RUNS, layers)."""
    gradients = [arriving for *_, arriving in passages(*net, **options)]
    return np.log10([[deep_nets.rms(each) for each in arriving] for arriving in gradients])


def journey(sizes):
    """Powers of ten from the last layer to the first: below 0 it fades, above 0 it grows."""
    return sizes[:, 0] - sizes[:, -1]


# %% [markdown]
# The sign matters: fading and growing are two troubles. Without it, a measure would take one for
# the cure of the other.
#
# ### Exercise 2 · Predict
#
# The gradient travels back from layer 20 to layer 1 of a net that has just been initialized.
# **Before you look:** does it fade (to less than a tenth), stay (within a factor of ten) or grow
# (more than tenfold) on the way? Write "fades", "stays" or "grows" for each pair of activation and
# initial weights. (He's weights are larger than Glorot's.)

# %%
prediction = {"sigmoid, Glorot": ..., "ReLU, Glorot": ..., "ReLU, He": ..., "SELU, He": ...}
ex.profile_prediction.check(prediction)  # stuck? ex.profile_prediction.hint()

# %% jupyter={"outputs_hidden": true}
NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "elu": "ELU", "selu": "SELU"}
profiles = {
    (activation, start): profile(activation, start)
    for activation in NAMES
    for start in ("LeCun", "Glorot", "He")
}
asked = (("sigmoid", "Glorot"), ("relu", "Glorot"), ("relu", "He"), ("selu", "He"))
ex.profile_prediction.check(prediction, *[journey(profiles[pair]) for pair in asked])

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
with plots.canvas(5, width=10.4, height=3.4, sharey=True) as (figure, panels):
    for axes, (activation, title) in zip(panels, NAMES.items(), strict=True):
        series = {start: profiles[activation, start] for start in ("LeCun", "Glorot", "He")}
        plots.curves(axes, np.arange(1, 21), series, xlabel="layer", ylabel="", title=title)
        axes.set_xticks([1, 10, 20])
    panels[0].set_ylabel("log10 of the gradient's size")
    for axes in panels[1:]:
        axes.get_legend().remove()
plots.show(
    figure,
    alt="Size of the gradient at each of 20 layers on a logarithmic scale, one panel for each "
    "activation: sigmoid, tanh, ReLU, ELU and SELU. Each has three lines, for LeCun's, Glorot's "
    "and He's weights.",
    data=f"{clothes}; line: median, band: middle 80 % of {RUNS} nets",
)

# %% [markdown]
# Read each panel from right to left, as the gradient travels. A straight line on this scale means
# the same factor in every layer, and that is why depth matters so much. With the sigmoid hardly
# anything arrives, with any of the three kinds of weights: its slope is at most 1/4. For the others
# the weights decide. Both troubles are here: falling lines, and rising ones.
#
# ## 5.2 Does it matter?
#
# A small gradient need not be a problem. The weights might be small too, so that small steps
# suffice; and if everything is small, a larger learning rate sets it right. So look at the gradient
# by the *weights*, relative to the weights, the ratio of their lengths. If it is alike in all
# layers, one rate can serve them all.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def relative_profile(*net):
    """log10 of the gradient by the weights of each layer, relative to them, (RUNS, layers)."""
    sizes = [
        deep_nets.relative_gradients(x, passed, arriving, kernels)
        for x, kernels, passed, arriving in passages(*net)
    ]
    return np.log10(sizes)


# %%
relative = relative_profile("sigmoid", "Glorot")
first, middle, last = relative.mean(axis=0)[[0, 9, 19]]
print("sigmoid, log10 of the gradient by the weights, relative to the weights:")
print(f"layer 1: {first:.1f}, layer 10: {middle:.1f}, layer 20: {last:.1f}")

# %% [markdown]
# No rate serves both ends of this net. A rate at which layer 1 moves would tear layer 20 to pieces.
# The notes say: *if the weights near the input are not properly updated, the best model cannot be
# found* (BNI-17). "Properly" excludes a net that has merely been given the wrong rate.
#
# **Your guess first.** Two nets of sigmoids learn 2,000 pictures of clothes, one with 2 hidden
# layers, one with 20. Each has its own best rate. What share of their *training* pictures do they
# know after 50 epochs? (In principle 20 could do at least as well, for a layer of sigmoids can pass
# on nearly unchanged what it gets.)
#
# **Measure.** That takes some minutes, so it was done beforehand (`studies/initialization.py`).
# Both nets tried the same rates, 0.001 to 10 in powers of ten, and more where the best was at an
# edge and better than guessing, on two replicates. Each net's best was then used on ten others,
# which do not depend on `RUNS` or `SEED`. Slow training is not failure, so we look again after 100
# epochs. (The deep net guessed at every rate, so that its "best" is chance: see below.)


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def known(job, arm, epochs=""):
    """Training accuracy of each replicate; with "longer" after twice the epochs."""
    judged = study[job]["judged"][arm]
    return np.array(judged["training accuracy, longer" if epochs else "training accuracy"])


for arm in ("2 layers", "20 layers"):
    accuracies = [known("BNI-17", arm, epochs).mean() for epochs in ("", "longer")]
    rate = study["BNI-17"]["best_rates"][arm]
    print(
        f"{arm}, rate {rate:g}: {accuracies[0]:.1%} known, after twice as long {accuracies[1]:.1%}"
    )
    scores = study["BNI-17"]["scores"][arm]
    tried = (f"{float(rate):g}: {np.mean(own):.0%}" for rate, own in scores.items())
    print(f"   all rates tried, training accuracy: {', '.join(tried)}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
GUESSING = 0.1  # ten classes


def edge(*jobs):
    """What is wrong if a best rate was the lowest or the highest that was tried."""
    found = [arm for job in jobs for arm in study[job]["at_edge"]]
    return f"the best rate is at the edge: {', '.join(found)}" if found else ""


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def overlap(split):
    """The share of training rows that two replicates have in common, where those are judged."""
    return len(split.divisions[0].train) / len(split.y_train) if split.correlation else 0.0


def shrinking(sizes):
    """Why a net is not what the statement is about, if its gradient need not shrink."""
    fall = sizes.mean(axis=0)
    falls = (fall[:-2] < fall[2:]).all()  # each layer against the second one after it
    shrinks = claims.paired_interval(journey(sizes))[1] < -1 and falls
    return "" if shrinks else "the gradient does not shrink from layer to layer"


# %%
still = known("BNI-17", "20 layers", "longer") - known("BNI-17", "2 layers", "longer")
lasting = claims.paired_interval(still, correlation=study["BNI-17"]["correlation"])[1] < -0.05
void = shrinking(relative) or ("" if lasting else "the difference is gone after 100 epochs")
verdicts.compare(
    "BNI-17",
    known("BNI-17", "20 layers"),
    known("BNI-17", "2 layers"),
    claimed="lower",
    margin=0.05,
    measure="training accuracy after 50 epochs, 20 layers of sigmoids against 2, own rates",
    setting="20 hidden layers of sigmoids, SGD",
    role=claims.PRIMARY,
    void=void or edge("BNI-17"),
    correlation=study["BNI-17"]["correlation"],
    data=study["BNI-17"]["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
eight = relative_profile("sigmoid", "Glorot", 8)
for job, arm, control, setting, own in (
    (
        "BNI-17, Nadam",
        "20 layers",
        "BNI-17, Nadam",
        "20 hidden layers of sigmoids, Nadam",
        relative,
    ),
    ("BNI-17, 8 layers", "8 layers", "BNI-17", "8 hidden layers of sigmoids, SGD", eight),
):
    verdicts.compare(
        "BNI-17",
        known(job, arm),
        known(control, "2 layers"),
        claimed="lower",
        margin=0.05,
        measure=f"training accuracy after 50 epochs, {arm} of sigmoids against 2, own rates",
        setting=setting,
        role=claims.FURTHER,
        void=shrinking(own) or edge(job, control),
        correlation=study[job]["correlation"],
        data=study[job]["data"],
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
even = study["BNI-17, even gradients"]
verdicts.compare(
    "BNI-17",
    known("BNI-17, even gradients", "even"),
    known("BNI-17", "20 layers"),
    claimed="higher",
    margin=0.05,
    measure="training accuracy after 50 epochs, each layer's gradient scaled to the relative size "
    "that it has at layer 20, against gradients as they are, own rates",
    setting="20 hidden layers of sigmoids, even gradients",
    role=claims.BOUNDARY,
    void=edge("BNI-17, even gradients", "BNI-17"),
    correlation=even["correlation"],
    data=even["data"],
)

# %% [markdown]
# (With 8 layers the net guesses as well, and always the most frequent class: hence the same numbers
# twice.) Is it the *small updates* alone that do the harm? For the last line each layer's gradient
# was scaled, before every step, to the relative size that it has at layer 20. Still the net only
# guesses. So deep stacks of sigmoids with fading gradients fail, but small updates are not all that
# is lost. One reason may be that, on the way forward, each layer of sigmoids squeezes its inputs
# until all pictures look nearly alike; that was not measured.
#
# ## 5.3 Change the activation
#
# The notes: *the simplest relief from vanishing gradients is to use ReLU or one of its variants in
# place of sigmoid or tanh* (BNI-20). Exchange that one word and nothing else: Keras's default
# weights stay.
#
# **Your guess first.** By how many powers of ten does the gradient change from layer 20 to layer 1
# with ReLU in place of the sigmoid? With tanh? And ReLU in place of tanh: which is better?
#
# **Measure.** Relief needs something to relieve. So a setting counts only if the gradient fades to
# less than a tenth with the function that is replaced (the whole 99 % interval says so). Relief is
# a factor of ten or more. Twenty layers of tanh fade too little, so tanh is replaced in 50 and 100.
# (Even 100 layers fade by little more than one power of ten, so a function that kept gradients just
# as they are would pass by a hair.)


# %%
def fading(sizes):
    """Why a setting has nothing to relieve, if the gradient need not fall to less than a tenth."""
    high = claims.paired_interval(journey(sizes))[1]
    return "" if high < -1 else "with the function that is replaced, nothing need fade"


verdicts.compare(
    "BNI-20",
    journey(profiles["relu", "Glorot"]),
    journey(profiles["sigmoid", "Glorot"]),
    claimed="higher",
    margin=1.0,
    measure="log10 of the gradient by the sums, hidden layer 1 over hidden layer 20, ReLU against "
    "sigmoid",
    setting="ReLU in place of the sigmoid, 20 layers",
    role=claims.PRIMARY,
    void=fading(profiles["sigmoid", "Glorot"]),
    data=clothes,
)

# %%
deep = {(a, 20): profiles[a, "Glorot"] for a in NAMES}
deep |= {(a, n): profile(a, "Glorot", n) for a in list(NAMES)[1:] for n in (50, 100)}
for (activation, depth), sizes in sorted(deep.items(), key=lambda item: item[0][1]):
    print(f"{depth} layers of {NAMES[activation]}: {journey(sizes).mean():+.2f} powers of ten")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for activation in ("relu", "elu", "selu"):
    for depth in (50, 100):
        verdicts.compare(
            "BNI-20",
            journey(deep[activation, depth]),
            journey(deep["tanh", depth]),
            claimed="higher",
            margin=1.0,
            measure="log10 of the gradient by the sums, hidden layer 1 over the last, "
            f"{NAMES[activation]} against tanh",
            setting=f"{NAMES[activation]} in place of tanh, {depth} layers",
            role=claims.FURTHER,
            void=fading(deep["tanh", depth]),
            data=clothes,
        )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for activation in ("relu", "elu"):
    usual = profile(activation, "He", 100)
    print(f"100 layers of {NAMES[activation]}, He's weights: {journey(usual).mean():+.2f}")
    verdicts.compare(
        "BNI-20",
        journey(usual),
        journey(deep["tanh", 100]),
        claimed="higher",
        margin=1.0,
        measure="log10 of the gradient by the sums, hidden layer 1 over the last, "
        f"{NAMES[activation]} with He's weights against tanh with Keras's default",
        setting=f"{NAMES[activation]} with its usual start in place of tanh, 100 layers",
        role=claims.BOUNDARY,
        void=fading(deep["tanh", 100]),
        data=clothes,
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for live in verdicts:
    if live.setting.startswith("ReLU in place of tanh"):
        for where, each in (("recorded", claims.recorded_or(live)), ("here", live)):
            print(f"{live.setting}; {where}, {each.runs} nets: ", end="")
            print(each.void or "there is something to relieve")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
verdicts.compare(
    "BNI-20",
    known("BNI-20", "ReLU"),
    known("BNI-20", "sigmoid"),
    claimed="higher",
    margin=0.01,
    measure="training accuracy after 20 epochs, ReLU with He's weights against sigmoid with "
    "Keras's default, own rates",
    setting="what comes of it: each with its usual start, 20 layers",
    role=claims.BOUNDARY,
    void=edge("BNI-20"),
    correlation=study["BNI-20"]["correlation"],
    data=study["BNI-20"]["data"],
)

# %% [markdown]
# The sigmoid's slope is 1/4 at best, and all the others tried here fade less. Tanh has slope 1 in
# the middle, where most sums of a fresh net lie, and fades slowly. ReLU has slope 1 too, but only
# for half of the sums: for the others it is 0. Half of all paths are closed in every layer, and
# Keras's default weights do not make up for it. So in place of the sigmoid, ReLU is a relief, but
# no cure. In place of a hundred layers of tanh, ReLU and ELU are not even a relief as long as
# nothing but the activation is exchanged: their gradients fade more. By our measure SELU is a
# relief, but its gradients grow, and end farther from the size they began with than tanh's.
#
# ## 5.4 Change the weights
#
# What would make up for it follows from three lines. A unit sums over $n$ inputs, $z = \sum_i w_i
# x_i.$ With weights of mean 0 and variance $v$, independent of the inputs, the variance of the sum
# is
#
# $$\operatorname{Var} z = n\,v\,\overline{x^2}.$$
#
# - **LeCun**: where the activation leaves the mean square about as it is, $nv = 1$ keeps it from
#   layer to layer, so $v = 1/n$.
# - **He**: ReLU sets half of the sums to 0 and so halves the mean square. To make up for it, $nv/2
#   = 1$, so $v = 2/n$.
# - **Glorot**: on the way back a unit sums over the $m$ units of the *next* layer, and the same
#   argument asks for $v = 1/m$. You cannot have both unless $n = m$; $v = 2/(n+m)$ lies between.
#
# ### Exercise 3 · Write He's initialization
#
# Write `he_kernel(fan_in, fan_out, generator)`, which draws normal weights of variance 2 over the
# number of inputs (`fan_in`), with a NumPy generator, in the shape of Keras's dense kernels.


# %%
def he_kernel(fan_in, fan_out, generator): ...  # return an array of shape (fan_in, fan_out)


ex.scaling.check(he_kernel)  # stuck? ex.scaling.hint()

# %% [markdown]
# Keras cuts the normal distribution off at two standard deviations, and widens it beforehand by
# what the cutting will take away. So the variance is right after the cut, and the largest weight
# lies a little beyond two of the standard deviations that you asked for:

# %% tags=["nbval-check-output"]
keras_kernel = np.array(keras.initializers.HeNormal(seed=1)((784, 400)))
close = abs(keras_kernel.var() / (2 / 784) - 1) < 0.03
widest = abs(keras_kernel).max() / (2 / 784) ** 0.5
print(f"variance 2 / 784, within 3 %: {close}; largest weight: {widest:.1f} standard deviations")

# %% [markdown]
# The notes: *a proper initialization alone can ease problems such as vanishing gradients* (BNI-24),
# and nets may end differently, depending on their initial weights. The net of the notes has 20
# layers of 100 ELU units and gets pictures like those of CIFAR-10. The careless start is Keras's
# `random_normal`, whose standard deviation is 0.05 for every layer.
#
# **Your guess first.** He's standard deviation for 100 inputs is $\sqrt{2/100}$, about 0.14, hardly
# three times 0.05. By how many powers of ten do the gradients at layer 1 differ? And after 50
# epochs on pictures of clothes, each start at its own best rate: what is the difference in test
# accuracy?

# %%
columns = datasets.pool("cifar10").map(lambda x: x.reshape(len(x), -1)).standardized()
photos = datasets.replicates(columns, seeds, train=256, test=1)
starts = {start: profile("elu", start, split=photos) for start in ("He", 0.05, 0.01)}
for start, sizes in starts.items():
    print(f"start {start}: {journey(sizes).mean():+.2f} powers of ten from layer 20 to layer 1")

# %%
for start, role in ((0.05, claims.PRIMARY), (0.01, claims.FURTHER)):
    verdicts.compare(
        "BNI-24",
        journey(starts["He"]),
        journey(starts[start]),
        claimed="higher",
        margin=1.0,
        measure="log10 of the gradient by the sums, hidden layer 1 over hidden layer 20, He's "
        "weights against normal ones",
        setting=f"20 layers of ELU, against a standard deviation of {start}",
        role=role,
        void=fading(starts[start]),
        data=photos,
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
ends = study["BNI-24"]["judged"]
twice = np.subtract(*[ends[arm]["test accuracy, longer"] for arm in ("He", "0.05")])
low, high = claims.paired_interval(twice, correlation=study["BNI-24"]["correlation"])
print(f"test accuracy, He's weights less 0.05, after 100 epochs: {low:+.3f} to {high:+.3f}")
spread = np.std(ends["draws"]["test accuracy"], ddof=1)
print(f"draws of He's weights alone: test accuracy with a standard deviation of {spread:.3f}")
verdicts.compare(
    "BNI-24",
    ends["He"]["test accuracy"],
    ends["0.05"]["test accuracy"],
    claimed="higher",
    margin=0.01,
    measure="test accuracy after 50 epochs, He's weights against a standard deviation of 0.05, own "
    "rates",
    setting="the result of training, 20 layers of ELU on pictures of clothes",
    role=claims.FURTHER,
    void=edge("BNI-24"),
    correlation=study["BNI-24"]["correlation"],
    data=study["BNI-24"]["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
a_layer = 10 ** ((journey(starts["He"]) - journey(starts[0.05])).mean() / 19)
print(f"He's weights are {0.02**0.5 / 0.05:.2f} times as large, ", end="")
print(f"the gradient grows by a factor of {a_layer:.2f} a layer more than with 0.05")

# %% [markdown]
# ELU's slopes take back part of what larger weights give. What is left is multiplied nineteen
# times, once for each layer that the gradient crosses. (At every rate tried, the net with 0.05
# guessed or diverged.)
#
# Why not look at the gradient by the weights, as in section 5.2? With small weights ELU is nearly a
# straight line. What comes forward shrinks as fast as what goes back, and the ratio of layer 1 to
# layer 20 stays near 1, however small both are. That measure is blind to a net in which
# *everything* fades.
#
# ## 5.5 Dead units
#
# ReLU has a trouble of its own. A unit whose sum is negative for *every* picture has slope 0 for
# every picture, so that no gradient reaches its weights. It is dead, and unless the layers before
# it change, it stays so.
#
# ### Exercise 4 · Bug hunt
#
# The function below is to give the share of dead units of a layer. `slopes` holds the slope of each
# unit for each picture, shape (pictures, units). A slope of up to 0.001 counts as none. It reports
# that half of a fresh ReLU net is dead. Repair it.


# %%
def dead_share(slopes):
    # "dead units have a slope of 0"
    return np.mean(slopes <= 0.001)


ex.counting_the_dead.check(dead_share)  # stuck? ex.counting_the_dead.hint()

# %% [markdown]
# ELU is $e^z - 1$ for negative sums, with the slope $e^z$. On paper that is never 0 (in single
# precision it can be, as printed below), so the notes say: *it makes no dead neurons, and eases
# vanishing gradients* (BNI-22). But plain gradient descent can do next to nothing with a slope of
# $10^{-6}$; one that rescales, such as Nadam, can do more. We count slopes of up to 0.001 as none.
#
# **Your guess first.** Take the net of the notes, 20 layers with He's weights, at the largest rate
# tried at which both nets, ReLU and ELU, still learn. What share of the ReLU units is dead after
# ten epochs? What share before the first? And with ELU?
#
# **Measure.** "Still learns" means: it reaches at least half of its best validation accuracy above
# guessing.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def still_learns(arm):
    """The rates at which it reaches half of its best validation accuracy above guessing."""
    means = {float(r): np.mean(own) for r, own in study["BNI-22"]["scores"][arm].items()}
    enough = GUESSING + (max(means.values()) - GUESSING) / 2
    return {rate for rate, accuracy in means.items() if accuracy >= enough}


AT_RATE = "SGD at the largest rate tried at which both nets still learn"

# %% jupyter={"source_hidden": true} tags=["hide-input"]
below = keras.Variable([-16.0, -17.5, -20.0])
_, (flat,) = gradients(lambda: keras.ops.sum(keras.ops.elu(below.value)), [below])
print("the library's slope of ELU at -16, -17.5, -20:", ", ".join(f"{own:.2g}" for own in flat))


# %%
rate = max(still_learns("ReLU") & still_learns("ELU"))
pool = datasets.replicates(fashion, seeds, train=2_000, test=1)
runs = [
    training.Run(seed, train_rows=own.train, learning_rate=rate)
    for seed, own in zip(seeds, pool.divisions, strict=True)
]


def recipe(activation):
    options = {"activation": activation, "kernel_initializer": "he_normal"}
    net = partial(models.mlp, (28, 28), [100] * 20, 10, **options)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return training.Recipe(net, loss=loss, optimizer="sgd", epochs=10, batch_size=32)


# %%
def dead_units(activation, nets):
    """The share of dead hidden units of each net, on the pictures that it was trained on."""
    found = []
    for weights, run in zip(nets, runs, strict=True):
        x = pool.x_train[run.train_rows].reshape(len(run.train_rows), -1)
        passed = deep_nets.forward(x, weights[::2], activation, weights[1::2])
        found.append(deep_nets.dead_share(passed, activation))
    return np.array(found)


trained = {activation: recipe(activation).fit(pool, runs) for activation in ("relu", "elu")}
dead = {activation: dead_units(activation, done.weights) for activation, done in trained.items()}
fresh = [training.seeded(recipe("relu").build, seed).get_weights() for seed in seeds]
print(f"rate {rate:g}; ReLU, dead before training: {dead_units('relu', fresh).mean():.1%}")
for activation, shares in dead.items():
    print(f"{NAMES[activation]}, dead after 10 epochs: {shares.mean():.1%}")

# %%
low = claims.paired_interval(dead["relu"], correlation=overlap(pool))[0]
void = "" if low >= 0.02 else "ReLU itself may have less than 2 % dead units"
void = "a net diverged" if any(done.failures for done in trained.values()) else void
verdicts.compare(
    "BNI-22",
    dead["elu"],
    dead["relu"],
    claimed="lower",
    margin=0.01,
    measure="share of hidden units whose slope is at most 0.001 for every training image, ELU "
    "against ReLU",
    setting=f"20 layers with He's weights, {AT_RATE}",
    role=claims.PRIMARY,
    void=void,
    correlation=overlap(pool),
    data=pool,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
alone = f"no dead ELU units at all, {AT_RATE}"
if dead["elu"].any() or void:
    verdicts.compare(
        "BNI-22",
        dead["elu"],
        np.zeros(RUNS),
        claimed="equal",
        margin=0.01,
        measure="share of hidden units whose slope is at most 0.001 for every training image, ELU "
        "against none",
        setting=alone,
        role=claims.FURTHER,
        void=void,
        correlation=overlap(pool),
        data=pool,
    )
else:
    told = (
        f"In each of {RUNS} trained nets no ELU unit had a slope of at most 0.001 for all images."
    )
    verdicts.compute("BNI-22", True, detail=told, setting=alone, role=claims.FURTHER, data=pool)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
notes, FLATS = study["BNI-22, Nadam"], ("0.001", "0.0001", "1e-06")
raw = {arm: np.array(notes["judged"][arm]["dead"]) for arm in ("ReLU", "ELU")}
low, _ = claims.paired_interval(raw["ReLU"], correlation=notes["correlation"])
for control, claimed, against, setting in (
    (raw["ReLU"], "lower", "ELU against ReLU", "raw pixels and Nadam as in the notes, on clothes"),
    (0 * raw["ReLU"], "equal", "ELU against none", "no dead ELU units, raw pixels and Nadam"),
):
    verdicts.compare(
        "BNI-22",
        raw["ELU"],
        control,
        claimed=claimed,
        margin=0.01,
        measure="share of hidden units whose slope is at most 0.001 for every training image, "
        f"{against}",
        setting=setting,
        role=claims.FURTHER,
        void="" if low >= 0.02 else "ReLU itself may have less than 2 % dead units",
        correlation=notes["correlation"],
        data=notes["data"],
    )


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def flat_at_birth(run):
    """The share of ELU units of a fresh net that are dead on raw pixels."""
    fresh = training.seeded(recipe("elu").build, run.seed).get_weights()
    x = datasets.pool("fashion").x_train[run.train_rows].reshape(len(run.train_rows), -1)
    return deep_nets.dead_share(deep_nets.forward(x, fresh[::2], "elu", fresh[1::2]), "elu")


print(f"ELU, raw pixels, dead before training: {np.mean([*map(flat_at_birth, runs)]):.1%}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for arm in raw:
    shares = {flat: np.mean(notes["judged"][arm][f"dead, {flat}"]) for flat in FLATS}
    told = ", ".join(f"{share:.1%} up to {flat}" for flat, share in shares.items())
    print(f"{arm}, the notes' training, share of units with slopes of {told}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for flat in FLATS:
    shares = np.array(notes["judged"]["ELU"][f"dead, {flat}"])
    low, high = claims.paired_interval(shares, correlation=notes["correlation"])
    print(
        f"ELU, slopes up to {flat}: mean {low:.1%} to {high:.1%} of units (99 % interval), "
        f"lowest net {shares.min():.2%}"
    )

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for other, role in (("sigmoid", claims.FURTHER), ("relu", claims.BOUNDARY)):
    verdicts.compare(
        "BNI-22",
        journey(relative_profile("elu", "He")),
        journey(relative_profile(other, "He")),
        claimed="higher",
        margin=1.0,
        measure="log10 of the relative gradient by the weights, layer 1 over layer 20, ELU against "
        f"{NAMES[other]}",
        setting=f"vanishing, against {NAMES[other]}, 20 layers with He's weights",
        role=role,
        data=clothes,
    )

# %% [markdown]
# Look at the share *before* training. All hidden biases begin at 0, and twenty layers of ReLU make
# all pictures look alike: a deep unit is on for nearly all of them or off for nearly all. So many
# units are dead at birth, and training can revive a unit whose inputs change. The usual story is a
# different one, of units killed by large steps; nothing here measures it. On raw pixels, which
# saturate a fresh net, the same holds of ELU: more units are flat before training than after. So
# "no dead neurons" is wrong there, and already before training. And that verdict depends on what
# counts as flat. Here it is a slope of up to 0.001. With the smaller limits, which were set
# beforehand as well, the share of flat ELU units after training need not reach the margin.
#
# ## 5.6 A net that normalizes itself
#
# With ELU you choose weights with which nothing fades or grows, and hope that it stays so. **SELU**
# (Klambauer and others 2017) is ELU with two constants, chosen such that outputs of mean 0 and
# variance 1 are a *fixed point*: where the outputs of a layer are spread too widely, those of the
# next are spread less; where too narrowly, more.
#
# The notes ask for the *changes that are needed so that the net normalizes itself*: standardized
# inputs, LeCun's weights, a plain stack of dense layers, and so on (BNI-27).
#
# **Your guess first.** In the listing every pixel is standardized by itself. By how many percent
# will the standard deviation of layer 20's outputs differ from 1? And after ten epochs of training?
#
# **Measure.** "Normalized" is a standard deviation between 1/1.25 and 1.25, a drift of about 1 % a
# layer. The first verdict is on fresh nets, for 500 pictures. For the second, nets were trained on
# 2,000 pictures at their best rate. The layer that departs farthest is shown, too.

# %%
many = datasets.replicates(columns, seeds, train=500, test=1)


def outputs(activation, start, split=many, **options):
    """The outputs of each layer: of each replicate the means and the standard deviations."""
    nets = [passed for _, _, passed, _ in passages(activation, start, split=split, **options)]
    moments = [[(own.outputs.mean(), own.outputs.std()) for own in passed] for passed in nets]
    return np.moveaxis(np.array(moments, float), -1, 0)


means, deviations = outputs("selu", "LeCun")
farthest = np.exp(np.abs(np.log(deviations)).max())
print(f"farthest from 1 in any layer of any net: a factor of {farthest:.2f}")

# %%
verdicts.compare(
    "BNI-27",
    np.log(deviations[:, -1]),
    np.zeros(RUNS),
    claimed="equal",
    margin=0.223,
    measure="natural logarithm of the standard deviation of hidden layer 20's outputs, against 0",
    setting="20 layers of SELU, LeCun's weights, fresh",
    role=claims.PRIMARY,
    correlation=overlap(many),
    data=many,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
straight = outputs("linear", "LeCun")[1]
for name, own in (("SELU", deviations), ("no activation", straight)):
    logs = np.log(own[:, -1])
    print(f"{name}, LeCun's weights, logarithm at layer 20: {logs.mean():+.3f}, ", end="")
    print(f"from net to net {logs.std(ddof=1):.3f}")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
taught = study["BNI-27"]
after = np.array(taught["judged"]["SELU"]["standard deviations"])
first, last = np.median(after[:, [0, -1]], axis=0)
print(f"after training, median standard deviation: layer 1 {first:.2f}, layer 20 {last:.2f}")
verdicts.compare(
    "BNI-27",
    np.log(after[:, -1]),
    np.zeros(len(after)),
    claimed="equal",
    margin=0.223,
    measure="natural logarithm of the standard deviation of hidden layer 20's outputs, against 0",
    setting="after ten epochs at the best rate",
    role=claims.FURTHER,
    void=edge("BNI-27"),
    correlation=taught["correlation"],
    data=taught["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
verdicts.compare(
    "BNI-27",
    means[:, -1],
    np.zeros(RUNS),
    claimed="equal",
    margin=0.1,
    measure="mean of the outputs of hidden layer 20, against 0",
    setting="the mean, fresh",
    role=claims.FURTHER,
    correlation=overlap(many),
    data=many,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for when, spreads, source in (
    ("fresh", deviations, {"correlation": overlap(many), "data": many}),
    (
        "after training",
        after,
        {key: taught[key] for key in ("correlation", "data")} | {"void": edge("BNI-27")},
    ),
):
    wide = np.sum(np.log(spreads).mean(axis=0) > np.log(1.25))
    print(f"{when}, wider than 1.25 on average: {wide} of {spreads.shape[1]} layers")
    verdicts.compare(
        "BNI-27",
        np.abs(np.log(spreads)).max(axis=1),
        np.zeros(len(spreads)),
        claimed="equal",
        margin=0.223,
        measure="size of the logarithm of the standard deviation in the layer where it is largest, "
        "against 0",
        setting=f"the layer that departs farthest, {when}",
        role=claims.FURTHER,
        **source,
    )

# %% [markdown]
# ### Exercise 5 · Predict
#
# That it works *with* these conditions does not mean that it fails without one. So leave them out,
# one at a time: raw pixels from 0 to 255; He's weights in place of LeCun's; skip connections, which
# add the inputs of each layer to its outputs; ELU in place of SELU. Where will the standard
# deviation of layer 20's outputs lie? Write "below 0.5", "0.5 to 2" or "above 2".

# %%
layer_20 = {"raw pixels": ..., "He's weights": ..., "skip connections": ..., "ELU": ...}
ex.condition_prediction.check(layer_20)  # stuck? ex.condition_prediction.hint()

# %% jupyter={"outputs_hidden": true}
unscaled = datasets.pool("cifar10").map(lambda x: x.reshape(len(x), -1).astype("float32"))
pixels = datasets.replicates(unscaled, seeds, train=500, test=1)
lacking = {
    "raw pixels": outputs("selu", "LeCun", pixels)[1],
    "He's weights": outputs("selu", "He")[1],
    "skip connections": outputs("selu", "LeCun", skip=True)[1],
    "ELU": outputs("elu", "LeCun")[1],
}
ex.condition_prediction.check(layer_20, *[own[:, -1] for own in lacking.values()])

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
with plots.canvas(width=7.4, height=4.0) as (figure, axes):
    series = {"all conditions": deviations, **lacking}
    names = {"xlabel": "layer", "ylabel": "standard deviation of the outputs"}
    plots.curves(axes, np.arange(1, 21), series, **names)
    axes.set(yscale="log", xticks=[1, 5, 10, 15, 20])
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plots.show(
    figure,
    alt="Standard deviation of the outputs of each of 20 layers, on a logarithmic scale, for a net "
    "of SELU units with all conditions and for four nets that lack one of them.",
    data=f"{many}; line: median, band: middle 80 % of {RUNS} nets",
)

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
for name, own in lacking.items():
    verdicts.compare(
        "BNI-27",
        np.log(own[:, -1]),
        np.zeros(RUNS),
        claimed="equal",
        margin=0.223,
        measure="natural logarithm of the standard deviation of hidden layer 20's outputs, against "
        "0",
        setting="ELU, same weights, fresh" if name == "ELU" else f"one condition less: {name}",
        role=claims.BOUNDARY,
        correlation=overlap(many),
        data=pixels if name == "raw pixels" else many,
    )

# %% [markdown]
# The raw pixels are the most instructive. The first layer comes out far too wide, and layer after
# layer the net draws it in. This pull is what "self-normalizing" means. A *linear* net with LeCun's
# weights keeps its spread on average, too, but its nets scatter (printed above): weights alone do
# not pull. Training at this rate widens all layers. The later ones draw the spread in again, to
# about the margin at layer 20 (undecided); the farthest stays outside (refuted).
#
# ## 5.7 What came out
#
# The verdicts below are the recorded ones. "Expected" is what we had guessed.

# %%
verdicts.summary()

# %% [markdown]
# The next notebook is on [batch normalization](05b_batch_normalization.ipynb), which does not trust
# the weights to keep the spread, but sets it anew in every layer, at every step.
#
# Three sentences to keep: A gradient is multiplied by weights and slopes once a layer, so small
# faults become large ones. Activation and initial weights are chosen as a pair. Ask of every remedy
# whether there was something to remedy, and in which direction.
#
# ## Where to read on
#
# - `helpers/reference/deep_nets.py`: the nets of this notebook, forward and backward.
# - Glorot and Bengio (2010), *Understanding the difficulty of training deep feedforward neural
#   networks*.
# - He, Zhang, Ren and Sun (2015), *Delving deep into rectifiers*: the factor 2.
# - Clevert, Unterthiner and Hochreiter (2016), on ELU.
# - Klambauer, Unterthiner, Mayr and Hochreiter (2017), *Self-normalizing neural networks*: SELU.

# %% jupyter={"source_hidden": true} tags=["hide-input", "remove-cell"]
from helpers import exercises

exercises.show_progress("05_initialization")
