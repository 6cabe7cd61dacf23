"""The least a write to SQLite can do: the same rows into the same tables, and nothing else.

Rows and index entries are made beforehand. A transaction inserts 1,000 of them with executemany under the same
pragmas as the program; no counts are kept and no identities looked up. The index is merged and the log
checkpointed as SQLite does by itself: a writer that leaves that for later is faster only until later comes.
"""

import gc
import itertools
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from logserver.contracts.logister.events import Receipt, read_body
from logserver.core.clock import SystemClock
from logserver.store import events, ids
from logserver.store.migrations import migrate
from tests.benchmarks.bodies import bodies
from tests.benchmarks.processes import MEASURED, on_cores

PER_TRANSACTION = 1_000
FILE = "logserver.db"

_PRAGMAS = (
    "auto_vacuum = INCREMENTAL",
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 1000",
    "cache_size = -24000",
    "foreign_keys = ON",
    "temp_store = MEMORY",
)
"""Those of the program's own writer, but for the checkpoints, which are SQLite's default."""

_INDEX_DEFAULTS = {"automerge": 4, "crisismerge": 16}
"""How FTS5 merges an index that is not told otherwise."""

Rows = tuple[list[events.Row], list[tuple[int, str, str]]]


def rows(seed: int, count: int) -> Rows:
    """Rows of events and of the index, in the order of their ids, as the program would make them."""
    now = SystemClock().now_ms()
    receipt = Receipt(now, "production")
    sent = itertools.islice(bodies(seed, start_ms=now, step_ms=0.0625, uuids=True), count)
    return rows_of(read_body(body, receipt=receipt).event for body in sent)


def rows_of(read: Iterable[events.Event]) -> Rows:
    """The rows of events of one project as they were read."""
    made: Rows = ([], [])
    for number, event in enumerate(read):
        event.id = ids.pack(1, event.time // 1000, number & ids.COUNTER_MASK)
        row, words = events.to_row(event)
        made[0].append(row)
        made[1].append(words)
    made[0].sort()
    made[1].sort()
    return made


def connect(folder: Path) -> sqlite3.Connection:
    """A writing connection to the store of a folder, which is made if need be."""
    connection = sqlite3.connect(folder / FILE, isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    migrate(connection)
    for setting, value in _INDEX_DEFAULTS.items():
        connection.execute("INSERT INTO event_words (event_words, rank) VALUES (?, ?)", (setting, value))
    return connection


class Bare:
    """A new store of a folder that is written to in turns, on the measured core."""

    def __init__(self, folder: Path, made: Rows) -> None:
        self.seconds = 0.0
        self.inserted = 0
        self._made = made
        self._connection = connect(folder)

    @property
    def rate(self) -> float:
        """Rows a second, commits included."""
        return self.inserted / self.seconds

    def insert(self, count: int) -> None:
        """Insert the next rows."""
        rows, words = self._made
        gc.collect()
        gc.disable()
        try:
            with on_cores(MEASURED):
                begun = time.perf_counter()
                for start in range(self.inserted, self.inserted + count, PER_TRANSACTION):
                    self._connection.execute("BEGIN IMMEDIATE")
                    self._connection.executemany(events.INSERT, rows[start : start + PER_TRANSACTION])
                    self._connection.executemany(events.INSERT_WORDS, words[start : start + PER_TRANSACTION])
                    self._connection.execute("COMMIT")
                self.seconds += time.perf_counter() - begun
        finally:
            gc.enable()
        self.inserted += count

    def close(self) -> None:
        """Let go of the folder."""
        self._connection.close()
