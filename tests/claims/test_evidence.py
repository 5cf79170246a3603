"""The record: written, read, brought up to date, and every damage that its checks must notice."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers import claims, runtime
from helpers.claims import BY_DEFINITION, FURTHER, REFUTED, SUPPORTED, Verdict, evidence
from tests.claims.small_course import SmallCourse

BASE = np.linspace(0.5, 0.7, 30)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=30)


def compared(shift=0.1, name="OVF-01", **options) -> Verdict:
    asked = {"claimed": "higher", "margin": 0.02, "measure": "gap, in points", "data": "simulated"}
    return claims.compare_pairs(name, BASE + shift + NOISE, BASE, **asked | options)


def told(name="OVF-02", word=BY_DEFINITION, **options) -> Verdict:
    return Verdict(name, word, "told", versions=runtime.versions(), **options)


@pytest.fixture
def course(tmp_path, monkeypatch):
    return SmallCourse(tmp_path, monkeypatch)


def faults(course, records):
    return evidence.faults(records, course.lock_file, course.notebook.parent)


def test_what_is_written_is_read_again(course):
    x, y = np.random.default_rng(0).normal(size=(2, 4, 6))
    correlated = claims.compare_within("OVF-04", x, x + y, claimed="higher", measure="both")
    verdicts = [
        compared(1 / 3),
        compared(setting="0.10", role=FURTHER, void="half trained", correlation=0.2),
        compared(setting="05", role=FURTHER, scale="log", margin=1.1),
        compared(setting='with, comma and "quotes"\nand a line', method="bootstrap-t"),
        correlated,
        told(setting="nan"),
    ]
    records = course.measure(*verdicts)
    evidence.write(records, course.folder)
    assert evidence.read(course.folder) == records
    assert [evidence.judged_again(record.verdict) for record in records] == verdicts
    values = pd.read_csv(course.folder / evidence.VALUES)
    assert len(values) == 4 * 30 + 24
    assert faults(course, evidence.read(course.folder)) == []


def test_settings_that_look_like_numbers_keep_their_values(course):
    records = course.measure(compared(setting="0.10"), compared(setting="0.1"))
    evidence.write(records, course.folder)
    assert evidence.read(course.folder) == records


def test_where_nothing_is_recorded_nothing_is_read(tmp_path):
    assert evidence.read(tmp_path) == [] and evidence.find("OVF-01", "", tmp_path) is None
    assert evidence.recorded("notebooks/01_a.ipynb", tmp_path) == []


def test_a_replication_has_words_only(course):
    records = course.measure(compared(), seed=1)
    evidence.write(records, course.folder, evidence.REPLICATION)
    assert not (course.folder / evidence.VALUES).exists()
    (record,) = evidence.read(course.folder, evidence.REPLICATION)
    assert (record.verdict.verdict, record.seed, record.verdict.treatment) == (SUPPORTED, 1, ())


def test_a_record_knows_its_origin(course):
    first, second = course.measure(compared(), compared(0, name="REG-53"))
    assert (first.notebook, first.cell, first.date) == ("01_small.ipynb", "judge", "2999-01-01")
    assert first.part.startswith(".01_small-") and first.part.endswith("-tensorflow-0")
    assert first.judging and second.judging == ""  # no cell names the other
    assert evidence.is_first(first)
    assert not evidence.is_first(*course.measure(compared(), seed=1))
    assert not evidence.is_first(*course.measure(compared(), backend="jax"))


def test_it_is_found_by_statement_and_setting_and_by_notebook(course):
    records = course.measure(compared(), compared(setting="small"), told())
    evidence.write(records, course.folder)
    assert evidence.find("OVF-01", "small", course.folder) == records[1]
    assert evidence.find("OVF-01", "large", course.folder) is None
    found = evidence.recorded("01_small.ipynb", course.folder)
    assert found == [record.verdict for record in records]
    absolute = runtime.ROOT / "01_small.ipynb"
    assert evidence.recorded(absolute, course.folder) == found
    assert evidence.recorded("02_other.ipynb", course.folder) == []


# Bringing it up to date


def test_what_was_measured_again_takes_the_place_of_what_was(course):
    old = course.measure(compared(), compared(setting="gone"))
    elsewhere = [replace(record, notebook="02_b.ipynb") for record in course.measure(told())]
    vanished = [replace(record, notebook="09_z.ipynb") for record in course.measure(told("BNI-01"))]
    unknown = course.measure(told("OVF-99"))
    new = course.measure(compared(-0.1))
    current = ["01_small.ipynb", "02_b.ipynb"]
    found = evidence.updated([*old, *vanished, *elsewhere], [*new, *unknown], current)
    assert found == [*new, *elsewhere]  # in the order of claims.toml


def test_a_statement_that_its_notebook_names_no_longer_is_left_out(course):
    kept, *gone = course.measure(compared(), told("OVF-03"))
    assert kept.judging
    gone = [replace(record, judging="0123456789ab") for record in gone]
    place = {"root": course.notebook.parent}
    assert evidence.updated([kept, *gone], [], ["01_small.ipynb"], **place) == [kept]
    assert evidence.updated([kept, *gone], [], ["01_small.ipynb"]) == [kept, *gone]  # not there


def test_another_seed_leaves_the_others_records(course):
    one, two = course.measure(compared(), seed=1), course.measure(compared(), seed=2)
    jax = course.measure(compared(), backend="jax")
    found = evidence.updated([*one, *jax], two, ["01_small.ipynb"])
    assert found == [*one, *jax, *two]


def test_a_setting_that_is_judged_twice_is_refused_because_one_would_be_lost(course):
    with pytest.raises(ValueError, match=r"Judged twice in one setting: OVF-01 \[\]"):
        evidence.updated([], course.measure(compared(), compared(-0.1)), ["01_small.ipynb"])


# Live against recorded


def live(differences):
    return claims.compare_pairs(
        "OVF-01", differences, np.zeros(len(differences)), claimed="higher", measure="gap"
    )


def test_a_live_mean_far_from_the_recorded_one_contradicts(course):
    (record,) = course.measure(compared(0.1))
    few = NOISE[:5] - NOISE[:5].mean()
    assert not evidence.contradicts(live(record.verdict.effect + few), record)
    assert evidence.contradicts(live(record.verdict.effect + few + 1), record)
    assert evidence.contradicts(live([-record.verdict.effect] * 5), record)  # arms swapped
    assert evidence.contradicts(told("OVF-01"), record) is None
    assert evidence.contradicts(live(few), *course.measure(told("OVF-01"))) is None
    rescaled = replace(record, verdict=replace(record.verdict, scale="log"))
    assert evidence.contradicts(live(few + 1), rescaled) is None
    steady = replace(record, verdict=live([0.1] * 30))
    assert evidence.contradicts(live(few + 1), steady) is None  # it tells nothing of chance


@pytest.mark.parametrize(
    ("measure", "told"),
    [
        ("log10 seconds of an epoch", False),
        ("natural logarithm of samples a second, batches of 32 against 1", False),
        ("log10 samples in a second", False),
        ("training accuracy in the second epoch", True),
    ],
)
def test_times_of_another_machine_contradict_nothing(course, measure, told):
    (record,) = course.measure(compared(0.1))
    timed = replace(record, verdict=replace(record.verdict, measure=measure))
    assert evidence.contradicts(live(NOISE[:5] + 1), timed) == (told or None)


def test_live_measurements_contradict_as_seldom_as_99_99_per_cent_promise(course):
    generator, trials = np.random.default_rng(0), 2_000
    (record,) = course.measure(compared())
    alarms = {0: 0, 3: 0}
    for _ in range(trials):
        known = replace(record, verdict=live(generator.normal(size=30)))
        few = generator.normal(size=5)
        for shift in alarms:
            alarms[shift] += evidence.contradicts(live(few + shift), known)
    assert alarms[0] <= stats.binom.ppf(0.999, trials, 0.0001)
    assert alarms[3] > 0.9 * trials  # three standard deviations are noticed


# Cheating


@pytest.fixture
def locked(course):
    """Two statements, locked, measured and recorded."""
    course.lock("OVF-01", "OVF-02")
    records = course.measure(compared(), compared(0, setting="wine", role=FURTHER), told())
    evidence.write(records, course.folder)
    assert faults(course, evidence.read(course.folder)) == []
    return course


def edited(course, file: str, column: str, value: str, row: int = 0) -> list[evidence.Record]:
    """The record with one cell of one of its tables edited by hand."""
    folder = course.folder.with_name(f"edited-{column}")
    shutil.copytree(course.folder, folder)
    table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
    assert table.loc[row, column] != value
    table.loc[row, column] = value
    table.to_csv(folder / file, index=False)
    return evidence.read(folder)


@pytest.mark.parametrize(
    ("file", "column", "value", "says"),
    [
        (evidence.SETTINGS, "verdict", REFUTED, "is not that of its values"),
        (evidence.SETTINGS, "effect", "0.2", "is not that of its values"),
        (evidence.SETTINGS, "low", "0.05", "is not that of its values"),
        (evidence.SETTINGS, "detail", "far better", "is not that of its values"),
        (evidence.SETTINGS, "margin", "0.01", "is not that of its values"),
        (evidence.SETTINGS, "claimed", "lower", "is not that of its values"),
        (evidence.SETTINGS, "void", "not trained", "is not that of its values"),
        (evidence.SETTINGS, "correlation", "0.5", "is not that of its values"),
        (evidence.SETTINGS, "runs", "60", "30 of 60 values are recorded"),
        (evidence.SETTINGS, "role", "further", "has 0 primary settings"),
        (evidence.SETTINGS, "judging", "0" * 12, "by other cells than 01_small.ipynb has now"),
        (evidence.SETTINGS, "date", "2000-01-01", "before its criterion was locked"),
        (evidence.VALUES, "treatment", "0.9", "is not that of its values"),
        (evidence.VALUES, "control", "0.1", "is not that of its values"),
    ],
)
def test_what_is_edited_by_hand_is_noticed(locked, file, column, value, says):
    assert any(says in fault for fault in faults(locked, edited(locked, file, column, value)))


def test_two_primary_settings_are_noticed(locked):
    found = faults(locked, edited(locked, evidence.SETTINGS, "role", "primary", row=1))
    assert found == ["OVF-01 has 2 primary settings; it must have exactly one"]


def test_values_that_are_left_out_are_noticed(locked):
    folder = locked.folder.with_name("fewer")
    shutil.copytree(locked.folder, folder)
    table = pd.read_csv(folder / evidence.VALUES, dtype=str, keep_default_na=False)
    table[table["setting"] != ""].to_csv(folder / evidence.VALUES, index=False)
    assert "OVF-01 []: 0 of 30 values are recorded" in faults(locked, evidence.read(folder))


def test_another_margin_than_that_of_the_claims_is_noticed(locked):
    (fault,) = faults(locked, locked.measure(compared(margin=0.05)))
    assert "judged as higher by more than 0.05, but claims.toml says higher by 0.02" in fault
    (fault,) = faults(locked, locked.measure(compared(claimed="lower")))
    assert "claims.toml says higher by 0.02" in fault


def test_a_comparison_that_is_settled_without_an_interval_is_noticed(locked):
    (fault,) = faults(locked, locked.measure(told("OVF-01", SUPPORTED)))
    assert fault == "OVF-01 is a comparison, but has no interval"


def test_what_was_measured_by_other_cells_is_noticed(locked):
    before = locked.measure(compared())
    locked.edit("net", "256", "512")
    locked.lock("OVF-01", why="the note speaks of larger nets")
    (fault,) = faults(locked, before)
    assert "was measured by other cells than 01_small.ipynb has now" in fault
    assert faults(locked, locked.measure(compared())) == []


def test_what_is_not_locked_needs_its_values_only(course):
    assert faults(course, course.measure(compared(margin=0.5), told())) == []
    wrong = replace(compared(), verdict=REFUTED)
    assert len(faults(course, course.measure(wrong))) == 1
