"""Evidence over many seeds: what to measure, what is kept, and in what share of the seeds verdicts agree. Floor 5.

A part is one notebook with one seed on one backend. `cluster` executes parts; this room plans, keeps and counts.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from helpers import claims, runtime
from helpers.course import notebooks
from helpers.datasets import downloads as files

SEED_STEP = 1000
"""Between two seeds of the evidence. Notebooks take SEED, SEED + 1, ... for their runs: neighbours would share most."""

BACKENDS = tuple(runtime.BACKENDS)
COLUMNS = (
    "id", "setting", "verdict", "expected", "effect", "low", "high", "better", "margin", "runs", "seed", "notebook",
    "backend", "profile", "data", "seconds", "attempts", *runtime.versions(), "detail",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One execution: `notebook` as a path inside the course's folder, `source` the fingerprint of its code."""

    notebook: str
    source: str
    seed: int
    backend: str
    parameters: dict

    @property
    def name(self) -> str:
        """What the part is called in files and on the dashboard: another for other code, seed, backend or parameters."""
        room, stem = Path(self.notebook).parent.name, Path(self.notebook).stem
        code = hashlib.sha256(
            f"{self.source} {json.dumps(self.parameters, sort_keys=True)}".encode()
        ).hexdigest()[:8]
        return f"{room}.{stem}-{code}-{self.backend}-{self.seed}"

    def __str__(self) -> str:
        return f"{Path(self.notebook).parent.name}/{Path(self.notebook).stem} seed {self.seed} {self.backend}"


@dataclass(frozen=True)
class Measured:
    """What a part gave: its verdicts as recorded, the seconds it took, how often it was begun."""

    part: Part
    verdicts: list[dict]
    seconds: float
    attempts: int = 1


def fingerprint(notebook: Path) -> str:
    """A word for the code of a notebook, without its setup cell, prose and outputs. Raises what `notebooks.read` raises."""
    cells = [cell for cell in notebooks.read(notebook).cells if cell.cell_type == "code"]
    code = [cell.source for cell in cells if "setup" not in cell.metadata.get("tags", ())]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def plan(
    chosen: Iterable[Path], root: Path, *, seeds: int, backends: Sequence[str], parameters: dict
) -> list[Part]:
    """The parts of notebooks x seeds x backends, seed by seed, so that an interrupted run has whole seeds.

    `parameters`: PROFILE and what else the notebooks' parameters cells define; SEED is added.
    Raises ValueError for fewer than one seed, an unknown profile or parameter, or a notebook outside of `root`, and
    what `notebooks.read` raises.
    """
    if seeds < 1:
        raise ValueError(f"--seeds is {seeds}; it is how many seeds to measure, so at least 1.")
    if "SEED" in parameters:
        raise ValueError("SEED is what the evidence varies: say how many with --seeds.")
    if parameters["PROFILE"] not in runtime.PROFILES:
        raise ValueError(
            f"PROFILE is {parameters['PROFILE']!r}; choose one of {', '.join(runtime.PROFILES)}."
        )
    sources = {}
    for path in chosen:
        if not path.is_relative_to(root):
            raise ValueError(
                f"{path} lies outside of the course's folder {root}: copy it into notebooks/."
            )
        notebooks.check_parameters(path, {**parameters, "SEED": 0})
        sources[path.relative_to(root).as_posix()] = fingerprint(path)
    return [
        Part(notebook, source, seed, backend, {**parameters, "SEED": seed})
        for seed in range(0, SEED_STEP * seeds, SEED_STEP)
        for backend in backends
        for notebook, source in sources.items()
    ]


def keep(folder: Path, measured: Measured) -> None:
    """Write what a part gave into `folder`, whole or not at all."""
    files.write_text(folder / f"{measured.part.name}.json", json.dumps(asdict(measured)))


def kept(folder: Path, parts: Iterable[Part]) -> list[Measured]:
    """What was kept of these parts, in their order; those that are not there are left out."""
    paths = [folder / f"{part.name}.json" for part in parts]
    entries = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
    return [Measured(**{**entry, "part": Part(**entry["part"])}) for entry in entries]


def publish(folder: Path, measured: Sequence[Measured], missing: Sequence[Part]) -> str:
    """Write verdicts.csv, agreement.csv and README.md into `folder`; a line that says what came out."""
    if not measured:
        return "Nothing was measured, so nothing was written."
    verdicts = table(measured)
    agreed = agreement(verdicts)
    verdicts.to_csv(folder / "verdicts.csv", index=False)
    agreed.to_csv(folder / "agreement.csv", index=False)
    (folder / "README.md").write_text(page(verdicts, agreed, missing), encoding="utf-8")
    shares = agreed.loc[agreed["setting"] == "", "share"]
    same = f"{(shares == 1).sum()} of {len(shares)} statements the same with every seed"
    return f"{len(verdicts)} verdicts; {same}: see {folder / 'README.md'}"


