"""From the address that `serve` prints to a project in which the first event has arrived."""

import subprocess
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.surfing import NARROW, Surfer
from tests.docs.user import needs
from tests.whole.process import PATIENCE, Server

Surf = Callable[..., Surfer]


@pytest.fixture(scope="module")
def address(place: Server) -> str:
    return place.says("/welcome?token=").removeprefix(place.base_url)


def test_from_the_printed_address_to_a_green_light(surf: Surf, address: str) -> None:
    needs("curl")
    surfer = surf()
    page = surfer.go(address)
    surfer.require_accessible()
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password").fill("a long walk in the rain")
    page.get_by_label("First project").fill("Shop")
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_text("Waiting for the first event.")).to_be_visible()
    surfer.require_accessible()
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    typed = page.evaluate("navigator.clipboard.readText()")
    subprocess.run(["sh", "-c", typed], capture_output=True, timeout=PATIENCE, check=True)
    expect(page.get_by_text("Events arrive.")).to_be_visible()
    expect(page.get_by_text("hello from curl", exact=True)).to_be_visible()
    page.get_by_role("link", name="cron").click()
    expect(page.locator("#lines-now")).to_contain_text("Bearer logister_")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    surfer.require_accessible()
