# %% [markdown]
# # 6 · Convolution
#
# A dense layer has a weight for every pixel. A convolutional layer has a handful of weights and
# lays them over the whole picture, place by place. That is one idea with large consequences: fewer
# weights, maps that move with the picture, and a backward pass that has the same form as the
# forward pass.
#
# After it you will be able to
#
# - compute a convolution by hand, and say what libraries call by that name;
# - tell a kernel from a filter from a weight, and count each of them;
# - say how large the output is, for any padding and stride, without trying it out;
# - write the backward pass of a convolution, and say why it is a convolution again;
# - say when a convnet should win against a plain net, when it should not, and check it.
#
# Statements that lecture notes repeat are **measured** here, by a 99 % interval over paired runs
# wherever something is trained, or settled by computation. Look for the lines that begin with ✓
# (supported), ✗ (refuted), ≈ (undecided). A comparison's line shows the **recorded** result, from
# many more runs than fit into a lesson, and after "Here, with ..." the **live** one, from the runs
# of this notebook. Where nothing is recorded yet, the line shows the live result alone. Plan 45 to
# 60 minutes.

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
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf
from scipy import signal
from sklearn.datasets import load_sample_image

from helpers import claims, datasets, plots, training
from helpers.exercises import convolution as ex
from helpers.nets import models
from helpers.reference import layers

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger(data="random numbers")
TOLERANCE = 1e-5  # two float32 computations of the same thing differ by less


def largest(difference):
    return float(np.abs(difference).max())


# %% [markdown]
# ## 6.1 A window that slides
#
# Take a signal, a row of numbers, and a **kernel**, a much shorter row of weights. Lay the kernel
# over the first values, multiply each value by the weight on it, add up. Move on by one place and
# do it again. Everything that follows in this lesson is built from that.
#
# ### Exercise 1 · Write it
#
# Write `correlate(signal, kernel)`: lay the kernel over the first values of the signal, multiply
# each value by the weight that lies on it, add up; move the kernel one place to the right, and so
# on, as long as it lies within the signal. Return one number for each place, as an array. Both
# arguments are one-dimensional arrays.


# %%
def correlate(signal, kernel): ...  # return one number for each place


ex.correlating.check(correlate)

# %% [markdown]
# What comes out depends on the weights alone. Here is a noisy step under three kernels of length
# nine.

# %%
generator = np.random.default_rng(seeds[0])
x = np.repeat([0.0, 1.0, 0.3], 50) + generator.normal(scale=0.12, size=150)
kernels = {
    "nine times 1/9": np.full(9, 1 / 9),
    "-1/4 (4 times), 0, 1/4 (4 times)": np.repeat([-0.25, 0, 0.25], [4, 1, 4]),
    "a 1 in the middle": np.eye(9)[4],
}
with plots.canvas(3, width=9.6, height=2.7, sharey=True) as (figure, panels):
    for axes, (title, kernel) in zip(panels, kernels.items(), strict=True):
        axes.plot(x, color="#999999", linewidth=1, label="signal")
        slid = layers.correlate(x, kernel)
        axes.plot(np.arange(len(slid)) + 4, slid, color=plots.COLORS[1], label="under the kernel")
        axes.set(title=title, xlabel="place")
    panels[0].set_ylabel("value")
    panels[0].legend(fontsize=8.5)
plots.show(
    figure,
    alt="A noisy step signal under three kernels of nine weights. The mean smooths it; the "
    "difference of right and left peaks where it rises and dips where it falls; the single one "
    "leaves it as it is.",
    data="a step with noise (generated)",
)

# %% [markdown]
# Equal weights smooth the signal; weights that take the left from the right find where it rises (a
# peak) and falls (a dip); a single 1 copies it. One operation, three tools.
#
# Now to what the notes say: convolution "applies a linear model and a composite function at each
# place". Three questions are in it. Does a Keras layer do what you have just written? Is it what
# mathematics calls a convolution? And is there a function in it beyond the linear one?

# %%
x = generator.normal(size=(1, 40, 1)).astype("float32")
y = generator.normal(size=(1, 40, 1)).astype("float32")
layer = keras.layers.Conv1D(1, 5, bias_initializer="normal")
outputs = np.asarray(layer(x))[0, :, 0]
kernel, bias = layer.kernel.numpy()[:, 0, 0], layer.bias.numpy()[0]

by_hand = layers.correlate(x[0, :, 0], kernel) + bias
flipped = np.convolve(x[0, :, 0], kernel, mode="valid") + bias
far = largest(by_hand - outputs)
verdicts.compute(
    "CNN-01",
    far < TOLERANCE,
    detail=f"The loop of exercise 1, plus the bias, {'is' if far < TOLERANCE else 'is not'} what "
    "Conv1D returns.",
    setting="a kernel moved over the input, the same weights at each place",
)
far = largest(flipped - outputs)
verdicts.compute(
    "CNN-01",
    far < TOLERANCE,
    detail="np.convolve turns the kernel round, as mathematics has it; its numbers are off by up "
    f"to {far:.2f}.",
    setting="a convolution in the sense of mathematics",
)


