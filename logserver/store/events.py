"""The one record behind every dialect, and its row."""

import itertools
from typing import Any

import msgspec

from logserver.store import flat, index, words
from logserver.store.ids import id_ms, project_range, uuid_text
from logserver.store.tx import Tx

COLUMNS = "id, words, type, level, message, context, received, sent, timed_by_receipt, uuid, fingerprint, error_group"
INSERT = f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_WORDS = "INSERT INTO event_words (rowid, text, words) VALUES (?, ?, ?)"
_AT_ONCE = (64, 32, 16, 8, 4, 2, 1)
"""How many rows one statement inserts: each statement is a moment in which another thread takes the interpreter."""

_ROWS = {n: f"{INSERT}{', (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)' * (n - 1)}" for n in _AT_ONCE}
_WORDS = {n: f"{INSERT_WORDS}{', (?, ?, ?)' * (n - 1)}" for n in _AT_ONCE}
DELETE_WORDS = "INSERT INTO event_words (event_words, rowid, text, words) VALUES ('delete', ?, ?, ?)"

Row = tuple[int, int, str, str, str, str, int, int | None, int | None, bytes | None, str | None, bytes | None]
"""A row of ``events`` in the order of COLUMNS."""

_JSON_KEYS = len('{"level":,"message":,"context":}')

_encode = msgspec.json.Encoder().encode
_decode_context = msgspec.json.Decoder(dict[str, Any]).decode


class Event(msgspec.Struct, kw_only=True, gc=False):
    """An error, log, metric, transaction, span or check-in, whatever dialect it was sent in."""

    type: str
    """One of words.TYPES."""
    level: str
    """As sent; it is found and counted under words.severity(level)."""
    message: str
    context: dict[str, Any]
    """Attributes as JSON values, at most 16 levels deep; ``environment``, ``release``, ``trace_id`` … live here."""
    time: int
    """When it happened, in Unix microseconds."""
    received: int
    """When it was received, in Unix milliseconds."""
    timed_by_receipt: bool = False
    """True where the sender gave no usable time."""
    uuid: bytes | None = None
    """The sender's own id, 16 bytes; an idempotency key within the project."""
    fingerprint: str | None = None
    """The sender's own key of the error group."""
    error_group: bytes | None = None
    """The id of its error group, 16 bytes, given at intake."""
    id: int = 0
    """The packed id, given at intake."""
    masked: bool = False
    """Whether an error is grouped by its masked message (core/groups.py); not stored."""
    vouched: bool = False
    """Whether its sender answers for what is sensitive in it: no built-in rule redacts it; not stored."""
    encoded: bytes | None = None
    """The context as JSON, where it has been encoded already; not stored."""

    def environment(self) -> str:
        """The environment it happened in; empty where nothing says."""
        value = self.context.get("environment")
        return value if isinstance(value, str) else ""


def to_row(event: Event) -> tuple[Row, tuple[int, str, str]]:
    """The row of a numbered event and its entry in the index."""
    group = event.error_group
    text, facets = flat.words_of(
        event.type,
        event.level,
        uuid_text(group) if group is not None else None,
        event.message,
        event.context,
    )
    ms = id_ms(event.id)
    row = (
        event.id,
        words.VERSION,
        event.type,
        event.level,
        event.message,
        (event.encoded or _encode(event.context)).decode(),
        event.received - ms,
        event.time if event.time != ms * 1000 else None,
        1 if event.timed_by_receipt else None,
        event.uuid,
        event.fingerprint,
        group,
    )
    return row, (event.id, text, facets)


def json_size(row: Row) -> int:
    """The UTF-8 length of a row's record as JSON: an object of its level, message and context."""
    level, message, context = row[3], row[4], row[5]
    size = len(context) if context.isascii() else len(context.encode())
    return size + len(_encode(message)) + len(_encode(level)) + _JSON_KEYS


def from_row(row: Row) -> Event:
    """The event a row was made of."""
    ms = id_ms(row[0])
    return Event(
        id=row[0],
        type=row[2],
        level=row[3],
        message=row[4],
        context=_decode_context(row[5]),
        received=ms + row[6],
        time=row[7] if row[7] is not None else ms * 1000,
        timed_by_receipt=row[8] is not None,
        uuid=row[9],
        fingerprint=row[10],
        error_group=row[11],
    )


def words_of(row: Row) -> tuple[int, str, str]:
    """The exact index entry of a stored row, by the version of the word function that made it."""
    group = row[11]
    text, facets = words.FUNCTIONS[row[1]](
        row[2], row[3], uuid_text(group) if group is not None else None, row[4], _decode_context(row[5])
    )
    return row[0], text, facets


def read(tx: Tx, event_id: int) -> Event | None:
    """The event with a packed id, or None."""
    row = tx.execute(f"SELECT {COLUMNS} FROM events WHERE id = ?", (event_id,)).fetchone()
    return from_row(row) if row else None


def insert(tx: Tx, rows: list[tuple[Row, tuple[int, str, str]]]) -> None:
    """Insert rows and their index entries (to_row), which must be in id order: the index flushes on a step back."""
    chain = itertools.chain.from_iterable
    for statements, column in ((_ROWS, 0), (_WORDS, 1)):
        done, left = 0, len(rows)
        for size in _AT_ONCE:
            while left >= size:
                values: list[Any] = list(chain(row[column] for row in rows[done : done + size]))
                tx.execute(statements[size], values)
                done, left = done + size, left - size


def edges(tx: Tx, project: int) -> tuple[int, int] | None:
    """The Unix milliseconds under which a project's oldest and newest events are filed; None where it has none."""
    # Two statements, because SQLite answers one of min and max alone by a look at the end of the key.
    bounds = project_range(project)
    oldest = tx.execute("SELECT min(id) FROM events WHERE id BETWEEN ? AND ?", bounds).fetchone()[0]
    newest = tx.execute("SELECT max(id) FROM events WHERE id BETWEEN ? AND ?", bounds).fetchone()[0]
    return None if oldest is None else (id_ms(oldest), id_ms(newest))


def newest(tx: Tx, project: int) -> Event | None:
    """The event of a project that is filed last; None where it has none."""
    last = tx.execute("SELECT max(id) FROM events WHERE id BETWEEN ? AND ?", project_range(project)).fetchone()[0]
    return read(tx, last) if last is not None else None


def oldest_but_audit(tx: Tx, low: int, high: int, most: int, looked_at: int) -> tuple[list[Row], int]:
    """Up to ``most`` of the oldest events from one id to another, both inclusive, and the id from which to go on.

    Audit events are passed over; of all together no more than ``looked_at`` are looked at. Where there is nothing
    left, to go on is from beyond ``high``.
    """
    seen = tx.execute(
        "SELECT id, type FROM events WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", (low, high, looked_at)
    ).fetchall()
    found = [event_id for event_id, of_type in seen if of_type != "audit"]
    ids, after = found[:most], high + 1
    if len(found) > most:
        after = ids[-1] + 1
    elif len(seen) == looked_at:
        after = seen[-1][0] + 1
    marks = ", ".join("?" * len(ids))
    return tx.execute(f"SELECT {COLUMNS} FROM events WHERE id IN ({marks}) ORDER BY id", ids).fetchall(), after


def delete(tx: Tx, rows: list[Row]) -> None:
    """Delete rows with their index entries; their counts and identities are the caller's."""
    tx.executemany(DELETE_WORDS, [words_of(row) for row in rows])
    tx.executemany("DELETE FROM events WHERE id = ?", [(row[0],) for row in rows])
    index.note_deleted(tx, len(rows))
