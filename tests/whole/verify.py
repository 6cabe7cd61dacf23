"""Whether a store holds what was answered, and whether everything derived from its rows agrees with them."""

import math
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from operator import eq
from pathlib import Path
from sqlite3 import Connection
from time import time
from typing import NamedTuple

from logserver.store import events, identities, samples, series
from logserver.store.connections import connect_readonly
from logserver.store.events import Event, Row
from logserver.store.ids import LOCAL_BITS, Spelling, id_ms, uuid_text
from logserver.store.words import SEVERITY, severity
from tests.whole.load import Parcel

_ARRIVALS_SURELY_KEPT_MS = 50 * 60_000


class Due(NamedTuple):
    """What retention may have deleted, or not yet."""

    marks: frozenset[str] = frozenset()
    before_ms: int = 0


NOTHING = Due()


def verify(
    folder: Path,
    parcels: list[Parcel],
    *,
    beside: str = "",
    unknown: frozenset[str] = frozenset(),
    due: Due = NOTHING,
    arrived: bool = True,
) -> int:
    """Check a store that no server is writing to against everything ever sent to it.

    Returns its number of events. What the server recorded of itself must only agree with itself; so must what is in
    the project ``beside``, which got something else. Kinds of series that were ``unknown`` when these events came
    are not looked for. Of what is ``due``, each event is there with all that is kept of it, or gone with it; error
    groups stay. Where the clock was set, what ``arrived`` lately is not looked at: it is kept by that clock.
    """
    with closing(connect_readonly(folder)) as connection:
        connection.execute("BEGIN")
        rows: list[Row] = connection.execute(f"SELECT {events.COLUMNS} FROM events ORDER BY id").fetchall()
        stored = [events.from_row(row) for row in rows]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        own = {
            number
            for (number,) in connection.execute("SELECT number FROM projects WHERE system OR slug = ?", (beside,))
        }
        sent = [event for event in stored if event.id >> LOCAL_BITS not in own]
        _promises(parcels, sent, due.marks, Spelling(_secret(connection)))
        _identities(connection, stored)
        _counts(connection, stored)
        _sketches(connection, sent, unknown, due.before_ms // 60_000)
        _groups(connection, stored, due)
        _references(connection, stored, due)
        if arrived:
            _arrivals(connection, stored, due)
        connection.rollback()
        _index(connection, rows)
    return len(sent)


def _secret(connection: Connection) -> bytes:
    return bytes(connection.execute("SELECT value FROM secrets WHERE name = 'spelling'").fetchone()[0])


def _promises(parcels: list[Parcel], stored: list[Event], due: frozenset[str], spelling: Spelling) -> None:
    """What was answered is there as it was sent, nothing is there twice, batches are whole, and nothing was made up."""
    by_mark: dict[str, list[Event]] = defaultdict(list)
    for event in stored:
        by_mark[event.context["mark"]].append(event)
    for parcel in parcels:
        sure = [sent for sent in parcel.events if sent.mark not in due]
        if not sure:
            continue
        there = [len(by_mark[sent.mark]) for sent in sure]
        assert max(there) <= 1, f"stored twice: {parcel.events}"
        assert len(set(there)) == 1, f"half a batch: {there} {parcel.events}"
        for sent in sure:
            assert there[0] == 1 or not sent.answers, f"answered and lost: {sent}"
            if there[0]:
                event = by_mark[sent.mark][0]
                public_id = uuid_text(event.uuid) if event.uuid is not None else spelling.uuid(event.id)
                assert {answered for _, answered in sent.answers} <= {public_id}
                assert (event.type, event.message) == (sent.kind, sent.message)
                assert sent.uuid in {None, public_id}
            created = [status for status, _ in sent.answers if status == 201]
            assert len(created) <= 1, f"accepted as new twice: {sent}"
    known = {sent.mark for parcel in parcels for sent in parcel.events}
    assert by_mark.keys() | due == known | due, "stored and never sent"


def _identities(connection: Connection, stored: list[Event]) -> None:
    keys = []
    for event in stored:
        project = event.id >> LOCAL_BITS
        if event.uuid is not None:
            keys.append((identities.uuid_key(project, event.uuid), event.id))
        if event.type == "span":
            key = identities.span_key(project, event.context["trace_id"], event.context["span_id"])
            keys.append((key, event.id))
        if event.type == "audit" and "idempotency_key" in event.context:
            keys.append((identities.idempotency_key(project, event.context["idempotency_key"]), event.id))
    assert len({key for key, _ in keys}) == len(keys), "two events share an identity"
    held = connection.execute("SELECT hash, event FROM all_identities").fetchall()
    assert sorted(held) == sorted((identities.key_hash(key), event_id) for key, event_id in keys)


def _counts(connection: Connection, stored: list[Event]) -> None:
    wanted: Counter[tuple[int, int, str, str, str]] = Counter()
    for event in stored:
        level = severity(event.level)
        level = level if level in SEVERITY.values() else series.OTHER
        minute = id_ms(event.id) // 60_000
        wanted[event.id >> LOCAL_BITS, minute, event.type, level, event.environment()] += 1
    rows = connection.execute(
        "SELECT c.project, c.minute, d.type, d.level, d.environment, c.n FROM counts c"
        " JOIN dimensions d ON d.id = c.dimension AND d.project = c.project"
    ).fetchall()
    assert {tuple(row[:5]): row[5] for row in rows} == wanted
    assert connection.execute("SELECT count(*) FROM counts").fetchone() == (len(rows),)


def _sketches(connection: Connection, sent: list[Event], unknown: frozenset[str], since: int) -> None:
    wanted: dict[tuple[int, int, str, str, str, str], list[tuple[float, bool]]] = defaultdict(list)
    for event in sent:
        for sample in samples.samples_of(event):
            if sample.kind in unknown or id_ms(event.id) // 60_000 < since:
                continue
            name = (sample.kind, sample.name, sample.environment, sample.release)
            wanted[event.id >> LOCAL_BITS, id_ms(event.id) // 60_000, *name].append((sample.value, sample.error))
    rows = connection.execute(
        "SELECT k.project, k.minute, s.kind, s.name, s.environment, s.release, k.n, k.errors, k.low, k.high, k.total"
        " FROM sketches k JOIN series s ON s.id = k.series AND s.project = k.project"
    ).fetchall()
    assert connection.execute("SELECT count(*) FROM sketches").fetchone() == (len(rows),)
    # Another project may have been sent numbers without events.
    projects = {event.id >> LOCAL_BITS for event in sent}
    rows = [row for row in rows if row[0] in projects and row[2] not in unknown and row[1] >= since]
    assert {tuple(row[:6]) for row in rows} == wanted.keys()
    for row in rows:
        values = [value for value, _ in wanted[row[:6]]]
        assert row[6:10] == (len(values), sum(error for _, error in wanted[row[:6]]), min(values), max(values))
        assert math.isclose(row[10], math.fsum(values), rel_tol=1e-9, abs_tol=1e-6)


def _groups(connection: Connection, stored: list[Event], due: Due) -> None:
    wanted = Counter(event.error_group for event in stored if event.type == "error")
    assert None not in wanted
    held = dict(connection.execute("SELECT id, n FROM error_groups"))
    if due is NOTHING:
        assert held == wanted
    else:
        assert all(held[group] >= n for group, n in wanted.items())


def _references(connection: Connection, stored: list[Event], due: Due) -> None:
    ids = {event.id for event in stored}
    for table, column in (("all_identities", "event"), ("monitors", "event"), ("error_groups", "last_event")):
        held = {row[0] for row in connection.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")}
        # A group or a monitor outlives its last event; an identity never does.
        gone = set() if table == "all_identities" else {each for each in held if id_ms(each) < due.before_ms}
        assert held - gone <= ids, f"{table}.{column} names events that are not there"


def _arrivals(connection: Connection, stored: list[Event], due: Due) -> None:
    arrived: list[int] = []
    for (packed,) in connection.execute("SELECT ids FROM arrivals"):
        arrived += struct.unpack(f">{len(packed) // 8}Q", packed)
    assert len(set(arrived)) == len(arrived), "an event arrived twice"
    gone = {each for each in arrived if id_ms(each) < due.before_ms}
    assert set(arrived) - gone <= {event.id for event in stored}
    since = time() * 1000 - _ARRIVALS_SURELY_KEPT_MS
    assert {event.id for event in stored if event.received > since} <= set(arrived)


def _index(connection: Connection, rows: Iterable[Row]) -> None:
    """The stored index has exactly the words, places and documents of one rebuilt from the rows."""
    # The file stays read-only: it was opened so. Only tables of this connection are made.
    connection.execute("PRAGMA query_only = OFF")
    connection.execute("CREATE VIRTUAL TABLE temp.rebuilt USING fts5(text, words, content = '', columnsize = 0)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO rebuilt (rowid, text, words) VALUES (?, ?, ?)", map(events.words_of, rows))
    connection.execute("COMMIT")
    connection.execute("CREATE VIRTUAL TABLE temp.stored_words USING fts5vocab('main', 'event_words', 'instance')")
    connection.execute("CREATE VIRTUAL TABLE temp.rebuilt_words USING fts5vocab('temp', 'rebuilt', 'instance')")
    total = [
        connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("stored_words", "rebuilt_words")
    ]
    assert total[0] == total[1]
    stored, rebuilt = (
        connection.execute(f"SELECT term, doc, col, offset FROM {name}") for name in ("stored_words", "rebuilt_words")
    )
    assert all(map(eq, stored, rebuilt)), "the index is not that of the rows"
