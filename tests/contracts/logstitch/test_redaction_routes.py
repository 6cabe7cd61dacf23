"""Redaction by HTTP: its rules, what they do to the very next event, and trying them without storing anything."""

import re
from typing import Any

import pytest

from logserver.contracts.logstitch.events import BODY_BYTES
from logserver.core import projects
from logserver.core.redaction import rules
from tests.contracts.logstitch.asked import EVENTS, ask, event, problems
from tests.contracts.logstitch.refusing import ROWS, Route, refused, scene_of, told
from tests.core.redaction.making import jwt
from tests.fakes import START_MS
from tests.serving import Sender, Serve, Server

RULES = "/api/v1/redaction/rules"
TEST = "/api/v1/redaction/test"
CARD = "4111 1111 1111 1111"
OWN = {"type": "pattern", "name": "staff", "pattern": "EMP-[0-9]{6}"}

BUILTINS = {
    "credit_card": True,
    "ssn": True,
    "email": False,
    "phone": False,
    "ipv4": False,
    "jwt": True,
    "bearer_token": True,
    "aws_key": True,
}

ROUTES = {
    "list": Route("GET", RULES, 200),
    "create": Route("POST", RULES, 201, OWN, master=True),
    "change": Route("PUT", f"{RULES}/{{id}}", 200, {"enabled": False}, master=True),
    "delete": Route("DELETE", f"{RULES}/{{id}}", 200, master=True),
    "test": Route("POST", TEST, 200, {"event": event()}, limit=BODY_BYTES),
}


def a_rule(server: Server, sender: Sender) -> str:
    values: dict[str, Any] = {**OWN, "fields": None, "behavior": "mask", "enabled": True, "now_ms": START_MS}
    return server.administer(rules.create, sender.project.number, **values).id


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("route", ROUTES)
def test_every_route_refuses_what_all_refuse(serve: Serve, route: str, row: str) -> None:
    ROWS[row](scene_of(serve, ROUTES[route], a_rule))


@pytest.fixture
def master(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "master")


def made(server: Server, master: str, **values: Any) -> dict[str, Any]:
    """A rule made by the API."""
    sent = {**OWN, **values} if "fields" not in values else {"name": "own", "type": "field_redact", **values}
    rule: dict[str, Any] = told(ask(server, "POST", RULES, master, sent), 201)
    return rule


def changed(server: Server, master: str, rule_id: str, **values: Any) -> dict[str, Any]:
    rule: dict[str, Any] = told(ask(server, "PUT", f"{RULES}/{rule_id}", master, values), 200)
    return rule


def listed(server: Server, token: str) -> list[dict[str, Any]]:
    answer = told(ask(server, "GET", RULES, token), 200)
    assert (list(answer), answer["cursor"], answer["has_more"]) == (
        ["rules", "cursor", "has_more", "request_id"],
        None,
        False,
    )
    found: list[dict[str, Any]] = answer["rules"]
    return found


def tried(server: Server, token: str, **fields: Any) -> dict[str, Any]:
    """What redaction/test says of an event."""
    answer: dict[str, Any] = told(ask(server, "POST", TEST, token, {"event": event(**fields)}), 200)
    return answer


