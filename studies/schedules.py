"""The study behind lesson 8 and its audit, on fixed rates and schedules: `python -m
studies.schedules`.

LRS-01 and LRS-05 tune the learning rate of both arms anew in each of thirty replicates, which a
notebook cannot wait for; LRS-03 and LRS-04 train some runs thirty times as long as others, and
hundreds of small students until they come to rest. What each replicate gave is written down, and
the notebooks judge it. What the results file has is not done again.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.nets import models
from helpers.reference import schedules, students
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "08_schedules.json"
REPLICATES = 30
JUDGED = training.seeds(1_080, REPLICATES)  # no notebook has these SEEDs
TRIED = training.seeds(1_081, REPLICATES * 20)  # the weights of what is only tried
TUNING = training.seeds(1_082, 5)
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
WORST = 10.0  # what a run counts that has diverged
MOST_AT_EDGE = 0.1  # share of the replicates
WIDEST = 12  # rates


def rounded(values) -> list:
    """Numbers as they are written down."""
    return np.round(np.asarray(values, float), 6).tolist()


def measured(runs: training.Runs, pool: datasets.Split, rows: Sequence) -> np.ndarray:
    """Loss and accuracy of each run on rows of its own, shape (2, runs); diverged: WORST and 0."""
    found = []
    for weights, own in zip(runs.weights, rows, strict=True):
        (outputs,) = runs.forward([weights], pool.x_train[own])
        if not np.isfinite(outputs).all():
            found.append((WORST, 0.0))
            continue
        y = pool.y_train[own]
        right = np.mean(outputs.argmax(axis=-1) == y)
        loss = float(np.mean(LOGITS(y.astype(float), outputs)))
        found.append((loss if np.isfinite(loss) else WORST, right))
    return np.transpose(found)


def geometric(values: tuple[float, float, int]) -> list[float]:
    """Rates from the first to the second, so many, equal steps on the log scale."""
    return [float(rate) for rate in np.geomspace(*values)]


def widened(rates: list[float], best: dict[str, np.ndarray]) -> list[float]:
    """One rate more at each edge where too many replicates of an arm have their best rate."""
    further = []
    for edge, inner in ((rates[0], rates[1]), (rates[-1], rates[-2])):
        shares = [np.mean(np.isclose(own, edge)) for own in best.values()]
        further += [edge * edge / inner] if max(shares) > MOST_AT_EDGE else []
    return further


def at_edge(rates: list[float], best: dict[str, np.ndarray]) -> list[str]:
    """The arms with their best rate at an edge in more than one replicate of ten."""
    edges = (min(rates), max(rates))
    return [
        arm
        for arm, own in best.items()
        if max(np.mean(np.isclose(own, edge)) for edge in edges) > MOST_AT_EDGE
    ]


# LRS-01: does a schedule prevent overfitting? -----------------------------------------------------


def clothes(**sizes: int) -> datasets.Split:
    """Pictures of clothes, 28 x 28 pixels, with rows of its own for each judged replicate."""
    return datasets.replicates(datasets.pool("fashion").standardized(), JUDGED, **sizes)


def dense(epochs: int) -> training.Recipe:
    """Flatten, Dense 64, Dense 10, with Adam and the notes' batches of 30."""
    build = partial(models.mlp, (28, 28), [64], 10)
    return training.Recipe(build, loss=LOGITS, optimizer="adam", epochs=epochs, batch_size=30)


def overfitting() -> dict:
    """Losses after every epoch of a constant rate, a decay, and the decay's mean rate."""
    pool, recipe = clothes(train=1_000, valid=500, test=2_000), dense(60)
    runs, steps = training.replicates(pool, JUDGED), schedules.total_steps(1_000, 30, 60)
    decay = schedules.exponential(steps, 1.0, 0.01)
    plans = {"constant": np.ones(steps), "decay": decay}
    fixed = plans | {"mean": np.full(steps, decay.mean())}
    curves, ends = {}, {}
    twice = replace(
        pool, x_train=np.tile(pool.x_train, (2, 1, 1)), y_train=np.tile(pool.y_train, 2)
    )
    looks = {
        "train": [run.train_rows + len(pool.y_train) for run in runs],  # copies of the same rows
        "test": [run.test_rows for run in runs],
    }
    for arm, plan in tqdm(fixed.items(), desc="LRS-01"):
        for part, rows in looks.items():  # the same training twice, looked at in two ways
            watched = [
                replace(run, learning_rate=0.001 * plan, valid_rows=own, test_rows=None)
                for run, own in zip(runs, rows, strict=True)
            ]
            done = recipe.fit(twice, watched)
            curves[f"{arm}, {part}"] = rounded(done.history["val_loss"])
        ends[arm] = rounded(measured(done, pool, looks["test"])[1])
    return {
        "data": str(pool),
        "correlation": pool.correlation,
        "mean_rate": round(float(0.001 * decay.mean()), 8),
        "curves": curves,
        "test_accuracy": ends,
        "tuned": overfitting_tuned(pool, recipe, runs, plans),
    }


