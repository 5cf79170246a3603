"""Machine, Keras's backend, profile, and the environment's variables, read nowhere else."""

import importlib.util
import json
import logging
import os
import platform
import subprocess
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from helpers import programs, without_tensorflow

# TensorFlow and JAX read these while they are imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # share a GPU with the next notebook
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# Accelerators multiply matrices with 10 bits of each number (TF32) or 7 (bfloat16) unless they are
# told not to. The verdicts are recorded on CPUs, in float32, and so it is everywhere; `start` tells
# TensorFlow.
os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "float32")

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ("quick", "full")
BACKENDS = {"tensorflow": "requirements.txt", "jax": "requirements-jax.txt"}
"""Keras's backends that the course knows, each with the file of packages that installs it."""
DEFAULT_BACKEND = "tensorflow"
GITHUB, COLAB = "https://github.com/", "https://colab.research.google.com/github/"
GIGABYTE = 2**30
SMALL = 6
"""Gigabytes of memory that hold real CIFAR-10 as float32, and little else."""
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC",
)  # fmt: skip
"""Limits of NumPy's and scikit-learn's libraries, of TensorFlow, and of XLA, which JAX uses."""


def profile() -> str:
    """`COURSE_PROFILE`: "quick" (default; embedded data, minutes) or "full" (real data, hours).

    Raises ValueError for any other word.
    """
    word = os.environ.get("COURSE_PROFILE", "quick")
    if word not in PROFILES:
        raise ValueError(f"COURSE_PROFILE is {word!r}; choose one of {', '.join(PROFILES)}.")
    return word


def data_directory() -> Path | None:
    """`COURSE_DATA_DIR`: a folder with your own copies of the data sets, or None.

    Raises FileNotFoundError if the variable names a folder that is not there, and PermissionError
    for one that you may not read.
    """
    name = os.environ.get("COURSE_DATA_DIR")
    if not name:
        return None
    folder = Path(name).expanduser()
    if not os.path.isdir(folder):  # pathlib's own raises where a parent may not be read
        raise FileNotFoundError(
            f"COURSE_DATA_DIR is {name!r}, which is no folder: create it or unset the variable."
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise PermissionError(
            f"COURSE_DATA_DIR is {name!r}, which you may not read: change its permissions, "
            "or unset the variable."
        )
    return folder


def keras_home() -> Path:
    """`KERAS_HOME`: Keras's folder for its configuration and downloads (default ~/.keras)."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()


def thread_limits(threads: int) -> dict[str, str]:
    """The variables that limit a process to so many threads, without those that are set already."""
    return {name: str(threads) for name in THREAD_VARIABLES if name not in os.environ}


def on_colab() -> bool:
    """True in Google Colab."""
    return "google.colab" in sys.modules


def notebooks_address() -> str:
    """What links to notebooks begin with: nothing, and on Colab the clone's address there.

    Colab opens no notebook by a relative link.
    """
    if not on_colab():
        return ""
    try:
        repository, tag = _git("config", "remote.origin.url"), _git("describe", "--tags")
    except (OSError, subprocess.CalledProcessError):  # a folder that was uploaded
        return ""
    return f"{repository.replace(GITHUB, COLAB)}/blob/{tag}/notebooks/"


def _git(*command: str) -> str:
    """What git says of the course's folder."""
    git = ["git", "-C", str(ROOT), *command]
    said = subprocess.run(git, check=True, capture_output=True, text=True)
    return said.stdout.strip()


def has_tpu() -> bool:
    """Whether this is a machine with a TPU, as its own library is told or its driver shows."""
    return "TPU_ACCELERATOR_TYPE" in os.environ or Path("/dev/accel0").exists()


def somebody_is_watching() -> bool:
    """Whether a person is there: in a terminal, or in a notebook that can ask questions.

    False for a batch run, such as papermill's.
    """
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython.get_ipython(), "kernel", None) if ipython else None
    return kernel._allow_stdin if kernel else sys.stderr.isatty()


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on."""
    found = {"python": platform.python_version()}
    for package in ("keras", "tensorflow", "jax", "numpy", "scipy", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


@dataclass(frozen=True)
class Machine:
    """What computes here: cores, memory in gigabytes (None: unknown), and the accelerators.

    `accelerators` are those that Keras's backend sees, or None before the backend is started.
    `has_tensorflow` says whether notebooks on TensorFlow itself can be run.
    """

    place: str
    backend: str
    accelerators: tuple[str, ...] | None
    cores: int
    memory: float | None = None
    has_tensorflow: bool = True

    def __str__(self) -> str:
        """All of it in one line, with the profile and what the machine is good for."""
        memory = f", {self.memory:.0f} GB" if self.memory else ""
        products = f"matrix products in {precision(self.backend)}"
        device = f"{self.device}{memory}, {products}"
        found = f"{self.place} · Keras {version('keras')} on {self.backend} · {device}"
        found += f" · profile {profile()}, good for {self.good_for}"
        if self.has_tensorflow:
            return found
        return (
            f"{found} · without TensorFlow: what is about TensorFlow itself says so "
            f"({without_tensorflow.CURE})"
        )

    @property
    def device(self) -> str:
        """The accelerators by name, or the CPU."""
        cpu = f"CPU, {self.cores} cores"
        if self.accelerators is None:
            return f"{cpu}, GPU unknown before {self.backend} starts"
        return ", ".join(self.accelerators) or cpu

    @property
    def good_for(self) -> str:
        """Which profiles to run here."""
        if self.accelerators:
            return "quick and full"
        if self.memory and self.memory < SMALL:
            return "quick, one notebook at a time"
        return "quick; full takes hours without a GPU"


def start() -> Machine:
    """Start Keras's backend, without the lines that it writes to the error stream; what it found.

    Call it before anything else imports Keras.
    Raises ValueError for a `KERAS_BACKEND` that the course does not know, or that is not installed.
    """
    check_backend()
    if not {"tensorflow", "jax"} & sys.modules.keys():
        programs.keep(os.environ, THREAD_VARIABLES)
    with quiet_libraries():
        import keras

        _write_first_lines(keras.backend.backend())
        _adjust(keras.backend.backend())
        without_tensorflow.stand_in()
        return machine()


def is_told(record: logging.LogRecord) -> bool:
    """Whether a reader sees this record of TensorFlow's log: its advice on new traces is meant for
    others. An engine traces once for each shape, as it should, and a loop over shapes does, too.
    """
    return "triggered tf.function retracing" not in record.getMessage()


def _adjust(name: str) -> None:
    """Matrix products in float32; no advice of TensorFlow's on new traces, and no word of JAX's
    wherever it gets a float64 and takes float32.
    """
    if name == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(False)
        tf.get_logger().addFilter(is_told)
    if name == "jax":
        warnings.filterwarnings("ignore", "Explicitly requested dtype float64")


def precision(name: str) -> str:
    """The numbers in which a backend multiplies matrices: float32, unless JAX was told otherwise.

    Source: `jax_default_matmul_precision`, which JAX reads from the environment.
    """
    return os.environ["JAX_DEFAULT_MATMUL_PRECISION"] if name == "jax" else "float32"


def machine() -> Machine:
    """Look around and start nothing: place, Keras's backend, accelerators, cores, memory.

    The accelerators are None unless the backend is started already.
    Raises ValueError for a `KERAS_BACKEND` that the course does not know, or that is not installed.
    """
    check_backend()
    name = backend()
    accelerators = _accelerators(name) if name in sys.modules else None
    place = "Colab" if on_colab() else "this computer"
    if has_tpu() and accelerators is not None and not any("TPU" in one for one in accelerators):
        place += ", whose TPU is not used"
    found = Machine(place, name, accelerators, os.cpu_count() or 1, memory())
    return replace(found, has_tensorflow=without_tensorflow.has_tensorflow())


def backend() -> str:
    """The name of Keras's backend: the one in use, or the one that Keras would start with.

    Source: keras/src/backend/config.py; the variable comes before the configuration file.
    """
    if "keras" in sys.modules:
        return sys.modules["keras"].backend.backend()
    return os.environ.get("KERAS_BACKEND") or _configured_backend()


def _configured_backend() -> str:
    try:
        settings = json.loads((keras_home() / "keras.json").read_text(encoding="utf-8"))
        return settings.get("backend", DEFAULT_BACKEND)
    except (OSError, ValueError):  # no file, or none that Keras could read
        return DEFAULT_BACKEND


def check_backend() -> None:
    """Raise ValueError for a backend that the course does not know, or that is not installed."""
    name = backend()
    said = f"Keras's backend (KERAS_BACKEND) is {name!r}"
    if name not in BACKENDS:
        raise ValueError(
            f"{said}, on which the course does not run; choose one of {', '.join(BACKENDS)}: "
            f'import os; os.environ["KERAS_BACKEND"] = "{DEFAULT_BACKEND}" before this, '
            "in a fresh kernel."
        )
    if not is_installed(name):
        there = [other for other in BACKENDS if is_installed(other)]
        instead = f", or set it to {there[0]!r}, which is" if there else ""
        raise ValueError(
            f"{said}, which is not installed: pip install -r {BACKENDS[name]}{instead}."
        )


def is_installed(name: str) -> bool:
    """Whether a package is installed; what stands in for TensorFlow does not count."""
    if name == "tensorflow":
        return without_tensorflow.has_tensorflow()
    return importlib.util.find_spec(name) is not None


def memory() -> float | None:
    """Gigabytes of memory of this machine, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIGABYTE
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None


