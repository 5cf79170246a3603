"""A notebook's ledger: verdicts in the order in which they were found, shown and recorded as they
come.
"""

import json

import numpy as np
import pytest

from helpers import claims, datasets, display, runtime
from helpers.claims import (
    BY_DEFINITION,
    FURTHER,
    OPEN,
    OUTDATED,
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    evidence,
)
from helpers.course import notebooks

BASE = np.linspace(0.5, 0.7, 10)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=10)


@pytest.fixture(autouse=True)
def known(monkeypatch) -> dict[str, evidence.Record]:
    """What is recorded of OVF-04, by setting: nothing yet."""
    records: dict[str, evidence.Record] = {}
    monkeypatch.setattr(evidence, "find", lambda name, setting: records.get(setting))
    monkeypatch.setattr(evidence, "read", lambda: tuple(records.values()))
    return records


@pytest.fixture
def verdicts():
    return claims.Ledger(data="simulated")


def compared(verdicts, treatment=BASE + 0.1 + NOISE, control=BASE, **options):
    asked = {"claimed": "higher", "measure": "test accuracy"} | options
    return verdicts.compare("OVF-04", treatment, control, **asked)


def test_verdicts_are_recorded_in_the_order_in_which_they_were_found(verdicts):
    found = [
        compared(verdicts, setting="small nets"),
        verdicts.compute("OVF-33", True, detail="counted"),
        verdicts.by_definition("OVF-01", detail="The word means that."),
        verdicts.open("REG-28", detail="Popularity is not in the data."),
        compared(verdicts, setting="large nets"),
    ]
    assert list(verdicts) == found and len(verdicts) == 5
    words = [SUPPORTED, SUPPORTED, BY_DEFINITION, OPEN, SUPPORTED]
    assert [verdict.verdict for verdict in verdicts] == words
    assert list(verdicts) == found  # it can be read twice


def test_a_ledger_begins_empty_and_is_ones_own():
    first, second = claims.Ledger(), claims.Ledger()
    first.compute("OVF-33", True, detail="counted")
    assert (len(first), len(second)) == (1, 0)


def test_a_ledger_compares_as_compare_pairs_does(verdicts):
    asked = {"claimed": "higher", "measure": "accuracy", "margin": 0.01, "setting": "a"}
    expected = claims.compare_pairs("OVF-04", BASE + NOISE, BASE, data="simulated", **asked)
    assert verdicts.compare("OVF-04", BASE + NOISE, BASE, **asked) == expected


def test_data_are_the_ledgers_unless_a_call_says_otherwise():
    wine = datasets.load("wine")
    verdicts = claims.Ledger(data=wine)
    compared(verdicts)
    compared(verdicts, data="simulated")
    verdicts.compute("OVF-33", True, detail="counted")
    verdicts.compute("OVF-33", True, detail="counted", data="a formula")
    verdicts.compute("OVF-33", True, detail="counted", data="")
    told = [verdict.data for verdict in verdicts]
    assert told == [str(wine), "simulated", str(wine), "a formula", ""]


def test_what_is_not_measured_names_no_data(verdicts):
    verdicts.by_definition("OVF-01", detail="The word means that.")
    verdicts.open("REG-28", detail="Popularity is not in the data.")
    assert [verdict.data for verdict in verdicts] == ["", ""]
    assert compared(claims.Ledger()).data == ""


def unknown_ids():
    return {
        "compare": lambda verdicts: verdicts.compare(
            "OVF-004", BASE, BASE, claimed="higher", measure="accuracy"
        ),
        "compute": lambda verdicts: verdicts.compute("OVF-004", True, detail="one is one"),
        "by_definition": lambda verdicts: verdicts.by_definition("OVF-004", detail="a word"),
        "open": lambda verdicts: verdicts.open("OVF-004", detail="nobody knows"),
    }


@pytest.mark.parametrize("method", unknown_ids())
def test_an_unknown_id_is_refused_with_the_nearest(method, verdicts, capsys):
    with pytest.raises(KeyError, match="OVF-04"):
        unknown_ids()[method](verdicts)
    assert len(verdicts) == 0 and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("treatment", "options", "says"),
    [
        (BASE[:9], {}, "one number for each replicate"),
        (BASE, {"claimed": "bigger"}, "higher"),
        (BASE, {"margin": -1.0}, "margin"),
        (np.full(10, np.nan), {}, "not finite"),
    ],
)
def test_what_cannot_be_compared_is_not_recorded(treatment, options, says, verdicts, capsys):
    with pytest.raises(ValueError, match=says):
        compared(verdicts, treatment, **options)
    assert len(verdicts) == 0 and capsys.readouterr().out == ""


def test_a_condition_is_a_computed_truth_value(verdicts):
    assert verdicts.compute("OVF-33", np.bool_(True), detail="counted").verdict == SUPPORTED
    assert verdicts.compute("OVF-33", 1 > 2, detail="counted").verdict == REFUTED
    assert verdicts.compute("OVF-33", None, detail="counted").verdict == UNDECIDED
    for condition in ("yes", 1, np.array([True, True]), BASE):
        with pytest.raises(TypeError, match="True or False"):
            verdicts.compute("OVF-33", condition, detail="counted")
    assert len(verdicts) == 3


