# %% [markdown]
# # Audit 6 · Convolution
#
# The lesson [Convolution](../06_convolution.ipynb) settles the statements that matter most. This
# audit settles the others, and puts those of the lesson into further settings. Each statement gets
# a few lines of code, a verdict, and a sentence on why. None of them needs a trained net: words are
# explained, and the rest is **computed**, in cells whose outcome could have been another. Settings
# that go beyond what a note says are marked as such: they are told, and do not change the word. You
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
from itertools import product

import keras
import numpy as np

from helpers import claims, datasets, plots, training
from helpers.nets import models
from helpers.nets.gradients import gradients
from helpers.reference import layers

seeds = training.seeds(SEED, RUNS)
generator = training.generator(seeds[0])
verdicts = claims.Ledger()


def apart(one, other):
    """The largest difference of two arrays, relative to the largest value of the second."""
    return float(np.abs(np.asarray(one) - other).max() / np.abs(other).max())


def random(*shape):
    return generator.normal(size=shape).astype("float32")


# %% [markdown]
# ## 1. Words
#
# Three statements say how words are used. Nothing is measured for them: each is explained, with
# what else the word is used for.
#
# ### Other data, other kernels (CNN-05)
#
# "Convolution is possible not only in one dimension but in various dimensions. The kernel that is
# used differs with the nature of the data", says note 001. The second sentence goes on from the
# first: the *form* of the kernel follows the data. So it is in use: a series has one direction to
# slide in, a picture two, a volume or a film three, and libraries name their layers accordingly.
# Nothing forces you. A series can be given to `Conv2D` as a picture of height 1. And the sentence
# does not say that somebody chooses the *weights*; those are learned. (The note counts the channels
# of a color picture as a third dimension; no kernel slides along them.)

# %%
verdicts.by_definition(
    "CNN-05",
    detail=(
        "True by usage: the number of directions in which a kernel slides is chosen for the data, "
        "one for series, two for pictures, three for volumes. Its weights are learned."
    ),
)

# %% [markdown]
# ### Kernel, filter, weight (CNN-06)
#
# "Kernel = filter = weight", says a line that the note marks with an asterisk. In talk and in many
# texts it is so: people point at one array of numbers and use whichever word is at hand. Where you
# have to count, the words differ. A kernel is the window for one channel; a filter is a kernel for
# each channel, and it makes one map. A layer's `weights` in Keras include the biases; many texts
# call both together its parameters. A layer of Keras with three channels and eight filters:

# %% tags=["nbval-check-output"]
counted = keras.layers.Conv2D(8, 3)
counted.build((None, 28, 28, 3))
print(f"filters {counted.filters}, kernels {counted.kernel.shape[2] * counted.filters}, ", end="")
print(f"parameters {counted.count_params()}, of which biases {counted.bias.shape[0]}")
verdicts.by_definition(
    "CNN-06",
    detail=(
        "Loosely used, the three words name one thing. Where it is counted they differ: a filter "
        "is one kernel for each channel, and the weights of a layer include its biases."
    ),
)

# %% [markdown]
# ### Matrix and tensor (CNN-09)
#
# "From three dimensions on it is called a tensor, and no longer a matrix." That is everyday usage
# in deep learning: a matrix is a table, with two indices, and whatever has more is called a tensor.
# In the strict sense the words do not exclude each other. An array with any number of axes is a
# tensor, and a matrix is one with two; TensorFlow calls even a single number a tensor of rank 0.
# And the tensors of mathematics and physics are more than arrays: they come with a rule for how
# their numbers change when the axes are turned.

# %%
verdicts.by_definition(
    "CNN-09",
    detail=(
        "True by everyday usage: matrix for two axes, tensor for more. Strictly, arrays of any "
        "number of axes are tensors, matrices among them."
    ),
)

