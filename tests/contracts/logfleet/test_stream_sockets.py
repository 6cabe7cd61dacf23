"""The WebSockets of live streams: who may open them, what is said on them, and how they end."""

from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession

from logserver.core import tokens
from logserver.core.people import accounts
from tests.contracts.logfleet.fleet import NOBODY, ask, beats
from tests.contracts.logfleet.streaming import STOP, Stage, closed, denied, ended
from tests.serving import Server


@pytest.fixture
def stage(server: Server) -> Stage:
    return Stage(server)


def streams(agent: WebSocketTestSession) -> list[str]:
    message = agent.receive_json()
    assert message["type"] == "streams"
    return [each["session_id"] for each in message["streams"]]


@pytest.mark.parametrize("spelled", ["header", "query", "upper case"])
def test_a_watcher_shows_its_token_in_a_header_or_in_the_query(stage: Stage, spelled: str) -> None:
    session = stage.start()
    path = f"/api/v1/stream/ws/{session.upper() if spelled == 'upper case' else session}"
    opening = stage.open(path, stage.admin) if spelled == "header" else stage.open(f"{path}?token={stage.admin}", None)
    with opening as watcher:
        ask(stage.server, "POST", STOP, stage.admin, {"session_id": session})
        assert ended(watcher) == ("stopped", 1000)


@pytest.mark.parametrize("token", [None, "", "x", "eyJhbGciOiJub25lIn0.e30.", "\u00e9"])
def test_a_watcher_without_a_valid_token_is_refused(stage: Stage, token: str | None) -> None:
    path = f"/api/v1/stream/ws/{stage.start()}" + (f"?token={token}" if token is not None else "")
    assert denied(stage.open(path, None)) == (401, {"error": "unauthorized", "message": "Unauthorized"})


def test_other_credentials_may_not_watch(stage: Stage) -> None:
    session = stage.start()
    assert denied(stage.watch(session, stage.key))[0] == 403
    assert denied(stage.watch(session, stage.server.token(stage.project)))[0] == 403


@pytest.mark.parametrize("session", [NOBODY, "x", "%00"])
def test_what_is_no_session_cannot_be_watched(stage: Stage, session: str) -> None:
    assert denied(stage.watch(session)) == (404, {"error": "not_found", "message": "there is no such session"})


def test_a_path_that_is_none_is_refused_in_the_dialect(stage: Stage) -> None:
    assert denied(stage.open("/api/v1/stream/nothing", None)) == (
        404,
        {"error": "not_found", "message": "Not Found"},
    )


def test_one_who_comes_after_the_end_is_told_why(stage: Stage) -> None:
    session = stage.start()
    ask(stage.server, "POST", STOP, stage.admin, {"session_id": session})
    with stage.watch(session) as watcher:
        assert ended(watcher) == ("stopped", 1000)


def test_a_watcher_is_warned_and_told_the_end(stage: Stage) -> None:
    session = stage.start(timeout_seconds=60)
    with stage.watch(session) as watcher, stage.serve() as agent:
        assert streams(agent) == [session]
        stage.server.clock.turn(30)
        warning = {"type": "control", "event": "session_ending", "reason": "timeout", "seconds_remaining": 30}
        assert watcher.receive_json() == warning
        stage.server.clock.turn(30)
        assert ended(watcher) == ("timeout", 1000)
        assert streams(agent) == []
    assert stage.sessions() == [(session, "ended", "timeout")]


def test_a_session_has_room_for_fifty_watchers(stage: Stage) -> None:
    session = stage.start()
    with ExitStack() as open_:
        watchers = [open_.enter_context(stage.watch(session)) for _ in range(50)]
        assert denied(stage.watch(session))[0] == 409
        watchers[0].close()


def test_a_watcher_that_will_not_be_quiet_is_cut_off(stage: Stage) -> None:
    with stage.watch(stage.start()) as watcher:
        for _ in range(101):
            watcher.send_text("hello?")
        assert closed(watcher) == 1008


def test_an_agent_hears_of_sessions_as_they_come_and_go(stage: Stage) -> None:
    with stage.serve() as agent:
        assert streams(agent) == []
        first = stage.start()
        assert streams(agent) == [first]
        second = stage.start()
        assert streams(agent) == [first, second]
        ask(stage.server, "POST", STOP, stage.admin, {"session_id": first})
        assert streams(agent) == [second]