def overfitting_tuned(pool, recipe, runs, plans) -> dict:
    """The test loss of each arm at the rate with the lowest validation loss, by replicate."""
    rates, found = geometric((1e-4, 3e-2, 6)), {arm: {} for arm in plans}
    further = rates
    while further:
        for arm, rate in tqdm([(arm, rate) for arm in plans for rate in further]):
            asked = [replace(run, learning_rate=rate * plans[arm], valid_rows=None) for run in runs]
            done = recipe.fit(pool, asked)
            found[arm][rate] = [
                measured(done, pool, [getattr(run, part) for run in runs])[0]
                for part in ("valid_rows", "test_rows")
            ]
        rates = sorted(found["constant"])
        scores = {arm: np.array([found[arm][rate] for rate in rates]) for arm in plans}
        places = {arm: own[:, 0].argmin(axis=0) for arm, own in scores.items()}
        best = {arm: np.array(rates)[own] for arm, own in places.items()}
        further = widened(rates, best)[: max(0, WIDEST - len(rates))]
    return {
        "rates": rates,
        "best": {arm: rounded(own) for arm, own in best.items()},
        "at_edge": at_edge(rates, best),
        "test_loss": {
            arm: rounded(own[places[arm], 1, np.arange(len(runs))]) for arm, own in scores.items()
        },
    }


# LRS-05: does a schedule get lower? ---------------------------------------------------------------

DECAYS: dict[str, Callable[[int], np.ndarray]] = {
    "constant": lambda steps: schedules.constant(steps, 1.0),
    "exponential": lambda steps: schedules.exponential(steps, 1.0, 0.01),
    "cosine": lambda steps: schedules.cosine(steps, 1.0),
    "gentler exponential": lambda steps: schedules.exponential(steps, 1.0, 0.1),
}


def lower(pool, recipe, arms: Sequence[str], rates: list[float]) -> dict:
    """Every arm tries the rates in every replicate, and is then judged with other weights.

    Chosen twice: by the training loss, and by validation data.
    """
    runs = training.replicates(pool, JUDGED)
    rows = {part: [getattr(run, f"{part}_rows") for run in runs] for part in PARTS}
    steps = schedules.total_steps(len(rows["train"][0]), recipe.batch_size, recipe.epochs)

    def tried(arm: str, rate: float, number: int) -> np.ndarray:
        own = [
            training.Run(
                TRIED[number * REPLICATES + place],
                train_rows=run.train_rows,
                learning_rate=rate * DECAYS[arm](steps),
            )
            for place, run in enumerate(runs)
        ]
        done = recipe.fit(pool, own)
        by_loss, by_valid = (measured(done, pool, rows[part]) for part in ("train", "valid"))
        return np.stack([by_loss[0], -by_valid[1]])

    found, further, every = {}, rates, []
    while further:
        every += further
        for arm, rate in tqdm([(arm, rate) for arm in arms for rate in further]):
            found[arm, rate] = tried(arm, rate, every.index(rate))
        rates = sorted(every)
        scores = {arm: np.array([found[arm, rate] for rate in rates]) for arm in arms}
        best = [
            {arm: np.array(rates)[own[:, how].argmin(axis=0)] for arm, own in scores.items()}
            for how in (0, 1)
        ]
        further = widened(rates, best[0])[: max(0, WIDEST - len(rates))]
    judged: dict = {how: {} for how in CHOSEN}
    for how, chosen in zip(CHOSEN, best, strict=True):
        for arm in arms:
            own = [
                replace(run, learning_rate=rate * DECAYS[arm](steps), valid_rows=None)
                for run, rate in zip(runs, chosen[arm], strict=True)
            ]
            done = recipe.fit(pool, own)
            judged[how][arm] = {
                part: rounded(measured(done, pool, rows[part])) for part in ("train", "test")
            }
    return {
        "data": str(pool),
        "correlation": pool.correlation,
        "rates": rates,
        "tried": {arm: rounded(own[:, 0]) for arm, own in scores.items()},
        "best": {
            how: {arm: rounded(own) for arm, own in chosen.items()}
            for how, chosen in zip(CHOSEN, best, strict=True)
        },
        "at_edge": {how: at_edge(rates, chosen) for how, chosen in zip(CHOSEN, best, strict=True)},
        "judged": judged,
    }


