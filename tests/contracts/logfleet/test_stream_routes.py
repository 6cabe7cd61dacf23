"""Live streams are begun, listed, stopped and fed over HTTP."""

from typing import Any

import pytest

from logserver.core.live import stream_sessions
from tests.contracts.logfleet.fleet import NOBODY, ask, beats, refused, told, wrong
from tests.contracts.logfleet.streaming import SESSIONS, START, STOP, Stage
from tests.serving import Serve, Server

LINE = {"message": "no such order", "level": "error", "source": "stdin", "metadata": {"a": 1}}


@pytest.fixture
def stage(server: Server) -> Stage:
    return Stage(server)


def test_a_start_answers_in_both_published_shapes(stage: Stage) -> None:
    asked = {"agent_id": stage.id.upper(), "filter_query": '{level="error"} |= "x"', "filters": {"source": "stdin"}}
    answer = told(ask(stage.server, "POST", START, stage.admin, asked), 201)
    session = answer.pop("session")
    url = f"ws://testserver/api/v1/stream/ws/{answer['session_id']}"
    assert answer == {
        "session_id": session["id"],
        "agent_id": stage.id,
        "status": "active",
        "websocket_url": url,
    }
    user = told(ask(stage.server, "GET", "/api/v1/auth/me", stage.admin))["user"]["id"]
    assert session == {
        "id": answer["session_id"],
        "agent_id": stage.id,
        "status": "active",
        "started_at": "2026-09-21T14:13:30.250Z",
        "expires_at": "2026-09-21T14:18:30.250Z",
        "websocket_url": url,
        "user_id": user,
        "filter_query": '{level="error"} |= "x"',
        "filters": {"source": "stdin"},
        "ended_at": None,
        "reason": None,
    }


def test_a_member_may_stream_too(stage: Stage) -> None:
    stage.start(stage.server.person("member@example.com", "member"), timeout_seconds=3_600)


@pytest.mark.parametrize(
    ("asked", "details"),
    [
        ({"agent_id": None}, {"agent_id": "Required"}),
        ({"agent_id": 7}, {"agent_id": "Expected string"}),
        ({"timeout_seconds": 0}, {"timeout_seconds": "Must be 1 to 3600"}),
        ({"timeout_seconds": 3_601}, {"timeout_seconds": "Must be 1 to 3600"}),
        ({"timeout_seconds": "60"}, {"timeout_seconds": "Expected integer"}),
        ({"filters": {"pattern": "("}}, {"filters.pattern": "cannot be used: missing )"}),
        (
            {"filter_query": "{", "filters": 1, "timeout_seconds": -1},
            {
                "filter_query": "character 2: expected the name of a label, or }",
                "filters": "Expected object",
                "timeout_seconds": "Must be 1 to 3600",
            },
        ),
    ],
)
def test_a_bad_start_says_what_is_wrong(stage: Stage, asked: dict[str, Any], details: dict[str, str]) -> None:
    assert wrong(ask(stage.server, "POST", START, stage.admin, {"agent_id": stage.id, **asked})) == details


def test_a_start_that_is_no_object_is_refused(stage: Stage) -> None:
    assert stage.server.post(START, b"[]", stage.admin).status_code == 400
    assert stage.server.post(START, b"{", stage.admin).json()["error"] == "invalid_json"


def test_an_agent_that_is_not_there_is_not_found(stage: Stage) -> None:
    refused(ask(stage.server, "POST", START, stage.admin, {"agent_id": NOBODY}), 404, "not_found")


@pytest.mark.parametrize("how", ["it says so", "it is silent"])
def test_an_agent_that_is_offline_cannot_be_watched(stage: Stage, how: str) -> None:
    if how == "it says so":
        beats(stage.server, stage.key, stage.agent, status="offline")
    else:
        stage.server.clock.turn(91)
    message = refused(ask(stage.server, "POST", START, stage.admin, {"agent_id": stage.id}), 409, "conflict")
    assert message == "the agent is offline"