# %% [markdown]
# ## 2. What a kernel does to information (CNN-02)
#
# "It spreads, extracts or reduces information locally", says the note of convolution with a kernel.
# One kernel for each word is enough to show that it can. Three were named beforehand: a mean of 3 x
# 3 (spreads), the upright-edge kernel of Prewitt (extracts), and a mean of 2 x 2 with stride 2
# (reduces). They are laid over a thousand pictures of clothes, 14 x 14 pixels (for spreading and
# locality, over one of them). *Supported* if all of these hold, *refuted* if one fails:
#
# - *spreads*: a pixel that is changed inside the picture changes all nine values of the mean whose
#   windows hold it;
# - *extracts*: the edge map goes with the difference of the pixels right and left of each place
#   (correlation above 0.8), and hardly with the brightness of the window (below 0.3 in size);
# - *reduces*: the pixels cannot be computed back. The best linear reconstruction, fitted on other
#   pictures, leaves more than 1 % of their variance;
# - *locally*: no value changes whose window does not hold the changed pixel, in any of the three.
#
# Spreading and locality follow from the formula, and test the code. The other two depend on the
# pictures.

# %%
SIDE, MEAN = 14, np.full((3, 3), 1 / 9)
operations = {
    "mean of 3 x 3": (MEAN, 1),
    "upright edges": (np.array([[-1, 0, 1]] * 3), 1),
    "mean of 2 x 2, stride 2": (np.full((2, 2), 1 / 4), 2),
    "mean of 2 x 2, every place": (np.full((2, 2), 1 / 4), 1),
}


def apply(name, pictures):
    kernel, stride = operations[name]
    return layers.convolution(pictures[..., None], kernel[:, :, None, None], stride=stride)[..., 0]


def shrunk(x):
    return x.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4)) / 255


drawn = datasets.replicates("fashion", seeds[:1], train=5_000, test=1_000).map(shrunk)
others, clothes = (drawn.x_train[rows] for rows in drawn.divisions[0][::2])

# %%
three = list(operations)[:3]
shown = {"a picture": clothes[0]} | {name: apply(name, clothes[:1])[0] for name in three}
plots.show(
    plots.pictures(shown, columns=4, size=2.0),
    alt="A small picture of a piece of clothing, and the same blurred, its upright edges, and "
    "shrunk to half its size.",
    data=f"{drawn.title}; each map from its lowest (black) to its highest value (white)",
)

# %% [markdown]
# **Spreads, and locally.** One pixel after the other, inside the picture, is made brighter by 1.
# Which values of the map change, and which may?


# %%
def held(name):
    """Which windows hold which pixel: shape (pixels, rows, columns)."""
    kernel, stride = operations[name]
    alone = np.eye(SIDE**2).reshape(-1, SIDE, SIDE, 1)
    return layers.convolution(alone, np.ones((*kernel.shape, 1, 1)), stride=stride)[..., 0] > 0


def changed(name, picture):
    """Which values of the map change when each pixel is changed: shape (pixels, rows, columns)."""
    touched = picture + np.eye(SIDE**2).reshape(-1, SIDE, SIDE)
    return apply(name, touched) != apply(name, picture[None])


inner = np.pad(np.ones((SIDE - 4, SIDE - 4), bool), 2).ravel()  # pixels under nine windows
spread = changed("mean of 3 x 3", clothes[0])[inner]
spreads = bool(
    (spread.sum(axis=(1, 2)) == 9).all() and (spread <= held("mean of 3 x 3")[inner]).all()
)
locally = not any((changed(name, clothes[0]) & ~held(name)).any() for name in operations)
print(f"values of the mean that change with a pixel: {spread.sum(axis=(1, 2)).min()} to ", end="")
print(f"{spread.sum(axis=(1, 2)).max()}; changes outside of the windows: {not locally}")

# %% [markdown]
# **Extracts.** Signed values are compared with signed differences, and then with the brightness of
# the window: if they went with that, the map would be little more than the picture again.

# %%
edges = apply("upright edges", clothes)
difference = clothes[:, 1:-1, 2:] - clothes[:, 1:-1, :-2]
brightness = apply("mean of 3 x 3", clothes)
with_difference = np.corrcoef(edges.ravel(), difference.ravel())[0, 1]
with_brightness = abs(np.corrcoef(edges.ravel(), brightness.ravel())[0, 1])
print(f"correlation of edges with differences {with_difference:.2f}, ", end="")
print(f"with brightness {with_brightness:.2f} in size")

# %% [markdown]
# **Reduces.** A quarter of the values is left. If neighboring pixels were equal, that would be
# enough; so the pictures decide. Is it the stride that loses them? The same kernel at every place
# is told beside it. "Reduce" may also mean that something is made weaker, so the contrast under the
# mean of 3 x 3 is told, too.


