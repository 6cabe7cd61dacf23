"""What an occurrence says of itself, in portions for people: its request, and everything else of its context."""

from typing import Any, NamedTuple

import msgspec

from logserver.core.errors.occurring import ties_of
from logserver.store.events import Event
from logserver.store.ids import LOCAL_MASK, Spelling, id_ms, uuid_text
from logserver.web.formats import iso, pretty

LONGEST = 1_000
"""Characters of a value that are shown; the rest is in the copy as JSON."""

MOST_ROWS = 100
"""Of a portion; the rest is in the copy, too."""

_REQUEST = ("request", "http")
_OF_REQUEST = (
    "method",
    "url",
    "path",
    "route",
    "status_code",
    "remote_ip",
    "ip",
    "user_agent",
    "query_string",
    "query",
    "headers",
    "params",
    "path_params",
)
_SHOWN_ELSEWHERE = frozenset({"exception", "stacktrace", "backtrace", "stack_trace", *_REQUEST})


class Fact(NamedTuple):
    """A value to be shown under its name."""

    name: str
    text: str
    block: bool
    """Whether it is a structure or a long text, which wants room of its own."""
    query: str
    """The search that finds events of the same value; empty where there is none."""


def request_of(event: Event) -> list[Fact]:
    """What is known of the request in which an error happened, the usual first."""
    merged: dict[str, Any] = {}
    for name in _REQUEST:
        said = event.context.get(name)
        for key, value in said.items() if isinstance(said, dict) else ():
            merged.setdefault(key, value)
    if not merged and not any(name in event.context for name in ("method", "url")):
        return []
    for name in _OF_REQUEST[:8]:
        if name in event.context:
            merged.setdefault(name, event.context[name])
    order = {name: place for place, name in enumerate(_OF_REQUEST)}
    names = sorted(merged, key=lambda name: (order.get(name, len(order)), name))
    return [_fact(name, merged[name], "") for name in names if merged[name] not in (None, "", {}, [])][:MOST_ROWS]


def context_of(event: Event) -> list[Fact]:
    """The rest of what an event says, short values first."""
    shown = {name: value for name, value in event.context.items() if name not in _SHOWN_ELSEWHERE}
    found = [_fact(name, value, name) for name, value in sorted(shown.items()) if value is not None]
    return sorted(found, key=lambda fact: fact.block)[:MOST_ROWS]


def ties(event: Event) -> list[Fact]:
    """Trace, request, session and user of an event."""
    return [_fact(name, event.context[name], name) for name in ties_of(event)]


def _fact(name: str, value: Any, key: str) -> Fact:
    if isinstance(value, dict | list):
        return Fact(name, _cut(pretty(value)), block=True, query="")
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    searchable = key and isinstance(value, str | int) and 0 < len(text) <= 128 and "\n" not in text
    return Fact(name, _cut(text), block=len(text) > 200 or "\n" in text, query=_query(key, text) if searchable else "")


def _query(key: str, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = key.replace("_", "").isalnum() and key.isascii()
    return f'{key}:"{escaped}"' if plain else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + f"\n… {len(text) - LONGEST:,} characters more"


def public_id(event: Event, spelling: Spelling) -> str:
    """What an event is called outside: the sender's own UUID, else the one computed from its id."""
    return uuid_text(event.uuid) if event.uuid is not None else spelling.uuid(event.id)


def record(event: Event, spelling: Spelling) -> dict[str, Any]:
    """An event as JSON for programs."""
    return {
        "id": public_id(event, spelling),
        "legacy_id": event.id & LOCAL_MASK,
        "type": event.type,
        "level": event.level,
        "message": event.message,
        "occurred_at": iso(id_ms(event.id)),
        "received_at": iso(event.received),
        "error_group": uuid_text(event.error_group) if event.error_group else None,
        "fingerprint": event.fingerprint,
        "context": event.context,
    }
