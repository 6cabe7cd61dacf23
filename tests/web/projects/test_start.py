"""The start page: lines for every client, and what has arrived."""

import html
import re

import pytest
from httpx2 import Response

from logserver.core import projects
from logserver.core.tokens import digest
from logserver.web.projects.fresh_tokens import SECONDS
from logserver.web.projects.guides import GUIDES
from tests.serving import Sender, Serve, Server
from tests.web.browsing import Visitor, member, signed_in, text_of

KEYS = [guide.key for guides in GUIDES.values() for guide in guides]


def page(visitor: Visitor, sender: Sender, **query: str) -> Response:
    return visitor.get(f"/p/{sender.project.slug}/start", **query)


def lines(shown: Response) -> str:
    return html.unescape("\n".join(re.findall(r"<pre [^>]*>(.*?)</pre>", shown.text, re.DOTALL)))


def tokens_in(shown: Response) -> set[str]:
    return set(re.findall(r"(?:logister|lf_prod)_[\w-]{32}", shown.text))


@pytest.mark.parametrize("key", KEYS)
def test_every_client_has_lines_with_the_address_and_the_token(serve: Serve, key: str) -> None:
    server = serve(public_url="https://logs.example.com/here/")
    sender = server.sender("shop")
    visitor = member(server, sender.project, place="owner")
    made = visitor.post("/p/shop/start/token", {"with": key})
    shown = visitor.get(made.headers["Location"].removeprefix("/here"))
    assert shown.status_code == 200
    assert "https://logs.example.com/here" in lines(shown)
    (token,) = tokens_in(shown)
    assert server.rows("SELECT kind, project FROM tokens WHERE digest = ?", digest(token)) == [
        ("edge" if key == "agent" else "project", sender.project.number)
    ]
    assert text_of(shown).count("YOUR_TOKEN") == 0
    assert f'with={key}" aria-current="page"' in shown.text


def test_a_token_of_agents_is_no_token_of_programs(server: Server, sender: Sender) -> None:
    visitor = signed_in(server)
    visitor.post(f"/p/{sender.project.slug}/start/token", {"with": "agent"})
    assert tokens_in(page(visitor, sender)) == set()
    (token,) = tokens_in(page(visitor, sender, **{"with": "agent"}))
    visitor.post(f"/p/{sender.project.slug}/start/token", {"with": "curl"})
    assert tokens_in(page(visitor, sender, **{"with": "agent"})) == set()
    registered = server.post("/api/v1/edge/register", {"name": "web-1"}, token)
    assert registered.is_success, registered.text


def test_the_address_is_the_one_that_was_asked_where_no_other_is_set(server: Server, sender: Sender) -> None:
    assert "curl http://testserver/api/v1/ingest_events" in lines(page(signed_in(server), sender))


def test_a_client_there_is_not_shows_the_first(server: Server, sender: Sender) -> None:
    shown = page(signed_in(server), sender, **{"with": "<script>"})
    assert (shown.status_code, "<script>" in shown.text) == (200, False)
    assert "hello from curl" in lines(shown)


def test_a_token_is_shown_to_its_maker_in_this_session_and_project_only(server: Server, sender: Sender) -> None:
    other = server.sender()
    visitor, ben = signed_in(server), signed_in(server, "ben@example.com")
    assert tokens_in(page(visitor, sender)) == set()
    answer = visitor.post(f"/p/{sender.project.slug}/start/token")
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if "fresh_token" in each]
    assert {"HttpOnly", "SameSite=Lax", f"Max-Age={SECONDS}"} <= set(cookie.split("; "))
    (token,) = tokens_in(page(visitor, sender))
    assert server.post("/api/v1/ingest_events", {"event": {"event_type": "log", "message": "a"}}, token).is_success
    assert tokens_in(page(visitor, other)) == set()
    ben.cookies["logserver_fresh_token"] = visitor.cookies["logserver_fresh_token"]
    assert tokens_in(page(ben, sender)) == set()
    visitor.post("/sign-out")
    assert "logserver_fresh_token" not in visitor.cookies


@pytest.mark.parametrize("held", ["", "a:b", "a:b:c", "::", "%:%:%"])
def test_a_cookie_that_says_something_else_is_nothing(server: Server, sender: Sender, held: str) -> None:
    visitor = signed_in(server)
    visitor.cookies["logserver_fresh_token"] = held
    shown = page(visitor, sender)
    assert (shown.status_code, "YOUR_TOKEN" in lines(shown)) == (200, True)


def test_a_member_reads_the_lines_and_makes_no_token(server: Server, sender: Sender) -> None:
    visitor = member(server, sender.project)
    shown = page(visitor, sender)
    assert (shown.status_code, "Make a token" in text_of(shown)) == (200, False)
    assert visitor.post(f"/p/{sender.project.slug}/start/token").status_code == 403


def test_it_is_not_there_for_strangers_and_asks_nobody_to_sign_in(server: Server, sender: Sender) -> None:
    assert page(member(server, server.sender().project), sender).status_code == 404
    assert page(Visitor(server), sender).headers["Location"].startswith("/sign-in?next=")


def test_the_light_is_asked_for_until_something_arrived(server: Server, sender: Sender) -> None:
    visitor = signed_in(server)
    waiting = page(visitor, sender)
    assert "Waiting for the first event." in text_of(waiting)
    (asked,) = re.findall('hx-get="([^"]+)" hx-trigger="every 2s"', waiting.text)
    visitor.headers["HX-Request"] = "true"
    assert visitor.get(asked).status_code == 204
    said = "<b>payment</b> refused\nsecond line"
    server.post("/api/v1/ingest_events", {"event": {"event_type": "error", "message": said}}, sender.token)
    arrived = visitor.get(asked)
    assert (arrived.status_code, "hx-trigger" in arrived.text) == (200, False)
    assert "Events arrive. The latest is of just now : error <b>payment</b> refused Open Inbox" in text_of(arrived)
    assert "&lt;b&gt;payment" in arrived.text
    del visitor.headers["HX-Request"]
    assert visitor.get(asked).headers["Location"] == f"/p/{sender.project.slug}/start"
    assert "Events arrive." in text_of(page(visitor, sender))


def test_an_archived_project_gets_no_token(server: Server, sender: Sender) -> None:
    visitor = signed_in(server)
    server.administer(projects.archive, sender.project.slug, server.clock.now_ms())
    answer = visitor.post(f"/p/{sender.project.slug}/start/token")
    assert "is archived" in text_of(visitor.follow(answer))
