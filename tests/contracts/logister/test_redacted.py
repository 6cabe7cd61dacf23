"""Redaction of this dialect, where a project's rules cover it, and of all that is made of what was sent."""

from typing import Any

import msgspec
import pytest

from logserver.core import projects
from logserver.core.redaction import rules
from tests import nowhere
from tests.contracts.logister.sending import (
    BATCH,
    CHECK_INS,
    DEPLOYMENTS,
    EVENTS,
    MOBILE_TOKENS,
    NDJSON,
    check_in,
    deployment,
    event,
    lines,
    mobile_token,
    span,
    uuid,
)
from tests.contracts.logstitch import asked
from tests.nowhere import Secret
from tests.serving import Sender, Server

CARD = "4111 1111 1111 1111"
NUMBER = 4111111111111111
AUDIT = asked.event(metadata={"card": CARD})


def cover(server: Server, sender: Sender, *dialects: str) -> None:
    server.administer(projects.set_values, sender.project.slug, redact_dialects=dialects)


def field_rule(server: Server, sender: Sender, *fields: str, behavior: str = "replace") -> None:
    server.administer(
        lambda tx: rules.create(
            tx,
            sender.project.number,
            type="field_redact",
            name="own",
            pattern=None,
            fields=fields,
            behavior=behavior,
            enabled=True,
            now_ms=0,
        )
    )


@pytest.fixture
def covered(server: Server, sender: Sender) -> Sender:
    """A project whose rules run on this dialect, too."""
    cover(server, sender, "logister", "logstitch")
    return sender


def send(server: Server, sender: Sender, body: Any, path: str = EVENTS, status: int = 201) -> Any:
    answer = server.post(path, body, sender.token, NDJSON if path == BATCH else None)
    assert answer.status_code == status, answer.text
    return answer.json()


def is_nowhere(server: Server, text: str) -> bool:
    """Whether nothing stored tells of a text."""
    return not nowhere.leaks(Secret(text, text), list(nowhere.tables(server.folder)), nowhere.terms(server.folder))


def test_by_default_only_audit_events_are_redacted(server: Server, sender: Sender) -> None:
    send(server, sender, event(message=CARD))
    assert server.event(sender.project).message == CARD
    assert send(server, sender, AUDIT, asked.EVENTS)["redacted_count"] == 1


def test_the_next_event_is_redacted_once_its_dialect_is_covered_and_no_more_after(
    server: Server, sender: Sender
) -> None:
    for dialects in (("logister",), ("logstitch",), ("logister", "logstitch"), ()):
        cover(server, sender, *dialects)
        send(server, sender, event(message=CARD))
        assert server.events(sender.project)[-1].message == ("[REDACTED]" if "logister" in dialects else CARD)
    # Audit events are redacted whatever is covered beside them.
    assert send(server, sender, AUDIT, asked.EVENTS)["redacted_count"] == 1


def test_another_project_is_not_covered(server: Server, covered: Sender) -> None:
    send(server, covered, event(message=CARD))
    other = server.sender()
    send(server, other, event(message=CARD))
    assert server.event(other.project).message == CARD


def test_an_error_is_grouped_and_named_by_what_is_left(server: Server, covered: Sender) -> None:
    for number in (CARD, "5500 0055 5555 5559"):
        exception = {"class": f"Refused {number}", "message": number}
        send(server, covered, event(event_type="error", message=f"no {number}", context={"exception": exception}))
    assert server.rows("SELECT title, subtitle, n FROM error_groups") == [("no [REDACTED]", "Refused [REDACTED]", 2)]
    assert server.rows("SELECT group_by, severity FROM alerts WHERE rule LIKE '%new%'")
    assert is_nowhere(server, CARD)


