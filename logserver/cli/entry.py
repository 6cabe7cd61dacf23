"""An event as the shell shows it to people: one line."""

from typing import Any

import click

from logserver.cli.output import clipped, columns_of, plain
from logserver.cli.times import iso
from logserver.core.errors.groups import title_of
from logserver.store.events import Event
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
