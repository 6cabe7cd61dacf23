"""The audit trail in a real browser: claiming, looking, verifying, and the viewer in the frame of another site."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from logserver.core import projects, tokens
from logserver.core.clock import SystemClock
from logserver.store.database import transaction
from tests.browser.surfing import NARROW, Surfer, Surfing
from tests.contracts.logstitch.asked import event
from tests.whole.process import Server, serving

Surf = Callable[..., Surfer]


class OtherSite:
    """A site of somebody else, which shows the viewer in a frame; ``html`` is its only page."""

    def __init__(self) -> None:
        self.html = ""
        self.referrers: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/" else 204)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                if self.path == "/":
                    self.wfile.write(site.html.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        """Another host than that of the pages, so another site to a browser."""
        return f"http://localhost:{self.server.server_port}"


@contextmanager
def other_site() -> Iterator[OtherSite]:
    site = OtherSite()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        thread.join()
        site.server.server_close()


def project_token(server: Server, slug: str) -> str:
    now_ms = SystemClock().now_ms()
    with transaction(server.folder) as tx:
        project = projects.create(tx, slug=slug, now_ms=now_ms)
        return tokens.issue(tx, kind="project", name="test", project=project, now_ms=now_ms).secret


def send(server: Server, token: str, *events: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx2.post(f"{server.base_url}/api/v1/events", json=list(events), headers=headers).status_code == 201


def viewer_token(server: Server, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx2.post(f"{server.base_url}/api/v1/viewer-tokens", json={"tenant_id": "acme"}, headers=headers)
    return str(answer.json()["token"])


def test_a_frame_of_another_site_shows_the_viewer(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("framed")
    with other_site() as site, serving(folder, "--viewer-frame-ancestors", site.origin) as server:
        token = project_token(server, "shop")
        send(server, token, event(), event(tenant_id="globex", actor={"id": "u2", "type": "user", "name": "Gwen"}))
        viewer = viewer_token(server, token)
        site.html = f"""<!doctype html><title>Shop</title><link rel="icon" href="data:,">
            <iframe src="{server.base_url}/viewer?theme=dark#token={viewer}" title="Activity" width="100%" height="600"
            referrerpolicy="no-referrer"></iframe>"""
        surfing = Surfing(chromium, server)
        surfer = surfing.open(outside=[site.origin])
        asked: list[str] = []
        surfer.page.on("request", lambda request: asked.append(request.url + str(request.headers)))
        surfer.page.goto(site.origin)
        frame = surfer.page.frame_locator("iframe")
        expect(frame.get_by_text("user.signed_in").first).to_be_visible()
        expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
        expect(frame.get_by_text("Gwen")).to_have_count(0)
        frame.get_by_label("Action").fill("nothing.*")
        frame.get_by_role("button", name="Filter").click()
        expect(frame.get_by_text("No events.")).to_be_visible()
        frame.get_by_label("Action").fill("user.*")
        frame.get_by_role("button", name="Filter").click()
        frame.get_by_text("user.signed_in").first.click()
        expect(frame.get_by_text("u1")).to_be_visible()
        assert surfer.context.cookies() == []
        addresses = [each.partition("{")[0] for each in asked]
        assert not [each for each in addresses if viewer in each.partition("#")[0]]
        assert not [each for each in asked if f"referer': '{server.base_url}" in each]
        surfing.end()
        assert viewer not in server.log()


def test_a_frame_of_a_site_that_is_not_named_shows_nothing(chromium: Browser, place: Server) -> None:
    with other_site() as site:
        site.html = f'<!doctype html><link rel="icon" href="data:,"><iframe src="{place.base_url}/viewer"></iframe>'
        surfing = Surfing(chromium, place)
        surfer = surfing.open(outside=[site.origin])
        with surfer.page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            surfer.page.goto(site.origin)
        assert surfer.page.frame_locator("iframe").get_by_label("Search").count() == 0
        surfer.complaints.clear()
        surfing.end()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_admin_claims_a_stream_looks_at_it_and_verifies_it(surf: Surf, place: Server, *, scripts: bool) -> None:
    slug, stream = f"shop-{scripts}".lower(), str(uuid4())
    project_token(place, slug)
    sent = [event(action="user.signed_up"), event(action="user.paid", metadata={"amount": 12})]
    assert httpx2.post(f"{place.base_url}/api/v1/streams/{stream}/events", json=sent).status_code == 201
    surfer = surf(scripts=scripts)
    surfer.sign_in()
    page = surfer.go(f"/claim?token={stream}")
    page.get_by_label("Project that takes the events").select_option(slug)
    page.get_by_role("button", name="Claim 2 events").click()
    expect(page.get_by_text("2 events have moved into this project.")).to_be_visible()
    page.get_by_label("Action", exact=True).fill("user.p*")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("user.signed_up")).to_have_count(0)
    page.locator("summary", has_text="user.paid").click()
    expect(page.get_by_text('"amount": 12')).to_be_visible()
    page.get_by_role("link", name="Verify all of it").click()
    expect(page.get_by_text("The chain is whole.")).to_be_visible()


def test_the_trail_is_handed_out_as_a_file(surf: Surf, place: Server) -> None:
    token = project_token(place, "files")
    send(place, token, event())
    surfer = surf(size=NARROW)
    surfer.sign_in()
    page = surfer.go("/p/files/audit")
    page.get_by_text("Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "files-audit.csv"
