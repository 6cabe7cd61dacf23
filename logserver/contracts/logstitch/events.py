"""Audit events: what is sent, checked by the contract's rules, and what is published of them."""

import re
from collections import Counter
from typing import Any, NamedTuple

from logserver.api.fields import Fields
from logserver.core.faults import Invalid
from logserver.core.redaction.engine import Policy, Redacted
from logserver.core.times import iso_text, read_time
from logserver.store.events import Event
from logserver.store.ids import Spelling, ulid_text

CATEGORIES = ("auth", "access", "mutation", "admin", "security", "system")
ACTOR_TYPES = ("user", "api_key", "service", "system")
PARTS = ("actor", "target", "context", "metadata", "changes")
FIXED = frozenset({"action", "category", "tenant_id", "idempotency_key", "occurred_at"})
"""Fields that are no free text; all else of an event is redacted, also what the contract has no name for."""

IDENTIFIERS = ("tenant_id", "idempotency_key")
"""What cannot be redacted without becoming another one, so that what a rule matches in it is refused."""

MATCHED = "Must not hold what a redaction rule matches"

STRUCTURE = frozenset(
    {
        *PARTS,
        *(f"actor.{name}" for name in ("id", "type", "name", "email")),
        *(f"target.{name}" for name in ("id", "type", "name")),
        *(f"context.{name}" for name in ("ip_address", "user_agent", "location", "session_id")),
        "metadata.*",
        "changes.*",
        *(f"changes.*.{name}" for name in ("field", "before", "after")),
    }
)
"""What every event consists of: redaction keeps these names, and the objects and arrays among them."""

GIVEN_BY_SERVER = ("id", "content_hash", "received_at", "redactions", "redacted_count", "request_id")
"""Names of an event that its sender may not use."""

BODY_BYTES = 2 * 1024 * 1024
"""Bytes of body that a request with events may have."""

MAX_ACTION = 128
MAX_NAME = 255
MAX_DEPTH = 14
MAX_KEYS = 2_000
"""Keys and elements that an event may have, all its parts together."""

_NAMED = FIXED.union(PARTS)
_ACTION = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+", re.ASCII)
_LONG_NUMBER = re.compile(rb"\d{16}")
_LARGEST_INTEGER = 2**53 - 1


class Draft(NamedTuple):
    """An event that keeps every rule, as sent, and when it happened (Unix microseconds; None: nobody says)."""

    sent: dict[str, Any]
    time: int | None
    prefix: str = ""
    """What the paths of its fields begin with: its index, where it stood in an array."""


def read_events(value: Any, raw: bytes, *, most: int) -> list[Draft]:
    """The events of a decoded body: one object, or an array of 1 to ``most``.

    Raises Invalid with everything that is wrong; the fields of an array's elements begin with their index.
    """
    if isinstance(value, dict):
        drafts = [_draft(value, "", numbers=_LONG_NUMBER.search(raw) is not None)]
    elif isinstance(value, list):
        if not 1 <= len(value) <= most:
            raise Invalid([("", f"Must be one event or an array of 1 to {most}")])
        numbers = _LONG_NUMBER.search(raw) is not None
        drafts = [_draft(sent, f"{index}.", numbers=numbers) for index, sent in enumerate(value)]
    else:
        raise Invalid([("", f"Must be one event or an array of 1 to {most}")])
    problems = [problem for draft in drafts if isinstance(draft, list) for problem in draft]
    if problems:
        raise Invalid(problems)
    return [draft for draft in drafts if isinstance(draft, Draft)]


def _draft(sent: Any, prefix: str, *, numbers: bool) -> Draft | list[tuple[str, str]]:
    """The draft of an event, or what is wrong with it; ``numbers`` says whether it may hold very long ones."""
    if not isinstance(sent, dict):
        return [(prefix.rstrip("."), "Expected object")]
    fields = Fields(sent, prefix)
    action = fields.text("action", longest=MAX_ACTION, required=True)
    if action is not None and not _ACTION.fullmatch(action):
        fields.wrong("action", "Must be lower-case words joined by dots, such as user.created")
    fields.choice("category", CATEGORIES, required=True)
    fields.text("tenant_id", longest=MAX_NAME, required=True)
    fields.text("idempotency_key", longest=MAX_NAME)
    _part(fields, sent, "actor", required=True)
    _part(fields, sent, "target")
    for name in ("context", "metadata"):
        if fields.given(name) and not isinstance(sent[name], dict):
            fields.wrong(name, "Expected object")
    if isinstance(sent.get("context"), dict):
        _texts(fields, sent["context"], "context", ("ip_address", "user_agent", "session_id"))
    if fields.given("changes"):
        _changes(fields, sent["changes"])
    moment = None
    if fields.given("occurred_at"):
        moment = read_time(sent["occurred_at"]) if isinstance(sent["occurred_at"], str) else None
        if moment is None:
            fields.wrong("occurred_at", "Must be an ISO 8601 time")
    for name in GIVEN_BY_SERVER:
        if name in sent:
            fields.wrong(name, "Is given by the server")
    check_bounds(fields, sent, numbers=numbers)
    return fields.problems or Draft(sent, moment, prefix)