@pytest.mark.parametrize("path", [EVENTS, CHECK_INS])
def test_a_monitor_is_called_and_found_by_what_is_left(server: Server, covered: Sender, path: str) -> None:
    named = {"environment": CARD, "release": CARD, "duration_ms": NUMBER}
    short = check_in(slug=CARD, status="error", **named)
    body = short if path == CHECK_INS else event(event_type="check_in", message=CARD, status="error", **named)
    for _ in range(2):
        send(server, covered, body, path)
    (monitor,) = server.monitors(covered.project)
    assert (monitor.slug, monitor.environment, monitor.release) == ("[REDACTED]",) * 3
    assert (monitor.status, monitor.duration_ms) == ("error", None)
    assert server.rows("SELECT group_key FROM alerts") == [("[REDACTED] ([REDACTED])",)]
    assert is_nowhere(server, CARD)


def test_a_duration_that_is_one_stays(server: Server, covered: Sender) -> None:
    send(server, covered, check_in(slug=CARD, duration_ms="12.5"), CHECK_INS)
    assert server.monitors(covered.project)[0].duration_ms == 12.5


@pytest.mark.parametrize("rule", ["context.check_in_slug", "message", "context.*"])
def test_a_rule_for_a_field_covers_the_monitor_of_it(server: Server, covered: Sender, rule: str) -> None:
    field_rule(server, covered, rule)
    send(server, covered, check_in(slug="hidden-thing"), CHECK_INS)
    send(server, covered, event(event_type="check_in", message="hidden-thing"))
    assert [monitor.slug for monitor in server.monitors(covered.project)] == ["[REDACTED]"]
    assert is_nowhere(server, "hidden-thing")


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("context.user.id", {"context": {"user": {"id": "hidden-thing"}}}),
        ("context.user_id", {"context": {"user": {"id": "hidden-thing"}}}),
        ("context.userId", {"context": {"userId": "hidden-thing"}}),
        ("context.user_id", {"context": {"userId": "hidden-thing"}}),
        ("context.trace.requestId", {"context": {"trace": {"requestId": "hidden-thing"}}}),
        ("context.trace.traceId", {"context": {"trace": {"traceId": "hidden-thing"}}}),
        ("context.trace_id", {"context": {"trace": {"id": "hidden-thing"}}}),
        ("context.Exception", {"context": {"Exception": {"class": "hidden-thing", "hidden-thing": 1}}}),
        ("context.name", {"event_type": "span", "message": None, "context": {"name": "hidden-thing"}}),
        ("context.slug", {"event_type": "check_in", "context": {"slug": "hidden-thing"}}),
        ("context.monitor_slug", {"event_type": "check_in", "monitorSlug": "hidden-thing"}),
    ],
)
def test_a_rule_for_a_field_covers_the_copies_that_are_made_of_it(
    server: Server, covered: Sender, rule: str, fields: dict[str, Any]
) -> None:
    field_rule(server, covered, rule)
    needed = {"trace_id": "t", "span_id": "s", "duration_ms": 1} if fields.get("event_type") == "span" else {}
    sent = {name: value for name, value in (needed | fields).items() if value is not None}
    send(server, covered, event(**sent) if "message" in sent else {"event": {"message": "m"} | event(**sent)["event"]})
    stored = server.event(covered.project)
    assert stored.context["redactions"]
    assert "hidden-thing" not in stored.message + msgspec.json.encode(stored.context).decode()
    assert is_nowhere(server, "hidden-thing")


def test_what_is_equal_by_chance_stays(server: Server, covered: Sender) -> None:
    field_rule(server, covered, "context.tier")
    send(server, covered, event(environment="beta", release="beta", message="beta", context={"tier": "beta"}))
    stored = server.event(covered.project)
    assert (stored.message, stored.context["tier"]) == ("beta", "[REDACTED]")
    assert (stored.context["environment"], stored.context["release"]) == ("beta", "beta")


def test_a_duplicate_is_one_still(server: Server, covered: Sender) -> None:
    body = event(message=CARD, uuid=uuid(1), context={CARD: CARD})
    first = send(server, covered, body)
    assert send(server, covered, body, status=200) | {"duplicate": None} == first | {"duplicate": None}
    answer = send(server, covered, lines(*[body] * 3, event(uuid=uuid(2), message=CARD)), BATCH, 202)
    assert [result["duplicate"] for result in answer["results"]] == [True, True, True, False]
    assert len(server.events(covered.project)) == 2


