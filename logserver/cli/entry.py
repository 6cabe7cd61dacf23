"""An event as the shell shows it to people: one line."""

from typing import Any

import click

from logserver.cli.output import clipped, columns_of, plain
from logserver.cli.times import iso
from logserver.core.errors.groups import title_of
from logserver.core.times import read_time
from logserver.store.words import severity

Record = dict[str, Any]
"""An event as JSON (core/records.py)."""

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


def as_line(record: Record, columns: int | None) -> str:
    """Time, level, project, type, the message's first line and some attributes, in at most so many columns.

    A record may come from a server, so it is believed as little as what was sent there.
    """
    level = f"{plain(str(record.get('level', '')))[:7]:7}"
    begin = f"{_time(record.get('occurred_at'))} "
    title = plain(title_of(str(record.get("message", "")))) or "(no message)"
    rest = f" {plain(str(record.get('project', '')))} {plain(str(record.get('type', '')))}  {title}"
    context = record.get("context")
    attributes = "".join(
        f"  {name}={plain(_value(context[name]))}"
        for name in _ATTRIBUTES
        if isinstance(context, dict) and isinstance(context.get(name), str | int | float)
    )
    if columns is not None:
        room = max(columns - columns_of(begin + level), 1)
        rest = clipped(rest, room)
        attributes = clipped(attributes, room - columns_of(rest)) if columns_of(rest) < room else ""
    coloured = click.style(level, fg=colour_of(str(record.get("level", ""))))
    return begin + coloured + rest + (click.style(attributes, dim=True) if attributes else "")


def colour_of(level: str) -> str:
    """The colour of a level, whatever its spelling."""
    return _COLOURS.get(severity(level), "bright_black")


def _time(spelled: Any) -> str:
    """A time to the millisecond; of what is none, what it says."""
    moment = read_time(spelled) if isinstance(spelled, str) else None
    return plain(str(spelled))[:24] if moment is None else str(iso(moment // 1_000))


def _value(value: Any) -> str:
    return f"{value}".lower() if isinstance(value, bool) else str(value)[:200]
