"""Training data that are never the same twice: changes of a minibatch for `Recipe(augment=)`.

Every function here makes a change `f(x, y, seed) -> (x, y)` of tensors: `x` are images of shape (n,
height, width) or (n, height, width, colours), uint8 or float; those that only move pixels take flat
square grey images, shape (n, height * width), too; `y` are their targets; `seed` is two integers.
Each image of the minibatch is changed by itself. `chain` puts changes one after the other, `kept`
leaves some images as they are. For changes of your own that every Keras backend can compile, take
`keras.ops`, and random numbers from `uniform`, `integers` and `normal`. Two draws from one seed
are not independent: `split` the seed first, into one for each draw.

Changes made here are equal where name and settings are: training with them compiles once.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
import numpy as np
from scipy import stats

from helpers.runtime import with_jax

ops: Any = keras.ops  # no type checker can follow Keras through its backends
QUANTILES = 1_000  # of the Beta distribution, from which the shares of a mixture are drawn


@dataclass(frozen=True)
class Change:
    """A change of a minibatch; those of the same name and settings are equal, and do the same."""

    name: str
    settings: tuple
    how: Callable = field(compare=False, repr=False)

    def __call__(self, x, y, seed):
        """The changed inputs and targets."""
        return self.how(x, y, seed)


def shifts(pixels: int):
    """Move each image by up to `pixels` whole pixels along height and width.

    The border pixels fill what is left free. Raises ValueError for a number of pixels below 0.
    """
    if pixels < 0:
        raise ValueError(
            f"pixels is {pixels}; images are moved by 0 to so many pixels in either direction."
        )

    def shift(x, y, seed):
        height, width = x.shape[1:3]
        moves = integers((ops.shape(x)[0], 2), seed, -pixels, pixels + 1)
        rows = ops.clip(ops.arange(height) - moves[:, :1], 0, height - 1)
        columns = ops.clip(ops.arange(width) - moves[:, 1:], 0, width - 1)
        return pick(x, rows[:, :, None], columns[:, None, :]), y

    return Change("shifts", (float(pixels),), also_flat(shift))


def crops(pixels: int):
    """Cut a square of `pixels` out of each image at a random place; enlarge it to full size.

    Between pixels it is interpolated (bilinear). Raises ValueError for a number of pixels below 1,
    and in use for one that is larger than the images.
    """
    if pixels < 1:
        raise ValueError(f"pixels is {pixels}; a crop is a square of at least 1 pixel.")

    def crop(x, y, seed):
        height, width = x.shape[1:3]
        if pixels > min(height, width):
            raise ValueError(f"A crop of {pixels} pixels does not fit into {height} x {width}.")
        starts = uniform((ops.shape(x)[0], 2), seed)
        weights = [
            enlarging(starts[:, axis], pixels, size) for axis, size in enumerate((height, width))
        ]
        colours = ops.cast(x if len(x.shape) == 4 else x[..., None], "float32")
        found = ops.einsum("nih,nhwc->niwc", weights[0], colours)
        found = ops.einsum("njw,niwc->nijc", weights[1], found)
        return like(ops.reshape(found, ops.shape(x)), x), y

    return Change("crops", (float(pixels),), also_flat(crop))


def rotations(degrees: float, *, interpolated: bool = False):
    """Turn each image by up to `degrees` in either direction about its middle.

    Pixels are the nearest ones, or `interpolated` between four (bilinear), which small images need;
    the border pixels fill what is left free. Raises ValueError for an angle below 0.
    """
    if degrees < 0:
        raise ValueError(
            f"degrees is {degrees}; images are turned by 0 to so many degrees in either direction."
        )

    def rotate(x, y, seed):
        height, width = x.shape[1:3]
        limit = math.radians(degrees)
        angle = uniform((ops.shape(x)[0], 1, 1), seed, -limit, limit)
        down = ops.arange(height, dtype="float32")[:, None] - (height - 1) / 2
        right = ops.arange(width, dtype="float32")[None, :] - (width - 1) / 2
        rows = ops.cos(angle) * down + ops.sin(angle) * right + (height - 1) / 2
        columns = ops.cos(angle) * right - ops.sin(angle) * down + (width - 1) / 2
        rows, columns = ops.clip(rows, 0, height - 1), ops.clip(columns, 0, width - 1)
        if interpolated:
            return between(x, rows, columns), y
        return pick(x, whole(ops.round(rows)), whole(ops.round(columns))), y

    return Change("rotations", (float(degrees), interpolated), also_flat(rotate))


def flips(axis: int = 2, *, share: float = 0.5):
    """Mirror a share of the images, drawn at random: left to right (axis 2), or upside down (1).

    Raises ValueError for another axis, and for a share that is none.
    """
    if axis not in (1, 2):
        raise ValueError(f"axis is {axis}; 2 mirrors left to right, 1 upside down.")
    check_share(share)

    def flip(x, y, seed):
        chosen = uniform((ops.shape(x)[0],), seed) < share
        return ops.where(beside(chosen, x), ops.flip(x, axis), x), y

    return Change("flips", (float(axis), float(share)), also_flat(flip))


def noise(deviation: float):
    """Add normal noise of this standard deviation to every input, of any shape.

    The result is float32. Raises ValueError for a deviation below 0.
    """
    if deviation < 0:
        raise ValueError(f"deviation is {deviation}; a standard deviation is at least 0.")

    def disturb(x, y, seed):
        return ops.cast(x, "float32") + normal(ops.shape(x), seed, deviation), y

    return Change("noise", (float(deviation),), disturb)


def mixup(alpha: float):
    """Mix each example with another of the minibatch, inputs and targets alike.

    Shares are drawn from Beta(alpha, alpha), one for each example; the paper's own program draws
    one for each minibatch. Inputs may have any shape; targets must be numbers that can be mixed
    (one-hot classes as float32). Zhang, Cisse, Dauphin and Lopez-Paz (2018), "mixup: Beyond
    Empirical Risk Minimization", section 2. Raises ValueError for an alpha that is not above 0, and
    for whole numbers as targets.
    """
    check_alpha(alpha)

    def mix(x, y, seed):
        check_targets(y)
        share = beta(ops.shape(x)[0], alpha, seed)
        x = ops.cast(x, "float32")
        return blend(x, neighbours(x), beside(share, x)), blend(y, neighbours(y), beside(share, y))

    return Change("mixup", (float(alpha),), mix)


def cutmix(alpha: float):
    """Put a rectangle of another image of the minibatch into each; mix the targets by area.

    Its share of the area is drawn from Beta(alpha, alpha), less what falls outside. Targets as in
    `mixup`. Yun et al. (2019), "CutMix: Regularization Strategy to Train Strong Classifiers with
    Localizable Features", section 3. Raises ValueError for an alpha that is not above 0, and for
    whole numbers as targets.
    """
    check_alpha(alpha)

    def cut(x, y, seed):
        check_targets(y)
        count, (height, width) = ops.shape(x)[0], x.shape[1:3]
        first, second = split(seed, 2)
        side = ops.sqrt(1 - beta(count, alpha, first))
        middle = uniform((count, 2), second)
        inside = (
            within(middle[:, 0], side, height)[:, :, None]
            & within(middle[:, 1], side, width)[:, None, :]
        )
        share = 1 - ops.mean(ops.cast(inside, "float32"), axis=(1, 2))
        inside = ops.reshape(inside, (count, height, width, *[1] * (len(x.shape) - 3)))
        return ops.where(inside, neighbours(x), x), blend(y, neighbours(y), beside(share, y))

    return Change("cutmix", (float(alpha),), cut)


def chain(*changes):
    """One change that makes all of these, in this order, each with a seed of its own."""
    known = all(isinstance(each, Change) for each in changes)

    def change(x, y, seed):
        for step, own in zip(changes, split(seed, len(changes)), strict=True):
            x, y = step(x, y, own)
        return x, y

    return Change("chain", changes, change) if known else change


def kept(change, share: float = 0.5):
    """A change that leaves each image as it is with probability `share`, and its target too.

    So altered copies join the originals, which are not lost. The change must keep shapes; its
    results get the type of what came. Raises ValueError for a share that is none.
    """
    check_share(share)

    def keep(x, y, seed):
        first, second = split(seed, 2)
        stays = uniform((ops.shape(x)[0],), first) < share
        changed = zip(change(x, y, second), (x, y), strict=True)
        x, y = (
            ops.where(beside(stays, old), old, ops.cast(new, old.dtype)) for new, old in changed
        )
        return x, y

    settings = (change, float(share))
    return Change("kept", settings, keep) if isinstance(change, Change) else keep


def copies(size: int, *, originals: float = 0.5) -> dict[str, Change]:
    """Alterations, by name, for grey pictures of `size` pixels a side: 28 or 14 (clothes) or 8.

    The share `originals` of the pictures stays as it is. What is done to clothes leaves them what
    they are; a mirrored digit is there to be found out. Raises ValueError for another size.
    """
    if size not in (8, 14, 28):
        raise ValueError(f"size is {size}; there are alterations for 8, 14 or 28 pixels.")
    turn = partial(rotations, interpolated=True)
    if size == 8:
        found: dict[str, Any] = {"crop to 7": crops(7), "shift by 1": shifts(1)}
        found |= {f"turn by {degrees}": turn(degrees) for degrees in (10, 20)}
        found |= {
            f"shift and turn by {degrees}": chain(shifts(1), turn(degrees)) for degrees in (10, 20)
        }
    elif size == 14:
        found = {"crop to 12": crops(12), "shift by 1": shifts(1), "turn by 10": turn(10)}
        found["mirror and shift by 1"] = chain(flips(), shifts(1))
        found["crop to 12 and turn by 10"] = chain(crops(12), turn(10))
    else:
        found = {f"crop to {pixels}": crops(pixels) for pixels in (26, 24)}
        found |= {f"turn by {degrees}": turn(degrees) for degrees in (7.5, 15)}
        found |= {
            f"all three, {how}": chain(flips(), crops(pixels), turn(degrees))  # the fastest order
            for how, pixels, degrees in (("weak", 26, 7.5), ("strong", 24, 15))
        }
    found = {name: kept(change, originals) for name, change in found.items()}
    return found | {"mirror": flips(share=1 - originals)}


# What they share ----------------------------------------------------------------------------------


def also_flat(move: Callable) -> Callable:
    """The change for flat square grey images too, which it gives back flat."""

    def change(x, y, seed):
        if len(x.shape) > 2:
            return move(x, y, seed)
        side = math.isqrt(x.shape[1])
        if side * side != x.shape[1]:
            raise ValueError(f"{x.shape[1]} flat pixels are no square image: give them its shape.")
        moved, y = move(ops.reshape(x, (-1, side, side)), y, seed)
        return ops.reshape(moved, (-1, side * side)), y

    return change


def enlarging(start, pixels: int, size: int):
    """How much each of `size` pixels counts for each one of an enlarged crop, (n, size, size).

    `start`, shape (n,), are random numbers from 0 to 1; crops begin at whole pixels.
    """
    first = ops.floor(start * (size - pixels + 1))[:, None]
    middle = (ops.arange(size, dtype="float32") + 0.5) * (pixels / size) - 0.5
    places = first + ops.clip(middle, 0, pixels - 1)
    away = ops.abs(places[:, :, None] - ops.arange(size, dtype="float32"))
    return ops.maximum(1 - away, 0)


def between(x, rows, columns):
    """For each image what lies at `rows` and `columns`, between pixels a weighted mean of four.

    The places broadcast to (n, height, width) and lie inside the image. Keeps the type of `x`.
    """
    top, left = (ops.floor(places) for places in (rows, columns))
    bottom, right = ops.ceil(rows), ops.ceil(columns)
    down, aside = (beside_pixels(part, x) for part in (rows - top, columns - left))

    def line(places):
        ends = [ops.cast(pick(x, whole(places), whole(side)), "float32") for side in (right, left)]
        return blend(ends[0], ends[1], aside)

    return like(blend(line(bottom), line(top), down), x)


def like(found, x):
    """What was found as numbers of the type of `x`, whole ones rounded."""
    kind = keras.backend.standardize_dtype(x.dtype)
    return ops.cast(ops.round(found) if "int" in kind else found, kind)


def whole(places):
    """Places of pixels as whole numbers."""
    return ops.cast(places, "int32")


def beside_pixels(values, x):
    """One value for each pixel, shape (n, height, width), shaped to broadcast against `x`."""
    return values[..., None] if len(x.shape) == 4 else values


def neighbours(values):
    """For each example the one before it: by chance, because a minibatch comes in random order."""
    return ops.roll(values, 1, axis=0)


def blend(ours, theirs, share):
    """`share` of ours, and the rest of theirs; the three broadcast."""
    return share * ours + (1 - share) * theirs


def beside(values, x):
    """One value for each example, shape (n,), shaped to broadcast against `x`."""
    return ops.reshape(values, (-1, *[1] * (len(x.shape) - 1)))


def beta(count, alpha: float, seed):
    """Draws from Beta(alpha, alpha), shape (count,): one of its quantiles, all equally likely.

    XLA compiles no gamma variables of TensorFlow's, of which a Beta variable is usually made.
    """
    quantiles = stats.beta.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES, alpha, alpha)
    return ops.take(
        ops.convert_to_tensor(quantiles, "float32"), integers((count,), seed, 0, QUANTILES), axis=0
    )


def within(middle, side, length: int):
    """Which of `length` pixels lie in an interval in shares of the length; shape (n, length)."""
    places = (ops.arange(length, dtype="float32") + 0.5) / length
    return ops.abs(places - middle[:, None]) < side[:, None] / 2


def check_alpha(alpha: float) -> None:
    """Raise ValueError for an alpha of which there is no Beta(alpha, alpha)."""
    if alpha <= 0:
        raise ValueError(
            f"alpha is {alpha}; Beta(alpha, alpha) needs a number above 0; a larger one mixes more."
        )


def check_share(share: float) -> None:
    """Raise ValueError for a share that is no probability."""
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; it is a probability, from 0 to 1.")


def check_targets(y) -> None:
    """Raise ValueError for targets that are whole numbers, which have no mixtures."""
    kind = keras.backend.standardize_dtype(y.dtype)
    if "float" not in kind:
        raise ValueError(
            f"Targets of type {kind} cannot be mixed: give one-hot classes as float32."
        )


# What each backend does in its own way: random numbers decided by a seed, and picking pixels -----


def uniform(shape, seed, low=0.0, high=1.0):
    """Random numbers from `low` to `high`, float32."""
    if with_jax():
        import jax  # pyright: ignore[reportMissingImports]

        return jax.random.uniform(key_of(seed), shape, minval=low, maxval=high)
    import tensorflow as tf

    return tf.random.stateless_uniform(shape, seed, low, high)


def integers(shape, seed, low: int, high: int):
    """Random whole numbers from `low` to `high` - 1, int32."""
    if with_jax():
        import jax  # pyright: ignore[reportMissingImports]

        return jax.random.randint(key_of(seed), shape, low, high)
    import tensorflow as tf

    return tf.random.stateless_uniform(shape, seed, low, high, tf.int32)


def normal(shape, seed, deviation: float):
    """Normal random numbers around 0 with this standard deviation, float32."""
    if with_jax():
        import jax  # pyright: ignore[reportMissingImports]

        return deviation * jax.random.normal(key_of(seed), shape)
    import tensorflow as tf

    return tf.random.stateless_normal(shape, seed, stddev=deviation)


def split(seed, count: int) -> list:
    """So many seeds made of one."""
    if with_jax():
        import jax  # pyright: ignore[reportMissingImports]

        return [
            jax.random.key_data(jax.random.fold_in(key_of(seed), number)) for number in range(count)
        ]
    import tensorflow as tf

    random: Any = tf.random  # types for TensorFlow lack its experimental part
    return [random.experimental.stateless_fold_in(seed, number) for number in range(count)]


def pick(x, rows, columns):
    """For each image the pixels at `rows` and `columns`, which broadcast to (n, height, width)."""
    if with_jax():
        return ops.convert_to_tensor(x)[ops.arange(len(x))[:, None, None], rows, columns]
    import tensorflow as tf

    height, width, *colours = x.shape[1:]
    first = tf.range(tf.shape(x)[0])[:, None, None] * (height * width)
    pixels = tf.reshape(x, (-1, *colours))  # one gather of single pixels is the fastest
    return tf.ensure_shape(tf.gather(pixels, first + rows * width + columns), x.shape)


def key_of(seed):
    """JAX's key of a seed of two integers."""
    import jax  # pyright: ignore[reportMissingImports]

    return jax.random.wrap_key_data(ops.convert_to_tensor(seed, "uint32"))
