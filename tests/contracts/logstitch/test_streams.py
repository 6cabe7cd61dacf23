"""Anonymous streams: what may be sent to them, what is told of them, and what is not."""

import gzip
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid1

import msgspec
import pytest

from tests.contracts.logstitch.streaming import (
    CARD,
    DAY,
    PLACEHOLDER,
    claim,
    event,
    info,
    master_key,
    send,
    sent,
    several,
    token,
    totals,
    trail,
)
from tests.fakes import START_MS
from tests.serving import Sender, Server

TOKEN = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"
CROCKFORD = re.compile("evt_[0-9A-HJKMNP-TV-Z]{26}")


def test_the_first_event_makes_the_stream(server: Server) -> None:
    assert info(server, TOKEN).status_code == 404
    answer = send(server, TOKEN, event())
    assert answer.status_code == 201
    told = answer.json()
    assert told.keys() == {"ids", "redacted_count", "request_id"}
    assert told["redacted_count"] == 0
    assert told["request_id"] == answer.headers["x-request-id"]
    assert [bool(CROCKFORD.fullmatch(public)) for public in told["ids"]] == [True]


def test_info_tells_of_the_stream_and_nothing_of_its_events(server: Server) -> None:
    sent(server, TOKEN, several(42))
    answer = info(server, TOKEN)
    assert answer.status_code == 200
    assert answer.json() == {
        "claim_token": TOKEN,
        "event_count": 42,
        "status": "active",
        "created_at": "2026-09-21T14:13:30.250Z",
        "expires_at": "2026-09-28T14:13:30.250Z",
        "request_id": answer.headers["x-request-id"],
    }


def test_an_array_is_stored_in_the_order_sent(server: Server, sender: Sender) -> None:
    ids = sent(server, TOKEN, several(3))
    server.clock.turn(1)
    ids += sent(server, TOKEN, event())
    assert len(set(ids)) == 4
    assert info(server, TOKEN).json()["event_count"] == 4
    assert claim(server, TOKEN, master_key(server, sender.project)).status_code == 200
    found = {each["id"]: each for each in trail(server, sender.token)}
    assert [found[public].get("metadata", {}).get("number") for public in ids] == [0, 1, 2, None]
    assert ids[3] > max(ids[:3])


@pytest.mark.parametrize("spell", [str.upper, str.title, str])
def test_a_token_means_the_same_in_upper_case(server: Server, spell: Callable[[str], str]) -> None:
    sent(server, TOKEN, event())
    sent(server, spell(TOKEN), event())
    answer = info(server, spell(TOKEN)).json()
    assert (answer["claim_token"], answer["event_count"]) == (TOKEN, 2)
    assert server.count("streams") == 1


NO_TOKENS = {
    "a word": "my-stream",
    "no hyphens": TOKEN.replace("-", ""),
    "in braces": f"{{{TOKEN}}}",
    "another version": str(uuid1()),
    "another variant": "a1b2c3d4-e5f6-4a7b-cc9d-0e1f2a3b4c5d",
    "the nil one": str(UUID(int=0)),
    "too short": TOKEN[:-1],
    "too long": f"{TOKEN}0",
    "another digit": TOKEN.replace("a1", "٣1"),
    "a new line behind": f"{TOKEN}%0A",
    "a format behind": f"{TOKEN}.json",
    "the pattern": "{token}",
}


@pytest.mark.parametrize("wrong", NO_TOKENS.values(), ids=NO_TOKENS)
def test_what_is_no_token_is_refused_by_the_name_of_the_field(server: Server, sender: Sender, wrong: str) -> None:
    for answer in (send(server, wrong, event()), info(server, wrong)):
        assert answer.status_code == 422
        assert answer.json()["error"] == {
            "code": "validation_error",
            "message": "Invalid path",
            "details": [{"field": "token", "message": "Must be a UUID of version 4"}],
        }
    refused = claim(server, wrong.replace("%0A", "\n"), master_key(server, sender.project))
    assert refused.status_code == 422
    assert refused.json()["error"]["details"] == [{"field": "claim_token", "message": "Must be a UUID of version 4"}]
    assert server.count("streams") == 0


