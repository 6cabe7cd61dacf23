"""Live lines on the page of an agent."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.serving import Sender, Server
from tests.web.agents.edge import Edge
from tests.web.browsing import Visitor, member, text_of


@pytest.fixture
def edge(server: Server, sender: Sender) -> Edge:
    edge = Edge(server, sender)
    edge.beat()
    return edge


@pytest.fixture
def bob(server: Server, sender: Sender) -> Visitor:
    return member(server, sender.project)


def begun(edge: Edge, visitor: Visitor, **asked: Any) -> str:
    """The path of the page of a new session."""
    answer = visitor.post(f"{edge.page}/live", **asked)
    assert answer.status_code == 303, text_of(answer)
    return str(answer.headers["Location"])


def session_of(path: str) -> str:
    return path.rpartition("/")[2]


def events(visitor: Visitor, path: str) -> list[tuple[str, Any]]:
    """What comes until the end, which has to be there."""
    found = []
    for block in visitor.get(f"{path}/lines").text.split("\n\n"):
        name, _, data = block.partition("\n")
        if name.startswith("event: "):
            found.append((name.removeprefix("event: "), msgspec.json.decode(data.removeprefix("data: "))))
    return found


def test_lines_come_until_the_session_is_stopped(server: Server, edge: Edge, bob: Visitor) -> None:
    path = begun(edge, bob)
    page = bob.get(path)
    assert f'data-source="{path}/lines"' in page.text
    assert edge.beat()["streams"][0]["session_id"] == session_of(path)
    edge.send(session_of(path), "first", "<b>second</b>", level="error")
    server.run(_end_soon, server, session_of(path))
    (name, lines), last = events(bob, path)
    assert name == "lines"
    assert [(line["level"], line["message"]) for line in lines] == [("error", "first"), ("error", "<b>second</b>")]
    assert last == ("ended", "It was stopped.")


async def _end_soon(server: Server, session: str) -> None:
    """End a session as soon as somebody watches it."""
    loop, hub = asyncio.get_running_loop(), server.app.live

    def look() -> None:
        live = hub.find(session)
        if live is not None and live.watchers:
            hub.end(session, "stopped")
        elif live is not None:
            loop.call_soon(look)

    look()


def test_the_form_says_what_is_wrong_with_a_filter(edge: Edge, bob: Visitor) -> None:
    answer = bob.post(f"{edge.page}/live", pattern="(", filter_query="{", source="*.log")
    assert answer.status_code == 422
    assert "cannot be used" in text_of(answer).lower()
    assert 'value="*.log"' in answer.text
    assert edge.server.count("stream_sessions") == 0


def test_the_agent_is_told_of_the_filter(edge: Edge, bob: Visitor) -> None:
    path = begun(edge, bob, level=["error", "nonsense"], pattern="time.?out", minutes="15")
    (told,) = edge.beat()["streams"]
    assert "time.?out" in str(told["filter"])
    assert "nonsense" not in str(told["filter"])
    assert "time.?out" in text_of(bob.get(path))
    assert edge.server.rows("SELECT expires_at - started_at FROM stream_sessions") == [(900_000,)]


def test_another_filter_takes_the_place_of_a_session(edge: Edge, bob: Visitor) -> None:
    first = begun(edge, bob)
    second = begun(edge, bob, instead=session_of(first), pattern="x")
    assert [told["session_id"] for told in edge.beat()["streams"]] == [session_of(second)]
    said = text_of(bob.get(first))
    assert "It was stopped." in said
    assert "Watch again" in said
    assert events(bob, first) == [("ended", "It was stopped.")]


def test_one_who_began_it_or_an_owner_stops_it(server: Server, sender: Sender, edge: Edge, bob: Visitor) -> None:
    carol = member(server, sender.project, "carol@example.com")
    owner = member(server, sender.project, "olga@example.com", "owner")
    path = begun(edge, bob)
    assert carol.get(path).status_code == 200
    assert carol.post(f"{path}/stop").status_code == 403
    assert carol.post(f"{edge.page}/live", instead=session_of(path)).status_code == 403
    answer = owner.post(f"{path}/stop")
    assert "The live lines are stopped." in text_of(owner.follow(answer))
    assert server.app.live.active() == []
    assert server.rows("SELECT status, reason FROM stream_sessions") == [("ended", "stopped")]
    assert bob.post(f"{begun(edge, bob)}/stop").status_code == 303


def test_strangers_see_no_line(server: Server, edge: Edge, bob: Visitor) -> None:
    path = begun(edge, bob)
    other = server.sender("other")
    stranger, theirs = member(server, other.project, "eve@x.example"), Edge(server, other, "theirs")
    for address in (path, f"{path}/lines", path.replace(edge.id, theirs.id)):
        assert stranger.get(address).status_code == 404
        assert Visitor(server).get(address).status_code == 303
    assert stranger.post(f"{path}/stop").status_code == 404
    assert bob.get(path.replace(session_of(path), "no-such-session")).status_code == 404


def test_an_agent_that_is_offline_is_not_watched(server: Server, edge: Edge, bob: Visitor) -> None:
    server.wait(200)
    assert "there is nothing to watch" in text_of(bob.get(edge.page))
    answer = bob.post(f"{edge.page}/live")
    assert "The agent is offline." in text_of(bob.follow(answer))
    assert server.count("stream_sessions") == 0


def test_no_line_is_an_event_of_its_own(server: Server, edge: Edge, bob: Visitor) -> None:
    path = begun(edge, bob)
    body = b'{"session_id":"%s","logs":[{"message":"x","metadata":{"a":\n\r\n\n1}}]}' % session_of(path).encode()
    assert server.post(f"/api/v1/edge/agents/{edge.id}/stream", body, edge.key).status_code == 202
    server.run(_end_soon, server, session_of(path))
    (name, (line,)), last = events(bob, path)
    assert (name, line["metadata"], last) == ("lines", {"a": 1}, ("ended", "It was stopped."))