# %%
def left_over(name):
    """The share of the pixels' variance that the best linear reconstruction leaves."""
    with_one = lambda maps: np.column_stack([maps.reshape(len(maps), -1), np.ones(len(maps))])
    pixels = others.reshape(len(others), -1)
    weights = np.linalg.lstsq(with_one(apply(name, others)), pixels)[0]
    wrong = with_one(apply(name, clothes)) @ weights - clothes.reshape(len(clothes), -1)
    return np.mean(wrong**2) / clothes.var(axis=0).mean()


lost, lost_everywhere = (left_over(f"mean of 2 x 2, {how}") for how in ("stride 2", "every place"))
contrast = brightness.std(axis=(1, 2)).mean() / clothes[:, 1:-1, 1:-1].std(axis=(1, 2)).mean()
print(
    f"variance that cannot be computed back {lost:.1%}, at every place {lost_everywhere:.2%}; ",
    end="",
)
print(f"contrast under the mean {contrast:.0%}")
verdicts.compute(
    "CNN-02",
    spreads and with_difference > 0.8 and with_brightness < 0.3 and lost > 0.01 and locally,
    detail=f"A pixel spreads over {'nine values' if spreads else 'other than nine values'}; edges "
    f"go with differences ({with_difference:.2f}) and hardly with brightness "
    f"({with_brightness:.2f}); {lost:.1%} of the variance cannot be computed back, and the mean "
    f"of 3 x 3 leaves {contrast:.0%} of the contrast; outside of the "
    f"windows {'nothing' if locally else 'something'} changes.",
    setting="three kernels on a thousand pictures",
    data=drawn,
)

# %% [markdown]
# **How local, in a stack of layers?** What one output can depend on is its *receptive field*. One
# layer sees its window. Layers on top of each other see more: each adds its kernel less 1, times
# all the strides below it. That formula, against the truth: how many inputs have a gradient?

# %%
stacks = [[(3, 1)], [(3, 1)] * 2, [(3, 1)] * 5, [(3, 2)] * 3, [(5, 2), (3, 1)]]  # kernel, stride


def field_by_formula(stack):
    size, stride = 1, 1
    for kernel, own_stride in stack:
        size, stride = size + (kernel - 1) * stride, stride * own_stride
    return size


def field_by_gradient(stack):
    ones = [keras.layers.Conv1D(1, k, strides=s, kernel_initializer="ones") for k, s in stack]
    net, x = keras.Sequential([keras.Input((64, 1)), *ones]), keras.Variable(np.ones((1, 64, 1)))
    _, (by_input,) = gradients(lambda: net(x.value)[0, 3, 0], [x])
    return int(np.count_nonzero(by_input))


fields = [(field_by_formula(stack), field_by_gradient(stack)) for stack in stacks]
verdicts.compute(
    "CNN-02",
    all(formula == found < 64 for formula, found in fields),
    detail="Inputs that an output depends on, by formula and by gradient: "
    f"{', '.join(f'{formula} and {found}' for formula, found in fields)}, of 64.",
    setting="the receptive field of stacks of layers",
    role=claims.BOUNDARY,
    data="Conv1D",
)

# %% [markdown]
# ## 3. Any number of dimensions (CNN-04)
#
# "Convolution works in various dimensions, not only in one." The loop below does not know how many
# there are: it visits every place, cuts out the window, multiplies and adds up. *Supported* if it
# agrees with Keras's layers for one, two and three dimensions (within 0.00001 of the largest value)
# and in four, for which Keras has no layer, with SciPy's correlation of any number of dimensions,
# channel by channel; *refuted* if it disagrees in one of them. The inputs are random, with two
# channels, and there are three filters. The loop computes in double precision, Keras in single.


# %%
from scipy import signal


def by_loop(x, kernel):
    """For x (*sizes, channels) and a kernel (*its sizes, channels, filters), of any dimensions."""
    window = kernel.shape[:-2]
    places = [n - k + 1 for n, k in zip(x.shape, window, strict=False)]
    result = np.zeros((*places, kernel.shape[-1]))
    for place in np.ndindex(*places):
        under = x[tuple(slice(p, p + k) for p, k in zip(place, window, strict=True))]
        result[place] = np.tensordot(under.astype(float), kernel, axes=under.ndim)
    return result