def _part(fields: Fields, sent: dict[str, Any], name: str, *, required: bool = False) -> None:
    """The actor or the target of an event."""
    part = sent.get(name)
    if not isinstance(part, dict):
        if part is not None:
            fields.wrong(name, "Expected object")
        elif required:
            fields.wrong(name, "Required")
        return
    inner = Fields(part)
    inner.text("id", longest=MAX_NAME, required=True)
    if name == "actor":
        inner.choice("type", ACTOR_TYPES, required=True)
    else:
        inner.text("type", longest=MAX_NAME, required=True)
    for field, message in inner.problems:
        fields.wrong(f"{name}.{field}", message)
    _texts(fields, part, name, ("name", "email"))


def _texts(fields: Fields, part: dict[str, Any], name: str, optional: tuple[str, ...]) -> None:
    for field in optional:
        if not isinstance(part.get(field), str | None):
            fields.wrong(f"{name}.{field}", "Expected string")


def _changes(fields: Fields, changes: Any) -> None:
    if not isinstance(changes, list):
        fields.wrong("changes", "Expected array")
        return
    for index, change in enumerate(changes):
        if not isinstance(change, dict):
            fields.wrong(f"changes.{index}", "Expected object")
        elif not isinstance(change.get("field"), str) or not change["field"]:
            fields.wrong(f"changes.{index}.field", "Required" if change.get("field") is None else "Expected string")


def check_bounds(fields: Fields, sent: dict[str, Any], *, numbers: bool) -> None:
    """Note what is nested too deeply, too many, or an integer that not every reader can tell from its neighbours.

    ``numbers`` says whether the event may hold very long ones.
    """
    # A name of the sender's own may be what must not be shown.
    level = [(name if name in _NAMED else "event", value) for name, value in sent.items()]
    seen = len(sent)
    for _ in range(MAX_DEPTH):
        below: list[tuple[str, Any]] = []
        for path, value in level:
            kind = type(value)
            if kind is dict:
                below += [(path, inner) for inner in value.values()]
            elif kind is list:
                below += [(path, inner) for inner in value]
            elif numbers and kind is int and abs(value) > _LARGEST_INTEGER:
                fields.wrong(path, "Integers beyond 2^53 - 1 must be sent as strings")
        seen += len(below)
        if seen > MAX_KEYS:
            [(most, _)] = Counter(path for path, _ in below or level).most_common(1)
            fields.wrong(most, f"An event may have {MAX_KEYS} keys and elements")
            return
        if not below:
            return
        level = below
    fields.wrong(level[0][0], f"May be nested {MAX_DEPTH} levels deep")


def matched(policy: Policy, sent: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    """What is wrong with an event in whose identifiers the rules of a policy find something."""
    return [
        (f"{prefix}{name}", MATCHED)
        for name in IDENTIFIERS
        if isinstance(sent.get(name), str) and policy.matches(sent[name])
    ]


def redacted(policy: Policy, sent: dict[str, Any]) -> Redacted:
    """An event as its sender spelled it, without what the rules of a policy find in it; FIXED fields stay."""
    parts = {name: value for name, value in sent.items() if name not in FIXED}
    found = policy.redact(parts, structure=STRUCTURE)
    fixed = {name: value for name, value in sent.items() if name in FIXED}
    return found._replace(value={**fixed, **found.value})


def event_of(sent: dict[str, Any], redactions: list[tuple[str, str]], time: int | None, received_ms: int) -> Event:
    """The record of an event, redacted as it is; times of the trail are milliseconds."""
    context = {name: value for name, value in sent.items() if name != "occurred_at" and value is not None}
    if redactions:
        context["redactions"] = [{"field": field, "rule_id": rule_id} for field, rule_id in redactions]
    return Event(
        type="audit",
        level="info",
        message=sent["action"],
        context=context,
        time=(time // 1000 if time is not None else received_ms) * 1000,
        received=received_ms,
        timed_by_receipt=time is None,
    )


def public_id(event: Event, spelling: Spelling) -> str:
    """The published id: of a claimed event the one it was given in its stream."""
    return f"evt_{ulid_text(event.uuid if event.uuid is not None else spelling.raw(event.id))}"


def published(event: Event, spelled: str) -> dict[str, Any]:
    """What is published of an event with this public id, but for its hash."""
    return {
        "id": spelled,
        **event.context,
        "redactions": event.context.get("redactions", []),
        "occurred_at": iso_text(event.time),
        "received_at": iso_text(event.received * 1000),
    }