def test_ten_requests_a_minute_are_allowed(stage: Stage) -> None:
    for left in range(9, -1, -1):
        answer = ask(stage.server, "GET", SESSIONS, stage.admin)
        assert answer.headers["x-ratelimit-remaining"] == str(left)
    answer = ask(stage.server, "POST", START, stage.admin, {"agent_id": stage.id})
    refused(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "60"
    session = stage.start(stage.server.person("other@example.com"))
    with stage.watch(session):
        pass


def test_sessions_are_listed_the_active_ones_first(stage: Stage) -> None:
    first, second, third = stage.start(), stage.start(), stage.start()
    assert ask(stage.server, "POST", STOP, stage.admin, {"session_id": second.upper()}).status_code == 200
    active = [(third, "active", None), (first, "active", None)]
    assert stage.sessions() == [*active, (second, "ended", "stopped")]
    assert stage.sessions(status="active") == active
    assert stage.sessions(status="ended", page=1, page_size=1) == [(second, "ended", "stopped")]
    answer = ask(stage.server, "GET", SESSIONS, stage.admin, query=[("status", "old"), ("page", 1)])
    assert wrong(answer) == {"status": "Must be one of active, ended"}


def test_a_session_that_ended_a_day_ago_is_forgotten(stage: Stage) -> None:
    old = stage.start()
    ask(stage.server, "POST", f"/api/v1/stream/{old}/stop", stage.admin)
    stage.server.clock.turn(86_399)
    stage.server.run(stage.server.app.rounds.one_pass, 0)
    assert tidied(stage) == 1
    stage.server.clock.turn(2)
    assert tidied(stage) == 0


def tidied(stage: Stage) -> int:
    stage.server.write(stream_sessions.tidy, stage.server.clock.now_ms())
    return stage.server.count("stream_sessions")


def test_who_began_a_session_or_an_admin_stops_it(stage: Stage) -> None:
    member = stage.server.person("member@example.com", "member")
    other = stage.server.person("other@example.com", "member")
    session = stage.start(member)
    refused(ask(stage.server, "POST", STOP, other, {"session_id": session}), 403, "forbidden")
    refused(ask(stage.server, "POST", f"/api/v1/stream/{session}/stop", other), 403, "forbidden")
    answer = told(ask(stage.server, "POST", f"/api/v1/stream/{session}/stop", stage.admin))
    assert (answer["session_id"], answer["status"]) == (session, "ended")
    assert (answer["session"]["reason"], answer["session"]["ended_at"]) == ("stopped", "2026-09-21T14:13:30.250Z")
    assert told(ask(stage.server, "POST", STOP, member, {"session_id": session}))["session"]["reason"] == "stopped"


def test_a_stop_of_nothing_is_refused(stage: Stage) -> None:
    refused(ask(stage.server, "POST", STOP, stage.admin, {"session_id": NOBODY}), 404, "not_found")
    refused(ask(stage.server, "POST", "/api/v1/stream/x/stop", stage.admin), 404, "not_found")
    assert wrong(ask(stage.server, "POST", STOP, stage.admin, {})) == {"session_id": "Required"}


@pytest.mark.parametrize(
    ("values", "headers", "origin"),
    [
        ({}, {}, "ws://testserver"),
        ({}, {"Host": "logs.example.com:8443"}, "ws://logs.example.com:8443"),
        ({}, {"Host": "[::1]:8080"}, "ws://[::1]:8080"),
        ({}, {"Host": "x/<b>"}, "ws://localhost"),
        ({}, {"X-Forwarded-Proto": "https"}, "ws://testserver"),
        ({"trusted_proxies": "127.0.0.1"}, {"X-Forwarded-Proto": "http, https"}, "wss://testserver"),
        ({"trusted_proxies": "127.0.0.1"}, {"X-Forwarded-Proto": "http"}, "ws://testserver"),
        ({"public_url": "https://logs.example.com/"}, {"Host": "inner"}, "wss://logs.example.com"),
        ({"public_url": "http://10.0.0.1:8080"}, {}, "ws://10.0.0.1:8080"),
    ],
)
def test_the_address_to_watch_at_is_one_that_works(
    serve: Serve, values: dict[str, Any], headers: dict[str, str], origin: str
) -> None:
    server = serve(**values)
    stage = Stage(server)
    server.client._transport.client = ("127.0.0.1", 50_000)  # type: ignore[attr-defined] # noqa: SLF001 - the peer of what it sends
    answer = server.post(START, {"agent_id": stage.id}, stage.admin, headers)
    session = told(answer, 201)
    assert session["websocket_url"] == f"{origin}/api/v1/stream/ws/{session['session_id']}"


def test_pushed_lines_reach_who_watches(stage: Stage) -> None:
    session = stage.start()
    with stage.watch(session) as watcher:
        body = {"session_id": session.upper(), "logs": [LINE, {"message": "bare"}]}
        assert told(ask(stage.server, "POST", stage.push, stage.key, body), 202) == {"accepted": 2}
        common = {"type": "log", "timestamp": "2026-09-21T14:13:30.250Z"}
        assert watcher.receive_json() == {**common, **LINE}
        assert watcher.receive_json() == {**common, "level": "info", "message": "bare", "source": "", "metadata": {}}


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"logs": []}, {"session_id": "Required"}),
        ({"session_id": "x"}, {"logs": "Required"}),
        ({"session_id": "x", "logs": [{}]}, {"logs[0].message": "Required"}),
        ({"session_id": "x", "logs": [{"message": 1}]}, {"logs[0].message": "Expected str, got int"}),
        ({"session_id": "x", "logs": [LINE] * 1_001}, {"logs": "Expected array of length <= 1000"}),
    ],
)
def test_a_bad_push_says_what_is_wrong(stage: Stage, body: Any, details: dict[str, str]) -> None:
    assert wrong(ask(stage.server, "POST", stage.push, stage.key, body)) == details


