"""Planning parts, and storing what they gave."""

from dataclasses import replace
from pathlib import Path

import pytest

from helpers.claims import parts
from helpers.claims.parts import Measured, Part

SOURCES = {"notebooks/01_a.ipynb": "code", "notebooks/02_b.ipynb": "code"}
QUICK = {"PROFILE": "quick"}


def plan(**words):
    asked = {"seeds": 1, "backends": ["tensorflow"], "parameters": QUICK} | words
    return parts.plan(SOURCES, **asked)


def test_seeds_come_whole():
    found = plan(seeds=2, backends=["tensorflow", "jax"])
    assert [(part.parameters["SEED"], part.backend, part.notebook) for part in found] == [
        *((0, "tensorflow", name) for name in SOURCES),
        *((0, "jax", name) for name in SOURCES),
        *((1, "tensorflow", name) for name in SOURCES),
        *((1, "jax", name) for name in SOURCES),
    ]
    assert len({part.name for part in found}) == 8


def test_another_code_or_parameter_is_another_part():
    part = plan()[0]
    assert plan()[0] == part
    for other in (
        replace(part, source="other code"),
        replace(part, parameters={**part.parameters, "RUNS": 3}),
        replace(part, notebook="notebooks/audits/01_a.ipynb"),
    ):
        assert other.name != part.name


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"seeds": 0}, "--seeds is 0"),
        ({"parameters": {**QUICK, "SEED": 1}}, "say how many with --seeds"),
        ({"parameters": {"PROFILE": "fast"}}, "PROFILE is 'fast'; choose one of quick, full"),
    ],
)
def test_what_cannot_be_planned_is_named(words, says):
    with pytest.raises(ValueError, match=says):
        plan(**words)


def test_a_part_is_stored_whole_or_not_at_all(tmp_path, monkeypatch):
    found = [{"cell": "a", "verdict": {"id": "OVF-01", "verdict": "supported"}}]
    one, two = (Measured(p, found, 1.5, "2026-01-01", "Linux", 2) for p in plan(seeds=2)[::2])
    parts.store(tmp_path, one)
    with pytest.raises(OSError), monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
        parts.store(tmp_path, two)
    assert parts.stored(tmp_path, [two.part, one.part]) == [one]
    assert isinstance(parts.stored(tmp_path, [one.part])[0].part, Part)
