"""Changes of minibatches against NumPy and SciPy: grey and colour images, uint8 and float."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage, stats

from helpers import datasets, training
from helpers.nets import augmentation
from helpers.training import engine

COUNT, SIZE = 64, 9


@pytest.fixture
def y():
    return np.eye(4, dtype=np.float32)[np.arange(COUNT) % 4]


def images(kind: str) -> np.ndarray:
    shape = (COUNT, SIZE, SIZE) if "grey" in kind else (COUNT, SIZE, SIZE, 3)
    drawn = np.random.default_rng(0).integers(1, 256, shape).astype(np.uint8)
    return drawn if "uint8" in kind else drawn.astype(np.float32)


MOVES = (
    augmentation.shifts(2),
    augmentation.crops(6),
    augmentation.rotations(20),
    augmentation.rotations(20, interpolated=True),
    augmentation.flips(),
)

every_kind = pytest.mark.parametrize(
    "kind", ["grey uint8", "grey float", "colour uint8", "colour float"]
)


def apply(change, x, y, seed=(3, 4)):
    new_x, new_y = change(tf.constant(x), tf.constant(y), tf.constant(seed, tf.int64))
    return new_x.numpy(), new_y.numpy()


@every_kind
def test_shifts_move_each_image_by_whole_pixels_and_repeat_its_border(kind, y):
    x = images(kind)
    moved, targets = apply(augmentation.shifts(2), x, y)
    assert moved.dtype == x.dtype and (targets == y).all()
    moves = {(down, right) for down in range(-2, 3) for right in range(-2, 3)}
    found = set()
    for before, after in zip(x, moved, strict=True):
        rest = [0] * (before.ndim - 2)
        mine = [
            move
            for move in moves
            if (ndimage.shift(before, [*move, *rest], order=0, mode="nearest") == after).all()
        ]
        assert len(mine) == 1
        found |= set(mine)
    assert len(found) > 15


@every_kind
def test_flips_mirror_about_half_of_the_images(kind, y):
    x = images(kind)
    for axis in (1, 2):
        turned, targets = apply(augmentation.flips(axis), x, y)
        mirrored = np.array(
            [
                (after == np.flip(before, axis - 1)).all()
                for before, after in zip(x, turned, strict=True)
            ]
        )
        same = np.array([(after == before).all() for before, after in zip(x, turned, strict=True)])
        assert (mirrored ^ same).all() and 0.3 < mirrored.mean() < 0.7 and turned.dtype == x.dtype
        assert (targets == y).all()


@every_kind
def test_rotations_turn_about_the_middle(kind, y):
    x = images(kind)
    same, _ = apply(augmentation.rotations(0), x, y)
    assert (same == x).all()
    turned, _ = apply(augmentation.rotations(30), x, y)
    middle = SIZE // 2
    assert (turned[:, middle, middle] == x[:, middle, middle]).all() and (turned != x).any()


def test_rotations_agree_with_scipy():
    clothes = datasets.load("fashion").x_train[:1].astype(np.float32)
    angles = np.arange(-20, 20.05, 0.1)
    theirs = np.array(
        [
            ndimage.rotate(clothes[0], angle, reshape=False, order=0, mode="nearest")
            for angle in angles
        ]
    )
    found = []
    for number in range(8):
        ours, _ = apply(augmentation.rotations(20), clothes, np.zeros(1, np.float32), (number, 0))
        different = (ours != theirs).mean(axis=(1, 2))
        assert different.min() < 0.02  # no more than rounding on the edge between two pixels
        found.append(angles[different.argmin()])
    assert min(found) < -5 and max(found) > 5


def at(image, rows, columns):
    """SciPy's bilinear values of one picture at these places, colour by colour."""
    places = np.stack([np.broadcast_to(each, (SIZE, SIZE)) for each in (rows, columns)])
    colours = np.moveaxis(image[..., None] if image.ndim == 2 else image, -1, 0)
    found = [
        ndimage.map_coordinates(colour.astype(float), places, order=1, mode="nearest")
        for colour in colours
    ]
    return np.stack(found, axis=-1).reshape(image.shape)


