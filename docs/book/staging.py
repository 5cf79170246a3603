"""Lays out the book's sources in a folder: notebooks, pages, and what stands in docs/ anyway."""

import json
import posixpath
import re
from pathlib import Path

from docs.book import evidence
from docs.book.pages import pages
from helpers import claims
from helpers.course import cards, notebooks
from helpers.exercises import catalogue
from helpers.runtime import ROOT

BESIDE = ("docs/*.md", "docs/*.png")  # these stand in the book as they lie in the repository
RECORD = ("*.md", "*.csv", "*.lock")  # and these of the evidence
CHANGES = "evidence/CHANGES.md"
ORPHAN = b"---\norphan: true\n---\n\n"  # the page is reached by links, not by the table of contents
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:|#)([^)#\s]+)(#[^)]*)?\)")  # Markdown, to a file
SHOWN = ("text/", "image/")  # kinds of output


def stage(target: Path, root: Path = ROOT, record: Path = evidence.FOLDER) -> None:
    """Write all sources of the book into `target`, with the evidence that lies in `record`."""
    found = notebooks.find(root)
    beside = files_beside(root, record)
    markdown = [name for name in beside if name.endswith(".md")]
    texts = {path.relative_to(root).as_posix(): notebook(path, root) for path in found}
    statements = evidence.collect(found, root, record)
    texts |= pages(statements, markdown) | downloads(statements)
    files = beside | decks() | {name: text.encode() for name, text in texts.items()}
    write(target, files | {name: closed(name, files) for name in markdown})


def files_beside(root: Path, record: Path) -> dict[str, bytes]:
    """What stands in the book as it lies in the repository, by its name in the book."""
    pages = [path for pattern in BESIDE for path in sorted(root.glob(pattern))]
    recorded = [path for pattern in RECORD for path in sorted(record.glob(pattern))]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in pages}
    files |= {f"evidence/{path.name}": path.read_bytes() for path in recorded}
    if CHANGES in files:
        files[CHANGES] = ORPHAN + files[CHANGES]
    return files


def downloads(statements: dict[str, evidence.Statement]) -> dict[str, str]:
    """The values of each statement that compares something, as files beside its page."""
    tables = {f"evidence/{name}.csv": evidence.values_table(s) for name, s in statements.items()}
    return {name: text for name, text in tables.items() if text}


def decks() -> dict[str, bytes]:
    """The review cards of each lesson that has some, as a file for Anki."""
    every = [(lesson, cards.of(lesson)) for lesson in catalogue.lessons().values()]
    return {f"cards/{one.name}.apkg": cards.packed(one, deck) for one, deck in every if deck}


def write(target: Path, files: dict[str, bytes]) -> None:
    """Make `target` hold these files and no others.

    What has not changed is not written again, so that Sphinx skips it.
    """
    for path in [path for path in target.rglob("*") if path.is_file()]:
        if path.relative_to(target).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        path = target / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def closed(name: str, files: dict[str, bytes]) -> bytes:
    """The page in Markdown without the links that lead out of the book."""

    def inside(link: re.Match) -> str:
        return (
            link[0]
            if posixpath.normpath(posixpath.join(posixpath.dirname(name), link[2])) in files
            else link[1]
        )

    return LINK.sub(inside, files[name].decode()).encode()


def notebook(path: Path, root: Path) -> str:
    """The notebook as the book shows it.

    Statements are linked to their evidence, the setup is folded, data for machines left out.
    """
    book = json.loads(path.read_text(encoding="utf-8"))
    up = "../" * len(path.relative_to(root).parent.parts)
    book["metadata"].setdefault(
        "language_info", {"name": "python"}
    )  # which one that never ran does not say
    for cell in book["cells"]:
        if "setup" in cell["metadata"].get("tags", ()):
            cell["metadata"]["tags"].append("hide-input")
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"] = linked(output["data"], f"{up}evidence/")
    return json.dumps(book, ensure_ascii=False)


def linked(data: dict, folder: str) -> dict:
    """The data of an output for people; the ids of statements lead to their pages in `folder`."""
    shown = {kind: "".join(content) for kind, content in data.items() if kind.startswith(SHOWN)}
    if claims.MIME_TYPE in data:
        name = data[claims.MIME_TYPE]["id"]
        shown["text/html"] = shown["text/html"].replace(
            f"<code>{name}</code>", f'<a href="{folder}{name}.html"><code>{name}</code></a>'
        )
    if "text/markdown" in data:  # the summary of a lesson: one row a statement
        row = re.compile(r"^\| \[?([A-Z]+-\d+)(?:\]\([^)]*\))? \|", flags=re.MULTILINE)
        text = row.sub(rf"| [\1]({folder}\1.html) |", shown["text/markdown"])
        # Sphinx follows no links of outputs, such as those from 00_start to the lessons.
        shown["text/markdown"] = re.sub(r"(\]\(|href=\")([\w/]+)\.ipynb", r"\1\2.html", text)
    return shown
