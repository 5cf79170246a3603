"""The nets of note 002 in NumPy are Keras's, step by step."""

import numpy as np
from scipy import sparse

from studies import reviews


def some_reviews(rows, words, seed=0):
    generator = np.random.default_rng(seed)
    x = (generator.random((rows, words)) < 0.05).astype("float32")
    return sparse.csr_matrix(x), (generator.random(rows) < 0.5).astype("float32")


def test_gradients_are_those_of_the_loss_with_its_penalties():
    x, y = some_reviews(40, 30)
    weights = [weight.astype(float) for weight in reviews.initial(3, 30)]
    for bias in (1, 3):  # zeros would put a review without words at the kink of the units
        weights[bias] += 0.1
    slopes = reviews.gradients(weights, x, y)
    for place in (0, 1, 2, 4, 5):
        at = np.unravel_index(weights[place].size // 2, weights[place].shape)
        sums = []
        for change in (1e-5, -1e-5):
            moved = [weight.copy() for weight in weights]
            moved[place][at] += change
            total = reviews.cross_entropy(moved, x, y) + reviews.penalties(moved)
            sums.append(total.sum())  # the weights belong to one net: the others cancel
        assert np.isclose((sums[0] - sums[1]) / 2e-5, slopes[place][at], rtol=1e-3, atol=1e-5)


def test_all_nets_begin_alike_and_the_penalty_tells_them_apart():
    x, y = some_reviews(600, 50)
    found = reviews.train(1, x, y, x, y, epochs=2)
    first = np.array(found["cross_entropy"])
    assert first.shape == (reviews.NETS, 2)
    assert found["penalty"][0] == [0, 0]
    assert found["penalty"][3][0] > found["penalty"][1][0] > 0


def test_no_notebook_has_the_seeds_of_the_study():
    assert len(set(reviews.SEEDS)) == 30
