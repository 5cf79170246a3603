# %% [markdown]
# # 4b · Dropout and data
#
# The first notebook of this lesson put a price on weights. This one *disturbs* the net while it
# learns: units fall silent, pictures are turned and cropped, noise is added, labels lose some of
# their certainty. A net can learn by heart only what stays the same from one pass to the next. What
# is true of all pictures of coats survives a disturbance, and that is what the net should learn.
#
# After it you will be able to
#
# - write dropout as Keras does it, and say what it does once the training is over;
# - make more pictures out of few, without fooling yourself about the result;
# - say what noise in training is good for;
# - soften labels, and check whether a net is as sure of itself as it may be;
# - compare regularizers fairly.
#
# Four statements of the [lecture notes](../docs/notes.md) are **measured** on the way, in the lines
# that begin with ✓ (supported), ✗ (refuted) or ≈ (undecided), and a fifth is explained. At the end
# all regularizers of the lesson meet in a fair fight. Before every measurement we ask for your
# guess; write it down. Plan an hour.

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
# `RUNS` is the number of repetitions, or **replicates**, behind a live result. Each draws its own
# pictures, initial weights and order of the minibatches, and all nets that are compared within a
# replicate share them. Change `SEED` and run all cells again: the live results move, the recorded
# ones, from 30 replicates, stay.

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

from helpers import claims, datasets, plots, training
from helpers.exercises import regularization as ex
from helpers.nets import augmentation, models
from helpers.reference import calibration

seeds = training.seeds(SEED, RUNS)
verdicts = claims.Ledger()

# %%
CLASSES = 10
fashion = datasets.load("fashion", seed=seeds[0])

# %% [markdown]
# ## 4b.1 Dropout
#
# In training, **dropout** silences units at random, for every example anew: their output becomes
# zero. No unit can rely on a certain other one being there, so each has to learn something that is
# of use by itself.
#
# If half of the units are silent, the next layer receives half as much, and after the training it
# would suddenly receive twice what it has learned to expect. So the units
# that pass are made louder by just as much.
#
# ### Exercise 1 · Write dropout
#
# Write dropout as Keras does it in training, `drop(x, rate, generator)`: every value of `x`, of
# shape (examples, units), is silenced with probability `rate`, each by itself; the others are
# scaled so that the mean of what is passed on does not change. `generator` is a NumPy random
# generator.


# %%
def drop(x, rate, generator): ...  # return what the layer passes on in training


ex.dropping.check(drop)  # stuck? ex.dropping.hint()

# %% [markdown]
# The notes say that at test time no unit is dropped, and that *the outputs of the layer are scaled
# down in line with the dropout rate* (REG-25). So it was, in effect, in the first form of dropout
# (Hinton et al. 2012; Srivastava et al. 2014). Which form does Keras have? We send a thousand ones
# through its layer and ask for the mean, in training and at test time:

# %% tags=["nbval-check-output"]
for rate in (0.2, 0.5):
    layer, ones = keras.layers.Dropout(rate, seed=0), np.ones((1_000, 100), "float32")
    in_training, at_test = (np.array(layer(ones, training=mode)) for mode in (True, False))
    print(
        f"rate {rate}: in training {in_training.max():.2f} passes, or 0, mean "
        f"{in_training.mean():.1f}; at test time {at_test.min():.0f} to {at_test.max():.0f}"
    )
verdicts.by_definition(
    "REG-25",
    detail=(
        "True of dropout as it was first published, where the outputs are multiplied by 1 - rate "
        "at test time. Keras scales in training instead, by 1 / (1 - rate), and does nothing at "
        "test time. With either, the mean is the same in training and at test time."
    ),
)

# %% [markdown]
# Today's libraries scale in training, which is called **inverted** dropout. The trained net is then
# used as it is. Both forms keep the *mean*
# of what the next layer receives. Its scatter is another matter: with the masks it is larger than
# without them, which can trouble a batch normalization that follows (lesson 5b).
#
# ## 4b.2 Does it help?
#
# Dropout is there against overfitting, so we give it a net that overfits: 300 pictures of clothes,
# shrunk to 14 x 14 pixels, and one hidden layer of 128 units, which soon knows them all by heart.
# "Dropout switches off random nodes during training only, and thereby improves the nodes that stay
# active" (REG-11). In use all of them are active. Is the net then better on new pictures?
#
# A fair comparison takes both nets at their best. Dropout may need another learning rate than a
# plain net, and the rate of dropout has to be chosen too. So a study did it beforehand (`python -m
# studies.regularization`): on other pictures it tried six rates of dropout, at those learning rates
# at which the plain net learns its pictures by heart, and let validation pictures choose. (Without
# dropout a lower learning rate did better on them. It is left out on purpose: at that rate the
# plain net does not yet know its pictures by heart at the end, which would be early stopping in
# disguise.) It did the same for the softer labels of section 4b.5. We read what was best:

# %%
HIDDEN = 128
fight = json.loads((course / "notebooks" / "results" / "04b_fair_fight.json").read_text())
fight = fight["settings"]
thinning, softening = (fight[f"{way}, by heart"] for way in ("dropout", "label smoothing"))
for way, tuning_of in (("dropout", thinning), ("smoothing", softening)):
    rates = f"learning rate {tuning_of['rate']:.2g}; without it {tuning_of['rate_without']:.2g}"
    print(f"{way} of {tuning_of['strength']}, {rates}; {tuning_of['budget']} trainings")

# %% [markdown]
# We need the same pictures in three versions, one after the other in one array: as they are, with
# some labels wrong, and with noise. So a net can be trained on one and tested on another.


# %%
def halved(x):
    """Pictures of half the height and width, from 0 to 1."""
    return (x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255).astype("float32")


NOISE, MISTAKES = 0.3, 0.1
small = datasets.pool("fashion").map(halved, note="shrunk to 14 x 14")
study_pool = datasets.replicates(small, **thinning["tuned_on"])
clothes = datasets.replicates(small, seeds, train=300, test=500, apart_from=study_pool)
draws = training.generator(seeds[0])
noise = NOISE * draws.normal(size=clothes.x_train.shape)
noisy_clothes = clothes.map(lambda x: (x + noise).astype("float32"))
mistaken_clothes = datasets.mislabelled(clothes, MISTAKES, seed=draws)
versions = datasets.stacked(clothes, mistaken_clothes, noisy_clothes)
versions = replace(versions, y_train=np.eye(CLASSES, dtype="float32")[versions.y_train])
AS_THEY_ARE, MISLABELLED, NOISY = np.arange(3) * len(clothes.y_train)

# %% [markdown]
# Every net makes 1,800 steps of 50 pictures, as in the study. Would twice as many change the
# answer? Where 30 replicates are recorded we train on to 3,600 steps. The verdict counts only if
# it is the same there, and, where learning by heart is the issue, if the plain net knows 99 %
# of its training pictures.

# %%
EPOCH = 6_000  # pictures: many passes over few pictures count as one epoch, which is faster
FIRST, LAST = 15, 30 if RUNS >= 30 else 15  # epochs of 120 steps: 1,800 steps, and 3,600
plain = training.Recipe(
    partial(models.mlp, (14, 14), [HIDDEN], CLASSES),
    loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    optimizer="adam",
    epochs=LAST,
    batch_size=50,
    metrics=["accuracy"],
)