def test_a_push_of_no_json_or_too_much_is_refused(stage: Stage) -> None:
    refused(stage.server.post(stage.push, b"{", stage.key), 400, "invalid_json")
    torn = b'{"session_id": "%b", "logs": [{"message": "", "metadata": {"a": "\xff"}}]}' % stage.start().encode()
    refused(stage.server.post(stage.push, torn, stage.key), 400, "invalid_json")
    refused(stage.server.post(stage.push, b" " * 4_000_001, stage.key), 413, "payload_too_large")


def test_a_push_counts_for_sessions_of_the_agent_only(stage: Stage) -> None:
    session = stage.start()
    other = told(ask(stage.server, "POST", "/api/v1/edge/register", stage.key, {"name": "web-2"}), 201)["id"]
    elsewhere = stage.server.token(stage.server.sender("elsewhere").project, "edge")
    body = {"session_id": session, "logs": [LINE]}
    refused(ask(stage.server, "POST", f"/api/v1/edge/agents/{other}/stream", stage.key, body), 404, "not_found")
    refused(ask(stage.server, "POST", stage.push, elsewhere, body), 404, "not_found")
    refused(ask(stage.server, "POST", stage.push, stage.key, {**body, "session_id": NOBODY}), 404, "not_found")
    message = refused(ask(stage.server, "POST", stage.push, stage.key_for("edge:metrics"), body), 403, "forbidden")
    assert "edge:stream" in message


def test_a_push_for_a_session_that_has_ended_is_gone(stage: Stage) -> None:
    session = stage.start()
    ask(stage.server, "POST", STOP, stage.admin, {"session_id": session})
    answer = ask(stage.server, "POST", stage.push, stage.key, {"session_id": session, "logs": [LINE]})
    refused(answer, 410, "gone")


def test_heartbeats_tell_what_is_watched(stage: Stage) -> None:
    session = stage.start(filters={"level": ["error"]})
    condition = {"on": "level", "by": "text", "values": ["error"], "unless": False}
    assert beats(stage.server, stage.key, stage.agent)["streams"] == [
        {"session_id": session, "filter": {"conditions": [condition]}, "expires_at": "2026-09-21T14:18:30.250Z"}
    ]
    ask(stage.server, "POST", STOP, stage.admin, {"session_id": session})
    assert beats(stage.server, stage.key, stage.agent)["streams"] == []
