"""``logserver search``: find events, and follow them as they arrive."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from logserver.cli.entry import as_line
from logserver.cli.finder import Finder
from logserver.cli.options import data_option
from logserver.cli.output import json_line, note
from logserver.cli.patience import Patience
from logserver.cli.refusals import Command, WrongQuery
from logserver.cli.times import moment_option
from logserver.core.records import record
from logserver.store.errors import QuerySyntaxError
from logserver.store.events import Event
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


# "-h" is no short option here, or "-host:db1" would be taken for it.
@click.command(cls=_Search, context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("query", default="", callback=_query)
@click.option(
    "--project",
    "slugs",
    multiple=True,
    help="Search this project; may be repeated.  [default: all but archived ones and the server's own]",
)
@moment_option("--since", help="Only what happened at or after this time: 15m, 24h or 7d ago, or 2026-12-31T18:00.")
@moment_option("--until", help="Only what happened before this time, written like --since.")
@click.option(
    "--limit", type=click.IntRange(0), default=50, show_default=True, help="How many to show at most. [events]"
)
@click.option("--json", "json", is_flag=True, help="Print one JSON object a line, for programs.")
@click.option("--follow", is_flag=True, help="Show the last matches, oldest first, then new ones as they arrive.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    show_default=True,
    help="How long to look for the next matches. [seconds]",
)
@data_option
def search(
    *,
    data: Path,
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
    Ctrl-C ends it.
    """
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since must lie before --until")
    patience = Patience(timeout)
    finder = Finder(data, query, slugs, since_ms=since, until_ms=until, patience=patience)
    show = _printer(finder, json=json)
    with patience.listening():
        if follow:
            _follow(finder, patience, limit, show)
            return
        n = 0
        for event in finder.found(limit):
            show(event)
            n += 1
    if patience.stopped.is_set():
        raise click.Abort
    if finder.cut:
        raise click.ClickException(_cut(patience))
    if not n and limit and not json:
        note("nothing was found")


def _follow(finder: Finder, patience: Patience, limit: int, show: Callable[[Event], None]) -> None:
    # The cursor comes first: what arrives meanwhile may be on the pages too, but can be on neither only so.
    seq = finder.newest_seq()
    last = list(finder.found(limit))
    if finder.cut and not patience.stopped.is_set():
        note(f"Warning: {_cut(patience)}")
    for event in reversed(last):
        show(event)
    shown = {event.id for event in last}
    for event in finder.arriving(seq):
        if event.id not in shown:
            show(event)


def _cut(patience: Patience) -> str:
    return (
        f"the search took longer than {patience.seconds:g} seconds, so older matches are missing;"
        " narrow it with --since or --project, or raise --timeout"
    )


def _printer(finder: Finder, *, json: bool) -> Callable[[Event], None]:
    def show_json(event: Event) -> None:
        json_line(record(event, finder.project(event), finder.spelling()))

    def show_line(event: Event) -> None:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        click.echo(as_line(event, finder.project(event), columns))

    return show_json if json else show_line
