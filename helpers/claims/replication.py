"""Replication over many seeds: what to measure, what is stored, how often verdicts agree.

A part is one notebook with one SEED on one backend. This module plans parts, stores what they gave
and counts; `helpers.course.cluster` executes them.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from helpers import files, runtime
from helpers.claims.statements import read
from helpers.claims.tables import by_claim, settle
from helpers.claims.verdict import Verdict

BACKENDS = tuple(runtime.BACKENDS)
COLUMNS = (
    *("id", "setting", "verdict", "expected", "effect", "low", "high", "claimed", "margin", "runs"),
    *("seed", "notebook", "backend", "profile", "data", "seconds", "attempts"),
    *runtime.versions(),
    "detail",
)
"""The columns of verdicts.csv."""


@dataclass(frozen=True)
class Part:
    """One execution of a notebook.

    `notebook` is a path inside the course's folder, `source` the fingerprint of its code.
    """

    notebook: str
    source: str
    seed: int
    backend: str
    parameters: dict

    @property
    def name(self) -> str:
        """The name in files and on the dashboard: unique to code, seed, backend, parameters."""
        path = Path(self.notebook)
        settings = json.dumps(self.parameters, sort_keys=True)
        code = hashlib.sha256(f"{self.source} {settings}".encode()).hexdigest()[:8]
        return f"{path.parent.name}.{path.stem}-{code}-{self.backend}-{self.seed}"

    def __str__(self) -> str:
        """The part in a few words."""
        path = Path(self.notebook)
        return f"{path.parent.name}/{path.stem} seed {self.seed} {self.backend}"


@dataclass(frozen=True)
class Measured:
    """What a part gave: its verdicts as recorded, the seconds it took, how often it was begun."""

    part: Part
    verdicts: list[dict]
    seconds: float
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
    return [Measured(**{**entry, "part": Part(**entry["part"])}) for entry in entries]


@dataclass(frozen=True)
class Agreement:
    """How the seeds agree on a statement (`setting` is "") or on one of its settings.

    `share` is that of the most frequent word, `words` has all of them with their counts.
    """

    id: str
    setting: str
    seeds: int
    share: float
    words: str


def publish(folder: Path, measured: Sequence[Measured], missing: Sequence[Part]) -> str:
    """Write verdicts.csv, agreement.csv and README.md into `folder`; the result in a line."""
    if not measured:
        return "Nothing was measured, so nothing was written."
    verdicts, agreed = table(measured), agreement(measured)
    verdicts.to_csv(folder / "verdicts.csv", index=False)
    pd.DataFrame([asdict(row) for row in agreed]).to_csv(folder / "agreement.csv", index=False)
    (folder / "README.md").write_text(page(verdicts, agreed, missing), encoding="utf-8")
    whole = [row for row in agreed if not row.setting]
    same = f"{_how_many_agree(whole)} statements the same with every seed"
    return f"{len(verdicts)} verdicts; {same}: see {folder / 'README.md'}"


def table(measured: Iterable[Measured]) -> pd.DataFrame:
    """One row a verdict, as recorded, with the part that it comes from."""
    statements = read()
    rows = [
        {
            **verdict,
            **(verdict["versions"] or {}),
            "expected": statements[verdict["id"]].expected,
            "seed": done.part.seed,
            "notebook": done.part.notebook,
            "backend": done.part.backend,
            "seconds": round(done.seconds, 1),
            "attempts": done.attempts,
        }
        for done in measured
        for verdict in done.verdicts
    ]
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS))


def agreement(measured: Iterable[Measured]) -> list[Agreement]:
    """In what share of the seeds verdicts came out the same, statement by statement.

    A seed on another backend counts as another seed; a statement's word for a seed is `settle` of
    its settings.
    """
    found: dict[tuple[int, str], list[Verdict]] = {}
    for done in measured:
        verdicts = [Verdict(**verdict) for verdict in done.verdicts]
        found.setdefault((done.part.seed, done.part.backend), []).extend(verdicts)
    words: dict[tuple[str, str], list[str]] = {}
    for verdicts in found.values():
        for name, group in by_claim(verdicts).items():
            words.setdefault((name, ""), []).append(settle(group))
            for verdict in group:
                if verdict.setting:
                    words.setdefault((name, verdict.setting), []).append(verdict.verdict)
    order = list(read())
    places = sorted(words, key=lambda place: (order.index(place[0]), place[1]))
    return [_agreement(*place, words[place]) for place in places]


def _agreement(name: str, setting: str, words: list[str]) -> Agreement:
    counts = Counter(words).most_common()
    share = round(counts[0][1] / len(words), 3)
    listed = ", ".join(f"{count} {word}" for word, count in counts)
    return Agreement(name, setting, len(words), share, listed)


def page(verdicts: pd.DataFrame, agreed: Sequence[Agreement], missing: Sequence[Part]) -> str:
    """The results to read, in Markdown: what was measured, what changed, all statements."""
    whole = [row for row in agreed if not row.setting]
    settings = [row for row in agreed if row.setting]
    lines = [
        "# Evidence over seeds",
        "",
        "Written by `python -m helpers evidence`; do not edit. Every notebook was executed again",
        "with other seeds, which change how the data are divided, samples, initial weights and",
        "batches. No two seeds share a run.",
        "",
        *_what_was_measured(verdicts),
        *(f"- not measured: {part}" for part in missing),
        f"- **{_how_many_agree(whole)} statements came out the same with every seed**,",
        f"  {_how_many_agree(settings)} settings did",
        "",
        "The same for machines: [agreement.csv](agreement.csv). A row with an empty setting stands",
        "for the whole statement, whose word is *qualified* where its settings disagree.",
        "",
        "## What changed with the seed",
        "",
        *_rows([row for row in agreed if row.share < 1]),
        "",
        "## All statements",
        "",
        *_rows(whole),
    ]
    return "\n".join(lines) + "\n"


def _what_was_measured(verdicts: pd.DataFrame) -> list[str]:
    parts = verdicts.drop_duplicates(["notebook", "seed", "backend"])
    paired = verdicts.loc[verdicts["runs"] > 0, "runs"]
    varied = ("notebook", "seed", "backend", "profile")
    packages = [f"{package} {_listed(verdicts[package])}" for package in runtime.versions()]
    return [
        f"- {len(parts)} executions, {len(verdicts)} verdicts",
        *(f"- {word}: {_listed(verdicts[word])}" for word in varied),
        f"- paired runs behind a verdict: {_listed(sorted(paired))}",
        f"- {', '.join(packages)}",
    ]


def _how_many_agree(agreed: Sequence[Agreement]) -> str:
    return f"{sum(row.share == 1 for row in agreed)} of {len(agreed)}"


def _rows(agreed: Sequence[Agreement]) -> list[str]:
    """The rows as a table in Markdown."""
    if not agreed:
        return ["None."]
    statements = read()
    lines = [
        "| | statement | setting | expected | seeds | share | verdicts |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in agreed:
        claim = statements[row.id]
        said = (claim.id, claim.statement, row.setting, claim.expected)
        counted = (str(row.seeds), f"{row.share:.0%}", row.words)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in (*said, *counted))} |")
    return lines


def _listed(values: Iterable[object]) -> str:
    """Each value once."""
    return ", ".join(dict.fromkeys(map(str, values)))
