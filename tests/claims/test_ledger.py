"""Claims: judged as SciPy and arithmetic say, recorded as they are shown, refused where they cannot be judged."""

import json

import numpy as np
import pytest
from scipy import stats

from helpers import claims
from helpers.course import notebooks
from helpers.claims import QUALIFIED, REFUTED, SUPPORTED, UNDECIDED

BASE = np.linspace(0.5, 0.7, 10)
NOISE = np.random.default_rng(0).normal(scale=0.01, size=10)


def judged(treatment, control=BASE, **options):
    settings = {"better": "higher", "measure": "test accuracy", "data": "simulated"} | options
    return claims.judge("OVF-04", treatment, control, **settings)


@pytest.mark.parametrize(
    ("shift", "options", "word"),
    [
        (0.1, {}, SUPPORTED),
        (-0.1, {}, REFUTED),
        (0.0, {}, UNDECIDED),
        (-0.1, {"better": "lower"}, SUPPORTED),
        (0.1, {"better": "lower"}, REFUTED),
        (0.1, {"margin": 0.05}, SUPPORTED),
        (0.1, {"margin": 0.2}, REFUTED),
        (0.1, {"margin": 0.1}, UNDECIDED),
        (-0.1, {"better": "lower", "margin": 0.2}, REFUTED),
    ],
)
def test_the_interval_against_the_margin_decides(shift, options, word):
    verdict = judged(BASE + shift + NOISE - NOISE.mean(), **options)
    assert verdict.verdict == word
    assert verdict.low <= verdict.effect <= verdict.high
    assert verdict.effect == pytest.approx(shift)


def test_the_interval_is_scipys():
    found = stats.bootstrap(
        (NOISE,), np.mean, rng=np.random.default_rng(0), method="BCa"
    ).confidence_interval
    assert claims.paired_interval(NOISE) == (found.low, found.high)


def test_pairing_is_what_counts():
    spread = np.linspace(
        0, 1, 10
    )  # runs differ far more from each other than the treatment from the control
    assert judged(spread + 0.01 + NOISE / 10, spread).verdict == SUPPORTED


def test_differences_that_do_not_vary_have_no_width():
    verdict = judged([3.0, 4.0, 5.0], [2.0, 3.0, 4.0])
    assert (verdict.low, verdict.high, verdict.verdict) == (1.0, 1.0, SUPPORTED)
    assert judged(BASE, BASE).verdict == UNDECIDED


@pytest.mark.parametrize(
    ("treatment", "control", "options", "says"),
    [
        (BASE[:9], BASE, {}, "one number for each run"),
        (BASE.reshape(2, 5), BASE.reshape(2, 5), {}, "one number for each run"),
        (BASE[:2], BASE[:2], {}, "at least 3"),
        (np.where(np.arange(10) == 4, np.nan, BASE), BASE, {}, r"\[4\] are not finite"),
        (BASE, BASE, {"better": "bigger"}, "higher"),
        (BASE, BASE, {"margin": -1.0}, "margin"),
    ],
)
def test_what_cannot_be_compared_is_refused(treatment, control, options, says):
    with pytest.raises(ValueError, match=says):
        judged(treatment, control, **options)


def test_an_unknown_id_is_refused_with_the_nearest():
    with pytest.raises(KeyError, match="OVF-04"):
        claims.check("OVF-004", True, "one is one")


def test_a_check_needs_a_computed_truth_value():
    assert claims.check("OVF-33", np.bool_(True), "counted").verdict == SUPPORTED
    assert claims.check("OVF-33", 1 > 2, "counted").verdict == REFUTED
    with pytest.raises(TypeError, match="True or False"):
        claims.check("OVF-33", "yes", "counted")


def test_what_nobody_can_measure_is_marked(capsys):
    assert (
        claims.leave_open("REG-28", "Popularity is not in the data.").verdict
        == claims.NOT_MEASURABLE
    )
    assert "not measurable" in capsys.readouterr().out


def test_the_line_holds_statement_interval_runs_and_data(capsys):
    verdict = judged(BASE + 0.1 + NOISE, setting="small nets")
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    for part in (
        "OVF-04",
        "small nets",
        claims.find("OVF-04").statement,
        "10 paired runs",
        "simulated",
        verdict.verdict,
    ):
        assert part in line
    assert f"{verdict.low:+.3g}" in line and f"{verdict.high:+.3g}" in line


def test_settings_that_disagree_qualify_a_statement():
    yes, no = judged(BASE + 0.1 + NOISE, setting="a"), judged(BASE - 0.1 + NOISE, setting="b")
    table = claims.table([yes, no, claims.check("OVF-33", True, "counted")])
    assert table.loc["OVF-04", "verdict"] == QUALIFIED
    assert table.loc["OVF-04", "evidence"] == "a: supported; b: refuted"
    assert table.loc["OVF-33", "verdict"] == SUPPORTED
    assert table.index.tolist() == ["OVF-04", "OVF-33"]


def test_a_cell_that_ran_twice_counts_once():
    table = claims.table([judged(BASE - 0.1 + NOISE), judged(BASE + 0.1 + NOISE)])
    assert table.loc["OVF-04", "verdict"] == SUPPORTED


def test_the_summary_names_every_setting_and_links():
    verdicts = [judged(BASE + 0.1 + NOISE, setting="a"), judged(BASE - 0.1 + NOISE, setting="b")]
    text = claims.summary(verdicts, link="audits/x.ipynb")._repr_markdown_()
    assert "[OVF-04](audits/x.ipynb)" in text and "✓ a<br>✗ b" in text and QUALIFIED in text


SOURCE = """
from helpers import claims
verdict = claims.judge("OVF-04", [2.0, 3.0, 5.0], [1.0, 2.0, 3.0], better="higher", measure="error", data="simulated")
"""


@pytest.mark.slow
def test_a_notebook_records_what_it_shows(tmp_path):
    path = tmp_path / "one.ipynb"
    setup = f"import sys; sys.path.insert(0, {str(claims.runtime.ROOT)!r})"
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
    notebooks.execute(path, watch=lambda index: None, timeout=120)
    (verdict,) = claims.recorded(path)
    assert (
        verdict.verdict == SUPPORTED
        and verdict.runs == 3
        and verdict.versions["numpy"] == np.__version__
    )
    outputs = json.loads(path.read_text())["cells"][0]["outputs"]
    assert len(outputs) == 1 and {"text/plain", "text/html", claims.MIME_TYPE} == set(
        outputs[0]["data"]
    )


def test_a_notebook_without_verdicts_has_none(tmp_path):
    path = tmp_path / "none.ipynb"
    path.write_text(
        json.dumps({"cells": [{"cell_type": "markdown", "source": "x", "metadata": {}}]})
    )
    assert claims.recorded(path) == []
