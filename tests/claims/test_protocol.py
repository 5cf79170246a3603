"""The lock of the protocol, and every way we know to cheat it."""

import re

import pytest

from helpers.claims import protocol
from helpers.claims.protocol import Entry
from tests.claims.small_course import SmallCourse

WHY = "the note speaks of larger nets than these"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Two statements are locked, one after the other."""
    small = SmallCourse(tmp_path, monkeypatch)
    small.lock("OVF-01", "OVF-02")
    assert small.faults() == []
    return small


def change_claim(course, field: str, value: str) -> None:
    """Give a field of OVF-01 another value."""
    text = course.claims.read_text(encoding="utf-8")
    start, end = text.index("[OVF-01]"), text.index("[OVF-02]")
    entry = text[start:end]
    changed = re.sub(rf"^{field} = .*$", lambda _: f"{field} = {value}", entry, flags=re.MULTILINE)
    assert changed != entry
    course.claims.write_text(text[:start] + changed + text[end:], encoding="utf-8")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("criterion", '"Supported in any case."'),
        ("margin", "0.001"),
        ("claimed", '"lower"'),
        ("reading", '"Something else."'),
        ("scope", '"Everywhere."'),
        ("primary", '"Another net."'),
        ("statement", '"Nets are nice."'),
        ("further", "[]"),
        ("kind", '"opinion"'),
    ],
)
def test_another_criterion_is_refused(course, field, value):
    change_claim(course, field, value)
    (fault,) = course.faults()
    assert fault.startswith("OVF-01: its reading, scope or criterion changed after")


def test_a_guess_or_its_reason_may_change(course):
    change_claim(course, "because", '"We guess so."')
    assert course.faults() == []


@pytest.mark.parametrize(
    ("cell", "old", "new"),
    [
        ("judge", "0.02", "0.01"),  # the cell that judges
        ("judge", "gap(width), gap(8)", "gap(8), gap(width)"),
        ("net", "256", "512"),  # a name that it uses
        ("net", "total += units", "total += units + 1"),  # a function that it uses
        ("net", "        total += run", "    total += run"),  # by its indentation alone
        ("parameters", "RUNS = 5", "RUNS = 50"),  # what that function uses in turn
        ("ledger", "Ledger(),", 'Ledger(data="easy"),'),
    ],
)
def test_another_judging_cell_is_refused(course, cell, old, new):
    course.edit(cell, old, new)
    assert any(fault.startswith("OVF-01: the cells that judge it") for fault in course.faults())


@pytest.mark.parametrize(
    ("cell", "old", "new"),
    [
        ("judge", "gap(width), gap(8)", "gap( width ),\n    gap(8)"),
        ("judge", "verdicts.compare(", "# What the note says.\nverdicts.compare("),
        ("judge", "margin=0.02)", "margin=0.02,)  # a fiftieth"),
        ("net", "\n\n\ndef", "\ndef"),
        ("net", "    ", "  "),
        ("setup", "import sys", "import os, sys"),
    ],
)
def test_comments_and_layout_may_change(course, cell, old, new):
    course.edit(cell, old, new)
    assert course.faults() == []


def test_what_a_statement_does_not_use_may_change(course):
    course.edit("other", "elsewhere = 3", "elsewhere = 4")
    (fault,) = course.faults()
    assert fault.startswith("OVF-02")  # only the one that uses it
    course.edit("other", "elsewhere = 4", "elsewhere = 3")
    course.edit("count", "counted", "counted twice")
    (fault,) = course.faults()
    assert fault.startswith("OVF-02")
    course.edit("count", "counted twice", "counted")
    course.cells["new"] = "unrelated = elsewhere"
    course.write()
    assert course.faults() == []


def test_another_verdict_in_the_same_ledger_may_change(course):
    course.cells["third"] = 'verdicts.compute("OVF-03", True, detail="counted")'
    course.write()
    assert course.faults() == []


def test_the_results_of_a_study_that_a_judging_cell_reads_are_locked_as_well(course):
    results = course.notebook.parent / protocol.RESULTS
    results.mkdir()
    course.cells["net"] += '\nchoice = "study.json"\nwidth = len(choice)'
    course.write()
    digests = [protocol.judging_digest("OVF-01", [course.notebook])]
    for found in ("{}", '{"rate": 0.1}'):
        (results / "study.json").write_text(found)
        (results / "other.json").write_text(found)
        digests.append(protocol.judging_digest("OVF-01", [course.notebook]))
    (results / "other.json").write_text("another study")
    assert len(set(digests)) == 3
    assert digests[-1] == protocol.judging_digest("OVF-01", [course.notebook])


def test_a_statement_that_no_cell_judges_any_more_is_named(course):
    course.edit("judge", "OVF-01", "OVF-03")
    assert course.faults() == ["No code cell names OVF-01, so nothing judges it."]
    with pytest.raises(ValueError, match="No code cell names OVF-05"):
        course.lock("OVF-05")


def test_a_locked_statement_does_not_vanish(course):
    text = course.claims.read_text(encoding="utf-8")
    start, end = text.index("[OVF-01]"), text.index("[OVF-02]")
    course.claims.write_text(text[:start] + text[end:], encoding="utf-8")
    assert course.faults() == ["OVF-01 is locked and no longer in claims.toml"]


def test_a_digest_that_is_edited_by_hand_is_refused(course):
    course.edit("judge", "0.02", "0.01")
    first, second = protocol.entries(course.lock_file)
    judging = protocol.judging_digest("OVF-01", [course.notebook])
    text = course.lock_file.read_text().replace(first.judging, judging)
    course.lock_file.write_text(text)
    (fault,) = course.faults()
    assert "line 1 of protocol.lock (OVF-01) was edited" in fault
    assert second.id == "OVF-02"


@pytest.mark.parametrize("part", ["date", "id", "criterion", "judging", "seal"])
def test_no_word_of_a_line_can_be_edited(course, part):
    entries = protocol.entries(course.lock_file)
    other = {"date": "2000-01-01", "id": "OVF-03"}.get(part, "0" * protocol.DIGITS)
    text = course.lock_file.read_text().replace(getattr(entries[0], part), other, 1)
    course.lock_file.write_text(text)
    assert any("was edited, or one before it removed" in fault for fault in course.faults())


def test_a_first_line_cannot_be_taken_out_and_locked_anew(course):
    course.edit("judge", "0.02", "0.01")
    _, second = course.lock_file.read_text().splitlines()
    course.lock_file.write_text(f"{second}\n")
    course.lock("OVF-01")
    (fault,) = course.faults()
    assert "line 1 of protocol.lock (OVF-02) was edited, or one before it removed" in fault


def test_lines_cannot_change_places(course):
    course.lock_file.write_text("\n".join(course.lock_file.read_text().splitlines()[::-1]))
    assert len(course.faults()) == 2


def test_a_line_has_five_words(course):
    course.lock_file.write_text("2026-01-01 OVF-01\n")
    with pytest.raises(ValueError, match="each has five words"):
        course.faults()


# Locking again


@pytest.fixture
def again(course) -> Entry:
    """The second line of OVF-01, for a changed margin; its reason is in CHANGES.md."""
    course.edit("judge", "0.02", "0.01")
    (entry,) = course.lock("OVF-01", why=WHY, seen=True)
    return entry


def test_a_change_with_its_reason_is_no_fault(course, again):
    assert course.faults() == []
    assert [entry.id for entry in protocol.entries(course.lock_file)] == [
        "OVF-01", "OVF-02", "OVF-01",
    ]  # fmt: skip
    (change,) = protocol.changes("OVF-01", course.changes_file)
    assert (change["seal"], change["seen"], change["why"]) == (again.seal, "seen", WHY)
    assert protocol.changes("OVF-02", course.changes_file) == []
    assert protocol.locked(course.lock_file)["OVF-01"] == again


def test_a_change_without_a_reason_is_not_locked(course):
    course.edit("judge", "0.02", "0.01")
    for why in ("", "because", "it is better so"):
        with pytest.raises(ValueError, match="say what and why, in at least 5 words"):
            course.lock("OVF-01", why=why)
    assert len(protocol.entries(course.lock_file)) == 2 and not course.changes_file.exists()


def test_what_has_not_changed_is_not_locked_again(course):
    before = course.lock_file.read_bytes()
    assert course.lock("OVF-01", "OVF-02", why=WHY) == [None, None]
    assert course.lock_file.read_bytes() == before


def of_another_statement(line, entry):
    return line.replace("OVF-01", "OVF-02")


def of_another_seal(line, entry):
    return line.replace(entry.seal, "0" * protocol.DIGITS)


def without_a_reason(line, entry):
    return line.replace(WHY, "better")


def without_whether_it_was_seen(line, entry):
    return line.replace("results seen: ", "")


def gone(line, entry):
    return ""


@pytest.mark.parametrize(
    "damage",
    [of_another_statement, of_another_seal, without_a_reason, without_whether_it_was_seen, gone],
)
def test_a_change_that_is_not_told_is_refused(course, again, damage):
    line = course.changes_file.read_text()
    assert damage(line, again) != line
    course.changes_file.write_text(damage(line, again))
    (fault,) = course.faults()
    assert fault.startswith("OVF-01") and "CHANGES.md" in fault


def test_many_are_locked_one_after_the_other_and_none_is_lost(tmp_path, monkeypatch):
    small = SmallCourse(tmp_path, monkeypatch)
    names = [f"OVF-{number:02d}" for number in range(1, 31)]
    small.cells = {"judge": "\n".join(f'verdicts.open("{name}", detail="")' for name in names)}
    small.write()
    small.lock(*names)  # faster than a file system's clock ticks
    assert [entry.id for entry in protocol.entries(small.lock_file)] == names
    assert small.faults() == []
