"""The rules of the course's committed notebooks: how a pair, or one notebook, breaks them."""

import json
import re

from nbformat import NotebookNode

from helpers.course import notebooks
from tests import nbval_rules

MACHINE_PATH = re.compile(
    r"(?<![\w.:/])/(?:home|Users|root|tmp|private|mnt|content)/[\w.-]+"
    r"|[A-Za-z]:\\Users|site-packages"
)
BUILT_RESULTS = re.compile(r"""f(["'])[^"'\n]*\{[^"'\n]*\.json\1""")
"""A name of a results file that is put together: the lock finds those that stand as a whole."""
IMAGE_WITHOUT_ALT = re.compile(r'<img\b(?![^>]*\balt="[^"]+")')


def pair_faults(script: NotebookNode, notebook: NotebookNode) -> list[str]:
    """Where the cells of a pair differ in number, order, type, source or lasting metadata."""
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
    # With blank lines: JupyterLab opens no notebook that is newer than its script and differs.
    return [
        (cell.cell_type, cell.source, notebooks.lasting_metadata(cell)) for cell in content.cells
    ]


def rule_faults(content: NotebookNode) -> list[str]:
    """How a committed notebook breaks the rules that all of them follow."""
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
    if not any(map(nbval_rules.is_compared, code)):
        faults.append(f"has no cell for nbval to compare: one tagged {nbval_rules.TAG}")
    if content.metadata.get("kernelspec", {}).get("name") != notebooks.KERNEL:
        faults.append(f"its kernel is not {notebooks.KERNEL}")
    if built := BUILT_RESULTS.search("\n".join(cell.source for cell in code)):
        faults.append(f"builds a results file's name, which the lock cannot see: {built[0]}")
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
