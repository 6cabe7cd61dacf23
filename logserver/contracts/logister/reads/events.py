"""Events: a page of a search and the way on from it, what arrived since, and one by its id."""

import msgspec

from logserver.api.fields import Fields
from logserver.contracts.logister.reads import wire
from logserver.contracts.logister.reads.asking import LONGEST_TEXT, Asked, fields_of, limit_of, moment_of
from logserver.core.projects import Project
from logserver.core.records import find, record
from logserver.store import cursor as cursors
from logserver.store import events as stored
from logserver.store import polling, search
from logserver.store.errors import ReadTimeout
from logserver.store.query import Compare, Facet, Node, conjunction
from logserver.store.search import Search
from logserver.store.syntax import MAX_CHARACTERS
from logserver.store.tx import Tx
from logserver.store.words import MAX_VALUE, TYPES, severity

FACETS = ("type", "level", "environment", "release", "trace_id", "request_id")
"""Parameters that ask for a value of the attribute of the same name."""

_MOST_MS = 999_999_999


def page(tx: Tx, project: Project, asked: Asked) -> wire.FoundEvents:
    """GET …/events: a page newest first, or with ``after_cursor`` what arrived since."""
    fields = fields_of(asked)
    wanted = _search(fields, project, asked)
    limit = limit_of(fields)
    cursor, after = (fields.text(name, longest=LONGEST_TEXT) for name in ("cursor", "after_cursor"))
    if cursor is not None and after is not None:
        fields.wrong("after_cursor", "Cannot go with cursor")
    fields.done()
    if after is not None:
        poll = polling.arrived(tx, wanted, after, limit=limit, secret=asked.secret)
        items = _shown(poll.events, project, asked)
        return wire.FoundEvents(items, None, poll.cursor, partial=poll.more, gap=poll.gap)
    bound = b"page" + msgspec.json.encode((project.uuid, _bound(asked)))
    place = cursors.read(cursor, bound, asked.secret) if cursor is not None else None
    found, onward = search.older(tx, wanted, limit=limit, place=place)
    if not found and onward is not None and onward.boundary == (place.boundary if place else cursors.TOP):
        raise ReadTimeout("the search took too long; narrow it with since, or by other attributes")
    return wire.FoundEvents(
        _shown(found, project, asked),
        cursors.spell(onward, bound, asked.secret) if onward is not None else None,
        polling.now(tx, wanted, asked.secret),
        partial=onward is not None and len(found) < limit,
    )


def one(tx: Tx, project: Project, asked: Asked) -> wire.Event:
    """GET …/events/{id}: an event by its public id; raises NotFound."""
    event = find(tx, project.number, asked.params["id"], asked.spelling)
    return wire.Event(**record(event, project.slug, asked.spelling))


def _shown(found: list[stored.Event], project: Project, asked: Asked) -> list[wire.Event]:
    return [wire.Event(**record(event, project.slug, asked.spelling)) for event in found]


def _search(fields: Fields, project: Project, asked: Asked) -> Search:
    terms: list[Node] = []
    for name in FACETS:
        value = fields.text(name, longest=MAX_VALUE)
        if name == "type" and value is not None and value not in TYPES:
            fields.wrong("type", f"Must be one of {', '.join(TYPES)}")
        elif value is not None and "\0" in value:
            fields.wrong(name, "Must not hold NUL")
        elif value is not None:
            terms.append(Facet(name, severity(value) if name == "level" else value))
    shortest = fields.integer("min_duration_ms", 0, _MOST_MS)
    if shortest is not None:
        terms.append(Compare("duration_ms", ">=", str(shortest)))
    since, until = moment_of(fields, asked, "since"), moment_of(fields, asked, "until")
    if since is not None and until is not None and since >= until:
        fields.wrong("since", "Must be before until")
    text = fields.text("q", longest=MAX_CHARACTERS) or ""
    where = conjunction(terms) if terms else None
    return Search((project.number,), text, since, until, where)


def _bound(asked: Asked) -> list[tuple[str, str]]:
    """What a cursor belongs to: what was asked, as it was spelled, so that ``since=24h`` may move on meanwhile."""
    left_out = {"cursor", "after_cursor", "limit"}
    return sorted((name, value) for name, value in asked.query.items() if value and name not in left_out)
