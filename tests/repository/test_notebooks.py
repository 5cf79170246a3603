"""The committed notebooks: pairs, rules, verdicts, and whether they still run.

Copies of a fixture, damaged on purpose, prove that each check notices its own damage.
"""

import copy
import os
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from helpers import claims
from helpers.claims import evidence, protocol
from helpers.course import notebooks, sharing
from helpers.course.notebooks import NotebookStopped
from helpers.runtime import ROOT
from tests import nbval_rules
from tests.repository.notebook_rules import pair_faults, rule_faults

INTACT = ROOT / "tests" / "fixtures" / "intact.ipynb"
LARGEST_BYTES = 1_500_000  # with figures for sharp screens
CELL_SECONDS = 1800  # a cell that hangs is given up, one on a busy machine is not
NBVAL = (
    *("-p", "tests.nbval_rules", "--nbval-lax", "--nbval-current-env"),
    *("--nbval-cell-timeout", str(CELL_SECONDS), "--nbval-kernel-startup-timeout", "300"),
)


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


every_notebook = pytest.mark.parametrize("notebook", notebooks.find(), ids=name)
every_lesson = pytest.mark.parametrize(
    "lesson", notebooks.by_lesson(), ids=lambda paths: name(paths[0])
)


def share_of_the_cores() -> dict[str, str]:
    """Variables for a kernel beside those that the other workers of pytest-xdist start."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return sharing.threads(workers)


def nbval(notebook: Path) -> subprocess.CompletedProcess:
    """Run a notebook again and compare the cells marked NBVAL_CHECK_OUTPUT."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *NBVAL, "--color=no", "-q", str(notebook)],
        cwd=ROOT,
        env=os.environ | share_of_the_cores(),
        capture_output=True,
        text=True,
        check=False,
    )


def run(notebook: Path, folder: Path) -> NotebookNode:
    """Execute a copy with other parameters; the executed copy."""
    copied = folder / notebook.name
    notebooks.run(
        notebook,
        copied,
        {"SEED": 1, "RUNS": 3},
        watch=lambda index: None,
        timeout=CELL_SECONDS,
        environment=share_of_the_cores(),
    )
    return notebooks.read(copied)


def against_the_record(verdicts: list[claims.Verdict]) -> list[str]:
    """The comparisons that contradict what is recorded of their settings, with what came out."""
    return [f"{v.id} [{v.setting}] {v.detail}" for v in verdicts if claims.contradicted(v)]


@pytest.mark.parametrize(("workers", "threads"), [("2", "4"), ("3", "2"), ("16", "1")])
def test_kernels_share_the_cores(monkeypatch, workers, threads):
    monkeypatch.setattr(sharing, "CPU_COUNT", 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "1")
    assert share_of_the_cores() == {}
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", workers)
    assert share_of_the_cores()["OMP_NUM_THREADS"] == threads


# The course's notebooks


@every_notebook
def test_pair_is_equal(notebook):
    assert pair_faults(jupytext.read(notebook.with_suffix(".py")), notebooks.read(notebook)) == []


@every_notebook
def test_follows_the_rules(notebook):
    assert rule_faults(notebooks.read(notebook)) == []
    assert notebook.stat().st_size < LARGEST_BYTES


def test_every_script_has_its_notebook():
    scripts = [*(ROOT / "notebooks").glob("*.py"), *(ROOT / "notebooks" / "audits").glob("*.py")]
    assert {path.with_suffix(".ipynb") for path in scripts} == set(notebooks.find())


def told(lesson: str = "") -> set[str]:
    """The statements of a lesson, or of all, that were not dropped."""
    return {
        claim.id
        for claim in claims.read().values()
        if not claim.dropped and lesson in ("", claim.lesson)
    }


@every_lesson
def test_lesson_and_audit_settle_all_their_statements(lesson):
    paths = [*lesson, *{notebooks.audit(path) for path in lesson}]
    verdicts = [verdict for path in paths if path.exists() for verdict in claims.recorded(path)]
    assert told(lesson[0].stem) - {verdict.id for verdict in verdicts} == set()


