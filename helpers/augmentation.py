"""Training data that are never twice the same: changes of a minibatch, for `fit_runs(..., augment=...)`.

Every function here makes a change `f(x, y, seed) -> (x, y)` in TensorFlow: `x` are images of shape (n, height, width)
or (n, height, width, colours), uint8 or float; `y` are their targets; `seed` is two integers. Each image of the
minibatch is changed by itself. `chain` puts changes one after the other.
"""

import math

import numpy as np
import tensorflow as tf
from scipy import stats

QUANTILES = 1_000  # of the Beta distribution, from which the shares of a mixture are drawn


def shifts(pixels: int):
    """Move each image by up to `pixels` whole pixels along height and width; the border pixels fill what is left free.

    Raises ValueError for a number of pixels below 0.
    """
    if pixels < 0:
        raise ValueError(f"pixels is {pixels}; images are moved by 0 to so many pixels in either direction.")

    def shift(x, y, seed):
        height, width = x.shape[1:3]
        moves = tf.random.stateless_uniform((tf.shape(x)[0], 2), seed, -pixels, pixels + 1, tf.int32)
        rows = tf.clip_by_value(tf.range(height) - moves[:, :1], 0, height - 1)
        columns = tf.clip_by_value(tf.range(width) - moves[:, 1:], 0, width - 1)
        return pick(x, rows[:, :, None], columns[:, None, :]), y

    return shift


def rotations(degrees: float):
    """Turn each image by up to `degrees` in either direction about its middle, to the nearest pixel; see `shifts`.

    Raises ValueError for an angle below 0.
    """
    if degrees < 0:
        raise ValueError(f"degrees is {degrees}; images are turned by 0 to so many degrees in either direction.")

    def rotate(x, y, seed):
        height, width = x.shape[1:3]
        limit = math.radians(degrees)
        angle = tf.random.stateless_uniform((tf.shape(x)[0], 1, 1), seed, -limit, limit)
        down, right = tf.range(height)[:, None], tf.range(width)[None, :]
        down = tf.cast(down, tf.float32) - (height - 1) / 2
        right = tf.cast(right, tf.float32) - (width - 1) / 2
        rows = tf.cos(angle) * down + tf.sin(angle) * right + (height - 1) / 2
        columns = tf.cos(angle) * right - tf.sin(angle) * down + (width - 1) / 2
        nearest = [tf.cast(tf.round(places), tf.int32) for places in (rows, columns)]
        return pick(x, tf.clip_by_value(nearest[0], 0, height - 1), tf.clip_by_value(nearest[1], 0, width - 1)), y

    return rotate


def flips(axis: int = 2):
    """Mirror every second image, drawn at random: left to right (axis 2), or upside down (axis 1).

    Raises ValueError for another axis.
    """
    if axis not in (1, 2):
        raise ValueError(f"axis is {axis}; 2 mirrors left to right, 1 upside down.")

    def flip(x, y, seed):
        chosen = tf.random.stateless_uniform(tf.shape(x)[:1], seed) < 0.5
        return tf.where(beside(chosen, x), tf.reverse(x, [axis]), x), y

    return flip


def noise(deviation: float):
    """Add normal noise of this standard deviation to every input (of any shape); the result is float32.

    Raises ValueError for a deviation below 0.
    """
    if deviation < 0:
        raise ValueError(f"deviation is {deviation}; a standard deviation is at least 0.")

    def disturb(x, y, seed):
        return tf.cast(x, tf.float32) + tf.random.stateless_normal(tf.shape(x), seed, stddev=deviation), y

    return disturb


