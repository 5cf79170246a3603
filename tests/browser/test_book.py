"""The book in a browser, on a desk and on a phone, without a network. `make book` comes first."""

import functools
import json
import re
import threading
from collections import defaultdict
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from playwright.sync_api import expect

from helpers.runtime import ROOT
from tests.browser.accessibility import serious
from tests.browser.conftest import PATIENCE

BOOK = ROOT / "build" / "book"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SCREENS = {  # what a context is made from
    "desk": {"viewport": DESK, "color_scheme": "light"},
    "phone": {"viewport": PHONE, "color_scheme": "dark"},
}
OTHER_SCREENS = {
    "desk in the dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone by day": {"viewport": PHONE, "color_scheme": "light"},
}
LOOKED_AT = [
    *(
        "index",
        "map",
        "glossary",
        "docs/benchmarks",
        "docs/notes",
        "docs/teachers",
        "api/index",
        "api/claims",
        "api/exercises",
    ),
    *("evidence/index", "evidence/README", "evidence/OVF-02", "evidence/REG-46", "evidence/QA-03"),
    *(f"notebooks/{path.stem}" for path in sorted(BOOK.glob("notebooks/*.html"))),
    "notebooks/audits/01_overfitting",
]

CUT_TABLES = """[...document.querySelectorAll("article table")]
    .filter(table => table.offsetWidth > table.parentElement.clientWidth)
    .map(table => table.innerText.slice(0, 60))"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module", autouse=True)
def built():
    if not (BOOK / "index.html").is_file():
        pytest.skip("There is no book in build/book: `make book` makes it.")


@pytest.fixture(scope="session")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=BOOK))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(params=SCREENS)
def page(request, chromium, address):
    """A page on each screen; neither errors nor requests to elsewhere are allowed."""
    context = chromium.new_context(**(SCREENS | OTHER_SCREENS)[request.param], base_url=address)
    context.set_default_timeout(PATIENCE)
    page, wrong = context.new_page(), []
    page.on(
        "console",
        lambda message: (
            wrong.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "response",
        lambda response: (
            wrong.append(f"{response.status} {response.url}") if response.status >= 400 else None
        ),
    )
    page.on(
        "request",
        lambda asked: (
            wrong.append(f"asks {asked.url}")
            if not asked.url.startswith((address, "data:", "blob:"))
            else None
        ),
    )
    yield page
    context.close()
    assert wrong == []


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_page_fits_its_screen_and_can_be_used_by_everyone(page, name):
    page.goto(f"{name}.html")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(CUT_TABLES) == []
    assert (
        serious(page, {"exclude": [[".highlight"]]}) == []
    )  # all code takes minutes; the next test has some


def test_code_can_be_read_by_everyone(page):
    page.goto("notebooks/audits/02_resampling.html")
    assert serious(page, {"include": [[".cell:nth-of-type(-n+6) .highlight"]]}) == []


@pytest.mark.parametrize("page", [*SCREENS, *OTHER_SCREENS], indirect=True)
def test_a_reader_starts_and_guesses_before_anything_is_shown(page):
    page.goto("index.html")
    starts = page.locator("a.start")
    expect(starts).to_have_count(1)
    place = starts.bounding_box()
    assert place["y"] + place["height"] < page.viewport_size["height"], "on the first screen"
    starts.click()
    page.wait_for_url("**/notebooks/01_overfitting.html")
    told = page.get_by_alt_text("Training and test error over the degree")
    expect(told).to_be_hidden()
    page.get_by_text("Show what came out").first.click()
    expect(told).to_be_visible()
    assert serious(page, {"include": [["details.answer"]], "exclude": [[".highlight"]]}) == []


def test_a_table_that_is_unfolded_fits_its_screen_too(page):
    page.goto("notebooks/07_cifar10_deep_net.html")
    page.locator("article details").evaluate_all(
        "details => details.forEach(one => { one.open = true })"
    )
    page.wait_for_function(f"!{CUT_TABLES}.length")


def test_formulas_are_set(page):
    page.goto("notebooks/03_gradient_descent.html")
    page.wait_for_selector("mjx-container")
    assert page.locator("mjx-container").count() >= 5
    assert page.locator("mjx-merror").count() == 0


def test_search_finds_lessons_and_statements(page):
    page.goto("search.html?q=dropout")
    for part in ("notebooks/04b_dropout_and_data", "evidence/REG-"):  # they come one by one
        found = page.locator(f"#search-results li > a[href*='{part}']")
        expect(found.first).to_be_visible(timeout=PATIENCE)


def test_search_finds_korean(page):
    page.goto("search.html?q=드롭아웃")
    page.wait_for_function("document.querySelectorAll('#search-results li').length > 0")
    assert "glossary" in page.locator("#search-results li > a").first.get_attribute("href")


def shown(page):
    return page.locator("table.evidence tbody tr:visible")


def test_the_evidence_is_filtered_by_lesson_verdict_and_text(page):
    page.goto("evidence/index.html")
    everything = shown(page).count()
    page.get_by_label("Verdict").select_option("refuted")
    refuted = shown(page).count()
    assert 0 < refuted < everything
    assert set(shown(page).locator(".verdict").all_inner_texts()) == {"✗ refuted"}
    assert page.get_by_role("status").inner_text() == f"{refuted} of {everything} statements"
    page.get_by_label("Protocol").select_option("not-yet")
    not_yet = shown(page).count()
    page.get_by_label("Protocol").select_option("measured")
    assert not_yet + shown(page).count() == refuted
    page.get_by_label("Protocol").select_option("")
    page.get_by_label("Lesson").select_option("03_gradient_descent")
    assert {row.get_attribute("data-lesson") for row in shown(page).all()} == {
        "03_gradient_descent"
    }
    names = shown(page).locator("td:first-child").all_inner_texts()
    assert len(names) > 1
    page.get_by_label("Text").fill(names[-1].lower())
    assert shown(page).locator("td:first-child").all_inner_texts() == names[-1:]
    page.reload()
    assert shown(page).count() == 1, "the address holds the choice"
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("!location.search")
    assert shown(page).count() == everything


def test_the_filter_works_by_keyboard(page):
    page.goto("evidence/index.html")
    page.get_by_label("Lesson").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.get_by_label("Verdict").input_value() == "supported"
    for _ in range(3):  # past the way in which it was found, and the protocol
        page.keyboard.press("Tab")
    page.keyboard.type("momentum")
    assert 0 < shown(page).count() < 30
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("!location.search")


def test_a_statement_leads_to_the_cell_that_measured_it(page):
    page.goto("evidence/REG-46.html")
    page.get_by_role("link", name="the cell of lesson 4").first.click()
    cell = page.locator(".cell:target")
    cell.wait_for()
    assert "REG-46" in cell.inner_text()
    cell.get_by_role("link", name="REG-46").first.click()
    page.wait_for_url("**/evidence/REG-46.html")


def test_a_page_offers_its_values_and_the_lines_that_judge_them(page):
    page.goto("evidence/OVF-01.html")
    page.get_by_text("Compute it yourself").first.click()
    assert 'pd.read_csv("OVF-01.csv"' in page.locator("details.recompute").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="OVF-01.csv").first.click()
    assert download.value.suggested_filename == "OVF-01.csv"
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "setting,role,replicate,treatment,control,groups" and len(lines) > 30


def test_no_line_is_taken_for_a_comment_because_it_begins_with_a_percent_sign():
    lost = []
    for notebook in sorted(ROOT.glob("notebooks/**/[0-9]*.ipynb")):
        page = (BOOK / notebook.relative_to(ROOT)).with_suffix(".html").read_text(encoding="utf-8")
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        begins = re.findall(r"^% [\w ]+", text, flags=re.MULTILINE)
        lost += [(notebook.name, line) for line in begins if line not in page]
    assert lost == []


class Links(HTMLParser):
    """What a page links to, which anchors it has, and its pictures."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.anchors, self.pictures = set(), set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given["id"]} if given.get("id") else set()
        self.targets |= {given[name] for name in ("href", "src") if given.get(name)}
        if tag == "img":
            self.pictures.append(given.get("alt") or "")


@pytest.fixture(scope="module")
def book():
    return {
        path.resolve(): Links(path) for path in BOOK.rglob("*.html") if "_static" not in path.parts
    }


def test_no_link_is_broken_and_none_leads_out_for_what_the_page_needs(book):
    broken = defaultdict(list)
    for path, links in book.items():
        for target in links.targets:
            if urlsplit(target).scheme:
                continue
            place, anchor = urldefrag(target)
            file = (path.parent / unquote(urlsplit(place).path)).resolve() if place else path
            if not file.is_file() or (
                anchor and file in book and unquote(anchor) not in book[file].anchors
            ):
                broken[target].append(path.name)
    assert dict(broken) == {}


def test_every_figure_says_what_it_shows(book):
    pictures = [(path.name, alt) for path, links in book.items() for alt in links.pictures]
    assert len(pictures) > 70
    assert [picture for picture in pictures if len(picture[1].split()) < 4] == []