@every_kind
def test_crops_are_one_of_the_squares_enlarged(kind, y):
    x, pixels, found = images(kind), 6, set()
    cropped, targets = apply(augmentation.crops(pixels), x, y)
    assert cropped.dtype == x.dtype and cropped.shape == x.shape and (targets == y).all()
    middles = np.clip((np.arange(SIZE) + 0.5) * pixels / SIZE - 0.5, 0, pixels - 1)
    tolerance = 0.51 if "uint8" in kind else 1e-3
    for before, after in zip(x, cropped, strict=True):
        fits = [
            (top, left)
            for top in range(SIZE - pixels + 1)
            for left in range(SIZE - pixels + 1)
            if np.abs(at(before, (top + middles)[:, None], (left + middles)[None]) - after).max()
            < tolerance
        ]
        assert len(fits) == 1
        found |= set(fits)
    assert len(found) > 10  # of the 16 places


def test_a_crop_of_full_size_changes_nothing_and_a_larger_one_is_refused(y):
    x = images("colour uint8")
    assert (apply(augmentation.crops(SIZE), x, y)[0] == x).all()
    with pytest.raises(ValueError, match="A crop of 10 pixels does not fit into 9 x 9"):
        apply(augmentation.crops(10), x, y)


@every_kind
def test_interpolated_rotations_agree_with_scipy(kind, y):
    x = images(kind)
    turned, _ = apply(augmentation.rotations(30, interpolated=True), x, y)
    assert turned.dtype == x.dtype
    limit = np.deg2rad(30)
    angles = augmentation.uniform((COUNT, 1, 1), (3, 4), -limit, limit).numpy().ravel()
    assert angles.min() < -0.3 < 0.3 < angles.max()
    away = np.arange(SIZE) - SIZE // 2
    tolerance = 0.51 if "uint8" in kind else 0.01
    for before, after, angle in zip(x, turned, angles, strict=True):
        rows = np.cos(angle) * away[:, None] + np.sin(angle) * away[None] + SIZE // 2
        columns = np.cos(angle) * away[None] - np.sin(angle) * away[:, None] + SIZE // 2
        assert np.abs(at(before, rows, columns) - after).max() < tolerance


def test_interpolated_rotations_turn_as_scipys_rotate(y):
    """Where SciPy looks for the turned picture's pixels, by its own sign of the angle."""
    clothes = datasets.load("fashion").x_train[:1].astype(np.float32)
    seed, limit = (5, 0), np.deg2rad(20)
    ours, _ = apply(
        augmentation.rotations(20, interpolated=True), clothes, np.zeros(1, np.float32), seed
    )
    angle = float(np.rad2deg(augmentation.uniform((1, 1, 1), seed, -limit, limit).numpy().item()))
    theirs = ndimage.rotate(clothes[0], angle, reshape=False, order=1, mode="nearest")
    assert abs(angle) > 3 and np.abs(ours[0] - theirs).max() < 0.1


@pytest.mark.parametrize("kind", ["grey uint8", "grey float"])
def test_flat_images_are_moved_as_others_are(kind, y):
    x = images(kind)
    for change in MOVES:
        flat, _ = apply(change, x.reshape(COUNT, -1), y)
        assert (flat == apply(change, x, y)[0].reshape(COUNT, -1)).all()
        with pytest.raises(ValueError, match="80 flat pixels are no square image"):
            apply(change, x.reshape(COUNT, -1)[:, :80], y)


@every_kind
def test_kept_images_are_untouched_and_the_others_altered(kind, y):
    x = images(kind)
    _, second = augmentation.split(tf.constant([3, 4], tf.int64), 2)
    altered, _ = apply(augmentation.shifts(2), x, y, second.numpy())
    for share, low, high in ((0.0, 0, 0), (0.5, 0.3, 0.7), (1.0, 1, 1)):
        kept, targets = apply(augmentation.kept(augmentation.shifts(2), share), x, y)
        same = (kept == x).reshape(COUNT, -1).all(axis=1)
        changed = (kept == altered).reshape(COUNT, -1).all(axis=1)
        assert (same | changed).all() and kept.dtype == x.dtype and (targets == y).all()
        still = (altered == x).reshape(COUNT, -1).all(axis=1).mean()  # moved by nothing
        assert low <= same.mean() <= high + still


def test_kept_examples_keep_their_targets(y):
    x = images("grey float")
    mixed, targets = apply(augmentation.kept(augmentation.mixup(1.0)), x, y)
    same = (mixed == x).reshape(COUNT, -1).all(axis=1)
    assert 0.3 < same.mean() < 0.7
    assert (targets[same] == y[same]).all() and (targets[~same] != y[~same]).any(axis=1).all()


