"""A Sphinx extension: addresses for cells, texts for figures, plain docstrings, Korean as such."""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from docs.book.evidence import anchor

HANGUL = re.compile(r"[가-힣]")


def setup(app: Sphinx) -> dict:
    """Connect to Sphinx."""
    app.connect("doctree-read", mark_cells)
    app.connect("doctree-read", mark_korean)
    app.connect("autodoc-process-docstring", take_literally)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mark_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Give each code cell its anchor, and each of its figures the text recorded with it."""
    source = Path(app.env.doc2path(app.env.docname))
    if source.suffix != ".ipynb":
        return
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    for node in doctree.findall(
        lambda node: isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"
    ):
        cell = cells[node["cell_index"]]
        node["ids"].append(anchor(cell["id"]))
        images = [output for output in cell["outputs"] if "image/png" in output.get("data", {})]
        for image, output in zip(node.findall(nodes.image), images, strict=True):
            image["alt"] = output["metadata"]["image/png"]["alt"]


def mark_korean(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the glossary's Korean terms as Korean, for those who have them read out."""
    for term in doctree.findall(nodes.term):
        if HANGUL.search(term.astext()):
            term["classes"].append("language-ko")


def take_literally(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Between its `code` a docstring is plain words: no sign in it is markup."""
    text = "\n".join(lines)
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*|_])", r"\\\1", part) for part in parts[::2]]
    lines[:] = "`".join(parts).split("\n")
