"""What becomes of the fields of an event."""

from typing import Any

import pytest

from tests.contracts.logister.sending import EVENTS, event
from tests.serving import Sender, Serve, Server

COPIED: dict[str, Any] = {
    "environment": "staging",
    "release": "1.2.3",
    "trace_id": "t1",
    "request_id": "r1",
    "session_id": "s1",
    "user_id": 42,
    "transaction_name": "GET /",
    "duration_ms": 12.5,
    "span_id": "sp1",
    "parent_span_id": "sp0",
    "kind": "db",
    "span_kind": "db",
    "started_at": "2026-09-21T14:00:00Z",
    "ended_at": "2026-09-21T14:00:01Z",
    "expected_interval_seconds": 60,
    "check_in_slug": "nightly",
    "monitor_slug": "nightly",
    "check_in_status": "ok",
    "commit_sha": "0123abc",
    "repository": "acme/shop",
    "branch": "main",
}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


SPELLINGS = {
    "snake_case": str,
    "camelCase": camel,
    "PascalCase": lambda name: camel(f"_{name}"),
    "UPPER": str.upper,
    "kebab-case": lambda name: name.replace("_", "-"),
    "UPPER-KEBAB": lambda name: name.upper().replace("_", "-"),
    "WITHOUTUNDERSCORES": lambda name: name.upper().replace("_", ""),
}


def stored(server: Server, sender: Sender, **fields: Any) -> Any:
    answer = server.post(EVENTS, event(**fields), sender.token)
    assert answer.status_code == 201, answer.text
    return server.event(sender.project)


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_fields_beside_context_are_copied_into_it_whatever_their_spelling(
    server: Server, sender: Sender, spell: Any
) -> None:
    body = {"event": {spell(name): value for name, value in COPIED.items()}}
    body["event"] |= {spell("event_type"): "log", spell("message"): "hello", spell("level"): "warn"}
    body["event"] |= {spell("fingerprint"): "f", spell("occurred_at"): "2026-09-21T14:00:00Z"}
    assert server.post(EVENTS, body, sender.token).status_code == 201
    found = server.event(sender.project)
    assert found.context == COPIED
    assert (found.type, found.message, found.level, found.fingerprint) == ("log", "hello", "warn", "f")
    assert found.time == 1_789_999_200_000_000


@pytest.mark.parametrize("spell", [*SPELLINGS.values()][1:-1], ids=[*SPELLINGS][1:-1])
def test_context_keeps_its_own_keys_and_gains_plain_copies(server: Server, sender: Sender, spell: Any) -> None:
    sent = {spell(name): value for name, value in COPIED.items()} | {"ownKey": 1, "Other-Key": 2}
    found = stored(server, sender, context=sent)
    assert found.context == sent | COPIED


@pytest.mark.parametrize("name", COPIED)
@pytest.mark.parametrize("value", [None, ""], ids=["null", "empty"])
def test_nothing_in_context_counts_as_absent(server: Server, sender: Sender, name: str, value: Any) -> None:
    assert stored(server, sender, **{name: COPIED[name]}, context={name: value}).context[name] == COPIED[name]


@pytest.mark.parametrize("name", COPIED)
def test_what_context_says_wins(server: Server, sender: Sender, name: str) -> None:
    assert stored(server, sender, **{name: COPIED[name]}, context={name: "own"}).context[name] == "own"


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        ('{"trace_id": "exact", "traceId": "twin"}', "trace_id", "exact"),
        ('{"traceId": "twin", "trace_id": "exact"}', "trace_id", "exact"),
        ('{"TRACE-ID": "twin", "trace_id": "exact"}', "trace_id", "exact"),
        ('{"context": {"traceId": "twin", "trace_id": "exact"}}', "trace_id", "exact"),
        ('{"context": {"trace_id": "exact", "TRACE_ID": "twin"}}', "trace_id", "exact"),
        ('{"traceId": "beside", "context": {"TraceId": "inside"}}', "trace_id", "inside"),
    ],
)
def test_an_exact_key_wins_over_its_twins(server: Server, sender: Sender, body: str, name: str, value: str) -> None:
    raw = f'{{"event": {{"event_type": "log", "message": "m", {body[1:]}}}'
    assert server.post(EVENTS, raw.encode(), sender.token).status_code == 201
    assert server.event(sender.project).context[name] == value


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"context": {"trace": {"traceId": "t"}}}, "trace_id", "t"),
        ({"context": {"trace": {"trace_id": "t"}}}, "trace_id", "t"),
        ({"context": {"TRACE": {"TRACEID": "t"}, "trace": {"TRACE_ID": "t"}}}, "trace_id", "t"),
        ({"context": {"trace": {"requestId": "r"}}}, "request_id", "r"),
        ({"context": {"trace": {"request-id": "r"}}}, "request_id", "r"),
        ({"context": {"user": {"id": 7}}}, "user_id", 7),
        ({"user": {"id": "u7"}}, "user_id", "u7"),
        ({"trace": {"traceId": "t"}}, "trace_id", "t"),
        ({"trace_id": "own", "context": {"trace": {"traceId": "nested"}}}, "trace_id", "own"),
        ({"context": {"user_id": None, "user": {"id": 7}}}, "user_id", 7),
    ],
)
def test_nested_forms_are_read(server: Server, sender: Sender, fields: Any, name: str, value: Any) -> None:
    assert stored(server, sender, **fields).context[name] == value


