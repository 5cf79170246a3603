"""Parts: which notebook to measure with which seed on which backend, and what each gave.

A part is one notebook with one SEED on one backend. This module plans parts and stores what they
gave; `helpers.course.cluster` executes them, `helpers.claims.evidence` keeps what they found.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers import files, runtime

BACKENDS = tuple(runtime.BACKENDS)


@dataclass(frozen=True)
class Part:
    """One execution of a notebook.

    `notebook` is a path inside the course's folder, `source` the fingerprint of its code. `only`
    are the statements to measure, with the cells that they need; empty for the whole notebook.
    """

    notebook: str
    source: str
    seed: int
    backend: str
    parameters: dict
    only: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in files and on the dashboard: unique to code, seed, backend, parameters."""
        path = Path(self.notebook)
        settings = json.dumps(self.parameters, sort_keys=True)
        asked = " ".join([self.source, settings, *self.only])
        code = hashlib.sha256(asked.encode()).hexdigest()[:8]
        return f"{path.parent.name}.{path.stem}-{code}-{self.backend}-{self.seed}"

    def __str__(self) -> str:
        """The part in a few words."""
        path = Path(self.notebook)
        return f"{path.parent.name}/{path.stem} seed {self.seed} {self.backend}"


@dataclass(frozen=True)
class Measured:
    """What a part gave: its verdicts with their cells, when, where and in how many seconds.

    `found` has {"cell": id, "verdict": fields, "judging": digest} in the order in which they came:
    the digest of the cells that judged the statement when they were executed.
    """

    part: Part
    found: list[dict]
    seconds: float
    date: str
    machine: str
    attempts: int = 1


def plan(
    sources: Mapping[str, str], *, seeds: int, backends: Sequence[str], parameters: dict
) -> list[Part]:
    """The parts of notebooks x seeds x backends, seed by seed: an interrupted run has whole seeds.

    `sources` has the fingerprint of each notebook, by its path inside the course's folder;
    `parameters` has PROFILE and what else the notebooks' parameters cells define. SEED is added:
    0, 1, 2, ..., of which no two share a run (see `training.seeds`).
    Raises ValueError for fewer than one seed, a SEED among the parameters, or an unknown profile.
    """
    if seeds < 1:
        raise ValueError(f"--seeds is {seeds}; it is how many seeds to measure, so at least 1.")
    if "SEED" in parameters:
        raise ValueError("SEED is what differs between the parts: say how many with --seeds.")
    if parameters["PROFILE"] not in runtime.PROFILES:
        profiles = ", ".join(runtime.PROFILES)
        raise ValueError(f"PROFILE is {parameters['PROFILE']!r}; choose one of {profiles}.")
    return [
        Part(notebook, source, seed, backend, {**parameters, "SEED": seed})
        for seed in range(seeds)
        for backend in backends
        for notebook, source in sources.items()
    ]


def store(folder: Path, measured: Measured) -> None:
    """Write what a part gave into `folder`, whole or not at all. Raises OSError if it cannot."""
    files.write_text(folder / f"{measured.part.name}.json", json.dumps(asdict(measured)))


def stored(folder: Path, parts: Iterable[Part]) -> list[Measured]:
    """What is stored of these parts, in their order; parts that are not there are left out."""
    paths = [folder / f"{part.name}.json" for part in parts]
    entries = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
    return [Measured(**{**entry, "part": _part(entry["part"])}) for entry in entries]


def _part(fields: dict) -> Part:
    return Part(**{**fields, "only": tuple(fields.get("only", ()))})