PARTS = ("train", "valid", "test")
CHOSEN = ("by training loss", "by validation")


def clothes_lower() -> dict:
    """The notes' net and batches, ten epochs."""
    pool = clothes(train=4_000, valid=1_000, test=2_000)
    return lower(pool, dense(10), list(DECAYS), geometric((1e-4, 0.3, 8)))


# LRS-03, LRS-04: small and large rates ------------------------------------------------------------

BATCH, PICTURES = 30, 4_000
EPOCH = schedules.total_steps(PICTURES, BATCH, 1)
TIMES = 30  # as many steps as the middling rate may the small one take


def shrunk(x: np.ndarray) -> np.ndarray:
    """Pictures of 14 x 14 pixels, as rows."""
    return x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(x), -1).astype("float32")


def small_clothes(seeds: Sequence[int]) -> datasets.Split:
    """Small pictures of clothes, rows of its own for each seed."""
    pool = datasets.pool("fashion").map(shrunk, note="shrunk to 14 x 14").standardized()
    return datasets.replicates(pool, seeds, train=PICTURES, test=1)


def fitted(pool, seeds, rate, epochs: int) -> tuple[training.Runs, np.ndarray]:
    """Plain SGD of the net 196-64-64-10, and the loss on all training pictures at the end."""
    recipe = training.Recipe(
        partial(models.mlp, 196, [64, 64], 10),
        loss=LOGITS,
        optimizer="sgd",
        epochs=epochs,
        batch_size=BATCH,
    )
    runs = [replace(run, learning_rate=rate) for run in training.replicates(pool, seeds)]
    done = recipe.fit(pool, runs)
    return done, measured(done, pool, [run.train_rows for run in runs])[0]


def arrival(losses: np.ndarray, mark: float) -> int:
    """The step after which the loss, a mean over one epoch, is first at the mark; 0 if never."""
    means = np.convolve(losses, np.ones(EPOCH) / EPOCH, "valid")
    return int(EPOCH + (means <= mark).argmax()) if (means <= mark).any() else 0


def fixed_rates() -> dict:
    """The best of eight rates, a tenth of it, three times it, and far more."""
    tuning, rates = small_clothes(TUNING), geometric((0.001, 3.0, 8))
    scores = {rate: rounded(fitted(tuning, TUNING, rate, 10)[1]) for rate in tqdm(rates)}
    middling = min(scores, key=lambda rate: np.mean(scores[rate]))
    pool = small_clothes(JUDGED)
    done, at_ten = fitted(pool, JUDGED, middling, 10)
    marks = [losses[4 * EPOCH : 5 * EPOCH].mean() for losses in done.step_losses]
    times = [arrival(own, mark) for own, mark in zip(done.step_losses, marks, strict=True)]
    slow, at_hundred = fitted(pool, JUDGED, middling / 10, 100)
    slow_times = [arrival(own, mark) for own, mark in zip(slow.step_losses, marks, strict=True)]
    if not all(slow_times):
        slow, _ = fitted(pool, JUDGED, middling / 10, TIMES * 5)
        slow_times = [arrival(own, mark) for own, mark in zip(slow.step_losses, marks, strict=True)]
    return {
        "data": str(pool),
        "correlation": pool.correlation,
        "rates": rates,
        "tuning": rounded(list(scores.values())),
        "middling": middling,
        "at_edge": middling in (rates[0], rates[-1]),
        "steps": {"middling": times, "small": [own or TIMES * 5 * EPOCH for own in slow_times]},
        "arrived": sum(map(bool, slow_times)),
        "end": {"middling, 10 epochs": rounded(at_ten), "small, 100 epochs": rounded(at_hundred)},
        "large": large_rates(pool, middling),
    }


