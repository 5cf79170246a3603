"""The one place that reads the environment."""

import importlib.util
import os
import subprocess
import sys

import pytest

from helpers import runtime


def test_the_profile_is_quick_unless_asked(monkeypatch):
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    assert runtime.profile() == "quick"
    monkeypatch.setenv("COURSE_PROFILE", "full")
    assert runtime.profile() == "full"
    monkeypatch.setenv("COURSE_PROFILE", "fast")
    with pytest.raises(ValueError, match="quick, full"):
        runtime.profile()


def test_a_data_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    assert runtime.data_directory() is None
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    assert runtime.data_directory() == tmp_path
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError, match="absent"):
        runtime.data_directory()


def test_only_the_runtime_reads_the_environment():
    for path in sorted(runtime.ROOT.glob("helpers/**/*.py")):
        if path.name != "runtime.py":
            assert "os.environ" not in path.read_text(encoding="utf-8"), (
                f"{path.name} reads the environment by itself"
            )


def test_imports_only_go_down():
    floors = [
        [
            "runtime",
            "memory",
            "display",
            "files",
            "sources",
            "standins",
            "optimizers",
            "schedules",
            "keras_schedules",
            "layers",
            "surfaces",
            "augmentation",
            "calibration",
            "colab",
            "engines",
            "gradients",
        ],
        [
            "datasets",
            "models",
            "notebooks",
            "publishing",
            "tensorflow_engine",
            "jax_engine",
            "training_checks",
            "doctor",
        ],
        ["training", "curvature"],
        ["resampling", "claims"],
        ["plots", "widgets", "evidence"],
        ["exercises", "submissions", "grading", "cluster"],
        ["__main__"],
    ]
    floor = {room: number for number, rooms in enumerate(floors) for room in rooms}
    for path in sorted(runtime.ROOT.glob("helpers/*.py")):
        if path.stem == "__init__":
            continue
        assert path.stem in floor, f"{path.name} has no floor: enter it here and in CONTRIBUTING.md"
        for name in imported_rooms(path):
            assert floor[name] <= floor[path.stem], f"{path.name} imports {name}, which is above it"


def imported_rooms(path) -> set[str]:
    import ast

    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "helpers":
            rooms |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers."):
            rooms.add(node.module.split(".")[1])
    return rooms


@pytest.mark.parametrize(
    "backend", [name for name in runtime.BACKENDS if importlib.util.find_spec(name)]
)
def test_starting_the_backend_writes_nothing_to_the_error_stream(backend):
    code = (
        "from helpers import runtime; print(runtime.machine()); import keras; keras.Sequential([keras.Input((2,))]).to_json(); "
        "import tensorflow as tf; tf.function(lambda: tf.constant(1.0), jit_compile=True)()"
    )
    environment = {
        key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"
    } | {"KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=runtime.ROOT,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0 and done.stderr == ""
    assert "Keras" in done.stdout and "profile" in done.stdout


def test_nobody_watches_a_test():
    assert runtime.somebody_is_watching() is False or sys.stderr.isatty()
