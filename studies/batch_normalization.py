"""The study behind lesson 5b, on batch normalization: `python -m studies.batch_normalization`.

Nets of 20 layers with and without batch normalization, from five starts, at many rates and by the
update, and small nets trained until they overfit. Both arms of a comparison try the same rates, on
replicates that are not judged; what was found there is judged on others, by the lesson. What has
been trained is in the results file: start again to go on.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from helpers import datasets, runtime, training
from helpers.nets import models
from helpers.reference import normalized_nets
from helpers.training import loop
from studies.augmentation import read, write
from studies.overfitting import half_size

RESULTS = runtime.ROOT / "notebooks" / "results" / "05b_batch_normalization.json"
TUNED = training.seeds(1_013, 2)  # no notebook has this SEED
JUDGED = training.seeds(1_014, 5)  # nor this
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
GUESSING = float(np.log(10))
WIDEST = 8  # rates
ARMS: dict[str, Callable] = {
    "without": models.mlp,
    "with": partial(models.batch_normalized_mlp, momentum=0.9),  # few steps
}


def kept(path: Path, title: str, piece: str, find: Callable[[], object]):
    """What the file has of this piece of a setting; else what `find` gives, which it then has."""
    row = read(path).get(title, {})
    if piece not in row:
        begun = time.time()
        value = find()
        write(path, title, row | {piece: value})
        print(f"{title}, {piece}: {time.time() - begun:.0f} s", flush=True)
        return value
    return row[piece]


def listed(values) -> list:
    """The numbers of an array as lists, short enough to read."""
    return np.round(np.asarray(values, float), 5).tolist()


def deep(arm: str, initializer="he_normal", layers: int = 20, **how) -> training.Recipe:
    """The net of note 003 for clothes, trained as the statements have it."""
    build = partial(
        ARMS[arm],
        (14, 14),
        [100] * layers,
        10,
        activation=how.pop("activation", "elu"),
        kernel_initializer=initializer,
    )
    defaults = {"loss": LOGITS, "optimizer": "sgd", "batch_size": 32, "metrics": ["accuracy"]}
    return training.Recipe(build, **{**defaults, **how})


def clothes(seeds: Iterable[int], **sizes) -> datasets.Split:
    """Pictures of clothes of half the height and width, a division for each seed."""
    sizes = {"train": 2_000, "valid": 500, "test": 500} | sizes
    pool = datasets.replicates("fashion", list(seeds), **sizes)
    return pool.map(half_size, note="shrunk to 14 x 14").standardized()


def tested(pool: datasets.Split, seeds) -> list[training.Run]:
    """Runs whose test rows are evaluated after every epoch: nothing is chosen by them."""
    runs = training.replicates(pool, seeds)
    return [replace(run, valid_rows=run.test_rows, test_rows=None) for run in runs]


def at(rate: float, runs: list[training.Run]) -> list[training.Run]:
    """The runs with this learning rate."""
    return [replace(run, learning_rate=rate) for run in runs]


def best_of(scores: dict[str, list], better: Callable = max, floor=-np.inf) -> str:
    """The rate, a text, with the best mean score; the middle one if all score the same.

    A mean below `floor` counts as `floor`: nothing has been learned.
    """
    means = {rate: max(np.mean(scores[rate]), floor) for rate in scores}
    if len(set(means.values())) == 1:
        return sorted(means, key=float)[len(means) // 2]
    return better(means, key=means.__getitem__)


def on_edge(rate: str, tried: Iterable[str]) -> bool:
    """Whether the rate is the lowest or the highest of those that were tried."""
    return float(rate) in (min(map(float, tried)), max(map(float, tried)))


def widened(rates: Iterable[str], choose: Callable[[list[str]], Iterable[str]]) -> list[str]:
    """The rates, and further ones while any that `choose` takes of them is at an edge, at most 8.

    All arms are to try all of them; `choose` does that.
    """
    tried = sorted(rates, key=float)
    while len(tried) < WIDEST:
        chosen, (low, second), (last, high) = set(choose(tried)), tried[:2], tried[-2:]
        below = [f"{float(low) ** 2 / float(second):.3g}"] if low in chosen else []
        above = [f"{float(high) ** 2 / float(last):.3g}"] if high in chosen else []
        if not below + above:
            break
        tried = [*below, *tried, *above]
    return tried


# Initial weights: BNI-11 --------------------------------------------------------------------------

STARTS = {
    "sd 0.01": keras.initializers.RandomNormal(stddev=0.01),
    "sd 0.05": keras.initializers.RandomNormal(stddev=0.05),
    "sd 1": keras.initializers.RandomNormal(stddev=1.0),
    "Glorot": "glorot_normal",
    "He": "he_normal",
}
START_RATES = ("0.003", "0.01", "0.03", "0.1", "0.3")
EPOCHS = 20


def accuracies(runs: training.Runs, epoch: int) -> list:
    """Share of right answers after so many epochs; a run that diverged guesses."""
    found = runs.history["val_accuracy"][:, epoch - 1]
    failed = np.isin(np.arange(len(runs)), list(runs.failures))
    return listed(np.where(failed | ~np.isfinite(found), 0.1, found))


def starts(path: Path) -> None:
    """Five starts at each arm's rate and each start's own, after 20 epochs and 40."""
    title = "BNI-11"
    pool = clothes(TUNED)
    runs = training.replicates(pool, TUNED)

    def scored(arm: str, start: str, rate: str) -> list:
        recipe = deep(arm, STARTS[start], epochs=EPOCHS)
        found = recipe.fit(pool, at(float(rate), runs))
        return accuracies(found, EPOCHS)

    def scores(arm: str, start: str, tried: Iterable[str]) -> dict[str, list]:
        return {
            rate: kept(
                path, title, f"tuning, {arm}, {start}, {rate}", partial(scored, arm, start, rate)
            )
            for rate in tried
        }

    def one_rate(arm: str, tried: list[str]) -> str:
        every = [scores(arm, start, tried) for start in STARTS]
        return best_of({rate: [np.mean(each[rate]) for each in every] for rate in tried})

    def each_own(arm: str, tried: list[str]) -> dict[str, str]:
        return {start: best_of(scores(arm, start, tried), floor=0.15) for start in STARTS}

    tried = widened(
        START_RATES,
        lambda tried: [
            rate for arm in ARMS for rate in (one_rate(arm, tried), *each_own(arm, tried).values())
        ],
    )
    rates = {arm: one_rate(arm, tried) for arm in ARMS}
    own_rates = {arm: each_own(arm, tried) for arm in ARMS}
    judged = clothes(JUDGED, valid=0)
    for arm, initializer in ((arm, start) for arm in ARMS for start in STARTS):
        judge_start(path, title, judged, (arm, initializer), rates[arm], 2 * EPOCHS)
        judge_start(path, title, judged, (arm, initializer), own_rates[arm][initializer], EPOCHS)
    edges = [arm for arm, rate in rates.items() if on_edge(rate, tried)]
    own_edges = [
        f"{arm}, {start}"
        for arm, own in own_rates.items()
        for start, rate in own.items()
        if on_edge(rate, tried)
    ]
    notes = {"rates": rates, "at_edge": edges, "own_rates": own_rates, "own_at_edge": own_edges}
    notes |= {"correlation": judged.correlation, "tried": tried, "data": str(judged)}
    write(path, title, read(path)[title] | notes)


def judge_start(path: Path, title: str, pool, net: tuple, rate: str, epochs: int) -> None:
    """Put into the file what one start gets on test data, at this rate: after 20 epochs, and after
    40 if it has so many.
    """
    arm, start = net

    def find():
        recipe = deep(arm, STARTS[start], epochs=epochs)
        found = recipe.fit(pool, at(float(rate), tested(pool, JUDGED)))
        trained = np.nan_to_num(found.history["accuracy"][:, EPOCHS - 1], nan=0.1)
        longer = {"test, twice as long": accuracies(found, epochs)} if epochs > EPOCHS else {}
        return {"test": accuracies(found, EPOCHS), **longer, "training": listed(trained)}

    kept(path, title, f"{arm}, {start}, {rate}", find)


# Learning rates: BNI-12 ---------------------------------------------------------------------------

GRID = [f"{10 ** (quarter / 4):.3g}" for quarter in range(-12, 5)]  # 0.001 to 10
RATE_EPOCHS = 10


def losses(runs: training.Runs) -> list:
    """The training loss of the last epoch; that of guessing where a run diverged or got worse."""
    found = runs.history["loss"][:, -1]
    failed = np.isin(np.arange(len(runs)), list(runs.failures))
    guessed = failed | ~np.isfinite(found) | (found > GUESSING)
    return listed(np.where(guessed, GUESSING, found))


def rates(path: Path, layers: int) -> None:
    """The training loss after ten epochs at every rate of the grid."""
    title = f"BNI-12, {layers} layers"
    pool = clothes(JUDGED, valid=0)
    runs = training.replicates(pool, JUDGED)
    for arm in ARMS:
        recipe = deep(arm, layers=layers, epochs=RATE_EPOCHS, metrics=[])
        for rate in GRID:
            kept(
                path,
                title,
                f"{arm}, {rate}",
                lambda recipe=recipe, rate=rate: losses(recipe.fit(pool, at(float(rate), runs))),
            )
    notes = {"data": str(pool), "correlation": pool.correlation}
    write(path, title, read(path)[title] | notes)


LOOK = 6  # updates: about a tenth of an epoch
TARGET = 0.4 * GUESSING
WATCHED = 500  # of the training pictures


def updates_to_target(
    recipe, pool: datasets.Split, runs: list, target=TARGET, look=LOOK
) -> list[int]:
    """For each run the updates until the loss is down to the target; all of them if it never is.

    The loss is that of the first 500 training pictures, in inference mode, every `look` updates.
    """
    job = loop.prepare(recipe, pool, loop.with_defaults(runs, loop.fresh_optimizer("sgd")), {})
    engine, found = job.engine, []
    for number, run in enumerate(job.runs):
        loop.restart(job, [number])
        data, generator, updates = engine.data_of([run], *job.data), training.generator(run.seed), 0
        epochs = [generator.permutation(run.train_rows) for _ in range(recipe.epochs)]
        rows = np.concatenate(epochs)
        size = look * recipe.batch_size
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            settings = {"learning_rate": np.full(-(-len(part) // 32), run.learning_rate)}
            engine.train_epoch(data, [part], recipe.batch_size, [settings])
            updates += -(-len(part) // recipe.batch_size)
            (seen,) = engine.evaluate(*job.data, [run.train_rows[:WATCHED].astype("int32")])
            if seen["loss"] <= target:
                break
        found.append(updates)
    return found


def speed(path: Path, layers: int) -> None:
    """The updates that each arm needs at the rate which is fastest for it."""
    title = f"BNI-12, speed, {layers} layers"
    scouts, pool = clothes(TUNED, valid=0), clothes(JUDGED, valid=0)

    def needed(arm: str, rate: str, some: datasets.Split, seeds) -> list[int]:
        recipe = deep(arm, layers=layers, epochs=RATE_EPOCHS, metrics=[])
        runs = at(float(rate), training.replicates(some, seeds))
        return updates_to_target(recipe, some, runs)

    def best(arm: str, tried: list[str]) -> str:
        scores = {}
        for rate in tried:
            piece, find = f"tuning, {arm}, {rate}", partial(needed, arm, rate, scouts, TUNED)
            scores[rate] = np.log(kept(path, title, piece, find))
        return best_of(scores, min)

    tried = widened(GRID[2:13:2], lambda tried: [best(arm, tried) for arm in ARMS])
    fastest = {arm: best(arm, tried) for arm in ARMS}
    edges = [arm for arm, rate in fastest.items() if on_edge(rate, tried)]
    for arm, rate in fastest.items():
        kept(path, title, arm, partial(needed, arm, rate, pool, JUDGED))
    notes = {"rates": fastest, "at_edge": edges, "tried": tried, "data": str(pool)}
    write(path, title, read(path)[title] | notes | {"correlation": pool.correlation})


# Vanishing gradients after five epochs: BNI-10 ----------------------------------------------------


def gradients_of(
    done: training.Runs, pool: datasets.Split, arm: str, activation: str
) -> Iterator[np.ndarray]:
    """For each trained net the sizes of the gradients by its kernels, relative to these, (layers,).

    They are those of the loss of 256 training pictures.
    """
    for own, weights in zip(pool.divisions, done.weights, strict=True):
        net = normalized_nets.from_keras(weights, normalized=arm == "with")
        rows = own.train[:256]
        x, y = pool.x_train[rows].reshape(len(rows), -1), pool.y_train[rows]
        yield normalized_nets.gradient_sizes(net, activation, x, y).weights


def vanishing(path: Path) -> None:
    """The gradients of the sigmoid nets after five epochs, each at its own best rate."""
    title = "BNI-10"
    scouts, pool = clothes(TUNED, valid=0), clothes(JUDGED, valid=0)

    def fitted(arm: str, rate: str, some: datasets.Split, seeds) -> training.Runs:
        recipe = deep(arm, "glorot_uniform", activation="sigmoid", epochs=5, metrics=[])
        return recipe.fit(some, at(float(rate), training.replicates(some, seeds)))

    def best(arm: str, tried: list[str]) -> str:
        scores = {}
        for rate in tried:
            find = partial(lambda arm, rate: losses(fitted(arm, rate, scouts, TUNED)), arm, rate)
            scores[rate] = kept(path, title, f"tuning, {arm}, {rate}", find)
        return best_of(scores, min)

    def measured(arm: str, rate: str) -> dict[str, list]:
        found = fitted(arm, rate, pool, JUDGED)
        logs = [np.log10(sizes) for sizes in gradients_of(found, pool, arm, "sigmoid")]
        return {"sizes": listed(logs), "loss": losses(found)}

    tried = widened(GRID[2:15:2], lambda tried: [best(arm, tried) for arm in ARMS])
    rates = {arm: best(arm, tried) for arm in ARMS}
    for arm, rate in rates.items():
        kept(path, title, arm, partial(measured, arm, rate))
    edges = [arm for arm, rate in rates.items() if on_edge(rate, tried)]
    notes = {"rates": rates, "at_edge": edges, "tried": tried, "data": str(pool)}
    write(path, title, read(path)[title] | notes | {"correlation": pool.correlation})


# Overfitting: BNI-05 ------------------------------------------------------------------------------

OVERFIT = training.seeds(1_015, 8)  # no notebook has this SEED
SCOUTS = training.seeds(1_016, 3)  # nor this
ADAM_RATES = ("0.0005", "0.001", "0.002", "0.004", "0.008")
KINDS: dict[str, Callable] = {"without": models.mlp, "with": models.batch_normalized_mlp}


def thinned(inputs, hidden: list[int], outputs: int = 1) -> keras.Model:
    """The net without batch normalization, a dropout of 0.3 after each hidden layer."""
    layers = [
        part for n in hidden for part in (keras.layers.Dense(n, "relu"), keras.layers.Dropout(0.3))
    ]
    return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(outputs)])


def wines(seeds: Iterable[int]) -> tuple[datasets.Split, list[training.Run]]:
    """Red wines, and a run for each seed."""
    seeds = list(seeds)
    pool = datasets.replicates("wine", seeds, train=768, valid=290, test=300).standardized()
    return pool, training.replicates(pool, seeds)


def relabelled(seeds: Iterable[int]) -> tuple[datasets.Split, list[training.Run]]:
    """Pictures of clothes, and runs with 40 % of the training labels drawn at random."""
    seeds = list(seeds)
    pool = clothes(seeds, train=256, valid=500, test=1_000)
    runs = []
    for run in training.replicates(pool, seeds):
        generator, labels = training.generator(run.seed), pool.y_train.copy()
        rows = generator.permutation(run.train_rows)[: round(0.4 * len(run.train_rows))]
        labels[rows] = generator.integers(0, 10, len(rows))
        runs.append(replace(run, targets=labels))
    return pool, runs


def taster(build: Callable, **how) -> training.Recipe:
    """The net of note 004 for wines, narrowed to 128 units a layer."""
    defaults = {"loss": "mae", "optimizer": "adam", "epochs": 500, "batch_size": 256}
    return training.Recipe(partial(build, 11, [128] * 3), **{**defaults, **how})


def sorter(build: Callable) -> training.Recipe:
    """The smaller net for clothes."""
    return training.Recipe(
        partial(build, (14, 14), [100, 100], 10),
        loss=LOGITS,
        optimizer="adam",
        epochs=100,
        batch_size=8,
    )


def errors(pool, runs: list[training.Run], found: training.Runs) -> dict[str, list]:
    """What each run has at the end on its three parts of the data, in inference mode: the mean
    absolute error, or the share of wrong answers. And its validation loss, smoothed: how far the
    end lies above the lowest value.
    """
    rows: dict[str, list] = {"training": [], "validation": [], "test": []}
    for run, outputs in zip(runs, found.predict(pool.x_train), strict=True):
        y = pool.y_train if run.targets is None else run.targets
        if pool.class_names:
            wrong = outputs.argmax(axis=1) != y
        else:
            wrong = np.abs(outputs[:, 0] - y)
        own = (run.train_rows, run.valid_rows, run.test_rows)
        for part, which in zip(rows, own, strict=True):
            rows[part].append(wrong[which].mean())
    smooth = np.apply_along_axis(
        lambda curve: np.convolve(curve, np.ones(10) / 10, "valid"), 1, found.history["val_loss"]
    )
    rise = smooth[:, -1] - smooth.min(axis=1)
    every = np.mean(found.history["val_loss"].reshape(len(found), -1, 10), axis=2)
    return {
        **{part: listed(values) for part, values in rows.items()},
        "rise": listed(rise),
        "curve": listed(every),
    }


def trained(pool, runs: list[training.Run], recipe: training.Recipe) -> dict[str, list]:
    """What the recipe's nets have at the end: see `errors`."""
    return errors(pool, runs, recipe.fit(pool, runs))