def test_a_second_notebook_shares_the_audit_of_its_lesson(tmp_path):
    names = ["02_a.ipynb", "03_b.ipynb", "03b_c.ipynb", "04_d.ipynb"]
    (tmp_path / "notebooks" / "audits").mkdir(parents=True)
    for file in names:
        (tmp_path / "notebooks" / file).touch()
    grouped = [[path.name for path in paths] for paths in notebooks.by_lesson(tmp_path)]
    assert grouped == [names[:1], names[1:3], names[3:]]
    audits = [notebooks.audit(path).name for path in notebooks.lessons(tmp_path)]
    assert audits == ["02_a.ipynb", "03_b.ipynb", "03_b.ipynb", "04_d.ipynb"]
    (tmp_path / "notebooks" / "audits" / "03b_c.ipynb").touch()
    assert notebooks.audit(tmp_path / "notebooks" / "03b_c.ipynb").name == "03b_c.ipynb"


def test_every_further_notebook_follows_a_first():
    for paths in notebooks.by_lesson():
        first, *further = [path.stem.split("_")[0] for path in paths]
        assert first.isdigit()
        assert set(further) <= {first + letter for letter in "bc"}


def test_every_statement_is_settled_by_some_notebook():
    settled = {record.verdict.id for record in evidence.read()}
    assert told() - settled == set()
    assert settled - claims.read().keys() == set()


@pytest.mark.slow
@every_notebook
def test_runs_with_other_parameters(notebook, tmp_path):
    run(notebook, tmp_path)
    # Cells from before the protocol share one division or one tuning among the replicates of a
    # SEED, which the record's scatter does not know: only what is locked has to hold.
    live = [v for v in claims.live(tmp_path / notebook.name) if v.id in protocol.locked()]
    assert against_the_record(live) == [], "these contradict the record: one of both is wrong"


@pytest.mark.slow
@every_notebook
def test_runs_again_with_the_same_output(notebook):
    process = nbval(notebook)
    assert process.returncode == 0, process.stdout


# A notebook that follows every rule, and copies of it damaged on purpose


@pytest.fixture
def intact() -> NotebookNode:
    return notebooks.read(INTACT)


def test_intact_notebook_passes(intact):
    assert pair_faults(jupytext.read(INTACT.with_suffix(".py")), intact) == []
    assert rule_faults(intact) == []


def swap_cells(content):
    content.cells[2:4] = reversed(content.cells[2:4])


def change_source(content):
    content.cells[3].source += " "


def change_type(content):
    content.cells[3] = nbformat.v4.new_markdown_cell(content.cells[3].source)


def add_blank_lines(content):
    content.cells[2].metadata.lines_to_next_cell = 2


def drop_tag(content):
    content.cells[1].metadata.tags = []


def drop_cell(content):
    del content.cells[-1]


@pytest.mark.parametrize(
    "damage", [swap_cells, change_source, change_type, drop_tag, add_blank_lines, drop_cell]
)
def test_unequal_pair_is_noticed(intact, damage):
    damaged = copy.deepcopy(intact)
    damage(damaged)
    assert pair_faults(intact, damaged)


def two_setups(content):
    content.cells[3].metadata.tags = ["setup"]


def no_seed(content):
    content.cells[2].source = content.cells[2].source.replace("SEED", "SEEDS")


def never_executed(content):
    content.cells[3].execution_count = None


def nothing_compared(content):
    content.cells[3].source = content.cells[3].source.replace("# NBVAL_CHECK_OUTPUT", "")


def foreign_kernel(content):
    content.metadata.kernelspec.name = "my-venv"


def error_output(content):
    content.cells[3].outputs = [
        nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    ]


def no_alt(content):
    content.cells[4].outputs[0].metadata = {}


def no_alt_in_html(content):
    content.cells[4].outputs = [
        nbformat.v4.new_output("display_data", {"text/html": '<img src="x" alt="">'})
    ]


def machine_path(content):
    content.cells[3].outputs[0].text = "read /home/someone/wine.csv"


