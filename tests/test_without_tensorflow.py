"""What stands in for TensorFlow where it is missing, in a process that cannot find it."""

import importlib.util
import os
import subprocess
import sys

import pytest

from helpers.runtime import ROOT
from helpers.without_tensorflow import has_tensorflow

HIDE = """
from importlib.machinery import PathFinder

find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *where: (
    None if name.partition(".")[0] == "tensorflow" else find(name, *where)
)
"""
PROGRAM = """
import importlib.util
from helpers import runtime

machine = runtime.start()
assert not machine.has_tensorflow and not runtime.is_installed("tensorflow"), machine
import keras, numpy as np
import tensorflow as tf
from tensorflow import keras as theirs
from tensorflow.keras import callbacks, layers
from tensorflow.keras.constraints import MaxNorm

assert theirs is tf.keras is keras
assert layers is keras.layers and MaxNorm is keras.constraints.MaxNorm
tf.random.set_seed(42)
keras.Variable(np.zeros(2))  # JAX would say in red that it takes float32
assert not hasattr(tf, "Tensor")
for missing in (lambda: tf.GradientTape(), lambda: tf.random.normal((2,))):
    try:
        missing()
    except AttributeError as error:
        print(error)

from helpers.nets import feeding, recording
from helpers.training import seeded

x, y = np.arange(12, dtype="float32")[:, None], np.zeros(12, "float32")
first, again = [
    recording.minibatches(feeding.shuffled_batches(x, y, 5, seed=3), shuffle=False)
    for _ in range(2)
]
assert first == again and first[0] != first[1] != first[2], first
assert all(sorted(sum(epoch, [])) == [*range(12)] for epoch in first)
assert [len(batch) for batch in first[0]] == [5, 5, 2]
assert seeded(lambda: keras.random.normal((1,)), 3) == seeded(lambda: keras.random.normal((1,)), 3)
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)
"""


@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="needs JAX")
def test_keras_is_there_and_all_else_says_what_is_missing():
    done = subprocess.run(
        [sys.executable, "-c", HIDE + PROGRAM],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *said = done.stdout.splitlines()
    assert first == (
        "TensorFlow is not installed, and GradientTape is its own: pip install -r requirements.txt."
    )
    assert "normal is its own" in second
    assert (
        said
        == ["TensorFlow is not installed: a keras.utils.PyDataset shuffles instead of tf.data."] * 2
    )


@pytest.mark.skipif(not importlib.util.find_spec("tensorflow"), reason="needs TensorFlow")
def test_where_tensorflow_is_there_nothing_stands_in():
    assert has_tensorflow()
