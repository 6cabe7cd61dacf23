"""Finds events: pages newest first, with cursors that neither skip nor repeat when more arrives.

Reads run inside the caller's snapshot and under the caller's deadline: when it interrupts, what was found so
far is the answer, marked as partial, and the cursor goes on from what is known.
"""

import sqlite3
from collections.abc import Iterator
from enum import Enum, auto

import msgspec

from logserver.store import cursor as cursors
from logserver.store import events, scan
from logserver.store.cursor import Place
from logserver.store.plan import Plan, plan
from logserver.store.query import Node, canonical, conjunction
from logserver.store.rowcheck import Look, check
from logserver.store.syntax import parse
from logserver.store.tokens import Tokenizer
from logserver.store.tx import Tx

CHECKED_ROWS = 20_000
"""How many rows one page may examine where the index cannot decide: some 100 ms."""

NEWEST_ROWS = 2_000
"""How many rows are looked at before the index is asked for a prefix, which it has to collect as a whole."""


class Search(msgspec.Struct, frozen=True):
    """A question: which projects, what text in the query language, and from when until when."""

    projects: tuple[int, ...]
    text: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    """The first millisecond left out."""
    where: Node | None = None
    """What must hold beside the text, whatever the text says."""

    def query(self) -> Node:
        """The tree of the question; raises QuerySyntaxError."""
        query = parse(self.text)
        return query if self.where is None else conjunction((self.where, query))

    def spans(self, place: Place | None = None) -> list[scan.Span]:
        """The ranges of ids to look at, on from ``place``."""
        return scan.spans(self.projects, self.since_ms, self.until_ms, place)


class Page(msgspec.Struct, frozen=True):
    """Events, newest first, and the way to both neighbours."""

    events: list[events.Event]
    next: str | None
    """The cursor of the older page; None where nothing older is left."""
    previous: str | None
    """The cursor of the newer page, which may be empty; None on a first page."""
    partial: bool
    """Whether rows or time were used up first: the page is short, and the cursor goes on from there."""


class _Stop(Enum):
    END = auto()
    FULL = auto()
    SPENT = auto()
    INTERRUPTED = auto()


class _Catch:
    """What a walk has found so far, and how far it came."""

    def __init__(self, limit: int, place: Place, tokenizer: Tokenizer) -> None:
        self.limit = limit
        self.place = place
        """Where to go on: what lies before is either found or no match."""
        self.rows: list[events.Row] = []
        self._tokenizer = tokenizer
        self._examined = 0

    def draw(self, walk: Iterator[events.Row], wanted: Node | None, budget: int | None) -> _Stop:
        """Examine rows until there is one more than the limit, or ``budget`` rows in all were examined."""
        decide = check(wanted, self._tokenizer) if wanted is not None else None
        newer = self.place.newer
        for row in walk:
            if budget is not None and self._examined >= budget:
                return _Stop.SPENT
            self._examined += 1
            if decide is None or decide(Look(row, self._tokenizer)):
                if len(self.rows) == self.limit:
                    return _Stop.FULL
                self.rows.append(row)
            self.place = Place(newer, cursors.order(row[0]) + newer)
        return _Stop.END


def page(
    tx: Tx,
    search: Search,
    *,
    limit: int,
    secret: bytes,
    cursor: str | None = None,
    checked_rows: int = CHECKED_ROWS,
    newest_rows: int = NEWEST_ROWS,
) -> Page:
    """The newest ``limit`` (at least 1) events of a search, or those next to a cursor of the same search.

    Raises QuerySyntaxError for the text and CursorError for a cursor of another search; the limit may change
    from page to page. Where numbers are compared or attributes only asked to be there, at most
    ``checked_rows`` rows are examined for a page; then, as when the caller's deadline interrupts, the page is
    partial.
    """
    query = search.query()
    bound = msgspec.json.encode((canonical(query), sorted(set(search.projects)), search.since_ms, search.until_ms))
    start = cursors.read(cursor, bound, secret) if cursor is not None else None
    with Tokenizer() as tokenizer:
        catch = _Catch(limit, start or Place(newer=False, boundary=cursors.TOP), tokenizer)
        stop = _find(tx, search, plan(query), catch, checked_rows=checked_rows, newest_rows=newest_rows)
    onward = catch.place if stop is not _Stop.END else None
    found, back = catch.rows, None
    if start and start.newer:
        found.reverse()
        back = Place(newer=False, boundary=cursors.order(found[-1][0]) if found else start.boundary)
    elif start:
        back = Place(newer=True, boundary=cursors.order(found[0][0]) + 1 if found else start.boundary)
    older, newer = (back, onward) if start and start.newer else (onward, back)
    return Page(
        events=[events.from_row(row) for row in found],
        next=cursors.spell(older, bound, secret) if older else None,
        previous=cursors.spell(newer, bound, secret) if newer else None,
        partial=stop in {_Stop.SPENT, _Stop.INTERRUPTED} and len(found) < limit,
    )


def older(
    tx: Tx, search: Search, *, limit: int, place: Place | None, checked_rows: int = CHECKED_ROWS
) -> tuple[list[events.Event], Place | None]:
    """The newest ``limit`` events of a search, or those on from a place; and the place to go on from, if any.

    As page(), but without a way back, and with a cursor that is the caller's to spell (cursor.spell).
    """
    with Tokenizer() as tokenizer:
        catch = _Catch(limit, place or Place(newer=False, boundary=cursors.TOP), tokenizer)
        stop = _find(tx, search, plan(search.query()), catch, checked_rows=checked_rows, newest_rows=NEWEST_ROWS)
    return [events.from_row(row) for row in catch.rows], catch.place if stop is not _Stop.END else None


def _find(tx: Tx, search: Search, planned: Plan, catch: _Catch, *, checked_rows: int, newest_rows: int) -> _Stop:
    newest_first = not catch.place.newer
    try:
        if planned.prefix:
            with scan.rows(tx, None, search.spans(catch.place), newest_first=newest_first) as walk:
                stop = catch.draw(walk, planned.query, newest_rows)
            if stop is not _Stop.SPENT:
                return stop
        with scan.rows(tx, planned.match, search.spans(catch.place), newest_first=newest_first) as walk:
            return catch.draw(walk, planned.check, checked_rows if planned.check is not None else None)
    except sqlite3.OperationalError as error:
        scan.raise_unless_interrupted(error)
        return _Stop.INTERRUPTED
