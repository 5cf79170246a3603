"""The reviews behind audit 4: the nets of note 002 at their own size, `python -m studies.reviews`.

10,000 words, two hidden layers of 16 units, RMSprop, batches of 512, 30 epochs, on real IMDB
reviews (set COURSE_DATA_DIR): without a penalty, with L1, with L2, and with both, at Keras's
default factors of 0.01. All four see the same minibatches from the same initial weights. A review
has few of the words, so the first layer works with sparse rows, and the nets are trained beside
each other: minutes on one core in place of hours. `--check` compares it with Keras. What has been
trained is in the results file: start again to go on.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy import sparse

from helpers import datasets, runtime, training
from helpers.reference import optimizers
from studies.augmentation import read, write

RESULTS = runtime.ROOT / "notebooks" / "results" / "04_reviews.json"
SEEDS = training.seeds(1_005, 30)  # no notebook has this SEED
FACTORS = {"none": (0, 0), "l1": (0.01, 0), "l2": (0, 0.01), "l1_l2": (0.01, 0.01)}
NETS, UNITS, EPOCHS, BATCH = len(FACTORS), 16, 30, 512
SIZES = {"train": 10_000, "test": 5_000}
LEAST = np.float32(1e-7)  # Keras keeps probabilities this far from 0 and 1
L1, L2 = np.float32(list(FACTORS.values())).T


def glorot(generator: np.random.Generator, inputs: int, outputs: int) -> np.ndarray:
    """Weights of a layer as Keras draws them, the same for all nets, shape (nets, ...)."""
    limit = np.sqrt(6 / (inputs + outputs))
    drawn = generator.uniform(-limit, limit, (inputs, outputs)).astype("float32")
    return np.repeat(drawn[None], NETS, axis=0)


def initial(seed: int, words: int) -> list[np.ndarray]:
    """Kernels and biases of the three layers; the first kernel has shape (words, nets * units)."""
    generator = training.generator(seed)
    first, second, last = (
        glorot(generator, *shape) for shape in ((words, UNITS), (UNITS, UNITS), (UNITS, 1))
    )
    biases = [np.zeros((NETS, 1, width), "float32") for width in (UNITS, UNITS, 1)]
    first = first.transpose(1, 0, 2).reshape(words, NETS * UNITS)
    return [first, biases[0], second, biases[1], last, biases[2]]


def forward(weights: list[np.ndarray], x: sparse.csr_matrix) -> list[np.ndarray]:
    """Both hidden layers and the probability of a good review, each of shape (nets, rows, ...)."""
    first, b, second, c, last, d = weights
    one = (x @ first).reshape(-1, NETS, UNITS).swapaxes(0, 1)
    one = np.maximum(one + b, 0)
    two = np.maximum(one @ second + c, 0)
    return [one, two, 1 / (1 + np.exp(-(two @ last + d)[..., 0]))]


def cross_entropy(weights: list[np.ndarray], x: sparse.csr_matrix, y: np.ndarray) -> np.ndarray:
    """The cross-entropy of each net, without penalties."""
    p = np.clip(forward(weights, x)[-1], LEAST, 1 - LEAST)
    return -np.mean(np.where(y > 0, np.log(p), np.log(1 - p)), axis=1)


def penalties(weights: list[np.ndarray]) -> np.ndarray:
    """What each net is charged for its two hidden kernels."""
    first, second = weights[0].reshape(-1, NETS, UNITS), weights[2]
    absolute = np.abs(first).sum(axis=(0, 2)) + np.abs(second).sum(axis=(1, 2))
    squared = np.square(first).sum(axis=(0, 2)) + np.square(second).sum(axis=(1, 2))
    return L1 * absolute + L2 * squared


def gradients(weights: list[np.ndarray], x: sparse.csr_matrix, y: np.ndarray) -> list[np.ndarray]:
    """Those of the cross-entropy with the penalties."""
    first, _, second, _, last, _ = weights
    one, two, p = forward(weights, x)
    out = ((p - y) / len(y))[..., None]
    to_two = (out @ last.swapaxes(1, 2)) * (two > 0)
    to_one = (to_two @ second.swapaxes(1, 2)) * (one > 0)
    flat = np.ascontiguousarray(to_one.swapaxes(0, 1).reshape(len(y), -1))
    l1, l2 = np.repeat(L1, UNITS), np.repeat(L2, UNITS)
    return [
        x.T @ flat + l1 * np.sign(first) + 2 * l2 * first,
        to_one.sum(axis=1, keepdims=True),
        one.swapaxes(1, 2) @ to_two + L1[:, None, None] * np.sign(second)
        + 2 * L2[:, None, None] * second,
        to_two.sum(axis=1, keepdims=True),
        two.swapaxes(1, 2) @ out,
        out.sum(axis=1, keepdims=True),
    ]  # fmt: skip


def step(weights: list[np.ndarray], states: list, slopes: list[np.ndarray]) -> list[np.ndarray]:
    """One step of RMSprop at Keras's default rate; changes the states."""
    rule, moved = optimizers.rmsprop(), []
    for place, (weight, slope) in enumerate(zip(weights, slopes, strict=True)):
        change, states[place] = rule.update(slope, states[place])
        moved.append(weight + change.astype("float32"))
    return moved


