"""What a learner's code is denied: the network, computing time, memory and large files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

WITHOUT_NETWORK = (
    ["unshare", "--net", "--pid", "--fork", "--kill-child"],
    ["unshare", "--map-current-user", "--net", "--pid", "--fork", "--kill-child"],
)


def wall() -> list[str]:
    """The start of a command line that cuts what follows off from the network; empty where this
    machine has no such thing.
    """
    if shutil.which("unshare"):
        for command in WITHOUT_NETWORK:
            if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
                return command
    return []


def protection(walled: bool) -> str:
    """What learners' code can and cannot do here."""
    network = (
        "no network" if walled else "THE NETWORK IS OPEN (this machine has no working `unshare`)"
    )
    memory = "" if sys.platform == "linux" else " MEMORY IS NOT LIMITED (that needs Linux)."
    return (
        f"Learners' code runs as you: {network}.{memory} NOT protected: files that you can read or"
        " delete, and the grade against code written to deceive. docs/teachers.md says more."
    )


def confine(seconds: int, memory: int, file_size: int) -> None:
    """Limit this process and each of its children: computing time, `memory` bytes more than now,
    files of `file_size` bytes.

    The memory limit needs Linux; elsewhere it is left out. Standard input, output and error lead
    nowhere from here on.
    """
    import resource

    lower(resource.RLIMIT_CPU, seconds, seconds + 1)
    lower(resource.RLIMIT_FSIZE, file_size, file_size)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no dump of what crashes
    statm = Path("/proc/self/statm")
    if statm.exists():
        limit = int(statm.read_text().split()[0]) * resource.getpagesize() + memory
        lower(resource.RLIMIT_AS, limit, limit)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def lower(kind: int, soft: int, hard: int) -> None:
    """Set the soft and the hard limit, or what the system allows where that is less."""
    import resource

    allowed = resource.getrlimit(kind)[1]
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(allowed, soft), min(allowed, hard)
    resource.setrlimit(kind, (soft, hard))
