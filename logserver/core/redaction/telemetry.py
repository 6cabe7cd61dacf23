"""Redaction of the events of dialects whose shape is the record's own."""

from logserver.core.redaction import copies
from logserver.core.redaction.engine import Policy
from logserver.store.events import Event

_IDENTITIES = ("trace_id", "span_id", "parent_span_id")
_NAMED = (
    *_IDENTITIES,
    "check_in_slug",
    "check_in_status",
    "duration_ms",
    "environment",
    "exception",
    "exception.class",
    "exception.message",
    "exception_class",
    "expected_interval_seconds",
    "http",
    "http.status_code",
    "level",
    "release",
    "request",
    "request.status",
    "request_id",
    "service",
    "status",
    "status_code",
    "transaction_name",
    "transaction_status",
    "unit",
    "user_id",
    "value",
)
_STRUCTURE = frozenset({"message", "fingerprint", "level", "context", *(f"context.{name}" for name in _NAMED)})


def redact_event(policy: Policy, event: Event) -> list[tuple[str, str]]:
    """Redact an event in place: message, fingerprint, level and context; type and uuid stay as they are.

    Returns which rules matched where, as pairs of path (``message``, ``context.user.email``) and rule id; they also
    stand in ``context["redactions"]`` where there are any. The context's keys that the store knows by name keep it.
    Trace and span ids become keyed hashes whatever the behaviour: they stay strings, alike where they were alike and
    different where they were, so that spans find their trace and are not taken for one another. What a contract
    has copied to another name (``user_id`` from ``user.id``) is redacted where what it was copied from is, and the
    other way round.
    """
    sent = {
        "message": event.message,
        "fingerprint": event.fingerprint,
        "level": event.level,
        "context": event.context,
    }
    redacted = policy.redact(sent, structure=_STRUCTURE)
    if not redacted.matches:
        return []
    value, matches = copies.followed(sent, redacted.value), redacted.matches
    context = value["context"]
    for name in _IDENTITIES:
        before = event.context.get(name)
        if isinstance(before, str) and context[name] != before:
            context[name] = policy.hashed(before)
            if context[name] == before:
                matches = [pair for pair in matches if pair[0] != f"context.{name}"]
    if matches:
        context["redactions"] = [{"field": path, "rule_id": rule} for path, rule in matches]
    event.message, event.fingerprint, event.level = value["message"], value["fingerprint"], value["level"]
    event.context = context
    return matches
