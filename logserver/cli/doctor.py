"""``logserver doctor``: what is wrong with a store, and what to do about it."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from logserver.cli import folder, premises
from logserver.cli.advice import advice
from logserver.cli.bars import Bars
from logserver.cli.examination import examine, quick_option
from logserver.cli.options import data_option, json_option
from logserver.cli.output import json_text, note, plain
from logserver.cli.refusals import Command
from logserver.core.salvage import Salvaged, salvage
from logserver.store import backup, connections, migrations
from logserver.store.errors import StoreUnusable
from logserver.store.inspection import Finding

_COLOURS = {True: "red", False: "green"}


@click.command(cls=Command)
@click.option(
    "--salvage",
    "target",
    type=click.Path(path_type=Path),
    metavar="NEWFOLDER",
    help="Make a new store in NEWFOLDER of everything that can be read of a damaged one. The old one is not changed.",
)
@quick_option
@data_option
@json_option
def doctor(data: Path, target: Path | None, *, quick: bool, as_json: bool) -> None:
    """Find out what is wrong with a store, and say what to do.

    Looks at the lock, files, rights and disk, the schema, every page and reference, and compares the full-text
    index, counts and identities with the rows, and every audit trail with its chain. Changes nothing. Works beside a
    running server, whose log of writes grows meanwhile: with many events --quick takes less, or verify a copy. Ends
    with 1 where something is wrong.
    """
    folder.require(data)
    if target is not None:
        with Bars() as bars:
            _tell_salvaged(target, salvage(data, target, bars), as_json=as_json)
        return
    with Bars() as bars:
        found = [*premises.looked_over(data), *_inside(data, bars, quick=quick)]
    serious = [each for each in found if each.serious]
    if as_json:
        json_text({"sound": not serious, "findings": [each._asdict() for each in found]})
    else:
        _tell(found)
    if serious:
        sys.exit(1)


def _inside(data: Path, bars: Bars, *, quick: bool) -> Iterator[Finding]:
    files = backup.beside(data)
    try:
        with closing(connections.connect_readonly(data)) as connection:
            connection.execute("BEGIN")
            if not migrations.require_ours(connection):
                yield Finding("schema", "the store was not made to its end; start the server once")
                return
            yield from _schema(connection)
            found = list(examine(connection, files, bars, quick=quick))
            yield from found
            if not any(each.serious for each in found):
                said = "pages and references are sound" if quick else "pages are sound, and all agrees with the rows"
                yield Finding("store", said, serious=False)
    except (sqlite3.DatabaseError, StoreUnusable) as error:
        yield Finding("pages" if isinstance(error, sqlite3.DatabaseError) else "schema", str(error))


def _schema(connection: sqlite3.Connection) -> Iterator[Finding]:
    version, known = migrations.recorded(connection), migrations.newest()
    if version < known:
        message = f"schema {version} of {known}: what is compared row by row waits until this version has started once"
        yield Finding("schema", message, serious=False)
    elif version == known:
        yield Finding("schema", f"schema {version}", serious=False)


def _tell(found: list[Finding]) -> None:
    for each in found:
        state = click.style("wrong" if each.serious else "ok   ", fg=_COLOURS[each.serious])
        click.echo(f"{state}  {each.about:11}{plain(each.message)}")
    wrong = {each.about for each in found if each.serious}
    for paragraph in advice(wrong):
        note(f"\n{paragraph}")


def _tell_salvaged(target: Path, salvaged: Salvaged, *, as_json: bool) -> None:
    if as_json:
        json_text(salvaged._asdict())
        return
    click.echo(f"salvaged {salvaged.events:,} events into {target}")
    for line in salvaged.lost:
        note(f"Lost: {plain(line)}")
    note(f"Look at it with `logserver doctor --data {target}`, then start the server on it.")
