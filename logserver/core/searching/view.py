"""A search as it is looked at: its newest records, how they lie in time, and where to follow on."""

from typing import NamedTuple

from logserver.core.projects import Project
from logserver.store import events, following, histogram, search
from logserver.store.errors import CursorError
from logserver.store.histogram import MINUTE_MS, Histogram
from logserver.store.query import And, Facet, Node, Or
from logserver.store.search import Page, Search
from logserver.store.tx import Tx
from logserver.store.words import TYPES

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
"""The common names of levels, from the least grave."""

MOST_BUCKETS = 72
CHECKED_ROWS = 5_000
"""How many rows are looked at for a page where the index cannot decide: some 40 ms. The next goes on from there."""
COUNTED_IDS = 60_000
"""How many matches of a text are counted, the newest first: some 40 ms."""
COUNTED_ROWS = 2_000
"""How many rows are looked at to count what the index cannot decide."""

_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 43_200)


class Span(NamedTuple):
    """The time a histogram is of, in Unix milliseconds; whole buckets."""

    since_ms: int
    until_ms: int
    bucket_ms: int


class View(NamedTuple):
    """What is shown of a search."""

    page: Page
    begun_again: bool
    """Whether the cursor was of another search, and this is its first page."""
    histogram: Histogram
    span: Span
    seq: int
    """The cursor of what arrives from now on."""


def search_of(
    project: Project,
    text: str,
    *,
    levels: tuple[str, ...] = (),
    types: tuple[str, ...] = (),
    since_ms: int | None = None,
    until_ms: int | None = None,
) -> Search:
    """A search of one project: for a text, and for any of some levels and any of some types."""
    chosen: list[Node] = []
    for key, values, every in (("level", levels, LEVELS), ("type", types, TYPES)):
        if known := [Facet(key, value) for value in every if value in values]:
            chosen.append(Or(tuple(known)) if len(known) > 1 else known[0])
    where = (chosen[0] if len(chosen) == 1 else And(tuple(chosen))) if chosen else None
    return Search((project.number,), text, since_ms, until_ms, where)


def look(tx: Tx, wanted: Search, *, limit: int, secret: bytes, cursor: str | None, now_ms: int) -> View:
    """The records of a search, of one project, next to a cursor; raises QuerySyntaxError.

    A cursor of another search begins again.
    """
    again = False
    try:
        page = search.page(tx, wanted, limit=limit, secret=secret, cursor=cursor, checked_rows=CHECKED_ROWS)
    except CursorError:
        page, again = search.page(tx, wanted, limit=limit, secret=secret, checked_rows=CHECKED_ROWS), True
    span = span_of(tx, wanted, now_ms)
    within = Search(
        wanted.projects, wanted.text, max(wanted.since_ms or 0, span.since_ms), wanted.until_ms, wanted.where
    )
    counted = histogram.histogram(
        tx, within, bucket_ms=span.bucket_ms, counted_ids=COUNTED_IDS, checked_rows=COUNTED_ROWS
    )
    return View(page, again, counted, span, following.newest_seq(tx))


def span_of(tx: Tx, wanted: Search, now_ms: int) -> Span:
    """The time of a search in whole buckets: from its beginning, or the oldest record, to its end, or now."""
    until = now_ms + 1 if wanted.until_ms is None else wanted.until_ms
    since = wanted.since_ms
    if since is None:
        edges = events.edges(tx, wanted.projects[0])
        since = min(edges[0] if edges else until - 60 * MINUTE_MS, until - 1)
    since = min(since, until - 1)
    size = _MINUTES[-1] * MINUTE_MS
    for minutes in _MINUTES:
        if until - since <= minutes * MINUTE_MS * MOST_BUCKETS:
            size = minutes * MINUTE_MS
            break
    return Span(since // size * size, -(-until // size) * size, size)