def test_all_but_what_is_judged_goes_by_name(verdicts):
    with pytest.raises(TypeError):
        verdicts.compare("OVF-04", BASE, BASE, "higher", "accuracy")
    with pytest.raises(TypeError):
        verdicts.compute("OVF-33", True, "counted")
    with pytest.raises(TypeError):
        verdicts.open("REG-28", "Popularity is not in the data.")
    with pytest.raises(TypeError):
        verdicts.by_definition("OVF-01", "The word means that.")
    with pytest.raises(TypeError):
        claims.Ledger("simulated")
    assert len(verdicts) == 0


def test_what_nobody_can_measure_is_marked(verdicts, capsys):
    found = verdicts.open("REG-28", detail="Popularity is not in the data.")
    assert found.verdict == OPEN
    assert " open: " in capsys.readouterr().out


def test_what_held_with_the_versions_of_its_time_is_marked(verdicts, capsys):
    found = verdicts.outdated("OVF-01", detail="Keras 1 did; Keras 3 does not.")
    assert (found.verdict, found.data) == (OUTDATED, "")
    assert "† OVF-01 outdated" in capsys.readouterr().out


def test_what_is_so_by_definition_is_marked(verdicts, capsys):
    found = verdicts.by_definition("OVF-01", detail="The word means that.", setting="usage")
    assert (found.verdict, found.setting) == (BY_DEFINITION, "usage")
    assert "by definition" in capsys.readouterr().out


def test_the_line_holds_statement_interval_runs_and_data(verdicts, capsys):
    verdict = compared(verdicts, setting="small nets")
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    for part in (
        "OVF-04",
        "small nets",
        claims.find("OVF-04").statement,
        "10 replicates",
        "simulated",
        verdict.verdict,
    ):
        assert part in line
    assert f"{verdict.low:+.3g}" in line and f"{verdict.high:+.3g}" in line


def test_a_statement_is_quoted_once(verdicts, capsys):
    for setting in ("a", "b"):
        compared(verdicts, setting=setting)
    first, second = capsys.readouterr().out.splitlines()
    assert claims.find("OVF-04").statement in first
    assert second.startswith("✓ OVF-04 [b] supported: test accuracy: difference")


def test_a_verdict_is_short_until_it_is_opened(verdicts, known, monkeypatch):
    shown = []
    monkeypatch.setattr(display, "show_line", lambda text, markup, *_: shown.append(markup))
    settings = {"claimed": "higher", "measure": "test accuracy", "data": "simulated"}
    known[""] = record(claims.compare_pairs("OVF-04", BASE + 0.1 + NOISE, BASE, **settings))
    compared(verdicts, BASE[:4] + 0.1 + NOISE[:4], BASE[:4])
    compared(verdicts, BASE + 0.1 + NOISE, BASE)
    summary, folded = shown[0].split("<summary><small>")[1].split("</small></summary>")
    assert summary.startswith("test accuracy: difference +0.1")
    assert summary.endswith("; claimed: higher") and "10 replicates" not in summary
    assert "10 replicates" in folded and "simulated" in folded and "Here, with 4" in folded
    assert "Here, with" not in shown[1], "it is the record itself"
    verdicts.open("OVF-33", detail="Nobody can tell.")
    assert shown[2].endswith("<div><small>Nobody can tell.</small></div>"), "there is no more"
    assert summary not in folded


def test_the_summary_is_that_of_its_verdicts(verdicts):
    compared(verdicts, setting="a")
    compared(verdicts, BASE - 0.1 + NOISE, setting="b", role=FURTHER)
    summary = verdicts.summary(link="audits/x.ipynb")
    assert summary == claims.summary(list(verdicts), link="audits/x.ipynb")
    assert "[OVF-04](audits/x.ipynb)" in summary._repr_markdown_()
    assert repr(verdicts.summary()) == "OVF-04  mixed"


def record(verdict, notebook="01.ipynb") -> evidence.Record:
    return evidence.Record(verdict, notebook, "a", "part", "", 0, "tensorflow", "2026", "Linux")


def test_what_is_recorded_stands_before_what_came_out_here(verdicts, known, capsys):
    settings = {"claimed": "higher", "measure": "test accuracy", "data": "simulated"}
    known[""] = record(claims.compare_pairs("OVF-04", BASE + 0.1 + NOISE, BASE, **settings))
    live = compared(verdicts, BASE[:4] + 0.1 + NOISE[:4], BASE[:4])
    line = capsys.readouterr().out
    assert "✓ OVF-04 supported" in line and "Recorded: test accuracy: difference" in line
    assert "Here, with 4: +0.1" in line and "in keeping with the record" in line
    assert list(verdicts) == [live] and live.runs == 4  # the ledger has what came out here
    assert verdicts.summary() == claims.summary([known[""].verdict])
    assert claims.recorded_or(live) is known[""].verdict and not claims.contradicted(live)