def mixup(alpha: float):
    """Mix each example with another of the minibatch, inputs and targets alike, in shares from Beta(alpha, alpha).

    Inputs may have any shape; targets must be numbers that can be mixed (one-hot classes as float32).
    Zhang, Cisse, Dauphin and Lopez-Paz (2018), "mixup: Beyond Empirical Risk Minimization", equation 1.
    Raises ValueError for an alpha that is not above 0, and for whole numbers as targets.
    """
    check_alpha(alpha)

    def mix(x, y, seed):
        check_targets(y)
        share = beta(tf.shape(x)[0], alpha, seed)
        x = tf.cast(x, tf.float32)
        return blend(x, neighbours(x), beside(share, x)), blend(y, neighbours(y), beside(share, y))

    return mix


def cutmix(alpha: float):
    """Put a rectangle of another image of the minibatch into each, and mix the targets by the areas.

    Its share of the area is drawn from Beta(alpha, alpha), less what falls outside. Targets as in `mixup`.
    Yun et al. (2019), "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", sec. 3.
    Raises ValueError for an alpha that is not above 0, and for whole numbers as targets.
    """
    check_alpha(alpha)

    def cut(x, y, seed):
        check_targets(y)
        count, (height, width) = tf.shape(x)[0], x.shape[1:3]
        first, second = split(seed, 2)
        side = tf.sqrt(1 - beta(count, alpha, first))
        middle = tf.random.stateless_uniform((count, 2), second)
        inside = within(middle[:, 0], side, height)[:, :, None] & within(middle[:, 1], side, width)[:, None, :]
        share = 1 - tf.reduce_mean(tf.cast(inside, tf.float32), axis=[1, 2])
        inside = tf.reshape(inside, (count, height, width, *[1] * (len(x.shape) - 3)))
        return tf.where(inside, neighbours(x), x), blend(y, neighbours(y), beside(share, y))

    return cut


def chain(*changes):
    """One change that makes all of these, in this order, each with a seed of its own."""

    def change(x, y, seed):
        for step, own in zip(changes, split(seed, len(changes)), strict=True):
            x, y = step(x, y, own)
        return x, y

    return change


# What they share -----------------------------------------------------------------------------------------------------


def pick(x, rows, columns):
    """For each image the pixels at `rows` and `columns`, which broadcast to (n, height, width)."""
    shape = tf.broadcast_dynamic_shape(tf.shape(rows), tf.shape(columns))
    places = tf.stack([tf.broadcast_to(rows, shape), tf.broadcast_to(columns, shape)], axis=-1)
    return tf.ensure_shape(tf.gather_nd(x, places, batch_dims=1), x.shape)


def neighbours(values):
    """For each example the one before it: by chance, because a minibatch comes in random order."""
    return tf.roll(values, 1, axis=0)


def blend(ours, theirs, share):
    return share * ours + (1 - share) * theirs


def beside(values, x):
    """One value for each example, shape (n,), shaped to broadcast against `x`."""
    return tf.reshape(values, (-1, *[1] * (len(x.shape) - 1)))


def beta(count, alpha: float, seed):
    """Draws from Beta(alpha, alpha), shape (count,): one of its quantiles, all equally likely.

    XLA knows no gamma variables, of which a Beta variable is usually made.
    """
    quantiles = stats.beta.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES, alpha, alpha)
    drawn = tf.random.stateless_uniform((count,), seed, 0, QUANTILES, tf.int32)
    return tf.gather(tf.constant(quantiles, tf.float32), drawn)


def within(middle, side, length: int):
    """Which of `length` pixels lie in an interval, given as shares of the length; shape (n, length)."""
    places = (tf.range(length, dtype=tf.float32) + 0.5) / length
    return tf.abs(places - middle[:, None]) < side[:, None] / 2


def split(seed, count: int) -> list:
    return [tf.random.experimental.stateless_fold_in(seed, number) for number in range(count)]


def check_alpha(alpha: float) -> None:
    if alpha <= 0:
        raise ValueError(f"alpha is {alpha}; Beta(alpha, alpha) needs a number above 0; a larger one mixes more.")


def check_targets(y) -> None:
    kind = tf.as_dtype(y.dtype)
    if not kind.is_floating:
        raise ValueError(f"Targets of type {kind.name} cannot be mixed: give one-hot classes as float32.")
