"""Spans: what they need, what is derived, and what makes one the same as another."""

from typing import Any

import pytest

from tests import agreement
from tests.contracts.logister.sending import EVENTS, event, span, uuid
from tests.fakes import START_MS
from tests.serving import Sender, Server

AT = 1_789_999_200_000_000


def stored(server: Server, sender: Sender, **fields: Any) -> Any:
    answer = server.post(EVENTS, span(**fields), sender.token)
    assert answer.status_code == 201, answer.text
    return server.event(sender.project)


def test_the_answer_says_that_it_is_a_span(server: Server, sender: Sender) -> None:
    answer = server.post(EVENTS, span(), sender.token)
    assert answer.status_code == 201
    assert list(answer.json()) == ["id", "legacy_id", "status", "type"]
    assert answer.json()["type"] == "span"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"trace_id": ...}, "Trace id can't be blank"),
        ({"trace_id": " "}, "Trace id can't be blank"),
        ({"span_id": ...}, "Span id can't be blank"),
        ({"span_id": None}, "Span id can't be blank"),
        ({"duration_ms": ...}, "Duration ms can't be blank"),
        ({"duration_ms": "slow"}, "Duration ms is not a number"),
        ({"name": ...}, "Name can't be blank"),
        ({"name": " ", "message": ""}, "Name can't be blank"),
    ],
)
def test_a_span_without_what_it_needs_is_422(server: Server, sender: Sender, fields: Any, error: str) -> None:
    answer = server.post(EVENTS, span(**fields), sender.token)
    assert (answer.status_code, answer.json()) == (422, {"errors": [error]})
    assert not server.events(sender.project)


def test_everything_missing_is_said_at_once(server: Server, sender: Sender) -> None:
    answer = server.post(EVENTS, {"event": {"event_type": "span"}}, sender.token)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"trace_id": ..., "context": {"trace_id": "t1"}},
        {"trace_id": ..., "context": {"trace": {"traceId": "t1"}}},
        {"trace_id": ..., "traceId": "t1"},
        {"span_id": ..., "context": {"spanId": "s1"}},
        {"duration_ms": ..., "context": {"duration_ms": 12.5}},
        {"duration_ms": "12.5"},
        {"name": ..., "message": "GET /"},
        {"name": "", "message": "GET /"},
        {"name": "GET /", "message": "something else"},
        {"name": ..., "context": {"name": "GET /"}},
    ],
)
def test_what_it_needs_may_come_in_other_places(server: Server, sender: Sender, fields: Any) -> None:
    found = stored(server, sender, **fields)
    assert (found.type, found.message) == ("span", "GET /")
    assert {name: found.context[name] for name in ("trace_id", "span_id", "duration_ms")} == {
        "trace_id": "t1",
        "span_id": "s1",
        "duration_ms": 12.5,
    }


@pytest.mark.parametrize(("sent", "kept"), [(-3.5, 0), (-1, 0), (0, 0), (0.25, 0.25), (86_400_000, 86_400_000)])
def test_a_negative_duration_is_none(server: Server, sender: Sender, sent: float, kept: float) -> None:
    assert stored(server, sender, duration_ms=sent).context["duration_ms"] == kept


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        *(
            ({"kind": kind}, kind)
            for kind in ("app", "browser", "cache", "db", "http", "internal", "queue", "render", "resource", "server")
        ),
        ({}, "internal"),
        ({"kind": "producer"}, "internal"),
        ({"kind": ""}, "internal"),
        ({"kind": "DB"}, "db"),
        ({"kind": 5}, "internal"),
        ({"span_kind": "db"}, "db"),
        ({"spanKind": "db"}, "db"),
        ({"context": {"kind": "queue"}}, "queue"),
        ({"context": {"kind": None, "span_kind": "db"}}, "db"),
        ({"context": {"kind": "", "span_kind": "db"}}, "db"),
    ],
)
def test_an_unknown_kind_is_internal(server: Server, sender: Sender, fields: Any, kind: str) -> None:
    assert stored(server, sender, **fields).context["kind"] == kind


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("2026-09-21T14:00:00Z", "2026-09-21T14:00:00.012500Z", AT)),
        ({"ended_at": "2026-09-21T14:00:07Z"}, ("2026-09-21T14:00:00Z", "2026-09-21T14:00:07Z", AT)),
        (
            {"started_at": ..., "occurred_at": "2026-09-21T14:00:00Z"},
            ("2026-09-21T14:00:00.000Z", "2026-09-21T14:00:00.012500Z", AT),
        ),
        ({"occurred_at": "2026-09-21T14:00:09Z"}, ("2026-09-21T14:00:00Z", "2026-09-21T14:00:00.012500Z", AT)),
        (
            {"started_at": ...},
            ("2026-09-21T14:13:30.250Z", "2026-09-21T14:13:30.262500Z", START_MS * 1000),
        ),
        ({"ended_at": "never"}, ("2026-09-21T14:00:00Z", "2026-09-21T14:00:00.012500Z", AT)),
    ],
    ids=["ends", "ends as sent", "occurred_at", "started_at first", "neither", "unreadable end"],
)
def test_its_end_is_derived(server: Server, sender: Sender, fields: Any, expected: Any) -> None:
    found = stored(server, sender, **fields)
    assert (found.context["started_at"], found.context["ended_at"], found.time) == expected