def table(measured: Iterable[Measured]) -> pd.DataFrame:
    """One row a verdict, as recorded, with the part that it comes from."""
    statements = claims.read()
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
    return pd.DataFrame(rows, columns=list(COLUMNS))


def agreement(verdicts: pd.DataFrame) -> pd.DataFrame:
    """In what share of the seeds verdicts came out the same: a row a statement (setting "") and one a named setting.

    Columns id, setting, seeds, share, words. A seed on another backend counts as another seed; a statement's word for a
    seed is `claims.settle` of its settings; `share` is that of the most frequent word.
    """
    last = verdicts.drop_duplicates(
        ["id", "setting", "seed", "backend"], keep="last"
    )  # a cell that ran twice
    named = last.loc[last["setting"] != "", ["id", "setting", "verdict"]]
    whole = [
        {"id": name, "setting": "", "verdict": claims.settle(group.itertuples())}
        for (name, _, _), group in last.groupby(["id", "seed", "backend"])
    ]
    rows = [
        {"id": name, "setting": setting, **_shares(group["verdict"])}
        for (name, setting), group in pd.concat([pd.DataFrame(whole), named]).groupby(
            ["id", "setting"]
        )
    ]
    order = {name: number for number, name in enumerate(claims.read())}
    return pd.DataFrame(rows).sort_values(
        "id", key=lambda ids: ids.map(order), kind="stable", ignore_index=True
    )


def _shares(words: pd.Series) -> dict:
    counts = words.value_counts()
    return {
        "seeds": len(words),
        "share": round(counts.iloc[0] / len(words), 3),
        "words": ", ".join(f"{count} {word}" for word, count in counts.items()),
    }


def page(verdicts: pd.DataFrame, agreed: pd.DataFrame, missing: Sequence[Part]) -> str:
    """The evidence to read, in Markdown: what was measured, what changed its word with the seed, all statements."""
    whole, settings = agreed[agreed["setting"] == ""], agreed[agreed["setting"] != ""]
    lines = [
        "# Evidence over seeds",
        "",
        "Written by `python -m helpers evidence`; do not edit. Every notebook was executed again with other seeds, which",
        f"change splits, samples, first weights and batches. Seeds lie {SEED_STEP} apart, so that no two share a run.",
        "",
        *_what_was_measured(verdicts),
        *(f"- not measured: {part}" for part in missing),
        f"- **{_how_many_agree(whole)} statements came out the same with every seed**, {_how_many_agree(settings)} settings did",
        "",
        "The same for machines: [agreement.csv](agreement.csv). A row with an empty setting stands for the whole statement,",
        "whose word is *qualified* where its settings disagree.",
        "",
        "## What changed its word with the seed",
        "",
        *_rows(agreed[agreed["share"] < 1]),
        "",
        "## All statements",
        "",
        *_rows(whole),
    ]
    return "\n".join(lines) + "\n"


def _what_was_measured(verdicts: pd.DataFrame) -> list[str]:
    parts = verdicts.drop_duplicates(["notebook", "seed", "backend"])
    paired = verdicts.loc[verdicts["runs"] > 0, "runs"]
    return [
        f"- {len(parts)} executions, {len(verdicts)} verdicts",
        *(
            f"- {word}: {_listed(verdicts[word])}"
            for word in ("notebook", "seed", "backend", "profile")
        ),
        f"- paired runs behind a verdict: {_listed(paired.sort_values())}",
        f"- {', '.join(f'{package} {_listed(verdicts[package])}' for package in runtime.versions())}",
    ]


def _how_many_agree(agreed: pd.DataFrame) -> str:
    return f"{(agreed['share'] == 1).sum()} of {len(agreed)}"


def _rows(agreed: pd.DataFrame) -> list[str]:
    statements = claims.read()
    lines = [
        "| | statement | setting | expected | seeds | share | verdicts |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in agreed.itertuples():
        claim = statements[row.id]
        cells = (
            row.id,
            claim.statement,
            row.setting,
            claim.expected,
            str(row.seeds),
            f"{row.share:.0%}",
            row.words,
        )
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return lines if len(agreed) else ["None."]


def _listed(values: pd.Series) -> str:
    return ", ".join(str(value) for value in values.drop_duplicates())
