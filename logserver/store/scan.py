"""Walks the events of some projects in one order, newest or oldest first, by ranges of the primary key.

Nothing is sorted: every project's events are a run of ids in time order, in the table and in the index, and
several runs are merged as they are read. A walk can stop anywhere for the price of what it has read.
"""

import heapq
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple

from logserver.store import cursor, events, ids
from logserver.store.tx import Tx

_COLUMNS = ", ".join(f"e.{name}" for name in events.COLUMNS.split(", "))
_ROWS = f"SELECT {events.COLUMNS} FROM events WHERE id BETWEEN ? AND ? ORDER BY id"
# CROSS JOIN fixes the order: the index drives, each row is then one look-up by its key.
_MATCHED_ROWS = (
    f"SELECT {_COLUMNS} FROM event_words AS w CROSS JOIN events AS e ON e.id = w.rowid"
    " WHERE w.event_words MATCH ? AND w.rowid BETWEEN ? AND ? ORDER BY w.rowid"
)
_IDS = "SELECT id FROM events WHERE id BETWEEN ? AND ? ORDER BY id"
_MATCHED_IDS = (
    "SELECT rowid FROM event_words WHERE event_words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid"
)


class Span(NamedTuple):
    """A range of ids of one project, both ends inclusive."""

    low: int
    high: int


def spans(
    projects: Sequence[int], since_ms: int | None, until_ms: int | None, place: cursor.Place | None = None
) -> list[Span]:
    """The ranges to walk, one a project: within the times (``until_ms`` exclusive) and on from ``place``."""
    found = []
    for project in sorted(set(projects)):
        low, high = ids.project_range(project, since_ms, until_ms)
        if place is not None and place.newer:
            low = max(low, cursor.below(project, place.boundary) + 1)
        elif place is not None:
            high = min(high, cursor.below(project, place.boundary))
        if low <= high:
            found.append(Span(low, high))
    return found


@contextmanager
def rows(
    tx: Tx, match: str | None, ranges: Sequence[Span], *, newest_first: bool = True
) -> Iterator[Iterator[events.Row]]:
    """The rows matching an FTS5 expression (None: all of them) in the ranges, merged into one order."""
    with _walk(
        tx, _ROWS if match is None else _MATCHED_ROWS, match, ranges, newest_first=newest_first
    ) as walked:
        yield walked


@contextmanager
def matching_ids(tx: Tx, match: str | None, ranges: Sequence[Span]) -> Iterator[Iterator[tuple[int]]]:
    """As ``rows``, but only the ids, newest first, without a look at the table of events."""
    with _walk(tx, _IDS if match is None else _MATCHED_IDS, match, ranges, newest_first=True) as walked:
        yield walked


@contextmanager
def _walk(
    tx: Tx, sql: str, match: str | None, ranges: Sequence[Span], *, newest_first: bool
) -> Iterator[Iterator[Any]]:
    sql += " DESC" if newest_first else ""
    wanted = () if match is None else (match,)
    with ExitStack() as opened:
        # An unfinished statement holds its snapshot open, so none is left to the garbage collector.
        walks = [opened.enter_context(closing(tx.execute(sql, (*wanted, *span)))) for span in ranges]
        if len(walks) == 1:
            yield walks[0]
        else:
            yield heapq.merge(*walks, key=lambda row: cursor.order(row[0]), reverse=newest_first)


def raise_unless_interrupted(error: sqlite3.OperationalError) -> None:
    """Raise the error again, unless it says that the time allowed for reading is up."""
    if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
        raise error
