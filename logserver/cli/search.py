"""``logserver search`` and ``logserver tail``: find events, and follow them as they arrive."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from logserver.cli.entry import Record, as_line
from logserver.cli.finder import Finder
from logserver.cli.output import json_line, note
from logserver.cli.patience import Patience
from logserver.cli.records import FolderRecords, Records, ServerRecords
from logserver.cli.refusals import Command, WrongQuery
from logserver.cli.sources import Folder, Server, source_of, source_options
from logserver.cli.times import moment_option
from logserver.store.errors import QuerySyntaxError
from logserver.store.syntax import parse


class _Search(Command):
    """Lets a query begin with a minus: what looks like no long option is the query."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        return super().parse_args(ctx, ["--help" if each == "-h" else each for each in args])


def _query(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if value.startswith("--"):
        raise click.NoSuchOption(value)
    try:
        parse(value)
    except QuerySyntaxError as error:
        raise WrongQuery(value, error) from error
    return value


def _query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What search and tail have in common."""
    query = click.argument("query", default="", callback=_query)
    json = click.option("--json", "json", is_flag=True, help="Print one JSON object a line, for programs.")
    timeout = click.option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        default=30.0,
        show_default=True,
        help="How long to look for the next matches. [seconds]",
    )
    return query(source_options(json(timeout(command))))


# "-h" is no short option here, or "-host:db1" would be taken for it.
_CONTEXT = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


@click.command(cls=_Search, context_settings=_CONTEXT)
@_query_options
@moment_option("--since", help="Only what happened at or after this time: 15m, 24h or 7d ago, or 2026-12-31T18:00.")
@moment_option("--until", help="Only what happened before this time, written like --since.")
@click.option(
    "--limit", type=click.IntRange(0), default=50, show_default=True, help="How many to show at most. [events]"
)
@click.option("--follow", is_flag=True, help="Show the last matches, oldest first, then new ones as they arrive.")
def search(
    *,
    data: Path,
    url: str | None,
    token: str | None,
    query: str,
    slugs: tuple[str, ...],
    since: int | None,
    until: int | None,
    limit: int,
    timeout: float,
    json: bool,
    follow: bool,
) -> None:
    """Find events, newest first; without QUERY, all of them.

    QUERY is one argument: 'level:error user_id:42 timeout', '"connection reset" -path:/health*',
    'duration_ms:>250 (release:1.2 OR release:1.3)'. Times are UTC unless they say otherwise. With --follow,
    Ctrl-C ends it. Ends with 1 where not everything could be looked at, and with 2 for a query that is none.
    """
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since must lie before --until")
    patience = Patience(timeout)
    source = source_of(data, url, token, seconds=max(timeout, 1.0))
    records = _records(source, query, slugs, patience, since=since, until=until)
    show: Callable[[Record], None] = json_line if json else _show_line
    with patience.listening():
        if follow:
            _follow(records, patience, limit, show)
            return
        n = 0
        for each in records.found(limit):
            show(each)
            n += 1
    if patience.stopped.is_set():
        raise click.Abort
    if records.cut:
        raise click.ClickException(_cut(patience))
    if not n and limit and not json:
        note("nothing was found")


@click.command(cls=_Search, context_settings=_CONTEXT)
@_query_options
@click.option(
    "--lines",
    "limit",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How many of the last to show. [events]",
)
def tail(
    *,
    data: Path,
    url: str | None,
    token: str | None,
    query: str,
    slugs: tuple[str, ...],
    limit: int,
    timeout: float,
    json: bool,
) -> None:
    """Show the last events, and new ones as they arrive; without QUERY, all of them.

    What arrives late is shown when it arrives, whenever it happened. Ctrl-C ends it.
    """
    patience = Patience(timeout)
    source = source_of(data, url, token, seconds=max(timeout, 1.0))
    records = _records(source, query, slugs, patience)
    with patience.listening():
        _follow(records, patience, limit, json_line if json else _show_line)


def _records(
    source: Folder | Server,
    query: str,
    slugs: tuple[str, ...],
    patience: Patience,
    *,
    since: int | None = None,
    until: int | None = None,
) -> Records:
    if isinstance(source, Server):
        named = source.projects(slugs)
        return ServerRecords(source, named, query, since_ms=since, until_ms=until, patience=patience)
    return FolderRecords(Finder(source.folder, query, slugs, since_ms=since, until_ms=until, patience=patience))


def _follow(records: Records, patience: Patience, limit: int, show: Callable[[Record], None]) -> None:
    # The mark comes first: what arrives meanwhile may be on the pages too, but can be on neither only so.
    records.mark()
    last = list(records.found(limit))
    if records.cut and not patience.stopped.is_set():
        note(f"Warning: {_cut(patience)}")
    for each in reversed(last):
        show(each)
    shown = {_name(each) for each in last}
    for each in records.arriving():
        if _name(each) not in shown:
            show(each)


def _name(each: Record) -> tuple[str, str]:
    return str(each.get("project")), str(each.get("id"))


def _cut(patience: Patience) -> str:
    return (
        f"the search took longer than {patience.seconds:g} seconds, so older matches are missing;"
        " narrow it with --since or --project, or raise --timeout"
    )


def _show_line(each: Record) -> None:
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(as_line(each, columns))
