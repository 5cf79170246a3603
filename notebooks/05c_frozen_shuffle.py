# %% [markdown]
# # 5c · How to feed `model.fit`
#
# You have built a net, chosen a loss, and set a seed with `keras.utils.set_random_seed(42)`, so
# that you can repeat the run. You call `model.fit(x, y)`. What could go wrong? Two things that no
# error message tells you. Both depend on the **library** and its backend, and we ran into both
# while we measured something else.
#
# After this lesson you will be able to
#
# - record which examples share a minibatch, and say when that matters;
# - feed a seeded `model.fit` so that every epoch brings new minibatches;
# - recognize a net that stands still because its softmax is saturated, and cure it.
#
# You need batch normalization, and minibatches from [lesson 3](03_gradient_descent.ipynb). Two
# statements are **measured**, in the lines that begin with ✓ (supported), ✗ (refuted) or ≈
# (undecided). No lecture note states them: they are the course's own. Plan three quarters of an
# hour; the notebook itself computes for less than a minute.

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
# `RUNS` is the number of replicates behind a live result. Each draws its own pictures, initial
# weights and orders.

# %% tags=["parameters"]
PROFILE = "quick"
SEED = 0
RUNS = 5

# %%
import json
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from helpers import claims, datasets, plots, training
from helpers.exercises import frozen_shuffle as ex
from helpers.nets import feeding, gradients, models, recording

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()

# %% jupyter={"source_hidden": true} tags=["hide-input"]
results = course / "notebooks" / "results"
shuffles, softmaxes = (
    json.loads((results / name).read_text(encoding="utf-8"))["settings"]
    for name in ("05c_frozen_shuffle.json", "05c_saturation.json")
)


def show_epochs(title, epochs):
    print(title)
    for number, batches in enumerate(epochs, start=1):
        print(f"  epoch {number}:", "  ".join(str(batch) for batch in batches))


# %% [markdown]
# ## 5c.1 Who shares a minibatch?
#
# `model.fit` does not tell you which examples it puts together. You can find out: use the *numbers
# of the rows* as inputs, and a model that does not learn at all and only writes down what it is
# given. That is all that `recording.minibatches` does.
#
# ### Exercise 1 · Predict
#
# Twelve rows, minibatches of four, three epochs. We feed `model.fit` in three ways: with arrays and
# no seed; with arrays after `keras.utils.set_random_seed`; and with a `tf.data.Dataset` that
# shuffles with a seed. For each, are the minibatches "the same every epoch" or "new every epoch"?

# %%
renewed = {"arrays, no seed": ..., "arrays, a seed": ..., "tf.data, a seed": ...}
ex.shuffle_prediction.check(renewed)  # stuck? ex.shuffle_prediction.hint()

# %% jupyter={"outputs_hidden": true}
ROWS, BATCH = 12, 4
rows, targets = np.arange(ROWS, dtype="float32")[:, None], np.zeros(ROWS, "float32")
own_seed = seeds[1]

tf.random.set_seed(None)
unseeded = recording.minibatches(rows, targets, batch_size=BATCH)

seeded, again = [], []
for found in (seeded, again):
    keras.utils.set_random_seed(own_seed)
    found += recording.minibatches(rows, targets, batch_size=BATCH)

source = feeding.shuffled_batches(rows, targets, BATCH, own_seed)
reshuffled = recording.minibatches(source, shuffle=False)  # it shuffles by itself

ex.shuffle_prediction.check(renewed, unseeded, seeded, reshuffled)

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
show_epochs("arrays, no seed", unseeded)
show_epochs("arrays after keras.utils.set_random_seed", seeded)
print(f"  a second run with the same seed is the same: {seeded == again}")
show_epochs("tf.data with a seed", reshuffled)

# %% [markdown]
# Look at the second block. The rows are shuffled, but only once: each epoch brings **the same
# minibatches in the same order**. We call this the *frozen shuffle*. The reason is a detail. Keras
# 3 with TensorFlow starts its input pipeline anew for each epoch, and a seeded shuffle that starts
# anew starts from the same state.
#
# It is a habit of one library, not a law. The same seeded call, recorded elsewhere:

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for library, found in shuffles["orders"].items():
    show_epochs(library, found["seeded"])

