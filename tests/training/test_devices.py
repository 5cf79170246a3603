"""Where JAX computes, and which runs share a core: rules, without training anything."""

from types import SimpleNamespace

import keras
import pytest
from keras import layers

from helpers.nets import models

jax = pytest.importorskip("jax", reason="pip install -r requirements-jax.txt")
from helpers.training import devices  # noqa: E402 - needs JAX

CPU, GPU = SimpleNamespace(platform="cpu"), SimpleNamespace(platform="gpu")


@pytest.fixture
def beside_a_gpu(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda kind=None: [CPU] if kind == "cpu" else [GPU, CPU])


def test_what_was_measured_on_an_h100_decides_what_is_small():
    lesson_8 = models.mlp(196, [64, 64], 10).count_params()
    assert devices.is_small(lesson_8, 4000, 10)
    study = models.mlp((32, 32, 3), [100] * 20, 10).count_params()
    assert not devices.is_small(study, 45_000, 4) and not devices.is_small(study, 45_000, 20)


def test_small_work_leaves_the_gpu_and_large_work_stays(beside_a_gpu):
    net = models.mlp(11, [64, 64])
    assert devices.device_for(net, 1439, 50) is CPU
    assert devices.device_for(net, 1_000_000, 50) is GPU


def test_convolutions_stay_on_the_gpu(beside_a_gpu):
    assert devices.device_for(models.convnet((8, 8, 3), [(2,)]), 10, 1) is GPU


def test_without_a_gpu_nothing_is_chosen():
    for rows in (10, 10**9):
        for net in (
            models.mlp(5, [4]),
            keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3)]),
        ):
            assert devices.device_for(net, rows, 3) is jax.devices()[0]


@pytest.mark.parametrize(
    "cores, sizes", [(1, [1, 2, 3, 5, 50]), (2, [1, 2, 2, 3, 25]), (16, [1, 2, 2, 2, 4])]
)
def test_each_core_has_a_stack_but_never_one_of_several_runs(cores, sizes, monkeypatch):
    monkeypatch.setattr(devices, "CORES", cores)
    runs = (1, 2, 3, 5, 50)
    assert [devices.share_size(each, CPU) for each in runs] == sizes
    assert [devices.share_size(each, GPU) for each in runs] == list(runs)
    assert [devices.prediction_size(each, CPU) for each in runs] == [1] * 5
    assert [devices.prediction_size(each, GPU) for each in runs] == list(runs)


def test_shares_are_of_one_length_and_in_order():
    assert devices.shares_of(range(5), 2) == [[0, 1], [2, 3], [4, 4]]
    assert devices.shares_of("abc", 3) == [["a", "b", "c"]]


def test_what_is_found_together_comes_in_order_and_errors_arrive():
    doubled = devices.together(lambda share: [2 * each for each in share], [[0, 1], [2, 3], [4, 5]])
    assert doubled == [0, 2, 4, 6, 8, 10]
    with pytest.raises(ZeroDivisionError):
        devices.together(lambda share: [1 / each for each in share], [[1], [0]])