LARGE = "x" * 65_536
REFUSED: dict[str, tuple[Any, int, list[str]]] = {
    "no JSON": (b"{", 400, []),
    "nothing": (b"", 400, []),
    "a text": ("event", 422, [""]),
    "no events": ([], 422, [""]),
    "too many for an array": (several(101), 422, [""]),
    "nothing required": ({"action": "user.signed_up"}, 422, ["category", "tenant_id", "actor"]),
    "one of several": ([event(), event(action="Created")], 422, ["1.action"]),
    "an id of its own": (event(id="evt_1"), 422, ["id"]),
    "an event too large": (event(metadata={"text": LARGE}), 422, [""]),
    "one of them too large": ([event(), event(metadata={"text": LARGE})], 422, ["1"]),
    "a body too large": ([event(metadata={"text": "x" * 60_000})] * 9, 413, []),
}


@pytest.mark.parametrize(("body", "status", "fields"), REFUSED.values(), ids=REFUSED)
def test_a_refused_request_makes_no_stream(server: Server, body: Any, status: int, fields: list[str]) -> None:
    answer = send(server, TOKEN, body)
    assert answer.status_code == status, answer.text
    assert [detail["field"] for detail in answer.json()["error"].get("details", [])] == fields
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert totals(server) == (0, 0)
    assert server.count("stream_events") == server.count("streams") == 0


def test_large_events_are_taken_up_to_the_bound(server: Server) -> None:
    room = 65_536 - len(msgspec.json.encode(event(metadata={"text": ""})))
    ids = sent(server, TOKEN, [event(metadata={"text": "x" * room})] * 7)
    assert len(ids) == 7
    assert send(server, TOKEN, event(metadata={"text": "x" * (room + 1)})).status_code == 422


