"""The lock of the protocol: which criterion and which judging cell stood when, and what changed.

`evidence/protocol.lock` has one line for each time that a statement was locked: date, id, digest of
its criterion, digest of what judges it, and a seal over the line and all before it. Lines are only
ever added. Each line after a statement's first needs one in `evidence/CHANGES.md` that says what
changed, why, and whether the results had been seen.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from helpers import cells, files, runtime
from helpers.claims.statements import Claim, find, read

LOCK = runtime.ROOT / "evidence" / "protocol.lock"
CHANGES = runtime.ROOT / "evidence" / "CHANGES.md"
DIGITS = 12
RESULTS = "results"
"""The folder beside the lessons with what studies found."""
LEDGER = "verdicts"
"""What the notebooks call their ledger."""
FIXED = (
    *("id", "kind", "statement", "reading", "scope", "primary", "criterion", "claimed", "measure"),
    *("margin", "further", "boundary"),
)
"""What of a statement may not change unnoticed."""
CHANGE = re.compile(
    r"- (?P<date>\d{4}-\d\d-\d\d), (?P<id>[A-Z]+-\d+), (?P<seal>[0-9a-f]{12}), "
    r"results (?P<seen>seen|not seen): (?P<why>.+)"
)
FEWEST_WORDS = 5
"""Of a reason."""


@dataclass(frozen=True)
class Entry:
    """A line of the lock: the digests of a statement's criterion and of what judges it."""

    date: str
    id: str
    criterion: str
    judging: str
    seal: str

    def __str__(self) -> str:
        """The line."""
        return f"{self.date} {self.id} {self.criterion} {self.judging} {self.seal}"


