"""The waterfall and the charts in a real browser."""

from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import expect

from logserver.core import projects, tokens
from logserver.core.clock import SystemClock
from logserver.store.database import transaction
from tests.browser.surfing import NARROW, WIDE, Surfer
from tests.contracts.logister.sending import BATCH, event, lines, span, uuid
from tests.whole.process import Server

Surf = Callable[..., Surfer]
CHILDREN = 90


@pytest.fixture(scope="module")
def sent(place: Server) -> str:
    """A project with a long trace, requests and a metric; its slug."""
    now_ms = SystemClock().now_ms()
    with transaction(place.folder) as tx:
        shop = projects.create(tx, slug="timed", now_ms=now_ms)
        token = tokens.issue(tx, kind="project", name="test", project=shop, now_ms=now_ms).secret
    begun = now_ms - 60_000
    made = [
        span(span_id="a", name="GET /", kind="server", started_at=begun, duration_ms=1_000),
        span(span_id="b", parent_span_id="a", name="basket", started_at=begun + 1, duration_ms=900),
        event(event_type="error", message="gateway down", trace_id="t1", span_id="b", occurred_at=begun + 9),
        event(event_type="transaction", message="GET /", duration_ms=1_000, trace_id="t1", occurred_at=begun),
        *[
            span(span_id=f"c{n}", parent_span_id="b", name=f"query {n}", kind="db", started_at=begun + n, duration_ms=5)
            for n in range(CHILDREN)
        ],
    ]
    made += [
        event(event_type="metric", message="depth", context={"value": n}, occurred_at=begun - n * 1_000)
        for n in range(6)
    ]
    for number, each in enumerate(made, 1):
        each["event"]["uuid"] = uuid(number)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    assert httpx2.post(place.base_url + BATCH, content=lines(*made), headers=headers).status_code == 202
    return "timed"


def test_a_waterfall_is_folded_and_unfolded_by_hand_and_by_key(surf: Surf, sent: str) -> None:
    surfer = surf()
    surfer.sign_in()
    page = surfer.go(f"/p/{sent}/traces")
    page.get_by_role("link", name="GET /", exact=True).click()
    query = page.get_by_role("link", name="query 7", exact=True)
    expect(query).to_be_hidden()
    page.get_by_role("button", name="What is below basket").click()
    expect(query).to_be_visible()
    page.get_by_role("link", name="basket", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    expect(query).to_be_hidden()
    page.get_by_role("button", name="Unfold all").click()
    expect(query).to_be_visible()
    expect(page.get_by_role("link", name="gateway down")).to_be_visible()


def test_all_is_there_without_scripts(surf: Surf, sent: str) -> None:
    surfer = surf(scripts=False)
    surfer.sign_in()
    page = surfer.go(f"/p/{sent}/traces/t1")
    expect(page.get_by_role("link", name="query 89", exact=True)).to_be_visible()
    page = surfer.go(f"/p/{sent}/metrics?s=metric:depth&window=1h")
    expect(page.locator("#plot svg")).to_be_visible()


def test_a_series_is_chosen_and_charted(surf: Surf, sent: str) -> None:
    surfer = surf()
    surfer.sign_in()
    page = surfer.go(f"/p/{sent}/metrics?window=1h")
    page.get_by_role("link", name="depth", exact=True).click()
    expect(page.locator("#plot canvas")).to_be_visible()
    page.get_by_label("Show").select_option("percentiles")
    expect(page.locator(".u-legend").get_by_text("p99")).to_be_visible()


@pytest.mark.parametrize(("size", "colours"), [(WIDE, "light"), (NARROW, "dark")])
def test_the_pages_are_accessible(surf: Surf, sent: str, size: tuple[int, int], colours: str) -> None:
    surfer = surf(size=size, colours=colours)
    surfer.sign_in()
    for path in ("performance", "traces", "traces/t1", "metrics?s=metric:depth&window=1h"):
        page = surfer.go(f"/p/{sent}/{path}")
        surfer.require_accessible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
