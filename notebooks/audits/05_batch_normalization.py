# %% [markdown]
# # Audit 5 · Batch normalization, initialization, activations
#
# The lesson [Batch normalization](../05_batch_normalization.ipynb) measures the statements that
# matter most. This audit settles the others: every remaining statement of the study notes on the
# topic gets a few lines of code, a verdict, and a sentence on why. Statements that one experiment
# answers stand together. A verdict line shows the statement, what was measured, and the 99 %
# interval over paired runs; a statement that may hold in one setting and fail in another is judged
# in both. A comparison's line shows the **recorded** result, from many more runs than fit into a
# notebook that one waits for, and after "Here, with ..." the **live** one, from the runs of this
# notebook. Where nothing is recorded yet, the line shows the live result alone. You need not read
# it in order: come for the evidence. The table at the end has everything at a glance.

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

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
import inspect
import time
from dataclasses import replace
from functools import partial, reduce

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from scipy import special, stats
from sklearn import linear_model, neighbors, pipeline, preprocessing, tree

from helpers import claims, datasets, plots, training
from helpers.nets import gradients, models

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()


def compared(treatment, control):
    """The mean paired difference with its interval in words, and whether the interval holds 0."""
    difference = np.subtract(treatment, control)
    low, high = claims.paired_interval(difference)
    interval = f"99 % interval {low:+.3g} to {high:+.3g}, {len(difference)} paired runs"
    words = f"difference {difference.mean():+.3g}, {interval}"
    return words, low <= 0 <= high


# %% [markdown]
# ## 1. Words, counts, and the notes' listings
#
# What does the layer hold, and what does it compute (BNI-07)? Its own formula, written out in
# NumPy, must give what Keras gives.

# %%
# NBVAL_CHECK_OUTPUT
x = np.random.default_rng(seeds[0]).normal(5, 3, (200, 4)).astype("float32")
layer = layers.BatchNormalization()
layer.build(x.shape)
for variable in layer.variables:
    trained = "trained" if variable.trainable else "not trained"
    print(f"{variable.name:<16} shape {variable.shape}, {trained}")

# %%
layer.gamma.assign([2.0] * 4)
layer.beta.assign([-1.0] * 4)
counts = len(layer.trainable_variables), len(layer.non_trainable_variables)
apart = {}
for setting, inputs in (("before the activation", x), ("after the activation", np.maximum(x, 0))):
    by_hand = (inputs - inputs.mean(axis=0)) / np.sqrt(inputs.var(axis=0) + layer.epsilon) * 2 - 1
    apart[setting] = np.abs(by_hand - layer(inputs, training=True)).max()
    detail = (
        "Two variables are trained; centre, divide, scale, shift gives Keras's output within "
        f"{apart[setting]:.0e}."
    )
    verdicts.compute(
        "BNI-07", counts == (2, 2) and apart[setting] < 1e-4, detail=detail, setting=setting
    )

# %% [markdown]
# The two trained variables are the scale gamma and the shift beta; the other two are moving
# averages for later use, which the lesson looks at.
#
# The notes' two listings (BNI-04), as found, in a network for the red wines of note 004. The first
# normalizes what leaves the ReLU, the second what enters it. Both must do better than somebody who
# guesses.

# %%
wines = datasets.splits("wine", seeds)
wine = wines[0].standardized()
listings = {
    "after the activation": lambda: [
        layers.Dense(16, activation="relu"),
        layers.BatchNormalization(),
    ],
    "between layer and activation": lambda: [
        layers.Dense(16),
        layers.BatchNormalization(),
        layers.Activation("relu"),
    ],
}


def listed(name):
    """A network for wines with the lines of one listing in it."""
    return keras.Sequential([keras.Input((11,)), *listings[name](), layers.Dense(1)])


def at_rate(rate, **more):
    """A run for each seed at this learning rate."""
    return [training.Run(seed, learning_rate=rate, **more) for seed in seeds]


on_wine = training.Recipe(
    partial(listed, "after the activation"), loss="mae", optimizer="adam", epochs=20, batch_size=64
)
errors = {
    name: replace(on_wine, build=partial(listed, name)).fit(wine, at_rate(0.01)).test("loss")
    for name in listings
}
guess = np.abs(np.median(wine.y_train) - wine.y_test).mean()
for name in listings:
    measure = "test error against that of guessing the median"
    verdicts.compare(
        "BNI-04",
        errors[name],
        np.full(RUNS, guess),
        claimed="lower",
        measure=measure,
        setting=f"as found, {name}",
        data=wine,
    )

# %%
after, between = errors.values()
print("test error, between against after:", compared(between, after)[0])
network = listed("between layer and activation")
dense = network.layers[0]
_, found = gradients.gradients(
    lambda: keras.ops.mean(
        (network(wine.x_train[:64], training=True)[:, 0] - wine.y_train[:64]) ** 2
    ),
    [dense.kernel, dense.bias],
)
to_kernel, to_bias = (np.linalg.norm(gradient) for gradient in found)
print(
    f"length of the gradient right before the normalization: bias {to_bias:.0e}, "
    f"weights {to_kernel:.1f}"
)

# %% [markdown]
# Both listings work. The first printed line says whether the order mattered on these wines; that is
# a matter of the task. The bias right before a normalization is idle: what it adds, the mean takes
# away again, so it gets no gradient. Write `Dense(16, use_bias=False)` there.
#
# **Parameters or activations?** (BNI-14) Take the same network. What does a pass through it change,
# and which of its arrays come out with mean 0 and standard deviation 1?

# %%
before = [variable.numpy() for variable in network.trainable_variables]
passed = wine.x_train[:64]
entered, normalized = [], []
for part in network.layers:
    output = part(passed, training=True)
    if isinstance(part, layers.BatchNormalization):
        entered, normalized = np.array(passed), np.array(output)
    passed = output
moved = any(
    np.any(old != new.numpy()) for old, new in zip(before, network.trainable_variables, strict=True)
)
verdicts.compute(
    "BNI-14",
    moved,
    detail="A pass through the layers in training mode changed none of the parameters.",
    setting="passes change parameters",
)


def standard(array):
    """Whether each column has mean 0 and standard deviation 1, within 0.05."""
    return np.abs(array.mean(axis=0)).max() < 0.05 and np.abs(array.std(axis=0) - 1).max() < 0.05


arrays = {
    "the weights": before[0],
    "what enters the layer": entered,
    "what leaves the layer": normalized,
}
found = [name for name, array in arrays.items() if standard(array)]
detail = f"Mean 0 and standard deviation 1 has, of {', '.join(arrays)}: {', '.join(found)}."
verdicts.compute(
    "BNI-14", "the weights" in found, detail=detail, setting="parameters are normalized"
)

# %% [markdown]
# Parameters change only by training steps. What changes on the way through the layers are the
# *activations*, and it is they that are normalized. (Weights can be normalized too; that is another
# method, weight normalization.)
#
# **Is initialization much used?** (BNI-26) Ask Keras itself: which layers have weights, and which
# of those name an initializer?


# %%
def is_layer(thing):
    return inspect.isclass(thing) and issubclass(thing, layers.Layer)


signatures = {
    name: inspect.signature(kind).parameters for name, kind in inspect.getmembers(layers, is_layer)
}
basic = [
    name
    for name in signatures
    if name.startswith(("Dense", "Conv", "Depthwise", "Separable", "Embedding", "EinsumDense"))
]
basic += [
    "SimpleRNN",
    "LSTM",
    "GRU",
    "MultiHeadAttention",
    "BatchNormalization",
    "LayerNormalization",
]
without = [
    name for name in basic if not any(key.endswith("initializer") for key in signatures[name])
]
default = signatures["Dense"]["kernel_initializer"].default
detail = (
    f"Of {len(set(basic))} common kinds of layers, {len(without)} have no initializer; "
    f"Dense has {default!r}."
)
verdicts.compute("BNI-26", len(without) > len(basic) / 2, detail=detail, setting="not much used")

