"""An event as the shell shows it: one JSON object for programs, one line for people."""

from typing import Any

import click

from logserver.cli.output import clipped, columns_of, plain
from logserver.cli.times import iso
from logserver.core.errors.groups import title_of
from logserver.core.times import iso_text
from logserver.store.events import Event
from logserver.store.ids import LOCAL_MASK, Spelling, ulid_text, uuid_text
from logserver.store.words import severity

_COLOURS = {"fatal": "bright_red", "error": "red", "warn": "yellow", "info": "green"}
_ATTRIBUTES = (
    "environment",
    "release",
    "service",
    "logger",
    "duration_ms",
    "value",
    "unit",
    "status",
    "user_id",
    "request_id",
    "trace_id",
)
"""What a line shows of the context, after the message."""


def as_json(event: Event, slug: str, spelling: Spelling) -> dict[str, Any]:
    """Everything about an event; ``id`` is the sender's own UUID where it gave one, else the store's.

    Audit events have ids of their own spelling.
    """
    raw = event.uuid if event.uuid is not None else spelling.raw(event.id)
    shown: dict[str, Any] = {
        "id": f"evt_{ulid_text(raw)}" if event.type == "audit" else uuid_text(raw),
        "legacy_id": event.id & LOCAL_MASK,
        "project": slug,
        "type": event.type,
        "level": event.level,
        "message": event.message,
        "occurred_at": iso_text(event.time),
        "received_at": iso(event.received),
        "environment": event.environment() or None,
    }
    if event.timed_by_receipt:
        shown["timed_by_receipt"] = True
    if event.fingerprint is not None:
        shown["fingerprint"] = event.fingerprint
    if event.error_group is not None:
        shown["group"] = uuid_text(event.error_group)
    shown["context"] = event.context
    return shown


def as_line(event: Event, slug: str, columns: int | None) -> str:
    """Time, level, project, type, the message's first line and some attributes, in at most so many columns."""
    level = f"{plain(event.level)[:7]:7}"
    begin = f"{iso(event.time // 1_000)} "
    rest = f" {slug} {event.type}  {plain(title_of(event.message)) or '(no message)'}"
    attributes = "".join(
        f"  {name}={plain(_value(event.context[name]))}"
        for name in _ATTRIBUTES
        if isinstance(event.context.get(name), str | int | float)
    )
    if columns is not None:
        room = max(columns - columns_of(begin + level), 1)
        rest = clipped(rest, room)
        attributes = clipped(attributes, room - columns_of(rest)) if columns_of(rest) < room else ""
    coloured = click.style(level, fg=_COLOURS.get(severity(event.level), "bright_black"))
    return begin + coloured + rest + (click.style(attributes, dim=True) if attributes else "")


def _value(value: Any) -> str:
    return f"{value}".lower() if isinstance(value, bool) else str(value)[:200]
