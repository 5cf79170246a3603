"""A learner's first hour in JupyterLab: start, guess wrong, take a hint, solve, come back.

By day and in the dark; on a phone people read the book, as JupyterLab's side bar fills its screen.
"""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import serious
from tests.browser.lab import (
    DARK,
    LIGHT,
    cell,
    copy_of_the_course,
    open_page,
    run,
    running,
    write,
)

WRONG_GUESS = """luck = {"on these 10": "About half", "on 10 new ones": "nearly all"}

ex.luck_prediction.check(luck)"""
WRONG = """def share_right(answers, truth):
    return np.sum(answers == truth)


ex.scoring.check(share_right)"""
RIGHT = WRONG.replace("np.sum", "np.mean")
HINTS = ("\nex.scoring.hint()", "\nscoring.hint()", ".hint()")
"""Below a check, and behind it."""
OURS = ".jp-RenderedHTMLCommon"
"""What of the page is the course's; the rest is JupyterLab's."""


@pytest.fixture(scope="module", params=[LIGHT, DARK])
def theme(request) -> str:
    """How JupyterLab looks."""
    return request.param


@pytest.fixture(scope="module")
def course(theme, tmp_path_factory):
    """A course in which nobody has begun."""
    return copy_of_the_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def console(theme) -> list[str]:
    """Errors that the pages reported."""
    return []


@pytest.fixture
def page(chromium, theme, course, console, tmp_path):
    """What `make lab` opens; each test starts the server anew."""
    with running(course, tmp_path, theme) as server:
        page = open_page(chromium, server["opens"], console)
        yield page
        page.close()


def run_down_to(page: Page, text: str) -> None:
    """Run all cells above the one that holds the text, and this one."""
    for start in (
        "from helpers import runtime",
        "PROFILE =",
        "from helpers import exercises",
        text,
    ):
        place = cell(page, start)
        place.locator(".cm-content").click()
        run(page, place)


def test_the_first_page_is_the_reader_s_own_copy_and_asks_nothing(page, course):
    assert "/lab/tree/work/00_start.ipynb" in page.url
    expect(page.get_by_role("heading", name="0 · Start here")).to_be_visible()
    assert page.locator(".jp-Dialog, .jp-toastContainer [role=alert]").count() == 0
    assert page.locator(".jp-OutputArea-output").count() == 0, "an answer is there already"
    assert (course / "work" / "01_overfitting.ipynb").is_file()


def test_a_reader_guesses_wrong_takes_a_hint_and_solves(page, course):
    run_down_to(page, "def share_right(")
    first = cell(page, "def share_right(")
    expect(first).to_contain_text(
        "○ Exercise 1 · not attempted yet. Edit the code above and run the cell again. "
        "Stuck? Run ex.scoring.hint()"
    )
    write(page, first, WRONG)
    assert "✗ Exercise 1 · not yet. That is the number of right answers." in run(page, first)
    for hint in HINTS:
        write(page, first, f"{WRONG}{hint}")
        assert "Hint 1 of 2: answers == truth compares" in run(page, first)
    write(page, first, RIGHT)
    assert "✓ Exercise 1 · correct." in run(page, first)

    guess = cell(page, "luck = {")
    write(page, guess, WRONG_GUESS)
    assert "● Exercise 2 · noted. Your prediction is locked" in run(page, guess)
    reveal = cell(page, "chance =")
    reveal.locator(".cm-content").click()
    assert "✗ Exercise 2 · not yet. Half is what one guesser gets" in run(page, reveal)
    assert serious(page, {"include": [[OURS]]}) == []

    kept = json.loads((course / "work" / "progress.json").read_text(encoding="utf-8"))
    assert kept["solved"] == ["start.scoring"]
    assert kept["right"] == {"start.luck_prediction": False}
    page.keyboard.press("Control+S")
    expect(page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    assert not (course / "work" / "00_start.py").exists(), "a copy is no half of a pair"


def test_the_progress_is_there_on_the_next_day_and_leads_to_the_next_lesson(page):
    run_down_to(page, "exercises.show_progress()")
    rows = cell(page, "exercises.show_progress()").locator(".jp-OutputArea tr")
    expect(rows.nth(1)).to_have_text(re.compile(r"\s*0 · Start here\s+2 of 2\s+0 of 1\s*"))
    expect(rows.last).to_contain_text("2 of")
    assert serious(page, {"include": [[OURS]]}) == []
    expect(cell(page, "luck = {")).to_contain_text("About half")
    page.get_by_role("link", name="Start lesson 1: Overfitting").click()
    expect(page.get_by_role("heading", name="1 · Overfitting").first).to_be_visible()


def test_the_console_has_no_errors(console):
    assert console == []
