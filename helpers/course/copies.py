"""A reader's own copies of the notebooks, in `work/`: nothing in them is ever overwritten.

So updating the course cannot touch what somebody wrote. A notebook that was improved since is
written beside the reader's copy, as NAME_edition2.ipynb.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers import files
from helpers.course import notebooks
from helpers.runtime import ROOT

FOLDER = "work"
COPY, HANDOUT = "course", "handout"
"""The metadata by which a copy, or a handout, is known to be as it was written."""
ANSWER = "answer"
"""The tag of cells that tell what a prediction was about; teachers' handouts leave them out."""
FIRST_PAGE = "00_start"
"""Its text shows with the set-up cell how a cell is run; elsewhere that cell is folded."""


def begin(root: Path = ROOT) -> list[Path]:
    """Copy into `work/` what is not there yet; the files written. Raises OSError."""
    written = []
    for notebook in notebooks.find(root):
        fresh = without_outputs(notebook)
        fresh.metadata[COPY] = _mark(fresh)
        place = root / FOLDER / notebook.relative_to(root / "notebooks")
        target = _target(place, fresh)
        if target:
            write(fresh, target)
            written.append(target)
    return written


def without_outputs(notebook: Path) -> NotebookNode:
    """A notebook as before its first run, and no half of a pair. Raises what `read` raises."""
    fresh = notebooks.read(notebook)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.metadata.get("jupyter", {}).pop("outputs_hidden", None)  # nothing to hide yet
        if "setup" in cell.metadata.get("tags", ()) and notebook.stem != FIRST_PAGE:
            cell.metadata["jupyter"] = {"source_hidden": True}
    fresh.metadata.pop("widgets", None)
    fresh.metadata["jupytext"] = {"formats": "ipynb"}
    return fresh


def handout(notebook: Path) -> NotebookNode:
    """A notebook for learners: without outputs and without the cells tagged `answer`."""
    fresh = without_outputs(notebook)
    fresh.cells = [cell for cell in fresh.cells if ANSWER not in cell.metadata.get("tags", ())]
    return fresh


def hand_out(notebook: Path, path: Path) -> None:
    """Write a handout, over an earlier one if there is one that nobody has changed.

    Raises ValueError for another file of that name, and OSError.
    """
    if path.exists() and not _is_untouched(_read(path), HANDOUT):
        raise ValueError(
            f"{path} was changed since this command wrote it, or written by something else: choose "
            "another --out, or move it away."
        )
    content = handout(notebook)
    content.metadata[HANDOUT] = _mark(content)
    write(content, path)


def write(content: NotebookNode, path: Path) -> None:
    """Write a notebook, whole or not at all. Raises OSError."""
    files.write_text(path, f"{nbformat.writes(content)}\n")


def _target(place: Path, fresh: NotebookNode) -> Path | None:
    """Where to write: `place`, or beside it; None where this edition is there already."""
    there = list(takewhile(Path.exists, _editions(place)))
    if there:
        last = _read(there[-1])
        if last.metadata.get(COPY) == fresh.metadata[COPY]:
            return None
        if _is_untouched(last, COPY):
            return there[-1]
    return next(path for path in _editions(place) if not path.exists())


def _editions(place: Path) -> Iterator[Path]:
    yield place
    for number in count(2):
        yield place.with_name(f"{place.stem}_edition{number}.ipynb")


def _read(path: Path) -> NotebookNode:
    """What a reader made of a copy; an empty notebook where it is none any more."""
    try:
        return notebooks.read(path)
    except ValueError:
        return nbformat.v4.new_notebook()


def _is_untouched(content: NotebookNode, kind: str) -> bool:
    """Whether a copy is as it was written, so that nothing of its reader is in it."""
    same = content.metadata.get(kind) == _mark(content)
    return same and not any(cell.get("outputs") for cell in content.cells)


def _mark(content: NotebookNode) -> dict[str, str]:
    """What a notebook's metadata hold so that `_is_untouched` knows it again."""
    return {"edition": _digest(content)}


def _digest(content: NotebookNode) -> str:
    sources = [(cell.cell_type, cell.source) for cell in content.cells]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()
