"""Everything that can be found wrong with a store or a copy of one, as the shell's commands look for it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from logserver.cli.bars import Bars
from logserver.cli.output import note, plain
from logserver.store import backup, inspection, migrations
from logserver.store.agreement import UNREADABLE, Agreement
from logserver.store.connections import connect_file
from logserver.store.inspection import Finding, Progress
from logserver.store.traces import kind_of

quick_option = click.option(
    "--quick", is_flag=True, help="Check pages and references only: leave out what is compared row by row."
)
"""``--quick``: what takes long with many events is left out."""


def examine(
    connection: sqlite3.Connection, files: dict[str, bytes], progress: Progress, *, quick: bool
) -> Iterator[Finding]:
    """What is wrong with a store as one snapshot has it, with the files that were beside it before that."""
    yield from inspection.pages(connection, progress)
    yield from inspection.references(connection)
    try:
        current = migrations.is_current(connection)
    except sqlite3.DatabaseError as error:
        yield Finding("schema", f"it cannot be read: {error}")
        return
    if quick or not current:
        return
    yield from Agreement(connection, progress).findings()
    yield from _trails(connection, files, progress)


def _trails(connection: sqlite3.Connection, files: dict[str, bytes], progress: Progress) -> Iterator[Finding]:
    # Imported here, so that the other commands do not wait for it to load.
    from logserver.cli import chains  # noqa: PLC0415 - as said above

    done = 0

    def verified(links: int) -> None:
        nonlocal done
        done += links
        progress("audit", done, 0)

    try:
        yield from chains.findings(connection, files, verified)
    except (sqlite3.DatabaseError, *UNREADABLE) as error:
        yield Finding("audit", f"it cannot be verified: {kind_of(error)}")


def require_sound(file: Path, folder: Path, bars: Bars, *, quick: bool) -> None:
    """Refuse a copy with which something is wrong, and say all of it.

    A plain copy of a database carries no key and no heads; they are then those of the folder.
    """
    with closing(connect_file(file)) as copy:
        copy.execute("BEGIN")
        try:
            files = backup.carried(copy) or backup.beside(folder)
        except sqlite3.DatabaseError:
            files = {}
        found = list(examine(copy, files, bars, quick=quick))
    for each in found:
        note(f"{'Error' if each.serious else 'Note'}: {each.about}: {plain(each.message)}")
    if wrong := sum(each.serious for each in found):
        things = "one thing is" if wrong == 1 else f"{wrong} things are"
        raise click.ClickException(f"the copy is not whole: {things} wrong with it")


def described(file: Path) -> str:
    """What a copy holds, in a few words."""
    with closing(connect_file(file)) as copy:
        schema = migrations.version(copy)
        events = copy.execute("SELECT count(*) FROM events").fetchone()[0]
        projects = copy.execute("SELECT count(*) FROM projects").fetchone()[0]
        carried = backup.carried(copy)
    key = "with" if "audit.key" in carried else "without"
    return f"{events:,} events of {projects:,} projects, schema {schema}, {key} the key of the audit trail"