# %%
def trained(recipe, rate, *, of=clothes, train_on=AS_THEY_ARE, test_on=AS_THEY_ARE, smoothing=0.0):
    """A run for each replicate, tested after every epoch, on versions of its own pictures."""
    targets = ((1 - smoothing) * versions.y_train + smoothing / CLASSES).astype("float32")
    own = {"learning_rate": rate, "targets": targets}
    pairs = [(np.tile(d.train, EPOCH // len(d.train)), d.test) for d in of.divisions]
    runs = [
        training.Run(seed, train + train_on, valid_rows=test + test_on, **own)
        for seed, (train, test) in zip(seeds, pairs, strict=True)
    ]
    return recipe.fit(versions, runs)


def tested(runs, epoch=FIRST):
    """Accuracy on the test pictures of each replicate after so many epochs."""
    return runs.history["val_accuracy"][:, epoch - 1]


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def doubt(treated, control, of=clothes, least=0.99):
    """Why the verdict on a pair of arms does not count, or nothing; `least` is to be known."""
    if control.history["accuracy"][:, FIRST - 1].mean() < least:
        return "the plain net does not know its training pictures yet"
    pairs = [(tested(treated, end), tested(control, end)) for end in (FIRST, LAST)]
    how = {"claimed": "higher", "measure": "accuracy", "margin": 0.01, "data": of}
    words = {claims.compare_pairs("REG-11", *pair, **how).verdict for pair in pairs}
    return "twice as many steps lead to another verdict" if len(words) > 1 else ""


# %% [markdown]
# **Your guess first.** By how many points does dropout raise the accuracy on new pictures, or lower
# it? Less than one point would change nobody's choice; that is the **margin**.


# %%
def thinned():
    """The net, of whose hidden units a share is left out at each step."""
    hidden = [keras.layers.Dense(HIDDEN, "relu"), keras.layers.Dropout(dropout_share)]
    start = [keras.Input((14, 14)), keras.layers.Flatten()]
    return keras.Sequential([*start, *hidden, keras.layers.Dense(CLASSES)])


dropout_share = float(thinning["strength"])
undropped = trained(plain, thinning["rate_without"])
dropped = trained(replace(plain, build=thinned), thinning["rate"])
verdicts.compare(
    "REG-11",
    tested(dropped),
    tested(undropped),
    claimed="higher",
    margin=0.01,
    measure="accuracy on new pictures, all units active",
    setting="300 pictures known by heart, 128 units, dropout as tuned against none",
    role=claims.PRIMARY,
    void=doubt(dropped, undropped),
    data=clothes,
)


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def right_on(runs, part, of=clothes):
    """Accuracy of each net on its "train" or "test" pictures as they are, all units active."""
    rows = [getattr(d, part) for d in of.divisions]
    pairs = [(clothes.x_train[own], clothes.y_train[own]) for own in rows]
    return [runs[n : n + 1].accuracy(*pair)[0] for n, pair in enumerate(pairs)]


with plots.canvas(width=6.4, height=3.4) as (figure, axes):
    arms = {"without dropout": undropped, f"dropout of {dropout_share:g}": dropped}
    series = {how: [right_on(runs, "train"), tested(runs, LAST)] for how, runs in arms.items()}
    plots.groups(axes, ["on its 300 pictures", "on new pictures"], series)
    axes.set(ylabel="accuracy")
plots.show(
    figure,
    alt="Accuracy on the training pictures, on the left, and on new ones, on the right, of nets "
    "that were trained without and with dropout: a mark for every replicate.",
    data=f"{clothes}; {120 * LAST:,} steps; all units active; black: means",
)

# %% [markdown]
# Look how wide the interval is: a gain within it cannot be told from none. And a ✗ here would not
# say that dropout does harm, only that it gains less than one picture in a hundred. What dropout
# does in other places, a narrow net, many pictures, wrong labels, we shall see in the fair fight.
#
# ## 4b.3 More data from the same data
#
# Cropping, mirroring or rotating limited data turns them into more data, say the notes (REG-46).
# The pictures that there are stay, and altered copies join them. That there are more rows then is
# true by definition; the question is whether they do what more data do: is the net better on *new*
# pictures? An altered copy needs a true label, so an alteration is a statement about the world:
# *this change does not matter*. Look first. Here each picture of a minibatch stays as it is with
# probability 1/2, and is replaced by a freshly altered copy otherwise:

# %% jupyter={"source_hidden": true} tags=["hide-input"]
SIDE, WHITE, SCARCE, STEPS = 28, 255, 300, 1_500
alterations = augmentation.copies(SIDE)
sample = (fashion.x_train[:8] / WHITE).astype("float32")
titles = {"crop to 24": "crop to 24 of 28 pixels", "turn by 15": "turn by up to 15 degrees"}
shown = {"as they are": sample} | {
    titles.get(name, name): np.asarray(alterations[name](sample, np.zeros(8), (seeds[1], 2))[0])
    for name in ("crop to 24", "turn by 15", "mirror", "all three, strong")
}
with plots.canvas(8, 5, width=7.6, height=5.2) as (figure, grid):
    for line, (name, images) in zip(grid, shown.items(), strict=True):
        for axes, image in zip(line, images, strict=True):
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axes.set_axis_off()
        line[0].set_title(name, fontsize=9, loc="left")
plots.show(
    figure,
    alt="Eight pictures of clothes in five rows: as they are; and with about half of them cropped "
    "and enlarged again, turned by a few degrees, mirrored, or all of it. One still sees what each "
    "is.",
    data=fashion,
)

# %% [markdown]
# In this collection nearly every shoe points the same way: hardly any test shoe will look like a
# mirrored one. And a change that is harmless for clothes may be a lie elsewhere: a 6 that is turned
# by half a circle is a 9.
#
# ### Exercise 2 · Bug hunt
#
# `divide` makes altered copies and sets aside a fifth for validation. The validation accuracy is
# splendid, on new pictures it is not. Repair it: a random fifth of the *pictures* is for
# validation, as they are; the others are trained on, each as it is and altered. `alter(pictures)`
# returns one altered copy of each.


# %%
def divide(pictures, labels, alter, generator):
    pictures = np.concatenate([pictures, alter(pictures)])
    labels = np.concatenate([labels, labels])
    rows = generator.permutation(len(pictures))
    train, valid = rows[len(rows) // 5 :], rows[: len(rows) // 5]
    return pictures[train], labels[train], pictures[valid], labels[valid]


ex.dividing.check(divide)  # stuck? ex.dividing.hint()

# %% [markdown]
# Which alteration, how strong, and at which learning rate? The notes leave that to whoever knows
# the data. Another study (`python -m studies.augmentation`) tried seven alterations, and the
# pictures as they are, at the same learning rates, here on the full 28 x 28 pixels and with 256
# hidden units:

# %%
results = json.loads((course / "notebooks" / "results" / "04_augmentation.json").read_text())
tuning = results["settings"]["fashion, clean labels"]
choice = tuning["choice"]
for name, accuracy in choice["validation_accuracy"].items():
    rate = choice["best_rates"][name]
    print(f"{name:<20} validation accuracy {accuracy:.3f} at learning rate {rate:.2g}")
print(f"{choice['budget']} trainings; chosen: {choice['alteration']}")

# %% [markdown]
# Do not read too much into the third decimal: with other draws another alteration might have come
# first.
#
# Now the comparison. Every run has fresh pictures, and both arms of a run share them. Both arms
# make equally many steps, so many that the net without copies knows all of its pictures. The
# recorded verdict counts only if twice as many steps lead to the same one (undecided both times is
# the same, too). If they do not, the steps are doubled, up to 12,000, until two lengths agree. What
# you see here is quicker: fewer runs, and a third of the first length. That is enough for the net
# without copies to know its pictures. The net with copies has a much lower learning rate and is not
# finished by then, so here its accuracy comes out too low. If the result is in keeping with the
# record all the same, that says nothing about the size of the difference.
#
# **Your guess first:** how many points do the copies gain?

# %%
tuned_on = datasets.replicates(**tuning["replicates"])
pool = datasets.replicates("fashion", seeds, train=SCARCE, test=500, apart_from=tuned_on)
pool = pool.map(lambda x: (x / WHITE).astype("float32"))
PASSES = 10  # over the pictures count as one epoch: 50 steps of 60 pictures
passing = [
    replace(run, train_rows=np.tile(run.train_rows, PASSES))
    for run in training.replicates(pool, seeds)
]


def both_arms(steps):
    """The runs with the pictures as they are, and those with altered copies beside them."""
    build = partial(models.mlp, (SIDE, SIDE), [256], CLASSES, output_activation="softmax")
    how = {"loss": "sparse_categorical_crossentropy", "optimizer": "adam", "batch_size": 60}
    unaltered = training.Recipe(build, epochs=steps // 50, **how)
    copied = replace(unaltered, augment=alterations[choice["alteration"]])
    return [
        recipe.fit(pool, [replace(run, learning_rate=rate) for run in passing])
        for recipe, rate in ((unaltered, choice["rate_as_they_are"]), (copied, choice["rate"]))
    ]


# %%
def known(runs):
    """The share of its own training pictures, unaltered, that each net knows."""
    rows = [part.train for part in pool.divisions]
    pairs = [(pool.x_train[mine], pool.y_train[mine]) for mine in rows]
    return np.array([runs[n : n + 1].accuracy(*pair)[0] for n, pair in enumerate(pairs)])


# %% jupyter={"source_hidden": true} tags=["hide-input", "nbval-skip"]
criterion = {"claimed": "higher", "measure": "test accuracy on unaltered pictures", "margin": 0.01}


def word(unaltered, copied):
    """The word at this length, or why there is none."""
    if known(unaltered).mean() < 0.999:
        return "the net without copies does not know its pictures yet"
    accuracies = copied.test("accuracy"), unaltered.test("accuracy")
    return claims.compare_pairs("REG-46", *accuracies, data=pool, **criterion).verdict


def settled(lengths):
    """Both arms at the first length whose word is that of the next one; else why none is."""
    arms = both_arms(lengths[0])
    for longer in map(both_arms, lengths[1:]):
        if word(*arms) == word(*longer) in ("supported", "refuted", "undecided"):
            return *arms, ""
        arms = longer
    return *arms, "no two lengths of training agree" if lengths[1:] else ""


lengths = [STEPS * 2**n for n in range(4)] if RUNS >= 30 else [STEPS // 3]
unaltered, copied, void = settled(lengths)

# %% jupyter={"source_hidden": true} tags=["hide-input", "nbval-skip"]
verdicts.compare(
    "REG-46",
    copied.test("accuracy"),
    unaltered.test("accuracy"),
    setting="300 pictures of clothes, true labels",
    role=claims.PRIMARY,
    void=void,
    data=pool,
    **criterion,
)
for name, runs in (("as they are", unaltered), ("with copies", copied)):
    print(
        f"{name}: {50 * int(runs.epochs[0]):,} steps; knows {known(runs).mean():.1%} "
        f"of its training pictures, and {runs.test('accuracy').mean():.1%} of the test pictures"
    )

# %% jupyter={"source_hidden": true} tags=["hide-input", "nbval-skip"]
with plots.canvas(width=6.4, height=3.4) as (figure, axes):
    pairs = np.array([unaltered.test("accuracy"), copied.test("accuracy")])
    axes.plot([0, 1], pairs, color="#BBBBBB", linewidth=1)
    for number, values in enumerate(pairs):
        style = {"color": plots.COLORS[number]}
        axes.plot(np.full(RUNS, number), values, plots.MARKERS[number], **style)
        axes.plot(number, values.mean(), "_", color="black", markersize=30)
    axes.set_xticks([0, 1], ["as they are", f"with copies ({choice['alteration']})"])
    axes.set(xlim=(-0.4, 1.4), ylabel="test accuracy", title="300 pictures, and altered copies")
plots.show(
    figure,
    alt="Test accuracy of every run with the pictures as they are, on the left, and with altered "
    "copies beside them, on the right; lines join the runs that share their pictures.",
    data=f"{pool}; black: means",
)

# %% [markdown]
# Compare the distance between the black marks with how much the grey lines differ from each other,
# which is chance, and with the margin of one picture in a hundred. A gain that is small beside them
# cannot be told from none. The verdict also speaks of *this* place: few small pictures of clothes
# and a dense net. Copies became famous elsewhere: on handwritten digits, with dense and
# convolutional nets (Simard 2003), and on photographs (Krizhevsky 2012).
#
# ## 4b.4 Noise
#
# The cheapest alteration is **noise**: add a random number to every pixel, afresh in every
# minibatch. A picture of a coat with some snow on it is still a coat. The notes expect that the
# model gets used to noisy data and so becomes **robust** (REG-47).
#
# Robust against what? Two nets, one trained on 2,000 clean pictures and one on the same with noise
# (normal, standard deviation 0.3), meet test pictures with noise of the same kind. The study chose
# the learning rate of both on noisy validation pictures, even if, at that rate, the net does not
# learn its training pictures by heart. **Your guess first:** how many points apart are they on
# noisy pictures, and which of them is better on *clean* ones?

# %%
hardening = fight["noisy pictures, 2,000"]
tuned_on_many = datasets.replicates(small, **hardening["tuned_on"])
many = datasets.replicates(small, seeds, train=2_000, test=500, apart_from=tuned_on_many)
noise_in_training = replace(plain, augment=augmentation.noise(NOISE))
unhardened, hardened = (
    trained(recipe, hardening["best_rates"][arm], of=many, test_on=NOISY)
    for arm, recipe in (("without noise", plain), ("with noise", noise_in_training))
)
verdicts.compare(
    "REG-47",
    tested(hardened),
    tested(unhardened),
    claimed="higher",
    margin=0.01,
    measure="accuracy on noisy pictures",
    setting="2,000 pictures, trained with noise of 0.3 against none, tested with the same noise",
    role=claims.PRIMARY,
    void=doubt(hardened, unhardened, many, least=0),
    data=many,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
ANKLE_BOOT = 9
with plots.canvas(3, width=9.6, height=3.4, width_ratios=(1, 1, 3)) as (figure, panels):
    figure.get_layout_engine().set(wspace=0.08)
    boot = next(row for row in many.divisions[0].test if many.y_train[row] == ANKLE_BOOT)
    for axes, place in zip(panels, (AS_THEY_ARE, NOISY), strict=False):
        axes.imshow(versions.x_train[boot + place], cmap="gray_r", vmin=0, vmax=1)
        axes.set_title("with noise" if place else "as it is")
        axes.set_axis_off()
    series = {
        f"trained {how}": [tested(runs, LAST), right_on(runs, "test", many)]
        for how, runs in (("without noise", unhardened), ("with noise", hardened))
    }
    plots.groups(panels[2], ["noisy test pictures", "clean test pictures"], series)
    panels[2].set(ylabel="accuracy")
plots.show(
    figure,
    alt="Left: an ankle boot as it is, and with noise. Right: accuracy on noisy and on clean test "
    "pictures of nets that were trained without and with noise, a mark for every replicate.",
    data=f"{many}; {120 * LAST:,} steps; black: means",
)

# %% [markdown]
# A net gets used to what it has seen. That is worth something where the noise of training is the
# noise to come; the verdict says nothing of the outliers that the notes name. The right half of the
# figure shows what the habit costs, or gives, where no noise comes. For straight lines it is a
# known thing: noise on the inputs acts like an L2 penalty (Bishop 1995).
#
# ## 4b.5 Softer labels
#
# A **one-hot** label has a 1 for the right class and a 0 for every other. It says: this is a coat,
# with certainty. The loss can then always be made smaller by being surer still, even when every
# training picture is right. **Label smoothing** takes a little of that certainty away.
#
# ### Exercise 3 · Write label smoothing
#
# Write label smoothing, `smooth(labels, classes, alpha)`: `labels` are class numbers, the result is
# one row per label with the shares of all classes. A share of 1 - alpha stays with the label; the
# rest, alpha, is spread evenly over *all* classes, the right one included. The notes' example, `[0,
# 1, 0]` to `[0.025, 0.95, 0.025]`, is alpha = 0.075.


# %%
def smooth(labels, classes, alpha): ...  # return targets of shape (n, classes)


ex.smoothing.check(smooth)  # stuck? ex.smoothing.hint()

# %% [markdown]
# (Do not confuse it with **mixup**, which mixes two pictures and their labels: Zhang et al. 2018.
# It takes part in the fair fight.)
#
# What is it good for? The notes say: people make mistakes when they label, and soft training
# *provides for data that are labelled wrongly* (REG-51). So we make mistakes as people make them:
# one label in ten is wrong, and is that of a similar class, a shirt called a coat, a sneaker called
# a sandal. Test labels are right. **Your guess first:** how many points does smoothing gain?

# %%
alpha = float(softening["strength"])
hard, soft = (
    trained(plain, rate, train_on=MISLABELLED, smoothing=share)
    for rate, share in ((softening["rate_without"], 0.0), (softening["rate"], alpha))
)
verdicts.compare(
    "REG-51",
    tested(soft),
    tested(hard),
    claimed="higher",
    margin=0.01,
    measure="accuracy on rightly labelled new pictures",
    setting="300 pictures known by heart, one label in ten wrong, smoothing as tuned against none",
    role=claims.PRIMARY,
    void=doubt(soft, hard),
    data=clothes,
)

# %% jupyter={"source_hidden": true} tags=["hide-input"]
assert softening["rate_without"] == thinning["rate_without"], "then `undropped` is no control"
clean_soft = trained(plain, softening["rate"], smoothing=alpha)
gained = (tested(clean_soft) - tested(undropped)).mean()
print(f"the same where all labels are right: {gained:+.3f}")

# %% [markdown]
# Smoothing provides for *mistakes* if it gains more where there are some. The verdict is about nets
# that know nearly every label by heart, and no others. The fair fight, where training is shorter,
# is another comparison.
#
# ### Exercise 4 · Predict
#
# A net is trained on 300 pictures until it knows nearly all of them by heart, once with one-hot
# labels and once with labels smoothed by 0.3. Its **confidence** is the probability that it gives
# to the class it predicts. **Before you look:** on test pictures, is the mean confidence above or
# below the share of right predictions? Write "above" or "below" for each.

# %%
sureness = {"one-hot labels": ..., "strongly smoothed labels": ...}
ex.confidence_prediction.check(sureness)  # stuck? ex.confidence_prediction.hint()

# %%
softened = trained(plain, thinning["rate_without"], smoothing=0.3)
measured = {"one-hot labels": undropped, "smoothed by 0.3": softened, "dropout": dropped}
labels = np.concatenate([clothes.y_train[d.test] for d in clothes.divisions])


# %% jupyter={"source_hidden": true} tags=["hide-input"]
def probabilities(runs):
    """Of the classes, for the test pictures of all replicates one after the other."""
    pictures = [clothes.x_train[d.test] for d in clothes.divisions]
    logits = [runs[n : n + 1].predict(x)[0] for n, x in enumerate(pictures)]
    powers = np.exp(np.concatenate(logits) - np.concatenate(logits).max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# %% jupyter={"outputs_hidden": true}
chances = {name: probabilities(runs) for name, runs in measured.items()}
sure_and_right = {
    name: (each.max(axis=1), each.argmax(axis=1) == labels) for name, each in chances.items()
}
ex.confidence_prediction.check(
    sureness, sure_and_right["one-hot labels"], sure_and_right["smoothed by 0.3"]
)

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
for name, (confidence, right) in sure_and_right.items():
    print(f"{name}: mean confidence {confidence.mean():.1%}, right {right.mean():.1%}")

# %% [markdown]
# A **reliability diagram** sorts the predictions by confidence and asks, bin by bin, how many were
# right. A net whose points lie on the diagonal is *calibrated*: when it says 80 %, four in five are
# right. The mean distance from the diagonal, weighted by the number of predictions, is the
# **expected calibration error** (Guo et al. 2017).

# %% jupyter={"source_hidden": true, "outputs_hidden": true} tags=["hide-input"]
with plots.canvas(width=5.6, height=4.4) as (figure, axes):
    tables = {
        name: calibration.reliability(each, labels, bins=10) for name, each in chances.items()
    }
    plots.reliability(axes, tables)
plots.show(
    figure,
    alt="Share of right predictions over confidence for nets trained with one-hot labels, with "
    "labels smoothed by 0.3 and with dropout; on a dashed diagonal both are equal.",
    data=f"{clothes}; replicates together; the larger a marker, the more predictions",
)
for name, each in chances.items():
    error = calibration.expected_calibration_error(each, labels, bins=10)
    right = (each.argmax(axis=1) == labels).mean()
    print(f"{name:16} expected calibration error {error:.3f}, right {right:.1%}")

# %% [markdown]
# Below the diagonal a net boasts, above it is too modest. Smoothing changes how sure a net is far
# more than how often it is right, and too much of it can do harm: ask the diagram, on validation
# data, before you trust a probability.
#
# ## 4b.6 The fair fight
#
# Now all of them at once. Nine ways to regularize fight a net without any. The rules:
#
# - **Equal budgets.** Each has nine trainings for its tuning: three strengths, each at three
#   learning rates. Where there is no strength to choose, as for the plain net, there are nine
#   rates. Each training has 600 to 800 steps. At the lowest rate these are few: part of what is
#   seen may be early stopping in disguise. The lines below the figure say how much the plain net
#   knows.
# - **Validation pictures choose, test pictures judge**, on other replicates than those that were
#   tuned on. Early stopping alone looks at 500 further pictures of the judged replicates, to find
#   its epoch.
# - **Each is taken at the best that was tried**, rate and strength, in each of four worlds anew.
#   The first is that of this notebook: 300 pictures, 128 units, true labels. In each of the others
#   one thing is different: one label in ten is wrong, the net has only 8 hidden units, or there are
#   2,000 pictures.
#
# ### Exercise 5 · Predict
#
# Dropout, tuned, meets the plain net twice: once with the plain net at its own best learning rate,
# and once with both nets at the learning rate chosen for dropout. It is *clearly better* if both
# intervals of the difference lie wholly above 0. **Before you look:** in which of the four worlds
# is it? Write "clearly better" or "not clearly better" for each.

# %%
dropout_helps = {
    "300 pictures": ...,
    "one label in ten wrong": ...,
    "8 hidden units": ...,
    "2,000 pictures": ...,
}
ex.dropout_prediction.check(dropout_helps)  # stuck? ex.dropout_prediction.hint()

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
worlds = {title: fight[title] for title in dropout_helps}
correlations = {title: world["correlation"] for title, world in worlds.items()}


def gains(family, measure="accuracy", equal_rates=False):
    """Paired differences of a family to the plain net, at its own rate or at the family's."""
    differences = {}
    for title, world in worlds.items():
        found, plain_net = world["test"][family], world["test"]["no regularizer"]
        if equal_rates:
            plain_net = world["plain_at"][repr(found["rate"])]
        differences[title] = np.subtract(found[measure], plain_net[measure])
    return differences


both = gains("dropout"), gains("dropout", equal_rates=True)
ex.dropout_prediction.check(dropout_helps, *both, correlations)

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
fighters = [family for family in fight["300 pictures"]["test"] if family != "no regularizer"]
fighters.sort(key=lambda family: -np.mean([each.mean() for each in gains(family).values()]))
RIVALS = {"plain net at its best rate": False, "plain net at the rate of its rival": True}


def against(title, measure, equal_rates):
    """Mean and interval of each family's difference to a plain net in one world."""
    intervals = {}
    for family in fighters:
        if equal_rates and family == "early stopping":
            continue  # it is the plain net, stopped
        values = gains(family, measure, equal_rates)[title]
        ends = claims.paired_interval(values, correlation=correlations[title])
        intervals[family] = (values.mean(), *ends)
    return intervals


# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
with plots.canvas(4, 2, width=10.4, height=8.4, sharey=True, sharex="row") as (figure, grid):
    gain_labels = {
        "accuracy": "accuracy minus plain net's\nbetter →",
        "loss": "log loss minus plain net's\n← better",
    }
    for row, (measure, label) in zip(grid, gain_labels.items(), strict=True):
        for axes, title in zip(row, worlds, strict=True):
            pairs = {rival: against(title, measure, equal) for rival, equal in RIVALS.items()}
            plots.forest(
                axes,
                pairs,
                xlabel=label,
                title=title if measure == "accuracy" else "",
            )
            axes.locator_params(axis="x", nbins=4)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
replicates = len(gains("dropout")["300 pictures"])
plots.show(
    figure,
    alt="Forest plots in two rows and four columns, one column for each world: the mean difference "
    "of nine regularizers to the plain net, with 99 % intervals around it, for the accuracy in the "
    "upper row and for the log loss in the lower one. Each has two marks, one against the plain "
    "net at its own best learning rate and one at the same rate. A line marks no difference.",
    data=f"{small.title}; recorded by the study: means and 99 % intervals of {replicates} paired "
    "differences on test pictures",
)

# %% jupyter={"outputs_hidden": true, "source_hidden": true} tags=["hide-input"]
for title, world in worlds.items():
    found = world["test"]
    at_rate = {
        name: f"{each['strength']} at {each['rate']:.2g}".strip() for name, each in found.items()
    }
    chosen = ", ".join(f"{family} {at_rate[family]}" for family in fighters)
    knows, right = (np.mean(found["no regularizer"][k]) for k in ("training_accuracy", "accuracy"))
    print(
        f"{title}: the plain net {at_rate['no regularizer']} knows {knows:.0%}, and {right:.1%} of "
        f"new pictures; {chosen}"
    )

# %% [markdown] tags=["answer"]
# Read the upper row by columns. In the first world the plain net learns nearly all of its pictures
# by heart, and yet there is hardly anything to gain: where all labels are true, a picture that is
# known by heart is still a right example. A wrong label can *only* be learned by heart, and then it
# misleads. So one would expect hindering to pay in the second world: count the intervals that lie
# above zero. The narrow net of the third world has no units to spare; look where dropout stands,
# though its interval is wide. And more pictures are the regularizer that all the others imitate:
# compare the printed accuracies of the plain nets.
#
# Then compare the rows. The lower one shows the **log loss**, the cross-entropy on new pictures,
# which also counts how sure a net is. It can be much lower with a method that hardly moves the
# accuracy. Do not credit the method at once: in the first world the tuning chose a lower learning
# rate for most of them than for the plain net. In 600 steps a lower rate is also an earlier stop,
# and a net that stops earlier is less sure of its mistakes. The second mark compares at equal
# rates. If you need probabilities, let the log loss choose.
#
# Last, do not crown a winner. Three replicates chose each strength and rate, and where most
# intervals overlap the order would change with other pictures. What to take home is the procedure:
# equal budgets, each tuned, validation data to choose, fresh data to judge. And if you can get more
# pictures, or right labels, get them first.

# %% [markdown]
# ## 4b.7 What came out
#
# The verdicts below are the recorded ones. "Expected" is what we had guessed.

# %%
verdicts.summary()

# %% [markdown]
# Three sentences to keep: Divide first, then alter. Compare methods at equal learning rates as well
# as at their best ones. How often a net is right and how sure it is are two things: check both.

# %% [markdown]
# ## Where to read on
#
# - Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), *Dropout: a simple way to
#   prevent neural networks from overfitting*.
# - Bishop (1995), *Training with noise is equivalent to Tikhonov regularization*.
# - Guo, Pleiss, Sun and Weinberger (2017), *On calibration of modern neural networks*.
# - Müller, Kornblith and Hinton (2019), *When does label smoothing help?*
# - Zhang, Cisse, Dauphin and Lopez-Paz (2018), *mixup: beyond empirical risk minimization*.
# - Next: **lesson 5**, on initialization and activations.

# %% jupyter={"source_hidden": true} tags=["hide-input", "remove-cell"]
from helpers import exercises

exercises.show_progress("04b_dropout_and_data")