KERAS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
found = {}
for dimensions, kind in KERAS.items():
    x, layer = random(*[7, 6, 5][:dimensions], 2), kind(3, (3, 2, 2)[:dimensions], use_bias=False)
    outputs = np.asarray(layer(x[None]))[0]
    found[dimensions] = apart(by_loop(x, layer.kernel.numpy()), outputs)
x, kernel = random(5, 5, 4, 4, 2), random(3, 2, 2, 2, 2, 3)
by_scipy = np.stack(
    [
        sum(signal.correlate(x[..., c], kernel[..., c, f], "valid", "direct") for c in range(2))
        for f in range(3)
    ],
    axis=-1,
)
found[4] = apart(by_loop(x, kernel), by_scipy)

# %%
verdicts.compute(
    "CNN-04",
    max(found.values()) < 1e-5,
    detail="One loop differs from Keras's layers (in 4-D from SciPy), relative to the largest "
    f"value, by {', '.join(f'{far:.0e} in {number}-D' for number, far in found.items())}.",
    setting="one loop in one to four dimensions",
    data="random numbers",
)

# %% [markdown]
# ## 4. Channels must match (CNN-10)
#
# "In a three-dimensional convolution, the kernel must have as many channels as the input for the
# output to be a tensor too." The note speaks of a picture with channels, and names a condition that
# is *needed*. It is tried out with `keras.ops.conv`, which takes the arrays as they are, and
# complains or not: all pairs of one to six channels in the input and in the kernel, and six
# filters. *Supported* if equal numbers always give a tensor with six maps, and unequal ones an
# error, or else the input is split into groups, which is another operation; *refuted* if an equal
# pair fails, or an unequal one gives an ordinary convolution. What unequal pairs return is compared
# with groups that are written out.


# %%
def convolved(x, kernel):
    """What the library returns, or None if it refuses."""
    try:
        return np.asarray(keras.ops.conv(x, kernel, padding="valid"))
    except Exception:  # each backend has errors of its own
        return None


def in_groups(x, kernel):
    """Each group of filters with channels of its own, or None where they cannot be shared out."""
    channels, in_kernel, filters = x.shape[-1], *kernel.shape[-2:]
    groups = channels // in_kernel
    if channels % in_kernel or filters % groups:
        return None
    parts = zip(np.split(x, groups, axis=-1), np.split(kernel, groups, axis=-1), strict=True)
    return np.concatenate([layers.convolution(*part) for part in parts], axis=-1)


# %%
equal, refused, grouped, else_returned = 0, 0, [], []
for channels, in_kernel in product(range(1, 7), repeat=2):
    x, kernel = random(1, 5, 5, channels), random(3, 3, in_kernel, 6)
    outputs, written_out = convolved(x, kernel), in_groups(x, kernel)
    if channels == in_kernel:
        equal += outputs is not None and outputs.shape == (1, 3, 3, 6)
    elif outputs is None:
        refused += 1
    elif written_out is not None and apart(outputs, written_out) < 1e-5:
        grouped.append(f"{channels} and {in_kernel}")
    else:
        else_returned.append(f"{channels} and {in_kernel}")
verdicts.compute(
    "CNN-10",
    equal == 6 and not else_returned,
    detail=f"Equal numbers give six maps in {equal} of 6 cases. Of 30 unequal pairs {refused} are "
    f"refused, {len(grouped)} are taken as groups, and {len(else_returned)} give something else.",
    setting="channels of input and kernel, one to six each",
    data=f"keras.ops.conv, {keras.backend.backend()} on {runtime.machine().device}",
)
print(f"taken as groups (channels of input and kernel): {'; '.join(grouped) or 'none'}")

# %% [markdown]
# The pairs printed above were taken as **groups**, although nobody asked for groups, and without a
# word: a slip in the channels can go unnoticed. Where you do want groups, each group of filters
# sees its own channels only. Then the condition holds within each group. That goes beyond the note,
# and so does the next question: how many maps come out? One for each filter, however many channels
# went in.