def off_the_line(layer):
    """How far layer(2x - 3y) is from 2 layer(x) - 3 layer(y), the bias set to zero."""
    layer.build(x.shape)
    layer.bias.assign(np.zeros(1))
    return largest(layer(2 * x - 3 * y) - (2 * layer(x) - 3 * layer(y)))


far = off_the_line(keras.layers.Conv1D(1, 5))
verdicts.compute(
    "CNN-01",
    far < TOLERANCE,
    detail=f"Conv1D of 2x - 3y against 2 Conv1D(x) - 3 Conv1D(y): up to {far:.0e} apart.",
    setting="linear",
)
with_relu = off_the_line(keras.layers.Conv1D(1, 5, activation="relu"))
verdicts.compute(
    "CNN-01",
    far > TOLERANCE,
    detail="The layer as such is linear; only with activation='relu', an operation of its own, it "
    f"is not (off by {with_relu:.2f}).",
    setting="a composite function besides",
)

# %% [markdown]
# So the word is a misnomer that stayed. Libraries compute the **cross-correlation**, with the
# kernel as it lies. Mathematics turns the kernel round first: with that, the order of the two does
# not matter, $x * w = w * x$. For a net it makes no difference, since it *learns* the weights and
# would learn them turned round. You will meet the turned kernel again in 6.5, where it does matter.

# %% [markdown]
# ## 6.2 Pictures and their channels
#
# On a picture the window slides in two directions. Hand-picked kernels of 3 x 3 on a part of a
# photo, in grey:

# %%
photo = load_sample_image("china.jpg").astype("float32") / 255
grey = photo.mean(axis=2)[60:220, 160:320]
hand_picked = {
    "mean": np.full((3, 3), 1 / 9),
    "left to right": np.outer([1, 2, 1], [-1, 0, 1]) / 4,
    "top to bottom": np.outer([-1, 0, 1], [1, 2, 1]) / 4,
    "against the surroundings": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 4,
}
shown = {"photo": grey} | {
    title: signal.correlate2d(grey, kernel, mode="valid") for title, kernel in hand_picked.items()
}
figure = plots.pictures(shown, columns=5, size=1.9)
plots.show(
    figure,
    alt="A grey photo of a Chinese temple and its four maps: smoothed; vertical edges bright or "
    "dark; horizontal edges bright or dark; all fine detail and no plain areas.",
    data="photo china.jpg of scikit-learn",
)

# %% [markdown]
# The mean blurs. Each of the other maps shows *where* its pattern is: upright edges, level edges,
# fine detail. These kernels were thought up by people. In a net they are learned, and section 6.6
# looks at some.
#
# A colour picture has three channels, and inside a net there are dozens. What does the window do
# with them?
#
# ### Exercise 2 · A colour picture
#
# Write `filter_image(image, kernel)` for a colour image of shape (height, width, channels) and a
# kernel of shape (rows, columns, channels): at each place, multiply *all* the values under the
# kernel by its weights and add them up. Return one map of shape (height - rows + 1, width - columns
# + 1). There may be any number of channels.


# %%
def filter_image(image, kernel): ...  # return one map


ex.filtering.check(filter_image)

# %% [markdown]
# The notes call this a "three-dimensional convolution" that "applies a two-dimensional convolution
# three times". Count for one, three and five channels; and compare with `Conv3D`, which has the
# name.

# %%
for channels in (1, 3, 5):
    images = generator.normal(size=(2, 8, 8, channels)).astype("float32")
    kernel = generator.normal(size=(3, 3, channels, 1)).astype("float32")
    together = layers.convolution(images, kernel)
    one_by_one = [layers.convolution(images[..., [c]], kernel[:, :, [c]]) for c in range(channels)]
    keras_layer = keras.layers.Conv2D(1, 3, use_bias=False)
    keras_layer.build(images.shape)
    keras_layer.set_weights([kernel])
    far = max(largest(keras_layer(images) - together), largest(sum(one_by_one) - together))
    verdicts.compute(
        "CNN-08",
        far < TOLERANCE and len(one_by_one) == 3,
        detail="Conv2D is the sum of as many convolutions of one channel as there are channels, "
        f"{len(one_by_one)} (up to {far:.0e}).",
        setting=f"Conv2D, number of channels {channels}",
    )

volume = generator.normal(size=(1, 8, 8, 3, 1)).astype("float32")  # three slices of one channel
outputs = keras.layers.Conv3D(1, (3, 3, 2))(volume)
verdicts.compute(
    "CNN-08",
    outputs.shape[3] == 1,
    detail=f"On {volume.shape[3]} slices, a kernel of 3 x 3 x 2 stops at {outputs.shape[3]} places "
    "in depth: it slides in the third direction as well, and returns a volume.",
    setting="Conv3D",
)

# %% [markdown]
# Three is the number of colours, not of the operation. What makes a convolution one-, two- or
# three-dimensional is the number of directions in which the window *slides*: over time, over a
# picture, over a volume or a film. The channels are no such direction: they are always summed up,
# all of them, at each place. So a Conv2D layer on a colour picture is two-dimensional, although
# picture and kernel are arrays with three axes.
#
# ### Exercise 3 · Count
#
# Write `count_weights(rows, columns, channels, filters)`: the number of parameters of a `Conv2D`
# layer with so many filters of size rows x columns, on inputs with so many channels, bias included.


