"""Finds spans: those of a trace, and the roots that traces are listed by."""

from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from logserver.store import events, scan
from logserver.store.events import Event, from_row
from logserver.store.ids import project_range
from logserver.store.plan import plan
from logserver.store.query import And, Facet, Node
from logserver.store.search import Search
from logserver.store.tx import Tx
from logserver.store.words import MAX_VALUE

_COLUMNS = ", ".join(f"e.{name}" for name in events.COLUMNS.split(", "))
_NO_PARENT = "ifnull(json_extract(e.context, '$.parent_span_id'), '') = ''"


class Roots(NamedTuple):
    """Some root spans, newest first."""

    spans: list[Event]
    examined: int | None
    """The packed id down to which spans were examined; None where all of the range were."""


def of_trace(tx: Tx, project: int, trace_id: str, limit: int) -> tuple[list[Event], bool]:
    """The first ``limit`` events that name a trace, by their time, and whether there are more.

    Ids of more than 128 characters are not in the index: nothing is found of them.
    """
    found: list[Event] = []
    if not trace_id or len(trace_id) > MAX_VALUE:
        return found, False
    search = Search((project,), where=Facet("trace_id", trace_id))
    with scan.rows(tx, plan(search.query()).match, search.spans(), newest_first=False) as rows:
        for row in rows:
            event = from_row(row)
            # The index folds the case of letters; ids differ by it.
            if str(event.context.get("trace_id")) != trace_id:
                continue
            if len(found) == limit:
                return found, True
            found.append(event)
    return found, False


def roots(
    tx: Tx,
    project: int,
    since_ms: int,
    until_ms: int,
    *,
    below: int | None,
    name: str,
    environment: str,
    min_duration_ms: float,
    keep: Callable[[Event], bool],
    limit: int,
    examined: int,
) -> Roots:
    """The newest ``limit`` spans without a parent of a time range, below a packed id if one is given.

    ``name`` and ``environment`` are left open where they are empty; ``keep`` decides on each that fits. Of the
    spans that the index finds, at most ``examined`` are looked at.
    """
    low, high = project_range(project, since_ms, until_ms)
    if below is not None:
        high = min(high, below - 1)
    terms: list[Node] = [Facet("type", "span")]
    if environment:
        terms.append(Facet("environment", environment))
    candidates = (
        "SELECT rowid AS id FROM event_words WHERE event_words MATCH ? AND rowid BETWEEN ? AND ?"
        " ORDER BY rowid DESC LIMIT ?"
    )
    wanted = (plan(And(tuple(terms))).match, low, high, examined)
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM ({candidates}) AS c CROSS JOIN events AS e ON e.id = c.id"
        f" WHERE {_NO_PARENT} AND (? = '' OR e.message = ?)"
        " AND (? <= 0 OR json_extract(e.context, '$.duration_ms') >= ?) ORDER BY c.id DESC",
        (*wanted, name, name, min_duration_ms, min_duration_ms),
    )
    found: list[Event] = []
    with closing(rows):
        for row in rows:
            event = from_row(row)
            if keep(event):
                found.append(event)
            if len(found) == limit:
                return Roots(found, event.id)
    walked = tx.execute(f"SELECT count(*), min(id) FROM ({candidates})", wanted).fetchone()
    return Roots(found, walked[1] if walked[0] == examined else None)


def numbers(tx: Tx, project: int, trace_id: str) -> tuple[int, int]:
    """How many spans and how many errors name a trace; ids that differ only by the case of letters count as one."""
    trace = Facet("trace_id", trace_id)
    found = []
    for kind in ("span", "error"):
        match = plan(And((trace, Facet("type", kind)))).match
        (n,) = tx.execute(
            "SELECT count(*) FROM event_words WHERE event_words MATCH ? AND rowid BETWEEN ? AND ?",
            (match, *project_range(project)),
        ).fetchone()
        found.append(int(n))
    return found[0], found[1]


def slowest(
    tx: Tx, project: int, facets: dict[str, str], minutes: list[int], *, at_least_ms: float, limit: int, examined: int
) -> list[Event]:
    """The events with these attributes and the longest durations in some Unix minutes, the longest first.

    Attributes that are empty are left open. Only those of ``at_least_ms``; at most ``examined`` events of each
    minute are looked at.
    """
    found: list[Event] = []
    match = plan(And(tuple(Facet(key, value) for key, value in facets.items() if value))).match
    for minute in minutes:
        low, high = project_range(project, minute * 60_000, (minute + 1) * 60_000)
        rows = tx.execute(
            f"SELECT {_COLUMNS} FROM (SELECT rowid AS id FROM event_words WHERE event_words MATCH ?"
            " AND rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?) AS c CROSS JOIN events AS e ON e.id = c.id"
            " WHERE json_type(e.context, '$.duration_ms') IN ('integer', 'real')"
            " AND json_extract(e.context, '$.duration_ms') >= ?"
            " ORDER BY json_extract(e.context, '$.duration_ms') DESC LIMIT ?",
            (match, low, high, examined, at_least_ms, limit),
        )
        found += [from_row(row) for row in rows.fetchall()]
    found.sort(key=lambda event: -float(event.context["duration_ms"]))
    return found[:limit]