# %%
with_groups = {}
for channels, groups in ((4, 2), (6, 2), (6, 3)):
    layer = keras.layers.Conv2D(6, 3, groups=groups, use_bias=False)
    x = random(1, 5, 5, channels)
    outputs, in_kernel = np.asarray(layer(x)), layer.kernel.shape[-2]
    returned = outputs.shape == (1, 3, 3, 6) and in_kernel < channels
    far = apart(outputs, in_groups(x, layer.kernel.numpy()))
    with_groups[channels, groups] = returned and far < 1e-5
verdicts.compute(
    "CNN-10",
    not any(with_groups.values()),  # it would be needed if no such layer returned six maps
    detail=f"In {sum(with_groups.values())} of {len(with_groups)} cases Conv2D with groups returns "
    "six maps although its kernels have fewer channels than the input, the same as groups that are "
    "written out.",
    setting="needed also where groups are asked for",
    role=claims.BOUNDARY,
    data="Conv2D",
)
maps = {f: keras.layers.Conv2D(f, 3)(random(1, 5, 5, 3)).shape[-1] for f in (1, 2, 8)}
print(", ".join(f"{filters} filter(s): {count} map(s)" for filters, count in maps.items()))

# %% [markdown]
# ## 5. The lesson's statements, beyond what the notes say
#
# ### Whole nets that move (CNN-03)
#
# The lesson shows that a convolution moves with its input. Does the *answer* of a whole net stay
# the same when a picture moves? Here is a convnet with random weights, with two poolings by 2, on
# pictures with so much black around them that no window meets both the edge and the clothes. The
# two poolings have a stride of four pixels together.

# %%
GROUND = 21  # a value of the last map sees 18 pixels across
wide = np.pad(clothes[:100], [(0, 0), (GROUND, GROUND), (GROUND, GROUND)]).astype("float32")
net = models.convnet(wide.shape[1:], [[8], [16], [32]], 10)
answers = [net.predict_on_batch(np.roll(wide, move, axis=2)) for move in range(5)]
by_moves = [apart(answer, answers[0]) for answer in answers[1:]]
print("moved by 1 to 4 pixels, the answers differ by", *[f"{far:.0e}" for far in by_moves])
verdicts.compute(
    "CNN-03",
    by_moves[3] < 1e-4,
    detail=f"Moved by 4 pixels, the answers differ by {by_moves[3]:.0e} of the largest.",
    setting="a whole net, moved by its stride",
    role=claims.BOUNDARY,
    data=drawn,
)
verdicts.compute(
    "CNN-03",
    max(by_moves[:3]) < 1e-4,
    detail=f"Moved by 1, 2 or 3 pixels, the answers differ by up to {max(by_moves[:3]):.0e} of the "
    "largest.",
    setting="a whole net, moved by less than its stride",
    role=claims.BOUNDARY,
    data=drawn,
)

# %% [markdown]
# A move by the whole stride leaves the answer as it is. After less, the windows of the poolings
# fall otherwise. "The same at every place" is true of each convolution; of this net it is true at
# every fourth place.
#
# ### Output sizes with everything that enters (CNN-07)
#
# The note's formula knows neither padding nor stride, which it has not introduced. The general one
# (`layers.output_size`), and the note's beside it, for one and three dimensions:

# %%
grid = list(product((6, 9, 12), (1, 2, 3), ((1, 1), (2, 1), (3, 1), (1, 2)), ("valid", "same")))
general = plain = 0
for size, kernel, (stride, dilation), padding in grid:
    options = {"dilation_rate": dilation, "strides": stride, "padding": padding}
    sides = [
        KERAS[d](1, kernel, **options).compute_output_shape((1, *[size] * d, 1))[1] for d in (1, 3)
    ]
    expected = layers.output_size(size, kernel, stride=stride, padding=padding, dilation=dilation)
    general += sides == [expected] * 2
    plain += sides == [size - kernel + 1] * 2
for setting, right in (("general formula", general), ("note's formula", plain)):
    verdicts.compute(
        "CNN-07",
        right == len(grid),
        detail=f"It gives Keras's size in {right} of {len(grid)} cases.",
        setting=f"the {setting}, with padding, stride and dilation",
        role=claims.BOUNDARY,
        data="Conv1D, Conv3D",
    )

# %% [markdown]
# ### Other numbers of channels, and other layers (CNN-08)
#
# Three is the number of colors. With other numbers of channels, a `Conv2D` layer adds up as many
# convolutions as there are channels. Two other layers do something else. `DepthwiseConv2D`
# convolves each channel by itself and does *not* add up. `Conv3D` slides in the third direction as
# well, and so returns a volume.


