"""Logister telemetry with secrets in every place that its sender may put one."""

from typing import Any
from uuid import uuid4

from tests.nowhere import Secret

TYPES = ("error", "log", "metric", "transaction", "check_in", "span")


def telemetry(secret: Secret, kind: str) -> dict[str, Any]:
    """An event of a type that is taken, with a secret wherever its sender may put one."""
    text = f"see {secret.text} there"
    short = secret.text[:40] if len(secret.text) > 60 else secret.text
    context: dict[str, Any] = {
        "exception": {"class": text, "message": text, "backtrace": [text, {text: text}]},
        "exception_class": text,
        "user": {"id": secret.text, "email": text, text: text},
        "trace": {"traceId": text, "requestId": text},
        "sessionId": text,
        "service": text,
        "route": text,
        "status_code": text,
        "transaction_status": text,
        "unit": text,
        "value": secret.number if secret.number is not None else text,
        "tags": [text, [text]],
        "long": f"{text} {'and so on ' * 500}{text}",
        text: {text: text},
    }
    event: dict[str, Any] = {
        "event_type": kind,
        "message": f"{text}\n  at {text}",
        "level": short if short == secret.text else "error",
        "fingerprint": text,
        "environment": text,
        "release": text,
        "transaction_name": text,
        "kind": text,
        "repository": text,
        "commit_sha": text,
        "branch": text,
        "custom": {text: [text]},
        text: text,
        "uuid": str(uuid4()),
        "context": context,
    }
    if kind == "span":
        event |= {"name": text, "trace_id": text, "span_id": text, "parent_span_id": f"{text}.", "duration_ms": 1}
        event |= {"span_kind": text, "started_at": text, "ended_at": text}
    if kind == "check_in":
        event |= {"check_in_slug": text, "status": "error", "expected_interval_seconds": text}
    if secret.number is not None:
        context["number"] = secret.number
        event["duration_ms"] = secret.number if kind != "span" else 1
        event["user_id"] = secret.number
    return {"event": event}


def check_in(secret: Secret) -> dict[str, Any]:
    """The short form of a check-in, of a run that failed."""
    text = secret.text
    context = {text: text, "host": text}
    return {
        "check_in": {"slug": text, "status": "error", "environment": text, "release": f"at {text}", "trace_id": text}
        | {"request_id": text, "context": context, text: [text]}
    }


def deployment(secret: Secret) -> dict[str, Any]:
    """A deployment; its repository takes no more than a part of most secrets."""
    text = secret.text
    plain = "".join(character for character in text if character.isalnum() or character in "_.-")
    return {
        "deployment": {
            # Four numbers with dots that are all of a release are its version.
            "release": f"at {text}",
            "environment": text,
            "repository": f"{plain}/shop" if plain == text else "acme/shop",
            "commit_sha": "0123abc",
            "branch": text,
            "release_tag": f"at {text}",
            "release_url": f"https://x.test/{text}",
            "compare_url": f"https://x.test/?q={text}",
            "note": {text: [text]},
            text: text,
        }
    }


def veiled(text: str) -> list[dict[str, Any]]:
    """Events with a text only in places that rules for fields name, one of each pair of copies."""
    first = {"user": {"id": text}, "sessionId": text, "trace": {"requestId": text}, "veiled": [text, {text: text}]}
    return [
        {"event": {"event_type": "log", "message": "veiled", "context": first}},
        {"event": {"event_type": "check_in", "message": text, "context": {"status": "ok"}}},
        {"event": {"event_type": "error", "message": "veiled", "context": {"host": {"name": text}, "veiled": text}}},
    ]


def refused(secret: Secret) -> list[Any]:
    """Bodies of POST /ingest_events that are refused."""
    text = secret.text
    inner = telemetry(secret, "log")["event"]
    wrong: list[dict[str, Any]] = [
        {"event_type": text},
        {"event_type": [text]},
        {"event_type": "span", "duration_ms": text, "trace_id": [text], "span_id": {text: text}},
        {"event_type": "check_in", "check_in_status": text, "check_in_slug": f"{text} {'x' * 300}"},
        {"message": {text: text}},
        {"message": f"{text} {'x' * 70_000}"},
        {"level": f"{text} {'x' * 70}"},
        {"uuid": text},
        {"event_id": text},
        {"context": text},
        {"context": {text: {str(n): text for n in range(600)}}},
        {"context": {text: [text] * 1_100}},
        {"context": {text: [[[[[[[[[[[[[[[[[[text]]]]]]]]]]]]]]]]]]}},
    ]
    return [
        *({"event": inner | each} for each in wrong),
        {"event": text},
        {text: {text: text}},
        {"event": [text]},
        text,
    ]
