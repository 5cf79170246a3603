"""`python -m docs.book.map`: writes the map of the code into CONTRIBUTING.md."""

import sys
from pathlib import Path

from docs.book import packages
from docs.book.packages import Module
from helpers.runtime import ROOT

PAGE = ROOT / "CONTRIBUTING.md"
BEGIN = "<!-- map: written by `python -m docs.book.map` from pyproject.toml and the docstrings -->"
END = "<!-- end of the map -->"


def drawn(layers: list[list[str]]) -> str:
    """The layers as lines of text, an arrow from each to the one below."""
    return "\n    ↓\n".join(" | ".join(row) for row in layers)


def table(modules: list[Module]) -> str:
    """A row for each package and each module directly in it, with its docstring's first line."""
    rows = ["| package | module | what lives there |", "|---|---|---|"]
    for module in modules:
        rows.append(f"| **`{module.name.removeprefix('helpers.')}`** | | {cell(module.summary)} |")
        rows += [f"| | `{inner.short}` | {cell(inner.summary)} |" for inner in module.modules]
    return "\n".join(rows)


def cell(text: str) -> str:
    """A line of text in a cell of a table."""
    return text.replace("|", r"\|")


def page(text: str, root: Path = ROOT) -> str:
    """The page with the map as it is now between the markers.

    Raises ValueError if the page does not hold each marker once.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{PAGE.name} must hold each of these lines once: {BEGIN} {END}")
    layers, found = packages.layers(root / "pyproject.toml"), packages.packages(root)
    modules = [found[name].module for row in [[packages.STUDIES], *layers] for name in row]
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    parts = [BEGIN, f"```text\n{drawn(layers)}\n```", table(modules), END]
    return before + "\n\n".join(parts) + after


def main() -> int:
    """Write the page; 0."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