def large_rates(pool: datasets.Split, middling: float) -> dict:
    """Runs at a large rate that keep it, or lower it at the end; and rates that are far too large.

    Where runs diverge at three times the middling rate, twice it is taken.
    """
    for factor in (3, 2):
        high = factor * middling
        done, kept = fitted(pool, JUDGED, high, 20)
        if not done.failures and kept.max() < np.log(10):
            break
    ends = {"kept": rounded(kept)}
    for epochs in (2, 4):
        plan = schedules.piecewise(20 * EPOCH, [(20 - epochs) * EPOCH - 1], [high, high / 100])
        ends[f"lowered for {epochs}"] = rounded(fitted(pool, JUDGED, plan, 20)[1])
    start = fitted(pool, JUDGED, 0.0, 1)[1]
    far = {
        str(times): rounded(fitted(pool, JUDGED, times * middling, 20)[1])
        for times in (10, 30, 100)
    }
    return {"factor": factor, "rate": high, "end": ends, "start": rounded(start), "far": far}


# LRS-03, LRS-04: students that are caught ---------------------------------------------------------

CROWD = 200
MARK = 0.001 * students.VARIANCE
STEPS = {"small": 40_000, "large": 8_000}
SETTLING = 4_000
ESCAPE = 20_000


def students_caught() -> dict:
    """Which students come to rest in a bad minimum, and which of them get away again."""
    tuning, rates = {}, geometric((0.01, 1.0, 8))
    with np.errstate(over="ignore", invalid="ignore"):
        for rate in tqdm(rates, desc="students"):
            ends = [raised(seed, rate, STEPS["large"] // 2) for seed in TUNING]
            tuning[rate] = [
                np.nanmean(np.minimum(np.nan_to_num(own, nan=WORST), WORST)) for own in ends
            ]
    middling = min(tuning, key=lambda rate: np.mean(tuning[rate]))
    rate_of = {"small": middling / 10, "large": middling}
    found: dict = {"caught": {arm: [] for arm in rate_of}, "left": {arm: [] for arm in rate_of}}
    losses, twice = {arm: [] for arm in rate_of}, {arm: [] for arm in rate_of}
    for place, seed in enumerate(tqdm(JUDGED, desc="students")):
        start = students.initial(training.generator(seed), CROWD)
        for arm, rate in rate_of.items():
            moved = students.train(start, rate, STEPS[arm], training.generator(seed + 100))
            rest = students.train(moved, rate / 100, SETTLING, training.generator(seed + 200))
            ends = students.loss(rest)
            found["caught"][arm].append(float(np.mean(~(ends <= MARK))))
            if place < len(TUNING):
                losses[arm].append(rounded(ends))
                more = students.train(moved, rate, STEPS[arm], training.generator(seed + 300))
                more = students.train(more, rate / 100, SETTLING, training.generator(seed + 200))
                twice[arm].append(float(np.mean(~(students.loss(more) <= MARK))))
            if arm == "small":
                bad, level = rest[ends > MARK], ends[ends > MARK]
        for arm, rate in rate_of.items():
            on = students.train(bad, rate, ESCAPE, training.generator(seed + 400))
            on = students.train(on, rate / 100, SETTLING, training.generator(seed + 500))
            found["left"][arm].append(float(np.mean(students.loss(on) < level / 2)))
    return {
        "data": f"{CROWD} students of {students.UNITS} units, fresh normal inputs",
        "correlation": 0.0,
        "rates": rates,
        "tuning": rounded(list(tuning.values())),
        "at_edge": middling in (rates[0], rates[-1]),
        "rate_of": rate_of,
        "steps": STEPS | {"settling": SETTLING, "escape": ESCAPE},
        "mark": MARK,
        **found,
        "losses": losses,
        "twice": twice,
    }


def raised(seed: int, rate: float, steps: int) -> np.ndarray:
    """The losses of students after so many steps."""
    generator = training.generator(seed)
    return students.loss(students.train(students.initial(generator, CROWD), rate, steps, generator))


STUDIES: dict[str, Callable[[], dict]] = {
    "fixed rates": fixed_rates,
    "LRS-05": clothes_lower,
    "LRS-01": overfitting,
    "students": students_caught,
}


def study(titles: Sequence[str], path: Path) -> None:
    """Do these parts, without what the file at `path` has already."""
    for title in titles:
        if title not in read(path):
            write(path, title, STUDIES[title]())


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.schedules", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", default=list(STUDIES))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if unknown := set(options.parts) - STUDIES.keys():
        parser.error(f"There is no {', '.join(sorted(unknown))}; choose of {', '.join(STUDIES)}.")
    study(options.parts, options.out)


if __name__ == "__main__":
    main()