def results_name_in_parts(content):
    code = next(cell for cell in content.cells if cell.cell_type == "code")
    code.source += '\nstudy = course / "results" / f"0{number}_steps.json"'


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (results_name_in_parts, 'f"0{number}_steps.json"'),
        (drop_tag, "exactly one cell tagged setup"),
        (two_setups, "exactly one cell tagged setup"),
        (no_seed, "does not define SEED"),
        (never_executed, "not executed from top to bottom"),
        (nothing_compared, "no cell for nbval to compare"),
        (foreign_kernel, "kernel is not python3"),
        (error_output, "ValueError"),
        (no_alt, "image/png has no alt text"),
        (no_alt_in_html, "<img> has no alt text"),
        (machine_path, "/home/someone"),
    ],
)
def test_broken_rule_is_noticed(intact, damage, message):
    damage(intact)
    faults = rule_faults(intact)
    assert len(faults) == 1
    assert message in faults[0]


def test_a_live_verdict_against_the_record_is_named(monkeypatch):
    steady, noise = np.zeros(30), np.random.default_rng(0).normal(size=30)
    verdict = lambda shift: claims.compare_pairs(
        "OVF-01", noise + shift, steady, claimed="higher", measure="gap", setting="small"
    )
    known = evidence.Record(verdict(0), "01.ipynb", "a", "part", "", 0, "tensorflow", "2026", "")
    monkeypatch.setattr(evidence, "find", lambda claim_id, setting: known)
    assert against_the_record([verdict(0)]) == []
    (named,) = against_the_record([verdict(0), verdict(9)])
    assert named.startswith("OVF-01 [small] gap: difference +")


@pytest.mark.slow
def test_other_parameters_arrive(tmp_path):
    assert run(INTACT, tmp_path).cells[-1].outputs[0].data["text/plain"] == "('quick', 1, 3)"


def raise_in_cell(content):
    content.cells[3].source = "# NBVAL_CHECK_OUTPUT\nraise ValueError('broken on purpose')"


def wrong_output(content):
    content.cells[3].outputs[0].text = "runs: 3\n"


def test_nbval_leaves_verdicts_to_the_ledger():
    assert claims.MIME_TYPE in nbval_rules.NOT_COMPARED
    assert nbval_rules.LEDGER == protocol.LEDGER


def test_nbval_runs_what_is_compared_and_what_that_needs():
    code = [
        new_code_cell("import sys", metadata={"tags": ["setup"]}),
        new_code_cell("verdicts = []"),
        new_code_cell("slow = train()\nverdicts.append(slow)"),
        new_code_cell("unasked = 1"),
        new_code_cell("def half(x): return x / whole"),
        new_code_cell("whole = 2\nother = unasked"),
        new_code_cell("# NBVAL_CHECK_OUTPUT\nprint(half(4), verdicts)"),
        new_code_cell("whole = train()"),
        new_code_cell("print(1)", metadata={"tags": ["nbval-check-output"]}),
    ]
    wanted = {cell.source for cell in code if "train()" not in cell.source}
    assert nbval_rules.sources_to_run(code) == wanted


@pytest.mark.slow
def test_nbval_passes_the_intact_notebook():
    process = nbval(INTACT)
    assert process.returncode == 0, process.stdout
    assert "3 passed, 2 deselected" in process.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "message"),
    [(raise_in_cell, "broken on purpose"), (wrong_output, "Cell outputs differ")],
)
def test_nbval_notices(intact, tmp_path, damage, message):
    damage(intact)
    nbformat.write(intact, tmp_path / "broken.ipynb")
    process = nbval(tmp_path / "broken.ipynb")
    assert process.returncode == 1
    assert "1 failed, 2 passed" in process.stdout
    assert message in process.stdout


@pytest.mark.slow
def test_papermill_notices(intact, tmp_path):
    raise_in_cell(intact)
    nbformat.write(intact, tmp_path / "broken.ipynb")
    (tmp_path / "out").mkdir()
    with pytest.raises(NotebookStopped, match="broken on purpose"):
        run(tmp_path / "broken.ipynb", tmp_path / "out")