# %% [markdown]
# Nobody can leave it out: whoever writes `Dense(100)` uses the initialization of Glorot and Bengio
# (2010). That it can help in deep networks, the first half of the sentence, is measured in section
# 4 (BNI-24).
#
# **Modes** (QA-03). In PyTorch's words `model.train()` sets a mode, and `requires_grad` says
# whether a parameter gets a gradient. Keras has the same two switches under other names:
# `training=` and `trainable`.

# %%
# NBVAL_CHECK_OUTPUT
switches = keras.Sequential(
    [keras.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dropout(0.5)]
)
switches.layers[0].trainable = False  # frozen, before any mode is chosen
flags = [[weight.trainable for weight in switches.weights]]
for mode in (True, False, True):
    switches(x, training=mode)
    flags.append([weight.trainable for weight in switches.weights])
print("which weights may be trained:", flags[0])
print("the same after training=True, False, True:", all(flag == flags[0] for flag in flags))
differs = {
    mode: float(np.std(np.array(switches(x, training=mode)) - np.array(switches(x, training=mode))))
    for mode in (True, False)
}
print("two passes differ:", {mode: value > 0 for mode, value in differs.items()})

# %%
thawed = flags[-1][0] and flags[-1][1]
verdicts.compute(
    "QA-03",
    thawed,
    detail="A frozen layer stayed frozen in training mode; "
    "only dropout and the statistics changed.",
    setting="Keras's switches",
)

# %% [markdown]
# The mode changes what layers such as dropout and batch normalization compute, and nothing else.
# PyTorch is not installed here; its documentation describes `Module.train` in the same way, with a
# flag `training` of its own, and whoever froze a layer there and calls `train()` finds it frozen
# still. QA-04, on evaluation mode, is in the lesson.
#
# ## 2. Slopes of activation functions
#
# The sigmoid, the hyperbolic tangent, ReLU and ELU with their slopes (BNI-21).

