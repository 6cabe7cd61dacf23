"""Small stores for tests, filled the way the writer fills one."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from logserver.store import events, ids, migrations
from logserver.store.events import Event

START = 1_700_000_000_000
SECRET = b"s" * 32


class _Memory(sqlite3.Connection):
    """A connection that is closed with its last reference, as nothing else ends the stores of a generated test."""

    def __del__(self) -> None:
        self.close()


def opened() -> sqlite3.Connection:
    """An empty store in memory."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, factory=_Memory)
    migrations.migrate(connection)
    return connection


def event(
    message: str = "",
    *,
    project: int = 1,
    ms: int = START,
    counter: int = 0,
    kind: str = "log",
    level: str = "info",
    group: bytes | None = None,
    **context: Any,
) -> Event:
    """An event as the door hands it over, numbered."""
    return Event(
        id=ids.pack(project, ms, counter),
        type=kind,
        level=level,
        message=message,
        context=context,
        time=ms * 1000,
        received=ms,
        error_group=group,
    )


def put(connection: sqlite3.Connection, found: Iterable[Event]) -> None:
    """Insert events in the order of their ids, as one transaction, with the arrivals they make."""
    inserted = sorted(found, key=lambda one: one.id)
    rows = [events.to_row(one) for one in inserted]
    connection.executemany(events.INSERT, [row for row, _ in rows])
    connection.executemany(events.INSERT_WORDS, [entry for _, entry in rows])
    for project in sorted({ids.unpack(one.id).project for one in inserted}):
        packed = b"".join(one.id.to_bytes(8, "big") for one in inserted if ids.unpack(one.id).project == project)
        connection.execute("INSERT INTO arrivals (project, at, ids) VALUES (?, 0, ?)", (project, packed))
    connection.commit()


def store(*found: Event) -> sqlite3.Connection:
    """A store with these events."""
    connection = opened()
    put(connection, found)
    return connection