def test_a_line_goes_to_the_sessions_it_names(stage: Stage) -> None:
    first, second = stage.start(), stage.start()
    with stage.serve() as agent, stage.watch(first) as one, stage.watch(second) as two:
        agent.send_json({"logs": [{"message": "both", "sessions": [first, second, NOBODY, first]}]})
        agent.send_json({"logs": [{"message": "nobody"}, {"message": "second", "sessions": [second]}]})
        agent.send_json({"logs": [{"message": "first", "sessions": [first]}], "more": "is not looked at"})
        assert [one.receive_json()["message"] for _ in range(2)] == ["both", "first"]
        assert [two.receive_json()["message"] for _ in range(2)] == ["both", "second"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ({"timestamp": "2026-01-15T10:30:00+01:00"}, {"timestamp": "2026-01-15T09:30:00.000Z"}),
        ({"timestamp": 1_768_473_000.5}, {"timestamp": "2026-01-15T10:30:00.500Z"}),
        ({"timestamp": "yesterday"}, {"timestamp": "2026-09-21T14:13:30.250Z"}),
        ({"timestamp": None, "level": None, "source": None}, {"level": "info", "source": ""}),
        ({"level": ""}, {"level": "info"}),
        ({"level": "warning"}, {"level": "warning"}),
        ({"metadata": None}, {"metadata": {}}),
        (
            {"metadata": {"deep": [{"a": 1.5}], "long": "x" * 1_000}},
            {"metadata": {"deep": [{"a": 1.5}], "long": "x" * 1_000}},
        ),
        ({"metadata": {"long": "x" * 65_536}}, {"metadata": {}}),
        ({"metadata": [1]}, {"metadata": {}}),
        ({"message": "x" * 65_537}, {"message": "x" * 65_536}),
    ],
)
def test_a_line_is_shown_whole_as_far_as_it_may_go(stage: Stage, line: dict[str, Any], shown: dict[str, Any]) -> None:
    session = stage.start()
    with stage.serve(f"?session_id={session}") as feeder, stage.watch(session) as watcher:
        feeder.send_json({"logs": [{"message": "m", **line}]})
        message = watcher.receive_json()
        assert {name: message[name] for name in shown} == shown


def test_lines_that_an_agent_dropped_are_told_to_those_who_miss_them(stage: Stage) -> None:
    first, second = stage.start(), stage.start()
    dropped = {"type": "control", "event": "lines_dropped", "count": 3}
    with stage.serve() as agent, stage.watch(first) as one:
        agent.send_json({"dropped": {first: 3, second: 0}})
        assert one.receive_json() == dropped
        with stage.serve(f"?session_id={first}") as feeder:
            feeder.send_json({"logs": [{"message": "next"}], "dropped": 3})
            assert one.receive_json() == dropped
            assert one.receive_json()["message"] == "next"


@pytest.mark.parametrize(
    "frame",
    [
        b"{",
        b"[]",
        b"\xff",
        b'{"logs": [{}]}',
        b'{"logs": [{"message": "", "metadata": {"a": "\xff"}}]}',
        b'{"dropped": {"x": -1}}',
        b'{"dropped": 1e99}',
        b'{"logs":' + b"[" * 20_000,
        b'{"logs": [' + b",".join([b'{"message": ""}'] * 1_001) + b"]}",
    ],
)
def test_a_frame_that_is_none_ends_the_connection(stage: Stage, frame: bytes) -> None:
    with stage.serve() as agent:
        streams(agent)
        agent.send_bytes(frame)
        assert closed(agent) == 1007


def test_an_agent_must_show_a_key_that_may_act_for_it(stage: Stage) -> None:
    elsewhere = stage.server.token(stage.server.sender("elsewhere").project, "edge")
    assert denied(stage.open(stage.push, None))[0] == 401
    assert denied(stage.open(f"{stage.push}?token={stage.key}", None))[0] == 401
    assert denied(stage.serve(key=stage.admin))[0] == 403
    assert denied(stage.serve(key=elsewhere))[0] == 404
    status, body = denied(stage.serve(key=stage.key_for("edge:heartbeat")))
    assert (status, body["message"]) == (403, "the key lacks the permission edge:stream")
    assert denied(stage.open(f"/api/v1/edge/agents/{NOBODY}/stream", stage.key))[0] == 404