@pytest.mark.parametrize("nested", [None, "t", 5, [], [{"traceId": "t"}], {}, {"traceId": {}}, {"traceId": None}])
def test_nested_forms_of_another_shape_say_nothing(server: Server, sender: Sender, nested: Any) -> None:
    assert "trace_id" not in stored(server, sender, context={"trace": nested}).context


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("transaction", "transaction_status"),
        ("Transaction", "transaction_status"),
        ("check_in", "check_in_status"),
        ("CHECK_IN", "check_in_status"),
        ("log", "status"),
    ],
)
def test_status_is_named_by_the_type_of_event(server: Server, sender: Sender, kind: str, name: str) -> None:
    assert stored(server, sender, event_type=kind, status="error").context[name] == "error"


def test_a_status_of_the_context_wins(server: Server, sender: Sender) -> None:
    found = stored(server, sender, event_type="transaction", status=500, context={"transaction_status": 200})
    assert found.context["transaction_status"] == 200


@pytest.mark.parametrize("fields", [{}, {"environment": ""}, {"environment": None}, {"context": {"environment": ""}}])
def test_the_servers_environment_stands_in(serve: Serve, fields: Any) -> None:
    server = serve(environment="qa")
    assert stored(server, server.sender(), **fields).context["environment"] == "qa"


def test_whatever_else_an_event_carries_is_kept(server: Server, sender: Sender) -> None:
    fields = {"evidence": {"source": "sdk"}, "handled": False, "telemetry_schema_version": 3, "service": "shop"}
    found = stored(server, sender, **fields, context={"service": "own"})
    assert found.context == fields | {"service": "own", "environment": "production"}


@pytest.mark.parametrize("kind", ["error", "metric", "transaction", "log", "check_in"])
def test_every_type_is_taken(server: Server, sender: Sender, kind: str) -> None:
    found = stored(server, sender, event_type=kind)
    assert (found.type, found.message) == (kind, "hello")


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({}, "info"),
        ({"event_type": "error"}, "error"),
        ({"event_type": "error", "level": "warning"}, "warning"),
        ({"level": "CRITICAL"}, "CRITICAL"),
        ({"level": "notset"}, "notset"),
        ({"level": ""}, "info"),
        ({"level": None}, "info"),
        ({"level": 30}, "30"),
        ({"level": "x" * 64}, "x" * 64),
        ({"event_type": "check_in", "check_in_status": "error"}, "error"),
    ],
)
def test_a_level_is_kept_as_sent_and_has_a_default(server: Server, sender: Sender, fields: Any, level: str) -> None:
    assert stored(server, sender, **fields).level == level


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"message": None}, ["Message can't be blank"]),
        ({"message": ""}, ["Message can't be blank"]),
        ({"message": " \n"}, ["Message can't be blank"]),
        ({"event_type": "nope"}, ["Event type is not included in the list"]),
        ({"event_type": "nope", "message": None}, ["Event type is not included in the list", "Message can't be blank"]),
        ({"uuid": "nope"}, ["Uuid is invalid"]),
        ({"uuid": "nope", "message": ""}, ["Message can't be blank", "Uuid is invalid"]),
        ({"context": []}, ["Context has the wrong type"]),
        ({"context": "c", "message": {}}, ["Context has the wrong type", "Message can't be blank"]),
        ({"level": "x" * 65}, ["Level is too long (maximum is 64 characters)"]),
    ],
)
def test_every_broken_rule_is_listed_at_once(server: Server, sender: Sender, fields: Any, errors: list[str]) -> None:
    answer = server.post(EVENTS, event(**fields), sender.token)
    assert answer.status_code == 422
    assert set(errors) <= set(answer.json()["errors"])
    assert list(answer.json()) == ["errors"]
    assert not server.events(sender.project)


@pytest.mark.parametrize("value", [None, "", " "])
def test_a_missing_type_is_422(server: Server, sender: Sender, value: Any) -> None:
    answer = server.post(EVENTS, event(event_type=value), sender.token)
    assert answer.status_code == 422
    assert [error for error in answer.json()["errors"] if error.startswith("Event type")]


@pytest.mark.parametrize(("sent", "kept"), [(42, "42"), (4.5, "4.5"), (True, "true"), (10**30, str(10**30))])
def test_a_scalar_is_taken_for_text(server: Server, sender: Sender, sent: Any, kept: str) -> None:
    found = stored(server, sender, message=sent, release=sent)
    assert (found.message, found.context["release"]) == (kept, kept)


@pytest.mark.parametrize("digits", [19, 20, 39, 309, 4_000])
def test_integers_of_any_size_come_through(server: Server, sender: Sender, digits: int) -> None:
    number = int("9" * digits)
    assert stored(server, sender, event_type="metric", context={"value": number}).context["value"] == number


def test_the_answer_holds_an_id_that_is_a_uuid_of_version_7(server: Server, sender: Sender) -> None:
    answer = server.post(EVENTS, event(), sender.token).json()
    assert list(answer) == ["id", "legacy_id", "status"]
    assert answer["id"][14] == "7"
    assert answer["status"] == "accepted"
    assert server.app.database.spelling.read(answer["id"]) == server.event(sender.project).id
    assert answer["legacy_id"] == server.event(sender.project).id & (2**51 - 1)