def overfitting(path: Path, title: str, make: Callable, build_recipe: Callable) -> None:
    """Both arms at the rates with the lowest training error and with the lowest validation error,
    and at half and twice the first.
    """
    scouts, some = make(SCOUTS)
    pool, runs = make(OVERFIT)
    recipes = {arm: build_recipe(build) for arm, build in KINDS.items()}

    def best(arm: str, part: str, tried: list[str]) -> str:
        scores = {}
        for rate in tried:
            find = partial(trained, scouts, at(float(rate), some), recipes[arm])
            scores[rate] = kept(path, title, f"tuning, {arm}, {rate}", find)[part]
        return best_of(scores, min)

    parts = ("training", "validation")
    tried = widened(
        ADAM_RATES, lambda tried: [best(arm, part, tried) for arm in KINDS for part in parts]
    )
    by = {part: {arm: best(arm, part, tried) for arm in KINDS} for part in parts}
    for arm, recipe in recipes.items():
        by_training, by_validation = (float(by[part][arm]) for part in parts)
        near = (by_training / 2, by_training * 2) if title.endswith("wines") else ()
        for rate in (by_training, by_validation, *near):
            find = partial(trained, pool, at(rate, runs), recipe)
            kept(path, title, f"{arm}, {rate:g}", find)
    edges = {part: [arm for arm, r in by[part].items() if on_edge(r, tried)] for part in parts}
    notes = {"by": by, "at_edge": edges, "tried": tried, "data": str(pool)}
    write(path, title, read(path)[title] | notes | {"correlation": pool.correlation})


