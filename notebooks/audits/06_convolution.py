# %% [markdown]
# # Audit 6 · Convolution
#
# The lesson [Convolution](../06_convolution.ipynb) measures the statements that matter most. This
# audit settles the others, and puts some of the lesson's to the test in further settings. A verdict
# line shows the statement, what was computed or measured, and, where nets were trained, the 99 %
# interval over paired runs. A comparison's line shows the **recorded** result, from many more runs
# than fit into a notebook that one waits for, and after "Here, with ..." the **live** one, from the
# runs of this notebook. Where nothing is recorded yet, the line shows the live result alone. You
# need not read it in order: come for the evidence. The table at the end has everything at a glance.

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
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from helpers import claims, datasets, plots, training
from helpers.nets import models
from helpers.nets.gradients import gradients
from helpers.reference import layers

seeds = training.seeds(SEED, RUNS)
generator = np.random.default_rng(seeds[0])
verdicts = claims.Ledger(data="random numbers")
TOLERANCE = 1e-5  # two float32 computations of the same thing differ by less


def largest(difference):
    return float(np.abs(difference).max())


def random(*shape):
    return generator.normal(size=shape).astype("float32")


# %% [markdown]
# ## 1. Any number of dimensions
#
# The loop below knows nothing of dimensions: it visits every place, cuts out the window, multiplies
# and adds up (CNN-04). It is slow and plain, and so a good witness against Keras's layers for one,
# two and three dimensions, and against the fast convolution of this course. Keras has no layer for
# four; the loop does not care.


# %%
def by_loop(x, kernel):
    """For x (*sizes, channels) and a kernel (*its sizes, channels, filters), of any dimensions."""
    sizes = kernel.shape[:-2]
    result = np.zeros(
        (*[n - k + 1 for n, k in zip(x.shape, sizes, strict=False)], kernel.shape[-1])
    )
    for place in np.ndindex(result.shape[:-1]):
        window = x[
            tuple(slice(start, start + length) for start, length in zip(place, sizes, strict=True))
        ]
        result[place] = np.tensordot(window, kernel, axes=window.ndim)
    return result


KERAS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
for dimensions in (1, 2, 3, 4):
    x, kernel = random(*[7, 6, 5, 4][:dimensions], 2), random(*[3, 2, 2, 2][:dimensions], 2, 3)
    loop = by_loop(x, kernel)
    far = largest(layers.convolution(x[None], kernel)[0] - loop)
    others = "the fast one"
    if dimensions in KERAS:
        layer = KERAS[dimensions](3, kernel.shape[:dimensions], use_bias=False)
        layer.build(x[None].shape)
        layer.set_weights([kernel])
        far, others = (
            max(far, largest(layer(x[None])[0] - loop)),
            f"{KERAS[dimensions].__name__} and the fast one",
        )
    verdicts.compute(
        "CNN-04",
        far < TOLERANCE,
        detail=f"The loop, {others} agree within {far:.0e}.",
        setting=f"in {dimensions} dimension(s)",
    )

# %% [markdown]
# ## 2. What a kernel does to information
#
# "Spreads, extracts or reduces information locally" (CNN-02): here is each of the three, with a
# kernel that does it. A convolution is linear, so it is a matrix; and the **rank** of that matrix
# says how many independent numbers are left of the 196 pixels of a 14 x 14 picture. Full rank:
# nothing is lost, and the picture could be computed back.

# %%
SIDE = 14
fashion = datasets.load("fashion", seed=seeds[0])


def shrunk(pictures):
    """Pictures of 14 x 14 pixels, from 0 to 1."""
    return (pictures.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4)) / 255).astype("float32")


MEAN, EDGE = np.full((3, 3), 1 / 9), np.outer([1, 2, 1], [-1, 0, 1]) / 4
operations = {
    "mean": (MEAN, {"padding": "same"}),
    "edge": (EDGE, {"padding": "same"}),
    "2 x 2 mean, stride 2": (np.full((2, 2), 1 / 4), {"stride": 2}),
}


