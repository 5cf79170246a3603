"""A Sphinx extension: addresses for cells, texts for figures, folded answers, plain docstrings."""

import json
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from docs.book.evidence import anchor

HANGUL = re.compile(r"[가-힣]")
LITERAL = nodes.literal | nodes.math | nodes.FixedTextElement
PERCENT = re.compile(r"(?<=\d)\s%")
WIDE = 550
"""Pixels beyond which a figure would be too small on a phone, which lets its reader scroll it."""
SCROLLER = '<div class="wide" tabindex="0" role="group" aria-label="A wide figure">'
OPENING = '<details class="answer"><summary>Show what came out</summary>'


def setup(app: Sphinx) -> dict:
    """Connect to Sphinx."""
    app.connect("doctree-read", mark_cells)
    app.connect("doctree-read", fold_answers)
    app.connect("doctree-read", mark_korean)
    app.connect("doctree-read", keep_percents)
    app.connect("autodoc-process-docstring", take_literally)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def mark_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Give each code cell its anchor, and each of its figures its text and the width to show."""
    for node, cell in code_cells(app, doctree):
        node["ids"].append(anchor(cell["id"]))
        images = [output for output in cell["outputs"] if "image/png" in output.get("data", {})]
        for image, output in zip(list(node.findall(nodes.image)), images, strict=True):
            about = output["metadata"]["image/png"]
            image["alt"] = about["alt"]
            if "width" in about:
                image["width"] = f"{about['width']}px"
            if about.get("width", 0) > WIDE:
                place = image.parent.index(image)
                image.parent[place : place + 1] = [html(SCROLLER), image, html("</div>")]


def fold_answers(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the cells whose outputs the notebook hides: they tell what a reader is to guess first.

    Neighboring ones are folded together.
    """
    told = {node for node, cell in code_cells(app, doctree) if hides_outputs(cell)}
    for parent in {node.parent for node in told}:
        children = []
        for folded, group in groupby(parent.children, told.__contains__):
            cells = list(group)
            children += [html(OPENING), *cells, html("</details>")] if folded else cells
        parent.clear()
        parent.extend(children)


def code_cells(app: Sphinx, doctree: nodes.document) -> Iterator[tuple[nodes.Element, dict]]:
    """Each code cell of a notebook's page, and the cell that it was made from."""
    source = Path(app.env.doc2path(app.env.docname))
    if source.suffix != ".ipynb":
        return
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            yield node, cells[node["cell_index"]]


def hides_outputs(cell: dict) -> bool:
    """Whether JupyterLab folds the outputs of the cell."""
    return cell["metadata"].get("jupyter", {}).get("outputs_hidden", False)


def html(text: str) -> nodes.raw:
    """A piece of a page as it stands."""
    return nodes.raw("", text, format="html")


def mark_korean(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the glossary's Korean terms as Korean, for those who have them read out."""
    for term in doctree.findall(nodes.term):
        if HANGUL.search(term.astext()):
            term["classes"].append("language-ko")


def keep_percents(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a percent sign with its number: a line of prose does not begin with it."""
    for text in list(doctree.findall(nodes.Text)):
        kept = PERCENT.sub("\N{NO-BREAK SPACE}%", text)
        if kept != text and not isinstance(text.parent, LITERAL):
            text.parent.replace(text, nodes.Text(kept))


def take_literally(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Between its `code` a docstring is plain words: no sign in it is markup."""
    text = "\n".join(lines)
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*|_])", r"\\\1", part) for part in parts[::2]]
    lines[:] = "`".join(parts).split("\n")