def test_a_connection_for_one_session_must_name_one_of_the_agent(stage: Stage) -> None:
    session = stage.start()
    other = ask(stage.server, "POST", "/api/v1/edge/register", stage.key, {"name": "web-2"}).json()["id"]
    status, body = denied(stage.serve("?session_id=x"))
    assert (status, body["details"]) == (400, {"session_id": "Must be a UUID"})
    assert denied(stage.serve(f"?session_id={NOBODY}"))[0] == 404
    assert denied(stage.open(f"/api/v1/edge/agents/{other}/stream?session_id={session}", stage.key))[0] == 404
    with stage.serve(f"?session_id={session}") as feeder:
        ask(stage.server, "POST", STOP, stage.admin, {"session_id": session})
        assert ended(feeder) == ("stopped", 1000)
    assert denied(stage.serve(f"?session_id={session}"))[0] == 410


def test_a_newer_connection_of_the_agent_replaces_the_older(stage: Stage) -> None:
    with stage.serve() as older:
        streams(older)
        with stage.serve() as newer:
            assert streams(newer) == []
            assert closed(older) == 4001


def test_the_connection_of_an_agent_that_moves_or_goes_ends(stage: Stage) -> None:
    with stage.serve() as agent:
        streams(agent)
        stage.server.sender("elsewhere")
        ask(stage.server, "PATCH", f"/api/v1/agents/{stage.id}", stage.admin, {"project_id": "elsewhere"})
        assert closed(agent) == 1012
    assert denied(stage.serve())[0] == 404
    ask(stage.server, "PATCH", f"/api/v1/agents/{stage.id}", stage.admin, {"project_id": "edge"})
    session = stage.start()
    with stage.serve() as agent, stage.watch(session) as watcher:
        assert streams(agent) == [session]
        ask(stage.server, "DELETE", f"/api/v1/agents/{stage.id}", stage.admin)
        assert closed(agent) == 4404
        assert ended(watcher) == ("agent_deleted", 1000)


def test_an_agent_that_falls_silent_ends_its_sessions(stage: Stage) -> None:
    session = stage.start()
    with stage.watch(session) as watcher:
        with stage.serve() as agent:
            assert streams(agent) == [session]
        while stage.server.app.live.links.connected(stage.id):
            stage.server.write(lambda _tx: None)
        stage.server.clock.turn(10)
        assert ended(watcher) == ("agent_offline", 1000)


def test_an_agent_that_says_it_is_offline_ends_its_sessions(stage: Stage) -> None:
    with stage.watch(stage.start()) as watcher:
        beats(stage.server, stage.key, stage.agent, status="offline")
        assert ended(watcher) == ("agent_offline", 1000)


def test_a_watcher_goes_with_the_session_of_the_person(stage: Stage) -> None:
    with stage.watch(stage.start()) as watcher:
        stage.server.administer(lambda tx: accounts.end_sessions(tx, accounts.by_email(tx, "admin@example.com")))
        assert closed(watcher) == 4401


def test_a_watcher_goes_when_its_token_expires(stage: Stage) -> None:
    stage.server.clock.turn(86_390)
    beats(stage.server, stage.key, stage.agent)
    with stage.watch(stage.start()) as watcher:
        stage.server.clock.turn(10)
        assert closed(watcher) == 4401


def test_an_agent_goes_with_its_key(stage: Stage) -> None:
    with stage.serve() as agent:
        streams(agent)
        stage.server.administer(lambda tx: tokens.revoke(tx, stage.key, stage.server.clock.now_ms()))
        assert closed(agent) == 4401


def test_others_stay_when_a_credential_ends(stage: Stage) -> None:
    session, other = stage.start(), stage.server.token(stage.project)
    with stage.serve() as agent, stage.watch(session) as watcher:
        streams(agent)
        stage.server.administer(tokens.revoke, other, 1)
        stage.server.run(stage.server.app.sockets.review, stage.server.clock.now_ms())
        agent.send_json({"logs": [{"message": "still here", "sessions": [session]}]})
        assert watcher.receive_json()["message"] == "still here"


def test_a_server_that_stops_takes_no_connection(stage: Stage) -> None:
    session = stage.start()
    with stage.serve() as agent, stage.serve(f"?session_id={session}") as feeder, stage.watch(session) as watcher:
        streams(agent)
        stage.server.run(stage.server.app.farewell)
        assert ended(watcher) == ended(feeder) == ("server_shutdown", 1001)
        assert closed(agent) == 1001
    assert denied(stage.serve())[0] == 503
    assert ask(stage.server, "POST", "/api/v1/stream/start", stage.admin, {"agent_id": stage.id}).status_code == 503
    with stage.watch(session) as late:
        assert ended(late) == ("server_shutdown", 1000)
