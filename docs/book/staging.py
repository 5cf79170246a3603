"""Lays out the book's sources in a folder: notebooks, pages, and what stands in docs/ anyway."""

import json
import posixpath
import re
from pathlib import Path

from docs.book import evidence
from docs.book.pages import pages
from helpers import claims
from helpers.course import notebooks
from helpers.runtime import ROOT

BESIDE = (
    "docs/*.md",
    "docs/*.png",
    "docs/evidence/*.md",
)  # these stand in the book as they lie in the repository
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:|#)([^)#\s]+)(#[^)]*)?\)")  # Markdown, to a file
SHOWN = ("text/", "image/")  # kinds of output


def stage(target: Path, root: Path = ROOT) -> None:
    """Write all sources of the book into `target`."""
    found = notebooks.find(root)
    beside = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for pattern in BESIDE
        for path in sorted(root.glob(pattern))
    }
    texts = {path.relative_to(root).as_posix(): notebook(path, root) for path in found}
    texts |= pages(evidence.collect(found, root), [name for name in beside if name.endswith(".md")])
    files = beside | {name: text.encode() for name, text in texts.items()}
    write(target, files | {name: closed(name, files) for name in beside if name.endswith(".md")})


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
        shown["text/markdown"] = row.sub(rf"| [\1]({folder}\1.html) |", shown["text/markdown"])
    return shown
