"""A real browser against the real process; what it complains of fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.surfing import Surfer, Surfing
from tests.whole.process import Server, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, without a window."""
    if CHROMIUM is None:
        if os.environ.get("LOGSERVER_CI"):
            pytest.fail("there is no Chromium: install the package chromium")
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        # The sandbox of Chromium does not start as root, and all it opens here is our own pages.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an empty store."""
    with serving(tmp_path_factory.mktemp("pages")) as running:
        yield running
        assert " ERROR " not in running.log()


@pytest.fixture
def surf(chromium: Browser, place: Server) -> Iterator[Callable[..., Surfer]]:
    """Opens a window of its own for somebody; what goes wrong in one fails the test at its end."""
    surfing = Surfing(chromium, place)
    yield surfing.open
    surfing.end()
