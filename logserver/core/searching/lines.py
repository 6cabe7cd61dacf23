"""Records as lines of a list: the little that is shown of each, cut to a bounded size."""

from collections.abc import Sequence
from typing import Any

import msgspec

from logserver.core.records import public_id
from logserver.core.searching.fields import fields, value_at
from logserver.store.events import Event
from logserver.store.ids import Spelling, id_ms
from logserver.store.words import severity

MOST_CHARACTERS = 300
MOST_ATTRIBUTES = 5
_VALUE_CHARACTERS = 80
_LOOKED_AT_FIELDS = 40

FIRST = (
    "service",
    "logger",
    "exception.class",
    "duration_ms",
    "value",
    "unit",
    "status",
    "status_code",
    "user_id",
    "request_id",
    "environment",
    "release",
)
"""What is shown of a context before anything else."""

_ORDER = {name: place for place, name in enumerate(FIRST)}
_encode = msgspec.json.Encoder().encode


class Line(msgspec.Struct, frozen=True):
    """A record in a list."""

    id: str
    """Its public id."""
    at: int
    """When it happened, in Unix milliseconds."""
    type: str
    level: str
    """The common name of its level."""
    message: str
    attributes: list[tuple[str, str]]
    """Some of its context, where no columns were asked for."""
    cells: list[str]
    """What it has in the columns that were asked for."""


def line(event: Event, spelling: Spelling, columns: Sequence[str] = ()) -> Line:
    """The line of an event."""
    return Line(
        id=public_id(event, spelling),
        at=id_ms(event.id),
        type=event.type,
        level=severity(event.level)[:20],
        message=cut(" ".join(event.message[: 4 * MOST_CHARACTERS].split()), MOST_CHARACTERS),
        attributes=[] if columns else _attributes(event),
        cells=[cell(event, name) for name in columns],
    )


def cell(event: Event, name: str) -> str:
    """What an event has under a name, as a short text; empty where it has nothing."""
    if name in {"type", "level"}:
        return event.type if name == "type" else event.level[:_VALUE_CHARACTERS]
    return _shown(value_at(event.context, name))


def cut(text: str, most: int) -> str:
    """A text of at most so many characters, the last an ellipsis where some are missing."""
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _attributes(event: Event) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for name, value in fields(event.context, _LOOKED_AT_FIELDS):
        if value not in {None, ""} and name not in found:
            found[name] = _shown(value)
    ordered = sorted(found.items(), key=lambda each: _ORDER.get(each[0], len(_ORDER)))
    return [(cut(name, _VALUE_CHARACTERS), shown) for name, shown in ordered[:MOST_ATTRIBUTES]]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        value = _encode(value).decode()
    return cut(" ".join(str(value)[: 4 * _VALUE_CHARACTERS].split()), _VALUE_CHARACTERS)