def beyond(path: Path) -> None:
    """The whole training set as one batch, and dropout, at the rates of the wines."""
    title = "BNI-05, boundary"
    chosen = read(path)["BNI-05, wines"]["by"]["training"]
    pool, runs = wines(OVERFIT)
    for arm, build in KINDS.items():
        whole = taster(build, batch_size=768, epochs=1_000)
        own = at(float(chosen[arm]), runs)
        kept(path, title, f"whole, {arm}", partial(trained, pool, own, whole))
    own, recipe = at(float(chosen["without"]), runs), taster(thinned)
    kept(path, title, "dropout", partial(trained, pool, own, recipe))
    notes = {"data": str(pool), "correlation": pool.correlation}
    write(path, title, read(path)[title] | notes)


# Seconds: BNI-13 ----------------------------------------------------------------------------------

PAIRS = 20


def seconds(path: Path) -> None:
    """Pairs of seconds, the two arms in turns, for what is compiled: all predictions in one batch,
    and a step of training. Measured anew each time: ask for it on a quiet machine.
    """
    generator = np.random.default_rng(0)
    pictures = generator.normal(size=(10_000, 32, 32, 3)).astype("float32")
    labels = generator.integers(0, 10, len(pictures))
    split = replace(
        clothes(TUNED[:1], train=1, valid=0, test=1),
        x_train=pictures[:640],
        y_train=labels[:640],
        divisions=(),
        correlation=0.0,
    )
    predicting, stepping = {}, {}
    for arm, build in ARMS.items():
        net = partial(build, (32, 32, 3), [100] * 20, 10, activation="elu")
        net = partial(net, normalize_inputs=True) if arm == "with" else net  # as in the listing
        model = net(kernel_initializer="he_normal")
        call = tf.function(lambda x, model=model: model(x, training=False), jit_compile=True)
        predicting[arm] = partial(call, tf.constant(pictures))
        recipe = training.Recipe(net, loss=LOGITS, optimizer="sgd", epochs=1, batch_size=32)
        job = loop.prepare(
            recipe, split, loop.with_defaults([training.Run(0)], loop.fresh_optimizer("sgd")), {}
        )
        loop.restart(job, [0])
        data = job.engine.data_of([training.Run(0)], *job.data)
        settings = [{"learning_rate": np.full(20, 0.001, "float32")}]
        stepping[arm] = partial(job.engine.train_epoch, data, [np.arange(640)], 32, settings)
    for name, doing, per in (("prediction", predicting, 1), ("step", stepping, 20)):
        write(path, "BNI-13", read(path).get("BNI-13", {}) | {name: timed(doing, per)})


