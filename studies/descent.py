"""The tuning behind audit 3, on gradient descent: `python -m studies.descent`.

Where rules or batches are compared each at its best rate, all try the same rates (in OPT-11 equally
many) on replicates that are not judged later; the audit reads from the results file what was best.
What has been trained is in the file: start again to go on.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

import keras
import numpy as np
from scipy import special

from helpers import runtime, training
from helpers.nets import models
from helpers.reference import small_nets
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


# How low descents come: OPT-11 --------------------------------------------------------------------

SPANS = {
    "full batch": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    "single samples": (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
}
LOOKS = 100
Layers = list[tuple[np.ndarray, np.ndarray]]
"""Kernels (draws, rates, inputs, units) and biases (draws, rates, 1, units): nets side by side."""


def steadiness(sizes: tuple[int, ...], updates: int, penalty: float = 0.0) -> dict:
    """The mean loss in the last tenth of descents on 1,000 pictures, six rates for each arm.

    The full batch makes so many updates, single samples fifty times as many. `sizes` are those of
    the layers, `penalty` is the factor of the squared weights.
    """
    pool, asked = clothes(FEW, 1_000, 0)
    rows = np.stack([division.train for division in pool.divisions])[:, None]
    x = pool.x_train.reshape(-1, sizes[0])[rows]
    y = np.eye(sizes[-1], dtype="float32")[pool.y_train[rows]]
    scores, best, edges = {}, {}, []
    for arm, rates in SPANS.items():
        batch, per_look = (1_000, updates // LOOKS) if arm == "full batch" else (1, updates // 2)
        layers = started(sizes, len(rates))
        found = late_losses(layers, rows_of(x, y, batch), rates, per_look, penalty)
        found = np.where(np.isfinite(found), found, np.inf)
        scores[arm] = {str(rate): found[:, n].tolist() for n, rate in enumerate(rates)}
        place = int(found.mean(axis=0).argmin())
        best[arm] = rates[place]
        edges += [arm] if place in (0, len(rates) - 1) else []
    return {"data": str(pool), **asked, "best_rates": best, "at_edge": edges, "scores": scores}


def started(sizes: tuple[int, ...], rates: int) -> Layers:
    """Nets of all draws, at every rate the same."""
    generators, layers = [training.generator(seed) for seed in FEW], []
    for pair in zip(sizes[:-1], sizes[1:], strict=True):
        drawn = np.stack([g.normal(size=(1, *pair)) * (2 / pair[0]) ** 0.5 for g in generators])
        kernel = np.repeat(drawn, rates, axis=1).astype("float32")
        layers.append((kernel, np.zeros_like(kernel[:, :, :1])))
    return layers


def rows_of(x: np.ndarray, y: np.ndarray, batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All rows first, then batches without end: all rows, or one after the other."""
    yield x, y
    draws, generator = np.arange(len(x)), training.generator([FEW[0], 1])
    while batch > 1:
        yield x, y
    while True:
        orders = generator.permuted(np.tile(np.arange(x.shape[2]), (len(x), 1)), axis=1)
        for rows in orders.T:
            yield x[draws, :, rows][:, :, None], y[draws, :, rows][:, :, None]


def late_losses(layers: Layers, stream: Iterator, rates, per_look: int, penalty: float):
    """The mean loss over the looks in the last tenth, shape (draws, rates)."""
    everything, seen = next(stream), []
    steps = np.array(rates, "float32")[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):  # some rates diverge
        for look in range(LOOKS):
            for part in islice(stream, per_look):
                descend(layers, *part, steps, penalty)
            if look >= 0.9 * LOOKS:
                seen.append(full_loss(layers, *everything, penalty))
    return np.mean(seen, axis=0)


def outputs(layers: Layers, x: np.ndarray) -> list[np.ndarray]:
    """What goes into each layer, and the scores; ReLU between layers."""
    values = [x]
    for kernel, bias in layers[:-1]:
        values.append(np.maximum(values[-1] @ kernel + bias, 0))
    kernel, bias = layers[-1]
    return [*values, values[-1] @ kernel + bias]


def full_loss(layers: Layers, x, y, penalty: float) -> np.ndarray:
    """The loss of every net over all rows, shape (draws, rates)."""
    scores = outputs(layers, x)[-1].astype(float)
    entropies = special.logsumexp(scores, axis=3) - (scores * y).sum(axis=3)
    squares = sum((kernel.astype(float) ** 2).sum(axis=(2, 3)) for kernel, _ in layers)
    return entropies.mean(axis=2) + penalty * squares


def descend(layers: Layers, x, y, steps: np.ndarray, penalty: float) -> None:
    """One update of every net on these rows; changes the layers in place."""
    *values, scores = outputs(layers, x)
    error = (small_nets.probabilities(scores) - y) / np.float32(x.shape[2])
    for (kernel, bias), value in zip(layers[::-1], values[::-1], strict=True):
        back = error @ kernel.swapaxes(2, 3) * (value > 0) if value is not x else error
        kernel -= steps * (value.swapaxes(2, 3) @ error + np.float32(2 * penalty) * kernel)
        bias -= steps * error.sum(axis=2, keepdims=True)
        error = back


def adadelta(rho: float = 0.95, epsilon: float = 1e-6) -> keras.optimizers.Optimizer:
    """Adadelta with these settings."""
    return keras.optimizers.Adadelta(rho=rho, epsilon=epsilon)


FROM_ZERO = {"Adagrad": keras.optimizers.Adagrad(initial_accumulator_value=0.0)}
SETTINGS = {f"rho {r:g}, epsilon {e:g}": adadelta(r, e) for r in RHOS for e in EPSILONS}
RATE_FOR_H = {"a rate": keras.optimizers.RMSprop(rho=0.95, epsilon=1e-6)}
SMALL = (0.0001, 0.0003, 0.001, 0.003, 0.01)

FIRST = {"full batch": (4_000, 20), "single samples": (1, 4)}
MARK = {"full batch": (2_000, 100), "batches of 32": (32, 4)}

TUNINGS: dict[str, Callable[[], Tuning | dict]] = {
    "OPT-04, rates": partial(progress, 4_000, FIRST),
    "OPT-11, softmax regression": partial(steadiness, (196, 10), 2_000, 0.005),
    "OPT-11, net 196-32-10": partial(steadiness, (196, 32, 10), 500),
    "OPT-12, rates": partial(progress, 2_000, MARK),
    "OPT-15, to the end": to_the_end,
    "OPT-21, rate": partial(rules, FROM_ZERO),
    "OPT-27, rho and epsilon": partial(rules, SETTINGS, rates=(0.5, 1.0, 2.0), widest=3),
    **{
        f"OPT-28, inputs x {factor:g}": partial(rules, RATE_FOR_H, 2_000, scale=factor, rates=SMALL)
        for factor in (1.0, 10.0)
    },
    "OPT-36, changes": changes,
}


if __name__ == "__main__":
    main("descent", __doc__, TUNINGS, RESULTS)
