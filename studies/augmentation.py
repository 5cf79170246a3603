"""The tuning behind REG-46, altered copies of pictures: `python -m studies.augmentation`.

Every arm, the pictures as they are and seven alterations with the originals kept, tries the same
learning rates on five tuning replicates that are not judged later. Which is best is read from
validation pictures; lesson 04 and its audit judge the choice on test pictures. What has been
trained is in the results file: start again to go on.
"""

import argparse
import json
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from helpers import datasets, files, runtime, training
from helpers.nets import augmentation, models

RESULTS = runtime.ROOT / "notebooks" / "results" / "04_augmentation.json"
SEEDS = training.seeds(1_000, 5)  # no notebook has this SEED
RATES = tuple(float(rate) for rate in np.geomspace(3e-4, 3e-2, 5))
PLAIN = "as they are"
WIDEST = 10  # rates
STEPS, BATCH = 1_500, 60
EPOCH = 3_000  # rows: many passes over few pictures count as one epoch, which is faster


@dataclass(frozen=True)
class Setting:
    """Pictures of `size` pixels a side from 0 to `white`, and the share of random labels."""

    name: str
    size: int
    white: float
    train: int
    valid: int
    noise: float

    @property
    def replicates(self) -> dict:
        """What `datasets.replicates` is asked for."""
        sizes = {"train": self.train, "valid": self.valid, "test": 1}
        return {"name": self.name, "seeds": list(SEEDS), **sizes}


SETTINGS = {
    f"{name}, {labels}": Setting(name, *sizes, noise)
    for labels, noise in (("clean labels", 0.0), ("30 % random labels", 0.3))
    for name, *sizes in (("fashion", 28, 255.0, 300, 400), ("digits", 8, 16.0, 150, 100))
}


def pool_of(setting: Setting) -> datasets.Split:
    """The pool of the tuning replicates, pixels from 0 to 1; labels random as the setting says."""
    pool = datasets.replicates(**setting.replicates)
    pool = pool.map(lambda x: (x / setting.white).astype("float32"))
    generator = training.generator(SEEDS[0])
    wrong = generator.random(len(pool.y_train)) < setting.noise
    drawn = generator.integers(0, 10, len(pool.y_train))
    return replace(pool, y_train=np.where(wrong, drawn, pool.y_train))


def arms(setting: Setting) -> dict[str, training.Recipe]:
    """How each arm is trained, by its name."""
    shape = (setting.size, setting.size)
    plain = training.Recipe(
        partial(models.mlp, shape, [256], 10, output_activation="softmax"),
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        epochs=STEPS * BATCH // EPOCH,
        batch_size=BATCH,
        metrics=["accuracy"],
    )
    altered = augmentation.copies(setting.size)
    return {PLAIN: plain} | {
        name: replace(plain, augment=change) for name, change in altered.items()
    }


def repeated(run: training.Run, setting: Setting) -> training.Run:
    """The run with its pictures so often that they make an epoch."""
    return replace(run, train_rows=np.tile(run.train_rows, EPOCH // setting.train))


class Scores(dict):
    """Scores by arm and rate, which are in the results file as soon as they are known."""

    def __init__(self, path: Path, title: str, bar: tqdm):
        self.path, self.title, self.bar = path, title, bar
        stored = read(path).get(title, {}).get("scores", {})
        super().__init__(
            ((arm, float(rate)), np.array(values))
            for arm, found in stored.items()
            for rate, values in found.items()
        )

    def __setitem__(self, key: tuple[str, float], values: np.ndarray) -> None:
        super().__setitem__(key, values)
        arm, rate = key
        row = read(self.path).get(self.title, {"scores": {}})
        row["scores"].setdefault(arm, {})[repr(rate)] = [round(float(v), 6) for v in values]
        write(self.path, self.title, row)
        self.bar.update(len(values))


def read(path: Path) -> dict:
    """The settings in the results file, none if it is not there yet."""
    return json.loads(path.read_text(encoding="utf-8"))["settings"] if path.exists() else {}


def write(path: Path, title: str, row: dict) -> None:
    """Put one setting into the results file, which is whole at all times."""
    found = {
        "date": date.today().isoformat(),
        "versions": runtime.versions(),
        "machine": str(runtime.machine()),
        "settings": read(path) | {title: row},
    }
    files.write_text(path, json.dumps(found, indent=1) + "\n")


def chosen(found: training.Tuned) -> dict:
    """The best alteration, by the mean validation accuracy at its best rate, and both rates."""
    best = {arm: float(means.max()) for arm, means in found.means.items()}
    alteration = max((arm for arm in best if arm != PLAIN), key=lambda arm: best[arm])
    return {
        "alteration": alteration,
        "rate": found.best[alteration],
        "rate_as_they_are": found.best[PLAIN],
        "validation_accuracy": {arm: round(mean, 4) for arm, mean in best.items()},
        "best_rates": found.best,
        "budget": found.budget,
        "at_edge": list(found.at_edge),
    }


def study(titles: list[str], path: Path) -> None:
    """Tune these settings, without what the file at `path` has already."""
    for title in titles:
        setting = SETTINGS[title]
        pool, recipes = pool_of(setting), arms(setting)
        runs = [repeated(run, setting) for run in training.replicates(pool, SEEDS)]
        with tqdm(total=len(recipes) * len(RATES) * len(SEEDS), unit="run", desc=title) as bar:
            scores = Scores(path, title, bar)
            bar.update(len(scores) * len(SEEDS))
            how = {"metric": "val_accuracy", "widest": WIDEST, "known": scores}
            found = training.tuned(recipes, pool, runs, RATES, **how)
        row = {"data": str(pool), "replicates": setting.replicates, "noise": setting.noise}
        row |= {"steps": STEPS, "choice": chosen(found), "scores": read(path)[title]["scores"]}
        write(path, title, row)
        print(f"{found}\n")


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.augmentation", description=__doc__)
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="SETTING",
        default=list(SETTINGS),
        help=f"of {'; '.join(SETTINGS).replace('%', '%%')}",
    )
    parser.add_argument(
        "--out", type=Path, default=RESULTS, help="results file (default: %(default)s)"
    )
    options = parser.parse_args()
    if unknown := set(options.settings) - SETTINGS.keys():
        parser.error(
            f"There is no setting {'; '.join(sorted(unknown))}; choose of {'; '.join(SETTINGS)}."
        )
    study(options.settings, options.out)


if __name__ == "__main__":
    main()
