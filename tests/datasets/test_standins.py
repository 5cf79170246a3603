"""The images that stand in for photographs: what they are made of."""

import numpy as np
from sklearn.datasets import load_sample_images

from helpers.datasets import standins


def test_the_background_is_patches_of_the_photographs():
    photographs = load_sample_images().images
    blank = standins.fashion_on_photos(np.zeros((3, 28, 28), np.uint8), seed=5)
    for patch in blank:  # without an item, what is left is a piece of a photograph
        corners = [
            np.argwhere((photo[: 427 - 31, : 640 - 31] == patch[0, 0]).all(axis=-1))
            for photo in photographs
        ]
        assert any(
            np.array_equal(photo[top : top + 32, left : left + 32], patch)
            for photo, places in zip(photographs, corners, strict=True)
            for top, left in places
        )


def test_items_are_tinted_shifted_mirrored_and_blended_by_absolute_difference(monkeypatch):
    monkeypatch.setattr(
        standins, "_patches", lambda count, rng: np.full((count, 32, 32, 3), 100, np.uint8)
    )
    item = np.zeros((28, 28), np.uint8)
    item[:, :10] = 250  # a bar at the left edge: 250 x (0.4 to 1) lies above the grey of the patch
    made = standins.fashion_on_photos(np.repeat(item[None], 1_000, axis=0), seed=5)
    assert np.array_equal(
        made, standins.fashion_on_photos(np.repeat(item[None], 1_000, axis=0), seed=5)
    )
    corners = set()
    for image in made:
        rows, columns = (np.flatnonzero((image != 100).any(axis=(1 - axis, 2))) for axis in (0, 1))
        assert (len(rows), len(columns)) == (28, 10)
        inside = image[rows[0] : rows[0] + 28, columns[0] : columns[0] + 10].reshape(-1, 3)
        assert (inside == inside[0]).all() and inside.max() <= 250 - 100
        corners.add((rows[0], columns[0]))
    # 5 places down; across, 5 of the bar at the left edge and 5 at the right edge, mirrored.
    assert corners == {(row, column) for row in range(5) for column in [*range(5), *range(18, 23)]}
    assert len({tuple(np.unique(image[16], axis=0).ravel()) for image in made}) > 50