@pytest.mark.parametrize(
    ("fields", "receipt"),
    [
        ({}, False),
        ({"started_at": ..., "occurred_at": "2026-09-21T14:00:00Z"}, False),
        ({"started_at": ...}, True),
        ({"started_at": "never"}, True),
        ({"started_at": 0}, False),
    ],
)
def test_without_any_time_it_is_timed_by_receipt(server: Server, sender: Sender, fields: Any, receipt: bool) -> None:  # noqa: FBT001 - a column of the table
    assert stored(server, sender, **fields).timed_by_receipt is receipt


@pytest.mark.parametrize(
    "fields",
    [
        {"started_at": 900_000_000_000_000},
        {"started_at": -900_000_000_000_000},
        {"started_at": ..., "occurred_at": 900_000_000_000_000},
        {"started_at": "9999-12-31T23:59:59.999Z"},
        {"duration_ms": 9e17},
        {"duration_ms": 10**17},
    ],
    ids=["far start", "early start", "far occurrence", "ends after the last day", "long", "long integer"],
)
def test_times_beyond_the_calendar_are_no_crash(server: Server, sender: Sender, fields: Any) -> None:
    answer = server.post(EVENTS, span(**fields), sender.token)
    assert answer.status_code in {201, 422}


def test_trace_and_span_id_are_unique(server: Server, sender: Sender) -> None:
    first = server.post(EVENTS, span(uuid=uuid(1)), sender.token)
    again = server.post(EVENTS, span(uuid=uuid(2), name="another"), sender.token)
    assert again.status_code == 200
    assert again.json() == first.json() | {"duplicate": True}
    assert agreement.check(server.folder) == 1


@pytest.mark.parametrize("fields", [{"trace_id": "t2"}, {"span_id": "s2"}, {"trace_id": "t1s", "span_id": "1"}])
def test_another_trace_or_span_id_is_another_span(server: Server, sender: Sender, fields: Any) -> None:
    assert server.post(EVENTS, span(), sender.token).status_code == 201
    assert server.post(EVENTS, span(**fields), sender.token).status_code == 201
    assert agreement.check(server.folder) == 2


def test_spans_of_two_projects_do_not_meet(server: Server, sender: Sender) -> None:
    other = server.sender()
    assert [server.post(EVENTS, span(), each.token).status_code for each in (sender, other)] == [201, 201]


def test_an_event_with_a_spans_ids_is_an_event(server: Server, sender: Sender) -> None:
    transaction = event(event_type="transaction", context={"trace_id": "t1", "span_id": "s1"})
    assert server.post(EVENTS, transaction, sender.token).status_code == 201
    assert server.post(EVENTS, span(), sender.token).status_code == 201
    assert server.post(EVENTS, transaction, sender.token).status_code == 201


@pytest.mark.parametrize("status", ["ok", "error", 500])
def test_a_spans_status_stays_its_own(server: Server, sender: Sender, status: Any) -> None:
    context = stored(server, sender, status=status).context
    assert context["status"] == status
    assert not {"transaction_status", "check_in_status"} & context.keys()
