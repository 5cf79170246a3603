"""The committed notebooks: pairs, rules, verdicts, and whether they still run. Fixture copies damaged on purpose must fail."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbformat import NotebookNode

from helpers import claims
from helpers.course import notebooks
from helpers.course.notebooks import NotebookStopped
from helpers.runtime import ROOT

INTACT = ROOT / "tests" / "fixtures" / "intact.ipynb"
LARGEST_BYTES = 1_000_000
MACHINE_PATH = re.compile(
    r"(?<![\w.:/])/(?:home|Users|root|tmp|private|mnt|content)/[\w.-]+|[A-Za-z]:\\Users|site-packages"
)
IMAGE_WITHOUT_ALT = re.compile(r'<img\b(?![^>]*\balt="[^"]+")')


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


every_notebook = pytest.mark.parametrize("notebook", notebooks.find(), ids=name)
every_lesson = pytest.mark.parametrize("lesson", notebooks.lessons(), ids=name)


def pair_faults(script: NotebookNode, notebook: NotebookNode) -> list[str]:
    """Where the cells of a pair differ in number, order, type, source or tags."""
    pairs = zip(_essence(script), _essence(notebook), strict=False)
    faults = [
        f"cell {number}: {a!r} in .py, {b!r} in .ipynb"
        for number, (a, b) in enumerate(pairs, start=1)
        if a != b
    ]
    if len(script.cells) != len(notebook.cells):
        faults.append(f"{len(script.cells)} cells in .py, {len(notebook.cells)} in .ipynb")
    return faults


def _essence(content: NotebookNode) -> list[tuple]:
    return [
        (cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())))
        for cell in content.cells
    ]


def rule_faults(content: NotebookNode) -> list[str]:
    """How a committed notebook breaks the rules of the house."""
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    faults = []
    for tag in ("setup", "parameters"):
        if sum(tag in cell.metadata.get("tags", ()) for cell in code) != 1:
            faults.append(f"needs exactly one cell tagged {tag}")
    defined = "\n".join(
        cell.source for cell in code if "parameters" in cell.metadata.get("tags", ())
    )
    for parameter in ("PROFILE", "SEED", "RUNS"):
        if not re.search(rf"^{parameter}\b.*=", defined, re.MULTILINE):
            faults.append(f"the parameters cell does not define {parameter}")
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        faults.append("was not executed from top to bottom in a fresh kernel: `make execute`")
    if content.metadata.get("kernelspec", {}).get("name") != notebooks.KERNEL:
        faults.append(f"its kernel is not {notebooks.KERNEL}")
    for output in outputs:
        faults.extend(_output_faults(output))
    return faults


def _output_faults(output: NotebookNode) -> list[str]:
    faults = [f"an error is committed: {output.ename}"] if output.output_type == "error" else []
    data = output.get("data", {})
    images = [kind for kind in data if kind.startswith("image/")]
    texts = [
        output.get("text", ""),
        *(json.dumps(data[kind]) for kind in data if kind not in images),
    ]
    faults += [
        f"a {kind} has no alt text"
        for kind in images
        if not output.metadata.get(kind, {}).get("alt", "").strip()
    ]
    if IMAGE_WITHOUT_ALT.search(data.get("text/html", "")):
        faults.append("an <img> has no alt text")
    paths = {found for text in texts for found in MACHINE_PATH.findall(text)}
    return faults + [f"an output names a path of a machine: {path}" for path in sorted(paths)]


def nbval(notebook: Path) -> subprocess.CompletedProcess:
    """Run a notebook again and compare the cells marked NBVAL_CHECK_OUTPUT."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.nbval_rules", "--nbval-lax", "--nbval-current-env",
         "--nbval-cell-timeout", "600", "--nbval-kernel-startup-timeout", "120", "--color=no", "-q", str(notebook)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def run(notebook: Path, folder: Path) -> NotebookNode:
    """Execute a copy with other parameters; the executed copy."""
    copied = folder / notebook.name
    notebooks.run(notebook, copied, {"SEED": 1, "RUNS": 3}, watch=lambda index: None, timeout=600)
    return notebooks.read(copied)


# The course's notebooks


@every_notebook
def test_pair_is_equal(notebook):
    assert pair_faults(jupytext.read(notebook.with_suffix(".py")), notebooks.read(notebook)) == []


@every_notebook
def test_keeps_the_rules(notebook):
    assert rule_faults(notebooks.read(notebook)) == []
    assert notebook.stat().st_size < LARGEST_BYTES


def test_every_script_has_its_notebook():
    scripts = [*(ROOT / "notebooks").glob("*.py"), *(ROOT / "notebooks" / "audits").glob("*.py")]
    assert {path.with_suffix(".ipynb") for path in scripts} == set(notebooks.find())


@every_lesson
def test_lesson_and_audit_settle_all_their_statements(lesson):
    verdicts = claims.recorded(lesson) + claims.recorded(lesson.parent / "audits" / lesson.name)
    owned = {claim.id for claim in claims.read().values() if claim.lesson == lesson.stem}
    assert {verdict.id for verdict in verdicts} >= owned


def test_says_which_statements_are_open(capsys):
    settled = {verdict.id for notebook in notebooks.find() for verdict in claims.recorded(notebook)}
    statements = claims.read()
    assert settled <= statements.keys()
    missing = {}
    for claim in statements.values():
        if claim.id not in settled:
            missing.setdefault(claim.lesson, []).append(claim.id)
    with capsys.disabled():
        print(f"\n{len(settled)} of {len(statements)} statements are settled; open:")
        for lesson, ids in missing.items():
            print(f"  {lesson}: {', '.join(ids)}")


@pytest.mark.slow
@every_notebook
def test_runs_with_other_parameters(notebook, tmp_path):
    run(notebook, tmp_path)


@pytest.mark.slow
@every_notebook
def test_runs_again_with_the_same_output(notebook):
    process = nbval(notebook)
    assert process.returncode == 0, process.stdout


# A notebook that keeps every rule, and copies of it damaged on purpose: each check must notice its own damage


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


def drop_tag(content):
    content.cells[1].metadata.tags = []


def drop_cell(content):
    del content.cells[-1]


@pytest.mark.parametrize("damage", [swap_cells, change_source, change_type, drop_tag, drop_cell])
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


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop_tag, "exactly one cell tagged setup"),
        (two_setups, "exactly one cell tagged setup"),
        (no_seed, "does not define SEED"),
        (never_executed, "not executed from top to bottom"),
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


@pytest.mark.slow
def test_other_parameters_arrive(tmp_path):
    assert run(INTACT, tmp_path).cells[-1].outputs[0].data["text/plain"] == "('quick', 1, 3)"


def raise_in_cell(content):
    content.cells[3].source = "raise ValueError('broken on purpose')"


def wrong_output(content):
    content.cells[3].outputs[0].text = "runs: 3\n"


@pytest.mark.slow
def test_nbval_passes_the_intact_notebook():
    process = nbval(INTACT)
    assert process.returncode == 0, process.stdout
    assert "5 passed" in process.stdout


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
    assert "1 failed, 4 passed" in process.stdout
    assert message in process.stdout


@pytest.mark.slow
def test_papermill_notices(intact, tmp_path):
    raise_in_cell(intact)
    nbformat.write(intact, tmp_path / "broken.ipynb")
    (tmp_path / "out").mkdir()
    with pytest.raises(NotebookStopped, match="broken on purpose"):
        run(tmp_path / "broken.ipynb", tmp_path / "out")