# %%
functions = {
    "sigmoid": (special.expit, lambda z: special.expit(z) * special.expit(-z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "ReLU": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "ELU": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
    ),
    "linear": (lambda z: z, np.ones_like),
}
line = np.linspace(-10, 10, 2001)
slopes = {name: functions[name][1](line) for name in ("sigmoid", "tanh")}
right, left = line >= 0, line <= 0
falls = all(np.all(np.diff(slope[right]) < 0) and slope[-1] < 1e-3 for slope in slopes.values())
rises = all(np.all(np.diff(slope[left]) > 0) for slope in slopes.values())
verdicts.compute(
    "BNI-21",
    falls,
    detail="From 0 to 10 both slopes fall all the way to nearly 0.",
    setting="from 0 upward",
)
verdicts.compute(
    "BNI-21",
    not rises,
    detail="From -10 to 0 the input grows, and both slopes grow with it.",
    setting="from below 0 upward",
)
steepest = slopes["sigmoid"].max()


RANDOM = "random weights and inputs"


def deep_slopes(weights, x, name):
    """Mean length of the gradient that arrives at each layer, from the last to the first.

    What is sent back are random vectors of length 1. `weights` has shape (layers, units, units),
    `x` (rows, units).
    """
    function, slope = functions[name]
    sums = []
    for matrix in weights:
        sums.append(x @ matrix)
        x = function(sums[-1])
    gradient = np.random.default_rng(0).normal(size=x.shape)
    gradient /= np.linalg.norm(gradient, axis=1, keepdims=True)
    lengths = []
    for matrix, z in zip(weights[::-1], sums[::-1], strict=True):
        gradient = (gradient * slope(z)) @ matrix.T
        lengths.append(np.linalg.norm(gradient, axis=1).mean())
    return np.array(lengths)


def arriving(name, gain, depth, units=64):
    """log10 of the gradient that arrives after 1 to `depth` layers, shape (runs, depth).

    Weights are normal with variance gain**2 / units; each run draws weights and inputs of its own.
    """
    found = []
    for seed in seeds:
        generator = np.random.default_rng(seed)
        weights = gain * generator.normal(0, units**-0.5, (depth, units, units))
        found.append(deep_slopes(weights, generator.normal(size=(16, units)), name))
    return np.log10(np.maximum(found, 1e-300))


large, usual = arriving("tanh", 3, 20)[:, -1] - 20 * np.log10(3), arriving("tanh", 1, 20)[:, -1]
measure = (
    "log10 of the part of the slopes after 20 layers, weights three times as large against usual"
)
verdicts.compare(
    "BNI-21",
    large,
    usual,
    claimed="lower",
    measure=measure,
    setting="tanh: larger inputs fade more",
    data=RANDOM,
)
fading = arriving("sigmoid", 0.01, 20)[:, -1] - 20 * np.log10(0.01)
measure = (
    "log10 of the part of the slopes after 20 layers, tiny inputs of the sigmoid against no fading"
)
verdicts.compare(
    "BNI-21",
    fading,
    np.zeros(RUNS),
    claimed="higher",
    measure=measure,
    setting="sigmoid: small inputs do not fade",
    data=RANDOM,
)

# %% [markdown]
# It is the *absolute* input that matters. And the sigmoid fades without any large input: its slope
# is one quarter at most, right at 0, and twenty quarters multiply to next to nothing.
#
# **Is the sigmoid linear within ±1.96?** (BNI-15, BNI-16) First by computation, for values with
# mean 0 and standard deviation 1.

# %%
values = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
middle = np.abs(values) < 1.96
fit_line = stats.linregress(values, special.expit(values))
edge = functions["sigmoid"][1](1.96)
print(f"the best line explains {fit_line.rvalue**2:.4f} of the sigmoid's variance on these values")
verdicts.compute(
    "BNI-15",
    abs(middle.mean() - 0.95) < 0.01,
    detail=f"{middle.mean():.1%} of a normal distribution lie there.",
    setting="values lie within ±1.96",
)
detail = f"The slope is {steepest:.2f} at 0 and {edge:.2f} at 1.96; on a line it would be the same."
verdicts.compute(
    "BNI-15", edge > 0.9 * steepest, detail=detail, setting="the sigmoid is linear there"
)

# %% [markdown]
# One layer is nearly linear on such values, with a remainder. Do a few of them still make a network
# that is more than a line? Three sigmoid layers with a normalization before each, without its
# learned scale and shift (all values have mean 0 and standard deviation 1), and with them, against
# a logistic regression. The two moons cannot be told apart by a line.

# %%
moons = datasets.load("moons", seed=seeds[0]).standardized()


def sigmoids(**normalization):
    """Three normalized sigmoid layers of 16 units for the moons."""
    blocks = [
        part
        for _ in range(3)
        for part in (
            layers.Dense(16),
            layers.BatchNormalization(**normalization),
            layers.Activation("sigmoid"),
        )
    ]
    return keras.Sequential([keras.Input((2,)), *blocks, layers.Dense(2, activation="softmax")])


def plain_sigmoids():
    return sigmoids(center=False, scale=False, momentum=0.9)


def scaled_sigmoids():
    return sigmoids(momentum=0.9)


on_moons = training.Recipe(
    plain_sigmoids,
    loss="sparse_categorical_crossentropy",
    optimizer="adam",
    epochs=12,
    batch_size=32,
)
plain = on_moons.fit(moons, at_rate(0.01))
learned = replace(on_moons, build=scaled_sigmoids).fit(moons, at_rate(0.01))
straight = (
    linear_model.LogisticRegression()
    .fit(moons.x_train, moons.y_train)
    .score(moons.x_test, moons.y_test)
)
accuracy = {
    "standardized": plain.test("accuracy"),
    "scaled and shifted": learned.test("accuracy"),
    "line": np.full(RUNS, straight),
}
print({name: f"{values.mean():.3f}" for name, values in accuracy.items()})
words, same = compared(accuracy["standardized"], accuracy["line"])
verdicts.compute(
    "BNI-15",
    same,
    detail=f"Test accuracy, three standardized sigmoid layers against a line: {words}.",
    setting="the nonlinearity is gone",
    data=moons,
)


# %%
def bend(values):
    """The share of a sigmoid's variance that a line leaves unexplained, averaged over units."""
    pairs = ((unit, special.expit(unit)) for unit in values.T)
    return np.mean([1 - stats.linregress(*pair).rvalue ** 2 for pair in pairs])


def normalized_sums(seed, size):
    """Weighted sums of the features of 896 wines, normalized in batches of `size`, (896, 16)."""
    sums = wine.x_train[:896] @ np.random.default_rng(seed).normal(size=(11, 16))
    return stats.zscore(sums.reshape(-1, size, 16), axis=1).reshape(-1, 16)


by_batch, by_all = ([bend(normalized_sums(seed, size)) for seed in seeds] for size in (32, 896))
measure = "nonlinear share of a sigmoid's output, statistics of 32 against of all"
verdicts.compare(
    "BNI-16",
    by_batch,
    by_all,
    claimed="higher",
    measure=measure,
    setting="batch statistics keep it",
    data=wine,
)


def bend_after(build, runs):
    """The nonlinear share of the sigmoids' outputs in every trained network, on training moons."""
    network = build()
    sums = [part.output for part in network.layers if isinstance(part, layers.BatchNormalization)]
    inner = keras.Model(network.inputs[0], sums)
    found = []
    for weights in runs.weights:
        network.set_weights(weights)
        outputs = inner(moons.x_train, training=False)
        found.append(np.mean([bend(np.array(values)) for values in outputs]))
    return found


without_scale, with_scale = bend_after(plain_sigmoids, plain), bend_after(scaled_sigmoids, learned)
measure = (
    "nonlinear share of the sigmoids' outputs after training, without learned scale and shift "
    "against with"
)
verdicts.compare(
    "BNI-16",
    without_scale,
    with_scale,
    claimed="higher",
    measure=measure,
    setting="no need of scale and shift",
    data=moons,
)
gammas = np.concatenate([np.concatenate(weights[2:18:6]) for weights in learned.weights])
print(f"learned scales gamma: from {gammas.min():.2f} to {gammas.max():.2f}, all began at 1")

# %% [markdown]
# So the sentence of BNI-15 is half right: on values with standard deviation 1 a sigmoid is *nearly*
# a line, and a few of them in a row retain a little of their bend. Statistics taken from batches
# do not help: they draw the same values in slightly. What helps, where training wants it, are the
# scale and the shift that are learned (BNI-16). Batches are used because the statistics of all data
# would have to be computed anew after every step.
#
# ## 3. Deep stacks: what multiplies up
#
# "A weight above 1 acts like its power" (BNI-19). For a chain of single weights that is a fact of
# arithmetic; for matrices it is another quantity that counts. All stacks here have 64 units a
# layer, and none of their single weights is above 1. *Gain* 1 means that the variance of the
# weights is one over the number of units; for ReLU, which lets half of it pass, two.

# %%
DEPTH = 50
at = {"linear": 1.0, "tanh": 1.0, "ReLU": 2**0.5}  # the gain that preserves a signal
gains = (0.9, 1.0, 1.1)
profile = {
    (name, gain): arriving(name, gain * unit, DEPTH) for name, unit in at.items() for gain in gains
}

chain, start = keras.Variable(1.1), keras.Variable(1.0)
_, (by_chain,) = gradients.gradients(
    lambda: reduce(lambda value, _: chain * value, range(DEPTH), start.value), [start]
)
detail = (
    f"The gradient through {DEPTH} steps is {by_chain:.1f}, "
    f"and 1.1 to the power of {DEPTH} is {1.1**DEPTH:.1f}."
)
verdicts.compute(
    "BNI-19",
    np.isclose(by_chain, 1.1**DEPTH, rtol=1e-4),
    detail=detail,
    setting="a chain of single weights",
)

largest = max(
    np.abs(1.1 * np.random.default_rng(seed).normal(0, 64**-0.5, (DEPTH, 64, 64))).max()
    for seed in seeds
)
grown = 10 ** profile["linear", 1.1][:, -1].mean()
detail = (
    f"The largest of all weights is {largest:.2f}, "
    f"and still the gradient grows to {grown:.0f} times its length."
)
verdicts.compute(
    "BNI-19", not (largest < 1 < grown), detail=detail, setting="it needs weights above 1"
)

for name in ("linear", "ReLU"):
    for gain, word in ((1.1, "a tenth more"), (0.9, "a tenth less")):
        change = profile[name, gain][:, -1] - profile[name, 1.0][:, -1]
        powers = np.allclose(change, DEPTH * np.log10(gain), atol=0.01)
        detail = (
            f"In {RUNS} draws it multiplies the gradient by {10 ** change.mean():.4g}; "
            f"its power is {gain**DEPTH:.4g}."
        )
        verdicts.compute(
            "BNI-19", powers, detail=detail, setting=f"matrices, {name}, {word}", data=RANDOM
        )
measure = f"log10 of the gradient after {DEPTH} layers, gain 1.1 against 1"
treatment, control = profile["tanh", 1.1][:, -1], profile["tanh", 1.0][:, -1]
margin = round(0.9 * DEPTH * np.log10(1.1), 2)  # nine tenths of the power
verdicts.compare(
    "BNI-19",
    treatment,
    control,
    claimed="higher",
    measure=measure,
    margin=margin,
    setting="matrices, tanh, a tenth more",
    data=RANDOM,
)

# %% [markdown]
# **Exploding** (BNI-18). Weights twice as large in a stack of ReLU layers; then a recurrent
# network, which multiplies with the *same* matrix at every step, reading pictures of clothes pixel
# group by pixel group. Last, training itself.

# %%
PICTURES = {"quick": 3000, "full": 8000}[PROFILE]
clothes = datasets.load("fashion", seed=seeds[0]).standardized()


def quarter(images):
    """Images shrunk to 14 x 14, as rows of 196 numbers."""
    return images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196).astype("float32")


small = clothes.head(train=PICTURES, valid=500).map(quarter, note="shrunk to 14 x 14")


def recurrent(name, gain, units=64):
    """log10 of the last state's gradient by the states 1 to 112 steps before, shape (runs, 112)."""
    function, slope = functions[name]
    found = []
    for seed in seeds:
        generator = np.random.default_rng(seed)
        again = gain * generator.normal(0, units**-0.5, (units, units))
        reading = generator.normal(0, 7**-0.5, (7, units))
        rows = generator.integers(0, len(clothes.x_train), 32)
        sequence = clothes.x_train[rows].reshape(32, 112, 7).swapaxes(0, 1)
        state, sums = np.zeros((32, units)), []
        for pixels in sequence:
            sums.append(state @ again + pixels @ reading)
            state = function(sums[-1])
        gradient = generator.normal(size=state.shape)
        gradient /= np.linalg.norm(gradient, axis=1, keepdims=True)
        lengths = []
        for z in sums[::-1]:
            gradient = (gradient * slope(z)) @ again.T
            lengths.append(np.linalg.norm(gradient, axis=1).mean())
        found.append(lengths)
    return np.log10(np.maximum(found, 1e-300))


