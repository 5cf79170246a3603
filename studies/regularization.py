"""The fair fight of lesson 4b: `python -m studies.regularization`.

Nine ways to regularize and none, in four worlds: few pictures, and what changes with wrong labels,
with a narrow net, with many pictures. Each has nine trainings for its tuning, three strengths at
three learning rates (or nine rates where there is nothing else to choose). Validation pictures
choose; then each is trained at its best on replicates that were not tuned on, and test pictures
say how it did, and the plain net at the same learning rate.

Three statements of the lesson have tunings of their own, and are judged in the lesson: REG-11 and
REG-51, on nets that learn their pictures by heart, and REG-47. What has been trained is in the
results file: start again to go on.
"""

import argparse
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.nets import augmentation, models
from studies.augmentation import Scores, read, write
from studies.overfitting import KEEPING, found_in, half_size, repeated

RESULTS = runtime.ROOT / "notebooks" / "results" / "04b_fair_fight.json"
TUNED = training.seeds(1_004, 3)  # no notebook has these SEEDs
JUDGED = training.seeds(1_005, 30)
RATES = (0.001, 0.004, 0.016)  # at 0.001, 600 steps are few: the plain net knows 97 % at most
MANY_RATES = tuple(float(rate) for rate in np.geomspace(RATES[0], RATES[-1], 9))
NOISY_RATES = (0.00025, 0.0005, 0.001, 0.002, 0.004)
HEART_RATES = tuple(float(rate) for rate in np.geomspace(1e-4, 1e-2, 5))
KNOWN = 0.99  # what the plain net must know of its pictures where it is said to learn by heart
VALID, TEST, BATCH = 500, 500, 50
WRONG, NOISE = 0.1, 0.3  # the share of wrong labels; the deviation of noise in REG-47
NONE, STOPPING, SMOOTHING = "no regularizer", "early stopping", "label smoothing"
HEART = "known by heart"  # beside the scores: what the plain net knows of its training pictures
LOSS = keras.losses.CategoricalCrossentropy(from_logits=True)


@dataclass(frozen=True)
class World:
    """So many pictures to train on, by a net with so many hidden units."""

    pictures: int = 300
    units: int = 128
    wrong: bool = False  # one label in ten, of training and validation pictures
    rows: int = 3_000  # in an epoch, after each of which early stopping looks
    epochs: int = 10


WORLDS = {
    "300 pictures": World(),
    "one label in ten wrong": World(wrong=True),
    "8 hidden units": World(units=8),
    "2,000 pictures": World(2_000, rows=2_000, epochs=20),
}
LONG = {"rows": 6_000, "epochs": 15}  # 1,800 steps
NOISY, NOISY_WORLD = "noisy pictures, 2,000", World(2_000, **LONG)
BY_HEART = {
    "dropout, by heart": ("dropout", World(**LONG), (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)),
    "label smoothing, by heart": (SMOOTHING, World(wrong=True, **LONG), (0.05, 0.1, 0.2, 0.4, 0.6)),
}


def asked(seeds: range, train: int, test: int = 1) -> dict:
    """What `datasets.replicates` is asked for."""
    return {"seeds": list(seeds), "train": train, "valid": VALID, "test": test}


def drawn(apart_from=None, **sizes) -> datasets.Split:
    """Replicates of pictures of clothes, from 0 to 1, with test pictures not tuned on."""
    small = datasets.pool("fashion").map(lambda x: half_size(x / 255), note="shrunk to 14 x 14")
    return datasets.replicates(small, **sizes, apart_from=apart_from)


def in_three_versions(pool: datasets.Split, seed: int) -> datasets.Split:
    """All pictures as they are, all again with some labels wrong, all again with noise.

    Labels are one-hot.
    """
    generator = training.generator(seed)
    noise = NOISE * generator.normal(size=pool.x_train.shape)
    noisy = pool.map(lambda x: (x + noise).astype("float32"))
    three = datasets.stacked(pool, datasets.mislabelled(pool, WRONG, seed=generator), noisy)
    return replace(three, y_train=np.eye(10, dtype="float32")[three.y_train])


def runs_of(pool: datasets.Split, seeds: range, world: World) -> list[training.Run]:
    """The runs of a world; wrong labels are those of training and validation, not of test rows."""
    shift = len(pool.y_train) // 3 if world.wrong else 0
    runs = repeated(training.replicates(pool, seeds), world.rows)
    return [
        replace(run, train_rows=run.train_rows + shift, valid_rows=run.valid_rows + shift)
        for run in runs
    ]


