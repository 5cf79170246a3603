"""Range tests of lesson 7's nets, on real photographs: `python -m studies.cifar10_range_tests`,
with CIFAR-10 in COURSE_DATA_DIR.

The rate rises within about one epoch, and within four; ten runs of each net and optimizer of
`studies.cifar10.crossed`. What is in the results file is not run again. Two cores take a minute for
a net and optimizer.
"""

import argparse
from functools import partial
from pathlib import Path

from helpers import runtime, training
from studies import cifar10
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "08_range_tests.json"
RANGED = 1_074  # SEED of no notebook
RANGE = {"lowest": 1e-6, "highest": 10.0}
STEPS = 350  # about one epoch of batches of 128
SPEEDS = {"one epoch": 1, "four epochs": 4}


def range_tests(arm: cifar10.Arm, pool: cifar10.Pool, runs: int) -> dict:
    """Losses of rising rates for a net and optimizer at each speed, and the rates they suggest.

    Of a slower test as many losses are kept as of the fast one: of four epochs every fourth.
    """
    asked = [
        training.Run(seed, **cifar10.division(len(pool.y_train), seed))
        for seed in training.seeds(RANGED, runs)
    ]
    found = {}
    for name, times in SPEEDS.items():
        rates, losses = cifar10.recipe_of(arm).range_test(pool, asked, steps=times * STEPS, **RANGE)
        found[name] = {
            "rates": [float(f"{rate:.4g}") for rate in rates[::times]],
            "losses": cifar10.listed(losses[:, ::times]),
            "suggested": training.suggested_rates(rates, losses),
        }
    return found


def main() -> None:
    """Read the command line and run what is missing."""
    parser = argparse.ArgumentParser(prog="python -m studies.cifar10_range_tests")
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    cifar10.add_trial(parser)
    options = parser.parse_args()
    pool = cifar10.photographs(options.size).standardized()
    tests = partial(range_tests, pool=pool, runs=max(options.runs or 10, 3))
    for name, arm in cifar10.crossed().items():
        net_and_rule = name.removesuffix(" constant")
        if not arm.cycle and net_and_rule not in read(options.out):
            write(options.out, net_and_rule, tests(arm))
            print(f"{net_and_rule}: done", flush=True)


if __name__ == "__main__":
    main()
