"""Live streams over real WebSockets: who hears what, and how a session ends for everyone who takes part in it."""

import contextlib
import resource
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from logserver.core import tokens
from logserver.core.lines.filters import LineFilter
from logserver.core.lines.lines import parse
from logserver.core.people import accounts
from logserver.store.database import transaction
from tests.whole.process import PATIENCE, serving
from tests.whole.raw import Wire
from tests.whole.watching import People, Stage, line

GRACE = ("--live-grace-seconds", "0.3")


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


@pytest.fixture
def stage(tmp_path: Path, people: People) -> Iterator[Stage]:
    with serving(tmp_path, *GRACE) as server:
        yield Stage(server, people)
        assert "Traceback" not in server.log()


@pytest.mark.parametrize(
    "asked",
    [
        {"filter_query": '{level="error", source=~".*/nginx/.*"} |~ "(?i)orders?" != "health"'},
        {"filters": {"level": ["err", "fatal"], "source": "/var/log/nginx/*.log", "pattern": "(?i)orders?"}},
    ],
)
def test_an_agent_is_told_the_filter_and_a_watcher_gets_its_lines(stage: Stage, asked: dict[str, Any]) -> None:
    with stage.serve() as agent:
        assert agent.told() == set()
        session = stage.start(**asked)
        (told,) = agent.next()["streams"]
        assert told["session_id"] == session
        wanted = LineFilter.from_json(told["filter"])
        good = parse("/var/log/nginx/error.log", b'{"level": "error", "msg": "no such ORDER"}')
        assert wanted.wants(good)
        assert not wanted.wants(parse("/var/log/nginx/error.log", b'{"level": "info", "msg": "no such ORDER"}'))
        with stage.watch(session) as watcher:
            sent = line(good.message, session, level=good.level, metadata={"a": [1, {"b": None}]})
            agent.send(logs=[{**sent, "timestamp": "2026-01-15T10:30:00Z"}])
            assert watcher.next() == {
                "type": "log",
                "timestamp": "2026-01-15T10:30:00.000Z",
                "level": "error",
                "message": "no such ORDER",
                "source": "/var/log/app.log",
                "metadata": {"a": [1, {"b": None}]},
            }


def test_twenty_watchers_cost_the_agent_one_line(stage: Stage) -> None:
    people = [stage.people.admin, stage.people.person("second@example.com")]
    with stage.serve() as agent, ExitStack() as open_:
        sessions = [stage.start(people[n % 2]) for n in range(20)]
        while agent.told() != set(sessions):
            pass
        watchers = [open_.enter_context(stage.watch(session)) for session in sessions]
        agent.send(logs=[line("once", *sessions)])
        assert {watcher.next()["message"] for watcher in watchers} == {"once"}


def test_several_may_watch_one_session_and_the_first_gets_what_came_before(stage: Stage) -> None:
    session = stage.start()
    with stage.serve(f"?session_id={session}") as agent:
        agent.send(logs=[line("early")])
        with stage.watch(session) as first:
            assert first.next()["message"] == "early"
            with stage.watch(session, stage.people.person("second@example.com")) as second:
                agent.send(logs=[line("both")])
                assert first.next()["message"] == second.next()["message"] == "both"


def test_a_stop_ends_it_at_both_ends(stage: Stage) -> None:
    session = stage.start()
    push = f"/edge/agents/{stage.agent}/stream"
    with stage.serve() as agent, stage.serve(f"?session_id={session}") as feeder, stage.watch(session) as watcher:
        assert agent.told() == {session}
        pushed = stage.talk.post(push, stage.people.key, {"session_id": session, "logs": [line("pushed")]}, 202)
        assert pushed == {"accepted": 1}
        assert watcher.next()["message"] == "pushed"
        stage.talk.post(f"/stream/{session}/stop", stage.people.admin, {}, 200)
        assert watcher.ended() == ("stopped", 1000)
        assert feeder.ended() == ("stopped", 1000)
        assert agent.told() == set()
    stage.talk.post(push, stage.people.key, {"session_id": session, "logs": [line("late")]}, 410)
    assert stage.serve(f"?session_id={session}").refused() == 410
    with stage.watch(session) as late:
        assert late.ended() == ("stopped", 1000)
    assert stage.sessions() == {session: ("ended", "stopped")}


def test_it_expires_with_a_warning(stage: Stage) -> None:
    session = stage.start(timeout_seconds=1)
    with stage.serve(f"?session_id={session}") as feeder, stage.watch(session) as watcher:
        warning = {"type": "control", "event": "session_ending", "reason": "timeout", "seconds_remaining": 1}
        assert watcher.next() == warning
        assert watcher.ended() == ("timeout", 1000)
        assert feeder.ended() == ("timeout", 1000)
    assert stage.sessions() == {session: ("ended", "timeout")}