def threads() -> int:
    """How many threads may be busy at once: `NPROC`, XLA's own limit, or one for each core."""
    limit = os.environ.get("NPROC", "")
    return int(limit) if limit.isdecimal() and int(limit) else os.cpu_count() or 1


def with_jax() -> bool:
    """Whether Keras runs on JAX."""
    return backend() == "jax"


@contextmanager
def quiet_libraries():
    """Discard what compiled libraries write to the error stream, such as TensorFlow's greeting."""
    sys.stderr.flush()
    error_stream = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(error_stream, 2)
        os.close(nowhere)
        os.close(error_stream)


def _write_first_lines(name: str) -> None:
    """Import TensorFlow and let XLA compile: at either, versions write to the error stream once.

    JAX needs no TensorFlow, but Keras imports it with the first model that it describes.
    """
    if without_tensorflow.has_tensorflow():
        import tensorflow as tf

        if name == "tensorflow":
            tf.function(lambda: tf.constant(0.0), jit_compile=True)()


def _accelerators(name: str) -> tuple[str, ...]:
    """The accelerators that a backend sees, by name."""
    if name == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        details = [tf.config.experimental.get_device_details(device) for device in devices]
        return tuple(
            f"{detail.get('device_name', 'GPU')} ({device.name.split(':', 1)[1]})"
            for detail, device in zip(details, devices, strict=True)
        )
    if name == "jax":
        import jax  # pyright: ignore[reportMissingImports]

        return tuple(
            f"{device.device_kind} ({device})"
            for device in jax.devices()
            if device.platform != "cpu"
        )
    return ()
