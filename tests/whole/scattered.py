"""Secrets in every place of what is sent: events that are taken, and events that are refused."""

from typing import Any

from tests.nowhere import Secret

FIELD_RULES = ["metadata.veiled", "target.name", "other.veil", "changes.*.after", "context.location"]
TELEMETRY_RULES = [
    "context.veiled",
    "context.user.id",
    "context.sessionId",
    "context.trace.requestId",
    "context.check_in_slug",
    "context.host.name",
    "branch",
]
"""Of a field that contracts copy, the rule names one place; of a check-in, what its monitor is called."""


def audit(secret: Secret, *, wrap: str = "see {} there") -> dict[str, Any]:
    """An audit event that is taken, with a secret wherever its sender may put one."""
    text = wrap.format(secret.text)
    event: dict[str, Any] = {
        "action": "user.signed_in",
        "category": "auth",
        "tenant_id": "acme",
        "actor": {"id": secret.text, "type": "user", "name": text, "email": text, "nick": [text], text: True},
        "target": {"id": text, "type": text, "name": text, "inner": {text: {text: [text]}}},
        "context": {"ip_address": text, "user_agent": text, "session_id": text, "location": {text: [[text]]}},
        "metadata": {"plain": secret.text, "deep": [[{"k": text}], {}], text: text, "twice": f"{text} {text}"},
        "changes": [{"field": text, "before": text, "after": {"x": [text]}}, {"field": "f", text: 1}],
        "other": {"a": [text]},
        "long": f"{text} {'and so on ' * 500}{text}",
        text: {"below": text},
    }
    if secret.number is not None:
        numbers = [secret.number, float(secret.number), -secret.number]
        event["metadata"]["numbers"] = numbers
        event["changes"].append({"field": "n", "before": secret.number, "after": numbers})
        event["number"] = secret.number
    return event


def veiled(text: str) -> dict[str, Any]:
    """An audit event with a text in the places that the rules for fields name."""
    return {
        "action": "user.signed_in",
        "category": "auth",
        "tenant_id": "acme",
        "actor": {"id": "u1", "type": "user"},
        "target": {"id": "t1", "type": "thing", "name": text},
        "context": {"location": text},
        "metadata": {"veiled": {text: [text]}},
        "changes": [{"field": "f", "before": 1, "after": [text]}, {"field": "g", "after": {text: text}}],
        "other": {"veil": text},
    }


def refused_audit(secret: Secret) -> list[Any]:
    """Bodies of POST /events that are refused, with a secret in the place of what is wrong and beside it."""
    text = secret.text
    good = audit(secret)
    wrong: list[dict[str, Any]] = [
        {"action": text},
        {"action": [text]},
        {"action": {text: text}},
        {"category": text},
        {"category": [text]},
        {"tenant_id": text},
        {"tenant_id": {text: text}},
        {"tenant_id": f"{text} " * 30},
        {"idempotency_key": text},
        {"idempotency_key": [text]},
        {"idempotency_key": f"{text} {'x' * 300}"},
        {"occurred_at": text},
        {"occurred_at": {text: text}},
        {"actor": text},
        {"actor": [text]},
        {"actor": {text: text}},
        {"actor": {"id": {text: text}, "type": text, "name": [text], "email": {text: text}}},
        {"actor": {"id": f"{text} " * 30, "type": {text: 1}}},
        {"target": text},
        {"target": {"id": [text], "type": {text: text}, "name": [text]}},
        {"context": text},
        {"context": {"ip_address": {text: text}, "user_agent": [text], "session_id": 1}},
        {"metadata": text},
        {"metadata": [text]},
        {"changes": text},
        {"changes": {text: text}},
        {"changes": [text, [text], {text: text}, {"field": [text]}, {"field": {text: text}}]},
        {"id": text},
        {"redactions": [text]},
        {"content_hash": text, "received_at": {text: text}},
        {text: {text: 2**63}},
        {"metadata": {text: 10**18 + 1}},
        {text: [[[[[[[[[[[[[[[[text]]]]]]]]]]]]]]]]},
        {"metadata": {text: [text] * 2_500}},
    ]
    bodies: list[Any] = [good | each for each in wrong]
    return [*bodies, [good, good | wrong[0]], [good, text], text, [text], [[text]], {text: text}, []]


def unreadable(secret: Secret) -> list[bytes]:
    """Bodies that are no JSON, with a secret in them."""
    raw = secret.text.encode().replace(b'"', b"")
    return [
        b'{"action": "' + raw,
        b'{"action": ' + raw + b"}",
        raw,
        b'{"' + raw + b'": "\\ud800"}',
        b'{"' + raw + b'": "\xff"}',
        b'{"a": 1} ' + raw,
        b"[" * 5_000 + raw,
        b'{"a": NaN, "b": "' + raw + b'"}',
        b"\x1f\x8b" + raw,
    ]
