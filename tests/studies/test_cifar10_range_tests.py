"""The range tests of lesson 7's nets, in miniature."""

import numpy as np
import pytest

from studies import cifar10, cifar10_range_tests
from tests.studies.test_cifar10 import tiny_pool


@pytest.fixture
def small(monkeypatch):
    """Nets of two layers, and tests of few steps."""
    monkeypatch.setattr(cifar10, "DEPTH", [8] * 2)
    monkeypatch.setattr(cifar10_range_tests, "STEPS", 30)


def test_both_speeds_go_through_the_same_rates(small):
    found = cifar10_range_tests.range_tests(cifar10.crossed()["b SGD constant"], tiny_pool(), 3)
    assert list(found) == ["one epoch", "four epochs"]
    for each in found.values():
        assert np.shape(each["losses"]) == (3, 30) and len(each["rates"]) == 30
        assert each["rates"][0] == 1e-6 and each["rates"][-1] > 5
        assert len(each["suggested"]) == 2
        assert all(1e-7 <= rate <= 10 for rate in each["suggested"].values())
    fast, slow = (np.array(each["losses"], float) for each in found.values())  # None: diverged
    np.testing.assert_allclose(fast[:, 0], slow[:, 0], rtol=1e-5)  # the same nets and minibatches
    assert not np.allclose(fast, slow, equal_nan=True)


def test_each_net_and_optimizer_is_tested_once(small, monkeypatch, tmp_path):
    path = tmp_path / "results.json"
    asked = []
    monkeypatch.setattr(cifar10, "photographs", lambda size: tiny_pool())
    monkeypatch.setattr(
        cifar10_range_tests, "range_tests", lambda arm, pool, runs: asked.append(runs) or {}
    )
    monkeypatch.setattr("sys.argv", ["study", "--out", str(path)])
    cifar10_range_tests.main()
    cifar10_range_tests.main()
    assert asked == [10] * 6
