"""Where the course is published: links and set-up cells name its repository and version."""

import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from helpers.course import notebooks
from helpers.runtime import COLAB, GITHUB, ROOT

SETUP_CELL = """\
# Setup: find the course's folder, here or above{then_fetch}.
{import_subprocess}import sys
from pathlib import Path

{address}folders = [Path.cwd(), *Path.cwd().parents{fetched_folder}]
course = next((folder for folder in folders if (folder / "helpers" / "runtime.py").exists()), None)
{fetch}if course is None:
    raise FileNotFoundError("Open this notebook in the course's folder: no helpers/ here or above.")
sys.path.insert(0, str(course))

from helpers import runtime

print(runtime.start())"""
FETCHING = {
    "then_fetch": ".\n# On Colab and on Kaggle (there with Internet on), fetch it first",
    "import_subprocess": "import os\nimport subprocess\n",
    "address": 'REPOSITORY, VERSION = "{repository}", "{ref}"\n',
    "fetched_folder": ', Path.cwd() / f"course-{VERSION}"',
    "fetch": """\
if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    if course is None:
        course = folders[-1]
        clone = f"git -c advice.detachedHead=false clone -q --depth=1 -b {VERSION} {REPOSITORY}"
        subprocess.run([*clone.split(), course], check=True)
    subprocess.run([sys.executable, "-m", "helpers.course.colab"], cwd=course, check=True)
""",
}
"""What a published set-up cell has besides: the lines that fetch the course where it is opened
alone, on Colab and on Kaggle."""
IN_SCRIPT = {"setup": "# %%", "links": "# %% [markdown]"}  # how jupytext begins a cell of this tag
TABLE_CELL = re.compile(
    r"^(\|[^|]*\| *\[[^\]]*\]\((notebooks/[^/)]+\.ipynb)\)[^|]*?)"
    r"(?: \[!\[[^\]]*\]\(docs/badges/[^)]*\)\]\([^)]*\))* *\|",
    re.MULTILINE,
)
"""A row of the README's table of lessons: up to its second cell, the lesson's path, old badges."""


@dataclass(frozen=True)
class Address:
    """A repository on GitHub and the tag that its readers get.

    Raises ValueError for what can be neither.
    """

    repo: str
    ref: str

    def __post_init__(self):
        """Refuse what GitHub or git would."""
        if not re.fullmatch(
            r"[A-Za-z0-9](-?[A-Za-z0-9])*/(?!\.{1,2}$)[\w.-]+", self.repo, re.ASCII
        ):
            raise ValueError(
                f"--repo is {self.repo!r}; write OWNER/NAME as in its address on GitHub."
            )
        if (
            not re.fullmatch(r"\w[\w.-]*", self.ref, re.ASCII)
            or ".." in self.ref
            or self.ref.endswith((".", ".lock"))
        ):
            raise ValueError(
                f"--ref is {self.ref!r}; write a tag of letters, digits, dots and hyphens, "
                "for example v1.0."
            )

    @property
    def repository(self) -> str:
        """The address that git clones from."""
        return f"{GITHUB}{self.repo}"

    def links(self, notebook: str) -> dict[str, str]:
        """Where a notebook, named as in "notebooks/01_overfitting.ipynb", can be opened.

        A codespace is opened with the course's first page, whichever notebook it was asked for.
        """
        owner, name = self.repo.split("/")
        colab = f"{COLAB}{self.repo}/blob/{self.ref}"
        kaggle = f"https://kaggle.com/kernels/welcome?src={self.repository}/blob/{self.ref}"
        codespace = f"https://codespaces.new/{self.repo}/tree/{self.ref}?quickstart=1"
        binder = f"https://mybinder.org/v2/gh/{self.repo}/{self.ref}?urlpath=lab/tree"
        book = f"https://{owner.lower()}.github.io/{name}"
        return {
            "Open in Colab": f"{colab}/{notebook}",
            "Open in Kaggle": f"{kaggle}/{notebook}",
            "Open in Codespaces": codespace,
            "Open in Binder": f"{binder}/{notebook}",
            "Read in the book": f"{book}/{notebook.removesuffix('.ipynb')}.html",
        }


