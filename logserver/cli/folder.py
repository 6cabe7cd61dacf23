"""The store as a command meets it: one to read, one to change, or one that may still have to be made."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from logserver.store import connections, database, migrations
from logserver.store.tx import Tx


def require(folder: Path) -> None:
    """Refuse where there is no store, and say how to get one: a mistyped folder must not become a new store."""
    if not (folder / connections.FILE).exists():
        raise click.ClickException(
            f"there is no store in {folder}; start a server on it with\n"
            f"  logserver serve --data {folder}\n"
            "or name another folder with --data or LOGSERVER_DATA"
        )


@contextmanager
def reading(folder: Path) -> Iterator[Tx]:
    """One short look at a store that is there."""
    require(folder)
    with database.snapshot(folder) as tx:
        migrations.require_current(tx)
        yield tx


@contextmanager
def changing(folder: Path) -> Iterator[Tx]:
    """One short change of a store that is there, beside its server or without one."""
    require(folder)
    with database.transaction(folder) as tx:
        yield tx


making = database.transaction
"""One short change of a store that is made if it is not there."""