twice = arriving("ReLU", 2 * at["ReLU"], 20)
verdicts.compare(
    "BNI-18",
    twice[:, -1],
    twice[:, 0],
    claimed="higher",
    measure="log10 of the gradient, after 20 layers against 1",
    setting="20 ReLU layers, twice the weights",
    data=RANDOM,
)
recurring = {
    (name, gain): recurrent(name, gain * at[name])
    for name, gain in (("ReLU", 1.0), ("ReLU", 1.2), ("tanh", 1.2))
}
for name, gain in (("ReLU", 1.2), ("tanh", 1.2)):
    reached = recurring[name, gain]
    measure = "log10 of the gradient, 112 steps back against 7"
    verdicts.compare(
        "BNI-18",
        reached[:, -1],
        reached[:, 6],
        claimed="higher",
        measure=measure,
        setting=f"recurrent {name}, gain {gain}",
        data=clothes,
    )

# %%
with plots.canvas(3, width=10.4, height=3.7) as (figure, panels):
    depths = np.arange(1, DEPTH + 1)
    for panel, name in zip(panels, ("linear", "tanh"), strict=False):
        series = {f"gain {gain}": profile[name, gain] for gain in gains}
        plots.curves(panel, depths, series, xlabel="layers passed on the way back", ylabel="")
        for gain in gains:
            panel.plot(depths, depths * np.log10(gain), color="black", linestyle=":", linewidth=1)
        panel.set(title=f"Stack of layers, {name}", ylim=(-4, 3))
    steps = np.arange(1, 113)
    series = {f"{name}, gain {gain}": reached for (name, gain), reached in recurring.items()}
    plots.curves(
        panels[2],
        steps,
        series,
        xlabel="steps back in time",
        ylabel="",
        title="Recurrent, reading pictures",
    )
    panels[0].set_ylabel("log10 of the gradient's length")
plots.show(
    figure,
    alt="Length of the gradient on its way back, on a logarithmic axis. In a linear stack it "
    "follows the powers of the gain; with tanh it falls below them; in a recurrent ReLU network "
    "with gain 1.2 it grows by many powers of ten.",
    data=f"{RANDOM} (left, middle); {clothes} (right)",
)

# %% [markdown]
# The dotted lines are the powers of the gain. A linear stack follows them (left): what multiplies
# up is the typical stretch of the matrices, their singular values, and no single weight. With tanh
# (middle) the slopes of the activation multiply in too, and they are below 1 wherever a signal is
# large: so more weight makes the signal larger, and the slopes smaller. A recurrent network (right)
# is as deep as its sequence is long, which is how it comes so easily to numbers that no computer
# can use.
#
# Now in training: a network of eight ReLU layers on pictures of clothes, He's initial weights times
# a factor. One program serves all factors, and most of what follows.

# %%
LAYERS, UNITS, EPOCHS, BATCH = 8, 50, 3, 64
shape = {"inputs": 196, "hidden": [UNITS] * LAYERS, "outputs": 10, "output_activation": "softmax"}


def deep(normalized=False, gain=1.0, activation="relu", depth=LAYERS):
    """A deep classifier whose hidden layers begin with He's weights times `gain`."""
    options = shape | {
        "hidden": [UNITS] * depth,
        "activation": activation,
        "kernel_initializer": "he_normal",
    }
    network = (
        models.batch_normalized_mlp(momentum=0.9, **options)
        if normalized
        else models.mlp(**options)
    )
    for part in network.layers[:-1]:
        if isinstance(part, layers.Dense):
            part.kernel.assign(gain * part.kernel)
    return network


recipe = training.Recipe(
    deep,
    loss="sparse_categorical_crossentropy",
    optimizer="sgd",
    epochs=EPOCHS,
    batch_size=BATCH,
    metrics=["accuracy"],
)


def beginning(**options):
    """The recipe with a deep classifier of these options."""
    return replace(recipe, build=partial(deep, **options))


def largest_weight(runs):
    return np.log10([max(np.abs(weight).max() for weight in weights) for weights in runs.weights])


one_step = at_rate(0.03, train_rows=np.arange(BATCH))
stepped = {
    gain: replace(beginning(gain=gain), epochs=1).fit(small, one_step) for gain in (1.0, 3.0)
}
measure = "log10 of the largest weight after one step, initial weights times 3 against 1"
verdicts.compare(
    "BNI-18",
    largest_weight(stepped[3.0]),
    largest_weight(stepped[1.0]),
    claimed="higher",
    measure=measure,
    setting="weights become abnormally large",
    data=small,
)
order = np.random.default_rng(seeds[0]).permutation(PICTURES)
begun = {
    name: beginning(gain=factor).fit(small, at_rate(0.1, order=order))
    for name, factor in (("He", 1.0), ("three times He", 3.0))
}
lost = {name: len(runs.failures) for name, runs in begun.items()}
wild, sound = lost["three times He"], lost["He"]
detail = (
    f"The loss stopped being a number in {wild} of {RUNS} runs with weights times 3, "
    f"{sound} with times 1."
)
verdicts.compute(
    "BNI-18", wild > RUNS / 2 > sound, detail=detail, setting="training diverges", data=small
)

# %% [markdown]
# ## 4. Initial weights and activations in training
#
# **Initialization** (BNI-24). All runs see the same minibatches in the same order, only their
# initial weights differ: first in the draw, then in their size, which is He's, Glorot's, a standard
# deviation of 0.01, or zero.

# %%
factors = {"He": 1.0, "Glorot": 0.5**0.5, "normal 0.01": 0.01 * (UNITS / 2) ** 0.5, "zeros": 0.0}
for name in list(factors)[1:]:  # He's runs are those of section 3
    begun[name] = beginning(gain=factors[name]).fit(small, at_rate(0.1, order=order))
reached = begun["He"].test("accuracy")
detail = (
    f"{RUNS} draws of He's weights led to test accuracies "
    f"from {reached.min():.3f} to {reached.max():.3f}."
)
verdicts.compute(
    "BNI-24", np.ptp(reached) > 0.01, detail=detail, setting="they change the result", data=small
)
for name in list(factors)[1:]:
    treatment, control = begun["He"].last("accuracy"), begun[name].last("accuracy")
    verdicts.compare(
        "BNI-24",
        treatment,
        control,
        claimed="higher",
        measure=f"training accuracy, He against {name}",
        setting=f"it helps: He, not {name}",
        data=small,
    )
tiny, he = (
    arriving("ReLU", factors[name] * 2**0.5, LAYERS, units=UNITS) for name in ("normal 0.01", "He")
)
gain = he[:, -1] - tiny[:, -1]
detail = (
    f"After {LAYERS} layers He's weights leave 10^{gain.mean():.0f} times the gradient "
    "that normal 0.01 leaves."
)
verdicts.compute(
    "BNI-24", gain.min() > 1, detail=detail, setting="it eases vanishing gradients", data=RANDOM
)

# %% [markdown]
# **LeCun's normal** (BNI-28) can be asked for by name. But what does the name set, and what if
# another name stands there? Through 20 layers of SELU, which is made so that mean 0 and standard
# deviation 1 maintain themselves:


# %%
def selu_spread(variance, depth=20, units=64):
    """|log10| of each run's standard deviation in the last layer; weights of `variance` / units."""
    found = []
    for seed in seeds:
        generator = np.random.default_rng(seed)
        signal = generator.normal(size=(128, units))
        for _ in range(depth):
            sums = signal @ generator.normal(0, (variance / units) ** 0.5, (units, units))
            signal = 1.0507009873554805 * np.where(
                sums > 0, sums, 1.6732632423543772 * np.expm1(np.minimum(sums, 0))
            )
        found.append(abs(np.log10(signal.std())))
    return np.array(found)