def test_times_are_not_held_against_the_record(verdicts, known, capsys):
    settings = {"claimed": "higher", "measure": "seconds an epoch", "data": "simulated"}
    known[""] = record(claims.compare_pairs("OVF-04", BASE + 0.1 + NOISE, BASE, **settings))
    verdicts.compare("OVF-04", BASE[:4] + 9 + NOISE[:4], BASE[:4], **settings)
    assert "which is not compared with the record" in capsys.readouterr().out


def test_the_summary_settles_over_what_other_notebooks_recorded(verdicts, known):
    def measured(treatment, name="OVF-04", **options):
        criterion = {"claimed": "higher", "measure": "test accuracy", "data": "simulated"}
        return claims.compare_pairs(name, treatment + NOISE, BASE, **criterion, **options)

    known["a"] = record(measured(BASE + 0.1, setting="a"))
    known["renamed since"] = record(measured(BASE - 0.1, setting="renamed since"))
    known["other"] = record(measured(BASE - 0.1, name="OVF-33", setting="other"), "audit.ipynb")
    compared(verdicts, setting="a")
    assert repr(verdicts.summary()) == "OVF-04  supported"
    known["b"] = record(measured(BASE - 0.1, setting="b", role=FURTHER), "audit.ipynb")
    assert verdicts.summary() == claims.summary([known["a"].verdict, known["b"].verdict])
    assert repr(verdicts.summary()) == "OVF-04  mixed" and len(verdicts) == 1


def test_what_stays_open_here_has_the_word_of_the_record(verdicts, known):
    options = {"claimed": "higher", "measure": "test accuracy", "data": "IMDB"}
    verdicts.open("OVF-04", detail="IMDB is absent here.")
    compared(verdicts, BASE - 0.1 + NOISE, setting="the stand-in", role=FURTHER)
    assert repr(verdicts.summary()) == "OVF-04  open"
    measured = claims.compare_pairs("OVF-04", BASE + 0.1 + NOISE, BASE, setting="IMDB", **options)
    known["IMDB"] = record(measured)
    assert verdicts.summary() == claims.summary([measured])
    assert repr(verdicts.summary()) == "OVF-04  supported"


def test_a_lesson_s_summary_tells_what_its_audit_settles_besides(verdicts, known):
    lesson, audit = (f"notebooks/{place}01_overfitting.ipynb" for place in ("", "audits/"))
    criterion = {"claimed": "higher", "measure": "test accuracy", "setting": "a"}
    for name in ("OVF-04", "OVF-33"):
        verdict = claims.compare_pairs(
            name, BASE + 0.1 + NOISE, BASE, data="simulated", **criterion
        )
        known[name] = record(verdict, audit if name == "OVF-33" else lesson)
    compared(verdicts, setting="a")
    assert (
        verdicts.summary()
        ._repr_markdown_()
        .endswith("\n\nThe [audit](audits/01_overfitting.ipynb) treats 1 more: 1 supported.")
    )
    known["OVF-04"] = record(known["OVF-04"].verdict, audit)
    assert verdicts.summary().besides == "", "in the audit itself"


def test_a_live_measurement_that_contradicts_the_record_says_so(verdicts, known, capsys):
    settings = {"claimed": "higher", "measure": "test accuracy", "data": "simulated"}
    known[""] = record(claims.compare_pairs("OVF-04", BASE + 0.1 + NOISE, BASE, **settings))
    live = compared(verdicts, BASE - 0.5 + NOISE, BASE)
    assert "which contradicts the record" in capsys.readouterr().out
    assert claims.contradicted(live)
    other = compared(verdicts, BASE - 0.5 + NOISE, BASE, setting="small nets")
    assert not claims.contradicted(other) and claims.recorded_or(other) is other


def test_two_quantities_are_correlated_within_plans(verdicts, capsys):
    x, y = np.random.default_rng(0).normal(size=(2, 5, 8))
    found = verdicts.correlate("OVF-04", x, x + 0.1 * y, claimed="higher", measure="both")
    assert (found.verdict, found.data, len(verdicts)) == (SUPPORTED, "simulated", 1)
    assert "5 plans, 40 nets" in capsys.readouterr().out


SOURCE = """
from helpers import claims
verdicts = claims.Ledger(data="simulated")
settings = {"claimed": "higher", "measure": "error"}
verdicts.compare("OVF-04", [2.0, 3.0, 5.0], [1.0, 2.0, 3.9], **settings)
"""


@pytest.mark.slow
def test_a_notebook_records_what_it_shows(tmp_path):
    path = tmp_path / "one.ipynb"
    setup = f"import sys; sys.path.insert(0, {str(runtime.ROOT)!r})"
    cell = {
        "cell_type": "code",
        "source": setup + SOURCE,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "id": "a",
    }
    path.write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    notebooks.execute(path, watch=lambda index: None, timeout=600)  # seconds, for a busy machine
    (verdict,) = claims.live(path)
    assert (verdict.verdict, verdict.runs, verdict.claimed) == (SUPPORTED, 3, "higher")
    assert verdict.versions["numpy"] == np.__version__
    outputs = json.loads(path.read_text())["cells"][0]["outputs"]
    assert len(outputs) == 1 and {"text/plain", "text/html", claims.MIME_TYPE} == set(
        outputs[0]["data"]
    )
