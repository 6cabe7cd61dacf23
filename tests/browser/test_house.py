"""Every page in a real browser, full of hostile texts: nothing of them runs, and everybody can read the page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from logserver.core.clock import SystemClock
from tests.browser.surfing import NARROW, WIDE, Surfer, Surfing
from tests.web.furnished import furnished
from tests.web.hostile import TAG
from tests.whole.process import Server, serving

_FILLED_MS = 86_400_000
"""How long ago the store of the house began to be filled."""

BY_SIZE_AND_COLOURS = ("color-contrast", "link-in-text-block", "scrollable-region-focusable")
"""Rules whose answer may be another where there is less room, or where it is dark; the rest is asked once."""

LOOKS: list[tuple[tuple[int, int], Literal["light", "dark"], tuple[str, ...]]] = [
    (WIDE, "light", ()),
    (NARROW, "dark", BY_SIZE_AND_COLOURS),
]


class House(NamedTuple):
    """A server whose store has something hostile of everything, and an address of each of its pages."""

    server: Server
    addresses: list[str]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("house") / "data"
    addresses: dict[str, str] = {}
    with furnished(folder, SystemClock().now_ms() - _FILLED_MS) as made:
        for each in made.seen:
            if each.is_html and each.answer.status_code == 200 and "<html" in each.answer.text:
                addresses.setdefault(each.declared.path, each.address)
    with serving(folder) as running:
        yield House(running, list(addresses.values()))
        assert " ERROR " not in running.log()


def test_nothing_runs_and_everybody_can_read_it(chromium: Browser, house: House) -> None:
    surfing = Surfing(chromium, house.server)
    surfer = surfing.open()
    surfer.page.on("dialog", lambda dialog: surfer.complaints.append(f"dialog: {dialog.message}"))
    surfer.sign_in("zoe@example.com")
    wrong = []
    for address in house.addresses:
        settled(surfer.go(address))
        wrong += [f"{address}: {each}" for each in (*looked_at(surfer), *surfer.complaints)]
        surfer.complaints.clear()
    surfing.end()
    assert not wrong, "\n".join(wrong)


def test_every_page_can_be_read_without_scripts(chromium: Browser, house: House) -> None:
    surfing = Surfing(chromium, house.server)
    surfer = surfing.open(scripts=False)
    surfer.sign_in("zoe@example.com")
    wrong = []
    for address in house.addresses:
        page = surfer.go(address)
        if not page.get_by_role("heading", level=1).count() and not page.locator("main h1").count():
            wrong.append(f"{address}: has no heading")
        if page.locator("[data-only-with-scripts]:visible").count():
            wrong.append(f"{address}: shows what works with scripts only")
        if not page.locator("main :is(table, ol, ul, dl, form, pre, p, svg):visible").count():
            wrong.append(f"{address}: shows nothing")
    surfing.end()
    assert not wrong, "\n".join(wrong)


def settled(page: Page) -> None:
    """Wait for the parts that a page loads by itself."""
    expect(page.locator(".htmx-request")).to_have_count(0)


def looked_at(surfer: Surfer) -> list[str]:
    """What is wrong with a page: in one theme and width after the other."""
    page, found = surfer.page, []
    for size, colours, rules in LOOKS:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme=colours)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        try:
            surfer.require_accessible(*rules)
        except AssertionError as error:
            found.append(f"{colours}, {size[0]} wide: {error}")
        if (width := page.evaluate("document.documentElement.scrollWidth")) > size[0]:
            found.append(f"{width} wide where there is room for {size[0]}")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.emulate_media(color_scheme="light")
    if page.locator(f"{TAG}, img[src=x]").count():
        found.append("has an element that was sent")
    return found
