"""The inbox with a real browser: keys, ticking, copying."""

import secrets
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from logserver.core import projects, tokens
from logserver.core.clock import SystemClock
from logserver.store.database import transaction
from tests.browser.surfing import NARROW, WIDE, Surfer
from tests.whole.process import Server

Surf = Callable[..., Surfer]
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def shop(place: Server) -> str:
    """The slug of a project with three errors, the newest of them hostile."""
    slug = f"shop-{secrets.token_hex(4)}"
    now_ms = SystemClock().now_ms()
    with transaction(place.folder) as tx:
        project = projects.create(tx, slug=slug, now_ms=now_ms)
        token = tokens.issue(tx, kind="project", name="test", project=project, now_ms=now_ms).secret
    frames = [
        {"filename": "/x/site-packages/web.py", "lineno": 1, "name": "serve", "line": "call()"},
        {"filename": "/srv/shop.py", "lineno": 42, "name": "total", "line": "raise E"},
    ]
    for n, message in enumerate(("first", "second", HOSTILE)):
        exception: dict[str, Any] = {
            "class": HOSTILE if message == HOSTILE else "ValueError",
            "message": message,
            "frames": frames,
        }
        event = {
            "event_type": "error",
            "message": message,
            "occurred_at": now_ms - 10_000 + n * 1000,
            "context": {
                "exception": exception,
                "user_id": "u",
                "request": {"method": "GET", "headers": {"a": "b" * 300}},
            },
        }
        answer = httpx2.post(
            f"{place.base_url}/api/v1/ingest_events",
            json={"event": event},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 201, answer.text
    return slug


def opened(surf: Surf, slug: str, **window: Any) -> tuple[Surfer, Page]:
    surfer = surf(**window)
    surfer.sign_in(project=slug)
    return surfer, surfer.go(f"/p/{slug}/inbox")


def test_errors_are_seen_to_by_key(surf: Surf, shop: str) -> None:
    _, page = opened(surf, shop)
    rows = page.locator("tr[data-group]")
    expect(rows).to_have_count(3)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr.current")).to_contain_text("second")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.get_by_text("1 error resolved.")).to_be_visible()
    expect(rows).to_have_count(2)
    expect(page.locator("tr.current")).to_contain_text("first")
    page.get_by_label("All on this page").check()
    expect(page.get_by_text("2 ticked")).to_be_visible()
    page.keyboard.press("i")
    expect(page.get_by_text("2 errors ignored.")).to_be_visible()
    expect(page.get_by_text("Nothing to see to.")).to_be_visible()
    page.get_by_role("link", name="Resolved 1", exact=True).click()
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="second")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("The error is reopened.")).to_be_visible()


def test_enter_in_a_ticked_box_opens_the_error(surf: Surf, shop: str) -> None:
    """Left to the browser, it would press the first button of the form: Resolve."""
    _, page = opened(surf, shop)
    page.get_by_label("Tick second").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("second")


def test_keys_are_letters_while_somebody_types(surf: Surf, shop: str) -> None:
    _, page = opened(surf, shop)
    page.keyboard.press("/")
    page.keyboard.type("jeix?")
    expect(page.get_by_role("searchbox")).to_have_value("jeix?")
    expect(page.locator("tr[data-group]")).to_have_count(3)


def test_an_occurrence_is_copied(surf: Surf, shop: str) -> None:
    _, page = opened(surf, shop)
    page.get_by_role("link", name="second").click()
    page.get_by_role("link", name="Copy as text").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert "at total (/srv/shop.py:42)" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize(("size", "colours"), [(WIDE, "light"), (NARROW, "dark")])
def test_the_pages_are_accessible_and_fit(surf: Surf, shop: str, size: tuple[int, int], colours: str) -> None:
    surfer, page = opened(surf, shop, size=size, colours=colours)
    for _ in range(2):
        surfer.require_accessible()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        if page.locator("tr[data-group]").count():
            page.locator("a.title").first.click()
            expect(page.get_by_text("frame of libraries")).to_be_visible()


def test_it_is_read_and_used_without_scripts(surf: Surf, shop: str) -> None:
    _, page = opened(surf, shop, scripts=False)
    page.get_by_label("Tick second").check()
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("1 error resolved.")).to_be_visible()
    page.get_by_role("link", name="first").click()
    expect(page.get_by_text("/srv/shop.py")).to_be_visible()
    page.get_by_role("link", name="Copy as text").click()
    expect(page.get_by_text("at total (/srv/shop.py:42)")).to_be_visible()