named = keras.Sequential(
    [keras.Input((400,)), layers.Dense(200, activation="selu", kernel_initializer="lecun_normal")]
)
drawn = named.layers[0].kernel.numpy()
outputs = named(np.random.default_rng(seeds[0]).normal(size=(8, 400)).astype("float32"))
verdicts.compute(
    "BNI-28",
    np.all(np.isfinite(outputs)),
    detail="Asked for by its name, it works.",
    setting="to run it",
)
print(
    f"With 400 inputs the variance of the weights is {drawn.var():.5f}; "
    f"one over the number of inputs is {1 / 400:.5f}."
)
lecun = selu_spread(1.0)
for name, variance in (("He's", 2.0), ("half of it", 0.5)):
    measure = (
        "distance of the standard deviation from 1 after 20 layers (log10), "
        f"variance {name} against LeCun's"
    )
    verdicts.compare(
        "BNI-28",
        selu_spread(variance),
        lecun,
        claimed="lower",
        measure=measure,
        setting=f"it may be exchanged: {name}",
        data=RANDOM,
    )

# %% [markdown]
# One may use it without knowing, as long as nobody touches it. Who knows that it is a variance of
# one over the number of inputs also knows when it is the wrong one.
#
# **ELU** (BNI-22, BNI-23). Does it ease vanishing gradients, can its neurons die, and is it slower?
# A neuron is dead if its slope is 0 for every picture. The test for it is hard: one step at a
# learning rate that is far too large.

# %%
measure = "log10 of the gradient after 20 layers, ELU against sigmoid (He's weights)"
verdicts.compare(
    "BNI-22",
    arriving("ELU", 2**0.5, 20)[:, -1],
    arriving("sigmoid", 2**0.5, 20)[:, -1],
    claimed="higher",
    measure=measure,
    setting="eases vanishing gradients",
    data=RANDOM,
)


def asleep(runs, name, limit):
    """Each run's share of hidden neurons with slopes of at most `limit` for all 1,000 pictures."""
    function, slope = functions[name]
    found = []
    for weights in runs.weights:
        signal, silent = small.x_train[:1000], []
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            sums = signal @ kernel + bias
            silent.append(slope(sums).max(axis=0) <= limit)
            signal = function(sums)
        found.append(np.mean(silent))
    return np.array(found)


too_large = at_rate(3.0, train_rows=np.arange(BATCH))
shocked = {
    name: replace(beginning(activation=name.lower()), epochs=1).fit(small, too_large)
    for name in ("ReLU", "ELU")
}
gone = {name: asleep(runs, name, 0.0) for name, runs in shocked.items()}
nearly = asleep(shocked["ELU"], "ELU", 1e-3)
dead = ", ".join(f"{name} {share.mean():.1%}" for name, share in gone.items())
print(f"dead: {dead}; ELU with slopes below 0.001: {nearly.mean():.1%}")
verdicts.compare(
    "BNI-22",
    gone["ELU"],
    gone["ReLU"],
    claimed="lower",
    measure="share of dead neurons after one wild step, ELU against ReLU",
    setting="fewer dead neurons than ReLU",
    data=small,
)
verdicts.compute(
    "BNI-22",
    nearly.max() == 0,
    detail=f"After the same step {nearly.mean():.1%} of ELU's neurons have slopes below 0.001 "
    "for each of 1,000 pictures.",
    setting="none as good as dead",
    data=small,
)

# %%
numbers = tf.constant(np.random.default_rng(seeds[0]).normal(size=(1000, 1000)), tf.float32)


def seconds(work, times):
    """log10 seconds of one of `times` calls."""
    clock = time.perf_counter()
    for _ in range(times):
        work()
    return np.log10((time.perf_counter() - clock) / times)


operation = np.array(
    [[seconds(partial(act, numbers), 10) for act in (tf.nn.elu, tf.nn.relu)] for _ in seeds]
)
verdicts.compare(
    "BNI-23",
    *operation.T,
    claimed="higher",
    measure="log10 seconds for a million numbers, ELU against ReLU",
    setting="the operation alone",
    data="random numbers",
)


def loss_on(network, rows):
    """A function without arguments: the mean loss of the first so many pictures, in training mode.

    It takes the softmax off the network: by way of probabilities, JAX finds no gradient where they
    are 0 or 1.
    """
    network.layers[-1].activation = keras.activations.linear
    x, y = (keras.ops.convert_to_tensor(part[:rows]) for part in (small.x_train, small.y_train))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return lambda: loss(y, network(x, training=True))


def training_step(network):
    """A compiled function without arguments: the gradients of the loss on one minibatch."""
    loss = loss_on(network, BATCH)
    step = gradients.compiled_gradients(loss, network.trainable_variables)
    step()  # compiles
    return step


steps = training_step(deep(activation="elu")), training_step(deep())
times = np.array([[seconds(step, 30) for step in steps] for _ in seeds])
verdicts.compare(
    "BNI-23",
    *times.T,
    claimed="higher",
    measure="log10 seconds of a training step, ELU against ReLU",
    margin=np.log10(1.1),
    setting="a training step, by a tenth at least",
    data=small,
)
elus = beginning(activation="elu").fit(small, at_rate(0.03, order=order))
verdicts.compare(
    "BNI-23",
    elus.last("val_loss"),
    begun["He"].last("val_loss"),
    claimed="higher",
    measure=f"validation loss after {EPOCHS} epochs, ELU against ReLU",
    setting="progress by epoch",
    data=small,
)

# %% [markdown]
# ELU has no slope of exactly 0 on paper. In 32 bits the exponential of a very negative number *is*
# 0, and long before that it is too small to learn anything. And on the clock: the exponential costs
# more than a comparison, but it is only a part of a training step. How much of the difference is
# left there depends on the network and on the machine; how far training gets in the same number of
# steps is yet another question, with an answer of its own.
#
# ## 5. What batch normalization does for a deep network
#
# **Slow or unstable?** (BNI-01) The same eight layers with and without batch normalization; weights
# of He's size, and half of it, with which the signal dies out on its way. Each variant is trained
# by all runs at four learning rates and compared at the rate that is best for it on validation
# pictures. Then both at a rate that is too large.

# %%
rates = (0.03, 0.1, 0.3, 1.0)
names = {0.5: "slow: weights half as large", 1.0: "sound weights"}


variants = {
    (normalized, factor): {
        rate: beginning(normalized=normalized, gain=factor).fit(small, at_rate(rate))
        for rate in rates
    }
    for normalized in (False, True)
    for factor in names
}
held_out = {
    variant: np.transpose([runs.last("val_accuracy") for runs in by_rate.values()])
    for variant, by_rate in variants.items()
}
own = {variant: rates[values.mean(axis=0).argmax()] for variant, values in held_out.items()}
trained = {variant: variants[variant][rate] for variant, rate in own.items()}
for factor, name in names.items():
    print(f"{name}: learning rates {own[False, factor]} without and {own[True, factor]} with")
    verdicts.compare(
        "BNI-01",
        trained[True, factor].test("accuracy"),
        trained[False, factor].test("accuracy"),
        claimed="higher",
        measure="test accuracy, with batch normalization against without, each at its own rate",
        setting=name,
        data=small,
    )
verdicts.compare(
    "BNI-01",
    variants[True, 1.0][rates[-1]].test("accuracy"),
    variants[False, 1.0][rates[-1]].test("accuracy"),
    claimed="higher",
    measure=f"test accuracy, with batch normalization against without, both at rate {rates[-1]}",
    setting="unstable: rate too large",
    data=small,
)

# %%
with plots.canvas(2, width=9.6, height=3.6, sharey=True) as (figure, panels):
    for panel, (factor, name) in zip(panels, names.items(), strict=True):
        series = {"without": held_out[False, factor], "with": held_out[True, factor]}
        plots.curves(panel, rates, series, xlabel="learning rate", ylabel="", marker=True)
        panel.set(xscale="log", ylim=(0, 0.85), title=name.capitalize())
    panels[0].set_ylabel(f"validation accuracy after {EPOCHS} epochs")
plots.show(
    figure,
    alt="Validation accuracy over the learning rate with and without batch normalization. With "
    "weights of half the size only the normalized network learns well; with sound weights both do, "
    "at the largest rate only that one.",
    data=small,
)

