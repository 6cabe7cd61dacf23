"""More connections than there is room for, idle ones, those that never come to the point: others do not feel them."""

import os
import resource
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.whole.crowding import crowd, files, megabytes, needs_proc
from tests.whole.process import PATIENCE, Server, serving
from tests.whole.raw import BATCH, CHECK_INS, EVENTS, NDJSON, Wire, ask, head, log_event, request
from tests.whole.shell import create_token, found

IDLE = int(os.environ.get("LOGSERVER_FLOOD_CONNECTIONS", "10000"))
AGENT = "/api/v1/edge/agents/00000000-0000-4000-8000-000000000000"
SLOW = 60
"""Of each kind of those that never get to the point."""

TURNED_AWAY = "new connections are turned away"


def turned_away(wire: Wire) -> bool:
    """Whether a connection was told to come later; it may have been closed before it could read that."""
    try:
        answer = wire.answer()
    except ConnectionError:
        return True
    assert (answer.status, answer.headers["retry-after"], answer.headers["connection"]) == (503, "5", "close")
    assert "try again shortly" in answer.json()["error"]
    return True


def status(wire: Wire) -> int:
    """That of its answer; 503 where the connection was closed before it could be read."""
    try:
        return wire.answer().status
    except ConnectionError:
        return 503


def asked_at_last(server: Server, data: bytes) -> int:
    """The status of the first answer that is no 503, asked for on new connections until there is one."""
    for _ in range(2_000):
        try:
            answer = ask(server, data)
        except ConnectionError:
            continue
        if answer.status != 503:
            return answer.status
    raise AssertionError("nobody is let in again")


def test_one_connection_too_many_is_told_so_and_the_others_go_on(tmp_path: Path) -> None:
    good = request(EVENTS, create_token(tmp_path), log_event("inside"))
    with serving(tmp_path, "--max-connections", "20") as server, Wire(server) as inside:
        assert inside.ask(good).status == 201
        with crowd(server, 19):
            assert inside.ask(good).status == 201
            # A few at a time: who is silent for five seconds after an answer is not inside any more.
            for _ in range(20):
                with crowd(server, 10) as outside:
                    assert all(map(turned_away, outside))
                assert inside.ask(good).status == 201
        assert asked_at_last(server, good) == 201
        assert server.log().count(TURNED_AWAY) == 1
    assert len(found(tmp_path, "inside")) == 23


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs prlimit, which is Linux's own")
def test_files_that_run_out_leave_enough_for_the_store_and_those_inside(tmp_path: Path) -> None:
    good = request(EVENTS, create_token(tmp_path), log_event("inside"))
    with serving(tmp_path) as server, Wire(server) as inside:
        assert inside.ask(good).status == 201
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (160, 160))
        with crowd(server, 300):
            # What reads the store, and answers, needs files as well.
            assert all(inside.ask(good).status == 201 for _ in range(20))
            ready = b"GET /readyz HTTP/1.1\r\nHost: test\r\n\r\n"
            assert inside.ask(ready).status == 200
        assert asked_at_last(server, good) == 201
        log = server.log()
        assert log.count(TURNED_AWAY) == 1
        assert "Traceback" not in log
        assert "failed" not in log
    assert len(found(tmp_path, "inside")) == 22


@needs_proc
def test_with_no_file_left_at_all_those_who_knock_are_told_and_those_inside_go_on(tmp_path: Path) -> None:
    good = request(EVENTS, create_token(tmp_path), log_event("inside"))
    with serving(tmp_path) as server, Wire(server) as inside:
        assert inside.ask(good).status == 201
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        most = max(int(file.name) for file in Path(f"/proc/{server.pid}/fd").iterdir()) + 1
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (most, before[1]))
        with crowd(server, most, good) as knocking:
            statuses = [status(wire) for wire in knocking]
            assert 503 in statuses
            assert set(statuses) <= {201, 503}
            assert inside.ask(good).status == 201
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
        assert asked_at_last(server, good) == 201
        assert server.log().count(TURNED_AWAY) == 1
    assert len(found(tmp_path, "inside")) == 3 + statuses.count(201)


@needs_proc
def test_ten_thousand_idle_connections_are_not_felt(tmp_path: Path) -> None:
    good = request(EVENTS, create_token(tmp_path), log_event("beside the idle"))
    with files(IDLE + 500), serving(tmp_path, "--access-log", "off") as server, Wire(server) as wire:
        assert wire.ask(good).status == 201
        before = megabytes(server)
        with crowd(server, IDLE) as idle:
            # Each of them was let in: it is answered once it asks.
            assert idle[-1].ask(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").status == 200
            assert all(ask(server, good).status == 201 for _ in range(50))
            held = megabytes(server) - before
            print(f"{IDLE} idle connections hold {held} MB, {held * 1024 / IDLE:.1f} KB each")
            assert held * 1024 / IDLE < 24
        assert TURNED_AWAY not in server.log()
    assert len(found(tmp_path, "beside the idle")) == 51


@needs_proc
def test_heads_and_bodies_that_trickle_are_cut_off_in_every_dialect_and_not_felt(tmp_path: Path) -> None:
    token, edge = create_token(tmp_path), create_token(tmp_path, "edge")
    good = request(EVENTS, token, log_event("beside the slow"))
    paths = {EVENTS: 408, BATCH: 408, CHECK_INS: 408, "/api/v1/events": 408, "/v1/logs": 408}
    with serving(tmp_path, "--access-log", "off", "--body-seconds", "2") as server:
        before = megabytes(server)
        beginnings = [
            head(path, token, {"Content-Type": NDJSON, "Content-Length": 60_000}) + b"{" * 50 for path in paths
        ]
        heads = [head(path, edge, {})[:-2] for path in paths]
        with files(SLOW * 2 * len(paths) + 250), ExitStack() as crowds:
            held = [wire for sent in (*beginnings, *heads) for wire in crowds.enter_context(crowd(server, SLOW, sent))]
            assert all(ask(server, good).status == 201 for _ in range(20))
            assert megabytes(server) - before < 60
            for number, wire in enumerate(held):
                wire.give_up_after(PATIENCE)
                if number < SLOW * len(beginnings):
                    answer = wire.answer()
                    assert (answer.status, answer.headers["connection"]) == (408, "close")
                    assert answer.json()
                assert wire.ended()
        assert "Traceback" not in server.log()
    assert len(found(tmp_path, "beside the slow")) == 20