@pytest.mark.parametrize(("size", "number"), [(8, 7), (14, 6), (28, 7)])
def test_alterations_differ_and_each_leaves_about_half(size, number):
    x = np.random.default_rng(0).random((400, size, size)).astype(np.float32)
    found = augmentation.copies(size)
    assert len(found) == len(set(found.values())) == number
    for name, change in found.items():
        altered, _ = apply(change, x, np.zeros(400, np.float32))
        same = (altered == x).all(axis=(1, 2)).mean()
        chance = 0.5 / 9 if name == "shift by 1" else 0  # one of nine shifts is by nothing
        assert 0.42 < same - chance < 0.58, name
    for name, change in augmentation.copies(size, originals=0.0).items():
        altered, _ = apply(change, x, np.zeros(400, np.float32))
        rest = 1 / 9 if name == "shift by 1" else 0
        assert abs((altered == x).all(axis=(1, 2)).mean() - rest) < 0.05, name
    with pytest.raises(ValueError, match="size is 32"):
        augmentation.copies(32)


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match="share is 1.5; it is a probability"):
        augmentation.kept(augmentation.flips(), 1.5)
    with pytest.raises(ValueError, match="share is -1; it is a probability"):
        augmentation.flips(share=-1)


def test_noise_has_its_deviation_and_leaves_the_targets(y):
    x = images("colour uint8")
    noisy, targets = apply(augmentation.noise(0.3), x, y)
    difference = noisy - x
    assert noisy.dtype == np.float32 and (targets == y).all()
    assert difference.std() == pytest.approx(0.3, rel=0.02) and abs(difference.mean()) < 0.01


@every_kind
def test_mixup_mixes_inputs_and_targets_in_one_proportion(kind, y):
    x = images(kind)
    mixed, targets = apply(augmentation.mixup(0.5), x, y)
    partner, other = np.roll(x, 1, axis=0).astype(float), np.roll(y, 1, axis=0)
    shares = targets[np.arange(COUNT), np.arange(COUNT) % 4]  # neighbours are of different classes
    np.testing.assert_allclose(
        targets, shares[:, None] * y + (1 - shares[:, None]) * other, atol=1e-6
    )
    wide = shares.reshape(-1, *[1] * (x.ndim - 1))
    np.testing.assert_allclose(mixed, wide * x + (1 - wide) * partner, atol=1e-3)


def test_shares_come_from_the_beta_distribution():
    for alpha in (0.4, 1.0, 3.0):
        drawn = augmentation.beta(4000, alpha, (1, 2)).numpy()
        assert stats.kstest(drawn, stats.beta(alpha, alpha).cdf).pvalue > 0.01


@every_kind
def test_cutmix_puts_in_one_rectangle_and_mixes_the_targets_by_its_area(kind, y):
    x = images(kind)
    mixed, targets = apply(augmentation.cutmix(1.0), x, y)
    assert mixed.dtype == x.dtype
    partner, other = np.roll(x, 1, axis=0), np.roll(y, 1, axis=0)
    flat = (COUNT, SIZE, SIZE, -1)
    foreign = (mixed != x).reshape(flat).any(axis=-1)
    assert ((mixed == x) | (mixed == partner)).all()
    for number, mask in enumerate(foreign):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            box = np.zeros((SIZE, SIZE), bool)
            box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
            area = box.mean()
            assert mask.sum() >= 0.8 * box.sum()  # by chance a foreign pixel may be the same
            np.testing.assert_allclose(
                targets[number], (1 - area) * y[number] + area * other[number], atol=0.05
            )


@pytest.mark.parametrize("change", [augmentation.mixup(0.2), augmentation.cutmix(1.0)])
def test_class_numbers_cannot_be_mixed(change):
    with pytest.raises(ValueError, match="one-hot"):
        apply(change, images("grey float"), np.zeros(COUNT, np.int64))


@pytest.mark.parametrize(
    "make, setting",
    [
        (augmentation.shifts, -1),
        (augmentation.rotations, -1),
        (augmentation.crops, 0),
        (augmentation.flips, 0),
        (augmentation.noise, -0.1),
        (augmentation.mixup, 0),
        (augmentation.cutmix, -1),
    ],
)
def test_impossible_settings_are_refused(make, setting):
    with pytest.raises(ValueError, match=f"is {setting};"):
        make(setting)


def test_a_chain_makes_all_changes_with_seeds_of_their_own(y):
    x = images("colour float")
    first, second = augmentation.split(tf.constant([3, 4], tf.int64), 2)
    assert (first.numpy() != second.numpy()).any()
    moved, targets = apply(augmentation.shifts(2), x, y, first.numpy())
    flipped, _ = apply(augmentation.flips(), moved, targets, second.numpy())
    chained, _ = apply(augmentation.chain(augmentation.shifts(2), augmentation.flips()), x, y)
    assert (chained == flipped).all()