# %% [markdown]
# On the left the weights are too small: the signal dies out, the network without batch
# normalization has a hard start, and that is where the other gains most. On the right the weights
# are sound. At a rate of its own the plain network learns too, and the verdict says what is left to
# gain; at the right edge it is the rate that is unsound. The sentence of the note names the right
# conditions.
#
# **What leaves the layer?** (BNI-09) The sums WX + b of the middle hidden layer, then normalized,
# then scaled and shifted by what training has learned.

# %%
MIDDLE = LAYERS // 2
network = deep(True)
normalizations = [part for part in network.layers if isinstance(part, layers.BatchNormalization)]
inner = keras.Model(
    network.inputs[0], [normalizations[MIDDLE].input, normalizations[MIDDLE].output]
)


def stages(weights):
    """The middle layer's sums, normalized, and scaled and shifted, each (pictures, units)."""
    network.set_weights(weights)
    layer = normalizations[MIDDLE]
    sums, scaled = (np.array(part, float) for part in inner(small.x_train, training=True))
    return sums, (scaled - layer.beta.numpy()) / layer.gamma.numpy(), scaled


through = [stages(weights) for weights in trained[True, 1.0].weights]
centred = all(standard(part) for _, part, _ in through)
verdicts.compute(
    "BNI-09",
    centred,
    detail="Normalized sums of all units have mean 0 and standard deviation 1 within 0.05.",
    setting="mean 0, standard deviation 1",
    data=small,
)
bent = [np.abs(stats.skew(sums) - stats.skew(part)).max() for sums, part, _ in through]
normal = np.mean([np.mean(stats.normaltest(part).pvalue > 0.01) for _, part, _ in through])
detail = (
    f"Skewness changed by {max(bent):.0e} at most; "
    f"{normal:.0%} of the units pass a test for a normal distribution."
)
verdicts.compute("BNI-09", normal > 0.9, detail=detail, setting="a normal distribution", data=small)
moved = (
    [np.abs(part.std(axis=0) - 1) for *_, part in through],
    [np.abs(part.mean(axis=0)) for *_, part in through],
)
words = " and ".join(
    f"{name} by {np.mean(by):.2f} on average, {np.max(by):.2f} at most"
    for name, by in zip(("standard deviations", "means"), moved, strict=True)
)
verdicts.compute(
    "BNI-09",
    all(standard(part) for *_, part in through),
    detail=f"Scale and shift moved {words}.",
    setting="and so they stay",
    data=small,
)

# %%
unit = np.abs(stats.skew(through[0][0])).argmax()
with plots.canvas(3, width=9.6, height=3.0) as (figure, panels):
    titles = ("The sums WX + b", "normalized", "scaled and shifted")
    for number, (panel, title, part) in enumerate(zip(panels, titles, through[0], strict=True)):
        panel.hist(part[:, unit], bins=40, color=plots.COLORS[number], density=True)
        if number:
            grid = np.linspace(-3.5, 3.5, 200)
            panel.plot(
                grid,
                stats.norm.pdf(grid),
                color="black",
                linestyle="--",
                linewidth=1.2,
                label="normal (0, 1)",
            )
            panel.legend(fontsize=8.5)
        panel.set(title=title, xlabel="value")
    panels[0].set_ylabel("density")
plots.show(
    figure,
    alt="Three histograms of one unit: its sums, the same normalized, and scaled and shifted. All "
    "have the same lopsided shape; only place and width differ.",
    data=f"{small}; one unit",
)

# %% [markdown]
# One unit, the most lopsided of the layer. To centre and to divide moves and stretches a
# distribution; its shape stays. The second half of the sentence, that gradients become better,
# comes next.
#
# **Why was it made, and why does it work?** (BNI-06) Three answers are about. The note says:
# against vanishing and exploding gradients. Its authors (Ioffe and Szegedy 2015) say in the title
# of their paper: to reduce *internal covariate shift*, the drift of a layer's inputs while the
# layers before it learn. Santurkar et al. (2018) measured that drift, found it no smaller, and say:
# it makes the loss smoother, so that a gradient still holds after a step along it.
#
# All three can be measured. First the gradients of fresh networks: how long is the one of the first
# layer's weights, compared with those weights? A learning rate has to fit this number.


# %%
PROBE = 256


def relative_gradient(**options):
    """log10 of the length of the first layer's gradient over its weights', in fresh networks."""
    found = []
    for seed in seeds:
        network = training.seeded(partial(deep, **options), seed)
        first = network.trainable_variables[0]
        _, (gradient,) = gradients.gradients(loss_on(network, PROBE), [first])
        found.append(np.log10(np.linalg.norm(gradient) / np.linalg.norm(first.numpy())))
    return np.array(found)


for setting, claimed, options in (
    ("vanishing, sigmoid", "higher", {"activation": "sigmoid"}),
    ("exploding, ReLU, weights twice as large", "lower", {"gain": 2.0}),
):
    sizes = {
        normalized: relative_gradient(normalized=normalized, **options)
        for normalized in (True, False)
    }
    print(f"{setting}: {sizes[False].mean():.1f} without, {sizes[True].mean():.1f} with")
    measure = "log10 of the first layer's gradient over its weights, with against without"
    verdicts.compare(
        "BNI-06",
        sizes[True],
        sizes[False],
        claimed=claimed,
        measure=measure,
        setting=setting,
        data=small,
    )
    verdicts.compare(
        "BNI-09",
        sizes[True],
        sizes[False],
        claimed=claimed,
        measure=measure,
        setting=f"better gradients: {setting}",
        data=small,
    )

# %% [markdown]
# If that were all of it, a network with sound gradients would have nothing to gain. So take He's
# weights and ReLU, where gradients are even, and look along the way: at the start, after the first
# epoch and after the last, both networks at the same rate. One step of gradient descent is taken.
# *Shift*: how far does it move the mean of what enters the middle layer, in standard deviations?
# And, as Santurkar et al. define it, by how much does the layer's own gradient change when only the
# layers before it take their step? *Smoothness*: by how much does the whole gradient change over
# steps of half to four times that length, relative to its own size, and for each unit of distance?

# %%
PROBE_RATE, STRETCH, MOMENTS = rates[0], (0.5, 1.0, 2.0, 4.0), (0, 1, EPOCHS)


def length(arrays):
    return np.sqrt(sum(np.sum(np.square(array)) for array in arrays))


def along(network, gradients_at, weights):
    """What a step from `weights` changes: inputs, the layer's gradient, the whole gradient."""
    network.set_weights(weights)
    variables = network.trainable_variables
    start = [variable.numpy() for variable in variables]
    slopes, entering = gradients_at()
    kernel = [number for number, array in enumerate(start) if array.ndim == 2][MIDDLE]

    def step(stretch, until=None):
        """Gradients and inputs after a step of the variables before number `until`, or of all."""
        for variable, old, gradient in zip(variables[:until], start, slopes, strict=False):
            variable.assign(old - stretch * PROBE_RATE * gradient)
        return gradients_at()

    before, _ = step(1.0, until=kernel)
    own_change = length([before[kernel] - slopes[kernel]]) / length([slopes[kernel]])
    after = {stretch: step(stretch) for stretch in STRETCH}
    alive = entering.std(axis=0) > 1e-6
    moved = np.abs(after[1.0][1].mean(axis=0) - entering.mean(axis=0))
    shift = moved[alive] / entering.std(axis=0)[alive]
    changes = np.array(
        [
            length([a - b for a, b in zip(after[stretch][0], slopes, strict=True)])
            for stretch in STRETCH
        ]
    ) / length(slopes)
    return [shift.mean(), own_change, *changes, np.max(changes / np.array(STRETCH) / PROBE_RATE)]