def families(world: World) -> dict[str, dict[str, training.Recipe]]:
    """The recipes of each way to regularize, by their strength."""
    net = partial(models.mlp, (14, 14), [world.units], 10)
    how = {"loss": LOSS, "optimizer": "adam", "metrics": ["accuracy"], "early_stopping": KEEPING}
    plain = training.Recipe(net, epochs=world.epochs, batch_size=BATCH, **how)

    def built(option: str, kind, *strengths: float) -> dict:
        return {
            f"{value:g}": replace(plain, build=partial(net, **{option: kind(value)}))
            for value in strengths
        }

    def changed(kind, *strengths: float) -> dict:
        return {f"{value:g}": replace(plain, augment=kind(value)) for value in strengths}

    copies = augmentation.copies(14)
    decaying = {
        f"{value:g}": replace(plain, optimizer=keras.optimizers.AdamW(weight_decay=value))
        for value in (0.01, 0.1, 1.0)
    }
    return {
        NONE: {"": plain},
        STOPPING: {"": plain},
        "L2 penalty": built("kernel_regularizer", keras.regularizers.L2, 1e-4, 1e-3, 1e-2),
        "weight decay": decaying,
        "max-norm": built("kernel_constraint", keras.constraints.MaxNorm, 0.5, 1, 2),
        "dropout": thinned(plain, world, 0.2, 0.5, 0.8),
        "altered copies": {
            name: replace(plain, augment=copies[name])
            for name in ("shift by 1", "turn by 10", "crop to 12")
        },
        "noise": changed(augmentation.noise, 0.1, 0.2, 0.4),
        SMOOTHING: smoothed(plain, 0.1, 0.3, 0.6),
        "mixup": changed(augmentation.mixup, 0.1, 0.4, 1.0),
    }


def thinned(plain: training.Recipe, world: World, *shares: float) -> dict[str, training.Recipe]:
    """The recipe with dropout instead, by the share that is left out."""
    nets = {f"{share:g}": partial(dropout_net, world.units, share) for share in shares}
    return {share: replace(plain, build=net) for share, net in nets.items()}


def smoothed(plain: training.Recipe, *shares: float) -> dict[str, training.Recipe]:
    """The recipe itself, by the share that is spread over all classes: targets are the runs'."""
    return {f"{share:g}": plain for share in shares}


def dropout_net(units: int, share: float) -> keras.Model:
    """One hidden layer, this share of which is left out at each step."""
    hidden = [keras.layers.Dense(units, "relu"), keras.layers.Dropout(share)]
    first = [keras.Input((14, 14)), keras.layers.Flatten()]
    return keras.Sequential([*first, *hidden, keras.layers.Dense(10)])


def trained(recipe, pool, runs, *, rate: float, smoothing: float) -> training.Runs:
    """The runs at this rate, on targets that are smoothed so much."""
    own = {"learning_rate": rate}
    if smoothing:
        own["targets"] = ((1 - smoothing) * pool.y_train + smoothing / 10).astype("float32")
    return recipe.fit(pool, [replace(run, **own) for run in runs])


def scored(family: str, strength: str, recipe, pool, runs, rate: float, scores: Scores) -> float:
    """The mean accuracy on validation pictures, trained now unless it is known."""
    arm = f"{family} {strength}".strip()
    if (arm, rate) not in scores:
        smoothing = float(strength) if family == SMOOTHING else 0.0
        done = trained(recipe, pool, runs, rate=rate, smoothing=smoothing)
        if family == NONE:
            scores[STOPPING, rate] = done.best("val_accuracy")
            scores[HEART, rate] = done.last("accuracy")
        scores[arm, rate] = done.last("val_accuracy")
    return float(np.nan_to_num(scores[arm, rate]).mean())


def tune(world: World, pool, runs, scores: Scores) -> dict[str, tuple[str, float]]:
    """The best strength and rate of each family, by its mean accuracy on validation pictures."""
    best = {}
    for family, recipes in families(world).items():
        means = {
            (strength, rate): scored(family, strength, recipe, pool, runs, rate, scores)
            for strength, recipe in recipes.items()
            for rate in (RATES if strength else MANY_RATES)
        }
        best[family] = max(means, key=lambda key: means[key])
    return best


def judge(world: World, pool, runs, family: str, best: tuple[str, float]) -> dict:
    """What a family does at its best on test pictures, in every replicate."""
    strength, rate = best
    recipe = families(world)[family][strength]
    smoothing = float(strength) if family == SMOOTHING else 0.0
    done = trained(recipe, pool, runs, rate=rate, smoothing=smoothing)
    kept = done if family == STOPPING else done.at_the_end()
    tested = {name: kept.test(name).round(5).tolist() for name in ("accuracy", "loss")}
    knows = round(float(done.last("accuracy").mean()), 4)
    return {"strength": strength, "rate": rate, "training_accuracy": knows, **tested}


