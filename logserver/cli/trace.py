"""``logserver trace``: one trace as a tree of what took how long, with what was logged meanwhile."""

import math
from pathlib import Path
from typing import Any

import click

from logserver.cli import tables
from logserver.cli.entry import as_line
from logserver.cli.output import json_text, plain
from logserver.cli.refusals import Command
from logserver.cli.sources import Folder, Server, source_of, source_options
from logserver.cli.tables import Cell
from logserver.core.faults import NotFound

_BAR = 24
_DEEPEST = 20
"""Steps by which a name is moved in, however deep it stands."""


@click.command(cls=Command)
@click.argument("trace_id", metavar="ID")
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def trace(
    *, data: Path, url: str | None, token: str | None, trace_id: str, slugs: tuple[str, ...], as_json: bool
) -> None:
    """Show the trace of an ID: its spans as a tree, and the logs and errors that name it.

    A * marks the spans that it waited for, one after the other, and ! those that failed.
    """
    if not trace_id:
        raise click.UsageError("the ID of a trace is not empty")
    source = source_of(data, url, token)
    found = next(filter(None, (_look(source, slug, trace_id) for slug in source.projects(slugs))), None)
    if found is None:
        raise click.ClickException("there is no such trace")
    if as_json:
        json_text(found)
    else:
        _show(found)


def _look(source: Folder | Server, slug: str, trace_id: str) -> dict[str, Any] | None:
    if isinstance(source, Folder):
        try:
            return source.ask("traces", slug, {}, trace_id=trace_id)
        except NotFound:
            return None
    from logserver.cli.remote import Refused  # noqa: PLC0415 - loaded only where a server is asked

    try:
        return source.ask("traces", slug, {}, trace_id=trace_id)
    except Refused as refused:
        if refused.status == 404 and refused.code == "not_found":
            return None
        raise


def _show(found: dict[str, Any]) -> None:
    spans, whole = found["spans"], found["duration_ms"]
    click.echo(
        f"{plain(found['trace_id'])} of {plain(found['project'])}, {plain(found['started_at'])},"
        f" {_ms(whole)}, {len(spans)} span{'' if len(spans) == 1 else 's'}"
        + (" (the first ones)" if found["truncated"] else "")
    )
    columns = tables.width()
    if spans:
        rows = [
            [
                Cell(("*" if span["critical"] else " ") + ("!" if span["failed"] else "")),
                Cell(_ms(span["offset_ms"])),
                Cell(_ms(span["duration_ms"])),
                Cell(bar(span["offset_ms"], span["duration_ms"], whole), "red" if span["failed"] else "cyan"),
                Cell(span["kind"]),
                Cell("  " * min(span["depth"], _DEEPEST) + (span["name"] or "(no name)")),
            ]
            for span in spans
        ]
        tables.show(("", "FROM", "TOOK", "", "KIND", "SPAN"), rows, flexible=5, columns=columns)
    for each in found["beside"]:
        click.echo(as_line(each["event"], columns))


def bar(offset: float, duration: float, whole: float) -> str:
    """Where a span lies within the trace."""
    if not whole > 0:
        return "=" * _BAR
    begin = min(max(math.floor(offset / whole * _BAR), 0), _BAR - 1)
    end = min(max(math.ceil((offset + duration) / whole * _BAR), begin + 1), _BAR)
    return "." * begin + "=" * (end - begin) + "." * (_BAR - end)


def _ms(milliseconds: float) -> str:
    """A length of time, short."""
    if abs(milliseconds) >= 1_000:
        return f"{milliseconds / 1_000:.2f} s"
    return f"{milliseconds:.1f} ms"
