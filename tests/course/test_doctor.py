"""What is said of a machine: stand-ins for machines that are not here."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers import runtime, without_tensorflow
from helpers.__main__ import main


def machine(**changed) -> runtime.Machine:
    facts = {
        "place": "this computer",
        "backend": "tensorflow",
        "accelerators": (),
        "cores": 4,
        "memory": 16.0,
    }
    return runtime.Machine(**facts | changed)


def test_a_backend_that_is_not_started_is_said_to_be_unknown():
    one = machine(backend="jax", accelerators=None)
    assert "GPU unknown before jax starts" in str(one)
    assert one.good_for.startswith("quick")


def test_a_machine_with_a_gpu_names_it():
    one = machine(backend="jax", accelerators=("NVIDIA H100 (cuda:0)",))
    assert str(one).startswith(
        f"this computer · Keras {keras.__version__} on jax · NVIDIA H100 (cuda:0), 16 GB"
    )
    assert one.good_for == "quick and full"


@pytest.mark.parametrize(
    ("memory", "said"),
    [(16.0, "hours without a GPU"), (4.0, "one notebook at a time"), (None, "hours without a GPU")],
)
def test_a_machine_without_one_says_what_it_can_do(memory, said):
    one = machine(memory=memory)
    assert said in one.good_for and "CPU, 4 cores" in str(one)
    assert ("GB" in str(one)) == bool(memory)


def test_memory_is_that_of_the_system(monkeypatch):
    pages = {"SC_PHYS_PAGES": 2**20, "SC_PAGE_SIZE": 8192}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__, raising=False)
    assert runtime.memory() == 8.0
    monkeypatch.delattr(os, "sysconf")  # as on Windows
    assert runtime.memory() is None


def test_the_line_says_in_which_numbers_matrices_are_multiplied(monkeypatch):
    monkeypatch.setenv("JAX_DEFAULT_MATMUL_PRECISION", "tensorfloat32")
    assert "16 GB, matrix products in float32 ·" in str(machine())
    assert "matrix products in tensorfloat32 ·" in str(machine(backend="jax"))


def test_a_tpu_is_said_not_to_be_used_unless_jax_uses_it(monkeypatch):
    monkeypatch.setattr(runtime, "_accelerators", lambda name: ())
    monkeypatch.delenv("TPU_ACCELERATOR_TYPE", raising=False)
    assert "TPU" not in str(runtime.machine())
    monkeypatch.setenv("TPU_ACCELERATOR_TYPE", "v5litepod-1")
    assert str(runtime.machine()).startswith("this computer, whose TPU is not used · Keras")
    monkeypatch.setattr(runtime, "_accelerators", lambda name: ("TPU v5 lite (TPU_0)",))
    assert "not used" not in str(runtime.machine())


def test_without_tensorflow_the_line_says_what_stops(monkeypatch):
    assert "without TensorFlow" not in str(machine())
    one = machine(backend="jax", has_tensorflow=False)
    assert str(one).endswith("TensorFlow itself says so (pip install -r requirements.txt)")
    monkeypatch.setattr(without_tensorflow, "has_tensorflow", lambda: False)
    monkeypatch.setattr(runtime, "check_backend", lambda: None)
    assert not runtime.machine().has_tensorflow


def test_tensorflow_names_its_devices(monkeypatch):
    device = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [device])
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda each: {"device_name": "Tesla T4"}
    )
    assert runtime._accelerators("tensorflow") == ("Tesla T4 (GPU:0)",)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("torch", r'on which the course does not run; .*os.environ\["KERAS_BACKEND"\] = "tensorf'),
        ("jax", "pip install -r requirements-jax.txt\\.$"),
    ],
)
def test_a_backend_that_is_not_there_is_refused_with_the_cure(name, said, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.delitem(sys.modules, "keras")  # as before the start
    monkeypatch.setattr(runtime, "is_installed", lambda module: False)
    with pytest.raises(ValueError, match=said):
        runtime.start()


def test_of_two_backends_the_one_that_is_there_is_named(monkeypatch):
    monkeypatch.setattr(runtime, "backend", lambda: "tensorflow")
    monkeypatch.setattr(runtime, "is_installed", "jax".__eq__)
    with pytest.raises(ValueError, match=r"requirements.txt, or set it to 'jax', which is\.$"):
        runtime.check_backend()


def test_memory_of_a_gpu_grows_on_demand():
    names = ("TF_FORCE_GPU_ALLOW_GROWTH", "XLA_PYTHON_CLIENT_PREALLOCATE")
    code = f"import os; from helpers import runtime; print(*[os.environ[name] for name in {names}])"
    rest = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=runtime.ROOT,
        env=rest,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["true", "false"]


def test_the_doctor_says_all_of_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "nothing cached"))
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COURSE_PROFILE", "full")
    np.savez(tmp_path / "cifar10.npz", x=[0])
    monkeypatch.setattr(
        runtime, "start", lambda: machine(place="Colab", accelerators=("Tesla T4 (GPU:0)",))
    )
    assert main(["doctor"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (
        lines["device"] == "Tesla T4 (GPU:0); memory grows on demand"
        and lines["memory"] == "16.0 GB"
    )
    first_use = "reviews: downloaded on first use; fashion: downloaded on first use"
    assert lines["data"] == f"wine: embedded; cifar10: your own; {first_use}"
    assert f"keras {keras.__version__}" in lines["versions"] and lines["place"].startswith("Colab")
