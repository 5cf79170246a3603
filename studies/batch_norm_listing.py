"""BNI-04 with Keras 2: `TF_USE_LEGACY_KERAS=1 python -m studies.batch_norm_listing`.

It needs `tf-keras`, as Keras 2 is called today, of the version of TensorFlow, which the course's
set-up does not have. The audit runs the same two fragments with today's Keras.
"""

import argparse
import json
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parents[1] / "notebooks" / "results" / "05_keras2.json"
FRAGMENTS = {
    "after the activation": "layers.Dense(16, activation='relu'), layers.BatchNormalization(),",
    "before the activation": (
        "layers.Dense(16), layers.BatchNormalization(), layers.Activation('relu'),"
    ),
}


def apart(fragment: str, first: bool) -> float:
    """How far a fragment is from a hand calculation at most; `first` is ReLU before the norm."""
    import tensorflow as tf
    from tensorflow.keras import layers  # pyright: ignore[reportMissingImports]

    keras = tf.keras
    own = eval(fragment, {"layers": layers})
    net = keras.Sequential([keras.Input((11,)), *own, layers.Dense(1)])
    x = np.random.default_rng(0).normal(size=(64, 11)).astype("float32")
    outputs = x
    for layer in net.layers[:-1]:
        outputs = layer(outputs, training=True)
    kernel, bias = net.layers[0].get_weights()
    return float(np.abs(by_hand(x @ kernel + bias, first) - np.asarray(outputs)).max())


def by_hand(sums: np.ndarray, first: bool) -> np.ndarray:
    """ReLU and normalization, in this order or the other."""
    given = np.maximum(sums, 0) if first else sums
    normal = (given - given.mean(axis=0)) / np.sqrt(given.var(axis=0) + 0.001)
    return normal if first else np.maximum(normal, 0)


def main() -> None:
    """Run both fragments and write the results file."""
    import tensorflow as tf

    parser = argparse.ArgumentParser(prog="python -m studies.batch_norm_listing")
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    path = parser.parse_args().out
    settings = {
        name: apart(fragment, name.startswith("after")) for name, fragment in FRAGMENTS.items()
    }
    found = {
        "date": date.today().isoformat(),
        "versions": {"tf-keras": version("tf-keras"), "tensorflow": tf.__version__},
        "settings": settings,
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
