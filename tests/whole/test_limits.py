"""Floods: what is counted is counted exactly, what is bounded stays bounded, and what is refused is not stored."""

from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from logserver.store.series import BOUNDS, OTHER
from tests.whole.load import Load
from tests.whole.process import Server, serving
from tests.whole.raw import BATCH, EVENTS, NDJSON, Wire, ask, head, log_event, request
from tests.whole.shell import create_token, found, names
from tests.whole.verify import verify

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc"
)


def megabytes(server: Server) -> int:
    """The memory the process holds now."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


@needs_proc
def test_twenty_thousand_bad_tokens_leave_no_trace_in_memory(tmp_path: Path) -> None:
    good = request(EVENTS, create_token(tmp_path), log_event("through the flood"))
    with serving(tmp_path, "--access-log", "off") as server, Wire(server) as wire:
        assert wire.ask(good).status == 201
        before = megabytes(server)
        statuses: Counter[int] = Counter()
        for first in range(0, 20_000, 50):
            flood = [request(EVENTS, f"{number:0200d}", log_event("no")) for number in range(first, first + 50)]
            wire.send(b"".join(flood))
            statuses.update(wire.answer().status for _ in flood)
        assert wire.ask(good).status == 201
        assert statuses == {401: 120, 429: 20_000 - 120}
        assert megabytes(server) - before < 30
        assert server.stop() == 0
    assert len(found(tmp_path, "through the flood")) == 2


def test_a_window_takes_exactly_its_requests(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path, "--public-api-rate-limit-requests", "50") as server, Wire(server) as wire:
        answers = [wire.ask(request(EVENTS, token, log_event(f"event {number}"))) for number in range(60)]
        last = answers[-1]
        assert [answer.status for answer in answers] == [201] * 50 + [429] * 10
        assert [int(answer.headers["x-ratelimit-remaining"]) for answer in answers[:50]] == list(range(49, -1, -1))
        assert last.json() | {"retry_after": 0} == {
            "error": "Rate limit exceeded",
            "limit": 50,
            "window_seconds": 60,
            "retry_after": 0,
        }
        assert 1 <= int(last.headers["retry-after"]) == last.json()["retry_after"] <= 60
        lines = [log_event(f"line {number}", uuid=str(uuid4())) for number in range(51)]
        assert wire.ask(request(BATCH, token, lines, media=NDJSON)).status == 429
        assert wire.ask(request(BATCH, token, lines[:50], media=NDJSON)).status == 202
        assert wire.ask(request(EVENTS, create_token(tmp_path, "other"), log_event("another's"))).status == 201
    assert len(found(tmp_path)) == 101


def test_a_full_queue_refuses_at_once_and_keeps_what_it_took(tmp_path: Path) -> None:
    load = Load(11, [create_token(tmp_path)])
    with serving(tmp_path, "--access-log", "off", "--queue-rows", "12") as server:
        load.run(server, connections=64, steps=4_000, then=server.kill)
    assert {status for status, _ in load.strange} == {503}
    refused = {body for _, body in load.strange}
    assert refused == {b'{"error":"more is being sent than the disk can take; try again shortly"}'}
    verify(tmp_path, load.parcels)
    with serving(tmp_path) as server:
        load.settle(server)
        assert server.stop() == 0
    assert all(parcel.events[0].answers for parcel in load.parcels if parcel.repeatable)
    verify(tmp_path, load.parcels)


def test_a_disk_that_is_nearly_full_is_said_before_it_is(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path, "--min-free-megabytes", "1000000000") as server:
        answer = ask(server, request(EVENTS, token, log_event("no room")))
        ready = ask(server, b"GET /readyz HTTP/1.1\r\nHost: test\r\n\r\n")
        alive = ask(server, b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        assert server.stop() == 0
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert (ready.status, alive.status) == (503, 200)
    assert found(tmp_path) == []


def test_names_without_end_are_counted_as_others(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    total = BOUNDS["name"] + 500
    with serving(tmp_path, "--access-log", "off") as server, Wire(server) as wire:
        for first in range(0, total, 100):
            lines = [metric(number) for number in range(first, first + 100)]
            assert wire.ask(request(BATCH, token, lines, media=NDJSON)).status == 202
        assert server.stop() == 0
    for kind in ("environment", "release", "name"):
        bound = BOUNDS[kind]
        known = names(tmp_path, kind)
        assert len(known) == bound
        assert OTHER not in known
    assert len(found(tmp_path)) == total


def test_many_large_bodies_at_once_are_all_taken(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    payload = log_event("large", context={"text": ["y" * 200_000] * 5})
    data = request(EVENTS, token, payload)
    with serving(tmp_path) as server:
        wires = [Wire(server) for _ in range(20)]
        for wire in wires:
            wire.send(data[:-1])
        for wire in wires:
            wire.send(data[-1:])
        assert [wire.answer().status for wire in wires] == [201] * 20
        for wire in wires:
            wire.close()
    assert len(found(tmp_path, "large")) == 20


def test_requests_that_are_refused_unread_do_not_harm_the_next(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path) as server, Wire(server) as wire:
        wire.send(head(EVENTS, "wrong", {"Content-Length": 1_000_000}) + b"z" * 1_000_000)
        assert wire.answer().status == 401
    with serving(tmp_path) as server:
        assert ask(server, request(EVENTS, token, log_event("next"))).status == 201


def metric(number: int) -> dict[str, object]:
    context = {"value": number, "environment": f"env-{number}", "release": f"r-{number}"}
    return {"event": {"event_type": "metric", "message": f"series-{number}", "uuid": str(uuid4()), "context": context}}
