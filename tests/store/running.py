"""A running store for tests, and what is written to it and read back."""

import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from logserver.store.connections import connect_readonly
from logserver.store.database import Database
from logserver.store.events import to_row
from logserver.store.tx import Tx
from logserver.store.words import word
from logserver.store.writer import WriteTx
from tests.fakes import FakeClock
from tests.store.stored import START, event


@asynccontextmanager
async def running(folder: Path, clock: FakeClock | None = None, **options: Any) -> AsyncIterator[Database]:
    """A store whose clocks stand still unless the test turns them."""
    clock = clock or FakeClock()
    database = Database(folder, now_ms=clock.now_ms, monotonic=clock.monotonic, durability="normal", **options)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def note(tx: Tx, name: str) -> str:
    """Write a row of a control table."""
    tx.execute("INSERT INTO secrets VALUES (?, x'00')", (name,))
    return name


def store(tx: WriteTx, *messages: str, project: int = 1, **context: Any) -> list[int]:
    """Store events, as the door does."""
    found = []
    for message in messages:
        one = event(message, kind="metric", value=1, **context)
        one.id = tx.batch.numbering.next_id(tx, project, START)
        tx.batch.append(tx, project, one, to_row(one))
        found.append(one.id)
    return found


def store_in(tx: WriteTx, environment: str) -> list[int]:
    """Store one event of an environment, with the same message."""
    return store(tx, environment, environment=environment)


def store_twice(tx: WriteTx, message: str, **context: Any) -> None:
    """Bring two rows of the same id, which only the last insert finds out."""
    note(tx, message)
    one = event(message, **context)
    one.id = tx.batch.numbering.next_id(tx, 1, START)
    for _ in range(2):
        tx.batch.append(tx, 1, one, to_row(one))


class Gate:
    """A write, or a read, that takes until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _tx: Tx) -> None:
        self.entered.set()
        assert self.opened.wait(60)


def count_up(tx: Tx, started: threading.Event | None = None) -> int:
    """A statement that never ends."""
    if started:
        started.set()
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    return int(tx.execute(sql).fetchone()[0])


def rows(tx: Tx, sql: str) -> list[tuple[Any, ...]]:
    return tx.execute(sql).fetchall()


def looked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What another connection sees at this moment."""
    with closing(connect_readonly(folder)) as connection:
        return rows(connection, sql)


def notes(folder: Path) -> set[str]:
    return {name for (name,) in looked(folder, "SELECT name FROM secrets")} - {"spelling"}


def messages(folder: Path) -> list[str]:
    return [message for (message,) in looked(folder, "SELECT message FROM events ORDER BY message")]


def agrees(folder: Path, environments: Iterable[str]) -> None:
    """Fail where counts, sums, arrivals or words are not those of one event of each environment (store_in)."""
    wanted = sorted(environments)
    counted = looked(folder, "SELECT environment, n FROM counts JOIN dimensions ON id = dimension ORDER BY 1")
    summed = looked(folder, "SELECT environment, n FROM sketches JOIN series ON id = series ORDER BY 1")
    assert counted == summed == [(name, 1) for name in wanted]
    ((arrived,),) = looked(folder, "SELECT coalesce(sum(length(ids)), 0) FROM arrivals")
    match = f'words: "{word("type", "metric")}"'
    ((indexed,),) = looked(folder, f"SELECT count(*) FROM event_words WHERE event_words MATCH '{match}'")
    assert arrived == 8 * len(wanted)
    assert indexed == len(wanted)
