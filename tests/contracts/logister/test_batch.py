"""Batches: taken as a whole or not at all."""

from typing import Any

import pytest

from tests import agreement
from tests.contracts.logister.sending import (
    BATCH,
    EVENTS,
    NDJSON,
    check_in,
    event,
    identified,
    lines,
    span,
    uuid,
)
from tests.serving import Sender, Server

ROLLED_BACK = "Batch was rolled back because another envelope was invalid"


def test_every_event_has_its_result(server: Server, sender: Sender) -> None:
    body = lines(event(uuid=uuid(1)), b"", b" \r", span(event_id=uuid(2)))
    answer = server.post(BATCH, body, sender.token, NDJSON | {"X-Logister-Batch-Id": "b-1"})
    assert answer.status_code == 202
    results = answer.json().pop("results")
    assert answer.json() | {"results": []} == {
        "schema_version": 1,
        "batch_id": "b-1",
        "status": "accepted",
        "accepted": 2,
        "duplicates": 0,
        "results": [],
    }
    ids = {each.uuid: each.id & (2**51 - 1) for each in server.events(sender.project)}
    assert results == [
        {
            "index": index,
            "status": "accepted",
            "type": kind,
            "id": uuid(number),
            "legacy_id": ids[bytes.fromhex(uuid(number).replace("-", ""))],
            "duplicate": False,
        }
        for index, (kind, number) in enumerate([("event", 1), ("span", 2)])
    ]
    assert agreement.check(server.folder) == 2


@pytest.mark.parametrize(("sent", "given"), [("b" * 128, "b" * 128), ("b" * 200, "b" * 128), (" fnv1a-1 ", "fnv1a-1")])
def test_a_senders_batch_id_is_kept(server: Server, sender: Sender, sent: str, given: str) -> None:
    answer = server.post(BATCH, lines(*identified(1)), sender.token, NDJSON | {"X-Logister-Batch-Id": sent})
    assert answer.json()["batch_id"] == given


def test_without_one_an_id_is_made(server: Server, sender: Sender) -> None:
    made = {server.post(BATCH, lines(*identified(1)), sender.token, NDJSON).json()["batch_id"] for _ in range(2)}
    assert len(made) == 2
    assert all(made)


SHAPES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "invalid_json"),
    "NaN": (b'{"event": {"uuid": NaN}}', "invalid_json"),
    "nothing": (b"", "empty_batch"),
    "blank lines": (b"\n \r\n\t\n", "empty_batch"),
    "array": (b"[1]", "invalid_envelope"),
    "string": (b'"event"', "invalid_envelope"),
    "null": (b"null", "invalid_envelope"),
    "no event": (b'{"events": {}}', "missing_event"),
    "null event": (b'{"event": null}', "missing_event"),
    "empty event": (b'{"event": {}}', "missing_event"),
    "array event": (b'{"event": [1]}', "missing_event"),
    "no identity": (lines(event()), "missing_identity"),
    "null identity": (lines(event(uuid=None)), "missing_identity"),
    "blank identity": (lines(event(uuid=" ", event_id="")), "missing_identity"),
    "word": (lines(event(uuid="nope")), "invalid_identity"),
    "number": (lines(event(uuid=5)), "invalid_identity"),
    "list": (lines(event(event_id=[uuid(1)])), "invalid_identity"),
    "one of two": (lines(event(uuid=uuid(1), event_id="nope")), "invalid_identity"),
    "two": (lines(event(uuid=uuid(1), event_id=uuid(2))), "conflicting_identity"),
    "two spellings": (lines(event(uuid=uuid(1), eventId=uuid(2))), "conflicting_identity"),
}


@pytest.mark.parametrize(("line", "code"), SHAPES.values(), ids=SHAPES)
def test_a_fault_of_shape_is_400_and_refuses_all(server: Server, sender: Sender, line: bytes, code: str) -> None:
    body = line if code == "empty_batch" else lines(event(uuid=uuid(8)), line, event(uuid=uuid(9)))
    answer = server.post(BATCH, body, sender.token, NDJSON)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert list(answer.json()) == ["error", "code"]
    assert not server.events(sender.project)


@pytest.mark.parametrize("fields", [{"uuid": uuid(1), "event_id": uuid(1).upper()}, {"eventId": uuid(1)}])
def test_one_identity_in_any_spelling_is_enough(server: Server, sender: Sender, fields: Any) -> None:
    answer = server.post(BATCH, lines(event(**fields)), sender.token, NDJSON)
    assert answer.status_code == 202
    assert answer.json()["results"][0]["id"] == uuid(1)


