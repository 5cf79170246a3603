"""Three listings on schedules with the optimizers of their time: `TF_USE_LEGACY_KERAS=1 python -m
studies.schedule_listings`.

It needs `tf-keras` of the version of TensorFlow, as `studies/keras2.py` does. Its
`optimizers.legacy` are those of TensorFlow 2.10 and before, which the notes of 2021 and 2022 used.
Audit 8 reads from the results file what each listing did; the listings stand there as they were
run.
"""

import json
import math

import numpy as np

from helpers import datasets, files, runtime

RESULTS = runtime.ROOT / "notebooks" / "results" / "08_keras2.json"
BATCHES = 2_000  # of 30 pictures: one epoch of 60,000

DECAY = """
model.compile(optimizer=tf.keras.optimizers.Adam(lr=0.001, beta_1 = 0.89)
             , loss='sparse_categorical_crossentropy'
             , metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=30, epochs=1, verbose=1,
          validation_data=(X_test,y_test))
"""

RESTARTS = """
lr_schedule = keras.optimizers.schedules.ExponentialDecay(
    initial_learning_rate=1e-2,
    decay_steps=10000,
    decay_rate=0.9)

model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=lr_schedule)
             , loss='sparse_categorical_crossentropy'
             , metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=30, epochs=1, verbose=1,
          validation_data=(X_test,y_test))

first_decay_steps = 1000
initial_learning_rate = 0.01
lr_decayed_fn = (
  tf.keras.experimental.CosineDecayRestarts(
      initial_learning_rate,
      first_decay_steps))

model.compile(optimizer=tf.keras.optimizers.Adam(learning_rate=lr_schedule)
             , loss='sparse_categorical_crossentropy'
             , metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=30, epochs=1, verbose=1,
          validation_data=(X_test,y_test))
"""

RANGE_TEST = """
K = keras.backend

class ExponentialLearningRate(keras.callbacks.Callback):
    def __init__(self, factor):
        self.factor = factor
        self.rates = []
        self.losses = []
    def on_batch_end(self, batch, logs):
        self.rates.append(K.get_value(self.model.optimizer.lr))
        self.losses.append(logs["loss"])
        K.set_value(self.model.optimizer.lr, self.model.optimizer.lr * self.factor)

def find_learning_rate(model, X, y, epochs=1, batch_size=32, min_rate=10**-5, max_rate=10):
    init_weights = model.get_weights()
    iterations = math.ceil(len(X) / batch_size) * epochs
    factor = np.exp(np.log(max_rate / min_rate) / iterations)
    init_lr = K.get_value(model.optimizer.lr)
    K.set_value(model.optimizer.lr, min_rate)
    exp_lr = ExponentialLearningRate(factor)
    history = model.fit(X, y, epochs=epochs, batch_size=batch_size,
                        callbacks=[exp_lr])
    K.set_value(model.optimizer.lr, init_lr)
    model.set_weights(init_weights)
    return exp_lr.rates, exp_lr.losses

batch_size = 128
rates, losses = find_learning_rate(model, X_train_scaled, y_train, epochs=1,
                                   batch_size=batch_size)
"""


def run(listing: str, keras, tensorflow, model, **names) -> dict:
    """Run a listing that trains `model`, in silence: its names, and the rate of every step."""
    fit, logged = model.fit, []

    class Logging(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            logged[-1].append(float(self.model.optimizer._decayed_lr("float32")))

    def watched(*arguments, **options):
        logged.append([])
        options = options | {"verbose": 0, "callbacks": [*options.get("callbacks", []), Logging()]}
        return fit(*arguments, **options)

    model.fit = watched
    names |= {"model": model, "keras": keras, "tf": tensorflow, "np": np, "math": math}
    exec(listing, names)
    return names | {"logged": logged}


def small(keras, **how):
    """A small net for pictures, which the notes' listings leave to the reader."""
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, "softmax")], **how)


def adam_decay(keras, tensorflow, data) -> dict:
    """The listing headed 'Learning rate decay'."""
    (rates,) = run(DECAY, keras, tensorflow, small(keras), **data)["logged"]
    rates = np.array(rates)
    return {"listing": DECAY, "steps": len(rates), "rates": [rates.min(), rates.max()]}


def cosine_restarts(keras, tensorflow, data) -> dict:
    """The listing headed 'decayed learning rate', after the one before it."""
    found = run(RESTARTS, keras, tensorflow, small(keras), **data)
    built = [float(found["lr_decayed_fn"](step)) for step in range(BATCHES)]
    return {"listing": RESTARTS, "rates": found["logged"][-1], "built": built}


def watched_range_test(keras, tensorflow, data) -> dict:
    """The range test, with the loss of every minibatch computed beside it."""
    seen = []

    class Watched(keras.Sequential):
        def train_step(self, data):
            x, y = data
            loss = keras.losses.sparse_categorical_crossentropy(y, self(x, training=True))
            seen.append(float(tensorflow.reduce_mean(loss)))
            return super().train_step(data)

    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(64, "selu", kernel_initializer="lecun_normal"),
    ]
    model = Watched([*layers, keras.layers.Dense(10, "softmax")])
    model.build((None, 28, 28))
    optimizer = keras.optimizers.legacy.SGD(learning_rate=1e-3)
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"], run_eagerly=True)
    names = {"X_train_scaled": data["X_train"], "y_train": data["y_train"]}
    found = run(RANGE_TEST, keras, tensorflow, model, **names)
    series = {"rates": found["rates"], "noted": found["losses"], "each": seen}
    return {
        "listing": RANGE_TEST,
        **{name: np.array(own, float).tolist() for name, own in series.items()},
    }


def main() -> None:
    """Run the listings and write down what they did."""
    import tensorflow
    import tf_keras as keras  # pyright: ignore[reportMissingImports]

    if tensorflow.keras.Sequential is not keras.Sequential:
        raise SystemExit("tensorflow.keras is Keras 3 here: set TF_USE_LEGACY_KERAS=1.")
    keras.optimizers.Adam = tensorflow.keras.optimizers.Adam = keras.optimizers.legacy.Adam
    if not hasattr(keras.experimental, "CosineDecayRestarts"):  # named so until TensorFlow 2.15
        keras.experimental.CosineDecayRestarts = keras.optimizers.schedules.CosineDecayRestarts
    pool = datasets.pool("fashion").standardized()
    rows = np.resize(np.arange(len(pool.y_train)), 30 * BATCHES)
    epoch = {"X_train": pool.x_train[rows], "y_train": pool.y_train[rows]}
    epoch |= {"X_test": pool.x_train[:300], "y_test": pool.y_train[:300]}
    once = {"X_train": pool.x_train, "y_train": pool.y_train}
    keras.utils.set_random_seed(0)
    found = {
        "LRS-06": adam_decay(keras, tensorflow, epoch),
        "LRS-09": cosine_restarts(keras, tensorflow, epoch),
        "LRS-13": watched_range_test(keras, tensorflow, once),
    }
    told = {"versions": f"tf-keras {keras.__version__}", "settings": found}
    files.write_text(RESULTS, json.dumps(told, allow_nan=True) + "\n")
    print({name: {k: v for k, v in row.items() if k == "rates"} for name, row in found.items()})


if __name__ == "__main__":
    main()