def timed(doing: dict[str, Callable], per: int) -> dict[str, list]:
    """Seconds of each arm in every pair, whose order alternates, after a warm-up."""
    found: dict[str, list] = {arm: [] for arm in doing}
    for pair in range(-2, PAIRS):
        for arm in list(doing)[:: 1 if pair % 2 else -1]:
            start = time.perf_counter()
            np.asarray(doing[arm]()) if per == 1 else doing[arm]()
            found[arm] += [(time.perf_counter() - start) / per] * (pair >= 0)
    return {arm: [round(each, 8) for each in values] for arm, values in found.items()}


PARTS: dict[str, Callable[[Path], None]] = {
    "BNI-10": vanishing,
    "BNI-05, wines": partial(overfitting, title="BNI-05, wines", make=wines, build_recipe=taster),
    "BNI-05, clothes": partial(
        overfitting, title="BNI-05, clothes", make=relabelled, build_recipe=sorter
    ),
    "BNI-05, boundary": beyond,
    "BNI-12, 5 layers": partial(rates, layers=5),
    "BNI-12, 20 layers": partial(rates, layers=20),
    "BNI-12, speed, 20 layers": partial(speed, layers=20),
    "BNI-12, speed, 5 layers": partial(speed, layers=5),
    "BNI-11": starts,
    "BNI-13": seconds,
}


def main() -> None:
    """Read the command line and do these parts of the study."""
    parser = argparse.ArgumentParser(
        prog="python -m studies.batch_normalization", description=__doc__
    )
    parser.add_argument("parts", nargs="*", metavar="PART", default=list(PARTS))
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"There is no {'; '.join(sorted(unknown))}; choose of {'; '.join(PARTS)}.")
    for part in options.parts:
        PARTS[part](options.out)


if __name__ == "__main__":
    main()