def test_a_watcher_that_stalls_loses_lines_and_holds_nobody_up(stage: Stage) -> None:
    session = stage.start()
    with stage.serve() as agent, stage.watch(session) as quick, Wire(stage.server) as stalled:
        stalled.send(handshake(f"/api/v1/stream/ws/{session}", stage.people.admin))
        for n in range(60):
            agent.send(logs=[line(f"{n} {'x' * 30_000}", session) for _ in range(30)])
            seen = 0
            while seen < 30:
                message = quick.next()
                assert message["type"] == "log", message
                seen += message["message"].startswith(f"{n} ")
        agent.send(logs=[line("last", session)])
        quick.until("last")
        stage.talk.post(f"/stream/{session}/stop", stage.people.admin, {}, 200)
        heard = stalled.everything()
    assert heard.count(b'"type":"log"') < 60 * 30
    assert b'"event":"lines_dropped"' in heard
    assert b'"message":"last"' in heard
    assert b'"reason":"stopped"' in heard


def test_lines_that_the_agent_dropped_are_told(stage: Stage) -> None:
    session = stage.start()
    with stage.serve() as agent, stage.watch(session) as watcher:
        agent.send(logs=[], dropped={session: 7, "another": 1})
        assert watcher.next() == {"type": "control", "event": "lines_dropped", "count": 7}


def test_an_agent_that_dies_ends_its_sessions(stage: Stage) -> None:
    session = stage.start()
    with stage.serve() as agent, stage.watch(session) as watcher:
        assert agent.told() == {session}
        agent.vanish()
        assert watcher.ended() == ("agent_offline", 1000)
    assert stage.sessions() == {session: ("ended", "agent_offline")}


def test_an_agent_that_says_goodbye_ends_its_sessions(stage: Stage) -> None:
    session = stage.start()
    with stage.watch(session) as watcher:
        stage.talk.post(f"/edge/agents/{stage.agent}/heartbeat", stage.people.key, {"status": "offline"}, 200)
        assert watcher.ended() == ("agent_offline", 1000)
    stage.talk.post("/stream/start", stage.people.admin, {"agent_id": stage.agent}, 409)


def test_a_newer_connection_of_the_agent_takes_over(stage: Stage) -> None:
    session = stage.start()
    with stage.serve() as older, stage.watch(session) as watcher:
        assert older.told() == {session}
        with stage.serve() as newer:
            assert newer.told() == {session}
            assert older.closed() == 4001
            newer.send(logs=[line("still here", session)])
            assert watcher.next()["message"] == "still here"


def test_an_agent_that_is_deleted_ends_everything_of_it(stage: Stage) -> None:
    session = stage.start()
    with stage.serve() as agent, stage.watch(session) as watcher:
        assert agent.told() == {session}
        assert stage.talk.ask("DELETE", f"/api/v1/agents/{stage.agent}", stage.people.admin).status == 204
        assert watcher.ended() == ("agent_deleted", 1000)
        assert agent.closed() == 4404


def test_credentials_that_end_take_their_connections_with_them(stage: Stage) -> None:
    session = stage.start()
    with stage.serve() as agent, stage.watch(session) as watcher:
        assert agent.told() == {session}
        with transaction(stage.people.folder) as tx:
            accounts.end_sessions(tx, accounts.by_email(tx, "admin@example.com"))
            tokens.revoke(tx, stage.people.key, 1)
        assert watcher.closed() == 4401
        assert agent.closed() == 4401


def test_a_server_that_is_told_to_stop_says_so_at_both_ends(tmp_path: Path, people: People) -> None:
    with serving(tmp_path) as server:
        stage = Stage(server, people)
        session = stage.start()
        with stage.serve() as agent, stage.watch(session) as watcher:
            assert agent.told() == {session}
            server.signal(signal.SIGTERM)
            assert watcher.ended() == ("server_shutdown", 1001)
            assert agent.closed() == 1001
        assert server.wait(within=PATIENCE) == 0
        assert "Traceback" not in server.log()
    with serving(tmp_path) as server:
        stage = Stage(server, people)
        assert stage.sessions() == {session: ("ended", "server_shutdown")}
        with stage.watch(session) as watcher:
            assert watcher.ended() == ("server_shutdown", 1000)


