"""`python -m helpers publish`: links, badges and set-up cells, in one go or not at all."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import jupytext
import nbformat
import pytest

from helpers.__main__ import main
from helpers.course import notebooks, publishing
from helpers.runtime import ROOT

README = """# A course

[Overfitting](notebooks/01_a.ipynb) comes first.

| | lesson | minutes |
|---|---|---|
| 1 | [A](notebooks/01_a.ipynb) · [audit](notebooks/audits/01_a.ipynb) | 50 |
| | [data](data/README.md) | |
"""
STAMP = ["publish", "--repo", "Someone/a.course", "--ref", "v1.0"]


@pytest.fixture
def course(tmp_path) -> Path:
    """A course of one lesson and its audit, with outputs, never published."""
    for name in ("notebooks/01_a", "notebooks/audits/01_a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        for suffix in (".py", ".ipynb"):
            shutil.copy(
                ROOT / "tests" / "fixtures" / f"intact{suffix}", tmp_path / f"{name}{suffix}"
            )
    (tmp_path / "README.md").write_text(README)
    return tmp_path


def texts(folder: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in folder.rglob("*") if path.is_file()}


def tagged(notebook: Path, tag: str) -> nbformat.NotebookNode:
    (cell,) = [
        cell for cell in notebooks.read(notebook).cells if tag in cell.metadata.get("tags", ())
    ]
    return cell


def essence(content: nbformat.NotebookNode) -> list[tuple]:
    return [(cell.cell_type, cell.source, cell.metadata.get("tags")) for cell in content.cells]


@pytest.mark.parametrize(
    "notebook", notebooks.find(), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_the_setup_cell_is_the_same_everywhere(notebook):
    cells = jupytext.read(notebook.with_suffix(".py")).cells
    (source,) = [cell.source for cell in cells if "setup" in cell.metadata.get("tags", ())]
    stamp = re.search(
        r'^REPOSITORY, VERSION = "https://github.com/(.*)", "(.*)"', source, re.MULTILINE
    )
    address = publishing.Address(*stamp.groups()) if stamp else None
    assert source == publishing.setup_cell(address), "copy the set-up cell of lesson 1"


def test_everything_names_the_repository_and_the_tag(course):
    assert main(STAMP, course) == 0
    for place in ("notebooks", "notebooks/audits"):
        notebook = course / place / "01_a.ipynb"
        assert (
            'REPOSITORY, VERSION = "https://github.com/Someone/a.course", "v1.0"'
            in tagged(notebook, "setup").source
        )
        links = re.findall(r"\]\((.*?)\)", tagged(notebook, "links").source)
        assert links == [
            "https://colab.research.google.com/github/Someone/a.course/blob/v1.0/"
            f"{place}/01_a.ipynb",
            "https://kaggle.com/kernels/welcome"
            f"?src=https://github.com/Someone/a.course/blob/v1.0/{place}/01_a.ipynb",
            "https://codespaces.new/Someone/a.course/tree/v1.0?quickstart=1",
            f"https://mybinder.org/v2/gh/Someone/a.course/v1.0?urlpath=lab/tree/{place}/01_a.ipynb",
            f"https://someone.github.io/a.course/{place}/01_a.html",
        ]
        assert essence(jupytext.read(notebook.with_suffix(".py"))) == essence(
            notebooks.read(notebook)
        )
    row = (course / "README.md").read_text().splitlines()[6]
    assert re.findall(r"\[!\[([^\]]*)\]\(([^)]*)\)\]", row) == [
        ("Open in Colab", "docs/badges/colab.svg"),
        ("Open in Kaggle", "docs/badges/kaggle.svg"),
        ("Open in Codespaces", "docs/badges/codespaces.svg"),
        ("Open in Binder", "docs/badges/binder.svg"),
        ("Read in the book", "docs/badges/book.svg"),
    ]
    assert row.endswith("/01_a.html) | 50 |")


def test_every_badge_is_there_and_says_where_it_leads():
    for label in publishing.Address("someone/course", "v1.0").links("notebooks/01_a.ipynb"):
        badge = ROOT / "docs" / "badges" / f"{label.split()[-1].lower()}.svg"
        text, words = badge.read_text(), label[0].lower() + label[1:]
        assert f'aria-label="{words}"' in text and f">{words}</text>" in text


def test_links_are_addresses_that_markdown_takes_as_they_are():
    """With the notebook in the path, or in the query where a service takes it there."""
    links = publishing.Address("some-one/a.b_c-d", "v1.0-rc.1").links("notebooks/03b_more.ipynb")
    for label, link in links.items():
        parts = urlsplit(link)
        assert parts.scheme == "https" and parts.netloc and not parts.fragment
        assert not re.search(r"[\s()<>]", link)
        assert ("03b_more" in link) is (label != "Open in Codespaces")


def test_only_cells_and_rows_that_name_the_address_change(course):
    def read():
        lines = (course / "README.md").read_text().splitlines()
        return notebooks.read(course / "notebooks" / "01_a.ipynb"), lines

    before, readme = read()
    main(STAMP, course)
    after, stamped = read()
    del after.cells[1]
    after.cells[1].source = before.cells[1].source
    assert after == before
    changed = [i for i, lines in enumerate(zip(readme, stamped, strict=True)) if len({*lines}) > 1]
    assert changed == [6]


def test_again_changes_nothing_and_another_tag_changes_what_names_it(course, capsys):
    main(STAMP, course)
    once = texts(course)
    capsys.readouterr()
    main(STAMP, course)
    assert texts(course) == once
    assert capsys.readouterr().out.startswith("Published as Someone/a.course at v1.0")
    main([*STAMP[:-1], "v2.0"], course)
    assert texts(course) == {path: text.replace("v1.0", "v2.0") for path, text in once.items()}


def unequal_pair(course):
    script = course / "notebooks" / "audits" / "01_a.py"
    script.write_text(script.read_text() + "\n# %%\n1 + 1\n")


def no_setup(course):
    notebook = course / "notebooks" / "audits" / "01_a.ipynb"
    notebook.write_text(notebook.read_text().replace('"setup"', '"start"'))


def no_table(course):
    (course / "README.md").write_text("# A course\n")


def no_script(course):
    (course / "notebooks" / "audits" / "01_a.py").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (unequal_pair, "different cells"),
        (no_setup, "one cell tagged setup"),
        (no_table, "no table of lessons"),
        (no_script, "01_a.py"),
    ],
)
def test_nothing_is_written_where_something_is_amiss(course, capsys, damage, message):
    damage(course)
    before = texts(course)
    with pytest.raises(SystemExit) as stop:
        main(STAMP, course)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert texts(course) == before


def test_a_full_disk_leaves_the_old_files(course, capsys, monkeypatch):
    before, write, written = texts(course), Path.write_text, []

    def full_after_two(path, *arguments, **options):
        written.append(path)
        if len(written) > 2:
            raise OSError(28, "No space left on device")
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full_after_two)
    with pytest.raises(SystemExit):
        main(STAMP, course)
    assert "No space left on device" in capsys.readouterr().err
    assert texts(course) == before


@pytest.mark.parametrize(
    "repo",
    [
        "course",
        "a/b/c",
        "https://github.com/a/b",
        "a b/c",
        "a/",
        "/b",
        "a/..",
        "-a/b",
        'a/b"',
        "ä/b",
        "a/b\n",
    ],
)
def test_a_repository_is_an_owner_and_a_name(repo):
    with pytest.raises(ValueError, match="OWNER/NAME"):
        publishing.Address(repo, "v1.0")


@pytest.mark.parametrize(
    "ref", ["", "v 1", "-v1", "v1..2", "a/b", "v1.lock", "v1.", "v~1", 'v"1', "v1\n", "@{1}", "é"]
)
def test_a_tag_is_one_word(ref):
    with pytest.raises(ValueError, match="tag"):
        publishing.Address("a/b", ref)


@pytest.mark.parametrize("ref", ["v1.0", "2026-11", "v1.0-rc.1", "a_b", "main", "3f2c1d0"])
def test_git_takes_the_tags_that_are_taken(ref):
    publishing.Address("some-one/a.b_c-d", ref)
    assert (
        subprocess.run(["git", "check-ref-format", f"refs/tags/{ref}"], check=False).returncode == 0
    )


def run(source: str, folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", source]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("address", [None, publishing.Address("Someone/a.course", "v1.0")])
@pytest.mark.parametrize("place", [".", "notebooks", "notebooks/audits"])
def test_a_setup_cell_runs_where_the_course_lies(tmp_path, address, place):
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "runtime.py").write_text("def start():\n    return 'found'\n")
    (tmp_path / "notebooks" / "audits").mkdir(parents=True)
    done = run(publishing.setup_cell(address), tmp_path / place)
    assert (done.stdout, done.stderr) == ("found\n", "")


def test_a_setup_cell_without_its_course_says_where_to_open_it(tmp_path):
    failed = run(publishing.setup_cell(), tmp_path)
    assert "Open this notebook in the course's folder" in failed.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_setup_cell_fetches_nothing_before_it_is_published():
    source = publishing.setup_cell()
    assert "subprocess" not in source and "git" not in source
