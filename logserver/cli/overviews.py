"""``logserver groups`` and ``logserver monitors``: what is wrong, and whether scheduled work runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from logserver.cli import tables
from logserver.cli.entry import colour_of
from logserver.cli.output import json_line, note
from logserver.cli.refusals import Command
from logserver.cli.sources import Folder, Server, source_of, source_options
from logserver.cli.tables import Cell
from logserver.cli.times import span_text
from logserver.core.clock import SystemClock
from logserver.core.times import read_time

_PAGE = 100
_ROOM_OF_ALL = 120
"""Columns of a terminal from which on ids and histories are shown."""

_STATES = {"ok": "green", "missed": "yellow", "error": "red", "paused": "bright_black"}
_STATUSES = {"unresolved": "red", "resolved": "green", "ignored": "bright_black", "archived": "bright_black"}
_STRIP = {"ok": "+", "missed": "?", "error": "!", "paused": "-"}

_SHELVES = ("unresolved", "new", "regressed", "resolved", "ignored", "archived", "all")
_SORTS = ("last_seen", "first_seen", "count", "users")

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs.")
_environment = click.option("--environment", help="Only of this environment.")


@click.command(cls=Command)
@click.argument("words", default="")
@source_options
@click.option(
    "--status", type=click.Choice(_SHELVES), default="unresolved", show_default=True, help="Which groups to show."
)
@click.option(
    "--sort", type=click.Choice(_SORTS), default="last_seen", show_default=True, help="The greatest of it comes first."
)
@click.option("--assignee", help="Only what this person looks after, by e-mail address; none: what nobody does.")
@_environment
@click.option("--release", help="Only what was first or last seen in this release.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many to show at most of a project."
)
@_json
def groups(
    *,
    data: Path,
    url: str | None,
    token: str | None,
    slugs: tuple[str, ...],
    limit: int,
    as_json: bool,
    **asked: str | None,
) -> None:
    """List error groups; with WORDS those whose title or class has them.

    WORDS is one argument, such as 'timeout payment'.
    """
    source = source_of(data, url, token)
    query = {"q": asked.pop("words"), **asked}
    found = [each for slug in source.projects(slugs) for each in _pages(source, slug, query, limit)]
    if as_json:
        for each in found:
            json_line(each)
        return
    if not found:
        note("no error group is like that")
        return
    columns, now = tables.width(), SystemClock().now_ms()
    ids = columns is None or columns >= _ROOM_OF_ALL
    rows = [
        [
            Cell(_ago(each["last_seen_at"], now)),
            Cell(str(each["count"])),
            Cell(str(each["users"])),
            Cell(each["level"], colour_of(each["level"])),
            Cell(each["status"], _STATUSES.get(each["status"])),
            Cell(each["project"]),
            *([Cell(each["uuid"])] if ids else []),
            Cell(_called(each["subtitle"], each["title"])),
        ]
        for each in found
    ]
    head = ("SEEN", "COUNT", "USERS", "LEVEL", "STATUS", "PROJECT", *(["ID"] if ids else []), "TITLE")
    tables.show(head, rows, flexible=len(head) - 1, columns=columns)


@click.command(cls=Command)
@source_options
@click.option("--state", type=click.Choice(tuple(_STATES)), help="Only those in this state.")
@_environment
@_json
def monitors(
    *,
    data: Path,
    url: str | None,
    token: str | None,
    slugs: tuple[str, ...],
    state: str | None,
    environment: str | None,
    as_json: bool,
) -> None:
    """List monitors, with their last 24 hours.

    An hour is + where all was well, ? where a check-in was missed, ! where one failed, - while it was paused.
    """
    source = source_of(data, url, token)
    query = {"state": state, "environment": environment}
    found = [
        {"project": slug, **each}
        for slug in source.projects(slugs)
        for each in source.ask("monitors", slug, query)["items"]
    ]
    if as_json:
        for each in found:
            json_line(each)
        return
    if not found:
        note("there is no such monitor")
        return
    columns, now = tables.width(), SystemClock().now_ms()
    strips = columns is None or columns >= _ROOM_OF_ALL
    rows = [
        [
            Cell(each["state"], _STATES.get(each["state"])),
            Cell(_ago(each["last_check_in_at"], now)),
            Cell(span_text(each["interval_seconds"])),
            Cell("" if each["uptime"] is None else f"{each['uptime']:.1%}"),
            *([Cell("".join(_STRIP.get(part or "", " ") for part in each["history"]))] if strips else []),
            Cell(each["environment"]),
            Cell(each["project"]),
            Cell(each["slug"]),
        ]
        for each in found
    ]
    head = (
        "STATE",
        "LAST",
        "EVERY",
        "UPTIME",
        *(["LAST 24 HOURS"] if strips else []),
        "ENVIRONMENT",
        "PROJECT",
        "MONITOR",
    )
    tables.show(head, rows, flexible=len(head) - 1, columns=columns)


def _pages(source: Folder | Server, slug: str, query: dict[str, str | None], limit: int) -> Iterator[dict[str, Any]]:
    cursor: dict[str, Any] = {}
    while limit > 0:
        size = min(limit, _PAGE)
        answer = source.ask("error_groups", slug, {**query, **cursor, "limit": size})
        items: Sequence[dict[str, Any]] = answer["items"]
        yield from ({"project": slug, **each} for each in items)
        limit -= len(items)
        if answer["next_cursor"] is None or not items:
            return
        cursor = {"cursor": answer["next_cursor"]}


def _called(kind: str | None, title: str) -> str:
    """What an error is called: its class and its title, which often begins with the class."""
    return title if not kind or title.startswith(kind) else f"{kind}: {title}"


def _ago(spelled: str | None, now_ms: int) -> str:
    """How long ago a time was, in its greatest unit."""
    at = read_time(spelled) if spelled else None
    if at is None:
        return "never"
    seconds = max(now_ms - at // 1_000, 0) // 1_000
    return " ".join(span_text(seconds).split()[:2]) + " ago" if seconds else "now"
