"""Counts events over time: from the per-minute counts where they can answer, else from the index."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import msgspec

from logserver.store import scan
from logserver.store.ids import id_ms
from logserver.store.plan import Plan, plan
from logserver.store.query import And, Facet, Node, Not, Or, folded
from logserver.store.rowcheck import Look, check
from logserver.store.search import CHECKED_ROWS, Search
from logserver.store.tokens import Tokenizer
from logserver.store.tx import Tx

MINUTE_MS = 60_000
_ALL_TIME_MS = MINUTE_MS << 30
OTHER = "~other"
"""What the counts call every environment beyond a project's bound."""

_COUNTED = ("type", "level", "environment")


class Bucket(msgspec.Struct, frozen=True):
    """The events from ``start_ms`` until the next bucket."""

    start_ms: int
    total: int
    levels: dict[str, int]
    """By severity; empty where only the index could answer."""


class Histogram(msgspec.Struct, frozen=True):
    """Buckets in order of time; those without events are left out."""

    buckets: list[Bucket]
    partial: bool
    """Whether rows or time were used up: older events may be missing from the totals."""


class Count(msgspec.Struct, frozen=True):
    """How many events a search finds; at least so many where it is partial."""

    total: int
    partial: bool


def histogram(
    tx: Tx, search: Search, *, bucket_ms: int, checked_rows: int = CHECKED_ROWS, counted_ids: int | None = None
) -> Histogram:
    """How many events of a search fall into each ``bucket_ms`` (a multiple of a minute) of Unix time.

    A search for nothing but type, level and environment is answered from the counts: split by severity, and
    by whole minutes, so that the minutes in which the search begins and ends count as a whole. Any other is
    counted in the index, newest first, without the split, up to ``counted_ids``; where rows have to be
    examined, up to ``checked_rows`` of them.
    """
    query = search.query()
    totals: Counter[int] = Counter()
    levels: dict[int, Counter[str]] = {}
    partial = False
    try:
        dimensions = _dimensions(tx, search, query)
        if dimensions is None:
            rest = _Rest()
            ids = _at_most(counted_ids, _ids(tx, search, plan(query), checked_rows, rest), rest)
            totals.update(id_ms(event_id) // bucket_ms * bucket_ms for event_id in ids)
            partial = rest.left
        else:
            for start_ms, level, n in _from_counts(tx, search, dimensions, bucket_ms):
                totals[start_ms] += n
                levels.setdefault(start_ms, Counter())[level] += n
    except sqlite3.OperationalError as error:
        scan.raise_unless_interrupted(error)
        partial = True
    return Histogram([Bucket(at, totals[at], dict(levels.get(at, ()))) for at in sorted(totals)], partial)


def count(tx: Tx, search: Search, *, checked_rows: int = CHECKED_ROWS) -> Count:
    """How many events a search finds, by the same means and with the same bounds as ``histogram``."""
    counted = histogram(tx, search, bucket_ms=_ALL_TIME_MS, checked_rows=checked_rows)
    return Count(sum(bucket.total for bucket in counted.buckets), counted.partial)


class _Rest:
    """Whether rows were left unexamined."""

    left = False


def _at_most(most: int | None, ids: Generator[int, None, None], rest: _Rest) -> Iterator[int]:
    with closing(ids):  # what it has opened must not wait for the garbage collector
        for counted, event_id in enumerate(ids):
            if counted == most:
                rest.left = True
                return
            yield event_id


def _ids(tx: Tx, search: Search, planned: Plan, checked_rows: int, rest: _Rest) -> Generator[int, None, None]:
    if planned.check is None:
        with scan.matching_ids(tx, planned.match, search.spans()) as walk:
            for (event_id,) in walk:
                yield event_id
        return
    with Tokenizer() as tokenizer, scan.rows(tx, planned.match, search.spans()) as rows:
        decide = check(planned.check, tokenizer)
        for examined, row in enumerate(rows):
            if examined >= checked_rows:
                rest.left = True
                return
            if decide(Look(row, tokenizer)):
                yield row[0]


def _dimensions(tx: Tx, search: Search, query: Node) -> dict[int, dict[int, str]] | None:
    """By project the levels of the dimensions that satisfy the query, or None where counts cannot tell."""
    decide = _decider(query)
    if decide is None:
        return None
    by_environment = "environment" in _fields(query)
    found: dict[int, dict[int, str]] = {}
    for project in sorted(set(search.projects)):
        found[project] = {}
        known = tx.execute("SELECT id, type, level, environment FROM dimensions WHERE project = ?", (project,))
        for number, *names in known.fetchall():
            if by_environment and names[2] == OTHER:
                return None
            if decide(dict(zip(_COUNTED, map(folded, names), strict=True))):
                found[project][number] = names[1]
    return found


def _fields(query: Node) -> set[str]:
    match query:
        case Facet(key):
            return {key}
        case Not(term):
            return _fields(term)
        case And(terms) | Or(terms):
            return set().union(*map(_fields, terms))
        case _:
            return set()


def _decider(query: Node) -> Callable[[dict[str, str]], bool] | None:
    """Decides on type, level and environment alone; None where the query asks for more."""
    match query:
        # Without an environment is not the same as with an empty one, but the counts hold both as one.
        case Facet(key, value, False) if key in _COUNTED and value:
            wanted = folded(value)
            return lambda names: names[key] == wanted
        case Not(term):
            denied = _decider(term)
            return None if denied is None else lambda names: not denied(names)
        case And(terms) | Or(terms):
            several = [one for one in map(_decider, terms) if one is not None]
            if len(several) < len(terms):
                return None
            quantifier = all if isinstance(query, And) else any
            return lambda names: quantifier(one(names) for one in several)
        case _:
            return None


def _from_counts(
    tx: Tx, search: Search, dimensions: dict[int, dict[int, str]], bucket_ms: int
) -> Iterator[tuple[int, str, int]]:
    since = (search.since_ms or 0) // MINUTE_MS
    until = -(-search.until_ms // MINUTE_MS) if search.until_ms is not None else 1 << 62
    for project, levels in dimensions.items():
        counted = tx.execute(
            "SELECT minute / ?, dimension, sum(n) FROM counts"
            " WHERE project = ? AND minute >= ? AND minute < ? GROUP BY 1, 2",
            (bucket_ms // MINUTE_MS, project, since, until),
        )
        for bucket, dimension, n in counted:
            if dimension in levels:
                yield bucket * bucket_ms, levels[dimension], n
