"""What is counted of the photographs: of a few made ones, and that the results file is there."""

import json

import numpy as np

from studies import photographs


def test_labels_are_counted_in_all_and_among_those_held_out(monkeypatch):
    x = np.zeros((20, 32, 32, 3), np.uint8)
    y = np.arange(20)[:, None] % 10
    read = {"x_train": x, "y_train": y, "x_test": x[:10], "y_test": y[:10]}
    monkeypatch.setattr("helpers.datasets.sources.read_cifar10", lambda path: read)
    monkeypatch.setattr(photographs, "HELD_OUT", 5)
    found = photographs.counted(photographs.RESULTS)
    assert found["shapes"] == [[20, 32, 32, 3], [10, 32, 32, 3]]
    assert found["images of each class"] == [3] * 10
    assert found["labels of the first 5,000"] == [1] * 5


def test_the_results_file_is_there():
    (row,) = json.loads(photographs.RESULTS.read_text(encoding="utf-8"))["settings"].values()
    assert sum(row["labels of the first 5,000"]) == 5_000
