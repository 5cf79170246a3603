"""The map of the code: layers from the contract, arrows from imports, words from docstrings."""

import re
from xml.etree import ElementTree

import pytest

from docs.book import drawing, packages, pages
from docs.book import map as code_map

CONTRACT = """
[tool.importlinter]
root_packages = ["helpers"]
[[tool.importlinter.contracts]]
name = "Imports go down"
type = "layers"
containers = ["helpers"]
layers = ["top", "left | right", "bottom"]
"""
FILES = {
    "pyproject.toml": CONTRACT,
    "helpers/__init__.py": '"""The helpers."""',
    "helpers/top/__init__.py": '"""The top.\n\nMore."""\n__all__ = ["f"]',
    "helpers/top/inner.py": '"""What is | inside."""\nfrom helpers import left, bottom',
    "helpers/top/_hidden.py": "",
    "helpers/left.py": '"""The left."""\ndef later():\n    import helpers.bottom',
    "helpers/right.py": '"""The right."""',
    "helpers/bottom.py": '"""The bottom."""',
    "studies/__init__.py": '"""The studies."""\nfrom helpers.right import x',
}


@pytest.fixture
def small(tmp_path):
    """A small course: a top that imports left and bottom, and a left that imports bottom."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_layers_are_those_of_the_contract(small):
    assert packages.layers(small / "pyproject.toml") == [["top"], ["left", "right"], ["bottom"]]


@pytest.mark.parametrize(
    "layers", ['"helpers.top", "helpers.left : helpers.right", "(helpers.bottom)"']
)
def test_full_names_other_signs_and_optional_layers_are_read_too(small, layers):
    file = small / "pyproject.toml"
    contract = re.sub(r"layers = \[.*", f"layers = [{layers}]", CONTRACT)
    file.write_text(contract.replace('containers = ["helpers"]\n', ""), encoding="utf-8")
    assert packages.layers(file) == [["top"], ["left", "right"], ["bottom"]]


def test_contracts_on_something_else_are_passed_over(small):
    file = small / "pyproject.toml"
    head = "[[tool.importlinter.contracts]]\n"
    inside = f'{head}type = "layers"\nlayers = ["helpers.a.b", "helpers.a.c"]\n'
    other = f'{head}type = "forbidden"\n'
    file.write_text(CONTRACT + inside + other, encoding="utf-8")
    assert packages.layers(file)[0] == ["top"]
    file.write_text(inside, encoding="utf-8")
    with pytest.raises(ValueError, match="0 contracts"):
        packages.layers(file)


def test_an_arrow_that_follows_from_others_is_left_out(small):
    needs = {name: package.needs for name, package in packages.packages(small).items()}
    assert needs == {
        "bottom": (),
        "left": ("bottom",),
        "right": (),
        "top": ("left",),
        "studies": ("right",),
    }


def test_a_package_tells_its_modules_its_names_and_its_first_line(small):
    top = packages.describe("helpers.top", small)
    assert [module.name for module in top.walk()] == ["helpers.top", "helpers.top.inner"]
    assert (top.summary, top.exports) == ("The top.", ("f",))
    (small / "helpers" / "left.py").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="helpers/left.py has no docstring"):
        packages.describe("helpers.left", small)


def test_the_map_stands_between_its_markers(small):
    page = code_map.page(f"before\n{code_map.BEGIN}\nold\n{code_map.END}\nafter", small)
    assert page.startswith(f"before\n{code_map.BEGIN}") and page.endswith(f"{code_map.END}\nafter")
    assert "old" not in page and "left | right" in page
    assert r"| | `inner` | What is \| inside. |" in page
    assert code_map.page(page, small) == page
    with pytest.raises(ValueError, match="once"):
        code_map.page("no markers", small)


def test_the_drawing_leads_down_and_to_the_chapters(small):
    svg = ElementTree.fromstring(drawing.package_map(packages.packages(small)))
    assert {link.get("href") for link in svg.iter("a")} == {
        f"{name}.html" for name in ("top", "left", "right", "bottom", "studies")
    }
    arrows = [part.get("d") for part in svg.iter("path") if part.get("class") == "arrow"]
    ends = [[float(number) for number in re.findall(r"[\d.]+", arrow)] for arrow in arrows]
    assert len(arrows) == 3 and all(end[1] < end[-1] for end in ends)


def test_every_module_of_the_course_has_a_chapter():
    code = packages.packages()
    chapters = pages.package_pages(code, pages.templates().get_template("templates/package.md"))
    assert set(chapters) == {f"api/{name}.md" for name in code} and "api/studies.md" in chapters
    shown = re.findall(r"automodule:: (\S+)", "".join(chapters.values()))
    files = [
        path.relative_to(packages.ROOT).with_suffix("")
        for folder in ("helpers", "studies")
        for path in (packages.ROOT / folder).rglob("*.py")
        if not path.name.startswith("_")
    ]
    assert {".".join(file.parts) for file in files} <= set(shown)
    assert len(shown) == len(set(shown))