def watched(normalized):
    """What `along` finds, shape (moments, runs, 7)."""
    network = deep(normalized)
    dense = [part for part in network.layers if isinstance(part, layers.Dense)]
    before_middle = keras.Model(network.inputs[0], dense[MIDDLE].input)
    loss = loss_on(network, PROBE)
    slopes_now = gradients.compiled_gradients(loss, network.trainable_variables)

    def gradients_at():
        return slopes_now(), np.array(before_middle(small.x_train[:PROBE], training=True))

    one_epoch = replace(beginning(normalized=normalized), epochs=1)
    moments = (
        [training.seeded(one_epoch.build, seed).get_weights() for seed in seeds],
        one_epoch.fit(small, at_rate(PROBE_RATE)).weights,
        variants[normalized, 1.0][PROBE_RATE].weights,
    )
    return np.array(
        [[along(network, gradients_at, weights) for weights in every] for every in moments]
    )


seen = {normalized: watched(normalized) for normalized in (False, True)}
QUANTITIES = {
    "shift of the middle layer's inputs": 0,
    "change of the middle layer's gradient by the layers before": 1,
    "change of the whole gradient along the step": 3,
    "the same for each unit of distance": 6,
}
for what, index in QUANTITIES.items():
    for moment, epochs in enumerate(MOMENTS):
        log_with, log_without = (
            np.log10(seen[normalized][moment, :, index]) for normalized in (True, False)
        )
        print(f"{what}, log10, after {epochs} epochs: {compared(log_with, log_without)[0]}")


def no_lower(moment, index):
    """Whether batch normalization leaves the quantity, or raises it, and the finding in words."""
    difference = np.log10(seen[True][moment, :, index]) - np.log10(seen[False][moment, :, index])
    low, high = claims.paired_interval(difference)
    interval = f"99 % interval {low:+.2f} to {high:+.2f}, {RUNS} paired runs"
    return high >= 0, f"with against without {difference.mean():+.2f}, {interval}"


for setting, index in (
    ("not for steadier inputs", 0),
    ("not for steadier layers", 1),
    ("not for a smoother loss", 3),
):
    for moment in (0, 2):
        unmoved, words = no_lower(moment, index)
        what = list(QUANTITIES)[list(QUANTITIES.values()).index(index)].capitalize()
        when = f"after {MOMENTS[moment]} epochs" if moment else "at the start"
        verdicts.compute(
            "BNI-06",
            unmoved,
            detail=f"{what}, log10: {words}.",
            setting=f"{setting}, {when}",
            data=small,
        )

# %%
with plots.canvas(4, width=11.5, height=3.5) as (figure, panels):
    pair = (("without", False), ("with", True))
    for panel, moment in zip(panels, (0, 2), strict=False):
        series = {name: seen[normalized][moment, :, 2:6] for name, normalized in pair}
        plots.curves(
            panel, STRETCH, series, xlabel=f"step, in units of {PROBE_RATE}", ylabel="", marker=True
        )
        panel.set(
            title=f"After {MOMENTS[moment]} epochs" if moment else "At the start", ylim=(0, 5)
        )
        panel.set_xticks(STRETCH, [f"{stretch:g}" for stretch in STRETCH])
    panels[0].set_ylabel("relative change of the gradient")
    for panel, index, title in (
        (panels[2], 0, "Shift of inputs"),
        (panels[3], 1, "Shift of gradient"),
    ):
        series = {name: seen[normalized][:, :, index].T for name, normalized in pair}
        plots.curves(panel, MOMENTS, series, xlabel="epochs", ylabel="", marker=True, title=title)
        panel.set(yscale="log" if index == 0 else "linear")
plots.show(
    figure,
    alt="Four panels with and without batch normalization: relative change of the gradient over "
    "the length of a step, at the start and after three epochs, and two measures of the shift of "
    "the middle layer over epochs.",
    data=small,
)

# %% [markdown]
# How to read the verdicts on BNI-06: the first two ask whether it repairs gradients that vanish or
# explode. The others ask about rival reasons in a network that needs no repair: if batch
# normalization were made for gradients that vanish or explode and for nothing else, it should do
# nothing there. The drift of the means goes down almost by construction, because taking out the
# mean is what the layer does. The drift of the gradient, which is the definition of Santurkar et
# al., and the smoothness along the step are the better questions, and for both it matters *when*
# one looks: compare the start with later epochs. What its authors wanted is in their title. What it
# does is more than one thing.

# %% [markdown]
# ## 6. The scale of the inputs
#
# **Is training unstable without a common scale?** (BNI-02) The red wines as they are: one feature
# is near 0.1, another near 100. A small network, gradient descent, and for each form of the inputs
# the learning rate that is best for it on validation wines. Then standardized features multiplied
# by factors from 1 to 1,000.

# %%
average = wine.y_train.mean()


def from_average(split):
    """The wines with targets that say how far each is from the average, shape (n, 1)."""
    names = ("y_train", "y_valid", "y_test")
    return replace(split, **{name: getattr(split, name)[:, None] - average for name in names})


spread_out = np.logspace(0, 3, 11)[np.random.default_rng(seeds[0]).permutation(11)].astype(
    "float32"
)
forms = {
    "standardized": from_average(wine),
    "as they are": from_average(wines[0]),
    "factors 1 to 1,000": from_average(wine.map(lambda x: x * spread_out)),
}
wine_rates = 10.0 ** np.arange(-6, 0)


descending = training.Recipe(
    lambda: models.mlp(11, [16]), loss="mse", optimizer="sgd", epochs=20, batch_size=64
)
trials = [
    training.Run(seed, learning_rate=rate)
    for rate in wine_rates
    for seed in training.seeds(SEED, RUNS + 2)[RUNS:]  # other runs than those that are judged
]


def best_rate(data):
    """The rate with the lowest mean validation loss of two trials; infinite where one diverged."""
    losses = descending.fit(data, trials).last("val_loss").reshape(len(wine_rates), 2).mean(axis=1)
    return float(wine_rates[np.where(np.isfinite(losses), losses, np.inf).argmin()])


def no_better_than_guessing(runs):
    """How many runs ended with a training loss no lower than guessing has, or with no number."""
    return int(np.sum(~(runs.last("loss") < wine.y_train.var())))


own_rates = {name: best_rate(data) for name, data in forms.items()}
print("best rates:", own_rates)
reached = {name: descending.fit(data, at_rate(own_rates[name])) for name, data in forms.items()}
guessing = np.mean((average - wine.y_test) ** 2)
squared = {  # who ends worse than guessing, or diverges, may guess
    name: np.fmin(
        ((average + runs.predict(forms[name].x_test)[..., 0] - wine.y_test) ** 2).mean(axis=1),
        guessing,
    )
    for name, runs in reached.items()
}
print(
    f"squared test error of guessing {guessing:.2f}, "
    + ", ".join(f"{name} {found.mean():.2f}" for name, found in squared.items())
)
for name in list(forms)[1:]:
    measure = "squared test error, standardized against not, each at its own rate"
    verdicts.compare(
        "BNI-02",
        squared["standardized"],
        squared[name],
        claimed="lower",
        measure=measure,
        setting=f"slow: {name}",
        data=wine,
    )
for name in list(forms)[1:]:
    rate = own_rates["standardized"]
    lost = no_better_than_guessing(descending.fit(forms[name], at_rate(rate)))
    few = no_better_than_guessing(reached["standardized"])
    detail = (
        f"At learning rate {rate:g} {lost} of {RUNS} runs ended no better than guessing; "
        f"standardized {few}."
    )
    verdicts.compute(
        "BNI-02", lost > RUNS / 2 > few, detail=detail, setting=f"unstable: {name}", data=wine
    )

# %% [markdown]
# **Why?** (QA-06) The note says that a narrow range of the *parameters* helps, since a model may
# *misinterpret* data that range widely. Three questions. Does a narrow range of initial weights
# help the deep network of section 5? Does a narrow range of inputs help? And is anything
# misinterpreted? For the last two, least squares on the wines: there everything about gradient
# descent can be computed exactly, from the eigenvalues of the loss.

