"""A course of one notebook and the course's claims, in a folder where both may be damaged."""

import json
import shutil
from pathlib import Path

from helpers.claims import evidence, protocol, statements
from helpers.claims.parts import Measured, Part

CELLS = {
    "setup": "import sys",
    "parameters": "SEED = 0\nRUNS = 5",
    "ledger": "verdicts, counts = claims.Ledger(), claims.Ledger()",
    "net": (
        "width = 256\n\n\ndef gap(units):\n    total = 0\n    for run in range(RUNS):\n"
        "        total += units\n        total += run\n    return total"
    ),
    "other": "elsewhere = 3",
    "judge": 'verdicts.compare("OVF-01", gap(width), gap(8), claimed="higher", margin=0.02)',
    "count": 'counts.compute("OVF-02", elsewhere > 2, detail="counted")',
}


class SmallCourse:
    """Its files: `notebook`, `claims` and the folder of the evidence, `folder`."""

    def __init__(self, root: Path, monkeypatch):
        self.cells = dict(CELLS)
        self.notebook = root / "01_small.ipynb"
        self.folder = root / "evidence"
        self.claims = root / "claims.toml"
        shutil.copy(statements.STATEMENTS, self.claims)
        self.write()
        read = lambda: statements.read(self.claims)
        find = lambda name: read()[name]
        monkeypatch.setattr(protocol, "read", read)
        monkeypatch.setattr(protocol, "find", find)
        monkeypatch.setattr(evidence, "read_statements", read)
        monkeypatch.setattr(evidence, "find_statement", find)

    @property
    def lock_file(self) -> Path:
        return self.folder / protocol.LOCK.name

    @property
    def changes_file(self) -> Path:
        return self.folder / protocol.CHANGES.name

    def write(self) -> None:
        """Write the notebook's cells, each with its name as its id."""
        cells = [
            {
                "cell_type": "code",
                "id": name,
                "source": source,
                "metadata": {"tags": [name]},
                "outputs": [],
                "execution_count": None,
            }
            for name, source in self.cells.items()
        ]
        content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        self.notebook.write_text(json.dumps(content), encoding="utf-8")

    def edit(self, cell: str, old: str, new: str) -> None:
        """Change a cell."""
        assert old in self.cells[cell]
        self.cells[cell] = self.cells[cell].replace(old, new)
        self.write()

    def lock(self, *names: str, **words) -> list[protocol.Entry | None]:
        """Lock statements."""
        return [protocol.add(n, [self.notebook], folder=self.folder, **words) for n in names]

    def faults(self) -> list[str]:
        """What the protocol has to say."""
        return protocol.faults([self.notebook], self.folder)

    def measure(self, *verdicts, seed: int = 0, backend: str = "tensorflow", date="2999-01-01"):
        """Records of these verdicts, as if the notebook had given them."""
        part = Part("01_small.ipynb", "code", seed, backend, {"PROFILE": "quick", "SEED": seed})
        digests = protocol.judging_digests(self.notebook)
        found = [
            {"cell": "judge", "verdict": vars(one), "judging": digests.get(one.id, "")}
            for one in verdicts
        ]
        done = Measured(part, found, 1.5, date, "Linux x86_64, 2 cores")
        return evidence.records([done], self.notebook.parent)