def digest(text: str) -> str:
    """The first digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def criterion_digest(claim: Claim) -> str:
    """A word for what a statement says, means, and is to be decided by."""
    return digest(json.dumps([getattr(claim, name) for name in FIXED], ensure_ascii=False))


def judging_digest(claim_id: str, notebooks: Iterable[Path]) -> str:
    """A word for the cells that name the statement, for all cells on whose names they depend, and
    for the results of studies that these read.

    The set-up cell, comments and layout do not count. Raises ValueError if no
    code cell of the notebooks names it.
    """
    notebooks = list(notebooks)
    found = [_judging_cells(claim_id, _sources(notebook)) for notebook in notebooks]
    if not any(found):
        raise ValueError(f"No code cell names {claim_id}, so nothing judges it.")
    codes = [_code(source) for sources in found for source in sources]
    pairs = zip(notebooks, found, strict=True)
    studies = dict.fromkeys(path for pair in pairs for path in _results(*pair))
    return digest("\n".join([*codes, *(path.read_text(encoding="utf-8") for path in studies)]))


def judging_digests(notebook: Path) -> dict[str, str]:
    """The digest of what judges it, for each statement that a code cell of the notebook names."""
    return {name: judging_digest(name, [notebook]) for name in named(read(), notebook)}


def cells_for(claim_ids: Iterable[str], notebook: Path) -> list[str]:
    """The sources of the notebook's cells that judge these statements, and of all that must run
    before: a cell runs as a whole, so it needs what any of its lines needs.
    """
    sources = _sources(notebook)
    found: list[str] = []
    more = _judging_cells("|".join(claim_ids), sources)
    while len(more) > len(found):
        found = more
        more = cells.with_dependencies(found, sources, unchanged=LEDGER)
    return found


def named(claim_ids: Iterable[str], notebook: Path) -> list[str]:
    """Those of the statements that a code cell of the notebook names."""
    sources = _sources(notebook)
    return [name for name in claim_ids if any(_names(name, source) for source in sources)]


def entries(lock: Path = LOCK) -> list[Entry]:
    """The lines of the lock, none if there is none yet.

    Raises ValueError for a line that has not its five words.
    """
    found = []
    for line in lock.read_text(encoding="utf-8").splitlines() if lock.exists() else ():
        words = line.split()
        if len(words) != len(Entry.__dataclass_fields__):
            raise ValueError(f"{LOCK.name} has the line {line!r}; each has five words.")
        found.append(Entry(*words))
    return found


def locked(lock: Path = LOCK) -> dict[str, Entry]:
    """The last line of each statement that is measured under the protocol."""
    return {entry.id: entry for entry in entries(lock)}


def add(
    claim_id: str, notebooks: Iterable[Path], *, why: str = "", seen: bool = True, folder: Path
) -> Entry | None:
    """Lock a statement as it stands, and note the change if it was locked before.

    None if nothing has changed. Raises ValueError for a change without a reason.
    """
    lock, changes = folder / LOCK.name, folder / CHANGES.name
    known = entries(lock)
    before = {entry.id: entry for entry in known}.get(claim_id)
    digests = criterion_digest(find(claim_id)), judging_digest(claim_id, notebooks)
    if before and (before.criterion, before.judging) == digests:
        return None
    if before and len(why.split()) < FEWEST_WORDS:
        raise ValueError(
            f"{claim_id} was locked on {before.date} and has changed: say what and why, "
            f"in at least {FEWEST_WORDS} words, with --because."
        )
    today = date.today().isoformat()
    entry = Entry(today, claim_id, *digests, _seal(known, today, claim_id, *digests))
    files.write_text(lock, "".join(f"{each}\n" for each in [*known, entry]))
    if before:
        told = changes.read_text(encoding="utf-8") if changes.exists() else ""
        results = "seen" if seen else "not seen"
        line = f"- {today}, {claim_id}, {entry.seal}, results {results}: {' '.join(why.split())}\n"
        files.write_text(changes, told + line)
    return entry


def changes(claim_id: str, path: Path = CHANGES) -> list[re.Match]:
    """The lines of CHANGES.md on a statement, as matches of CHANGE."""
    return [change for change in _changes(path) if change["id"] == claim_id]


def faults(notebooks: Iterable[Path], folder: Path = LOCK.parent) -> list[str]:
    """How the statements as they stand disagree with the lock and with CHANGES.md."""
    notebooks, known = list(notebooks), entries(folder / LOCK.name)
    found = _broken_seals(known)
    noted = {change["seal"]: change for change in _changes(folder / CHANGES.name)}
    first, statements = set(), read()
    for entry in known:
        change = noted.get(entry.seal)
        if entry.id in first and (change is None or change["id"] != entry.id):
            found.append(
                f"{entry.id} was locked anew on {entry.date} without its line in CHANGES.md"
            )
        elif entry.id in first and change and len(change["why"].split()) < FEWEST_WORDS:
            found.append(f"{entry.id}: its line of {entry.date} in CHANGES.md gives no reason")
        first.add(entry.id)
    for name, entry in {entry.id: entry for entry in known}.items():
        if name not in statements:
            found.append(f"{name} is locked and no longer in claims.toml")
            continue
        found += _changed(statements[name], entry, notebooks)
    return found


def _changed(claim: Claim, entry: Entry, notebooks: list[Path]) -> list[str]:
    """Whether criterion or judging cells are others than those that were locked."""
    found = []
    if criterion_digest(claim) != entry.criterion:
        found.append(f"{claim.id}: its reading, scope or criterion changed after {entry.date}")
    try:
        judging = judging_digest(claim.id, notebooks)
    except ValueError as error:
        return [*found, str(error)]
    if judging != entry.judging:
        found.append(f"{claim.id}: the cells that judge it changed after {entry.date}")
    return found


def _broken_seals(known: list[Entry]) -> list[str]:
    return [
        f"line {place + 1} of protocol.lock ({entry.id}) was edited, or one before it removed"
        for place, entry in enumerate(known)
        if entry.seal != _seal(known[:place], entry.date, entry.id, entry.criterion, entry.judging)
    ]


def _seal(before: list[Entry], *line: str) -> str:
    return digest(" ".join([before[-1].seal if before else "", *line]))


def _changes(path: Path) -> list[re.Match]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = [CHANGE.fullmatch(line) for line in text.splitlines()]
    return [change for change in found if change]


@cache
def _parsed(notebook: Path, changed: int) -> tuple[str, ...]:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    return tuple(
        "".join(cell["source"]) for cell in code if "setup" not in cell["metadata"].get("tags", ())
    )


def _sources(notebook: Path) -> tuple[str, ...]:
    """The sources of a notebook's code cells but the set-up."""
    return _parsed(notebook, notebook.stat().st_mtime_ns)


def _names(claim_id: str, source: str) -> bool:
    return bool(re.search(rf"[\"'](?:{claim_id})[\"']", source))


def _judging_cells(claim_id: str, sources: tuple[str, ...]) -> list[str]:
    """The cells that name the statement, and those that make what these use.

    That one more verdict comes into the ledger changes no other.
    """
    naming = [source for source in sources if _names(claim_id, source)]
    return cells.with_dependencies(naming, sources, unchanged=LEDGER)


def _results(notebook: Path, sources: list[str]) -> list[Path]:
    """The files of results whose names stand in these cells of a notebook, or of an audit."""
    nodes = [
        node
        for source in sources
        for one in cells.statements(source)
        for node in ast.walk(one.node)
    ]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
    names = sorted({text for text in texts if isinstance(text, str) and text.endswith(".json")})
    places = [folder / RESULTS / name for folder in notebook.parents[:2] for name in names]
    return [path for path in places if path.is_file()]


def _code(source: str) -> str:
    """What a cell does, without comments and layout; the cell itself if it is not Python."""
    nodes = [one.node for one in cells.statements(source)]
    return repr([_essence(node) for node in nodes]) if nodes else source


def _essence(node: object) -> object:
    """A syntax tree as names and values, without the fields that only some Pythons have."""
    if isinstance(node, list):
        return [_essence(each) for each in node]
    if not isinstance(node, ast.AST):
        return node
    parts = [
        (name, _essence(part)) for name, part in ast.iter_fields(node) if part not in (None, [])
    ]
    return type(node).__name__, parts
