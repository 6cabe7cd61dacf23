"""An agent's live lines, and a webhook's attempts, in a real browser."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import expect

from logserver.core import projects, tokens
from logserver.core.clock import SystemClock
from logserver.core.posting import webhooks
from logserver.core.projects import Project
from logserver.store.database import transaction
from tests.browser.surfing import NARROW, Surfer
from tests.whole.process import Server
from tests.whole.talking import Talk

Surf = Callable[..., Surfer]


class Edge(NamedTuple):
    """An agent that is online, and talks by hand."""

    project: Project
    talk: Talk
    key: str
    id: str

    def send(self, session: str, *messages: str, **said: Any) -> None:
        lines = [{"message": message, **said} for message in messages]
        body = {"session_id": session, "logs": lines}
        self.talk.post(f"/edge/agents/{self.id}/stream", self.key, body, 202)


@pytest.fixture
def edge(place: Server) -> Edge:
    now_ms = SystemClock().now_ms()
    with transaction(place.folder) as tx:
        found = [each for each in projects.every(tx) if each.slug == "edge"]
        project = found[0] if found else projects.create(tx, slug="edge", now_ms=now_ms)
        key = tokens.issue(tx, kind="edge", name="edge", project=project, now_ms=now_ms).secret
    talk = Talk(place)
    registered = talk.ask("POST", "/api/v1/edge/register", key, {"name": "web-1"})
    agent: str = registered.json()["id"]
    talk.post(f"/edge/agents/{agent}/heartbeat", key, {}, 200)
    return Edge(project, talk, key, agent)


def test_lines_are_watched_narrowed_and_stopped(surf: Surf, edge: Edge) -> None:
    surfer = surf()
    surfer.sign_in(project="edge")
    page = surfer.go(f"/agents/{edge.id}")
    page.get_by_role("button", name="Watch all lines").click()
    expect(page.locator("#live-state")).to_have_text("live")
    session = page.url.rpartition("/")[2]
    edge.send(session, "GET /cart 200", "<b>POST</b> /pay 502", level="error", timestamp="2026-01-02T03:04:05Z")
    rows = page.locator("#lines > li:visible")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("<b>POST</b> /pay 502")
    surfer.require_accessible()
    page.get_by_label("Only lines with").fill("PAY")
    expect(rows).to_have_count(1)
    edge.send(session, "GET /stock 200", "GET /pay 200")
    expect(rows).to_have_count(2)
    expect(page.locator("#live-count")).to_have_text("4 lines")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The live lines are stopped.")).to_be_visible()
    expect(page.get_by_text("It was stopped.")).to_be_visible()


def test_a_page_that_is_open_sees_that_another_stopped_it(surf: Surf, edge: Edge) -> None:
    surfer = surf(size=NARROW, colours="dark")
    surfer.sign_in(project="edge")
    page = surfer.go(f"/agents/{edge.id}")
    page.get_by_role("button", name="Watch all lines").click()
    expect(page.locator("#live-state")).to_have_text("live")
    other = surfer.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Stop").click()
    expect(page.locator("#live-note")).to_have_text("It was stopped.")
    expect(page.locator("#live-state")).to_have_text("ended")
    surfer.require_accessible()


def test_the_attempt_of_a_test_shows_by_itself(surf: Surf, place: Server, edge: Edge) -> None:
    with transaction(place.folder) as tx:
        made, _ = webhooks.create(
            tx,
            edge.project.number,
            url="http://127.0.0.1:9/hook",
            now_ms=SystemClock().now_ms(),
            allow_private=True,
            mail=False,
        )
    surfer = surf()
    surfer.sign_in(project="edge")
    page = surfer.go(f"/p/edge/alerts/webhooks/{made.id}")
    page.get_by_role("button", name="Send a test").click()
    # The server itself does not send to private addresses, which is an outcome as good as any.
    expect(page.locator("#attempts").get_by_text("failed").first).to_be_visible()
    surfer.require_accessible()