# %% [markdown]
# Keras 2, with which the notes were written (here in its last edition), went on drawing from one
# epoch to the next. Keras 3 on JAX shuffles with NumPy, which goes on as well.
#
# ### Exercise 2 · The same company?
#
# In training, batch normalization sees who shares a minibatch, not the order of the minibatches.
# Write `same_company(epochs)`, which is true if every epoch has the same minibatches, in any order
# and with their rows in any order. An epoch is a list of minibatches, each a list of row numbers.


# %% tags=["nbval-check-output"]
def same_company(epochs):
    # This asks whether the epochs are the same, list by list. What should it ask?
    return all(epoch == epochs[0] for epoch in epochs)


ex.comparing_company.check(same_company)  # stuck? ex.comparing_company.hint()

# %% [markdown]
# ## 5c.2 Does it matter?
#
# It is easy to take for granted that *fixing the random seed makes a run repeatable and changes
# nothing else* (NEW-01). The first half you have just seen, for the minibatches. (The notes call
# `tf.random.set_seed(42)`. With Keras 3 that freezes the minibatches as well, and does not even
# repeat the initial weights, which Keras draws from seeds of its own.) The second half is about
# what the net learns. A net
# with batch normalization sees each picture through its company: mean and variance come from the
# minibatch. In a frozen shuffle the company never changes.
#
# **Your guess first.** The notes' batch-normalized net of twenty layers learns photographs for
# twenty epochs, with frozen minibatches or with new ones. Which has the lower training loss? Which
# is right more often about new photographs, and by how many points: less than one, or more?
#
# **Measure.** Photographs of CIFAR-10, 3,000 for each replicate, other ones in each (the notes have
# 45,000, so expect another size of the effect there). Both arms have
# the same photographs and the same initial weights, and Nadam at the notes' rate of 0.0003; only
# the order differs. Frozen is the order that `model.fit` takes after the seed: `frozen_order` gives
# it, and we check first that the recordings above agree. All this was trained once
# (`studies/frozen_shuffle.py`), so what follows does not depend on `RUNS` or `SEED`. Twenty
# replicates were planned; the study was stopped for time after sixteen.


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def unlike(found, again, seed):
    """What is wrong unless a seeded model.fit repeats the order that frozen_order gives."""
    order = training.frozen_order(ROWS, seed).reshape(-1, BATCH).tolist()
    return "" if found == again == [order] * 3 else "frozen_order is not what model.fit does"


known = next(own for name, own in shuffles["orders"].items() if name.startswith("Keras 3"))
void = unlike(known["seeded"], known["again"], known["seed"])
if keras.backend.backend() == "tensorflow":
    void = void or unlike(seeded, again, own_seed)


def late(study, arm):
    """Test accuracy of each replicate, mean of the last four epochs."""
    return np.array(study["arms"][arm]["test_accuracy"])[:, -4:].mean(axis=1)


