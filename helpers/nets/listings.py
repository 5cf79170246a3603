"""Listings of note 003 as printed: only line breaks and indentation, lost in copying, are restored.

`run` executes one with what a cell before it has left. A test holds each against the note's text.
"""

import contextlib
import io
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from unittest import mock

STEP_A = (
    """\
from keras.datasets import cifar10
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import math
import keras
(X_train_full, y_train_full), (X_test, y_test) = cifar10.load_data()
X_train = X_train_full[5000:]
y_train = y_train_full[5000:]
X_valid = X_train_full[:5000]
y_valid = y_train_full[:5000]
model=keras.models.Sequential()
model.add(keras.layers.Flatten(input_shape=[32,32,3]))
"""
    + 20 * "model.add(keras.layers.Dense(100,activation='elu',kernel_initializer='he_normal'))\n"
)
OUTPUT = 'model.add(keras.layers.Dense(10, activation="softmax"))\n'
STEP_B = """\
model.compile(loss='sparse_categorical_crossentropy',
              optimizer=tf.keras.optimizers.Nadam(learning_rate=0.0003),
              metrics=['accuracy'])
checkpoint_cb=keras.callbacks.ModelCheckpoint(
    r"C어쩌구공부\\model\\my11modelb.h5", save_best_only=True)
early_stopping_cb=keras.callbacks.EarlyStopping(patience=10,restore_best_weights=True)
callbacks=[checkpoint_cb,early_stopping_cb]
history=model.fit(X_train,y_train,epochs=100,validation_data=(X_valid, y_valid),
                  callbacks=callbacks)
model = keras.models.load_model( r"어쩌구\\공부\\model\\my11modelb.h5")
model.evaluate(X_valid, y_valid)
"""
STEP_C = """\
modelc=keras.models.Sequential()
modelc.add(keras.layers.Flatten(input_shape=[32,32,3]))
modelc.add(keras.layers.BatchNormalization())
for _ in range(20):
    modelc.add(keras.layers.Dense(100, kernel_initializer="he_normal"))
    modelc.add(keras.layers.BatchNormalization())
    modelc.add(keras.layers.Activation("elu"))
modelc.add(keras.layers.Dense(10, activation="softmax"))
modelc.compile(loss='sparse_categorical_crossentropy',
               optimizer=tf.keras.optimizers.Nadam(learning_rate=0.0003),
               metrics=['accuracy'])
checkpoint_cb=keras.callbacks.ModelCheckpoint( r"\\공부\\model\\my11modelc.h5", save_best_only=True)
early_stopping_cb=keras.callbacks.EarlyStopping(patience=10,restore_best_weights=True)
callbacks=[checkpoint_cb,early_stopping_cb]
history=modelc.fit(X_train,y_train,epochs=100,validation_data=(X_valid, y_valid),
                   callbacks=callbacks)
model = keras.models.load_model( r"\\공부\\model\\my11modelc.h5")
model.evaluate(X_valid, y_valid)
"""
STEP_D = """\
keras.backend.clear_session()
modeld=keras.models.Sequential()
modeld.add(keras.layers.Flatten(input_shape=[32,32,3]))
for _ in range(20):
    modeld.add(keras.layers.Dense(100, kernel_initializer="lecun_normal"))
    modeld.add(keras.layers.Activation("selu"))
modeld.add(keras.layers.Dense(10, activation="softmax"))
modeld.compile(loss='sparse_categorical_crossentropy',
               optimizer=tf.keras.optimizers.Nadam(learning_rate=0.0003),####
               metrics=['accuracy'])
X_means = X_train.mean(axis=0)
X_stds = X_train.std(axis=0)
X_train_scaled = (X_train - X_means) / X_stds
X_valid_scaled = (X_valid - X_means) / X_stds
X_test_scaled = (X_test - X_means) / X_stds
checkpoint_cb=keras.callbacks.ModelCheckpoint( r"\\공부\\model\\my11modeld.h5", save_best_only=True)
early_stopping_cb=keras.callbacks.EarlyStopping(patience=10,restore_best_weights=True)
callbacks=[checkpoint_cb,early_stopping_cb]
history=modeld.fit(X_train,y_train,epochs=100,validation_data=(X_valid, y_valid),
                   callbacks=callbacks)
"""
STEP_E = """\
modele=keras.models.Sequential()
modele.add(keras.layers.Flatten(input_shape=[32,32,3]))
for _ in range(20):
    modele.add(keras.layers.Dense(100, kernel_initializer="lecun_normal"))
    modele.add(keras.layers.Activation("selu"))
modele.add(keras.layers.AlphaDropout(rate=0.1)) #많은 신경망 구조는 마지막 은닉층 뒤에만 드롭아웃 지정
#드롭아웃을 전체에 적용하는 것이 너무 강하다면 이렇게 시도해보자,
# 드롭아웃 비율 [0.05,0.1,0.2,0.4] 학습률 [1e-4, 3e-4, 5e-4, 1e-3] 그리드 서치 필요
modele.add(keras.layers.Dense(10, activation="softmax"))
modele.compile(loss='sparse_categorical_crossentropy',
               optimizer=tf.keras.optimizers.Nadam(learning_rate=3e-5),####
               metrics=['accuracy'])
X_means = X_train.mean(axis=0)
X_stds = X_train.std(axis=0)
X_train_scaled = (X_train - X_means) / X_stds
X_valid_scaled = (X_valid - X_means) / X_stds
X_test_scaled = (X_test - X_means) / X_stds
checkpoint_cb=keras.callbacks.ModelCheckpoint( r"\\공부\\model\\my11modele.h5", save_best_only=True)
early_stopping_cb=keras.callbacks.EarlyStopping(patience=10,restore_best_weights=True)
callbacks=[checkpoint_cb,early_stopping_cb]
history=modele.fit(X_train,y_train,epochs=100,validation_data=(X_valid, y_valid),
                   callbacks=callbacks)
"""  # noqa: E501


def run(
    text: str, *, library, folder=".", few: int | None = None, photographs=None, **names
) -> tuple[dict, list, str]:
    """What a listing leaves behind, the inputs that `fit` was given, and what stopped it, if any.

    `names` are what cells before it have left. `library` is imported as `keras`, and its CIFAR-10
    is `photographs`, two pairs of arrays. `fit` trains as the listing says, on the `few` first
    images if a number is given, and not at all if it is 0. Files are put into the folder; nothing
    is printed.
    """
    text = re.sub(r'r"[^"]*\\(my11model\w\.h5)"', lambda found: repr(f"{folder}/{found[1]}"), text)
    net, left, seen = library.models.Sequential, {"keras": library, **names}, []
    modules = {"keras": library, "keras.datasets": library.datasets}
    with (
        mock.patch.dict(sys.modules, modules),
        mock.patch.object(library.datasets.cifar10, "load_data", lambda: photographs),
        mock.patch.object(net, "fit", _watched(net.fit, seen, few)),
        _silence(),
    ):
        try:
            exec(compile(text, "listing", "exec"), left)
        except Exception as error:  # whatever stops it is what is asked for
            return left, seen, f"{type(error).__name__}: {error}"
    return left, seen, ""


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """No progress bars, and none of the warnings of Keras 3 for input shapes and old files."""
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _watched(original: Callable, seen: list, few: int | None) -> Callable:
    """A `fit` that writes down the inputs it is given, and may train on few of them."""

    def fit(model, x, y, **options):
        seen.append(x)
        if few == 0:
            return None
        held_out = tuple(part[:few] for part in options.pop("validation_data"))
        return original(model, x[:few], y[:few], validation_data=held_out, verbose=0, **options)

    return fit
