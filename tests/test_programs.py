"""Compiled programs are kept between processes, and nothing depends on them."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from helpers import programs
from helpers.runtime import ROOT

COMPILE = """
from functools import partial
from helpers import runtime
runtime.start()
from helpers import datasets, training
from helpers.nets import models
split = datasets.load("digits")
net = partial(models.mlp, split.x_train.shape[1:], [32], 10, output_activation="softmax")
recipe = training.Recipe(
    net, loss="sparse_categorical_crossentropy", optimizer="adam", epochs=3, batch_size=32
)
print(recipe.fit(split, [1, 2, 3], progress=False).last("val_loss").tolist())
"""


def compile_with(home: Path, **variables) -> str:
    """What a process prints that compiles a program, with this folder for what can be remade."""
    kept = {name: value for name, value in os.environ.items() if name != "TF_XLA_FLAGS"}
    return subprocess.run(
        [sys.executable, "-c", COMPILE],
        env=kept | {"XDG_CACHE_HOME": str(home), "KERAS_BACKEND": "tensorflow"} | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def files_in(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.pb")}


@pytest.mark.slow
def test_a_second_process_takes_the_program_and_computes_the_same(tmp_path):
    first = compile_with(tmp_path)
    written = files_in(tmp_path)
    assert bool(written) == programs.reads_rightly(version("tensorflow"))
    assert compile_with(tmp_path) == first
    assert files_in(tmp_path) == written
    assert compile_with(tmp_path / "none", TF_XLA_FLAGS="--tf_xla_clustering_debug=false") == first
    assert not files_in(tmp_path / "none")


@pytest.fixture
def environment(tmp_path, monkeypatch) -> dict[str, str]:
    """The variables of a process on a machine without a GPU, with a TensorFlow that may keep
    programs.
    """
    exists = Path.exists
    monkeypatch.setattr(programs, "_version", lambda package: "2.21.0")
    monkeypatch.setattr(Path, "exists", lambda path: path.parts[1:2] != ("dev",) and exists(path))
    return {"XDG_CACHE_HOME": str(tmp_path)}


def test_the_folder_is_told_to_both_compilers(environment, tmp_path):
    folder = programs.keep(environment, [])
    assert folder.is_dir()
    assert folder.is_relative_to(tmp_path)
    assert str(folder) in environment["TF_XLA_FLAGS"]
    assert environment["JAX_COMPILATION_CACHE_DIR"] == str(folder)


@pytest.mark.parametrize(
    ("tensorflow", "rightly"),
    [("2.19.1", False), ("2.20.0", True), ("2.21.0-rc1", True), ("3.0.0", True), ("absent", False)],
)
def test_tensorflow_keeps_programs_where_it_reads_them_rightly(
    environment, monkeypatch, tensorflow, rightly
):
    monkeypatch.setattr(programs, "_version", lambda package: tensorflow)
    folder = programs.keep(environment, [])
    assert ("TF_XLA_FLAGS" in environment) == rightly
    assert environment["JAX_COMPILATION_CACHE_DIR"] == str(folder)


def test_flags_of_ones_own_stay(environment, tmp_path):
    environment["TF_XLA_FLAGS"] = "--tf_xla_auto_jit=1"
    assert programs.keep(environment, []) is None
    assert environment["TF_XLA_FLAGS"] == "--tf_xla_auto_jit=1"
    assert not any(tmp_path.iterdir())


def test_a_child_process_with_other_limits_has_a_folder_of_its_own(environment):
    first = programs.keep(environment, ["OMP_NUM_THREADS"])
    child = environment | {"OMP_NUM_THREADS": "1"}
    second = programs.keep(child, ["OMP_NUM_THREADS"])
    assert first != second
    assert str(second) in child["TF_XLA_FLAGS"]
    assert child["JAX_COMPILATION_CACHE_DIR"] == str(second)


def test_no_folder_where_none_can_be_made(environment, tmp_path):
    (tmp_path / "file").write_text("")
    environment["XDG_CACHE_HOME"] = str(tmp_path / "file")
    assert programs.keep(environment, []) is None
    assert "TF_XLA_FLAGS" not in environment


def test_a_gpu_keeps_nothing(environment, monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda path: True)
    assert programs.keep(environment, []) is None


def test_another_processor_has_another_folder(tmp_path, monkeypatch):
    before = programs.fingerprint([])
    assert before == programs.fingerprint([])
    (tmp_path / "cpuinfo").write_text("model name\t: another\nflags\t\t: sse\n")
    told = programs.processor(tmp_path / "cpuinfo")
    assert told == ["flags\t\t: sse", "model name\t: another"]
    monkeypatch.setattr(programs, "processor", lambda: told)
    assert programs.fingerprint([]) != before


def test_another_number_of_threads_has_another_folder(environment):
    first = programs.keep({**environment, "NPROC": "1"}, ["NPROC"])
    assert programs.keep({**environment, "NPROC": "2"}, ["NPROC"]) != first
    assert programs.keep({**environment, "NPROC": "1"}, ["NPROC"]) == first


def test_trimming_deletes_the_empty_and_what_was_read_longest_ago(tmp_path):
    for number in range(10):
        path = tmp_path / "version" / f"{number}.pb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 100)
        os.utime(path, (number, number))
    (tmp_path / "version" / "empty.pb").touch()
    programs.trim(tmp_path, 1000)
    assert len(list(tmp_path.rglob("*.pb"))) == 10
    programs.trim(tmp_path, 999)
    left = sorted(path.name for path in tmp_path.rglob("*.pb"))
    assert left == ["6.pb", "7.pb", "8.pb", "9.pb"]
