"""Whether everything that is kept of an event says the same: its row, its words, its counts, its identities."""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from logserver.store import events, samples
from logserver.store.connections import connect_readonly
from logserver.store.events import Row, from_row, words_of
from logserver.store.ids import LOCAL_BITS, id_ms
from logserver.store.occurrences import HOUR_MS

Instances = list[tuple[Any, ...]]


def check(folder: Path) -> int:
    """Fail where two of them differ; returns how many events there are."""
    connection = connect_readonly(folder)
    try:
        # Only temporary tables are made; the file itself is open for reading alone.
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("BEGIN")
        rows = connection.execute(f"SELECT {events.COLUMNS} FROM events ORDER BY id").fetchall()
        assert _instances(connection, "main") == _rebuilt(rows)
        assert _stored_counts(connection) == _expected_counts(rows)
        assert _stored_samples(connection) == _expected_samples(rows)
        assert _stored_hours(connection) == _expected_hours(rows)
        assert connection.execute("SELECT count(*) FROM all_identities").fetchone()[0] == sum(
            (row[9] is not None)
            + (row[2] == "span")
            + (row[2] == "audit" and "idempotency_key" in from_row(row).context)
            for row in rows
        )
        return len(rows)
    finally:
        connection.close()


def _instances(connection: sqlite3.Connection, schema: str) -> Instances:
    connection.execute(f"CREATE VIRTUAL TABLE temp.seen USING fts5vocab('{schema}', 'event_words', 'instance')")
    return connection.execute("SELECT term, doc, col, offset FROM temp.seen ORDER BY 1, 2, 3, 4").fetchall()


def _rebuilt(rows: list[Row]) -> Instances:
    fresh = sqlite3.connect(":memory:")
    try:
        fresh.execute("CREATE VIRTUAL TABLE event_words USING fts5(text, words, content = '', columnsize = 0)")
        fresh.executemany(events.INSERT_WORDS, [words_of(row) for row in rows])
        return _instances(fresh, "main")
    finally:
        fresh.close()


def _expected_counts(rows: list[Row]) -> Counter[tuple[int, int, str]]:
    return Counter((row[0] >> LOCAL_BITS, id_ms(row[0]) // 60_000, row[2]) for row in rows)


def _stored_counts(connection: sqlite3.Connection) -> Counter[tuple[int, int, str]]:
    stored = connection.execute(
        "SELECT c.project, c.minute, d.type, sum(c.n) FROM counts c JOIN dimensions d ON d.id = c.dimension"
        " AND d.project = c.project GROUP BY 1, 2, 3"
    )
    return Counter({(project, minute, kind): n for project, minute, kind, n in stored})


def _expected_samples(rows: list[Row]) -> Counter[tuple[int, int]]:
    return Counter(
        (row[0] >> LOCAL_BITS, id_ms(row[0]) // 60_000) for row in rows for _ in samples.samples_of(from_row(row))
    )


def _stored_samples(connection: sqlite3.Connection) -> Counter[tuple[int, int]]:
    stored = connection.execute("SELECT project, minute, sum(n) FROM sketches GROUP BY 1, 2")
    return Counter({(project, minute): n for project, minute, n in stored})


def _expected_hours(rows: list[Row]) -> Counter[tuple[int, bytes, int]]:
    return Counter((row[0] >> LOCAL_BITS, row[11], id_ms(row[0]) // HOUR_MS) for row in rows if row[11] is not None)


def _stored_hours(connection: sqlite3.Connection) -> Counter[tuple[int, bytes, int]]:
    stored = connection.execute("SELECT project, error_group, hour, n FROM group_hours").fetchall()
    return Counter({(project, group, hour): n for project, group, hour, n in stored})