def test_a_packed_body_is_bounded_when_it_is_unpacked(server: Server) -> None:
    packed = gzip.compress(b"[" + b" " * 600_000 + b"]")
    answer = send(server, TOKEN, packed, {"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert (
        send(server, TOKEN, gzip.compress(msgspec.json.encode(event())), {"Content-Encoding": "gzip"}).status_code
        == 201
    )


def test_a_repeated_key_is_answered_with_the_first_id(server: Server) -> None:
    (first,) = sent(server, TOKEN, event(idempotency_key="a"))
    ids = sent(server, TOKEN, [event(idempotency_key="b"), event(idempotency_key="a"), event(idempotency_key="b")])
    assert ids[1] == first
    assert ids[0] == ids[2] != first
    assert info(server, TOKEN).json()["event_count"] == server.count("stream_events") == 2


def test_keys_of_streams_and_projects_do_not_meet(server: Server, sender: Sender) -> None:
    ids = {
        *sent(server, TOKEN, event(idempotency_key="a")),
        *sent(server, token(), event(idempotency_key="a")),
        *server.post("/api/v1/events", event(idempotency_key="a"), sender.token).json()["ids"],
    }
    assert len(ids) == 3


def test_nothing_is_kept_of_the_token(server: Server) -> None:
    sent(server, TOKEN, event())
    # The index of words has no content to look at; the events of streams are not in it.
    tables = [
        name for (name,) in server.rows("SELECT name FROM sqlite_master WHERE type = 'table'") if "_words" not in name
    ]
    stored = "".join(str(server.rows(f'SELECT * FROM "{name}"')) for name in tables)
    assert "user.signed_up" in stored
    assert not [
        spelled for spelled in (TOKEN, TOKEN.upper(), UUID(TOKEN).hex, str(UUID(TOKEN).bytes)) if spelled in stored
    ]


def test_what_is_refused_is_noted_without_the_token(server: Server) -> None:
    send(server, TOKEN, {})
    send(server, "my-secret-stream", {})
    noted = [str(refusal.context) + refusal.message for refusal in server.refusals()]
    assert len(noted) == 2
    assert all("POST /api/v1/streams/{token}/events" in text for text in noted)
    assert not [text for text in noted if TOKEN in text or "my-secret-stream" in text]


def test_events_are_redacted_before_they_are_stored(server: Server) -> None:
    answer = send(server, TOKEN, [event(metadata={"a": f"my {CARD}", CARD: 1}), event(note=CARD), event()])
    assert answer.json()["redacted_count"] == 3
    stored = "".join(body for (body,) in server.rows("SELECT body FROM stream_events"))
    assert CARD not in stored
    kept = [msgspec.json.decode(body)["context"] for (body,) in server.rows("SELECT body FROM stream_events")]
    assert [context.get("metadata") for context in kept] == [{"a": f"my {PLACEHOLDER}", PLACEHOLDER: 1}, None, None]
    assert kept[1]["note"] == PLACEHOLDER
    assert [len(context.get("redactions", [])) for context in kept] == [2, 1, 0]


@pytest.mark.parametrize("name", ["tenant_id", "idempotency_key"])
def test_an_identifier_that_would_be_redacted_is_refused(server: Server, name: str) -> None:
    answer = send(server, TOKEN, [event(), event(**{name: f"of {CARD}"})])
    assert answer.status_code == 422
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [f"1.{name}"]
    assert CARD not in answer.text
    assert totals(server) == (0, 0)


def test_an_expired_stream_takes_nothing_more(server: Server, sender: Sender) -> None:
    sent(server, TOKEN, event())
    server.clock.turn(7 * DAY - 0.001)
    sent(server, TOKEN, event())
    server.clock.turn(0.001)
    key = master_key(server, sender.project)
    for answer in (send(server, TOKEN, event()), info(server, TOKEN), claim(server, TOKEN, key)):
        assert answer.status_code == 410
        assert answer.json()["error"] == {"code": "gone", "message": "the stream has expired"}
    assert trail(server, sender.token) == []


def test_a_claimed_stream_is_locked_for_good(server: Server, sender: Sender) -> None:
    (first,) = sent(server, TOKEN, event(idempotency_key="a"))
    key = master_key(server, sender.project)
    assert claim(server, TOKEN, key).json()["event_count"] == 1
    for _ in range(2):
        for answer in (send(server, TOKEN, event(idempotency_key="a")), claim(server, TOKEN, key)):
            assert answer.status_code == 409
            assert answer.json()["error"] == {"code": "conflict", "message": "the stream has been claimed"}
        told = info(server, TOKEN).json()
        assert (told["status"], told["event_count"]) == ("claimed", 1)
        server.clock.turn(400 * DAY)
    assert [each["id"] for each in trail(server, sender.token)] == [first]


def test_nobody_reads_what_waits(server: Server, sender: Sender) -> None:
    sent(server, TOKEN, event(metadata={"word": "unreadable"}))
    key = master_key(server, sender.project)
    for credential in (sender.token, key, TOKEN):
        headers = {"Authorization": f"Bearer {credential}"}
        for path in (
            "/api/v1/events",
            "/api/v1/events?search=unreadable",
            f"/api/v1/streams/{TOKEN}/info",
            f"/api/v1/streams/{TOKEN}/events",
            f"/api/v1/streams/{TOKEN}",
        ):
            assert "unreadable" not in server.client.get(path, headers=headers).text
    assert server.events(sender.project) == []
    assert server.count("events") == server.count("arrivals") == 0


def test_a_credential_changes_nothing(server: Server, sender: Sender) -> None:
    for credential in ("Bearer nonsense", f"Bearer {sender.token}"):
        headers = {"Authorization": credential}
        assert send(server, TOKEN, event(), headers).status_code == 201
        assert info(server, TOKEN, headers).status_code == 200


def test_times_are_kept_as_they_were_given(server: Server, sender: Sender) -> None:
    sent(server, TOKEN, [event(occurred_at="2026-09-20T10:00:00.5+02:00"), event()])
    server.clock.turn(3 * DAY)
    claim(server, TOKEN, master_key(server, sender.project))
    implied, given = trail(server, sender.token)
    assert given["occurred_at"] == "2026-09-20T08:00:00.500Z"
    assert implied["occurred_at"] == implied["received_at"] == given["received_at"] == "2026-09-21T14:13:30.250Z"
    assert [stored.timed_by_receipt for stored in server.events(sender.project)] == [False, True]
    assert {stored.received for stored in server.events(sender.project)} == {START_MS}


def test_without_room_on_the_disk_nothing_is_taken(server: Server) -> None:
    server.app.database.refusing = "the disk is nearly full"
    answer = send(server, TOKEN, event())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.json()["error"]["code"] == "unavailable"
    assert totals(server) == (0, 0)
