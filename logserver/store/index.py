"""Merging the full-text index as a whole, so that what was deleted leaves it.

An entry of the index that is deleted stays, and another one says that it is gone; both go when the parts they are in
are merged. In the usual course of merging they meet late: the oldest entries, which are deleted first, lie in the
largest part, and that one is merged when there are others of its size. Measured: after three quarters of a store
were deleted and as much was added, the index was three and a half times as large as that of the same events alone.

The parts are known from the index's own record of them ("structure", row 10 of its data; fts5_index.c says how it is
written): a cookie of 4 bytes, then varints: levels, segments, writes; for each level how many of its segments are
being merged and how many there are; for each segment its id, first and last page.
"""

from typing import NamedTuple

from logserver.store.tx import Tx

_STRUCTURE_ROW = 10
_COOKIE_BYTES = 4
_USUAL_SEGMENTS = 4
"""Segments of a level that are merged; what FTS5 does unless it is told otherwise."""


class Level(NamedTuple):
    """Segments of about one size; what is merged goes into one of the next level."""

    merging: int
    """How many of its segments a merge has begun with."""
    pages: list[int]
    """The pages of each segment."""


class Owed(NamedTuple):
    """What the index holds of events that are gone."""

    deleted: int
    """Events that were deleted since the last whole merge was begun or ended."""
    merging: int | None
    """Of these, what the whole merge under way takes out; None while there is none."""


def levels(tx: Tx) -> list[Level]:
    """The parts of the index, the newest level first."""
    found = tx.execute("SELECT block FROM event_words_data WHERE id = ?", (_STRUCTURE_ROW,)).fetchone()
    numbers = _varints(found[0][_COOKIE_BYTES:]) if found else [0]
    at, parts = 3, []
    for _ in range(numbers[0]):
        merging, count = numbers[at : at + 2]
        spans = numbers[at + 2 : at + 2 + 3 * count]
        parts.append(Level(merging, [last - first + 1 for first, last in zip(spans[1::3], spans[2::3], strict=True)]))
        at += 2 + 3 * count
    return parts


def pages(tx: Tx) -> int:
    """How many pages the index takes, with what is deleted."""
    return sum(sum(level.pages) for level in levels(tx))


def owed(tx: Tx) -> Owed:
    """What the index holds of events that are gone."""
    return Owed(*tx.execute("SELECT deleted, merging FROM index_upkeep").fetchone())


def note_deleted(tx: Tx, entries: int) -> None:
    """Count entries that were deleted."""
    tx.execute("UPDATE index_upkeep SET deleted = deleted + ?", (entries,))


def segments(tx: Tx) -> int:
    """How many parts the index has; each step of a merge looks at all of them."""
    return sum(len(level.pages) for level in levels(tx))


def merge(tx: Tx, most: int) -> None:
    """Merge until about ``most`` pages are written, or there is nothing to merge."""
    tx.execute("INSERT INTO event_words (event_words, rank) VALUES ('merge', ?)", (most,))


def begin_whole_merge(tx: Tx) -> None:
    """Put all parts before a merge into one; merge() then goes on with it, between the transactions of others."""
    tx.execute("UPDATE index_upkeep SET merging = deleted")
    tx.execute("INSERT INTO event_words (event_words, rank) VALUES ('usermerge', 2)")
    merge(tx, -1)


def end_whole_merge(tx: Tx) -> None:
    """Take note that it is over."""
    tx.execute("UPDATE index_upkeep SET deleted = deleted - merging, merging = NULL")
    tx.execute("INSERT INTO event_words (event_words, rank) VALUES ('usermerge', ?)", (_USUAL_SEGMENTS,))


def merged(tx: Tx) -> bool:
    """Whether a whole merge that was begun is over: it goes from the last level but one into the last."""
    parts = levels(tx)
    while parts and not parts[-1].pages:
        parts.pop()
    return len(parts) < 2 or not parts[-2].merging


def _varints(block: bytes) -> list[int]:
    numbers, value = [], 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    return numbers