def apply(name, pictures):
    kernel, options = operations[name]
    return layers.convolution(pictures[..., None], kernel[:, :, None, None], **options)[..., 0]


# One picture for each pixel, in which it alone is 1.
pixels = np.eye(SIDE * SIDE).reshape(-1, SIDE, SIDE)
ranks = {
    name: int(np.linalg.matrix_rank(apply(name, pixels).reshape(len(pixels), -1)))
    for name in operations
}
for name, rank in ranks.items():
    print(f"{name:22} {apply(name, pixels)[0].size:3} outputs, rank {rank:3} of {SIDE * SIDE}")

picture = shrunk(fashion.x_test[:1])
one_pixel = pixels[[SIDE * SIDE // 2 + SIDE // 2]]
panels = {"a picture": picture[0]} | {name: apply(name, picture)[0] for name in operations}
panels |= {"a single pixel": one_pixel[0]} | {
    f"{name} ": apply(name, one_pixel)[0] for name in operations
}
figure = plots.pictures(panels, columns=4, size=1.9)
plots.show(
    figure,
    alt="Two rows of four. Above: a small picture of a piece of clothing, blurred, its upright "
    "edges, and shrunk to half. Below: the same done to a single bright pixel.",
    data=f"{fashion}, 14 x 14; each map from its lowest (black) to its highest value (white)",
)

# %%
touched = int(np.count_nonzero(apply("mean", one_pixel)))
verdicts.compute(
    "CNN-02",
    touched == MEAN.size,
    detail=f"The mean carries one pixel into {touched} values.",
    setting="spreads",
)

flat, step = (
    np.ones((1, SIDE, SIDE)),
    np.repeat([[[0.0, 1.0]]], SIDE // 2, axis=2) * np.ones((1, SIDE, 1)),
)
inside = (0, slice(1, -1), slice(1, -1))
on_flat, on_step = largest(apply("edge", flat)[inside]), largest(apply("edge", step)[inside])
verdicts.compute(
    "CNN-02",
    on_flat < TOLERANCE < on_step,
    detail=f"The edge kernel gives {on_flat:.0f} on a plain area and {on_step:.0f} at an upright "
    "edge.",
    setting="extracts",
)
left = ranks["2 x 2 mean, stride 2"]
verdicts.compute(
    "CNN-02",
    left < SIDE * SIDE,
    detail=f"The mean with stride 2 leaves {left} of {SIDE * SIDE} independent numbers.",
    setting="reduces",
)

# %% [markdown]
# "Locally" is a matter of the **receptive field**: the inputs that one output can depend on. One
# layer sees its window. Layers on top of each other see more: each adds its kernel less one, times
# all the strides below it. The formula against the truth, which is how far away a pixel can be and
# still have a gradient:

# %%
# NBVAL_CHECK_OUTPUT
stacks = {
    "one layer, 3": [(3, 1)],
    "two layers, 3": [(3, 1), (3, 1)],
    "five layers, 3": [(3, 1)] * 5,
    "three layers, 3, stride 2": [(3, 2)] * 3,
    "5 stride 2, then 3": [(5, 2), (3, 1)],
}


def field_by_formula(stack):
    size, step = 1, 1
    for kernel, stride in stack:
        size, step = size + (kernel - 1) * step, step * stride
    return size


def field_by_gradient(stack):
    ones = [
        keras.layers.Conv1D(1, kernel, strides=stride, kernel_initializer="ones")
        for kernel, stride in stack
    ]
    net = keras.Sequential([keras.Input((64, 1)), *ones])
    x = keras.Variable(np.ones((1, 64, 1), "float32"))
    _, (by_input,) = gradients(lambda: net(x.value)[0, 3, 0], [x])
    return int(np.count_nonzero(by_input))


fields = {
    name: (field_by_formula(stack), field_by_gradient(stack)) for name, stack in stacks.items()
}
for name, (formula, gradient) in fields.items():
    print(f"{name:26} formula {formula:2}, by gradient {gradient:2}")

# %%
agree = all(formula == gradient for formula, gradient in fields.values())
widest = max(gradient for _, gradient in fields.values())
verdicts.compute(
    "CNN-02",
    agree and widest < 64,
    detail=f"In {len(stacks)} stacks of layers an output depends on "
    f"{min(g for _, g in fields.values())} to {widest} of 64 inputs, {'as' if agree else 'not as'} "
    "the formula says.",
    setting="locally",
)

# %% [markdown]
# The pictures of the mean and of the edges *look* as if much were lost, and the ranks say that
# little or nothing is: most of what blurring takes away is only made small, and the zeros around
# the picture give away how bright a plain area was. In exact arithmetic, that is; with a little
# noise the smallest parts are gone for good. The mean with stride 2 loses three numbers of four,
# whatever the arithmetic.
#
# ## 3. Words: tensor, matrix, channels
#
# "From three dimensions on one speaks of a tensor and no longer of a matrix" (CNN-09). TensorFlow's
# own name for its arrays answers one half. For the other: a matrix is a table, so two indices lead
# to a number.

# %%
arrays = [tf.zeros([2] * axes) for axes in range(5)]
for axes, array in enumerate(arrays):
    print(
        f"{axes} axes: tf.rank {int(tf.rank(array))}, "
        f"{'a tensor' if tf.is_tensor(array) else 'no tensor'}"
    )
numbers_after_two = [array[0, 0].shape.rank == 0 for array in arrays[2:]]
verdicts.compute(
    "CNN-09",
    numbers_after_two == [True, False, False],
    detail="Two indices lead to a number in an array of two axes, and to a further array where "
    "there are more.",
    setting="from three on, no longer a matrix",
    data="TensorFlow",
)
low = [axes for axes in range(3) if tf.is_tensor(arrays[axes])]
verdicts.compute(
    "CNN-09",
    not low,
    detail=f"TensorFlow calls arrays of {', '.join(map(str, low))} axes tensors too: a matrix is "
    "one with two.",
    setting="a tensor only from three on",
    data="TensorFlow",
)

# %% [markdown]
# In mathematics and physics a tensor is more than an array: it comes with a rule for how its
# numbers change when the axes are turned. Deep learning uses the word for arrays.
#
# "The kernel must have as many channels as the input, for the output to be a tensor too" (CNN-10).
# Try every pair from one to six channels; then give the channels to **groups**, each with filters
# of its own.


# %%
def works(channels, in_kernel, groups=1, filters=6):
    """Whether Keras's convolution takes the kernel; whether ours agrees is asserted."""
    x, kernel = random(1, 5, 5, channels), random(3, 3, in_kernel, filters)
    try:
        ours = layers.convolution(x, kernel, groups=groups)
    except ValueError:
        ours = None
    layer = keras.layers.Conv2D(filters, 3, groups=groups, use_bias=False)
    try:
        layer.build((None, 5, 5, in_kernel * groups))
        layer.set_weights([kernel])
        theirs = layer(x)
    except ValueError:
        theirs = None
    assert (ours is None) == (theirs is None) and (
        ours is None or largest(ours - theirs) < TOLERANCE
    )
    return ours is not None


pairs = [(channels, in_kernel) for channels in range(1, 7) for in_kernel in range(1, 7)]
taken = [pair for pair in pairs if works(*pair)]
verdicts.compute(
    "CNN-10",
    taken == [(n, n) for n in range(1, 7)],
    detail=f"Of {len(pairs)} pairs, the {len(taken)} with equally many channels work; the others "
    "raise an error.",
    setting="needed, one group",
    data="Conv2D",
)
grouped = [(4, 2), (6, 2), (6, 3)]  # channels and groups
with_fewer = [pair for pair in grouped if works(pair[0], pair[0] // pair[1], pair[1])]
verdicts.compute(
    "CNN-10",
    not with_fewer,
    detail=f"With groups, kernels with fewer channels than the input work in {len(with_fewer)} of "
    f"{len(grouped)} cases.",
    setting="needed, several groups",
    data="Conv2D",
)
maps = {
    filters: layers.convolution(random(1, 5, 5, 3), random(3, 3, 3, filters)).shape[-1]
    for filters in (1, 2, 8)
}
told = ", ".join(f"{filters} filter(s) give {count} channel(s)" for filters, count in maps.items())
verdicts.compute(
    "CNN-10",
    all(count > 1 for count in maps.values()),
    detail=f"With matching channels, {told}: one filter gives one map, however many channels went "
    "in.",
    setting="enough for an output with several channels",
    data="Conv2D",
)

# %% [markdown]
# ## 4. The lesson's statements in further settings
#
# **Two convolutions in a row** (CNN-01). Without an activation between them, two are one: a
# convolution with a larger kernel. "Linear model and composite function" describes a *layer with an
# activation*; and this is why it has one.

# %%
x, first, second = random(40), random(3), random(5)
in_a_row = np.correlate(np.correlate(x, first, "valid"), second, "valid")
at_once = np.correlate(x, np.convolve(first, second), "valid")
far = largest(in_a_row - at_once)
verdicts.compute(
    "CNN-01",
    far < TOLERANCE,
    detail=f"Kernels of 3 and 5 in a row are one kernel of {len(np.convolve(first, second))}, "
    f"within {far:.0e}.",
    setting="linear, also two in a row",
)

# %% [markdown]
# **Depthwise** (CNN-08): a layer that applies a two-dimensional convolution once a channel and does
# *not* add up.

# %%
x = random(1, 8, 8, 3)
layer = keras.layers.DepthwiseConv2D(3, use_bias=False)
outputs = layer(x)
kernel = layer.get_weights()[0]
by_channel = np.concatenate(
    [layers.convolution(x[..., [c]], kernel[:, :, [c]]) for c in range(3)], axis=-1
)
far = largest(outputs - by_channel)
verdicts.compute(
    "CNN-08",
    far < TOLERANCE,
    detail=f"Three convolutions of one channel each, side by side in {outputs.shape[-1]} maps "
    f"(within {far:.0e}).",
    setting="DepthwiseConv2D, 3 channels",
)

# %% [markdown]
# **Output size** (CNN-07) with dilation, and in one and three dimensions; **backwards** (CNN-11) in
# one, two and three dimensions with stride, dilation, padding, groups, channels and several
# filters, against automatic differentiation.

# %%
cases = [
    (size, kernel, dilation, padding)
    for size in (6, 9, 12)
    for kernel in (1, 2, 3)
    for dilation in (1, 2)
    for padding in ("valid", "same")
]
right = 0
for size, kernel, dilation, padding in cases:
    expected = layers.output_size(size, kernel, dilation=dilation, padding=padding)
    shapes = [
        KERAS[d](1, kernel, dilation_rate=dilation, padding=padding).compute_output_shape(
            (1, *[size] * d, 1)
        )
        for d in (1, 3)
    ]
    right += all(shape[1] == expected for shape in shapes)
verdicts.compute(
    "CNN-07",
    right == len(cases),
    detail=f"With padding, stride and dilation in the formula, {right} of {len(cases)} sizes are "
    "Keras's.",
    setting="with all that enters, 1-D and 3-D",
    data="Conv1D, Conv3D",
)


def weighted_sum(layer, inputs, weights):
    return keras.ops.sum(layer(inputs.value) * weights)


settings = {
    "1-D, stride 2": (random(2, 11, 3), (3,), {"stride": 2}),
    "2-D, same, dilation 2": (random(2, 7, 6, 3), (3, 2), {"padding": "same", "dilation": 2}),
    "2-D, 3 groups": (random(2, 7, 6, 6), (3, 3), {"groups": 3}),
    "3-D, same": (random(1, 5, 4, 6, 2), (2, 3, 2), {"padding": "same"}),
}
for setting, (x, size, options) in settings.items():
    names = {"stride": "strides", "dilation": "dilation_rate"}
    layer = KERAS[len(size)](
        6, size, **{names.get(name, name): value for name, value in options.items()}
    )
    layer.build(x.shape)
    watched, gradient = keras.Variable(x), random(*layer.compute_output_shape(x.shape))
    _, theirs = gradients(
        partial(weighted_sum, layer, watched, gradient), [watched, layer.kernel, layer.bias]
    )
    ours = layers.convolution_backward(gradient, x, layer.kernel.numpy(), **options)
    far = max(largest(one - other) for one, other in zip(ours, theirs, strict=True))
    verdicts.compute(
        "CNN-11",
        far < 10 * TOLERANCE,
        detail=f"To input, kernel and bias: within {far:.0e}.",
        setting=setting,
    )

# %% [markdown]
# **A kernel that somebody chose** (CNN-05). The lesson's small convnet, once with a first layer of
# eight hand-picked kernels, fixed, and once with eight learned ones; the rest is learned in both.
# The hand-picked ones are what a textbook of image processing offers: edges in four directions,
# their opposites in two, a mean and a spot. The clothes are as they come, `RUNS` draws of 2,000.

# %%
EPOCHS = {"quick": 10, "full": 60}[PROFILE]
PICTURES = 2000
clothes = fashion.without_validation().map(shrunk, note="14 x 14")
DIAGONAL = np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]]) / 4
SPOT = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 8
chosen = np.stack(
    [EDGE, EDGE.T, DIAGONAL, np.fliplr(DIAGONAL), -EDGE, -EDGE.T, MEAN, SPOT], axis=-1
)[:, :, None]


def small_convnet():
    return models.convnet((SIDE, SIDE), [[8], [16], [32]], 10, output_activation="softmax")


def with_chosen_kernels():
    net = small_convnet()
    layer = next(layer for layer in net.layers if isinstance(layer, keras.layers.Conv2D))
    layer.set_weights([chosen, np.zeros(8)])
    layer.trainable = False
    return net


def draws(split, size):
    """`size` training examples for each run."""
    orders = [training.generator(seed).permutation(len(split.y_train)) for seed in seeds]
    return training.as_runs((order[:size] for order in orders), seed=seeds[0])


recipe = training.Recipe(
    small_convnet,
    loss="sparse_categorical_crossentropy",
    optimizer=keras.optimizers.Adam(0.01),
    epochs=EPOCHS,
    batch_size=50,
)
learned, fixed = (
    replace(recipe, build=build).fit(clothes, draws(clothes, PICTURES))
    for build in (small_convnet, with_chosen_kernels)
)
unchanged = all(np.array_equal(weights[0], chosen.astype("float32")) for weights in fixed.weights)
print("the chosen kernels stayed as they were:", unchanged)
measure = "test accuracy, hand-picked first layer against a learned one"
verdicts.compare(
    "CNN-05",
    fixed.test("accuracy"),
    learned.test("accuracy"),
    claimed="higher",
    measure=measure,
    setting="chosen kernels do better than learned ones",
    data=clothes,
)

# %% [markdown]
# Read the interval and not the word alone: it says how much, if anything, it costs or gains to
# choose eight kernels by hand. What it cannot say is how the choice would go in the second layer,
# where a kernel has eight channels and nobody knows what to choose.
#
# **Other data for "acts locally"** (CNN-03): handwritten digits of 8 x 8 pixels, as they are and
# with permuted pixels, for a convnet and an MLP of about as many parameters.

# %%
digits = datasets.load("digits", seed=seeds[0]).without_validation()
digits = digits.map(lambda x: x.astype("float32") / 16)
order = generator.permutation(64)
permuted = digits.map(lambda x: x.reshape(-1, 64)[:, order].reshape(-1, 8, 8), note="permuted")
nets = {
    "convnet": lambda: models.convnet((8, 8), [[8], [24]], 10, output_activation="softmax"),
    "MLP": lambda: models.mlp((8, 8), [28], 10, output_activation="softmax"),
}
cost = {}
for name, build in nets.items():
    as_they_are, in_disorder = (
        replace(recipe, build=build).fit(split, draws(split, 900)).test("accuracy")
        for split in (digits, permuted)
    )
    cost[name] = as_they_are - in_disorder
    print(
        f"{name} ({build().count_params():,} parameters): as they are {as_they_are.mean():.1%}, "
        f"permuted {in_disorder.mean():.1%}"
    )
measure = "test accuracy lost when the pixels are permuted, convnet against MLP"
verdicts.compare(
    "CNN-03",
    cost["convnet"],
    cost["MLP"],
    claimed="higher",
    measure=measure,
    setting="local, handwritten digits",
    data=digits,
)

# %% [markdown]
# **The whole net** (CNN-03). Each layer moves with its input; does the net's answer stay the same
# when a picture moves? Here are the learned convnets from above, on test pictures with so much
# black around them that no window meets both the edge and the clothes. Their two poolings have a
# stride of four pixels together.

# %%
MARGIN = 21  # a value of the last map sees 18 pixels across
wide = np.pad(clothes.x_test[:300], [(0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)])
net = models.convnet(wide.shape[1:], [[8], [16], [32]], 10, output_activation="softmax")
moves = range(1, 5)
changes = np.empty((RUNS, len(moves)))  # how much probability goes to other classes, on average
for run, weights in enumerate(learned.weights):
    net.set_weights(weights)
    answers = [net.predict_on_batch(np.roll(wide, move, axis=2)) for move in (0, *moves)]
    changes[run] = [np.abs(after - answers[0]).sum(axis=1).mean() / 2 for after in answers[1:]]

# %%
with plots.canvas(width=6.0, height=3.2) as (figure, axes):
    plots.band(axes, moves, changes, 0, "convnets with two poolings", marker=True)
    axes.set_xticks(moves)
    axes.set(
        xlabel="the picture moves by (pixels)",
        ylabel="probability that changes class",
        ylim=(0, None),
    )
plots.show(
    figure,
    alt="How much the answers of the convnets change when the pictures move by one to four "
    "pixels: something after one, two and three, and nothing after four.",
    data=f"{clothes}, on a ground of {wide.shape[1]} x {wide.shape[2]}; median and middle 80 % of "
    f"{RUNS} runs",
)
whole_stride, between = changes[:, 3].max(), changes[:, :3].mean()
verdicts.compute(
    "CNN-03",
    whole_stride < 10 * TOLERANCE,
    detail=f"Moved by 4 pixels, the probabilities change by {whole_stride:.0e} at most.",
    setting="the whole net, moved by its stride",
    data=clothes,
)
verdicts.compute(
    "CNN-03",
    between < 10 * TOLERANCE,
    detail=f"Moved by 1, 2 or 3 pixels, {between:.1%} of the probability goes to other classes.",
    setting="the whole net, moved by less",
    data=clothes,
)

# %% [markdown]
# A move by the whole stride leaves the answer as it is. After less, the windows of the poolings
# fall otherwise, and the answer changes, if not by much: most of the ground is black, and its share
# of the maps' mean does not change. "The same at every place" is true of each convolution; of this
# net it is true at every fourth place.
#
# ## At a glance
#
# The words below are the recorded ones or, where nothing is recorded yet, those of the run above;
# those marked "not yet measured under the protocol" come from cells older than their criteria and
# may change.

# %%
verdicts.summary()