# %%
normalized = shuffles["batch normalization"]
verdicts.compare(
    "NEW-01",
    late(normalized, "frozen"),
    late(normalized, "reshuffled"),
    claimed="equal",
    margin=0.01,
    measure="test accuracy, mean of the last four epochs, frozen minibatches against new ones",
    setting="twenty layers with batch normalization on photographs",
    role=claims.PRIMARY,
    void=void,
    correlation=normalized["correlation"],
    data=normalized["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.4, height=3.6) as (figure, (left, right)):
    names = {"reshuffled": "new every epoch", "frozen": "frozen"}
    epochs = np.arange(1, len(normalized["arms"]["frozen"]["test_accuracy"][0]) + 1)
    for axes, metric in ((left, "training_loss"), (right, "test_accuracy")):
        series = {name: normalized["arms"][arm][metric] for arm, name in names.items()}
        ylabel = metric.replace("_", " ")
        plots.curves(axes, epochs, series, xlabel="epoch", ylabel=ylabel)
        axes.set_xticks([1, 5, 10, 15, 20])
    right.get_legend().remove()
plots.show(
    figure,
    alt="Training loss on the left and test accuracy on the right over twenty epochs, for frozen "
    "minibatches and for minibatches that are new in every epoch: two lines with bands in each.",
    data=f"{normalized['data']}; line: median, band: middle 80 % of the replicates trained",
)

# %% [markdown]
# Compare the two panels. With frozen minibatches the net can learn to tell its *minibatches* apart,
# by the mean and variance that each stamps on its members. That lowers the training loss and is
# worth nothing on a new picture, which has other company. (This is how we read the curves; only the
# difference was measured.) Two further settings: the gap between the two losses at the end, and the
# listing of the notes that does begin with a seed. It has no batch normalization, but SELU and
# alpha dropout, and is trained with SGD, each arm at the best of the rates that both tried on other
# replicates. The last two lines are of other libraries, JAX and Keras 2. There each epoch has an
# order of its own, and a second run brings the same orders; no accuracies were compared.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
verdicts.compare(
    "NEW-01",
    normalized["arms"]["frozen"]["overfitting"],
    normalized["arms"]["reshuffled"]["overfitting"],
    claimed="equal",
    margin=0.05,
    measure="test loss less training loss, both in inference, after the last epoch, frozen "
    "minibatches against new ones",
    setting="overfitting",
    role=claims.FURTHER,
    void=void,
    correlation=normalized["correlation"],
    data=normalized["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
dropped, tuning = shuffles["alpha dropout"], shuffles["tuning, alpha dropout"]
at_edge = f"the best rate is at the edge: {tuning['at_edge']}" if tuning["at_edge"] else ""
verdicts.compare(
    "NEW-01",
    late(dropped, "frozen"),
    late(dropped, "reshuffled"),
    claimed="equal",
    margin=0.01,
    measure="test accuracy, mean of the last four epochs, frozen minibatches against new ones",
    setting="the seeded listing: SELU and alpha dropout, no batch normalization",
    role=claims.FURTHER,
    void=void or at_edge,
    correlation=dropped["correlation"],
    data=dropped["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for library, found in shuffles["orders"].items():
    first, *others = found["seeded"]
    if "TensorFlow" in library and library.startswith("Keras 3"):
        continue  # this is what the other settings are about
    verdicts.compute(
        "NEW-01",
        found["seeded"] == found["again"] and first not in others,
        detail=f"The seeded run brought {len({str(e) for e in found['seeded']})} orders in "
        f"{len(found['seeded'])} epochs, and a second run "
        f"{'the same' if found['seeded'] == found['again'] else 'others'}.",
        setting=f"another library: {library}",
        role=claims.BOUNDARY,
        data="row numbers",
    )

# %% [markdown]
# Compare the seeded listing with the net above it. No layer of it looks at the company, but the
# same pictures still share each update. Freezing does something here, too:

# %% jupyter={"source_hidden": true} tags=["hide-input"]
for net_name, study in {"batch normalization": normalized, "alpha dropout": dropped}.items():
    gaps = np.subtract(*(study["arms"][arm]["overfitting"] for arm in ("frozen", "reshuffled")))
    print(
        f"{net_name}: the gap between the losses, frozen less new: mean {gaps.mean():+.2f},", end=""
    )
    print(f" above 0 in {(gaps > 0).sum()} of {len(gaps)} replicates")

# %% [markdown]
# Now on your own machine: five hidden layers of 50 with batch normalization, 2,000 pictures, Nadam
# at 0.001.

# %% jupyter={"source_hidden": true} tags=["hide-input"]
images = datasets.replicates("cifar10", seeds, train=2000, test=1000)
runs = training.replicates(images, seeds)
pixels = images.x_train.shape[1:]
five_layers = {"activation": "elu", "kernel_initializer": "he_normal"}
recipe = training.Recipe(
    partial(
        models.batch_normalized_mlp, pixels, [50] * 5, 10, normalize_inputs=True, **five_layers
    ),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer=partial(keras.optimizers.Nadam, 0.001),
    epochs=20,
    batch_size=32,
    metrics=["accuracy"],
)
# Nothing is chosen here, so the epochs can be followed on the test part.
followed = [replace(run, valid_rows=run.test_rows, test_rows=None) for run in runs]
frozen = [replace(run, order=training.frozen_order(2000, run.seed)) for run in followed]
accuracies = [
    recipe.fit(images, own).history["val_accuracy"][:, -4:].mean(axis=1)
    for own in (frozen, followed)
]

# %% jupyter={"source_hidden": true} tags=["hide-input"]
verdicts.compare(
    "NEW-01",
    *accuracies,
    claimed="equal",
    margin=0.01,
    measure="test accuracy, mean of the last four epochs, frozen minibatches against new ones",
    setting="five hidden layers of 50 with batch normalization, 2,000 images",
    role=claims.FURTHER,
    void=void,
    data=images,
)

# %% [markdown]
# ## 5c.3 A source that shuffles by itself
#
# The cure costs two lines: do not give arrays to a seeded `model.fit`, but a source that reshuffles
# by itself. A `tf.data.Dataset` can, and so can a `keras.utils.PyDataset`, a class that you write
# with a generator of its own. Leaving out the seed is no cure if you want to repeat the run. And a
# seed is no substitute for replicates: the same result twice may be the same mistake twice.
#
# ### Exercise 3 · Feed it
#
# Write `source(x, y, batch_size, seed)`, which returns something to pass to `model.fit` in place of
# the arrays: every row once an epoch, other minibatches in every epoch, and the same ones again in
# a second run with the same seed.


# %%
def source(x, y, batch_size, seed): ...  # return a tf.data.Dataset or a keras.utils.PyDataset


ex.feeding.check(source)  # stuck? ex.feeding.hint()

# %% [markdown]
# ## 5c.4 A softmax that stops learning
#
# The second trap is at the other end of the net. The notes' nets end in a softmax, and the loss
# gets probabilities $p$. You can also let the net end in its **logits** $z$, the numbers before the
# softmax, and write `from_logits=True`; then the loss applies the softmax. On paper both are the
# same:
#
# $$-\ln p_y \;=\; \ln \sum_k e^{z_k} - z_y$$
#
# In 32-bit numbers they are not. Say the net is certain of a wrong class: $z = (0, 40, 10)$, and
# the first class is right. Then $p_y = e^{-40}$. To be safe from $\ln 0$, Keras clips probabilities
# to at least $10^{-7}$ before it takes the logarithm. Where it clips, the loss no longer depends on
# the logits, and the gradient is **zero**: the net is wrong, and is told nothing.

# %%
label = np.array([0])
logits = keras.Variable(np.array([[0.0, 40.0, 10.0]], "float32"))


def unseen_softmax(z):
    """A softmax that TensorFlow's cross-entropy cannot recognize: it is not the last step."""
    return keras.ops.softmax(z) * 1.0


CROSSENTROPY = keras.losses.SparseCategoricalCrossentropy
for name, loss in {
    "logits": lambda: CROSSENTROPY(from_logits=True)(label, logits),
    "softmax": lambda: CROSSENTROPY()(label, keras.ops.softmax(logits)),
    "softmax times 1": lambda: CROSSENTROPY()(label, unseen_softmax(logits)),
}.items():
    value, (slope,) = gradients.gradients(loss, [logits])
    print(f"{name:16} loss {value:5.2f}, gradient by the logits", np.round(slope[0], 3) + 0.0)

# %% [markdown]
# With TensorFlow, the second line is as good as the first: Keras looks behind the softmax, finds
# the logits, and uses them. If anything follows the softmax, be it a multiplication by 1, it finds
# nothing. **With JAX it does not look**, and the second line is like the third. So the same listing
# trains on one backend and not on the other.
#
# ### Exercise 4 · Recognize it
#
# A net is certain of everything and right in a share `accuracy` of the cases; `epsilon` is where
# probabilities are clipped ($10^{-7}$ in Keras). Write its mean loss. If your own net ever stands
# at this number, you know why.


# %%
def stuck_loss(accuracy, epsilon): ...  # the mean loss of a net that is always certain


ex.recognizing.check(stuck_loss)  # stuck? ex.recognizing.hint()

# %% [markdown]
# A reader of the notes' listings takes it for granted: *it makes no difference to learning whether
# a net ends in a softmax or gives logits to a loss with* `from_logits=True`, whatever the backend
# (NEW-04). (Keras recommends logits for `BinaryCrossentropy`.) With TensorFlow, which the notes
# use, and the softmax last, the two are the same indeed, to the last digit. But is that so
# everywhere?
#
# **Your guess first.** Listing b of the notes: twenty layers, raw pixels from 0 to 255, a softmax
# at the end. With JAX, does its loss fall in the first epochs, and more slowly than with logits, or
# does it not fall at all?
#
# **Measure.** Again photographs of CIFAR-10, 3,000 for each replicate, for five epochs; both arms
# have the same photographs, initial weights and orders (`studies/saturation.py`).


# %%
def compare_ends(title, role, setting, softmax="softmax"):
    """Judge softmax against logits in a part of the study: test accuracy at the end."""
    study = softmaxes[title]
    learned = np.mean([run[-1] for run in study["arms"]["logits"]["accuracy"]]) > 0.15
    return verdicts.compare(
        "NEW-04",
        *(study["arms"][arm]["test_accuracy"] for arm in (softmax, "logits")),
        claimed="equal",
        margin=0.01,
        measure="test accuracy after five epochs, softmax in the net against logits",
        setting=setting,
        role=role,
        void="" if learned else "the logits have not learned",
        correlation=study["correlation"],
        data=study["data"],
    )


compare_ends("raw pixels, jax", claims.PRIMARY, "listing b with JAX")

# %% jupyter={"source_hidden": true} tags=["hide-input"]
compare_ends(
    "raw pixels, tensorflow",
    claims.FURTHER,
    "TensorFlow, softmax times 1",
    softmax="softmax times 1",
)
compare_ends("standardized pixels, jax", claims.BOUNDARY, "standardized pixels with JAX")
found = softmaxes["raw pixels, tensorflow"]["arms"]
apart = np.subtract(found["softmax"]["test_accuracy"], found["logits"]["test_accuracy"])
verdicts.compute(
    "NEW-04",
    np.abs(apart).max() <= 0.01,
    detail=f"In {len(apart)} replicates the two test accuracies differ by at most "
    f"{np.abs(apart).max():.4f}.",
    setting="TensorFlow, softmax as the last operation",
    role=claims.BOUNDARY,
    data=softmaxes["raw pixels, tensorflow"]["data"],
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
with plots.canvas(2, width=9.4, height=3.6, sharey=True) as (figure, panels):
    for axes, (backend, library) in zip(
        panels, (("jax", "JAX"), ("tensorflow", "TensorFlow")), strict=True
    ):
        found = softmaxes[f"raw pixels, {backend}"]["arms"]
        series = {arm: found[arm]["loss"] for arm in sorted(found)}
        epochs = np.arange(1, len(found["logits"]["loss"][0]) + 1)
        plots.curves(axes, epochs, series, xlabel="epoch", ylabel="training loss", title=library)
        axes.set_yscale("log")
        axes.minorticks_off()
        axes.set_yticks([2, 5, 10, 20], ["2", "5", "10", "20"])
        axes.set_xticks(epochs)
    panels[1].set_ylabel("")
plots.show(
    figure,
    alt="Training loss over five epochs of nets that end in logits and in a softmax, with JAX on "
    "the left and TensorFlow on the right, there also with a softmax times 1.",
    data=f"{softmaxes['raw pixels, jax']['data']}; line: median, band: middle 80 % of replicates",
)

# %% [markdown]
# On standardized pixels, which are not drawn here, the loss falls alike with both ends, so little
# can have been clipped (by accuracy the comparison is undecided). This is why the trap is so easily
# missed.
#
# ### Exercise 5 · The short way
#
# The function below takes the long way, through clipped probabilities. Write the cross-entropy of a
# single example straight from its logits, so that it never goes flat and never overflows.


# %%
def crossentropy(logits, label):
    # This takes the long way, through probabilities. Take the short one.
    probabilities = np.exp(logits) / np.exp(logits).sum()
    return -np.log(np.clip(probabilities[label], 1e-7, 1 - 1e-7))


ex.from_logits.check(crossentropy)  # stuck? ex.from_logits.hint()

# %% [markdown]
# ## 5c.5 What came out
#
# The verdicts below are the recorded ones. "Expected" is what we expected before these measurements
# were planned; we had met both traps by then.

# %%
verdicts.summary()

# %% [markdown]
# Three habits to keep: Record what a library feeds before you trust it. Feed a seeded run from a
# source that shuffles by itself. Let nets end in logits, and take the softmax when you want
# probabilities.
#
# ## Where to read on
#
# - Ioffe and Szegedy (2015), *Batch normalization: accelerating deep network training by reducing
#   internal covariate shift*: section 4.2.1 tells what they gained by shuffling so that the same
#   examples do not always share a minibatch.
# - Blanchard, Higham and Higham (2021), *Accurately computing the log-sum-exp and softmax
#   functions*.
# - Bouthillier and others (2021), *Accounting for variance in machine learning benchmarks*: what
#   else a seed decides.
# - `helpers/nets/recording.py` and `helpers/nets/feeding.py`: the recorder and the source.

# %% jupyter={"source_hidden": true} tags=["hide-input", "remove-cell"]
from helpers import exercises

exercises.show_progress("05c_frozen_shuffle")