CHANGES = {
    "shifts": augmentation.shifts(1),
    "rotations": augmentation.rotations(10),
    "interpolated": augmentation.rotations(10, interpolated=True),
    "crops": augmentation.crops(7),
    "kept": augmentation.kept(augmentation.shifts(1)),
    "flips": augmentation.flips(),
    "mixup": augmentation.mixup(0.2),
    "cutmix": augmentation.cutmix(1.0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_same_seed_repeats_another_differs_and_xla_can_compile_it(name, y):
    x = images("colour uint8")
    change = CHANGES[name]
    once, again, other = (
        apply(change, x, y)[0],
        apply(change, x, y)[0],
        apply(change, x, y, (3, 5))[0],
    )
    assert (once == again).all() and (once != other).any()
    compiled = apply(tf.function(change, jit_compile=True), x, y)[0]  # with a generator of its own
    assert compiled.dtype == once.dtype and (compiled != x).any()


MAKERS = {
    "shifts": (augmentation.shifts, 1, 2),
    "rotations": (augmentation.rotations, 10, 20),
    "crops": (augmentation.crops, 7, 8),
    "kept": (lambda share: augmentation.kept(augmentation.flips(), share), 0.1, 0.2),
    "flips": (augmentation.flips, 2, 1),
    "noise": (augmentation.noise, 0.1, 0.2),
    "mixup": (augmentation.mixup, 0.2, 1.0),
    "cutmix": (augmentation.cutmix, 0.2, 1.0),
}


@pytest.mark.parametrize("name", MAKERS)
def test_changes_are_equal_where_their_settings_are(name):
    make, one, other = MAKERS[name]
    assert make(one) == make(one) != make(other)
    assert len({make(one), make(one), make(other)}) == 2
    others = [theirs(its) for theirs, its, _ in MAKERS.values() if theirs is not make]
    assert make(one) not in others  # mixup(0.2) is not cutmix(0.2)


def test_chains_are_equal_where_all_their_changes_are():
    def chain(*more):
        return augmentation.chain(augmentation.flips(), augmentation.shifts(1), *more)

    assert chain() == chain() and len({chain(), chain()}) == 1
    assert chain() != augmentation.chain(augmentation.shifts(1), augmentation.flips())
    assert chain(chain()) == chain(chain()) != chain()

    def own(x, y, seed):
        return x, y

    assert augmentation.kept(own) != augmentation.kept(own)
    assert chain(own) != chain(own)  # what a reader's function does may change


@pytest.fixture
def digits():
    """64 digits, their classes one-hot."""
    few, one_hot = datasets.load("digits", size=64), np.eye(10, dtype=np.float32)
    parts = ("y_train", "y_valid", "y_test")
    return replace(few, **{part: one_hot[getattr(few, part)] for part in parts})


def recipe_with(change) -> training.Recipe:
    def build():
        head = keras.layers.Dense(10, activation="softmax")
        return keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten(), head])

    asked = {"loss": "categorical_crossentropy", "optimizer": "adam"}
    return training.Recipe(build, epochs=2, batch_size=32, augment=change, **asked)


@pytest.mark.parametrize("name", ["shifts", "crops", "kept", "cutmix"])
def test_the_training_loop_takes_it(name, digits):
    runs = recipe_with(CHANGES[name]).fit(digits, range(2))
    still = recipe_with(lambda x, y, seed: (x, y)).fit(digits, range(2))
    assert np.isfinite(runs.history["val_loss"]).all()
    assert (runs.history["loss"] != still.history["loss"]).all()


def test_equal_changes_are_compiled_once_and_a_readers_own_each_time(digits, monkeypatch):
    kept = type(engine._cache)()
    monkeypatch.setattr(engine, "_cache", kept)

    def losses(change):
        return recipe_with(change).fit(digits, range(1)).history["loss"]

    first = losses(augmentation.chain(augmentation.shifts(1), augmentation.flips()))
    (compiled,) = kept.values()
    again = losses(augmentation.chain(augmentation.shifts(1), augmentation.flips()))
    assert list(kept.values()) == [compiled] and (first == again).all()
    other = losses(augmentation.chain(augmentation.shifts(2), augmentation.flips()))
    assert len(kept) == 2 and (other != first).all()

    def scaled(factor):
        def scale(x, y, seed):
            return x * factor, y

        return augmentation.chain(augmentation.shifts(1), scale)

    assert (losses(scaled(1)) != losses(scaled(2))).all() and len(kept) == 2
