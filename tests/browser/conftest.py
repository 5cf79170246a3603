"""A real browser for the tests: the Chromium that is installed on this machine."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

PATIENCE = 120_000
"""Milliseconds that a busy machine may take for what a quiet one does at once."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def chromium():
    """Chromium without a window. Fails with the cure where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("There is no chromium on the PATH. On Debian or Ubuntu: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()