def setup_cell(address: Address | None = None) -> str:
    """The source of the set-up cell, the same in every notebook.

    Without an address it finds the course where it lies; with one, it also fetches it on Colab and
    on Kaggle.
    """
    if address is None:
        return SETUP_CELL.format(**dict.fromkeys(FETCHING, ""))
    stamp = FETCHING["address"].format(repository=address.repository, ref=address.ref)
    return SETUP_CELL.format(**FETCHING | {"address": stamp})


def publish(address: Address, root: Path = ROOT) -> list[Path]:
    """Write the address into the notebooks, their .py and the README; the files that changed.

    Raises ValueError for a notebook or README without the place for it, and FileNotFoundError for
    a file that is not there; nothing is written then.
    """
    texts = {}
    for notebook in notebooks.find(root):
        texts |= _stamped_pair(notebook, address, root)
    readme = root / "README.md"
    texts[readme] = _stamped_readme(readme, address)
    changed = {
        path: text for path, text in texts.items() if path.read_text(encoding="utf-8") != text
    }
    _write(changed)
    return list(changed)


def _stamped_pair(notebook: Path, address: Address, root: Path) -> dict[Path, str]:
    links = address.links(notebook.relative_to(root).as_posix())
    sources = {
        "links": " · ".join(f"[{label}]({link})" for label, link in links.items()),
        "setup": setup_cell(address),
    }
    script = notebook.with_suffix(".py")
    content, text = notebooks.read(notebook), script.read_text(encoding="utf-8")
    for tag, source in sources.items():
        _put_cell(content, tag, source, notebook)
        text = _put_in_script(text, tag, source)
    if _cells(jupytext.reads(text, "py:percent")) != _cells(content):
        raise ValueError(
            f"{notebook.name} and {script.name} hold different cells: "
            "`make execute` makes them equal."
        )
    return {notebook: f"{nbformat.writes(content)}\n", script: text}


def _put_cell(content: NotebookNode, tag: str, source: str, notebook: Path) -> None:
    """Give the cell of this tag this source; new links go before the set-up cell."""
    places = {
        tag: [i for i, cell in enumerate(content.cells) if tag in cell.metadata.get("tags", ())]
        for tag in IN_SCRIPT
    }
    if len(places["setup"]) != 1 or len(places["links"]) > 1:
        raise ValueError(
            f"{notebook.name} must have one cell tagged setup, and at most one tagged links."
        )
    if not places[tag]:
        links = nbformat.v4.new_markdown_cell(id="links", metadata={"tags": ["links"]})
        content.cells.insert(places["setup"][0], links)
        places["links"] = places["setup"]
    content.cells[places[tag][0]].source = source


def _put_in_script(text: str, tag: str, source: str) -> str:
    start = f'{IN_SCRIPT[tag]} tags=["{tag}"]\n'
    body = source if tag == "setup" else f"# {source}"
    if start not in text:
        return text.replace('# %% tags=["setup"]\n', f'{start}{body}\n\n# %% tags=["setup"]\n', 1)
    before, after = text.split(start, 1)
    rest = re.search(r"^# %%", after, re.MULTILINE)
    return f"{before}{start}{body}\n\n{after[rest.start() :] if rest else ''}"


def _cells(content: NotebookNode) -> list[tuple]:
    return [(cell.cell_type, cell.source, cell.metadata.get("tags")) for cell in content.cells]


def _stamped_readme(readme: Path, address: Address) -> str:
    """The README with a row of badges behind each lesson of its table."""

    def with_badges(cell: re.Match) -> str:
        links = address.links(cell[2]).items()
        badges = [
            f"[![{label}](docs/badges/{label.split()[-1].lower()}.svg)]({link})"
            for label, link in links
        ]
        return f"{cell[1].rstrip()} {' '.join(badges)} |"

    text, count = TABLE_CELL.subn(with_badges, readme.read_text(encoding="utf-8"))
    if not count:
        raise ValueError(f"{readme.name} has no table of lessons to put badges in.")
    return text


def _write(texts: dict[Path, str]) -> None:
    """Write all files beside their places first, so that a full disk leaves the old ones whole.

    Raises OSError if there is no permission to write or no space.
    """
    partial = {path: path.with_name(f"{path.name}.partial") for path in texts}
    try:
        for path, text in texts.items():
            partial[path].write_text(text, encoding="utf-8", newline="\n")
        for path, written in partial.items():
            written.replace(path)
    finally:
        for left_over in partial.values():
            left_over.unlink(missing_ok=True)