def test_a_server_that_was_killed_says_so_when_it_is_back(tmp_path: Path, people: People) -> None:
    with serving(tmp_path) as server:
        stage = Stage(server, people)
        session = stage.start()
        with stage.serve() as agent, stage.watch(session) as watcher:
            assert agent.told() == {session}
            server.kill()
            assert watcher.closed() == agent.closed() == 1006
    with serving(tmp_path) as server:
        stage = Stage(server, people)
        assert stage.sessions() == {session: ("ended", "server_restart")}
        with stage.serve() as agent, stage.watch(session) as watcher:
            assert agent.told() == set()
            assert watcher.ended() == ("server_restart", 1000)


def test_no_token_stands_in_the_log(tmp_path: Path, people: People) -> None:
    with serving(tmp_path, "--log-level", "debug") as server:
        stage = Stage(server, people)
        session = stage.start()
        with stage.watch(session):
            pass
        assert stage.watch(session, "eyJnobody").refused() == 401
        assert server.stop() == 0
        log = server.log()
    assert people.admin not in log
    assert "eyJ" not in log
    assert session not in log
    assert "GET /api/v1/stream/ws/{session_id} 101 " in log
    assert "GET /api/v1/stream/ws/{session_id} 401 " in log


def test_what_is_no_handshake_is_refused_without_noise(stage: Stage) -> None:
    path = f"/api/v1/edge/agents/{stage.agent}/stream"
    for sent, status in (
        (handshake(path, stage.people.key, "X-Long: " + "x" * 9_000), b"431"),
        (handshake(path, stage.people.key).replace(b"GET", b"PUT"), b"405"),
        (handshake(path, stage.people.key).replace(b"Sec-WebSocket-Key", b"Sec-Nothing"), b"400"),
        (handshake("/api/v1/stream/nothing", stage.people.key), b"404"),
    ):
        with Wire(stage.server) as wire:
            wire.send(sent)
            assert wire.everything(12)[9:12] == status


def test_a_frame_that_is_none_closes_the_connection_of_an_agent(stage: Stage) -> None:
    for frame, code in (("{", 1007), ('{"logs": 1}', 1007), ("x" * 1_048_577, 1009)):
        with stage.serve() as agent:
            agent.next()
            agent.socket.send(frame)
            assert agent.closed() == code


def test_parts_without_end_close_the_connection(stage: Stage) -> None:
    with Wire(stage.server) as wire:
        opened(stage, wire)
        wire.send(MASKED_TEXT + MASKED_REST * 2_000)
        assert b"too many fragments" in wire.everything()


def test_one_who_pings_and_does_not_listen_piles_nothing_up(stage: Stage) -> None:
    before = resident(stage.server.pid)
    with Wire(stage.server) as wire:
        opened(stage, wire)
        for _ in range(30_000_000 // len(MASKED_PINGS)):
            wire.send(MASKED_PINGS)
        assert resident(stage.server.pid) < before + 15_000_000


def test_a_watcher_that_reads_nothing_is_cut_off_after_the_end(stage: Stage) -> None:
    session = stage.start()
    with stage.serve() as agent, stage.watch(session) as quick, Wire(stage.server) as stalled:
        stalled.send(handshake(f"/api/v1/stream/ws/{session}", stage.people.admin))
        for n in range(20):
            agent.send(logs=[line(f"{n} {'x' * 30_000}", session) for _ in range(30)])
        agent.send(logs=[line("last", session)])
        quick.until("last")
        stage.talk.post(f"/stream/{session}/stop", stage.people.admin, {}, 200)
        assert quick.ended() == ("stopped", 1000)
        while "/stream/ws/{session_id} 101" not in stage.server.log().partition("/stream/ws/{session_id} 101")[2]:
            agent.socket.ping().wait(PATIENCE)


def test_frames_before_the_handshake_are_refused_without_noise(stage: Stage) -> None:
    for token in (stage.people.key, "nobody's"):
        with Wire(stage.server) as wire:
            wire.send(handshake(f"/api/v1/edge/agents/{stage.agent}/stream", token))
            with contextlib.suppress(ConnectionError):
                wire.send(b"\xff" * 100_000)
            assert wire.everything(9) == b"HTTP/1.1 "


def opened(stage: Stage, wire: Wire) -> None:
    """Open the connection of an agent."""
    wire.send(handshake(f"/api/v1/edge/agents/{stage.agent}/stream", stage.people.key))
    while b'"streams":[]' not in wire.heard():
        assert wire.listen(PATIENCE)


MASKED_TEXT = b"\x01\x80\0\0\0\0"
MASKED_REST = b"\x00\x80\0\0\0\0"
MASKED_PINGS = (b"\x89\xfd\0\0\0\0" + b"x" * 125) * 1_000


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def handshake(path: str, token: str, *more: str) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: test",
        f"Authorization: Bearer {token}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *more,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
