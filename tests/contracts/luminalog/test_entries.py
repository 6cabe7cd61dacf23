"""What becomes of an entry: its type, level, time, attributes and size."""

from typing import Any

import msgspec
import pytest

from logserver.store.events import Event
from tests.contracts.luminalog.sending import AT, AT_US, entry, raw, send, stored
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server


def one(server: Server, sender: Sender, **fields: Any) -> Event:
    (event,) = stored(server, sender, entry(**fields))
    assert isinstance(event, Event)
    return event


def test_an_entry_is_a_log_of_its_project(server: Server, sender: Sender) -> None:
    event = one(server, sender, metadata={"user_id": "user-789"}, environment="staging")
    assert (event.type, event.level, event.message, event.time) == ("log", "info", "hello", AT_US)
    assert (event.received, event.timed_by_receipt) == (START_MS, False)
    assert event.context == {"user_id": "user-789", "environment": "staging"}


@pytest.mark.parametrize("level", ["debug", "info", "warn", "error", "fatal"])
def test_levels_are_stored_as_they_are_sent(server: Server, sender: Sender, level: str) -> None:
    event = one(server, sender, level=level)
    assert (event.type, event.level) == ("log", level)
    assert "original_level" not in event.context


def test_a_panic_is_fatal_and_remembered_as_one(server: Server, sender: Sender) -> None:
    event = one(server, sender, level="panic")
    assert (event.level, event.context["original_level"]) == ("fatal", "panic")


@pytest.mark.parametrize(
    ("timestamp", "microseconds"),
    [
        ("2026-09-21T14:00:00Z", 0),
        ("2026-09-21T14:00Z", 0),
        ("2026-09-21T14:00:00.1Z", 100_000),
        ("2026-09-21T14:00:00.123456Z", 123_456),
        ("2026-09-21T14:00:00.123456789Z", 123_456),
        ("2026-09-21T14:00:00.000001234567890123Z", 1),
        ("2026-09-21T16:00:00.5+02:00", 500_000),
        ("2026-09-21T14:00:00.250", 250_000),
        ("2026-09-21 14:00:00", 0),
    ],
)
def test_times_of_any_precision(server: Server, sender: Sender, timestamp: str, microseconds: int) -> None:
    assert one(server, sender, timestamp=timestamp).time == AT_US + microseconds


@pytest.mark.parametrize("timestamp", ["1999-01-01T00:00:00Z", "2036-01-01T00:00:00Z"])
def test_a_time_out_of_reach_is_kept_and_filed_under_its_receipt(
    server: Server, sender: Sender, timestamp: str
) -> None:
    event = one(server, sender, timestamp=timestamp)
    assert event.time != START_MS * 1000
    assert server.rows("SELECT ((id & ((1 << 51) - 1)) >> 10) + 1577836800000 FROM events") == [(START_MS,)]


def test_nulls_say_nothing(server: Server, sender: Sender) -> None:
    names = ("environment", "metadata", "error", "project_id", "privacy_mode", "trace_id", "span_id", "parent_span_id")
    event = one(server, sender, **dict.fromkeys(names))
    assert (event.type, event.context) == ("log", {"environment": "production"})


@pytest.mark.parametrize(
    ("fields", "environment"),
    [
        ({}, "beta"),
        ({"environment": ""}, "beta"),
        ({"environment": " "}, "beta"),
        ({"environment": "x"}, "x"),
        ({"metadata": {"environment": "y"}}, "y"),
        ({"metadata": {"environment": ""}}, "beta"),
        ({"metadata": {"environment": 5}}, "beta"),
        ({"environment": "x", "metadata": {"environment": "y"}}, "x"),
    ],
)
def test_the_environment_of_an_entry(serve: Serve, fields: Any, environment: str) -> None:
    server = serve(environment="beta")
    assert one(server, server.sender(), **fields).context["environment"] == environment


def test_what_an_entry_says_of_itself_are_attributes(server: Server, sender: Sender) -> None:
    fields = {"project_id": "p-1", "trace_id": "t-1", "span_id": "s-1", "parent_span_id": "s-0"}
    assert one(server, sender, **fields).context == fields | {"environment": "production"}


