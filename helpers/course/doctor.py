"""What the course finds on this machine, line by line: `python -m helpers doctor`."""

import platform

from helpers import runtime
from helpers.datasets import sources

HOW = {"tensorflow": "trains one run after the other", "jax": "trains all runs at once"}


def report() -> str:
    """Backend, device, cores, memory, data and versions, and what the machine is good for.

    Starts the backend. Raises what `runtime.start` and `runtime.profile` raise.
    """
    machine = runtime.start()
    device = f"{machine.device}; memory grows on demand" if machine.accelerators else "CPU only"
    memory = f"{machine.memory:.1f} GB" if machine.memory else "unknown"
    lines = {
        "place": f"{machine.place}, {platform.system()} on {platform.machine()}",
        "backend": f"Keras on {machine.backend}: {HOW[machine.backend]}",
        "device": device,
        "cores": str(machine.cores),
        "memory": memory,
        "profile": runtime.profile(),
        "data": "; ".join(f"{name}: {where(name)}" for name in ("wine", *sources.REAL)),
        "versions": ", ".join(f"{name} {number}" for name, number in runtime.versions().items()),
        "good for": machine.good_for,
    }
    return "\n".join(f"{name:<9} {text}" for name, text in lines.items())


def where(name: str) -> str:
    """Where `datasets.load(name)` takes its data from; nothing is loaded."""
    if name == "wine":
        return "your own" if sources.own("winequality-red.csv") else "embedded"
    real = sources.REAL[name]
    if sources.own(*real.own):
        return "your own"
    if all((runtime.keras_home() / "datasets" / file).exists() for _, file, _ in real.downloads):
        return "in Keras's cache"
    return "downloaded on first use" if runtime.profile() == "full" else "embedded"
