"""The tuning behind lesson 3, and many nets at rest for OPT-16: `python -m studies.steps`.

Learning rates are chosen on replicates that the lesson does not judge. OPT-16 asks whether sharper
nets do worse, which takes hundreds of nets: they are trained here, and the lesson reads of each
net how sharp it is and how it does. What the results file has is not done again.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from helpers import datasets, runtime, training
from helpers.reference import small_nets
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "03_steps.json"
TUNING = training.seeds(1_003, 5)  # no notebook has this SEED
JUDGED = training.seeds(1_006, 30)
JUDGED_STARTS = training.seeds(1_008, 30)
UNITS = 64


def clothes(seeds: list[int], **sizes: int) -> datasets.Split:
    """Pictures of clothes, 14 x 14 pixels, with rows of its own for each seed."""
    half = datasets.pool("fashion").map(
        lambda x: x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(x), -1),
        note="shrunk to 14 x 14",
    )
    return datasets.replicates(half.standardized(), seeds, **sizes)


def table(score: Callable, seeds: list[int], rates: Mapping[Any, Sequence[float]]) -> dict:
    """Scores of every arm (a batch size) at each of its rates, lower is better; the best by mean.

    `at_edge` are the arms whose best rate is the lowest or the highest of theirs.
    """
    scores = {
        str(arm): {
            repr(rate): [float(score(seed, arm, rate)) for seed in seeds] for rate in tqdm(own)
        }
        for arm, own in rates.items()
    }
    best, edges = {}, []
    for arm, own in rates.items():
        place = int(np.argmin([np.mean(found) for found in scores[str(arm)].values()]))
        best[str(arm)] = own[place]
        edges += [str(arm)] if place in (0, len(own) - 1) else []
    return {"best_rates": best, "at_edge": edges, "scores": scores}


# OPT-02: how long until the loss is 0.5 ---------------------------------------------------------

PICTURES, MARK, LONGEST = 8_000, 0.5, 250
RATES = {1: [0.001, 0.003, 0.01, 0.03, 0.1], 32: [0.03, 0.1, 0.3, 1.0, 3.0]}
RATES |= {PICTURES: RATES[32]}
LOOKS = {1: 200, 32: 20, PICTURES: 5}


def race() -> dict:
    """Logarithm of the samples taken to the mark; a rate that never gets there counts as most."""
    pool = clothes(TUNING, train=PICTURES, valid=0, test=1)
    rows = dict(zip(TUNING, (division.train for division in pool.divisions), strict=True))

    def samples(seed, size, rate):
        x, y = pool.x_train[rows[seed]], pool.y_train[rows[seed]]
        generator = training.generator(seed)
        weights = small_nets.initial(generator, x.shape[1], UNITS, 10)
        how = {"batch_size": size, "rate": rate, "generator": generator, "mark": MARK}
        most = LONGEST if size == PICTURES else 40_000 // size
        found = small_nets.train(weights, x, y, look=LOOKS[size], most=most, **how)
        return np.log(found.steps * size) if found.reached else np.log(LONGEST * PICTURES)

    return {"data": str(pool), **table(samples, TUNING[:3], RATES)}


# OPT-05: which starts are caught ----------------------------------------------------------------

POINTS, STARTS, UPDATES, SETTLING, SETTLING_RATE = 200, 50, 4_000, 6_000, 0.5
PENALTY = 0.001  # without it weights grow for ever, and slow nets look like nets that are caught


def settled(seed: int, size: int, rate: float, longer: int = 1) -> np.ndarray:
    """The losses of a crowd that started anywhere, and then came to rest by the full batch."""
    generator = training.generator(seed)
    x, y = small_nets.xor(generator, POINTS)
    starts = small_nets.crowd(generator, 2, 3, STARTS)
    how = {"batch_size": size, "rate": rate, "steps": UPDATES * longer}
    how |= {"generator": generator, "penalty": PENALTY}
    moved = small_nets.crowd_train(starts, x, y, **how)
    how |= {"batch_size": POINTS, "rate": SETTLING_RATE, "steps": SETTLING * longer}
    return small_nets.crowd_loss(small_nets.crowd_train(moved, x, y, **how), x, y, PENALTY)


JUMPING = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0]
RESTING = [0.03, 0.1, 0.3, 1.0, 3.0]  # below 2 / curvature at rest: there the full batch can stay
ALL, ANY = str(POINTS), f"{POINTS}, any rate"
ARMS = {"1": (1, JUMPING), "10": (10, JUMPING), ALL: (POINTS, RESTING), ANY: (POINTS, JUMPING)}


def caught() -> dict:
    """Share of starts that end more than 10 % above the lowest loss of any, by arm and rate.

    And what the lesson judges: the same share in other replicates, at the best rates. The highest
    rate of the full batch is no edge: above it there is no descent.
    """
    losses = {
        (seed, size, rate): settled(seed, size, rate)
        for seed in tqdm(TUNING)
        for size, rate in sorted({(size, rate) for size, own in ARMS.values() for rate in own})
    }
    lowest = {
        seed: min(np.nanmin(found) for (own, *_), found in losses.items() if own == seed)
        for seed in TUNING
    }

    def share(ends, lowest):
        return float(np.mean(~(ends <= 1.1 * lowest)))  # a loss that is no number is caught, too

    found = table(
        lambda seed, arm, rate: share(losses[seed, ARMS[arm][0], rate], lowest[seed]),
        TUNING,
        {arm: own for arm, (_, own) in ARMS.items()},
    )
    best = {arm: (ARMS[arm][0], rate) for arm, rate in found["best_rates"].items()}
    if found["best_rates"][ALL] == RESTING[-1]:
        found["at_edge"].remove(ALL)
    change, judged = {}, {arm: [] for arm in ARMS}
    for arm, (size, rate) in best.items():
        twice = [share(settled(seed, size, rate, 2), lowest[seed]) for seed in TUNING]
        change[arm] = float(np.mean(twice) - np.mean(found["scores"][arm][repr(rate)]))
    for seed in tqdm(JUDGED_STARTS):
        ends = {arm: settled(seed, *own) for arm, own in best.items()}
        for arm, own in ends.items():
            judged[arm].append(share(own, np.nanmin(list(ends.values()))))
    return found | {"change_with_twice_the_updates": change, "caught": judged}


# OPT-14, OPT-16: nets at rest -------------------------------------------------------------------

REST = {"mark": 0.01, "right": 0.999, "most": 30_000}


def at_rest(seed: int, x, y, batch_size: int, rate: float) -> small_nets.Trained:
    """A net trained until it comes to rest; the seed gives its weights and the order."""
    generator = training.generator(seed)
    weights = small_nets.initial(generator, x.shape[1], UNITS, 10)
    how = {"batch_size": batch_size, "rate": rate, "generator": generator, **REST}
    return small_nets.train(weights, x, y, look=max(10, len(x) // batch_size), near=10, **how)


AT_REST = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28]


def of_batches(size: int, *batches: int, rates: Sequence[float] = AT_REST) -> dict:
    """Validation error at rest of these batches, on so many pictures; at the mark or guessing."""
    pool = clothes(TUNING, train=size, valid=1_000, test=1)
    rows = dict(zip(TUNING, pool.divisions, strict=True))

    def error(seed, batch_size, rate):
        own = rows[seed]
        found = at_rest(seed, pool.x_train[own.train], pool.y_train[own.train], batch_size, rate)
        if not found.reached:
            return 0.9
        return 1 - small_nets.accuracy(
            found.weights, pool.x_train[own.valid], pool.y_train[own.valid]
        )

    return {"data": str(pool), **table(error, TUNING, dict.fromkeys(batches, rates))}


FEW, LARGE, NETS = 360, 36, 6


def nets_at_rest(path: Path) -> dict:
    """Six nets of each of four plans in every replicate: how sharp they are, and how they do."""
    rate = read(path)[f"rate of batches of 8, {FEW} pictures"]["best_rates"]["8"]
    grown = np.sqrt(LARGE / 8)
    plans = [(8, rate), (8, rate / grown), (LARGE, rate), (LARGE, rate * grown)]
    pool = clothes(JUDGED, train=FEW, valid=0, test=11_600)
    known = read(path).get("OPT-16", {}).get("replicates", {})
    for seed, division in zip(tqdm(JUDGED), pool.divisions, strict=True):
        if str(seed) not in known:
            parts = [pool.x_train[division.train], pool.y_train[division.train]]
            parts += [pool.x_train[division.test], pool.y_train[division.test]]
            known[str(seed)] = [
                [measured(one, parts, *plan) for one in own_seeds(seed, number)]
                for number, plan in enumerate(plans)
            ]
            write(path, "OPT-16", {"data": str(pool), "plans": plans, "replicates": known})
    return read(path)["OPT-16"]


def own_seeds(seed: int, plan: int) -> list[int]:
    """A seed for each net of a plan, of this replicate alone."""
    return training.generator(seed).integers(2**31, size=(4, NETS))[plan].tolist()


def measured(seed: int, parts: list[np.ndarray], batch_size: int, rate: float) -> dict:
    """A net at rest in numbers."""
    x, y, new_x, new_y = parts
    net = at_rest(seed, x, y, batch_size, rate)
    if not net.reached:
        return {"reached": False}
    wrong = small_nets.forward(net.weights, new_x)[1].argmax(axis=1) != new_y
    found = {
        "reached": True,
        "steps": net.steps,
        "loss": net.loss,
        "error": 1 - small_nets.accuracy(net.weights, x, y),
        "test_loss": small_nets.mean_loss(net.weights, new_x, new_y),
        **{f"test_error_{half}": wrong[half::2].mean() for half in (0, 1)},
        "sharpness": small_nets.sharpness(net.weights, x, y),
        "adaptive": small_nets.sharpness(net.weights, x, y, adaptive=True),
    }
    return {name: float(f"{value:.6g}") for name, value in found.items()}


STUDIES: dict[str, Callable[[Path], dict]] = {
    "OPT-02": lambda path: race(),
    "OPT-05": lambda path: caught(),
    "OPT-14": lambda path: of_batches(1_000, 8, 100),
    f"rate of batches of 8, {FEW} pictures": lambda path: of_batches(FEW, 8, rates=AT_REST[:6]),
    "OPT-16": nets_at_rest,
}


def study(titles: list[str], path: Path) -> None:
    """Do these, without what the file at `path` has already."""
    for title in titles:
        if title == "OPT-16" or title not in read(path):
            write(path, title, STUDIES[title](path))
        print(title, {name: value for name, value in read(path)[title].items() if "rates" in name})


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.steps", description=__doc__)
    parser.add_argument("titles", nargs="*", metavar="TITLE", default=list(STUDIES))
    parser.add_argument("--out", type=Path, default=RESULTS, help="results (default: %(default)s)")
    options = parser.parse_args()
    if unknown := set(options.titles) - STUDIES.keys():
        parser.error(f"There is no {'; '.join(sorted(unknown))}; choose of {'; '.join(STUDIES)}.")
    study(options.titles, options.out)


if __name__ == "__main__":
    main()
