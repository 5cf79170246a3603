"""What the course sees of the machine that it runs on."""

import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

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
    modules = sorted(runtime.ROOT.glob("helpers/**/*.py"))
    asking = [path for path in modules if "os.environ" in path.read_text(encoding="utf-8")]
    # The cell that publishing writes into notebooks runs where the course is not there yet.
    course = runtime.ROOT / "helpers"
    assert asking == [course / "course" / "publishing.py", course / "runtime.py"]


def python(code: str, **variables: str) -> subprocess.CompletedProcess:
    """Run a program in the course's folder, without this process's choice of a backend."""
    own = (
        *("KERAS_BACKEND", "KERAS_HOME", "TF_CPP_MIN_LOG_LEVEL"),
        "JAX_DEFAULT_MATMUL_PRECISION",
    )
    environment = {name: value for name, value in os.environ.items() if name not in own}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=runtime.ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(
    scope="module", params=[name for name in runtime.BACKENDS if importlib.util.find_spec(name)]
)
def started(request) -> tuple[str, subprocess.CompletedProcess]:
    """A backend, and a program that starts it, looks around and uses it."""
    program = (
        "from helpers import runtime; machine = runtime.start(); print(machine); "
        "print(repr(machine)); print(repr(runtime.machine())); "
        "import keras; keras.Sequential([keras.Input((2,))]).to_json(); "
        "import tensorflow as tf; tf.function(lambda: tf.constant(1.0), jit_compile=True)()"
    )
    return request.param, python(program, KERAS_BACKEND=request.param)


def test_starting_the_backend_writes_nothing_to_the_error_stream(started):
    backend, done = started
    assert (done.returncode, done.stderr) == (0, "")
    assert f"on {backend}" in done.stdout and "profile" in done.stdout


def test_what_is_started_is_looked_at(started):
    _, found, looked = started[1].stdout.splitlines()
    assert found == looked and "accelerators=None" not in looked


@pytest.mark.parametrize(
    "backend, asked",
    [
        ("tensorflow", "tensorflow.config.experimental.tensor_float_32_execution_enabled()"),
        ("jax", "jax.config.jax_default_matmul_precision"),
    ],
)
def test_no_backend_rounds_before_it_multiplies_matrices(backend, asked):
    pytest.importorskip(backend)
    program = f"from helpers import runtime; runtime.start(); import {backend}; print({asked})"
    done = python(program, KERAS_BACKEND=backend)
    assert done.stdout.split() == ["False" if backend == "tensorflow" else "float32"]


def test_looking_around_starts_nothing(tmp_path):
    done = python(
        "import sys; from helpers import runtime; print(runtime.machine()); "
        "print(runtime.machine().accelerators, {'tensorflow', 'jax', 'keras'} & {*sys.modules})",
        KERAS_HOME=str(tmp_path),
    )
    assert done.stderr == ""
    said, found = done.stdout.splitlines()
    assert "on tensorflow" in said and "GPU unknown before tensorflow starts" in said
    assert found == "None set()"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def without_keras(monkeypatch, tmp_path):
    """Keras as if it were not imported yet, and the folder of its configuration, which is empty."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


def test_the_backend_is_the_one_that_keras_would_take(without_keras, monkeypatch):
    assert runtime.backend() == "tensorflow"
    (without_keras / "keras.json").write_text('{"backend": "jax"}')
    assert runtime.backend() == "jax"
    (without_keras / "keras.json").write_text("half written {")
    assert runtime.backend() == "tensorflow"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert runtime.backend() == "torch"
    with pytest.raises(ValueError, match="choose one of tensorflow, jax"):
        runtime.machine()


def as_kernel(monkeypatch, *, asks: bool) -> None:
    """Take this process for a notebook's kernel, whose front end can ask questions or not."""
    shell = SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=asks))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_links_between_notebooks_are_relative_but_on_colab(monkeypatch, tmp_path):
    assert runtime.notebooks_address() == ""
    monkeypatch.setattr(runtime, "on_colab", lambda: True)
    monkeypatch.setattr(runtime, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert runtime.notebooks_address() == "", "uploaded, no clone"
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
    for command in (
        ["init", "-q"],
        ["remote", "add", "origin", "https://github.com/owner/course"],
        ["commit", "-q", "--allow-empty", "-m", "first"],
        ["-c", "tag.gpgsign=false", "tag", "-a", "v1.0", "-m", "first"],
    ):
        subprocess.run([*git, *command], check=True)
    assert runtime.notebooks_address() == (
        "https://colab.research.google.com/github/owner/course/blob/v1.0/notebooks/"
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_somebody_watches_a_terminal_but_not_a_pipe(monkeypatch, terminal):
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: terminal))
    assert runtime.somebody_is_watching() == terminal


@pytest.mark.parametrize("asks", [True, False])
def test_somebody_watches_a_notebook_but_not_a_batch_run(monkeypatch, asks):
    as_kernel(monkeypatch, asks=asks)
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: not asks))
    assert runtime.somebody_is_watching() == asks


def test_ipython_in_a_terminal_is_a_terminal(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: True))
    assert runtime.somebody_is_watching()


@pytest.mark.parametrize("limit, threads", [("3", 3), ("", None), ("0", None), ("all", None)])
def test_threads_are_as_many_as_xla_may_have(limit, threads, monkeypatch):
    monkeypatch.setenv("NPROC", limit)
    assert runtime.threads() == (threads or os.cpu_count())