def test_metadata_of_a_name_that_is_taken_is_kept_beside_it(server: Server, sender: Sender) -> None:
    metadata = {"environment": "eu", "trace_id": "t-1", "project_id": {"a": 1}, "metadata.environment": "theirs"}
    event = one(server, sender, metadata=metadata, environment="staging", trace_id="t-1", project_id="p-1")
    assert event.context == {
        "environment": "staging",
        "trace_id": "t-1",
        "project_id": "p-1",
        "metadata.environment": "theirs",
        "metadata.metadata.environment": "eu",
        "metadata.project_id": {"a": 1},
    }


def test_an_error_has_the_form_that_errors_have(server: Server, sender: Sender) -> None:
    error = {
        "type": "PaymentError",
        "message": "Insufficient funds",
        "stack_trace": ["at pay (payment.ts:45)", "at checkout (checkout.ts:120)"],
        "context": {"amount": 99.99},
        "fingerprint": "payments",
    }
    event = one(server, sender, level="error", message="Payment failed", error=error)
    assert (event.type, event.level, event.message, event.fingerprint) == (
        "error",
        "error",
        "Payment failed",
        "payments",
    )
    assert event.context["exception"] == {
        "class": "PaymentError",
        "message": "Insufficient funds",
        "backtrace": ["at pay (payment.ts:45)", "at checkout (checkout.ts:120)"],
        "context": {"amount": 99.99},
    }


@pytest.mark.parametrize(
    ("error", "exception"),
    [
        ({}, {}),
        ({"type": None, "message": None, "stack_trace": None, "context": None, "fingerprint": None}, {}),
        ({"stack_trace": "a\n  b\nc"}, {"backtrace": ["a", "  b", "c"]}),
        ({"stack_trace": []}, {"backtrace": []}),
        ({"message": "", "fingerprint": ""}, {"message": ""}),
    ],
)
def test_an_error_may_say_little(server: Server, sender: Sender, error: Any, exception: Any) -> None:
    event = one(server, sender, error=error)
    assert (event.type, event.fingerprint, event.context["exception"]) == ("error", None, exception)


def test_fields_nobody_knows_are_no_fault(server: Server, sender: Sender) -> None:
    answer = send(server, raw(entry(colour="red"), version=[[1]], api_key=5), sender.token)
    assert answer.status_code == 200
    assert server.event(sender.project).context == {"environment": "production"}


def test_the_answer_says_what_counts_against_the_quota(server: Server, sender: Sender) -> None:
    entries = [entry(message='größe "1"\n', metadata={"é": "日本", "n": 1.5}), entry(level="panic")]
    answer = send(server, raw(*entries), sender.token).json()
    # Events of one moment are in the order in which they came.
    records = [
        {"level": event.level, "message": event.message, "context": event.context}
        for event in server.events(sender.project)
    ]
    assert answer == {
        "message": "Logs ingested successfully",
        "processed": 2,
        "bytes_used": sum(len(msgspec.json.encode(record)) for record in records),
        "debug_user_id": sender.project.uuid,
    }
    assert server.rows("SELECT project, month, bytes FROM monthly_usage") == [
        (sender.project.number, 202609, answer["bytes_used"])
    ]


def test_a_thousand_entries_are_stored_and_counted(server: Server, sender: Sender) -> None:
    answer = send(
        server, raw(*(entry(message=f"line {number}", timestamp=AT) for number in range(1_000))), sender.token
    )
    assert answer.json()["processed"] == 1_000
    assert [event.message for event in server.events(sender.project)] == [f"line {number}" for number in range(1_000)]
    assert server.rows("SELECT sum(n) FROM counts") == [(1_000,)]


def test_metadata_is_found_by_its_keys(server: Server, sender: Sender) -> None:
    stored(server, sender, entry(metadata={"user_id": "user-789"}), entry(metadata={"user_id": "user-790"}))
    words = 'words:"' + "user\ue05fid\ue0ffuser\ue02d789" + '"'
    assert server.rows("SELECT count(*) FROM event_words WHERE event_words MATCH ?", words) == [(1,)]
