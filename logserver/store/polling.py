"""Follows a search in pages of a size that the asker chooses, from one request to the next.

As following.py, but an arrival may be cut in two: a transaction of a busy moment brings thousands of events.
"""

import json
import sqlite3
from typing import NamedTuple

import msgspec

from logserver.store import cursor, events, scan
from logserver.store.cursor import Place
from logserver.store.errors import CursorError
from logserver.store.following import EXAMINED_IDS, forgotten, newest_seq, unpacked
from logserver.store.ids import LOCAL_BITS
from logserver.store.query import canonical
from logserver.store.rowcheck import Look, check
from logserver.store.search import Search
from logserver.store.tokens import Tokenizer
from logserver.store.tx import Tx

_DONE_BITS = 20
"""A transaction brings far fewer events of a project than these bits can count."""

_AT_ONCE = 200
_ROWS = f"SELECT {events.COLUMNS} FROM events WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"


class Since(NamedTuple):
    """How far arrivals were looked at: all up to ``seq``, and so many ids of the next one."""

    seq: int
    done: int = 0


class Poll(msgspec.Struct, frozen=True):
    """What arrived, in the order of arrival."""

    events: list[events.Event]
    cursor: str
    """Where the next poll goes on."""
    more: bool
    """Whether there is more already."""
    gap: bool
    """Whether arrivals that nobody has looked at were forgotten meanwhile: they are kept for an hour."""


def now(tx: Tx, search: Search, secret: bytes) -> str:
    """The cursor of what arrives from now on."""
    return _spelled(Since(newest_seq(tx)), search, secret)


def arrived(tx: Tx, search: Search, after: str, *, limit: int, secret: bytes) -> Poll:
    """At most ``limit`` events of a search that arrived after a cursor.

    Ends early, with ``more``, after so many ids as following.EXAMINED_IDS or at the caller's deadline, where
    anything was looked at by then. Raises QuerySyntaxError, and CursorError for a cursor of another search.
    """
    since = _read(after, search, secret)
    newest = newest_seq(tx)
    if since.seq > newest:  # a store that was put back from a copy counts from an earlier arrival
        since = Since(newest)
    gap = forgotten(tx, since.seq)
    found: list[events.Event] = []
    since = _walk(tx, search, since, limit, found)
    return Poll(found, _spelled(since, search, secret), since.seq < newest, gap)


def _walk(tx: Tx, search: Search, since: Since, limit: int, found: list[events.Event]) -> Since:
    spans = {span.low >> LOCAL_BITS: span for span in search.spans()}
    examined, place = 0, since
    with Tokenizer() as tokenizer:
        decide = check(search.query(), tokenizer)
        arrivals = tx.execute("SELECT seq, project, ids FROM arrivals WHERE seq > ? ORDER BY seq", (since.seq,))
        try:
            for seq, project, packed in arrivals:
                span = spans.get(project)
                ids = sorted(unpacked(packed)) if span is not None else []
                done = place.done if seq == since.seq + 1 else 0
                while done < len(ids):
                    if examined >= EXAMINED_IDS or len(found) >= limit:
                        return place
                    some = ids[done : done + _AT_ONCE]
                    wanted = [each for each in some if span is not None and span.low <= each <= span.high]
                    rows = {row[0]: row for row in tx.execute(_ROWS, (json.dumps(wanted),)).fetchall()}
                    for event_id in some:
                        if len(found) >= limit:
                            return place
                        row = rows.get(event_id)
                        if row is not None and decide(Look(row, tokenizer)):
                            found.append(events.from_row(row))
                        done += 1
                        examined += 1
                        place = Since(seq - 1, done)
                place = Since(seq)
        except sqlite3.OperationalError as error:
            scan.raise_unless_interrupted(error)
            if place == since:
                raise
        finally:
            arrivals.close()
    return place


def _bound(search: Search) -> bytes:
    return b"poll" + msgspec.json.encode((canonical(search.query()), sorted(set(search.projects))))


def _spelled(since: Since, search: Search, secret: bytes) -> str:
    return cursor.spell(Place(newer=True, boundary=since.seq << _DONE_BITS | since.done), _bound(search), secret)


def _read(spelled: str, search: Search, secret: bytes) -> Since:
    place = cursor.read(spelled, _bound(search), secret)
    if not place.newer:
        raise CursorError("this is no cursor of what arrives")
    return Since(place.boundary >> _DONE_BITS, place.boundary & ((1 << _DONE_BITS) - 1))
