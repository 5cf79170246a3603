"""The recorded evidence: both arms of every comparison in every replicate, in `evidence/`.

`settings.csv` has one row for each statement in each setting, `values.csv` one for each replicate
of each. Summaries, README and book read verdicts from here only, and every word can be computed
again from the values.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from scipy import stats

from helpers import files, runtime
from helpers.claims import protocol
from helpers.claims.comparison import criterion, differences, judged, threshold
from helpers.claims.parts import Measured, Part
from helpers.claims.statements import Claim
from helpers.claims.statements import find as find_statement
from helpers.claims.statements import read as read_statements
from helpers.claims.verdict import PRIMARY, REFUTED, SUPPORTED, Verdict

FOLDER = runtime.ROOT / "evidence"
SETTINGS, VALUES, REPLICATION = "settings.csv", "values.csv", "replication.csv"
RUNS = 30
"""Replicates of what is recorded; a lesson runs with fewer."""
LIVE_LEVEL = 0.9999
"""How sure it has to be that a live measurement and the record do not agree."""
TIMES = re.compile(r"\bseconds\b|\b(?:in|samples) a second\b")
"""How the measure of a time is told."""
ARMS = ("treatment", "control", "groups")
PACKAGES = tuple(runtime.versions())


@dataclass(frozen=True)
class Record:
    """A verdict with where, when and by which code it was measured.

    `notebook` is a path inside the course's folder, `cell` the id of the cell that judged, `part`
    the execution it belongs to, `judging` the digest of the cells of that notebook that judge (see
    `protocol.judging_digest`).
    """

    verdict: Verdict
    notebook: str
    cell: str
    part: str
    judging: str
    seed: int
    backend: str
    date: str
    machine: str


def records(parts: Iterable[Measured], root: Path = runtime.ROOT) -> list[Record]:
    """The records of what was measured in the course that lies in `root`, in its order."""
    found = []
    for done in parts:
        part, when = done.part, (done.date, done.machine)
        for entry in done.found:
            verdict = Verdict(**entry["verdict"])
            if part.only and verdict.id not in part.only:
                continue  # a cell judged it too, but not in all its settings
            judging = entry.get("judging", "")  # of the cells that ran, not of those there are now
            where = (part.notebook, entry["cell"], part.name, judging)
            found.append(Record(verdict, *where, part.seed, part.backend, *when))
    return found


def changed(part: Part, known: Iterable[Record], root: Path = runtime.ROOT) -> tuple[str, ...]:
    """The statements of the part's notebook that are not recorded as its cells judge them now."""
    origin = (part.notebook, part.seed, part.backend)
    mine = {r.verdict.id: r.judging for r in known if _origin(r) == origin}
    here = protocol.judging_digests(root / part.notebook)
    return tuple(name for name, judging in here.items() if mine.get(name) != judging)


def is_first(record: Record) -> bool:
    """Whether a record is of the evidence itself, and not of its replication with other seeds."""
    return record.seed == 0 and record.backend == runtime.DEFAULT_BACKEND


def _judging(claim_id: str, notebook: Path) -> str:
    """The digest of what judges a statement; empty where no cell names it in so many letters."""
    try:
        return protocol.judging_digest(claim_id, [notebook])
    except (ValueError, FileNotFoundError):
        return ""


def faults(
    recorded: Iterable[Record], lock: Path = protocol.LOCK, root: Path = runtime.ROOT
) -> list[str]:
    """How records disagree with lock and cells, or their words with their values.

    The notebooks lie in `root`; that their cells are the locked ones `protocol.faults` says.
    """
    recorded, locked, found = list(recorded), protocol.locked(lock), []
    primary = Counter(r.verdict.id for r in recorded if r.verdict.role == PRIMARY)
    dates = {entry.id: entry.date for entry in reversed(protocol.entries(lock))}
    for record in recorded:
        verdict, entry = record.verdict, locked.get(record.verdict.id)
        place = f"{verdict.id} [{verdict.setting}]"
        if verdict.effect is not None and len(verdict.treatment) != verdict.runs:
            found.append(f"{place}: {len(verdict.treatment)} of {verdict.runs} values are recorded")
        elif not _alike(judged_again(verdict), verdict):
            found.append(f"{place}: the recorded word, interval or text is not that of its values")
        if entry and record.judging != _judging(verdict.id, root / record.notebook):
            found.append(f"{place} was measured by other cells than {record.notebook} has now")
        if entry and record.date[:10] < dates[verdict.id]:
            found.append(f"{place} was measured before its criterion was locked")
        if entry and verdict.role == PRIMARY:
            found += _other_criterion(verdict, find_statement(verdict.id))
    for name in dict.fromkeys(record.verdict.id for record in recorded):
        if name in locked and primary[name] != 1:
            found.append(f"{name} has {primary[name]} primary settings; it must have exactly one")
    return found


