"""The note's listings: its text and nothing else, and what is seen when they run."""

import hashlib
import re

import keras
import numpy as np
import pytest

from helpers.nets import listings

PRINTED = {  # SHA-256 of each as the note prints it, without blanks
    "STEP_A": "3d7a348592f7593b0255fac57533da22cf1f508cc38253acaa294d40eb1d118b",
    "OUTPUT": "d9c01ea25f8cb41ff39e7b0c935a4f18d65d102707aab83316a6e588c4f5e20b",
    "STEP_B": "b5700980e2fd0217e30023197f5eb40fd70b8fa293e010bf30bdb3959b7523ee",
    "STEP_C": "84d041691056d4542fdae320aa48822d2060b1c0ec916fe17effc3bcb67d0c89",
    "STEP_D": "2cfe281e729b1d87c38d7779bac97b17dddadd6797ea576ec19888667c74077d",
    "STEP_E": "98954d41db2ea9c0a8e98cae94f49a1d73b247a4f179c7f89e0f59a9d7781f05",
}
TINY = """
model=keras.models.Sequential()
model.add(keras.layers.Dense(1))
model.compile(loss='mse')
checkpoint_cb=keras.callbacks.ModelCheckpoint( r"\\공부\\model\\my11modelx.h5", save_best_only=True)
model.fit(X_train,y_train,epochs=100,validation_data=(X_train, y_train),callbacks=[checkpoint_cb])
"""


@pytest.mark.parametrize("name", PRINTED)
def test_only_blanks_are_restored(name):
    text = re.sub(r"\s", "", getattr(listings, name))
    assert hashlib.sha256(text.encode()).hexdigest() == PRINTED[name]


@pytest.mark.parametrize("few", [0, 4])
def test_what_fit_is_given_is_seen(few, tmp_path):
    x, original = np.ones((9, 2), "float32"), keras.models.Sequential.fit
    given = {"X_train": x, "y_train": x[:, :1]}
    left, seen, error = listings.run(TINY, library=keras, folder=tmp_path, few=few, **given)
    assert not error and len(seen) == 1 and seen[0] is x
    assert left["model"].built == (few > 0)
    assert [path.name for path in tmp_path.iterdir()] == ["my11modelx.h5"] * (few > 0)
    assert keras.models.Sequential.fit is original


def test_what_stops_a_listing_is_told():
    left, seen, error = listings.run("a = 1\nb = c", library=keras)
    assert left["a"] == 1 and not seen and error.startswith("NameError")
