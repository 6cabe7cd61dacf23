"""Killed in the middle of a claim, again and again: the stream is the project's, whole, or it is still a stream."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, time
from typing import Any
from uuid import UUID

from logserver.contracts.logstitch.links import BEGINNING, content_hash
from logserver.core import tokens
from logserver.store.connections import FILE
from logserver.store.database import snapshot, transaction
from tests.whole.killing import spin
from tests.whole.process import PATIENCE, serving
from tests.whole.raw import Wire, audit_event, get, request
from tests.whole.shell import create_token

ROUNDS = int(os.environ.get("LOGSERVER_CRASH_ROUNDS", "8"))
SEED = int(os.environ.get("LOGSERVER_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
EVENTS = 500
OPTIONS = (
    *("--stream-events-per-day", str(EVENTS), "--streams-per-day", "1000", "--stream-requests-per-minute", "1000000"),
    *("--access-log", "off"),
)


def test_a_claim_is_all_or_none(tmp_path: Path) -> None:
    print(f"LOGSERVER_CRASH_SEED={SEED}")
    chance = random.Random(SEED)  # noqa: S311 - moments and tokens that can be had again by their seed
    token, master_key = create_token(tmp_path), create_master_key(tmp_path)
    sent: dict[str, list[str]] = {}
    whole = []
    seconds = 0.0
    for number in range(ROUNDS + 2):
        with serving(tmp_path, *OPTIONS) as server, Wire(server) as wire:
            if not sent:
                sent = {stream: send(wire, stream) for stream in streams(chance, ROUNDS + 1)}
            listed = list(sent)
            if number:
                whole.append(settled(wire, token, listed[number - 1], sent[listed[number - 1]]))
            if number > ROUNDS:
                break
            begun = monotonic()
            wire.send(request("/api/v1/streams/claim", master_key, {"claim_token": listed[number]}))
            if not number:
                # The first is let through, so that it is known how long a claim takes.
                answer = wire.answer()
                assert (answer.status, answer.json()["event_count"]) == (200, EVENTS)
                seconds = monotonic() - begun
            elif number % 2:
                # Somewhere between the first moment and a little after the answer, all of it by turns.
                spin(begun + seconds * 1.2 * (number - chance.random()) / ROUNDS)
            else:
                await_write(tmp_path, chance)
            server.kill()
    print(f"a claim takes {seconds * 1000:.0f} ms; {sum(whole)} of {len(whole)} were whole")
    with serving(tmp_path, *OPTIONS) as server, Wire(server) as wire:
        for stream, claimed in zip(sent, whole, strict=True):
            answer = wire.ask(request("/api/v1/streams/claim", master_key, {"claim_token": stream}))
            assert answer.status == (409 if claimed else 200)
            assert settled(wire, token, stream, sent[stream])
        shown = {each["content_hash"]: each for each in trail(wire, token)}
        assert server.stop() == 0
    order = sorted(range(len(whole)), key=lambda number: not whole[number])
    assert walked(tmp_path, shown) == [public for number in order for public in [*sent.values()][number]]
    with snapshot(tmp_path) as tx:
        assert tx.execute("SELECT count(*) FROM stream_events").fetchone() == (0,)
        assert tx.execute("SELECT streams, bytes FROM stream_totals").fetchone() == (0, 0)
        assert tx.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def create_master_key(folder: Path) -> str:
    with transaction(folder) as tx:
        return tokens.issue(tx, kind="master", name="test", project=None, now_ms=int(time() * 1000)).secret


def streams(chance: random.Random, n: int) -> list[str]:
    return [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(n)]


def send(wire: Wire, stream: str) -> list[str]:
    """Fill a stream; the ids of its events."""
    ids: list[str] = []
    for first in range(0, EVENTS, 100):
        body = [audit_event(stream, number) for number in range(first, first + 100)]
        answer = wire.ask(array(f"/api/v1/streams/{stream}/events", body))
        assert answer.status == 201, answer
        ids += answer.json()["ids"]
    return ids


def array(path: str, values: list[Any]) -> bytes:
    body = json.dumps(values).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: test", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def await_write(folder: Path, chance: random.Random) -> None:
    """Return as soon as the log of the store has been written to, or shortly after."""
    log = folder / f"{FILE}-wal"

    def written() -> tuple[int, int]:
        state = log.stat()
        return state.st_mtime_ns, state.st_size

    before, deadline = written(), monotonic() + PATIENCE
    while written() == before:
        assert monotonic() < deadline, "nothing was written"
    spin(monotonic() + chance.random() * 0.02)


def trail(wire: Wire, token: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Every event of the project, newest first."""
    cursor: str | None = ""
    while cursor is not None:
        page = get(wire, "/api/v1/events", token, limit=100, **query, **({"cursor": cursor} if cursor else {})).json()
        yield from page["events"]
        cursor = page["cursor"]


def settled(wire: Wire, token: str, stream: str, ids: list[str]) -> bool:
    """Whether a stream's events are all in the project; if not, none is, and the stream is as it was."""
    told = get(wire, f"/api/v1/streams/{stream}/info").json()
    found = list(trail(wire, token, tenant_id=stream))
    assert told["event_count"] == EVENTS
    if not found:
        assert told["status"] == "active"
        return False
    assert told["status"] == "claimed"
    assert {each["id"]: each["metadata"]["number"] for each in found} == {
        public: number for number, public in enumerate(ids)
    }
    assert len(found) == EVENTS
    assert all(len(each["content_hash"]) == 64 for each in found)
    return True


def walked(folder: Path, shown: dict[str, dict[str, Any]]) -> list[str]:
    """The ids of events in the order of their chain, which must be whole."""
    before, ids = BEGINNING, []
    with snapshot(folder) as tx:
        links = tx.execute("SELECT hash FROM audit_links ORDER BY seq").fetchall()
    assert len(links) == len(shown)
    for (link,) in links:
        each = dict(shown[link.hex()])
        del each["content_hash"]
        assert content_hash(before, each) == link
        before = link
        ids.append(each["id"])
    return ids
