"""Compiled programs that TensorFlow and JAX keep on disk, so that a later process need not compile.

Nothing depends on them: without the folder programs are compiled as ever, and it may be deleted at
any time. Its name tells the processor, the versions and the number of threads: a program runs only
where it was made for, and divides its sums among the threads that it was made for, so that a result
would else depend on who compiled first. TensorFlow and JAX compare all else themselves.
"""

import hashlib
import os
import platform
from collections.abc import Iterable, MutableMapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

COMPILERS = ("tensorflow", "jaxlib")
READS_RIGHTLY = (2, 20)
"""TensorFlow before this computes wrong numbers with a program that it has read from the folder:
2.19 gave a net that had learned in three epochs a validation loss of 10.7 instead of 1.1.
"""
FOLDER = "course-programs"
LARGEST_BYTES = 500 * 2**20
"""Of all programs together: at more, those that were not used for longest are deleted."""


def keep(environment: MutableMapping[str, str], limits: Iterable[str]) -> Path | None:
    """Have the compilers keep their programs in a folder; the folder, or None where there is none.

    It sets variables of `environment`, this process's: call it before TensorFlow or JAX is
    imported. `limits` are the variables that limit the number of threads. Who has set TF_XLA_FLAGS
    keeps that, and nothing is kept on a machine with a GPU of NVIDIA's, whose programs name no GPU.
    What a parent process of this kind has set is set anew: a child may have other limits.
    """
    for variable in ("TF_XLA_FLAGS", "JAX_COMPILATION_CACHE_DIR"):
        if FOLDER in environment.get(variable, ""):
            del environment[variable]
    if "TF_XLA_FLAGS" in environment or Path("/dev/nvidiactl").exists():
        return None
    settings = [f"{name}={environment.get(name)}" for name in (*limits, "XLA_FLAGS")]
    home = Path(environment.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / FOLDER
    folder = home / fingerprint(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trim(home, LARGEST_BYTES)
    except OSError:  # a home that cannot be written to, a full disk
        return None
    if not os.access(folder, os.W_OK | os.X_OK) or " " in str(folder):  # which would end the flag
        return None
    if reads_rightly(_version("tensorflow")):
        directory = f"--tf_xla_persistent_cache_directory={folder}"
        environment["TF_XLA_FLAGS"] = f"{directory} --tf_xla_persistent_cache_read_only=false"
    environment.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    return folder


def reads_rightly(tensorflow: str) -> bool:
    """Whether this version of TensorFlow, or "absent", may keep programs."""
    numbers = tensorflow.split(".")[:2]
    return all(map(str.isdecimal, numbers)) and tuple(map(int, numbers)) >= READS_RIGHTLY


def fingerprint(settings: Iterable[str]) -> str:
    """A name for this processor with these compilers and settings."""
    versions = [f"{package} {_version(package)}" for package in COMPILERS]
    machine = [platform.machine(), platform.processor(), str(os.cpu_count()), *processor()]
    told = [*machine, *versions, *settings]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def processor(path: Path = Path("/proc/cpuinfo")) -> list[str]:
    """The processor's model and instructions, where Linux tells them."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    wanted = ("model name", "flags", "Features", "CPU part")
    return sorted({line for line in lines if line.startswith(wanted)})


def trim(folder: Path, largest: int) -> None:
    """Delete files that were not read for longest until half of `largest` bytes are left.

    Empty files go too: a computer that lost its power leaves them, and TensorFlow stops at one.
    """
    found = [(path, path.stat()) for path in folder.rglob("*") if path.is_file()]
    for path, state in found:
        if not state.st_size:
            path.unlink(missing_ok=True)
    size = sum(state.st_size for _, state in found)
    if size <= largest:
        return
    for path, state in sorted(found, key=lambda each: max(each[1].st_atime, each[1].st_mtime)):
        path.unlink(missing_ok=True)  # another process may trim too
        size -= state.st_size
        if size <= largest / 2:
            return


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
