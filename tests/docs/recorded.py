"""A small record of evidence for the tests of the book, with every kind of comparison once."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from helpers import claims
from helpers.claims import Record, Verdict, evidence, protocol
from helpers.claims.protocol import Entry

AUDIT = "notebooks/audits/01_overfitting.ipynb"
LOCKED, CHANGED = "2026-01-02", "2026-03-04"
WHY = "the pool of test images turned out to hold doublets"


def compared() -> list[Verdict]:
    """Comparisons by each method, on each scale, of each claim, in each role."""
    generator = np.random.default_rng(0)

    def pair(name, setting, shift=0.1, spread=0.03, **criterion):
        control = 1 + generator.normal(0, 0.1, 30)
        treatment = control + shift + generator.normal(0, spread, 30)
        given = {"claimed": "higher", "margin": 0.02, "measure": f"gap, {setting}", "data": "wine"}
        return claims.compare_pairs(
            name, treatment, control, setting=setting, **(given | criterion)
        )

    x = generator.normal(size=(6, 12))
    y = x + generator.normal(size=(6, 12))
    ratio = {"scale": "log", "margin": 1.02}
    return [
        pair("OVF-01", "a boundary, no worse", role=claims.BOUNDARY, claimed="no worse"),
        pair("OVF-01", "256 units against 8"),
        pair("OVF-01", 'a further one, "quoted"', role=claims.FURTHER, correlation=0.25),
        pair("OVF-04", "as a ratio", **ratio),
        pair("OVF-04", "as a ratio, lower", claimed="lower", role=claims.BOUNDARY, **ratio),
        pair("OVF-05", "lower", shift=-0.1, claimed="lower", correlation=0.25),
        pair("OVF-07", "equal", shift=0.0, claimed="equal"),
        pair("OVF-08", "too noisy", shift=0.0, spread=0.5),
        pair("OVF-09", "it cannot speak", void="the control does not overfit"),
        pair("OVF-10", "no difference varies", shift=0.5, spread=0.0),
        pair("OVF-11", "skewed", method="bootstrap-t", correlation=0.1),
        claims.compare_within("OPT-16", x, y, claimed="higher", measure="sharpness and gap"),
    ]


def told() -> list[Verdict]:
    """What was computed, and what is told without measuring."""
    return [
        Verdict("CNN-07", claims.SUPPORTED, "both heights are 5", "two dimensions"),
        Verdict("QA-01", claims.BY_DEFINITION, "usage says otherwise"),
        Verdict("LRS-13", claims.OUTDATED, "it ran with Keras 2.3"),
    ]


def write(folder: Path) -> Path:
    """Write the record into `folder`: OVF-01 is locked, and was locked anew once."""
    origin = (AUDIT, "no-such-cell", "part", "digest", 0, "tensorflow", "2026-11-26", "a machine")
    records = [Record(verdict, *origin) for verdict in [*compared(), *told()]]
    evidence.write(records, folder)
    again = [replace(record, seed=1000) for record in records[:2]]
    evidence.write(again, folder, evidence.REPLICATION)
    entries = [
        Entry(date, "OVF-01", *(digit * protocol.DIGITS for digit in digits))
        for date, digits in ((LOCKED, "abc"), (CHANGED, "def"))
    ]
    text = "".join(f"{entry}\n" for entry in entries)
    (folder / protocol.LOCK.name).write_text(text, encoding="utf-8")
    change = f"# Changes\n\n- {CHANGED}, OVF-01, {entries[-1].seal}, results seen: {WHY}\n"
    (folder / protocol.CHANGES.name).write_text(change, encoding="utf-8")
    return folder
