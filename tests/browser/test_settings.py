"""Settings and the server's pages in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.store.database import transaction
from tests.browser.surfing import Surfer
from tests.whole.process import Server

Surf = Callable[..., Surfer]


@pytest.fixture(scope="module", autouse=True)
def shop(place: Server) -> None:
    with transaction(place.folder) as tx:
        projects.create(tx, slug="shop", name="Web shop", now_ms=SystemClock().now_ms())


def test_a_token_is_made_copied_and_revoked(surf: Surf) -> None:
    surfer = surf()
    surfer.sign_in(project="shop")
    page = surfer.go("/p/shop/settings/tokens")
    page.get_by_label("Name").fill("web server")
    page.get_by_role("button", name="Make the token").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#secret").text_content()
    surfer.require_accessible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke web server").click()
    expect(page.get_by_text("Revoked web server.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_rule_is_tried_and_added(surf: Surf, *, scripts: bool) -> None:
    surfer = surf(scripts=scripts)
    surfer.sign_in(project="shop")
    page = surfer.go("/p/shop/settings/redaction")
    page.get_by_label("Name").fill(f"employee {scripts}")
    page.get_by_role("textbox", name="Pattern").fill("EMP-[0-9]{6}")
    page.get_by_label("A line, or an event as JSON").fill("I am EMP-123456 and pay with 4111 1111 1111 1111")
    page.get_by_role("button", name="Try").click()
    expect(page.locator("#trial")).to_contain_text("I am [REDACTED] and pay with [REDACTED]")
    expect(page.locator("#trial")).to_contain_text(f"employee {scripts}")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_role("cell", name=f"employee {scripts}", exact=True)).to_be_visible()