# %%
def count_weights(rows, columns, channels, filters): ...  # return the number of parameters


ex.counting.check(count_weights)

# %%
# NBVAL_CHECK_OUTPUT
print("kernel  channels  filters |  kernels  filters  weights of kernels  biases  parameters")
counted = {}
for rows, channels, filters, use_bias in ((3, 1, 1, False), (3, 3, 8, True), (5, 16, 32, True)):
    layer = keras.layers.Conv2D(filters, rows, use_bias=use_bias)
    layer.build((None, 28, 28, channels))
    in_kernels = layer.kernel.numpy().size
    counted[rows, channels, filters] = kernels, filters, parameters = (
        channels * filters,
        filters,
        layer.count_params(),
    )
    biases = parameters - in_kernels
    print(
        f"{rows} x {rows}   {channels:8} {filters:8} | {kernels:8} {filters:8} {in_kernels:19} "
        f"{biases:7} {parameters:11}"
    )

kernels, filters, parameters = counted[3, 1, 1]
verdicts.compute(
    "CNN-06",
    kernels == filters and parameters == 9 * kernels,
    detail=f"{kernels} kernel, {filters} filter, and the {parameters} weights of the layer are all "
    "in it.",
    setting="one channel, one filter, no bias",
    data="Conv2D",
)
kernels, filters, parameters = counted[3, 3, 8]
verdicts.compute(
    "CNN-06",
    kernels == filters and parameters == 9 * kernels,
    detail=f"{kernels} kernels make {filters} filters; the layer has {parameters} parameters, "
    f"{9 * kernels} of them in kernels.",
    setting="three channels, eight filters",
    data="Conv2D",
)

# %% [markdown]
# A **kernel** is the window for one channel; a **filter** is one kernel for each channel plus a
# bias, and makes one map; the **weights** are the numbers in all of them. Keras adds to the muddle:
# its attribute `layer.kernel` is the array of all kernels of all filters. Note what is *not* in the
# count: the size of the picture.

# %% [markdown]
# ## 6.3 How large is what comes out?
#
# A window of three fits into seven values at five places. Three things change that: **padding**
# puts zeros around the input; a **stride** lets the window move by more than one place;
# **dilation** pulls its weights apart.

# %%
settings = {
    'padding "valid", stride 1': {},
    'padding "same", stride 1': {"padding": "same"},
    'padding "valid", stride 2': {"stride": 2},
    'padding "valid", dilation 2': {"dilation": 2},
}
with plots.canvas(4, width=9.6, height=2.4, sharey=True) as (figure, panels):
    for axes, (title, options) in zip(panels, settings.items(), strict=True):
        count = layers.output_size(7, 3, **options)
        first = -1 if "padding" in options else 0
        apart = options.get("dilation", 1)
        axes.set_axis_off()
        axes.set_title(f"{title}:\n{count} places", fontsize=9.5)
        for place in range(-1, 8):
            inside = 0 <= place < 7
            if inside or "padding" in options:
                axes.text(
                    place,
                    0,
                    "x" if inside else "0",
                    ha="center",
                    color="black" if inside else "#777777",
                )
        for number in range(count):
            under = first + number * options.get("stride", 1) + apart * np.arange(3)
            axes.plot(
                under,
                np.full(3, -1 - number),
                color=plots.COLORS[0],
                linewidth=1,
                marker="s",
                markersize=6,
            )
        axes.set(xlim=(-1.5, 7.5), ylim=(-7.7, 0.8))
plots.show(
    figure,
    alt="Four diagrams of a window of three over seven values. Valid padding gives five places, "
    "same padding seven, stride two three, dilation two three.",
    data="computed with helpers.layers.output_size",
)

# %% [markdown]
# Each row is one place of the window, and so one value of the output.
#
# ### Play with it
#
# Where a kernel is running, sliders choose the kernel, its dilation and the stride, on the photo
# from above. Watch the size of the map.


# %%
def draw_map(name, dilation, stride):
    kernel = hand_picked[name][:, :, None, None]
    picture = grey[None, :, :, None]
    found = layers.convolution(picture, kernel, dilation=dilation, stride=stride)[0, :, :, 0]
    size = f"{found.shape[0]} x {found.shape[1]}"
    panels = {"photo, 160 x 160": grey, f"{name}, {size}": found}
    alt = (
        f"The photo and its map under the kernel “{name}”, dilation {dilation}, stride {stride}: "
        f"{size} values."
    )
    return plots.pictures(panels, columns=2, size=2.8), alt


plots.sliders_over(
    draw_map, {"kernel": list(hand_picked), "dilation": [1, 2, 4, 8], "stride": [1, 2, 4, 8]}
)
figure, alt = draw_map("left to right", 4, 2)
plots.show(
    figure,
    alt=alt,
    data="photo china.jpg of scikit-learn; kernel “left to right”, dilation 4, stride 2",
)

# %% [markdown]
# ### Exercise 4 · The formula
#
# Write `places(size, kernel, stride, padding)`: at how many places does a kernel of `kernel`
# weights stop, along one side of `size` values with `padding` zeros put before and after it, when
# it moves by `stride` and never hangs over the end?


