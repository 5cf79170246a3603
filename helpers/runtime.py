"""Where am I: machine, Keras backend, profile. The one place that reads the environment."""

import importlib.util
import os
import platform
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# TensorFlow and JAX read these while they are imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # share a GPU with the next notebook
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ("quick", "full")
BACKENDS = {
    "tensorflow": "requirements.txt",
    "jax": "requirements-jax.txt",
}  # and what installs them
GIGABYTE = 2**30
SMALL = 6  # gigabytes of memory: real CIFAR-10 as float32 fits in, and little else


def profile() -> str:
    """`COURSE_PROFILE`: "quick" (default: embedded data, minutes) or "full" (real data, full sizes).

    Raises ValueError for any other word.
    """
    word = os.environ.get("COURSE_PROFILE", "quick")
    if word not in PROFILES:
        raise ValueError(f"COURSE_PROFILE is {word!r}; choose one of {', '.join(PROFILES)}.")
    return word


def data_directory() -> Path | None:
    """`COURSE_DATA_DIR`: a folder with your own copies of the data sets, or None.

    Raises FileNotFoundError if the variable names a folder that is not there.
    """
    name = os.environ.get("COURSE_DATA_DIR")
    if not name:
        return None
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"COURSE_DATA_DIR is {name!r}, which is no folder: create it or unset the variable."
        )
    return folder


def keras_home() -> Path:
    """`KERAS_HOME`: the folder in which Keras keeps what it has downloaded (default ~/.keras)."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()


def on_colab() -> bool:
    """True in Google Colab."""
    return "google.colab" in sys.modules


def somebody_is_watching() -> bool:
    """True in a terminal, or in a notebook that a person runs (one that can answer questions); False for a batch run."""
    kernel = getattr(
        sys.modules.get("IPython") and sys.modules["IPython"].get_ipython(), "kernel", None
    )
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
    """What computes here: Keras's backend, the accelerators it sees, cores, and memory in gigabytes (None: unknown)."""

    place: str
    backend: str
    accelerators: tuple[str, ...]
    cores: int
    memory: float | None = None

    def __str__(self) -> str:
        device = ", ".join(self.accelerators) or f"CPU, {self.cores} cores"
        memory = f", {self.memory:.0f} GB" if self.memory else ""
        found = f"{self.place} · Keras {version('keras')} on {self.backend} · {device}{memory}"
        return f"{found} · profile {profile()}, good for {self.good_for}"

    @property
    def good_for(self) -> str:
        """Which profiles to run here."""
        if self.accelerators:
            return "quick and full"
        if self.memory and self.memory < SMALL:
            return "quick, one notebook at a time"
        return "quick; full takes hours without a GPU"


@contextmanager
def quiet_libraries():
    """Send what compiled libraries write to the error stream nowhere: TensorFlow greets every start with ten lines."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def machine() -> Machine:
    """Look around: place, Keras backend, accelerators, cores, memory. Call it first: it starts the backend quietly.

    Raises ValueError for a KERAS_BACKEND that the course does not know, or that is not installed.
    """
    check_backend()
    with quiet_libraries():
        import keras

        backend = keras.backend.backend()
        _let_tensorflow_greet(backend)
        accelerators = _accelerators(backend)
    place = "Colab" if on_colab() else "this computer"
    return Machine(place, backend, accelerators, os.cpu_count() or 1, memory())


def _let_tensorflow_greet(backend: str) -> None:
    """Import TensorFlow and have XLA compile something: at either, versions write lines of their own to the error stream.

    JAX needs no TensorFlow, but Keras imports it with the first model that it describes.
    """
    if importlib.util.find_spec("tensorflow"):
        import tensorflow as tf

        if backend == "tensorflow":
            tf.function(lambda: tf.constant(0.0), jit_compile=True)()


def memory() -> float | None:
    """Gigabytes of memory of this machine, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIGABYTE
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None


def check_backend() -> None:
    """Raise ValueError for a `KERAS_BACKEND` that the course does not know, or that is not installed."""
    name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in BACKENDS:
        raise ValueError(
            f"KERAS_BACKEND is {name!r}; choose one of {', '.join(BACKENDS)}, or unset it."
        )
    if importlib.util.find_spec(name) is None:
        raise ValueError(
            f"KERAS_BACKEND is {name!r}, which is not installed: pip install -r {BACKENDS[name]}."
        )


def with_jax() -> bool:
    """Whether Keras runs on JAX."""
    import keras  # not before `machine` has looked

    return keras.backend.backend() == "jax"


def _accelerators(backend: str) -> tuple[str, ...]:
    if backend == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        names = [
            tf.config.experimental.get_device_details(device).get("device_name", "GPU")
            for device in devices
        ]
        return tuple(
            f"{name} ({device.name.split(':', 1)[1]})"
            for name, device in zip(names, devices, strict=True)
        )
    if backend == "jax":
        import jax

        return tuple(
            f"{device.device_kind} ({device})"
            for device in jax.devices()
            if device.platform != "cpu"
        )
    return ()
