"""Where the time of a training goes, and how much of it the machine itself sets as a limit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import tensorflow as tf

from benchmarks.timing import in_turn
from benchmarks.work import DEEP, W, deep, images, net_w, table
from helpers.training import Recipe

SIZES = [(3072, 100), *[(100, 100)] * 19, (100, 10)]
"""Inputs and outputs of each layer of net D."""
TRAINING = 2 * (3 * sum(m * n for m, n in SIZES) - 3072 * 100)
"""Operations of net D's matrix products for one image: forward, and the gradients of kernels and
inputs, but none of the image.
"""
BATCH, STEPS = 32, 200


@dataclass(frozen=True)
class Rates:
    """Operations a second, at batch 32: of net D in training, of its own matrix products with
    nothing in between, and of products with large matrices.
    """

    net: float
    own: float
    large: float

    def seconds(self, images: int) -> float:
        """What net D's own products take in training on so many images."""
        return images * TRAINING / self.own


def rates() -> Rates:
    """The rates of this machine.

    Its own products are three of each layer (forward, and the gradients of its kernel and of its
    inputs), compiled with XLA as the net is.
    """
    recipe = Recipe(deep(batch_norm=False), epochs=5, batch_size=BATCH, **DEEP)
    net = partial(recipe.fit, images(BATCH * STEPS), [0])
    left, right = tf.random.normal((BATCH, 2048)), tf.random.normal((2048, 2048))
    large = tf.function(
        lambda: [tf.matmul(left + number, right) for number in map(float, range(50))]
    )
    own = partial(products(), tf.random.normal((BATCH, SIZES[0][0])))
    images_seen = 5 * STEPS * BATCH, STEPS * BATCH
    work = images_seen[0] * TRAINING, images_seen[1] * TRAINING, 50 * 2 * BATCH * 2048**2
    pairs = zip(work, medians((net, own, large)), strict=True)
    return Rates(*(each / seconds for each, seconds in pairs))


def medians(works: Iterable[Callable]) -> list[float]:
    """Median seconds of each piece of work, in turn, once all that they compile is compiled."""
    works = list(works)
    for work in works:
        work()
    return [float(np.median(each)) for each in in_turn(*works)]


def products():
    """A compiled function that does the matrix products of an epoch of net D, given a batch."""
    kernels = [tf.Variable(tf.random.normal(size, stddev=0.1)) for size in SIZES]

    @tf.function(jit_compile=True)
    def epoch(x):
        step = tf.constant(0)
        while step < STEPS:
            with tf.GradientTape() as tape:
                outputs = x + tf.cast(step, tf.float32)
                for kernel in kernels:
                    outputs = tf.matmul(outputs, kernel)
            for kernel, gradient in zip(kernels, tape.gradient(outputs, kernels), strict=True):
                kernel.assign_add(1e-9 * gradient)  # else XLA leaves the products out
            step += 1

    return epoch


def facts(rates: Rates) -> list[str]:
    """How near net D comes to the machine's limit, and where net W's time goes."""
    own, large = 100 * rates.net / rates.own, 100 * rates.net / rates.large
    epochs, missed = rates.seconds(10 * STEPS * BATCH), "" if round(own) >= 65 else ", missed"
    return [
        (
            f"Net D trains at {rates.net / 1e9:.0f} GFLOP/s, building and starting included. Its"
            f" own matrix products alone run at {rates.own / 1e9:.0f} ({own:.0f} %{missed};"
            " wanted: 65 %), products of 32 rows with a 2048 x 2048 matrix at"
            f" {rates.large / 1e9:.0f}"
            f" ({large:.0f} %): at 100 x 100 a product is too short to fill the cores."
        ),
        (
            "A loop that does these products and adds their gradients to the kernels takes"
            f" {epochs:.2f} s for 10 epochs of 200 steps, of net D as of net D+BN."
        ),
        update_rule(),
        last_minibatch(),
    ]


def update_rule() -> str:
    """What Nadam's passes over net D's weights and their moments take, more than plain steps do."""
    nadam = Recipe(deep(batch_norm=False), epochs=10, batch_size=BATCH, **DEEP)
    recipes = nadam, replace(nadam, optimizer="sgd")
    whole, plain = medians(partial(each.fit, images(BATCH * STEPS), [0]) for each in recipes)
    return (
        f"Net D, 10 epochs of 200 steps: {whole:.2f} s, of which {whole - plain:.2f} s go into"
        " Nadam, which reads and writes each weight and its two moments: with plain SGD in its"
        f" place they take {plain:.2f} s."
    )


def last_minibatch() -> str:
    """What the smaller last minibatch of net W's epochs takes, which XLA does not compile."""
    recipe = Recipe(net_w, epochs=100, **W)
    whole, without = medians(
        partial(recipe.fit, table(rows), [0]) for rows in (1439, 1439 // 32 * 32)
    )
    return (
        f"Net W, one run of 100 epochs: {whole:.2f} s, of which {whole - without:.2f} s go into the"
        " last, smaller minibatch of each epoch. It is not compiled by XLA, which would take longer"
        " to compile it for each size than a run saves."
    )
