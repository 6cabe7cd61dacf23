"""Takes pictures of every page of a demo store: ``python -m tests.screenshots FOLDER``.

The pages are found by their own links, one of each kind. A picture is called after its page, how wide it is, and
whether it is light or dark. The README shows two of them.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Error, expect, sync_playwright

from logserver.demo.company import PEOPLE
from tests.browser.surfing import NARROW, Surfer, Surfing
from tests.web.crawling import page_of
from tests.whole.process import serving, source

SIZES = ((1280, 720), NARROW)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_STARTS = (
    "/p/storefront/inbox",
    "/p/storefront/start",
    "/p/storefront/performance",
    "/sign-in",
    "/forgot-password",
    "/",
)


def addresses(surfer: Surfer) -> Iterator[tuple[str, str]]:
    """A name and an address of each kind of page that links lead to; the window is there when it is given."""
    waiting, queued, named = deque(_STARTS), set(_STARTS), set[str]()
    while waiting:
        address = waiting.popleft()
        name = _name(address)
        if not name or name in named:
            continue
        try:
            answer = surfer.page.goto(surfer.server.base_url + address)
        except Error as error:
            if "Download is starting" in str(error):
                continue
            raise
        if answer is None or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        named.add(name)
        for link in surfer.page.locator("main a[href]:not([download]), nav a[href]").all():
            found = link.get_attribute("href") or ""
            if found.startswith("/") and found not in queued:
                queued.add(found)
                waiting.append(found)
        yield name, address


def _name(address: str) -> str:
    """What a picture of it is called: the fixed words of its path; empty where it is no page."""
    declared = page_of(urlsplit(address).path)
    if declared is None:
        return ""
    words = re.sub(r"^/p/\{project\}", "", declared.path).replace("{", "one-").replace("}", "").split("/")
    return "-".join(word.partition(":")[0] for word in words if word) or "home"


def take(surfer: Surfer, folder: Path, *, whole: bool) -> None:
    """Look at every page in both widths and themes, and keep what there is to see."""
    page = surfer.page
    for name, address in list(addresses(surfer)):
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                surfer.go(address)
                expect(page.locator(".htmx-request")).to_have_count(0)
                page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=whole)
        print(f"{name}: {address}", flush=True)


def main() -> None:
    """Make a demo store, or take the one that is named, and take pictures of its pages."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--data", type=Path, help="a store that `logserver demo` has made, instead of a new one")
    parser.add_argument("--whole", action="store_true", help="whole pages, not only what a window shows at first")
    asked = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        parser.error("there is no Chromium on this machine")
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        data = asked.data or Path(made, "data")
        if asked.data is None:
            subprocess.run([sys.executable, "-m", "logserver", "demo", "--data", data], cwd=source(), check=True)
        with serving(data) as server:
            chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            surfing = Surfing(chromium, server)
            surfer = surfing.open()
            surfer.sign_in(PEOPLE[0].email)
            take(surfer, asked.folder, whole=asked.whole)
            surfing.end()
            chromium.close()


if __name__ == "__main__":
    main()
