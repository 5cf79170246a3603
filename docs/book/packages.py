"""What the book knows of the code, from the contract in pyproject.toml, docstrings and imports."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.runtime import ROOT

STUDIES = "studies"  # lies beside helpers, above all its layers


@dataclass(frozen=True)
class Module:
    """A module or package; `name` has dots, `summary` is its docstring's first line.

    `exports` holds the names in its `__all__`, `modules` the public modules directly in it.
    """

    name: str
    summary: str
    exports: tuple[str, ...] = ()
    modules: tuple["Module", ...] = ()

    @property
    def short(self) -> str:
        """The last part of the name."""
        return self.name.rsplit(".", 1)[-1]

    def walk(self) -> Iterator["Module"]:
        """This module, then all that are below it."""
        yield self
        for module in self.modules:
            yield from module.walk()


@dataclass(frozen=True)
class Package:
    """What stands in one layer.

    `needs` names what it imports, without what those import in turn.
    """

    module: Module
    needs: tuple[str, ...]


def layers(pyproject: Path = ROOT / "pyproject.toml") -> list[list[str]]:
    """The layers of `helpers` from top to bottom, as import-linter's contract orders them.

    Raises ValueError if there is not exactly one contract on the layers of `helpers`.
    """
    linter = (
        tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {}).get("importlinter", {})
    )
    contracts = [c for c in linter.get("contracts", ()) if c.get("type") == "layers"]
    found = [rows for rows in map(helpers_layers, contracts) if rows]
    if len(found) != 1:
        raise ValueError(
            f"{pyproject.name} has {len(found)} contracts on the layers of helpers; "
            "the map and the chapters on the code are made from exactly one."
        )
    return found[0]


def helpers_layers(contract: dict) -> list[list[str]]:
    """The layers of a contract, without `helpers.`; none if it is on something else."""
    (container, *others) = contract.get("containers") or [""]
    rows = [re.split(r"[|:]", layer) for layer in contract["layers"]]
    full = [[f"{container}.{name.strip(' ()')}".strip(".") for name in row] for row in rows]
    parts = [name.split(".") for row in full for name in row]
    if others or not all(len(part) == 2 and part[0] == "helpers" for part in parts):
        return []
    return [[name.removeprefix("helpers.") for name in row] for row in full]


def packages(root: Path = ROOT) -> dict[str, Package]:
    """What lies in `helpers`, by name, from the lowest layer to the highest; then `studies`."""
    names = [name for row in reversed(layers(root / "pyproject.toml")) for name in row]
    places = {name: f"helpers.{name}" for name in names} | {STUDIES: STUDIES}
    reached: dict[str, set[str]] = {}
    found = {}
    for name, place in places.items():
        imported = imports(place, root) & set(found)
        beyond = set().union(*(reached.get(other, set()) for other in imported))
        reached[name] = imported | beyond
        needs = tuple(other for other in names if other in imported - beyond)
        found[name] = Package(describe(place, root), needs)
    return found


def source(name: str, root: Path) -> Path:
    """The file of a module, or the `__init__.py` of a package."""
    path = root.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def describe(name: str, root: Path = ROOT) -> Module:
    """The module or package with this dotted name, read from its source; nothing is imported.

    Raises ValueError for one without a docstring.
    """
    path = source(name, root)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    text = ast.get_docstring(tree)
    if not text:
        raise ValueError(
            f"{path.relative_to(root)} has no docstring; the map says what lives there."
        )
    inner = [
        child.name.removesuffix(".py") for child in sorted(path.parent.iterdir()) if public(child)
    ]
    inner = inner if path.name == "__init__.py" else []
    modules = tuple(describe(f"{name}.{child}", root) for child in inner)
    return Module(name, text.splitlines()[0], exports(tree), modules)


def public(path: Path) -> bool:
    """Whether this is a module, or a folder with one, that people may import."""
    is_code = path.suffix == ".py" or (path / "__init__.py").is_file()
    return is_code and not path.name.startswith("_")


def exports(tree: ast.Module) -> tuple[str, ...]:
    """The names in `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return tuple(ast.literal_eval(node.value))
    return ()


def imports(name: str, root: Path) -> set[str]:
    """What the modules of a package import from `helpers`, anywhere in the code."""
    path = source(name, root)
    files = path.parent.rglob("*.py") if path.name == "__init__.py" else [path]
    nodes = [
        node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    full = [*plain, *(f"{node.module}.{alias.name}" for node in froms for alias in node.names)]
    return {part.split(".")[1] for part in full if part.startswith("helpers.")}
