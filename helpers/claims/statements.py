"""The statements of the notes: `notebooks/claims.toml` is their only home."""

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers import runtime

STATEMENTS = runtime.ROOT / "notebooks" / "claims.toml"


@dataclass(frozen=True)
class Claim:
    """A statement as it stands in claims.toml, whose first lines say what each field is."""

    id: str
    lesson: str
    kind: str
    statement: str
    found: tuple[str, ...]
    expected: str
    because: str
    corrected: str = ""
    dropped: str = ""
    reading: str = ""
    scope: str = ""
    primary: str = ""
    criterion: str = ""
    claimed: str = ""
    measure: str = ""
    margin: float | None = None
    margin_reason: str = ""
    further: tuple[str, ...] = ()
    boundary: tuple[str, ...] = ()
    note: str = ""
    sources: tuple[str, ...] = ()


def read(path: Path = STATEMENTS) -> dict[str, Claim]:
    """All statements by id, in the order of the file."""
    return dict(_parsed(path, path.stat().st_mtime_ns))


@cache
def _parsed(path: Path, changed: int) -> dict[str, Claim]:
    """The statements of a file as it was at this time: a notebook asks for dozens."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: Claim(id=name, **_with_tuples(entry)) for name, entry in entries.items()}


def _with_tuples(entry: dict) -> dict:
    lists = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
    return {**entry, **lists}


def find(claim_id: str) -> Claim:
    """The statement with this id. Raises KeyError with the nearest ids where there is none."""
    statements = read()
    if claim_id not in statements:
        close = difflib.get_close_matches(claim_id, statements, n=3, cutoff=0.5)
        near = ", ".join(close) or f"see {STATEMENTS.name}"
        raise KeyError(f"{claim_id} is not in {STATEMENTS.name}; did you mean {near}?")
    return statements[claim_id]
