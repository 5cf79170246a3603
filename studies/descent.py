"""The tuning behind audit 3, on gradient descent: `python -m studies.descent`.

Where rules or batches are compared each at its best rate, all try the same rates on replicates that
are not judged later; the audit reads from the results file what was best. What has been trained is
in the file: start again to go on.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import keras
import numpy as np

from helpers import runtime, training
from helpers.nets import models
from studies.overfitting import FEW, KEEPING, LOGITS, Tuning, clothes, main, repeated, sorter

RESULTS = runtime.ROOT / "notebooks" / "results" / "03_descent.json"
THREE = FEW[:3]
LEARNED = 0.999  # training accuracy of a net that has been trained to the end
RHOS, EPSILONS = (0.9, 0.95, 0.99), (1e-8, 1e-7, 1e-6, 1e-4, 1e-2)
HALF_DECADES = (0.01, 0.03, 0.1, 0.3, 1.0)


class ToTheEnd(training.Recipe):
    """A recipe whose nets count only if they have learned their pictures."""

    def fit(self, *data, **how) -> training.Runs:
        """Train, and take the validation accuracy from whatever has not learned enough."""
        done = super().fit(*data, **how)
        done.history["val_accuracy"][done.last("accuracy") < LEARNED] = np.nan
        return done


def rules(arms: dict, pictures: int = 4_000, *, scale: float = 1.0, **how) -> Tuning:
    """A net with 64 units under each of the rules for 20 passes over its pictures.

    `scale` multiplies the inputs.
    """
    pool, asked = clothes(THREE, pictures, 500)
    if scale != 1.0:
        pool = pool.map(lambda x: scale * x, note=f"times {scale:g}")
    plain = sorter([64], optimizer="sgd", batch_size=32, epochs=20, early_stopping=KEEPING)
    recipes = {name: replace(plain, optimizer=rule) for name, rule in arms.items()}
    how = {"rates": HALF_DECADES, "metric": "val_loss", "at": "best", "notes": asked, **how}
    return Tuning(recipes, pool, training.replicates(pool, THREE), **how)


def progress(pictures: int, arms: dict[str, tuple[int, int]]) -> Tuning:
    """Plain descent for a short time; an arm has its batch and its epochs.

    Early on, the loss on other pictures is as good as that on the training pictures.
    """
    pool, asked = clothes(THREE, pictures, 1_000)
    runs = training.replicates(pool, THREE)
    recipes = {
        name: sorter([64], optimizer="sgd", batch_size=size, epochs=epochs, metrics=())
        for name, (size, epochs) in arms.items()
    }
    return Tuning(recipes, pool, runs, HALF_DECADES, "val_loss", notes=asked)


def to_the_end() -> Tuning:
    """Small and large batches until the net knows its 1,000 pictures: OPT-15."""
    pool, asked = clothes(THREE, 1_000, 500)
    arms = {
        f"batches of {size}": ToTheEnd(
            partial(models.mlp, (14, 14), [64], 10),
            loss=LOGITS,
            optimizer="sgd",
            metrics=["accuracy"],
            batch_size=size,
            epochs=epochs,  # of ten passes
        )
        for size, epochs in ((16, 15), (100, 40))
    }
    runs = repeated(training.replicates(pool, THREE), 10_000)
    return Tuning(arms, pool, runs, (0.05, 0.1, 0.2, 0.4), widest=7, notes=asked)


def changes() -> Tuning:
    """One net, and what changes of its architecture and hyperparameters: OPT-36."""
    pool, asked = clothes(THREE, 2_048, 500)
    how = {"optimizer": "sgd", "batch_size": 32, "epochs": 40, "early_stopping": KEEPING}
    arms = {
        "as it was": sorter([64], **how),
        "batches of 512": sorter([64], **{**how, "batch_size": 512}),
        "Nadam": sorter([64], **{**how, "optimizer": "nadam"}),
        "ten layers": sorter([64] * 10, **how),
    }
    runs = training.replicates(pool, THREE)
    return Tuning(arms, pool, runs, (0.001, 0.003, *HALF_DECADES), "val_loss", "best", 10, asked)


def adadelta(rho: float = 0.95, epsilon: float = 1e-6) -> keras.optimizers.Optimizer:
    """Adadelta with these settings."""
    return keras.optimizers.Adadelta(rho=rho, epsilon=epsilon)


FROM_ZERO = {"Adagrad": keras.optimizers.Adagrad(initial_accumulator_value=0.0)}
SETTINGS = {f"rho {r:g}, epsilon {e:g}": adadelta(r, e) for r in RHOS for e in EPSILONS}
RATE_FOR_H = {"a rate": keras.optimizers.RMSprop(rho=0.95, epsilon=1e-6)}
SMALL = (0.0001, 0.0003, 0.001, 0.003, 0.01)

FIRST = {"full batch": (4_000, 20), "single samples": (1, 4)}
MARK = {"full batch": (2_000, 100), "batches of 32": (32, 4)}

TUNINGS: dict[str, Callable[[], Tuning]] = {
    "OPT-04, rates": partial(progress, 4_000, FIRST),
    "OPT-12, rates": partial(progress, 2_000, MARK),
    "OPT-15, to the end": to_the_end,
    "OPT-21, rate": partial(rules, FROM_ZERO),
    "OPT-27, rho and epsilon": partial(rules, SETTINGS, rates=(0.5, 1.0, 2.0), widest=3),
    "OPT-27, rate": partial(rules, {"the paper's": adadelta()}),
    "OPT-28, inputs x 1": partial(rules, RATE_FOR_H, rates=SMALL),
    "OPT-28, inputs x 10": partial(rules, RATE_FOR_H, rates=SMALL, scale=10.0),
    "OPT-28, inputs x 0.1": partial(rules, RATE_FOR_H, rates=SMALL, scale=0.1),
    "OPT-36, changes": changes,
}


if __name__ == "__main__":
    main("descent", __doc__, TUNINGS, RESULTS)
