"""How much memory five runs on data of the size of CIFAR-10 take: `python -m benchmarks.memory`.

Prints the growth of the process's largest size as a multiple of the data's, which are counted once.
"""

import re
from pathlib import Path

import keras

from benchmarks.work import images
from helpers.training import Recipe

ROWS = 50_000


def net():
    """Softmax regression on images."""
    layers = keras.layers
    stack = [layers.Flatten(), layers.Rescaling(1 / 255), layers.Dense(10)]
    return keras.Sequential([keras.Input((32, 32, 3)), *stack])


def peak() -> float:
    """The largest size of this process so far, in bytes, as Linux tells it.

    Not `resource.getrusage`: that begins with the size of the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * float(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


def growth() -> float:
    """The largest size that data and training add, as a multiple of the data."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    recipe = Recipe(net, loss=loss, optimizer="sgd", epochs=1, batch_size=100)
    recipe.fit(images(500), range(5))  # what is compiled, and what libraries take
    before = peak()
    split = images(ROWS)
    recipe.fit(split, range(5))
    return (peak() - before) / split.x_train.nbytes


if __name__ == "__main__":
    print(growth())