def fight(title: str, path: Path) -> None:
    """Tune everything in a world, and judge it, without what the file at `path` has already."""
    world = WORLDS[title]
    tuned_on = drawn(**asked(TUNED, world.pictures))
    pool = in_three_versions(tuned_on, TUNED[0])
    with tqdm(unit="run", desc=title) as bar:
        best = tune(world, pool, runs_of(pool, TUNED, world), Scores(path, title, bar))
    fresh = in_three_versions(drawn(tuned_on, **asked(JUDGED, world.pictures, TEST)), JUDGED[0])
    runs = runs_of(fresh, JUDGED, world)
    for family, (strength, rate) in best.items():
        row = {"tuned_on": asked(TUNED, world.pictures), "test": {}, **read(path)[title]}
        known = row["test"].get(family, {})
        if (known.get("strength"), known.get("rate")) != (strength, rate):
            row |= {"data": str(fresh), "correlation": fresh.correlation}
            row["test"][family] = judge(world, fresh, runs, family, (strength, rate))
            write(path, title, row)
            print(family, strength, rate, np.mean(row["test"][family]["accuracy"]), flush=True)
    plain_too(title, path, partial(judge, world, fresh, runs, NONE))


def plain_too(title: str, path: Path, judged) -> None:
    """Judge the plain net at the rate of every other family, too: what is left is not the rate's.

    Early stopping is left out: its rate is chosen among those of the plain net.
    """
    row = read(path)[title]
    others = (found for family, found in row["test"].items() if family not in (NONE, STOPPING))
    asked_for = sorted({found["rate"] for found in others})
    known = row.get("plain_at", {})
    at = {repr(rate): known.get(repr(rate)) or judged(("", rate)) for rate in asked_for}
    write(path, title, row | {"plain_at": at})


def by_heart(title: str, path: Path) -> None:
    """The best strength and rate of a family, and the best rate without it.

    Asked are only rates at which the plain net learns its pictures by heart. Neither the lowest of
    them nor the weakest strength is an edge: beyond lie nets that do not, and the control.
    """
    family, world, strengths = BY_HEART[title]
    tuned_on = asked(TUNED, world.pictures)
    pool = in_three_versions(drawn(**tuned_on), TUNED[0])
    runs, plain = runs_of(pool, TUNED, world), families(world)[NONE][""]
    arms = smoothed(plain, *strengths)
    if family == "dropout":
        arms = thinned(plain, world, *strengths)
    with tqdm(unit="run", desc=title) as bar:
        scores = Scores(path, title, bar)
        without = {rate: scored(NONE, "", plain, pool, runs, rate, scores) for rate in HEART_RATES}
        rates = [rate for rate in HEART_RATES if scores[HEART, rate].mean() >= KNOWN]
        means = {
            (strength, rate): scored(family, strength, recipe, pool, runs, rate, scores)
            for strength, recipe in arms.items()
            for rate in rates
        }
    # Of equally good ones the stronger and slower: rounding must not choose.
    strength, rate = max(means, key=lambda key: (round(means[key], 4), float(key[0]), -key[1]))
    rate_without = max(rates, key=lambda rate: without[rate])
    found = {
        "steps": world.rows * world.epochs // BATCH,
        "rates_asked": rates,
        "strength": strength,
        "rate": rate,
        "rate_without": rate_without,
        "at_edge": float(strength) == strengths[-1] or HEART_RATES[-1] in (rate, rate_without),
        "budget": len(runs) * (len(means) + len(without)),
    }
    row = {"data": str(pool), "tuned_on": tuned_on, **found, "scores": read(path)[title]["scores"]}
    write(path, title, row)
    print(found, flush=True)


def noisy(path: Path) -> None:
    """The rate of REG-47's two arms, by accuracy on noisy validation pictures."""
    world, tuned_on = NOISY_WORLD, asked(TUNED, NOISY_WORLD.pictures)
    pool = in_three_versions(drawn(**tuned_on), TUNED[0])
    plain = families(world)[NONE][""]
    arms = {"without noise": plain, "with noise": replace(plain, augment=augmentation.noise(NOISE))}
    shift = 2 * len(pool.y_train) // 3
    runs = [replace(run, valid_rows=run.valid_rows + shift) for run in runs_of(pool, TUNED, world)]
    with tqdm(unit="run", desc=NOISY) as bar:
        how = {"metric": "val_accuracy", "widest": 9, "known": Scores(path, NOISY, bar)}
        found = training.tuned(arms, pool, runs, NOISY_RATES, **how)
    row = {"data": str(pool), "tuned_on": tuned_on, **found_in(found, {"noise": NOISE})}
    write(path, NOISY, row | {"scores": read(path)[NOISY]["scores"]})
    print(f"{found}\n")


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.regularization", description=__doc__)
    titles = [*BY_HEART, NOISY, *WORLDS]
    parser.add_argument("titles", nargs="*", metavar="TITLE", default=titles)
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.titles) - set(titles):
        parser.error(f"There is no {'; '.join(sorted(unknown))}; choose of {'; '.join(titles)}.")
    for title in options.titles:
        if title in BY_HEART:
            by_heart(title, options.out)
        elif title in WORLDS:
            fight(title, options.out)
        else:
            noisy(options.out)


if __name__ == "__main__":
    main()
