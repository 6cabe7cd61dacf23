"""Whether everything that is kept of an event beside its row says what the row says.

Both sides are read once, in one snapshot, in memory that does not grow with the number of events: what belongs to
the rows is added to tallies, what is stored is taken away again, and what is left over shows where they differ.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from logserver.store import connections, events
from logserver.store.events import Row, from_row, words_of
from logserver.store.identities import places_of
from logserver.store.ids import LOCAL_BITS, id_ms, pack
from logserver.store.inspection import MOST_TOLD, Finding, Progress
from logserver.store.occurrences import HOUR_MS
from logserver.store.series import OTHER
from logserver.store.tally import Tally
from logserver.store.traces import kind_of
from logserver.store.words import SEVERITY, severity

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, RecursionError, msgspec.MsgspecError)
"""What reading a row raises that holds something else than was written."""

_MINUTE_MS = 60_000
_LEVELS = frozenset(SEVERITY.values())
_CHUNK = 1_000
_TOLD_EVERY = 50_000
_BLANK_INDEX = "CREATE VIRTUAL TABLE event_words USING fts5(text, words, content = '', columnsize = 0)"
_INSTANCES = "SELECT term, doc, col, offset FROM"


class _Kept(NamedTuple):
    """Something that is kept beside the rows: its name, what it is called, and how it is read."""

    about: str
    what: str
    tally: Tally
    take: Callable[[Progress], None]


class Agreement:
    """Compares the rows of a store of this version's schema with all that is kept of them."""

    def __init__(self, connection: sqlite3.Connection, progress: Progress) -> None:
        self._connection = connection
        self._progress = progress
        self._kept = (
            _Kept("index", "the full-text index differs", Tally(), self._take_index),
            _Kept("counts", "the counts by minute differ", Tally(), self._take_counts),
            _Kept("hours", "the hours of error groups differ", Tally(), self._take_hours),
            _Kept("identities", "the identities that senders gave differ", Tally(), self._take_identities),
        )
        self._index, self._counts, self._hours, self._identities = (kept.tally for kept in self._kept)
        self._words = 0
        self.rows = 0
        """How many rows were read."""

    def findings(self) -> Iterator[Finding]:
        """Where they differ. Only temporary tables are made."""
        yield from self._read_rows()
        for kept in self._kept:
            try:
                kept.take(self._progress)
            except (sqlite3.DatabaseError, *UNREADABLE) as error:
                yield Finding(kept.about, f"it cannot be read: {kind_of(error)}")
                continue
            differences = list(kept.tally.differences())
            for span in differences[:MOST_TOLD]:
                place = f"project {self._slug(span.project)} between {_moment(span.since)} and {_moment(span.until)}"
                yield Finding(kept.about, f"{kept.what} from the rows of {place}")
            if len(differences) > MOST_TOLD:
                yield Finding(kept.about, f"{kept.what} in {len(differences) - MOST_TOLD:,} more places")

    def _read_rows(self) -> Iterator[Finding]:
        last, unreadable = None, 0
        total = self._count()
        chunk: list[tuple[int, str, str]] = []
        with closing(connections.memory()) as memory:
            memory.execute(_BLANK_INDEX)
            memory.execute("CREATE VIRTUAL TABLE seen USING fts5vocab('event_words', 'instance')")
            try:
                for row in self._connection.execute(f"SELECT {events.COLUMNS} FROM events ORDER BY id"):
                    last = row[0]
                    self.rows += 1
                    try:
                        chunk.append(self._add(row))
                    except UNREADABLE:
                        unreadable += 1
                        if unreadable <= MOST_TOLD:
                            yield Finding("rows", f"event {last} holds what nobody wrote")
                    if len(chunk) == _CHUNK:
                        self._add_words(memory, chunk)
                        chunk = []
                        self._progress("rows", self.rows, total)
            except sqlite3.DatabaseError as error:
                yield Finding("rows", f"{_after(last)} cannot be read: {error}")
            self._add_words(memory, chunk)
        if unreadable > MOST_TOLD:
            yield Finding("rows", f"{unreadable - MOST_TOLD:,} more events hold what nobody wrote")

    def _count(self) -> int:
        try:
            return int(self._connection.execute("SELECT total(n) FROM counts").fetchone()[0])
        except sqlite3.DatabaseError:
            return 0

    def _add(self, row: Row) -> tuple[int, str, str]:
        """Count everything that is to be kept of a row but its words, which are returned."""
        event, entry = from_row(row), words_of(row)
        project, ms = event.id >> LOCAL_BITS, id_ms(event.id)
        level = severity(event.level)
        minute = ms // _MINUTE_MS
        counted = (project, minute, event.type, level if level in _LEVELS else OTHER)
        places = places_of(project, event)
        self._counts.add(pack(project, minute * _MINUTE_MS), counted)
        if event.error_group is not None:
            hour = ms // HOUR_MS
            self._hours.add(pack(project, hour * HOUR_MS), (project, event.error_group, hour))
        for place in places:
            self._identities.add(event.id, (place, event.id))
        return entry

    def _add_words(self, memory: sqlite3.Connection, chunk: list[tuple[int, str, str]]) -> None:
        """Count the words as the index splits them; a blank one does it, a piece at a time."""
        memory.execute("BEGIN")
        memory.executemany(events.INSERT_WORDS, chunk)
        for instance in memory.execute(f"{_INSTANCES} seen"):
            self._words += 1
            self._index.add(instance[1], instance)
        memory.execute("INSERT INTO event_words (event_words) VALUES ('delete-all')")
        memory.execute("COMMIT")

    def _take_index(self, progress: Progress) -> None:
        self._connection.execute("PRAGMA query_only = OFF")
        self._connection.execute(
            "CREATE VIRTUAL TABLE temp.stored_words USING fts5vocab('main', 'event_words', 'instance')"
        )
        self._connection.execute("PRAGMA query_only = ON")
        for taken, instance in enumerate(self._connection.execute(f"{_INSTANCES} stored_words")):
            self._index.take(instance[1], instance)
            if taken % _TOLD_EVERY == 0:
                progress("index", taken, self._words)

    def _take_counts(self, _progress: Progress) -> None:
        for project, minute, kind, level, n in self._connection.execute(
            "SELECT c.project, c.minute, d.type, d.level, c.n FROM counts AS c"
            " LEFT JOIN dimensions AS d ON d.id = c.dimension AND d.project = c.project"
        ):
            self._counts.take(pack(project, minute * _MINUTE_MS), (project, minute, kind, level), n)

    def _take_hours(self, _progress: Progress) -> None:
        for project, group, hour, n in self._connection.execute(
            "SELECT project, error_group, hour, n FROM group_hours"
        ):
            self._hours.take(pack(project, hour * HOUR_MS), (project, group, hour), n)

    def _take_identities(self, _progress: Progress) -> None:
        for pair in self._connection.execute(
            # While they move they are in both; a UNION would sort all of them.
            "SELECT hash, event FROM identities UNION ALL SELECT hash, event FROM recent_identities AS r"
            " WHERE NOT EXISTS (SELECT 1 FROM identities AS i WHERE i.hash = r.hash AND i.event = r.event)"
        ):
            self._identities.take(pair[1], pair)

    def _slug(self, number: int) -> str:
        try:
            row = self._connection.execute("SELECT slug FROM projects WHERE number = ?", (number,)).fetchone()
        except sqlite3.DatabaseError:
            row = None
        return str(row[0]) if row else f"number {number}"


def _after(event_id: int | None) -> str:
    return "the first events" if event_id is None else f"what comes after event {event_id}"


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