# %%
narrow, usual = (trained[False, factor].last("accuracy") for factor in (0.5, 1.0))
measure = "training accuracy, initial weights half as large against He's"
verdicts.compare(
    "QA-06",
    narrow,
    usual,
    claimed="higher",
    measure=measure,
    setting="a narrow range of parameters",
    data=small,
)


def steps_needed(x, y, share=0.01):
    """log10 of: steps of gradient descent from 0 until `share` of the excess loss is left;
    the condition number."""
    x = np.c_[x.astype(float), np.ones(len(x))]
    values, directions = np.linalg.eigh(x.T @ x / len(x))
    solution = directions.T @ np.linalg.lstsq(x, y, rcond=None)[0]
    # Of the distance in each direction, at the rate 1 / (largest eigenvalue):
    factor = 1 - values / values[-1]
    excess = values * solution**2
    low, high = 0.0, 14.0
    for _ in range(60):
        middle = (low + high) / 2
        left = np.sum(excess * factor ** (2 * 10**middle)) / np.sum(excess)
        low, high = (middle, high) if left > share else (low, middle)
    return high, np.log10(values[-1] / values[0])


centred = [split.y_train - split.y_train.mean() for split in wines]
standard = [split.standardized() for split in wines]
needs = {
    name: np.array(
        [steps_needed(split.x_train, y) for split, y in zip(splits, centred, strict=True)]
    )
    for name, splits in (("raw", wines), ("standardized", standard))
}
for name, found in needs.items():
    print(
        f"{name}: condition number 10^{found[:, 1].mean():.1f}, steps 10^{found[:, 0].mean():.1f}"
    )
measure = "log10 steps until 1 % of the excess loss is left, standardized against raw"
verdicts.compare(
    "QA-06",
    needs["standardized"][:, 0],
    needs["raw"][:, 0],
    claimed="lower",
    measure=measure,
    setting="a narrow range of inputs",
    data=wine,
)


def least_squares(split):
    return (
        linear_model.LinearRegression()
        .fit(split.x_train.astype(float), split.y_train)
        .predict(split.x_test.astype(float))
    )


gap = max(
    np.abs(least_squares(raw) - least_squares(scaled)).max()
    for raw, scaled in zip(wines, standard, strict=True)
)
detail = (
    f"The exact solutions for raw and for standardized wines predict the same within {gap:.0e}."
)
verdicts.compute("QA-06", gap > 0.01, detail=detail, setting="data are misinterpreted", data=wine)

# %% [markdown]
# Nothing is misread. The same best model is there in both cases; the way to it is longer. The loss
# of raw inputs is a narrow valley, its condition number says how narrow, and the learning rate that
# its steep sides allow is tiny for its bottom. (The logarithms printed above differ accordingly.)
# It is the range of the inputs that matters. A narrow range of initial weights is another thing,
# and too narrow a one is how section 4 put a deep network to sleep.
#
# **Do larger values count more?** (QA-07) Take the feature of a wine that has the least to do with
# its quality, multiply it by 1,000, and ask each model how much it relies on it: how far do its
# predictions move if that feature is shuffled among the test wines? (Not how much *worse* they
# become: a model may rely on what is of no use.)


# %%
def descent(steps=200):
    """Linear regression by gradient descent, at a rate that suits the largest eigenvalue."""

    class Descent:
        def fit(self, x, y):
            x, self.mean = np.c_[x, np.ones(len(x))], y.mean()
            curvature = x.T @ x / len(x)
            largest = np.linalg.eigvalsh(curvature)[-1]
            target, self.weights = x.T @ (y - self.mean) / len(x), np.zeros(x.shape[1])
            for _ in range(steps):
                self.weights -= (curvature @ self.weights - target) / largest
            return self

        def predict(self, x):
            return np.c_[x, np.ones(len(x))] @ self.weights + self.mean

    return Descent()


kinds = {
    "nearest neighbours": lambda: neighbors.KNeighborsRegressor(15),
    "gradient descent": descent,
    "L2 penalty": lambda: linear_model.Ridge(300.0),
    "decision tree": lambda: tree.DecisionTreeRegressor(max_depth=6, random_state=0),
    "exact least squares": linear_model.LinearRegression,
}


def reliance(make, split, factor, seed):
    """How far the predictions move when the least telling feature, times `factor`, is shuffled.

    As a share of what they would move if all features were shuffled: twice the variance of the
    predictions.
    """
    x_train, x_test = split.x_train.astype(float), split.x_test.astype(float)
    weakest = np.abs(np.corrcoef(x_train.T, split.y_train)[-1, :-1]).argmin()
    x_train[:, weakest] *= factor
    x_test[:, weakest] *= factor
    model = make().fit(x_train, split.y_train)
    shuffled = x_test.copy()
    shuffled[:, weakest] = np.random.default_rng(seed).permutation(shuffled[:, weakest])
    predicted = model.predict(x_test)
    return np.mean((model.predict(shuffled) - predicted) ** 2) / (2 * predicted.var())


for kind, make in kinds.items():
    large, usual = (
        [reliance(make, split, factor, seed) for split, seed in zip(standard, seeds, strict=True)]
        for factor in (1000, 1)
    )
    print(f"{kind}: share {np.mean(usual):.2f} as it is, {np.mean(large):.2f} times 1,000")
    verdicts.compare(
        "QA-07",
        large,
        usual,
        claimed="higher",
        measure="share of the predictions' variance that hangs on the feature, times 1,000 against "
        "times 1",
        margin=1e-6,  # above rounding
        setting=kind,
        data=wine,
    )

# %% [markdown]
# The verdicts say which kinds of models the sentence is about. Distances obviously depend on scale.
# A tree asks only whether a value lies above a threshold, and least squares shrinks the weight by
# as much as the feature grows. In between stand gradient descent, which learns the large feature
# first and the others late, and the penalty, which a large feature escapes with a small weight; as
# this feature says little, there is little in it for a model to use.
#
# **Must data be normalized, so that all count alike?** (QA-08) In three situations: the wines as
# they are; the wines with 30 more columns that hold nothing but noise, on a scale of thousandths;
# and with a tree.


# %%
def with_specks(split, seed, columns=30):
    """The split with columns of tiny noise added."""
    generator = np.random.default_rng(seed)
    return split.map(lambda x: np.c_[x, 0.001 * generator.normal(size=(len(x), columns))])


def error_of(model, split):
    """Mean squared error on the test wines."""
    predicted = model.fit(split.x_train, split.y_train).predict(split.x_test)
    return np.mean((predicted - split.y_test) ** 2)


def normalized(model):
    return pipeline.make_pipeline(preprocessing.StandardScaler(), model)


specks = [with_specks(split, seed) for split, seed in zip(standard, seeds, strict=True)]
for setting, make, splits in (
    ("neighbours, wines as they are", kinds["nearest neighbours"], wines),
    ("neighbours, with tiny noise", kinds["nearest neighbours"], specks),
    ("decision tree, wines as they are", kinds["decision tree"], wines),
):
    scaled, left = (
        [error_of(change(make()), split) for split in splits]
        for change in (normalized, lambda model: model)
    )
    verdicts.compare(
        "QA-08",
        scaled,
        left,
        claimed="lower",
        measure="squared test error, normalized against left alone",
        margin=1e-6,  # above rounding
        setting=setting,
        data=wine,
    )

# %% [markdown]
# Equal importance is a good guess while nobody knows better. It is a guess all the same: a column
# of noise gets its equal share too, and a tree does not care, but for rounding. In all of this,
# take mean and standard deviation from the training part alone.
#
# ## All verdicts of this audit
#
# The words below are those of the run above, also where another is recorded; those marked "not yet
# measured under the protocol" come from cells older than their criteria and may change.

# %%
claims.table(verdicts)