def _alike(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts are equal but for the last digits, which SciPy's versions round in
    different ways.
    """
    ends = ("effect", "low", "high")
    numbers = [[getattr(verdict, name) for name in ends] for verdict in (one, other)]
    if None in (*numbers[0], *numbers[1]):
        return one == other
    equal = replace(one, **dict(zip(ends, numbers[1], strict=True))) == other
    return equal and np.allclose(*numbers, rtol=1e-9, atol=1e-12)


def _other_criterion(verdict: Verdict, claim: Claim) -> list[str]:
    """Where the primary setting was judged by another claim or margin than claims.toml has."""
    if verdict.effect is None:
        decided = claim.claimed and verdict.verdict in (SUPPORTED, REFUTED)
        return [f"{verdict.id} is a comparison, but has no interval"] if decided else []
    same = verdict.claimed == claim.claimed and (
        claim.margin is None or math.isclose(threshold(verdict), claim.margin)
    )
    said = f"{claim.claimed} by {claim.margin}"
    return (
        []
        if same
        else [f"{verdict.id}: judged as {criterion(verdict)}, but claims.toml says {said}"]
    )


def updated(
    old: Iterable[Record],
    new: Iterable[Record],
    notebooks: Iterable[str],
    only: Iterable[str] = (),
    root: Path = runtime.ROOT,
) -> list[Record]:
    """Old records with those of a notebook, seed and backend that were measured again replaced.

    Records of a notebook that is not among the course's `notebooks` are left out, as are those of
    statements that are no more, or that no cell of the notebook in `root` names any longer. `only`
    names the statements that were measured: all of the notebook's where it is empty. The order is
    that of claims.toml. Raises ValueError if a setting of a statement was judged twice.
    """
    new = list(new)
    _check_once(new)
    order = {name: place for place, name in enumerate(read_statements())}
    current, again, only = set(notebooks), {_origin(record) for record in new}, set(only)
    kept = [
        record
        for record in old
        if record.notebook in current
        and not _given_up(record, root / record.notebook)
        and (_origin(record) not in again or (only and record.verdict.id not in only))
    ]
    last = {
        (record.verdict.id, record.verdict.setting, record.seed, record.backend): record
        for record in [*kept, *new]
        if record.verdict.id in order
    }
    return sorted(last.values(), key=lambda record: order[record.verdict.id])


def _given_up(record: Record, notebook: Path) -> bool:
    """Whether a cell of the notebook judged the statement, and none names it any longer."""
    known = bool(record.judging) and notebook.exists()
    return known and not protocol.named([record.verdict.id], notebook)


def _check_once(new: list[Record]) -> None:
    """Raise ValueError if a statement was judged twice in one setting: one would be lost."""
    judged_in = Counter(
        (record.verdict.id, record.verdict.setting, record.seed, record.backend) for record in new
    )
    twice = [f"{name} [{setting}]" for (name, setting, *_), n in judged_in.items() if n > 1]
    if twice:
        raise ValueError(f"Judged twice in one setting: {', '.join(twice)}. Name settings apart.")


def _origin(record: Record) -> tuple[str, int, str]:
    return record.notebook, record.seed, record.backend


def write(recorded: Iterable[Record], folder: Path = FOLDER, name: str = SETTINGS) -> None:
    """Write the records into `folder`: `name`, and for the evidence itself the values beside it."""
    recorded = list(recorded)
    rows = [_row(record) for record in recorded]
    columns = [*_columns(), *PACKAGES, *(f.name for f in fields(Record) if f.name != "verdict")]
    table = pd.DataFrame(rows, columns=pd.Index(columns))
    files.write_text(folder / name, table.to_csv(index=False))
    if name == SETTINGS:
        values = [row for record in recorded for row in _values(record.verdict)]
        columns = ["id", "setting", "replicate", *ARMS]
        table = pd.DataFrame(values, columns=pd.Index(columns))
        files.write_text(folder / VALUES, table.to_csv(index=False))


def read(folder: Path = FOLDER, name: str = SETTINGS) -> list[Record]:
    """The records in `folder`, none if there are none yet."""
    paths = [folder / name, folder / VALUES]
    if not paths[0].exists():
        return []
    return list(_parsed(*paths, *(path.stat().st_mtime_ns for path in paths if path.exists())))


def find(claim_id: str, setting: str, folder: Path = FOLDER) -> Record | None:
    """What is recorded of a statement in a setting."""
    for record in read(folder):
        if (record.verdict.id, record.verdict.setting) == (claim_id, setting):
            return record
    return None


def recorded(notebook: Path | str, folder: Path = FOLDER) -> list[Verdict]:
    """The recorded verdicts of a notebook (a path, or its place inside the course's folder)."""
    path = Path(notebook)
    name = path.relative_to(runtime.ROOT).as_posix() if path.is_absolute() else path.as_posix()
    return [record.verdict for record in read(folder) if record.notebook == name]


def contradicts(live: Verdict, record: Record) -> bool | None:
    """Whether a live comparison and the recorded one cannot both be right.

    They differ by more than chance explains at 99.99 % (Student's t), given how much the recorded
    replicates scatter: five live ones say too little about that. None, which says nothing, where
    these do not vary, where the scale has changed, for correlations, and for times, which are a
    machine's and its load's.
    """
    known = record.verdict
    if not (live.treatment and known.treatment) or live.groups or known.groups:
        return None
    if TIMES.search(known.measure) or live.scale != known.scale:
        return None
    here, there = differences(live), differences(known)
    if there.max() == there.min():
        return None
    error = there.std(ddof=1) * math.sqrt(1 / len(here) + 1 / len(there))
    farthest = error * stats.t.ppf((1 + LIVE_LEVEL) / 2, len(there) - 1)
    return bool(farthest < abs(here.mean() - there.mean()))


def judged_again(verdict: Verdict) -> Verdict:
    """A recorded comparison judged anew from its values; what was not compared stays as it is."""
    return judged(verdict) if verdict.treatment else verdict


def _columns() -> list[str]:
    return [f.name for f in fields(Verdict) if f.name not in (*ARMS, "versions")]


def _row(record: Record) -> dict:
    verdict = asdict(record.verdict)
    versions = verdict.pop("versions") or {}
    return {**verdict, **versions, **{k: v for k, v in vars(record).items() if k != "verdict"}}


def _values(verdict: Verdict) -> list[dict]:
    groups = verdict.groups or ("",) * len(verdict.treatment)
    arms = zip(verdict.treatment, verdict.control, groups, strict=True)
    return [
        {"id": verdict.id, "setting": verdict.setting, "replicate": place}
        | dict(zip(ARMS, row, strict=True))
        for place, row in enumerate(arms)
    ]


@cache
def _parsed(settings: Path, values: Path, *changed: int) -> tuple[Record, ...]:
    """The records of the files as they were at these times: a notebook asks for dozens."""
    arms: dict[tuple[str, str], dict[str, tuple]] = {}
    if settings.name == SETTINGS:
        table = pd.read_csv(values, keep_default_na=False, dtype=str)  # a setting may be a number
        for place, group in table.groupby(["id", "setting"], sort=False):
            name, setting = map(str, cast(tuple, place))
            arms[name, setting] = {
                "treatment": tuple(map(float, group["treatment"])),
                "control": tuple(map(float, group["control"])),
                "groups": tuple(int(each) for each in group["groups"] if each != ""),
            }
    table = pd.read_csv(settings, keep_default_na=False, dtype=str)
    return tuple(_record(row, arms) for row in table.to_dict("records"))


def _record(row: dict[str, str], arms: dict) -> Record:
    known = {name: _typed(name, row[name]) for name in _columns()}
    versions = {name: row[name] for name in PACKAGES if row[name]}
    values = arms.get((row["id"], row["setting"]), {})
    verdict = Verdict(**known, versions=versions, **values)
    origin = {f.name: row[f.name] for f in fields(Record) if f.name not in ("verdict", "seed")}
    return Record(verdict=verdict, seed=int(row["seed"]), **origin)


def _typed(name: str, text: str):
    """A cell of the table as the field of Verdict that it is."""
    if name in ("effect", "low", "high"):
        return float(text) if text else None
    if name in ("margin", "correlation"):
        return float(text) if text else math.nan
    return int(text) if name == "runs" else text
