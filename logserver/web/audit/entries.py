"""Audit events as the pages show them: whatever is missing, hidden by a tier, or of an odd shape after redaction."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from logserver.contracts.logstitch.events import ACTOR_TYPES, CATEGORIES
from logserver.contracts.logstitch.places import Place
from logserver.core.times import read_time

LONGEST = 2_000
"""Characters of a value that a page shows; the whole of it is in the export."""

FILTERS = (
    "search",
    "action",
    "category",
    "actor_id",
    "actor_type",
    "target_id",
    "target_type",
    "tenant_id",
    "start_date",
    "end_date",
)
"""What the trail is filtered by, as the API calls it."""

CHOICES = {"category": CATEGORIES, "actor_type": ACTOR_TYPES}

_encode = msgspec.json.Encoder().encode


class Party(NamedTuple):
    """Who did something, or what it was done to."""

    id: str
    type: str
    name: str
    rest: list[tuple[str, str]]
    """What else is known of it."""

    @property
    def called(self) -> str:
        """What to call it in a line."""
        return self.name or self.id


class Change(NamedTuple):
    """A field that was changed; None where nothing is said."""

    field: str
    before: str | None
    after: str | None


class Entry(NamedTuple):
    """An event, as much of it as may be seen."""

    id: str
    at_ms: int | None
    received_ms: int | None
    action: str
    category: str
    tenant_id: str
    actor: Party
    target: Party
    context: list[tuple[str, str]]
    metadata: Any
    """None where there is none to see."""
    changes: list[Change]
    redactions: list[tuple[str, str]]
    """The fields in which something was redacted, and the rule that did."""
    hash: str
    place: Place | None


def entries(events: Sequence[dict[str, Any]], places: Sequence[Place] = ()) -> list[Entry]:
    """Events as they are published, and where there are any, their places in the chain."""
    held: list[Place | None] = [*places] or [None] * len(events)
    return [_entry(event, place) for event, place in zip(events, held, strict=True)]


def asked(query: Mapping[str, str]) -> dict[str, str]:
    """The filters of a query that say something."""
    return {name: query[name].strip() for name in FILTERS if query.get(name, "").strip()}


def _entry(event: dict[str, Any], place: Place | None) -> Entry:
    return Entry(
        id=_text(event.get("id")),
        at_ms=_moment(event.get("occurred_at")),
        received_ms=_moment(event.get("received_at")),
        action=_text(event.get("action")),
        category=_text(event.get("category")),
        tenant_id=_text(event.get("tenant_id")),
        actor=_party(event.get("actor")),
        target=_party(event.get("target")),
        context=_facts(event.get("context")),
        metadata=event.get("metadata") or None,
        changes=_changes(event.get("changes")),
        redactions=_redactions(event.get("redactions")),
        hash=_text(event.get("content_hash")),
        place=place,
    )


def _moment(value: Any) -> int | None:
    found = read_time(value) if isinstance(value, str) else None
    return None if found is None else found // 1000


def _text(value: Any) -> str:
    if value is None:
        return ""
    said = value if isinstance(value, str) else _encode(value).decode()
    return said if len(said) <= LONGEST else said[:LONGEST] + "…"


def _party(value: Any) -> Party:
    if not isinstance(value, dict):
        return Party("", "", _text(value), [])
    rest = {name: each for name, each in value.items() if name not in {"id", "type", "name"}}
    return Party(_text(value.get("id")), _text(value.get("type")), _text(value.get("name")), _facts(rest))


def _facts(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [(_text(name), _text(each)) for name, each in value.items()]
    return [("", _text(value))] if value else []


def _changes(value: Any) -> list[Change]:
    if not isinstance(value, list):
        return [Change("", None, _text(value))] if value else []
    return [_change(each) for each in value]


def _change(value: Any) -> Change:
    if not isinstance(value, dict):
        return Change("", None, _text(value))
    before, after = (_text(value[name]) if name in value else None for name in ("before", "after"))
    return Change(_text(value.get("field")), before, after)


def _redactions(value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, list):
        return []
    return [(_text(each.get("field")), _text(each.get("rule_id"))) for each in value if isinstance(each, dict)]