# %%
def places(size, kernel, stride, padding): ...  # return the number of places


ex.sizing.check(places)

# %% [markdown]
# The notes say that the output's size follows from the height and width of input and kernel; their
# formula is lost. Here is a grid of inputs, kernels, paddings and strides, and what Keras makes of
# each.

# %%
grid = [
    (size, kernel, stride, padding)
    for size in range(5, 13)
    for kernel in range(1, 6)
    for stride in (1, 2, 3)
    for padding in ("valid", "same")
]
from_keras = {
    case: keras.layers.Conv2D(1, case[1], strides=case[2], padding=case[3]).compute_output_shape(
        (1, case[0], case[0], 1)
    )[1]
    for case in grid
}
plain = [case for case in grid if case[2:] == (1, "valid")]
right = sum(
    size - kernel + 1 == from_keras[size, kernel, stride, padding]
    for size, kernel, stride, padding in plain
)
verdicts.compute(
    "CNN-07",
    right == len(plain),
    detail=f"Height - kernel height + 1 gives Keras's height in {right} of {len(plain)} cases.",
    setting="no padding, stride 1",
    data="Conv2D, a grid of sizes",
)
right = sum(
    size - kernel + 1 == from_keras[size, kernel, stride, padding]
    for size, kernel, stride, padding in grid
)
verdicts.compute(
    "CNN-07",
    right == len(grid),
    detail=f"The same formula gives it in {right} of {len(grid)} cases: for the same sizes there "
    "are several answers.",
    setting="in general",
    data="Conv2D, a grid of sizes",
)
general = {
    (size, kernel, stride, padding): layers.output_size(
        size, kernel, stride=stride, padding=padding
    )
    for size, kernel, stride, padding in grid
}
print(
    "with padding and stride in the formula: "
    f"{sum(general[case] == from_keras[case] for case in grid)} of {len(grid)}"
)

# %% [markdown]
# In general, for H input values, a kernel of K, stride S, and P zeros on both sides together, there
# are $\lfloor (H + P - K) / S \rfloor + 1$ places; with dilation D the kernel reaches over D (K -
# 1) + 1 values, and that number takes the place of K. "Same" is the padding that makes this $\lceil
# H / S \rceil$; where the number of zeros is odd, the end gets one more.

# %% [markdown]
# ## 6.4 It moves with the picture
#
# The same weights at every place: so what happens when the picture moves?
#
# ### Exercise 5 · Predict
#
# You look at a photo through a frame and move the frame by a pixel or two, so that the picture in
# it moves. A convolution with padding "same" makes a map of what is in the frame. **Before you
# look:** is the new map the old one, moved along, or does it hold other numbers? Answer for stride
# 1, in the middle of the map and at its edges, and for stride 2 (in the middle), after a move by
# one pixel and by two. Write "the same, moved" or "other numbers" for each.

# %%
moving = {
    "stride 1, in the middle": ...,
    "stride 1, at the edges": ...,
    "stride 2, by one pixel": ...,
    "stride 2, by two pixels": ...,
}

# %%
FRAME, CORNER = 32, (70, 170)


def framed(move):
    """What is in the frame after it moved to the left: the picture in it has moved to the right."""
    top, left = CORNER[0], CORNER[1] - move
    return photo[None, top : top + FRAME, left : left + FRAME]


random_kernel = generator.normal(scale=0.2, size=(3, 3, 3, 1)).astype("float32")


