"""Imports go down only and never sideways: import-linter's contracts hold, name every module, and
are not blunt.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from helpers.runtime import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
LAYERS = {one["containers"][0]: one for one in CONTRACTS if one["type"] == "layers"}


def lint(folder: Path) -> subprocess.CompletedProcess:
    """`lint-imports` in a folder."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path) -> Path:
    """A copy of what import-linter looks at."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def found_in(folder: Path, imports: list[tuple[str, str, str, str]]) -> None:
    """Add imports (a module's file, the line, and the names of both ends) and have the check find
    each of them.
    """
    for file, line, _, _ in imports:
        path = folder / "helpers" / file
        path.write_text(f"{path.read_text()}\n{line}\n")
    done = lint(folder)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    for _, _, importer, imported in imports:
        assert re.search(rf"helpers\.{importer} -> {imported}\b", said), (importer, imported)


def test_imports_upward_are_found(copy):
    imports = [
        ("nets/models.py", "from helpers import training", "nets.models", "helpers.training"),
        ("runtime.py", "import helpers.claims.ledger", "runtime", "helpers.claims.ledger"),
        (
            "datasets/arrays.py",
            "from . import loading",
            "datasets.arrays",
            "helpers.datasets.loading",
        ),
    ]
    found_in(copy, imports)


def test_imports_sideways_are_found(copy):
    imports = [
        ("plots/style.py", "from helpers import datasets", "plots.style", "helpers.datasets"),
        (
            "reference/schedules.py",
            "from . import optimizers",
            "reference.schedules",
            "helpers.reference.optimizers",
        ),
        (
            "exercises/convolution/sliding.py",
            "from . import gradients",
            "exercises.convolution.sliding",
            "helpers.exercises.convolution.gradients",
        ),
    ]
    found_in(copy, imports)


def test_imports_of_what_is_built_around_the_course_are_found(copy):
    around = ["benchmarks", "docs", "studies", "tests", "tools"]
    found_in(copy, [("display.py", f"import {one}.some", "display", one) for one in around])


def test_a_module_that_no_contract_names_is_found(copy):
    (copy / "helpers" / "nets" / "unheard.py").touch()
    done = lint(copy)
    assert done.returncode == 1
    assert "unheard" in done.stdout


def modules(package: Path) -> set[str]:
    """The modules and packages directly in a package."""
    found = {path.stem for path in package.glob("*.py")} - {"__init__"}
    return found | {path.parent.name for path in package.glob("*/__init__.py")}


def test_every_package_has_a_contract_that_names_all_its_modules():
    packages = {path.parent for path in (ROOT / "helpers").rglob("__init__.py")}
    full = {".".join(path.relative_to(ROOT).parts): modules(path) for path in packages}
    named = {
        container: {name for layer in one["layers"] for name in layer.split(" | ")}
        for container, one in LAYERS.items()
    }
    assert named == full


def test_no_contract_makes_an_exception():
    for one in CONTRACTS:
        allowed = {"name", "type", "containers", "exhaustive", "layers"}
        allowed |= {"source_modules", "forbidden_modules"} if one["type"] == "forbidden" else set()
        assert one.keys() <= allowed, one["name"]
    assert all(one["exhaustive"] and len(one["containers"]) == 1 for one in LAYERS.values())
    assert not any(
        ":" in layer or "(" in layer for one in LAYERS.values() for layer in one["layers"]
    )


def test_no_module_imports_the_package_that_it_lies_in():
    """Else an import sideways could pass by way of the `__init__` of the package."""
    import grimp

    graph = grimp.build_graph("helpers", cache_dir=None)
    found = [
        (module, imported)
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
        if module.startswith(f"{imported}.")
    ]
    assert found == []