def train(seed: int, x, y, x_test, y_test, epochs: int = EPOCHS) -> dict:
    """All four nets: after every epoch test cross-entropy and penalty, accuracies at the end."""
    weights, shuffle = initial(seed, x.shape[1]), np.random.default_rng(seed)
    states = [optimizers.RMSpropState(np.zeros_like(weight)) for weight in weights]
    bare, charged = [], []
    for _ in range(epochs):
        order = shuffle.permutation(len(y))
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            weights = step(weights, states, gradients(weights, x[rows], y[rows]))
        bare.append(cross_entropy(weights, x_test, y_test))
        charged.append(penalties(weights))
    right = np.mean((forward(weights, x_test)[-1] > 0.5) == (y_test > 0), axis=1)
    found = {"cross_entropy": np.transpose(bare), "penalty": np.transpose(charged)}
    told = {name: np.round(values.astype(float), 5).tolist() for name, values in found.items()}
    return told | {"accuracy": right.round(5).tolist(), "good": round(float(y_test.mean()), 5)}


def check() -> None:
    """Print how far the losses of the four nets are from those of Keras, after five steps."""
    import keras

    generator = np.random.default_rng(0)
    x = (generator.random((BATCH, 10_000)) < 0.01).astype("float32")
    y = (generator.random(BATCH) < 0.5).astype("float32")
    ours = train(0, sparse.csr_matrix(x), y, sparse.csr_matrix(x), y, epochs=5)
    first, b, second, c, last, d = initial(0, 10_000)
    for net, (name, (l1, l2)) in enumerate(FACTORS.items()):
        how = {"activation": "relu", "kernel_regularizer": keras.regularizers.L1L2(l1, l2)}
        hidden = [keras.layers.Dense(UNITS, **how) for _ in range(2)]
        ends = [keras.layers.Dense(1, activation="sigmoid")]
        model = keras.Sequential([keras.Input((10_000,)), *hidden, *ends])
        kernel = first.reshape(-1, NETS, UNITS)[:, net]
        model.set_weights([kernel, b[net, 0], second[net], c[net, 0], last[net], d[net, 0]])
        model.compile("rmsprop", "binary_crossentropy")
        done = model.fit(x, y, batch_size=BATCH, epochs=5, validation_data=(x, y), verbose=0)
        sums = np.add(ours["cross_entropy"][net], ours["penalty"][net])
        apart = np.abs(np.array(done.history["val_loss"]) - sums).max()
        print(f"{name}: val_loss of Keras {done.history['val_loss'][-1]:.5f}, apart {apart:.1e}")


def study(path: Path, seeds: range) -> None:
    """Train what the file at `path` has not, on the reviews that `datasets.load` finds."""
    pool = datasets.replicates("reviews", list(seeds), train=SIZES["train"], test=SIZES["test"])
    x, y = sparse.csr_matrix(pool.x_train, dtype="float32"), pool.y_train.astype("float32")
    title = pool.title.split(",")[0]
    row = read(path).get(title, {"nets": list(FACTORS), "runs": {}})
    row |= {"data": str(pool), "correlation": round(pool.correlation, 4)}
    for seed, rows in zip(seeds, pool.divisions, strict=True):
        if str(seed) not in row["runs"]:
            row["runs"][str(seed)] = train(
                seed, x[rows.train], y[rows.train], x[rows.test], y[rows.test]
            )
            write(path, title, row)
            print(seed, row["runs"][str(seed)]["accuracy"], flush=True)


def main() -> None:
    """Read the command line and do the study."""
    parser = argparse.ArgumentParser(prog="python -m studies.reviews", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with Keras, then stop")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.check:
        check()
    else:
        study(options.out, SEEDS)


if __name__ == "__main__":
    main()