def differences(move, stride):
    """Absolute difference of the moved picture's map and the moved map, where they overlap."""
    before, after = (
        layers.convolution(framed(pixels), random_kernel, stride=stride, padding="same")[0, :, :, 0]
        for pixels in (0, move)
    )
    # Places of the map: with stride 2, one pixel is half a place, and is counted as one.
    along = -(-move // stride)
    return np.abs(after[:, along:] - before[:, :-along])


INSIDE = (slice(2, -2), slice(2, -2))
by_one, by_one_stride_2, by_two_stride_2 = differences(1, 1), differences(1, 2), differences(2, 2)
measured = {
    "stride 1, in the middle": by_one[INSIDE].max(),
    "stride 1, at the edges": by_one[:, [0, -1]].max(),
    "stride 2, by one pixel": by_one_stride_2[INSIDE].max(),
    "stride 2, by two pixels": by_two_stride_2[INSIDE].max(),
}
ex.moving_prediction.check(moving, measured)

# %%
maps = {
    "frame": framed(0)[0],
    "moved by one": framed(1)[0],
    "stride 1, by one": by_one,
    "stride 2, by one": by_one_stride_2,
    "stride 2, by two": by_two_stride_2,
}
figure = plots.pictures(maps, columns=5, size=1.9)
plots.show(
    figure,
    alt="Two frames of the photo, one pixel apart, and three maps of differences: black but for "
    "the first and last column with stride 1; full of differences with stride 2 after one pixel; "
    "black inside again after two pixels.",
    data="photo china.jpg of scikit-learn; each map from black (0) to its largest difference",
)
for place, value in measured.items():
    print(f"{place:26} largest difference {value:.1e}")

# %% [markdown]
# In the middle the map moves with the picture, number for number. That is called **equivariance**,
# and no training is needed for it: it follows from using the same weights everywhere. At the edges
# it breaks, since the window meets zeros there that are no part of the photo. With stride 2 it
# breaks all over the map for a move by one pixel, because the window now stops at the pixels it
# used to jump over; a move by two pixels is one stride, and all is well. Pooling by two has the
# same stride, and breaks it in the same way.
#
# "It acts locally" says something else: a value of the output knows only what lay under its window.
# Change one pixel, and see how far the change gets.

# %%
far = measured["stride 1, in the middle"]
verdicts.compute(
    "CNN-03",
    far < TOLERANCE,
    detail=f"Moved picture, moved map: equal within {far:.0e}.",
    setting="the same at every place, away from the edges",
    data="photo",
)

touched = framed(0).copy()
middle = FRAME // 2
touched[0, middle, middle] += 1
for size in (3, 5):
    kernel = generator.normal(size=(size, size, 3, 1)).astype("float32")
    changed = np.argwhere(
        layers.convolution(touched, kernel, padding="same")
        != layers.convolution(framed(0), kernel, padding="same")
    )
    reach = int(np.abs(changed[:, 1:3] - middle).max())
    verdicts.compute(
        "CNN-03",
        reach <= size // 2,
        detail=f"One changed pixel changes {len(changed)} values of the map, none further away "
        f"than {reach}.",
        setting=f"local, kernel {size} x {size}",
        data="photo",
    )

# %% [markdown]
# ## 6.5 Backwards
#
# To learn the weights, the gradient must come back through the layer. Write the forward pass for
# one place $p$, with weights $w_0, w_1, \dots$:
#
# $$y_p = \sum_k w_k \, x_{p+k}.$$
#
# Let $g_p$ be the gradient of the loss with respect to $y_p$. The weight $w_k$ took part at *every*
# place $p$, where it met $x_{p+k}$. The input $x_i$ took part at every place $p$ whose window
# covers it, where it met $w_{i-p}$. By the chain rule, adding up over all places where they took
# part,
#
# $$\frac{\partial L}{\partial w_k} = \sum_p g_p \, x_{p+k}, \qquad
# \frac{\partial L}{\partial x_i} = \sum_p g_p \, w_{i-p}.$$
#
# That is the proof; now read it. The left sum has the form of the forward pass: slide $g$ over $x$.
# It is a **correlation** of the inputs with the gradients. In the right sum the index of $w$ runs
# *against* $p$: slide the kernel **turned round** over $g$, over its edges too. It is a
# convolution, this time in the sense of mathematics. With more directions, read each index as a
# pair or a triple; with channels, sum over them as before.
#
# ### Exercise 6 · Bug hunt
#
# **Bug hunt.** The forward pass is `y = np.correlate(x, kernel, mode="valid")`. `input_gradient`
# gets the gradient of the loss with respect to each output, `upstream`, and is to return that with
# respect to each input. The shape is right and some numbers are not. Repair it.


# %%
def input_gradient(upstream, kernel):
    # A window began at each output, so the kernel slides over the gradients again, over the edges
    # too.
    return np.correlate(upstream, kernel, mode="full")


ex.by_input.check(input_gradient)

# %% [markdown]
# ### Exercise 7 · And to the kernel
#
# Write `kernel_gradient(x, upstream)`: the forward pass was `y = np.correlate(x, kernel,
# mode="valid")`, and `upstream` holds the gradient of the loss with respect to each output. Return
# the gradient with respect to each weight of the kernel.


# %%
def kernel_gradient(x, upstream): ...  # return one number for each weight


ex.by_kernel.check(kernel_gradient)

# %% [markdown]
# The proof is one thing; the numbers are another. In two dimensions, on pictures of random size,
# SciPy's correlation and convolution are compared with what TensorFlow's automatic differentiation
# finds for a convolution. "All gradients that reach a kernel are added up" is tested by taking the
# sharing away: give **each place its own kernel**, all equal, let TensorFlow find the gradient of
# each, and add up.

# %%
apart = {"input": [], "kernel": [], "own kernels": []}
for _ in range(2 * RUNS):
    height, width = generator.integers(6, 14, 2)
    rows, columns = generator.integers(1, 5, 2)
    x = generator.normal(size=(1, height, width, 1)).astype("float32")
    kernel = generator.normal(size=(rows, columns, 1, 1)).astype("float32")
    g = generator.normal(size=(height - rows + 1, width - columns + 1)).astype("float32")
    windows = np.lib.stride_tricks.sliding_window_view(x[0, :, :, 0], (rows, columns))
    x, kernel, own = (
        tf.Variable(x),
        tf.Variable(kernel),
        tf.Variable(np.broadcast_to(kernel[:, :, 0, 0], windows.shape)),
    )
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(g * tf.nn.conv2d(x, kernel, 1, "VALID")[0, :, :, 0])
        loss_of_own = tf.reduce_sum(g * tf.reduce_sum(windows * own, axis=(2, 3)))
    by_x, by_kernel, by_own = tape.gradient([loss, loss_of_own], [x, kernel, own])
    by_x, by_kernel, by_own = (
        by_x[0, :, :, 0].numpy(),
        by_kernel[:, :, 0, 0].numpy(),
        by_own.numpy(),
    )
    apart["input"].append(largest(signal.convolve2d(g, kernel[:, :, 0, 0], mode="full") - by_x))
    apart["kernel"].append(largest(signal.correlate2d(x[0, :, :, 0], g, mode="valid") - by_kernel))
    apart["own kernels"].append(largest(by_own.sum(axis=(0, 1)) - by_kernel))
parts = {
    "input": ("to the input", "convolution of the gradients with the kernel, over the edges"),
    "kernel": ("to the kernel", "correlation of the inputs with the gradients"),
    "own kernels": ("added up", "sum over the gradients of a kernel for each place"),
}
for part, (setting, words) in parts.items():
    far = max(apart[part])
    verdicts.compute(
        "CNN-11",
        far < 10 * TOLERANCE,
        detail=f"{words[0].upper()}{words[1:]}: within {far:.0e} of automatic differentiation, "
        f"{len(apart[part])} shapes.",
        setting=setting,
        data="random pictures",
    )

# %% [markdown]
# `layers.convolution_backward` of this course is written that way: the gradient to the input is one
# more call of `layers.convolution`, with the kernel turned round, for one, two and three dimensions
# alike. Stride puts zeros between the gradients first; channels and filters change places. Tests
# compare it with Keras over a grid of shapes.
#
# What it means for a picture: a pixel gets gradient from every window that covers it. Here is how
# many there are, and what comes back when a single output matters.

# %%
ones = np.ones((1, 9, 9, 1))
picked = np.zeros((1, 9, 9, 1))
picked[0, 4, 4] = 1
edge_kernel = hand_picked["left to right"][:, :, None, None]
impulse = layers.convolution_backward(picked, ones, edge_kernel, padding="same")[0]
inner = layers.convolution_backward(np.ones((1, 7, 7, 1)), ones, np.ones((3, 3, 1, 1)))[0]
panels = {
    "the kernel": edge_kernel[:, :, 0, 0],
    "gradient at one output": picked[0, :, :, 0],
    "what the inputs get": impulse[0, :, :, 0],
    "windows over each pixel": inner[0, :, :, 0],
}
figure = plots.pictures(panels, columns=4, signed=True, size=2.1)
plots.show(
    figure,
    alt="Four small maps: a kernel, negative left and positive right; a gradient at one place; "
    "the gradient of the inputs, which is the kernel itself at that place; and the number of "
    "windows over each pixel, small at the edges.",
    data="computed; white is 0, red above, blue below, each map on its own scale",
)
print(
    f"windows over a corner pixel: {inner[0, 0, 0, 0]:.0f}; over a pixel in the middle: "
    f"{inner[0, 4, 4, 0]:.0f}"
)

# %% [markdown]
# The single output hands its gradient back through the very weights it read with: what was
# multiplied by $w_k$ on the way up is multiplied by $w_k$ on the way down. (To *see* the kernel as
# it is, and not turned round, is no contradiction: a convolution with a single 1 writes down the
# kernel as it lies.) On the right: with padding "valid" a corner pixel lies under one window, a
# pixel in the middle under nine. What stands at the edge has less of a say.

# %% [markdown]
# ## 6.6 What is it good for?
#
# Everything so far holds for any weights. Now some are learned: by a small **convnet**, 8 filters
# of 3 x 3, pooling (of each 2 x 2 values the largest passes), 16 filters, pooling, 32 filters, the
# mean of each map, and one dense layer; and by an **MLP** with one hidden layer and as many
# parameters. Both get 2,000 small pictures of clothes (14 x 14 pixels), in three versions:
#
# - **centred**, as they come: each piece in the middle of its picture, filling it;
# - **moved**, each picture by up to 3 pixels in both directions;
# - **permuted**: the moved pictures, with their pixels in another order, the *same* for all
#   pictures.
#
# ### Exercise 8 · Predict
#
# A convnet and an MLP with equally many parameters learn from 2,000 small pictures of clothes.
# **Before you look:** which of them labels more of the test pictures rightly when the clothes are
# centred, as they come; when each is moved at random by up to 3 pixels; and when the pixels of
# these moved pictures are permuted, all in the same way? Write "convnet", "MLP" or "too close to
# tell" for each.

# %%
winner = {"centred": ..., "moved": ..., "permuted": ...}

# %%
fashion = datasets.load("fashion", seed=seeds[0]).without_validation()  # nothing is chosen
EPOCHS = {"quick": 10, "full": 60}[PROFILE]
PICTURES, SIDE, FURTHEST = 2000, 14, 3
generator = np.random.default_rng(seeds[0])


def shrunk(pictures):
    """Pictures of 14 x 14 pixels, from 0 to 1."""
    return (pictures.reshape(-1, SIDE, 2, SIDE, 2).mean(axis=(2, 4)) / 255).astype("float32")


def moved(pictures):
    """Each picture moved by up to 3 pixels in both directions, zeros coming in."""
    corners = generator.integers(0, 2 * FURTHEST + 1, (len(pictures), 2))
    padded = np.pad(pictures, [(0, 0), (FURTHEST, FURTHEST), (FURTHEST, FURTHEST)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE), axis=(1, 2))
    return windows[np.arange(len(pictures)), corners[:, 0], corners[:, 1]]


order = generator.permutation(SIDE * SIDE)


def permuted(pictures):
    """The same pictures with their pixels in another order."""
    return pictures.reshape(len(pictures), -1)[:, order].reshape(pictures.shape)


tasks = {"centred": fashion.map(shrunk, note="14 x 14")}
tasks["moved"] = tasks["centred"].map(moved, note="moved")
tasks["permuted"] = tasks["moved"].map(permuted, note="permuted")


def small_convnet():
    return models.convnet((SIDE, SIDE), [[8], [16], [32]], 10, output_activation="softmax")


def equal_mlp():
    return models.mlp((SIDE, SIDE), [30], 10, output_activation="softmax")


nets = {"convnet": small_convnet, "MLP": equal_mlp}


def products(model):
    """Multiplications for one picture: every weight once for each place it is used at."""
    weighted = [layer for layer in model.layers if layer.weights]
    return sum(
        int(np.prod(layer.output.shape[1:-1])) * layer.kernel.numpy().size for layer in weighted
    )


for name, build in nets.items():
    model = build()
    print(
        f"{name}: {model.count_params():,} parameters, {products(model):,} multiplications for one "
        "picture"
    )

# %% [markdown]
# Equal parameters are not equal work: each weight of the convnet is used at many places.
#
# Both are trained `RUNS` times, each time with other training pictures, initial weights and
# minibatches. In one run both nets see the same pictures in the same order, and a net begins with
# the same weights in all three versions. The training is the same for both too: Adam at 0.01,
# minibatches of 50.

# %%
samples = [training.generator(seed).permutation(len(fashion.y_train))[:PICTURES] for seed in seeds]
drawn = training.as_runs(samples, seed=seeds[0])
recipe = training.Recipe(
    small_convnet,
    loss="sparse_categorical_crossentropy",
    optimizer=keras.optimizers.Adam(0.01),
    epochs=EPOCHS,
    batch_size=50,
)
fitted = {
    (name, task): replace(recipe, build=build).fit(split, drawn)
    for name, build in nets.items()
    for task, split in tasks.items()
}
accuracy = {key: runs.test("accuracy") for key, runs in fitted.items()}
advantage = {task: accuracy["convnet", task] - accuracy["MLP", task] for task in tasks}
ex.winner_prediction.check(winner, advantage)

# %%
with plots.canvas(width=6.4, height=3.4) as (figure, axes):
    for number, name in enumerate(nets):
        values = np.stack([accuracy[name, task] for task in tasks], axis=1)
        plots.band(axes, np.arange(3), values, number, name, marker=True)
    axes.set_xticks(np.arange(3), tasks)
    axes.set(ylabel="test accuracy", xlim=(-0.3, 2.3))
    axes.legend()
plots.show(
    figure,
    alt="Test accuracy of a convnet and an MLP on centred, moved and permuted clothes, with a "
    "band over the runs. The lines cross between the tasks.",
    data=f"{tasks['centred']}; median and middle 80 % of {RUNS} runs",
)
for task, differences_of_task in advantage.items():
    low, high = claims.paired_interval(differences_of_task)
    means = ", ".join(f"{name} {accuracy[name, task].mean():.1%}" for name in nets)
    print(
        f"{task:9} {means}; convnet minus MLP {differences_of_task.mean():+.1%} ({low:+.1%} to "
        f"{high:+.1%})"
    )

# %% [markdown]
# Read it from the left. On clothes that all lie in the same place, a weight for every pixel is a
# good idea, and sharing weights over all places buys little: with so few parameters and epochs, and
# a last step that averages over all places, the convnet need not come out ahead. Then the clothes
# are moved, and the MLP has to learn each of them for every place it can be in; the kernels meet
# the same sleeve wherever it is. Last, the permutation. An MLP does not know in which order its
# inputs come, so apart from chance nothing changes for it. For the convnet the neighbours are gone,
# and with them what it had over the MLP.
#
# So "convnets are better on images" is short for: *on images whose parts mean the same in different
# places, and whose neighbouring pixels belong together*. The second half is the notes' "acts
# locally", and can be judged:

# %%
cost = {name: accuracy[name, "moved"] - accuracy[name, "permuted"] for name in nets}
verdicts.compare(
    "CNN-03",
    cost["convnet"],
    cost["MLP"],
    claimed="higher",
    measure="test accuracy lost when the pixels are permuted, convnet against MLP",
    setting="local, so that the order of the pixels matters to it",
    data=tasks["moved"],
)
low, high = claims.paired_interval(cost["MLP"])
print(f"the MLP loses {cost['MLP'].mean():+.1%} ({low:+.1%} to {high:+.1%})")

# %% [markdown]
# ### What it learned
#
# The 8 kernels of the first layer, one row for each version of the clothes. The three kernels of a
# column began as the same random numbers, in nets that saw the same pieces of clothing in the same
# order.

# %%
first_kernels = {
    task: np.array([weights[0][:, :, 0] for weights in fitted["convnet", task].weights])
    for task in tasks
}
panels = {
    f"{task} {number + 1}": first_kernels[task][0][:, :, number]
    for task in tasks
    for number in range(8)
}
figure = plots.pictures(panels, columns=8, signed=True, size=1.1)
plots.show(
    figure,
    alt="Three rows of eight kernels of three by three weights, red above zero and blue below. "
    "Kernels of the same column look alike in some columns and differ in others.",
    data=f"convnets trained on {fashion.title}, run 1 of {RUNS}; white is 0, each kernel on its "
    "own scale",
)

# %% [markdown]
# With nine weights each, some can be read like those of section 6.2: red against blue from one side
# to the other finds an edge, red all over takes a mean. Others cannot; nobody asked the net for
# kernels with a name. Here is what those of the middle row make of one piece of clothing, after
# ReLU:

# %%
example = tasks["moved"].x_test[:1, :, :, None]
weights = fitted["convnet", "moved"].weights[0]
feature_maps = np.maximum(layers.convolution(example, weights[0], weights[1], padding="same"), 0)[0]
panels = {f"{fashion.class_names[tasks['moved'].y_test[0]]}": example[0, :, :, 0]}
panels |= {f"map {number + 1}": feature_maps[:, :, number] for number in range(8)}
figure = plots.pictures(panels, columns=9, size=1.05)
plots.show(
    figure,
    alt="A small picture of a piece of clothing and the eight maps that the first layer makes of "
    "it: some show its area, some one of its edges, some may be all black.",
    data=f"{tasks['moved']}, first test picture",
)

# %% [markdown]
# Look for maps of its whole area, and for maps of its edges on one side. A map that is black all
# over belongs to a filter that ReLU silences on this picture.
#
# The notes say that *which kernel is used differs with the nature of the data*. In part that is a
# matter of choice: one chooses in how many directions it slides. The weights nobody chooses. But do
# they differ with the data? Kernels always differ a little between two trainings. So the comparison
# is: how far apart are kernels learned from moved and from permuted pictures, against kernels
# learned twice from the same moved pictures, in another order? Everything starts from the same
# random weights.

# %%
shuffle = training.generator(seeds[0] + 77)  # no run draws with it
reordered = [
    replace(run, order=np.array([shuffle.permutation(PICTURES) for _ in range(EPOCHS)]))
    for run in drawn
]
retrained = recipe.fit(tasks["moved"], reordered)
again = np.array([weights[0][:, :, 0] for weights in retrained.weights])


def distances(one, other):
    """Euclidean distance of the first-layer kernels of each pair of runs, shape (runs,)."""
    return np.sqrt(((one - other) ** 2).sum(axis=(1, 2, 3)))


needed = {}
for kind, shape in {
    "Conv1D": (1, 40, 2),
    "Conv2D": (1, 9, 9, 2),
    "Conv3D": (1, 6, 6, 6, 2),
}.items():
    layer = getattr(keras.layers, kind)(1, 3)
    layer.build(shape)
    needed[kind] = len(layer.kernel.shape) - 2
verdicts.compute(
    "CNN-05",
    list(needed.values()) == [1, 2, 3],
    detail="Kernels for series, pictures and volumes slide in "
    f"{', '.join(map(str, needed.values()))} directions, chosen beforehand.",
    setting="the number of dimensions",
    data="Conv1D, Conv2D, Conv3D",
)
verdicts.compare(
    "CNN-05",
    distances(first_kernels["moved"], first_kernels["permuted"]),
    distances(first_kernels["moved"], again),
    claimed="higher",
    measure="distance of kernels learned from moved and permuted pictures, against the same "
    "pictures twice",
    setting="the weights, as learned",
    data=tasks["moved"],
)
in_common = int(np.sum(again[0] == first_kernels["moved"][0]))
verdicts.compute(
    "CNN-05",
    in_common == again[0].size,
    detail="Two trainings on the same pictures, from the same random weights, ended with "
    f"{in_common} of {again[0].size} weights in common: nobody had chosen them.",
    setting="the weights, as somebody's choice",
    data=tasks["moved"],
)

# %% [markdown]
# ## 6.7 What came out
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
# lesson](audits/06_convolution.ipynb). Below is what is recorded of it; as long as nothing is, the
# table is empty.

# %%
claims.summary(
    claims.recorded(runtime.ROOT / "notebooks" / "audits" / "06_convolution.ipynb"),
    link="audits/06_convolution.ipynb",
)

# %% [markdown]
# ## Where to read on
#
# - Dumoulin and Visin (2016), *A guide to convolution arithmetic for deep learning*: section 6.3
#   with every padding and stride drawn, and the backward pass as a convolution of its own.
# - LeCun, Bottou, Bengio and Haffner (1998), *Gradient-based learning applied to document
#   recognition*: the convnet that read cheques.
# - Zhang (2019), *Making convolutional networks shift-invariant again*: what stride breaks, and how
#   to repair it.
# - Zeiler and Fergus (2014), *Visualizing and understanding convolutional networks*: learned
#   filters beyond the first layer.
# - Next: **lesson 07**, where plain deep nets and convnets meet on colour pictures.
