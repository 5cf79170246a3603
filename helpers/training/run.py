"""What one run has of its own, and where its random numbers come from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from helpers.training.checks import is_whole

SEEDS = 10_000  # for each SEED
LARGEST = 2**32 // SEEDS - 1  # SEED: NumPy, scikit-learn and JAX take seeds below 2**32


@dataclass(frozen=True)
class Run:
    """What one run has of its own; None leaves it to the split, or to the optimizer.

    `seed` decides the initial weights and the order of the minibatches. `train_rows`, `valid_rows`
    and `test_rows` are rows of the split's training data, so that runs with different divisions of
    one pool train in one call: a fold or a bootstrap sample (with repeats) to train on, rows to
    validate on in place of the validation part, rows to test on in place of the test part.
    `targets` replaces the targets of the training rows (label noise), not those of validation and
    test. `learning_rate` and `momentum` (in the Adam family: beta_1) are a number, or an array with
    one for each step. `sample_weight` weighs the training rows in the loss, as in Keras, shape
    (n_train,). `order` fixes the order of the run's training rows: one permutation for all epochs,
    or one for each, shape (epochs, rows). `initial_weights`, as `Runs.weights` have them, are what
    the run begins with in place of a fresh model's: training goes on, with a new optimizer.
    """

    seed: int = 0
    train_rows: np.ndarray | None = None
    valid_rows: np.ndarray | None = None
    test_rows: np.ndarray | None = None
    targets: np.ndarray | None = None
    learning_rate: float | np.ndarray | None = None
    momentum: float | np.ndarray | None = None
    sample_weight: np.ndarray | None = None
    order: np.ndarray | None = None
    initial_weights: list[np.ndarray] | None = None


def seeds(seed: int, runs: int) -> range:
    """The seeds of `runs` runs: the only way from a notebook's SEED to seeds.

    Those of different SEEDs have none in common; those of SEED 0 begin at 0.
    Raises ValueError for a SEED or a number of runs out of range.
    """
    if not is_whole(seed) or not 0 <= seed <= LARGEST:
        raise ValueError(f"SEED is {seed!r}; choose a whole number from 0 to {LARGEST}.")
    if not is_whole(runs) or not 1 <= runs <= SEEDS:
        raise ValueError(f"RUNS is {runs!r}; choose a whole number from 1 to {SEEDS}.")
    return range(int(seed) * SEEDS, int(seed) * SEEDS + int(runs))


def generator(seed: int | Sequence[int]) -> np.random.Generator:
    """Random numbers for what a run draws by itself (its sample, its noise); where it draws several
    things apart from each other, of its seed and a number for each.

    From seed 1 on they are independent of the order of its minibatches, which
    `numpy.random.default_rng(seed)` draws; NumPy makes the same generator of 0 and of [0, 0].
    """
    return np.random.default_rng([0, *np.atleast_1d(seed)])


def as_runs(samples: Iterable, *, seed: int = 0) -> list[Run]:
    """One run for each array of training rows (folds, samples), with seeds from `seed` on."""
    return [Run(seed + number, train_rows=np.asarray(rows)) for number, rows in enumerate(samples)]


def replicates(pool, seeds: Iterable[int]) -> list[Run]:
    """A run for each division of the pool, of `datasets.replicates`, with its rows and seed.

    Raises ValueError unless there are as many seeds as divisions.
    """
    divisions, seeds = getattr(pool, "divisions", ()), list(seeds)
    if not divisions or len(divisions) != len(seeds):
        raise ValueError(
            f"The split has {len(divisions)} divisions, and there are {len(seeds)} seeds: "
            "give datasets.replicates the same seeds."
        )
    return [
        Run(seed, **{f"{part}_rows": rows for part, rows in own._asdict().items() if len(rows)})
        for seed, own in zip(seeds, divisions, strict=True)
    ]


def runs_of(runs: Sequence) -> list[Run]:
    """The runs of a list that holds runs, or seeds. Raises ValueError for anything else."""
    if isinstance(runs, Integral):
        raise ValueError(f"runs is {runs}; give seeds, for example training.seeds(SEED, {runs}).")
    if isinstance(runs, Run):
        raise ValueError("runs is one Run; give a list of them: [run].")
    if not isinstance(runs, Iterable):
        raise ValueError(f"runs is {runs!r}; give a list of training.Run or of seeds.")
    found = [Run(int(run)) if is_whole(run) else run for run in runs]
    for run in found:
        if not isinstance(run, Run):
            raise ValueError(f"runs holds {run!r}; it must hold training.Run or seeds.")
    return found
