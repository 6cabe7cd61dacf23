"""What keeps those who make streams from filling the server, and what becomes of streams that nobody claims."""

from typing import Any

import pytest

from logserver.contracts.logstitch.streams import REMEMBERED_MS, Streams
from tests.contracts.logstitch.streaming import (
    DAY,
    claim,
    event,
    expire,
    info,
    master_key,
    numbered_token,
    send,
    sent,
    several,
    token,
    totals,
)
from tests.serving import Serve, Server

TOKEN = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"
MANY = 10_000_000


@pytest.fixture
def server(serve: Serve) -> Server:
    """One whose senders may come as often as they like."""
    return serve(stream_requests_per_minute=MANY, streams_per_day=MANY)


def test_what_waits_is_bounded_by_its_size(serve: Serve) -> None:
    server = serve(stream_requests_per_minute=MANY, stream_megabytes=1)
    sender = server.sender()
    large = [event(metadata={"text": "x" * 60_000})] * 8
    sent(server, TOKEN, large)
    other = token()
    sent(server, other, large)
    for stream in (TOKEN, token()):
        answer = send(server, stream, large)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "3600"
        assert answer.json()["error"] == {
            "code": "unavailable",
            "message": "more waits to be claimed than this server keeps; try again later",
        }
    assert totals(server)[0] == 2
    sent(server, TOKEN, event())
    claim(server, TOKEN, master_key(server, sender.project))
    sent(server, other, large)
    server.clock.turn(7 * DAY)
    expire(server)
    assert totals(server) == (1, 0)


def test_streams_are_bounded_in_number(serve: Serve) -> None:
    server = serve(stream_requests_per_minute=MANY, streams_max=3, streams_per_day=MANY)
    sender = server.sender()
    for number in range(3):
        sent(server, numbered_token(number), event())
        server.clock.turn(60)
    answer = send(server, TOKEN, event())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3600")
    assert (
        answer.json()["error"]["message"] == "more streams wait to be claimed than this server keeps; try again later"
    )
    sent(server, numbered_token(0), event())
    claim(server, numbered_token(0), master_key(server, sender.project))
    sent(server, TOKEN, event())
    assert send(server, token(), event()).status_code == 503
    server.clock.turn(7 * DAY - 120)
    expire(server)
    # The oldest that expired makes room, and is not remembered any more; the claimed one is.
    sent(server, token(), event())
    assert [info(server, numbered_token(number)).status_code for number in range(3)] == [200, 404, 200]
    assert totals(server)[0] == 3


def test_expired_events_go_in_bounded_passes(server: Server) -> None:
    for number in range(30):
        sent(server, numbered_token(number), several(25))
    sent(server, TOKEN, event())
    server.clock.turn(7 * DAY - 1)
    sent(server, token(), event())
    assert expire(server) == 1
    server.clock.turn(1)
    before = server.count("stream_events")
    assert server.write(Streams.expire, server.clock.now_ms())
    assert before - server.count("stream_events") == 200
    assert send(server, numbered_token(0), event()).status_code == 410
    # Even where the clock is set back, what is half gone does not come back.
    server.clock.set_back(60)
    assert info(server, numbered_token(0)).status_code == 410
    expire(server)
    assert server.count("stream_events") == 1
    assert totals(server)[0] == 32


def test_an_expired_stream_is_remembered_for_a_month(server: Server) -> None:
    sent(server, TOKEN, event())
    server.clock.turn(7 * DAY)
    expire(server)
    server.clock.turn(REMEMBERED_MS / 1000 - 1)
    expire(server)
    assert send(server, TOKEN, event()).status_code == 410
    server.clock.turn(1)
    expire(server)
    assert info(server, TOKEN).status_code == 404
    assert totals(server) == (0, 0)
    sent(server, TOKEN, event())
    assert info(server, TOKEN).json()["event_count"] == 1


def test_many_expired_streams_are_forgotten_in_passes(serve: Serve) -> None:
    server = serve()
    rows = [(number.to_bytes(32, "big"), b"", number) for number in range(1_000)]
    server.write(_insert_expired, rows)
    server.clock.turn(60)
    assert expire(server) == 6
    assert totals(server) == (0, 0)


def _insert_expired(tx: Any, rows: list[tuple[bytes, bytes, int]]) -> None:
    tx.executemany(
        "INSERT INTO streams (digest, source, status, created_at, expires_at, n) VALUES (?, ?, 'expired', 0, ?, 1)",
        rows,
    )
    tx.execute("UPDATE stream_totals SET streams = streams + ?", (len(rows),))


def test_the_job_is_there(server: Server) -> None:
    assert "streams" in server.app.schedule.jobs.records
