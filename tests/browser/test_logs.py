"""Logs in a real browser: completion, brushing, opening a record, and the live tail."""

from collections.abc import Callable

import msgspec
import pytest
from httpx2 import Client
from playwright.sync_api import expect

from logserver.core import projects, tokens
from logserver.core.clock import SystemClock
from logserver.store.database import transaction
from tests.browser.surfing import NARROW, WIDE, Surfer
from tests.whole.process import Server

pytestmark = pytest.mark.usefixtures("send")

Surf = Callable[..., Surfer]
Send = Callable[..., None]


@pytest.fixture(scope="module")
def send(place: Server) -> Send:
    """Sends lines to the project ``shop``."""
    now_ms = SystemClock().now_ms()
    with transaction(place.folder) as tx:
        project = projects.create(tx, slug="shop", now_ms=now_ms)
        token = tokens.issue(tx, kind="project", name="test", project=project, now_ms=now_ms).secret

    def sent(*messages: str, **context: object) -> None:
        events = [{"event_type": "log", "message": message, "context": context} for message in messages]
        with Client(base_url=place.base_url, headers={"Authorization": f"Bearer {token}"}) as client:
            for event in events:
                answer = client.post("/api/v1/ingest_events", content=msgspec.json.encode({"event": event}))
                assert answer.status_code == 201, answer.text

    sent("<img src=x onerror=alert(1)> first", service="api", where="javascript:alert(1)")
    sent("second", service="mailer")
    return sent


def test_a_query_is_completed_and_a_record_opened_and_excluded(surf: Surf) -> None:
    surfer = surf()
    surfer.sign_in()
    page = surfer.go("/p/shop/logs")
    asked = page.get_by_role("combobox", name="Search")
    asked.press_sequentially("serv")
    expect(page.get_by_role("option", name="service:")).to_be_visible()
    asked.press("ArrowDown")
    asked.press("Enter")
    page.get_by_role("option", name="mailer").click()
    expect(asked).to_have_value("service:mailer ")
    asked.press("Enter")
    expect(page.locator("tr.line")).to_have_count(1)
    page.get_by_text("second").click()
    part = page.locator(".whole-record")
    expect(part.get_by_text("mailer")).to_be_visible()
    surfer.require_accessible()
    part.get_by_role("link", name="exclude this value of service").click()
    expect(page.get_by_text("Nothing was found in this time.")).to_be_visible()


def test_a_time_is_chosen_by_brushing_the_histogram(surf: Surf) -> None:
    surfer = surf()
    surfer.sign_in()
    page = surfer.go("/p/shop/logs?q=first")
    box = page.locator("#histogram").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.9, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, y, steps=3)
    page.mouse.up()
    page.wait_for_url("**range=custom**")
    expect(page.locator("tr.line")).to_have_count(1)


def test_a_time_that_is_typed_is_meant(surf: Surf) -> None:
    surfer = surf()
    surfer.sign_in()
    page = surfer.go("/p/shop/logs")
    page.get_by_text("Times", exact=True).click()
    page.get_by_label("From (UTC)").fill("2h")
    page.keyboard.press("Enter")
    page.wait_for_url("**range=custom&from=2h**")


def test_a_record_that_is_opened_after_the_session_has_ended_leads_to_the_sign_in(surf: Surf) -> None:
    surfer = surf()
    surfer.sign_in()
    page = surfer.go("/p/shop/logs")
    surfer.context.clear_cookies()
    page.get_by_text("second").click()
    page.wait_for_url("**/sign-in*")


def test_the_live_tail_waits_while_somebody_reads_further_down(surf: Surf, send: Send) -> None:
    surfer = surf()
    surfer.sign_in()
    send(*(f"line {n}" for n in range(60)))
    page = surfer.go("/p/shop/logs?live=1")
    expect(page.locator("#tail-state")).to_have_text("Live")
    send("here at once <b>bold</b>")
    expect(page.locator("tr.line").first).to_contain_text("here at once <b>bold</b>")
    surfer.require_accessible()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#tail-state")).to_have_text("Paused")
    send("held back")
    held = page.get_by_role("button", name="1 new")
    expect(held).to_be_visible()
    expect(page.get_by_text("held back")).to_have_count(0)
    held.click()
    expect(page.locator("tr.line").first).to_contain_text("held back")


def test_an_export_says_how_far_it_is(surf: Surf) -> None:
    surfer = surf()
    surfer.sign_in()
    page = surfer.go("/p/shop/logs?q=second")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as kept:
        page.get_by_role("link", name="CSV").click()
    assert kept.value.suggested_filename.endswith(".csv")
    expect(page.locator("#export [role=status]")).to_contain_text("1 records, 0.0 MB: done")


@pytest.mark.parametrize(("size", "colours"), [(WIDE, "dark"), (NARROW, "light")])
@pytest.mark.parametrize("path", ["/p/shop/logs", "/p/shop/logs?q=(", "/p/shop/logs?columns=service&levels=info"])
def test_it_is_accessible(surf: Surf, path: str, size: tuple[int, int], colours: str) -> None:
    surfer = surf(size=size, colours=colours)
    surfer.sign_in()
    page = surfer.go(path)
    surfer.require_accessible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_records_can_be_read_without_scripts(surf: Surf) -> None:
    surfer = surf(scripts=False)
    surfer.sign_in()
    page = surfer.go("/p/shop/logs?q=first")
    page.locator("tr.line a").click()
    expect(page.get_by_role("heading", name="first")).to_be_visible()
    page.get_by_role("link", name="only service with this value").click()
    expect(page.locator("tr.line")).to_have_count(1)
    page = surfer.go("/p/shop/logs?live=1")
    expect(page.locator("noscript .note")).to_be_visible()
    expect(page.locator("#tail")).to_be_hidden()


def test_a_live_tail_that_is_shown_again_goes_on(surf: Surf, send: Send) -> None:
    surfer = surf()
    surfer.sign_in()
    page = surfer.go("/p/shop/logs?live=1")
    expect(page.locator("#tail-state")).to_have_text("Live")
    with page.expect_navigation():
        page.evaluate(
            "() => { dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));"
            " dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); }"
        )
    expect(page.locator("#tail-state")).to_have_text("Live")
    send("after coming back")
    expect(page.locator("tr.line").first).to_contain_text("after coming back")