def test_spans_find_their_trace_and_are_told_apart(server: Server, covered: Sender) -> None:
    def made(number: int, **fields: Any) -> Any:
        return span(trace_id=CARD, span_id=f"{CARD} {number}", **fields)

    send(server, covered, made(1))
    send(server, covered, made(2, parent_span_id=f"{CARD} 1"))
    send(server, covered, event(event_type="error", message="m", trace_id=CARD))
    assert send(server, covered, made(1), status=200)["duplicate"] is True
    first, second, error = (each.context for each in server.events(covered.project))
    assert first["trace_id"] == second["trace_id"] == error["trace_id"]
    assert first["trace_id"].startswith("sha256:")
    assert first["span_id"] == second["parent_span_id"] != second["span_id"]
    assert is_nowhere(server, CARD)


def test_series_and_charts_are_named_by_what_is_left(server: Server, covered: Sender) -> None:
    for kind in ("metric", "transaction"):
        numbers = {"value": 3, "duration_ms": 4, "unit": CARD, "transaction_name": CARD, "service": CARD}
        send(server, covered, event(event_type=kind, message=CARD, level=CARD, environment=CARD, context=numbers))
        send(server, covered, event(event_type=kind, message="m", context={"value": NUMBER, "duration_ms": NUMBER}))
    assert {name for (name,) in server.rows("SELECT name FROM series")} >= {"[REDACTED]"}
    assert is_nowhere(server, CARD)


def test_a_deployment_is_recorded_by_what_is_left(server: Server, covered: Sender) -> None:
    field_rule(server, covered, "branch", "note")
    body = deployment(
        release=CARD,
        environment=CARD,
        repository="4111-1111-1111-1111/shop",
        branch="hidden-thing",
        note={"hidden-thing": 1},
        release_tag=CARD,
    )
    assert send(server, covered, body, DEPLOYMENTS)["id"] == send(server, covered, body, DEPLOYMENTS)["id"]
    ((release, environment, repository, commit, details),) = server.rows(
        "SELECT release, environment, repository, commit_sha, details FROM deployments"
    )
    assert (release, environment) == ("[REDACTED]", "[REDACTED]")
    assert (repository, commit) == ("[REDACTED]/shop", "0123abc")
    assert msgspec.json.decode(details) == dict.fromkeys(("branch", "note", "release_tag"), "[REDACTED]")
    assert is_nowhere(server, CARD)


@pytest.mark.parametrize("name", ["service", "environment", "release", "session_id"])
def test_a_token_is_bound_to_nothing_that_would_be_redacted(server: Server, covered: Sender, name: str) -> None:
    answer = send(server, covered, mobile_token(**{name: f"a {CARD}"}), MOBILE_TOKENS, 422)
    assert answer["errors"] == [
        f"{name.replace('_', ' ').capitalize()} must not hold what a redaction rule matches",
    ]
    field_rule(server, covered, f"context.{name}")
    send(server, covered, mobile_token(**{name: "hidden-thing"}), MOBILE_TOKENS, 422)
    assert is_nowhere(server, CARD)
    assert is_nowhere(server, "hidden-thing")


def test_refusals_repeat_nothing_and_note_no_keys(server: Server, covered: Sender) -> None:
    token = send(server, covered, mobile_token(), MOBILE_TOKENS)["token"]
    bound = covered._replace(token=token)
    answers = [
        send(server, bound, event(service=CARD, context={"service": CARD}), status=422),
        send(server, bound, check_in(environment=CARD), CHECK_INS, 422),
        send(server, bound, lines(event(uuid=uuid(1), environment=CARD)), BATCH, 422),
        send(server, covered, mobile_token(allowed_event_types=[CARD]), MOBILE_TOKENS, 422),
        send(server, covered, {"event": {"event_type": CARD, CARD: {CARD: CARD}}}, status=422),
    ]
    said = msgspec.json.encode([answers, [[note.message, note.context] for note in server.refusals()]]).decode()
    assert "service must match the mobile ingest token binding" in said
    assert CARD not in said
    assert is_nowhere(server, CARD)