def test_a_batch_has_a_hundred_events(server: Server, sender: Sender) -> None:
    answer = server.post(BATCH, lines(*identified(101)), sender.token, NDJSON)
    body = answer.json()
    assert (answer.status_code, body["code"], body["limit"], body["actual"]) == (413, "event_count", 100, 101)
    assert server.post(BATCH, lines(*identified(100), b"", b""), sender.token, NDJSON).json()["accepted"] == 100
    assert agreement.check(server.folder) == 100


def test_one_bad_event_rolls_all_back(server: Server, sender: Sender) -> None:
    body = lines(
        event(uuid=uuid(1), event_type="error"),
        event(uuid=uuid(2), message="", event_type="nope"),
        event(uuid=uuid(3), event_type="check_in"),
        span(uuid=uuid(4), span_id=""),
    )
    answer = server.post(BATCH, body, sender.token, NDJSON | {"X-Logister-Batch-Id": "b"})
    assert answer.status_code == 422
    assert answer.json() == {
        "schema_version": 1,
        "batch_id": "b",
        "status": "rejected",
        "accepted": 0,
        "duplicates": 0,
        "results": [
            {"index": 0, "status": "rolled_back", "errors": [ROLLED_BACK]},
            {
                "index": 1,
                "status": "rejected",
                "errors": ["Event type is not included in the list", "Message can't be blank"],
            },
            {"index": 2, "status": "rolled_back", "errors": [ROLLED_BACK]},
            {"index": 3, "status": "rejected", "errors": ["Span id can't be blank"]},
        ],
    }
    assert not any(server.count(table) for table in ("error_groups", "monitors", "counts", "arrivals"))
    assert agreement.check(server.folder) == 0


def test_a_uuid_of_the_other_signal_rolls_all_back(server: Server, sender: Sender) -> None:
    server.post(EVENTS, span(uuid=uuid(2)), sender.token)
    answer = server.post(
        BATCH, lines(event(uuid=uuid(1), event_type="error"), event(uuid=uuid(2))), sender.token, NDJSON
    )
    assert answer.status_code == 422
    assert [result["status"] for result in answer.json()["results"]] == ["rolled_back", "rejected"]
    assert answer.json()["results"][1]["errors"] == ["Uuid has already been used for another telemetry signal"]
    assert agreement.check(server.folder) == 1
    assert not server.count("error_groups")


def test_duplicates_count_wherever_the_first_one_is(server: Server, sender: Sender) -> None:
    server.post(EVENTS, event(uuid=uuid(1)), sender.token)
    body = lines(
        event(uuid=uuid(1)),
        event(uuid=uuid(2)),
        event(uuid=uuid(2).upper()),
        span(uuid=uuid(3)),
        span(uuid=uuid(4)),
    )
    answer = server.post(BATCH, body, sender.token, NDJSON).json()
    assert (answer["accepted"], answer["duplicates"]) == (2, 3)
    assert [result["duplicate"] for result in answer["results"]] == [True, False, True, False, True]
    assert [result["id"] for result in answer["results"]] == [uuid(number) for number in (1, 2, 2, 3, 3)]
    assert agreement.check(server.folder) == 3


def test_an_event_and_a_span_of_one_batch_do_not_share_a_uuid(server: Server, sender: Sender) -> None:
    answer = server.post(BATCH, lines(event(uuid=uuid(1)), span(uuid=uuid(1))), sender.token, NDJSON)
    assert answer.status_code == 422
    assert agreement.check(server.folder) == 0


def test_a_whole_batch_again_is_all_duplicates(server: Server, sender: Sender) -> None:
    first = server.post(BATCH, lines(*identified(10)), sender.token, NDJSON).json()
    again = server.post(BATCH, lines(*identified(10)), sender.token, NDJSON).json()
    assert (again["accepted"], again["duplicates"]) == (0, 10)
    assert [each["legacy_id"] for each in again["results"]] == [each["legacy_id"] for each in first["results"]]


def test_extreme_numbers_of_one_series_are_stored(server: Server, sender: Sender) -> None:
    for number, value in enumerate((1.7e308, 1.7e308, -1.7e308, -1.7e308)):
        server.clock.turn(0.001)
        sent = event(event_type="metric", uuid=uuid(2 * number + 1), context={"value": value})
        twice = lines(sent, event(event_type="metric", uuid=uuid(2 * number + 2), context={"value": value}))
        assert server.post(BATCH, twice, sender.token, NDJSON).status_code == 202
    assert agreement.check(server.folder) == 8


def test_check_ins_of_a_batch_move_their_monitors(server: Server, sender: Sender) -> None:
    body = lines(*(event(event_type="check_in", message=slug, uuid=uuid(n)) for n, slug in enumerate("ab", 1)))
    assert server.post(BATCH, body, sender.token, NDJSON).status_code == 202
    assert [monitor.slug for monitor in server.monitors(sender.project)] == ["a", "b"]
    assert server.post(BATCH, lines(check_in(uuid=uuid(3))), sender.token, NDJSON).json()["code"] == "missing_event"
