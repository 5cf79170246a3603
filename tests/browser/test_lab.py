"""JupyterLab as a reader meets it: `make lab`, lesson 01 in Chromium, exercises solved in it."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE
from tests.browser.lab import RAN, cell, copy_of_the_course, open_page, run, running, write

LESSON = "01_overfitting"
RIGHT = """def choose(training_error, validation_error, test_error):
    return int(np.argmin(validation_error))


ex.choosing.check(choose)"""
WRONG = """def count_parameters(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    return sum(before * after for before, after in zip(widths, widths[1:]))


ex.counting.check(count_parameters)"""


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A copy of the course, so that saving changes nothing here."""
    return copy_of_the_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def server(course, tmp_path_factory):
    """What the server that `make lab` starts says of itself."""
    with running(course, tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture(scope="module")
def console() -> list[str]:
    """Errors that the page reported."""
    return []


@pytest.fixture(scope="module")
def page(chromium: Browser, server, console):
    """The pair of lesson 01, opened with the token that the server prints."""
    address = f"{server['url']}lab/tree/notebooks/{LESSON}.ipynb?token={server['token']}"
    page = open_page(chromium, address, console)
    expect(
        page.locator(".jp-CodeCell").filter(has_text="verdicts = claims.Ledger(").first
    ).to_be_attached()
    yield page
    page.close()


def polynomial(degree: int) -> re.Pattern:
    """What the slider's figure says of itself."""
    return re.compile(f"^Polynomial of degree {degree} through 20 points")


def token(server) -> dict[str, str]:
    """What asks the server for something as its reader."""
    return {"Authorization": f"token {server['token']}"}


def test_the_server_is_for_this_machine_only_and_asks_for_a_token(server):
    assert server["hostname"] in {"localhost", "127.0.0.1"}
    assert len(server["token"]) >= 32 and not server["password"]
    port = f"{server['port']:04X}"
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    assert [address for address in listening if address.endswith(f":{port}")] == [
        f"0100007F:{port}"
    ]


def test_without_the_token_nothing_opens(chromium, server):
    stranger = chromium.new_page()
    stranger.goto(f"{server['url']}lab", wait_until="domcontentloaded")
    assert "/login" in stranger.url
    stranger.close()


def test_all_cells_run(page):
    parameters = cell(page, "RUNS = 5")
    write(page, parameters, 'PROFILE = "quick"\nSEED = 0\nRUNS = 3')
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
    last = page.locator(".jp-CodeCell .jp-InputArea-prompt").last
    expect(last).to_have_text(RAN, timeout=4 * PATIENCE)
    assert (
        page.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
        ).count()
        == 0
    )
    figures = page.locator(".jp-RenderedImage img").evaluate_all(
        "images => images.map(image => image.naturalWidth)"
    )
    assert len(figures) >= 5 and min(figures) > 300
    told = page.get_by_text("not attempted yet.").all_text_contents()
    numbers = [re.search(r"Exercise (\d)", text).group(1) for text in told]
    # JupyterLab unfolds what runs, so the prediction is asked for again beside its result.
    assert numbers == ["1", "1", "2", "3", "4", "5"]


def test_moving_the_slider_draws_another_figure(page):
    handle = page.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    figure = page.locator(".widget-html img, .widget-html-content img").first
    expect(figure).to_have_attribute("alt", polynomial(0))
    for degree in (1, 2, 3):  # on a busy machine a figure takes the focus when it comes late
        handle.press("ArrowRight")
        expect(figure).to_have_attribute("alt", polynomial(degree))


def test_a_right_answer_is_correct(page):
    place = cell(page, "def choose(")
    write(page, place, RIGHT)
    assert "✓ Exercise 2 · correct. Choose on validation data" in run(page, place)


def test_a_wrong_answer_is_told_what_is_wrong_and_a_hint_helps(page):
    place = cell(page, "def count_parameters(")
    write(page, place, WRONG)
    assert (
        "✗ Exercise 4 · not yet. The weights are right, but every unit of every layer has a bias"
        in run(page, place)
    )
    write(page, place, WRONG + "\nex.counting.hint()")
    assert "Hint 1 of 2: A layer from a units to b units" in run(page, place)


def test_saving_updates_the_script(page, course):
    script = course / "notebooks" / f"{LESSON}.py"
    before = script.read_text(encoding="utf-8")
    page.keyboard.press("Control+S")
    deadline = time.monotonic() + PATIENCE / 1000
    while (text := script.read_text(encoding="utf-8")) == before and time.monotonic() < deadline:
        page.wait_for_timeout(500)
    assert (
        "return int(np.argmin(validation_error))" in text
        and "ex.counting.hint()" in text
        and "RUNS = 3" in text
    )
    assert "ex.counting.hint()" in (script.with_suffix(".ipynb")).read_text(encoding="utf-8")


def test_a_lesson_that_is_opened_again_still_shows_the_figure_of_its_slider(page, server):
    for kernel in page.request.get(f"{server['url']}api/kernels", headers=token(server)).json():
        page.request.delete(f"{server['url']}api/kernels/{kernel['id']}", headers=token(server))
    page.reload()
    expect(page.get_by_text("| Idle")).to_be_visible()
    expect(page.locator(".widget-html-content img")).to_have_attribute("alt", polynomial(3))
    assert page.get_by_text("Error displaying widget").count() == 0


def test_the_console_has_no_errors(page, console):
    assert console == []  # nothing had to be excused
