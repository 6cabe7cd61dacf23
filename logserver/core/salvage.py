"""Makes a new store of everything that can be read of a damaged one.

Rows are copied as they are. What is kept beside an event (its words in the index, counts, hours, identities) is made
anew from its row, so that the new store agrees with itself whatever was damaged.
"""

import os
import shutil
import sqlite3
from array import array
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from logserver.core.remaking import Remade
from logserver.store import backup, connections, events, filing, lockfile, migrations, wreck
from logserver.store.connections import FILE
from logserver.store.errors import StoreUnusable
from logserver.store.ids import MAX_PROJECT, pack
from logserver.store.inspection import Progress

_MADE_ANEW = {"migrations", "events", "identities", "recent_identities", "counts", "group_hours"}
_INDEX = "event_words"


class Salvaged(NamedTuple):
    """How many events a new store has, and what could not be brought over, in words."""

    events: int
    lost: list[str]


def salvage(folder: Path, target: Path, progress: Progress) -> Salvaged:
    """Make a store in the new folder ``target`` of what can be read of that of another folder, which is not changed.

    Raises StoreUnusable where a server runs on it, where there is something in the target, and where SQLite can read
    nothing of it at all.
    """
    if lockfile.locked(folder):
        raise StoreUnusable(f"a server is running on {folder}; stop it first")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreUnusable(f"there is something in {target}; name a new folder")
    working = filing.unfinished(target)
    shutil.rmtree(working, ignore_errors=True)
    try:
        with closing(wreck.opened(connections.connect_readonly(folder))) as source:
            source.execute("BEGIN")
            if not migrations.require_ours(source):
                raise StoreUnusable(f"the store in {folder} is empty")
            with closing(connections.connect(working, "normal")) as fresh:
                salvaged = _Copying(source, fresh, progress).run()
        for name, content in backup.beside(folder).items():
            with filing.new_file(working / name) as (_, descriptor):
                os.write(descriptor, content)
        working.rename(target)
    except sqlite3.DatabaseError as error:
        raise StoreUnusable(f"nothing can be read of {folder / FILE} ({error}); restore a copy of before") from error
    finally:
        shutil.rmtree(working, ignore_errors=True)
    filing.sync_folder(target.absolute().parent)
    return salvaged


class _Copying:
    """Copies the tables of a damaged store into a new one."""

    def __init__(self, source: sqlite3.Connection, fresh: sqlite3.Connection, progress: Progress) -> None:
        self._source = source
        self._fresh = fresh
        self._progress = progress
        self.lost: list[str] = []

    def run(self) -> Salvaged:
        migrations.migrate(self._fresh, through=migrations.recorded(self._source))
        self._fresh.execute("PRAGMA foreign_keys = OFF")
        known = wreck.tables(self._fresh)
        copied = [table for table in wreck.tables(self._source) if table in known and not _is_made_anew(table)]
        self._fresh.execute("BEGIN")
        for done, table in enumerate(copied):
            self._progress("tables", done, len(copied))
            self._copy(table)
        for name, seq in self._sequences():
            self._fresh.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (seq, name))
        self._fresh.execute("COMMIT")
        migrations.migrate(self._fresh)
        gaps: list[None] = []
        names = events.COLUMNS.split(", ")
        remade = Remade(self._fresh, self._progress)
        remade.take(wreck.rows(self._source, "events", names, lambda: gaps.append(None), self._minutes()))
        if gaps:
            self.lost.append(f"events in {len(gaps):,} places: whatever stood on the pages that are damaged")
        self.lost += remade.mend()
        self._fresh.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Salvaged(remade.events, self.lost)

    def _copy(self, table: str) -> None:
        there = wreck.columns(self._fresh, table)
        names = [name for name in wreck.columns(self._source, table) if name in there]
        insert = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        gaps: list[None] = []
        n = 0
        for n, row in enumerate(wreck.rows(self._source, table, names, lambda: gaps.append(None)), 1):
            if n == 1:  # what every new store has stays only where nothing can be read
                self._fresh.execute(f"DELETE FROM {table}")
            self._fresh.execute(insert, row)
        if gaps:
            self.lost.append(f"rows of {table} in {len(gaps):,} places; {n:,} were read")

    def _minutes(self) -> "array[int]":
        """Where the minutes begin in which there were events, as packed ids."""
        found = array("q")
        for project, minute in wreck.rows(self._source, "counts", ("project", "minute"), lambda: None):
            if isinstance(project, int) and isinstance(minute, int) and 0 < project <= MAX_PROJECT:
                found.append(pack(project, minute * 60_000))
        return array("q", sorted(set(found)))

    def _sequences(self) -> list[tuple[str, int]]:
        """The numbers that are not to be given again."""
        try:
            return self._source.execute(
                "SELECT name, seq FROM sqlite_sequence WHERE typeof(seq) = 'integer'"
            ).fetchall()
        except sqlite3.DatabaseError:
            return []


def _is_made_anew(table: str) -> bool:
    return table in _MADE_ANEW or table.startswith(_INDEX)
