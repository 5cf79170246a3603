"""Make an environment of the course: `python tools/environment.py NAME`; `make` calls it before
each of its commands.

An environment holds what its lock lists, and nothing is installed into it later. It is made anew
where the lock or the interpreter has changed, or a set-up was broken off. Only what is in the
standard library since Python 3.8 is used, so that a Python which is too old for the course is told
so.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = {
    "course": (".venv", "requirements.lock"),
    "docs": ("build/venv/docs", "locks/docs.lock"),
    "browser": ("build/venv/browser", "locks/browser.lock"),
    "jax": ("build/venv/jax", "locks/jax.lock"),
    "gpu": ("build/venv/gpu", "locks/gpu.lock"),
    "teaching": ("build/venv/teaching", "locks/teaching.lock"),
    "lint": ("build/venv/lint", "locks/lint.lock"),
}
"""The folder and the lock of each environment."""

STAMP = "complete"
PIP = ("-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
FAULTS = {
    r"Errno 28": "the disk is full",
    r"ReadTimeoutError|ConnectionResetError|ProtocolError|IncompleteRead": (
        "the package registry stopped answering; try again"
    ),
    r"from versions: none|NewConnectionError|NameResolutionError|ConnectTimeoutError"
    r"|ProxyError|SSLError": (
        "no package registry answers{}: is there a network, or a proxy to set up?"
    ),
}
"""What pip's messages mean, and how it is said."""


class SetupError(Exception):
    """Why an environment cannot be made, in one line."""


def main() -> None:
    """Read the command line and make the environment; what goes wrong is said in one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=ENVIRONMENTS)
    name = parser.parse_args().name
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # an end from outside tidies up too
    folder, lock = (ROOT / part for part in ENVIRONMENTS[name])
    try:
        check_python(ROOT)
        make(folder, lock, ROOT / "build" / "venv")
    except SetupError as error:
        sys.exit("Setting up {} failed: {}.".format(folder.relative_to(ROOT), error))
    except OSError as error:
        sys.exit("Cannot write {}: {}.".format(error.filename or folder, error.strerror or error))
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the next set-up begins anew.")


def check_python(root: Path) -> None:
    """Exit with the cure if this Python is outside of pyproject.toml's range or cannot make
    environments.
    """
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    first, end = (
        int(n) for n in re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', text).groups()
    )
    if not (3, first) <= sys.version_info < (3, end):
        *others, last = ("3.{}".format(minor) for minor in range(first, end))
        sys.exit(
            "The course needs Python {} or {}; {} is Python {}.{}.{}. Choose one, for example: "
            "make run PYTHON=python3.{}".format(
                ", ".join(others), last, sys.executable, *sys.version_info[:3], max(first, end - 2)
            )
        )
    if not (find_spec("ensurepip") and find_spec("venv")):
        sys.exit(
            "{} cannot make virtual environments. On Debian or Ubuntu: "
            "apt install python3-venv".format(sys.executable)
        )


def make(folder: Path, lock: Path, locks: Path) -> None:
    """Have the environment of a lock in `folder`, made now unless it is there and complete.

    `locks` is the folder for what tells several set-ups at once apart. Raises SetupError and
    OSError.
    """
    if is_complete(folder, lock):
        return
    with alone(locks / ".{}.lock".format(folder.name.strip(".")), folder) as held:
        if is_complete(folder, lock):  # what we waited for
            return
        print("Setting up {} (once; it may take some minutes)".format(folder), flush=True)
        try:
            remove(folder)
            fill(folder, lock, held)
            (folder / STAMP).write_text(description(folder, lock), encoding="utf-8")
        except BaseException:  # an interrupt too
            remove(folder)
            raise


def description(folder: Path, lock: Path) -> str:
    """What a finished environment stands for: the interpreter, the place (its scripts name it), and
    the lock.
    """
    return "\n".join([sys.version, str(folder), lock.read_text(encoding="utf-8")])


def is_complete(folder: Path, lock: Path) -> bool:
    """Whether the environment is there, finished, and what this interpreter and this lock make."""
    try:
        stamp = (folder / STAMP).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    python = folder / "bin" / "python"
    # A link to a Python that has since been removed does not exist.
    return python.exists() and stamp == description(folder, lock)


@contextmanager
def alone(path: Path, folder: Path):
    """Hold a file that only one process at a time can hold; says so where it has to wait."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up of {} is at work; waiting for it.".format(folder), flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def remove(folder: Path) -> None:
    """Remove an environment, finished or not, if there is one. Raises OSError."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(str(folder))


def fill(folder: Path, lock: Path, held) -> None:
    """A virtual environment with the packages of the lock. Raises SetupError with what is wrong.

    The children have the file `held` open as well: if this process is killed, the next waits until
    they have ended.
    """
    run([sys.executable, "-m", "venv", str(folder)], held)
    install = ["--no-deps", "--require-hashes", "-r", str(lock)]  # the lock lists them all
    run([str(folder / "bin" / "python"), *PIP, *install], held)


def run(command, held) -> None:
    """Run a command, its progress shown, its messages held back until it is clear what they
    mean.
    """
    with subprocess.Popen(
        command, cwd=str(ROOT), stderr=subprocess.PIPE, pass_fds=[held.fileno()]
    ) as process:
        try:
            said = process.stderr.read().decode("utf-8", "replace")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        fault = explained(said)
        if fault is None:
            sys.stderr.write(said)
            fault = "see above"
        raise SetupError(fault)
    sys.stderr.write(said)


def explained(said: str):
    """What pip's messages mean, in one line; None if they say it themselves."""
    if "Ignored the following versions" in said:  # a registry did answer
        return None
    wanted = re.search(r"satisfies the requirement (\S+)", said)
    for pattern, meaning in FAULTS.items():
        if re.search(pattern, said):
            return meaning.format(" (asked for {})".format(wanted.group(1)) if wanted else "")
    return None


if __name__ == "__main__":
    main()