def stored(server: Server, sender: Sender, *sent: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Events as they are read back in the order sent, and how many of their values were redacted."""
    answer = told(ask(server, "POST", EVENTS, sender.token, list(sent)), 201)
    read = told(ask(server, "GET", EVENTS, sender.token, limit=100), 200)["events"]
    by_id = {each["id"]: each for each in read}
    return [by_id[each] for each in answer["ids"]], answer["redacted_count"]


def note(server: Server, sender: Sender, text: Any) -> Any:
    """What is stored of a note."""
    ((read,), _) = stored(server, sender, event(metadata={"note": text}))
    return read["metadata"]["note"]


def test_the_built_in_rules_come_first_with_their_defaults(server: Server, sender: Sender, master: str) -> None:
    own = made(server, master)
    shown = listed(server, sender.token)
    assert shown == listed(server, master)
    assert shown[:8] == [
        {
            "id": f"builtin_{name}",
            "type": "builtin",
            "name": name,
            "pattern": None,
            "fields": None,
            "behavior": "replace",
            "enabled": on,
            "created_at": None,
        }
        for name, on in BUILTINS.items()
    ]
    assert shown[8:] == [{name: value for name, value in own.items() if name != "request_id"}]


def test_a_rule_is_answered_as_it_is_kept(server: Server, master: str) -> None:
    pattern = made(server, master)
    assert {name: value for name, value in pattern.items() if name not in {"id", "request_id"}} == {
        **OWN,
        "fields": None,
        "behavior": "replace",
        "enabled": True,
        "created_at": "2026-09-21T14:13:30.250Z",
    }
    fields = made(server, master, fields=["metadata.pin", "changes.*.after"], behavior="hash", enabled=False)
    assert (fields["type"], fields["pattern"], fields["behavior"], fields["enabled"]) == (
        "field_redact",
        None,
        "hash",
        False,
    )
    assert fields["fields"] == ["metadata.pin", "changes.*.after"]


TELLING = {
    "credit_card": (CARD, "[REDACTED]", "****-****-****-1111"),
    "ssn": ("078-05-1120", "[REDACTED]", "***-**-1120"),
    "email": ("ann@acme.example", "[REDACTED]", "************mple"),
    "phone": ("+1 415 555 2671", "[REDACTED]", "***********2671"),
    "ipv4": ("203.0.113.77", "[REDACTED]", "********3.77"),
    "jwt": (jwt(), "[REDACTED]", None),
    "bearer_token": ("abcdef0123456789XYZ", "[REDACTED]", "***************9XYZ"),
    "aws_key": ("AKIAIOSFODNN7EXAMPLE", "[REDACTED]", "****************MPLE"),
}


@pytest.mark.parametrize("name", BUILTINS)
def test_a_built_in_rule_is_switched_and_told_how(server: Server, sender: Sender, master: str, name: str) -> None:
    value, replaced, masked = TELLING[name]
    before = "Bearer " if name == "bearer_token" else "see "
    rule_id = f"builtin_{name}"
    assert (note(server, sender, before + value) == before + value) is not BUILTINS[name]
    shown = changed(server, master, rule_id, enabled=True)
    assert (shown["enabled"], shown["behavior"]) == (True, "replace")
    assert note(server, sender, before + value) == before + replaced
    shown = changed(server, master, rule_id, behavior="mask")
    assert (shown["enabled"], shown["behavior"]) == (True, "mask")
    assert masked is None or note(server, sender, before + value) == before + masked
    changed(server, master, rule_id, behavior="hash")
    assert re.fullmatch(before + "sha256:[0-9a-f]{16}", note(server, sender, before + value))
    changed(server, master, rule_id, enabled=False)
    assert note(server, sender, before + value) == before + value
    (kept,) = [rule for rule in listed(server, master) if rule["id"] == rule_id]
    assert (kept["behavior"], kept["enabled"]) == ("hash", False)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"name": "mail"}, ["name"]),
        ({"pattern": "x"}, ["pattern"]),
        ({"fields": ["a"]}, ["fields"]),
        ({"type": "pattern"}, ["type"]),
        ({"name": "mail", "pattern": "x", "fields": ["a"], "enabled": True}, ["name", "pattern", "fields"]),
        ({"behavior": "burn"}, ["behavior"]),
        ({"enabled": "yes"}, ["enabled"]),
    ],
)
def test_nothing_else_of_a_built_in_rule_changes(
    server: Server, master: str, values: dict[str, Any], wrong: list[str]
) -> None:
    before = listed(server, master)
    assert problems(ask(server, "PUT", f"{RULES}/builtin_email", master, values)) == wrong
    assert listed(server, master) == before


def test_a_built_in_rule_may_be_sent_back_as_it_was_shown(server: Server, master: str) -> None:
    (shown,) = [rule for rule in listed(server, master) if rule["id"] == "builtin_email"]
    answer = changed(server, master, "builtin_email", **shown | {"enabled": True})
    assert answer == {**shown, "enabled": True, "request_id": answer["request_id"]}


@pytest.mark.parametrize("name", BUILTINS)
def test_a_built_in_rule_is_not_deleted(server: Server, master: str, name: str) -> None:
    refused(ask(server, "DELETE", f"{RULES}/builtin_{name}", master), 409, "conflict")
    assert len(listed(server, master)) == 8


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, ["type", "name"]),
        ({"type": "builtin", "name": "x"}, ["type"]),
        ({"type": "pattern", "name": "x"}, ["pattern"]),
        ({"type": "field_redact", "name": "x"}, ["fields"]),
        ({"type": "pattern", "name": "x", "pattern": "("}, ["pattern"]),
        ({"type": "pattern", "name": "x", "pattern": r"(a)\1"}, ["pattern"]),
        ({"type": "pattern", "name": "x", "pattern": "a*"}, ["pattern"]),
        ({"type": "pattern", "name": "x", "pattern": "a" * 1_001}, ["pattern"]),
        ({"type": "pattern", "name": "x", "pattern": 7}, ["pattern"]),
        ({"type": "pattern", "name": "x", "pattern": "a", "fields": ["a"]}, ["fields"]),
        ({"type": "field_redact", "name": "x", "fields": ["a"], "pattern": "a"}, ["pattern"]),
        ({"type": "field_redact", "name": "x", "fields": []}, ["fields"]),
        ({"type": "field_redact", "name": "x", "fields": "a"}, ["fields"]),
        ({"type": "field_redact", "name": "x", "fields": ["a", 7]}, ["fields"]),
        ({"type": "field_redact", "name": "x", "fields": ["a", "b..c", "d*"]}, ["fields.1", "fields.2"]),
        ({"type": "field_redact", "name": "x", "fields": ["a"] * 51}, ["fields"]),
        ({"type": "field_redact", "name": "x", "fields": ["actor.tenant_id", "tenant_id"]}, ["fields.1"]),
        ({"type": "field_redact", "name": "x", "fields": ["action", "occurred_at.*"]}, ["fields.0", "fields.1"]),
        ({**OWN, "name": ""}, ["name"]),
        ({**OWN, "name": "n" * 101}, ["name"]),
        ({**OWN, "name": "two\nlines"}, ["name"]),
        ({**OWN, "behavior": "burn"}, ["behavior"]),
        ({**OWN, "enabled": "yes"}, ["enabled"]),
        ({**OWN, "enabled": 1, "behavior": [], "name": 7, "pattern": "("}, ["name", "behavior", "enabled", "pattern"]),
    ],
)
def test_what_is_wrong_with_a_rule_is_named(server: Server, master: str, sent: Any, wrong: list[str]) -> None:
    answer = ask(server, "POST", RULES, master, sent)
    assert problems(answer) == wrong
    assert answer.json()["error"]["code"] == "validation_error"
    assert len(listed(server, master)) == 8


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"pattern": "("}, ["pattern"]),
        ({"fields": ["a"]}, ["fields"]),
        ({"fields": ["idempotency_key"]}, ["fields.0"]),
        ({"type": "field_redact"}, ["type"]),
        ({"name": "", "pattern": "(", "behavior": "burn"}, ["name", "behavior", "pattern"]),
    ],
)
def test_a_broken_change_changes_nothing(server: Server, master: str, sent: Any, wrong: list[str]) -> None:
    rule = made(server, master)
    before = listed(server, master)
    assert problems(ask(server, "PUT", f"{RULES}/{rule['id']}", master, sent)) == wrong
    assert listed(server, master) == before


def test_a_rule_holds_for_the_very_next_event_until_it_is_changed_or_deleted(
    server: Server, sender: Sender, master: str
) -> None:
    said = "EMP-123456 was here"
    assert note(server, sender, said) == said
    rule = made(server, master)
    assert note(server, sender, said) == "[REDACTED] was here"
    changed(server, master, rule["id"], behavior="mask", pattern="[0-9]{6}")
    assert note(server, sender, said) == "EMP-****** was here"
    changed(server, master, rule["id"], enabled=False)
    assert note(server, sender, said) == said
    changed(server, master, rule["id"], enabled=True, name="anew")
    assert note(server, sender, said) == "EMP-****** was here"
    assert told(ask(server, "DELETE", f"{RULES}/{rule['id']}", master), 200)["deleted"] is True
    assert note(server, sender, said) == said
    refused(ask(server, "DELETE", f"{RULES}/{rule['id']}", master), 404, "not_found")
    refused(ask(server, "PUT", f"{RULES}/{rule['id']}", master, {"enabled": True}), 404, "not_found")


def test_a_rule_is_of_its_project_only(server: Server, sender: Sender, master: str) -> None:
    other = server.sender()
    made(server, master, project_id=sender.project.uuid)
    assert note(server, other, "EMP-123456") == "EMP-123456"
    assert note(server, sender, "EMP-123456") == "[REDACTED]"
    refused(ask(server, "PUT", f"{RULES}/builtin_email", master, {"enabled": True}), 400, "bad_request")
    told(ask(server, "PUT", f"{RULES}/builtin_email", master, {"enabled": True, "project_id": other.project.slug}), 200)
    assert [rule["enabled"] for rule in listed(server, sender.token) if rule["name"] == "email"] == [False]


def test_an_event_tells_which_rules_matched_where_and_never_what(server: Server, sender: Sender) -> None:
    sent = event(
        actor={"id": "u1", "type": "user", "name": f"Ann {CARD}"},
        target={"id": "t1", "type": "card", "name": CARD},
        context={"user_agent": f"Bearer abcdef0123456789 {CARD}", "ip_address": "203.0.113.7"},
        metadata={"cards": [{"holder": "Ann", "number": CARD}, {"number": 4_111_111_111_111_111}], CARD: "a key"},
        changes=[{"field": "card", "before": None, "after": CARD}],
    )
    ((read,), count) = stored(server, sender, sent)
    assert {(each["field"], each["rule_id"]) for each in read["redactions"]} == {
        ("actor.name", "builtin_credit_card"),
        ("target.name", "builtin_credit_card"),
        ("context.user_agent", "builtin_bearer_token"),
        ("context.user_agent", "builtin_credit_card"),
        ("metadata.cards.0.number", "builtin_credit_card"),
        ("metadata.cards.1.number", "builtin_credit_card"),
        ("metadata.[REDACTED]", "builtin_credit_card"),
        ("changes.0.after", "builtin_credit_card"),
    }
    assert count == 7, "values, not matches: two rules matched in the user agent"
    assert "4111" not in str(read)
    assert read["metadata"] == {
        "cards": [{"holder": "Ann", "number": "[REDACTED]"}, {"number": "[REDACTED]"}],
        "[REDACTED]": "a key",
    }
    everything = str(server.rows("SELECT * FROM events"))
    assert "1111" not in everything
    assert "abcdef0123456789" not in everything


def test_an_event_that_nothing_matched_says_so(server: Server, sender: Sender) -> None:
    ((read,), count) = stored(server, sender, event())
    assert (read["redactions"], count) == ([], 0)


def test_the_values_of_all_events_of_a_batch_are_counted(server: Server, sender: Sender) -> None:
    clean, dirty = event(), event(metadata={"a": CARD, "b": f"{CARD} and {CARD}"})
    read, count = stored(server, sender, clean, dirty, dirty)
    assert count == 4
    assert [len(each["redactions"]) for each in read] == [0, 2, 2]


def test_a_field_is_redacted_whole(server: Server, sender: Sender, master: str) -> None:
    made(server, master, fields=["metadata.cards.*.holder", "changes.*.after", "actor.email", "metadata.pin"])
    sent = event(
        actor={"id": "u1", "type": "user", "email": "ann@acme.example"},
        metadata={"cards": [{"holder": "Ann"}, {"holder": {"first": "Bob"}}, {"holder": None}], "pin": 1234},
        changes=[{"field": "age", "before": 41, "after": 42}],
    )
    ((read,), count) = stored(server, sender, sent)
    assert read["actor"]["email"] == "[REDACTED]"
    assert read["metadata"] == {
        "cards": [{"holder": "[REDACTED]"}, {"holder": "[REDACTED]"}, {"holder": None}],
        "pin": "[REDACTED]",
    }
    assert read["changes"] == [{"field": "age", "before": 41, "after": "[REDACTED]"}]
    assert count == 5


@pytest.mark.parametrize(
    ("value", "masked"),
    [("12345678", "********"), ("123456789", "*****6789"), ("a", "*"), (42, "[REDACTED]"), (True, "[REDACTED]")],
)
def test_a_field_is_masked_but_for_its_last_four(
    server: Server, sender: Sender, master: str, value: Any, masked: str
) -> None:
    made(server, master, fields=["metadata.note"], behavior="mask")
    assert note(server, sender, value) == masked
    assert note(server, sender, masked) == masked


def test_a_hash_is_the_same_for_the_same_value(server: Server, sender: Sender, master: str) -> None:
    made(server, master, fields=["metadata.note"], behavior="hash")
    first, again, other = (note(server, sender, text) for text in ("Ann", "Ann", "Bob"))
    assert re.fullmatch("sha256:[0-9a-f]{16}", first)
    assert first == again != other
    assert note(server, sender, first) == first


EVERYTHING: dict[str, Any] = {
    "actor": {"id": "u1", "type": "user", "name": f"Ann, {CARD}", "email": "ann@acme.example"},
    "target": {"id": "EMP-123456", "type": "user", "name": "078-05-1120"},
    "context": {"ip_address": "203.0.113.7", "user_agent": "curl", "location": {"city": "Bonn"}, "session_id": "s1"},
    "metadata": {CARD: [CARD, 4_111_111_111_111_111, {"deep": jwt()}], "pin": 1234, "clean": None},
    "changes": [{"field": "pin", "before": "0000", "after": CARD}],
    "occurred_at": "2026-09-21T14:00:00.000Z",
    "idempotency_key": "once",
    "nothing": None,
    "of_my_own": {"key": "AKIAIOSFODNN7EXAMPLE"},
}


def test_trying_answers_what_storing_does_and_stores_nothing(server: Server, sender: Sender, master: str) -> None:
    made(server, master, behavior="hash")
    made(server, master, fields=["metadata.pin", "changes.*.before"], behavior="mask")
    changed(server, master, "builtin_email", enabled=True, behavior="mask")
    tables = server.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    before = {table: server.count(table) for (table,) in tables}
    answer = tried(server, sender.token, **EVERYTHING)
    assert tried(server, master, **EVERYTHING)["event"] == answer["event"]
    assert {table: server.count(table) for table in before} == before
    assert server.events(sender.project) == []
    ((read,), count) = stored(server, sender, event(**EVERYTHING))
    added = {"id", "content_hash", "received_at", "redactions"}
    assert {name: value for name, value in read.items() if name not in added} == answer["event"]
    assert read["redactions"] == answer["matches"]
    assert count == answer["redacted_count"] > 8
    again = told(ask(server, "POST", TEST, sender.token, {"event": answer["event"]}), 200)
    assert (again["event"], again["redacted_count"], again["matches"]) == (answer["event"], 0, [])


def test_a_part_of_an_event_can_be_tried(server: Server, sender: Sender) -> None:
    answer = told(ask(server, "POST", TEST, sender.token, {"event": {"metadata": {"card": CARD}}}), 200)
    assert list(answer) == ["event", "redacted_count", "matches", "request_id"]
    assert answer["event"] == {"metadata": {"card": "[REDACTED]"}}
    assert answer["matches"] == [{"field": "metadata.card", "rule_id": "builtin_credit_card"}]


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, ["event"]),
        ({"event": None}, ["event"]),
        ({"event": [event()]}, ["event"]),
        ({"event": "text"}, ["event"]),
        ({"event": {"tenant_id": 7, "idempotency_key": []}}, ["event.tenant_id", "event.idempotency_key"]),
        ({"event": {"metadata": {"n": 2**53}}}, ["event.metadata"]),
    ],
)
def test_what_cannot_be_tried_is_named(server: Server, sender: Sender, sent: Any, wrong: list[str]) -> None:
    assert problems(ask(server, "POST", TEST, sender.token, sent)) == wrong


def test_what_is_nested_too_deeply_to_be_stored_is_not_tried(server: Server, sender: Sender) -> None:
    deep: Any = "bottom"
    for _ in range(200):
        deep = [deep]
    assert problems(ask(server, "POST", TEST, sender.token, {"event": event(metadata={"deep": deep})})) == [
        "event.metadata"
    ]


def test_an_event_as_large_as_can_be_stored_can_be_tried(server: Server, sender: Sender) -> None:
    large = f"{CARD} " + "word " * 300_000
    answer = tried(server, sender.token, metadata={"note": large})
    assert answer["redacted_count"] == 1
    assert answer["event"]["metadata"]["note"] == note(server, sender, large)


@pytest.mark.parametrize("name", ["tenant_id", "idempotency_key"])
def test_an_identifier_that_a_rule_matches_is_refused(server: Server, sender: Sender, master: str, name: str) -> None:
    wrong = event(**{name: f"of {CARD}"})
    for path, sent, field in (
        (EVENTS, wrong, name),
        (EVENTS, [event(), wrong], f"1.{name}"),
        (TEST, {"event": wrong}, f"event.{name}"),
    ):
        answer = ask(server, "POST", path, sender.token, sent)
        assert problems(answer) == [field]
        assert "4111" not in answer.text
    assert server.events(sender.project) == []
    changed(server, master, "builtin_credit_card", enabled=False)
    stored(server, sender, wrong)


def test_a_project_has_a_hundred_rules_of_its_own_at_most(server: Server, sender: Sender, master: str) -> None:
    for number in range(100):
        made(server, master, pattern=f"P{number}")
    refused(ask(server, "POST", RULES, master, OWN), 409, "conflict")
    assert len(listed(server, sender.token)) == 108


def test_other_dialects_are_redacted_where_a_project_says_so(server: Server, sender: Sender, master: str) -> None:
    made(server, master)
    said = {"event": {"event_type": "log", "message": "EMP-123456", "context": {"card": CARD}}}
    assert server.post("/api/v1/ingest_events", said, sender.token).status_code == 201
    server.administer(projects.set_values, sender.project.slug, redact_dialects=("logstitch", "logister"))
    assert server.post("/api/v1/ingest_events", said, sender.token).status_code == 201
    first, second = server.events(sender.project)
    assert (first.message, first.context["card"]) == ("EMP-123456", CARD)
    assert (second.message, second.context["card"]) == ("[REDACTED]", "[REDACTED]")