# %%
def channel_by_channel(x, kernel):
    """Each channel with its own kernel, (rows, columns, channels, 1): one map for each."""
    parts = [layers.convolution(x[..., [c]], kernel[:, :, [c]]) for c in range(x.shape[-1])]
    return np.concatenate(parts, axis=-1)


added = {}
for channels in (1, 2, 5, 16):
    x, layer = random(2, 8, 8, channels), keras.layers.Conv2D(1, 3, use_bias=False)
    outputs = layer(x)
    by_channel = channel_by_channel(x, layer.kernel.numpy())
    added[channels] = apart(by_channel.sum(axis=-1, keepdims=True), outputs)
verdicts.compute(
    "CNN-08",
    max(added.values()) < 1e-5,
    detail=f"With {', '.join(map(str, added))} channels, Conv2D is the sum of as many "
    f"convolutions (apart by {max(added.values()):.0e} at most).",
    setting="Conv2D, other numbers of channels: once for each",
    role=claims.BOUNDARY,
    data="random numbers",
)

# %%
x, layer = random(1, 8, 8, 3), keras.layers.DepthwiseConv2D(3, use_bias=False)
outputs = np.asarray(layer(x))
side_by_side = channel_by_channel(x, layer.get_weights()[0])
verdicts.compute(
    "CNN-08",
    outputs.shape[-1] == 3 and apart(side_by_side, outputs) < 1e-5,
    detail=f"Three convolutions side by side, in {outputs.shape[-1]} maps "
    f"(apart by {apart(side_by_side, outputs):.0e}).",
    setting="DepthwiseConv2D, three times without adding up",
    role=claims.BOUNDARY,
    data="random numbers",
)
volume = keras.layers.Conv3D(1, (3, 3, 2))(random(1, 8, 8, 3, 1))
verdicts.compute(
    "CNN-08",
    volume.shape[3] == 1,
    detail=f"On three slices a kernel of 3 x 3 x 2 stops at {volume.shape[3]} places in depth.",
    setting="Conv3D, a single map",
    role=claims.BOUNDARY,
    data="random numbers",
)

# %% [markdown]
# ### Backward, with everything that enters (CNN-11)
#
# The lesson takes stride 1 and no padding. With a stride, zeros are put between the gradients, with
# padding around them, and with dilation between the weights; then the backward pass is a
# convolution again. `layers.convolution_backward` of this course is written so, in any number of
# dimensions. Against automatic differentiation:

# %%
settings = {
    "1-D, stride 2": ((2, 11, 3), (3,), {"stride": 2}),
    "2-D, same, dilation 2": ((2, 7, 6, 3), (3, 2), {"padding": "same", "dilation": 2}),
    "2-D, 3 groups": ((2, 7, 6, 6), (3, 3), {"groups": 3}),
    "3-D, same": ((1, 5, 4, 6, 2), (2, 3, 2), {"padding": "same"}),
}
IN_KERAS = {"stride": "strides", "dilation": "dilation_rate"}


def off_backward(shape, window, options):
    """How far both ways are apart, for the gradients to input, kernel and bias."""
    named = {IN_KERAS.get(name, name): value for name, value in options.items()}
    layer, x = KERAS[len(window)](6, window, **named), random(*shape)
    upstream, watched = random(*layer(x).shape), keras.Variable(x)
    objective = lambda: keras.ops.sum(layer(watched.value) * upstream)
    _, theirs = gradients(objective, [watched, layer.kernel, layer.bias])
    ours = layers.convolution_backward(upstream, x, layer.kernel.numpy(), **options)
    return max(apart(one, other) for one, other in zip(ours, theirs, strict=True))


for setting, asked in settings.items():
    far = off_backward(*asked)
    verdicts.compute(
        "CNN-11",
        far < 1e-4,
        detail=f"To input, kernel and bias: apart by {far:.0e} of the largest value.",
        setting=setting,
        role=claims.BOUNDARY,
        data="random numbers",
    )

# %% [markdown]
# ## What came out
#
# The words below are the recorded ones or, where nothing is recorded, those of the run above.

# %%
verdicts.summary()
