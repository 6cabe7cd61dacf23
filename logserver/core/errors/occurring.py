"""The occurrences of an error group one by one, and what was logged around each."""

from typing import NamedTuple

from logserver.core.errors.groups import Group
from logserver.store import cursor, events, search
from logserver.store.cursor import Place
from logserver.store.events import Event
from logserver.store.ids import LOCAL_BITS, LOCAL_MASK, id_ms
from logserver.store.query import Facet, Node, conjunction, disjunction
from logserver.store.search import Search
from logserver.store.tx import Tx
from logserver.store.words import MAX_VALUE

RELATED_MS = 300_000
"""How far from an error what else happened is looked for, either way."""

MOST_RELATED = 50

_TIES = ("trace_id", "request_id", "session_id", "user_id")


class Occurrence(NamedTuple):
    """An occurrence and its neighbours, which are None at the ends and where retention took them."""

    event: Event
    older: int | None
    """The ``legacy_id`` of the occurrence before it."""
    newer: int | None


class Related(NamedTuple):
    """A log entry near an error, and what the two have in common: names of attributes."""

    event: Event
    shared: list[str]


def occurrence(tx: Tx, group: Group, legacy_id: int | None = None) -> Occurrence | None:
    """An occurrence of a group by its ``legacy_id``, without one the newest that is kept; None where it is not."""
    project, wanted = group.project, Facet("group", group.uuid)
    if legacy_id is None:
        legacy_id = _next_to(tx, project, wanted, Place(newer=False, boundary=cursor.TOP))
    if legacy_id is None or not 0 <= legacy_id <= LOCAL_MASK:
        return None
    event = events.read(tx, project << LOCAL_BITS | legacy_id)
    if event is None or event.error_group != group.id:
        return None
    here = cursor.order(event.id)
    older = _next_to(tx, project, wanted, Place(newer=False, boundary=here))
    newer = _next_to(tx, project, wanted, Place(newer=True, boundary=here + 1))
    return Occurrence(event, older, newer)


def _next_to(tx: Tx, project: int, wanted: Node, place: Place) -> int | None:
    found, _ = search.older(tx, Search((project,), where=wanted), limit=1, place=place)
    return found[0].id & LOCAL_MASK if found else None


def related(tx: Tx, error: Event) -> list[Related]:
    """Log entries of the same trace, request, session or user within five minutes of an error, oldest first.

    At most 50, those nearest to it in time.
    """
    ties = ties_of(error)
    if not ties:
        return []
    same = disjunction([Facet(name, value) for name, value in ties.items()])
    wanted = Search(
        (error.id >> LOCAL_BITS,),
        since_ms=id_ms(error.id) - RELATED_MS,
        until_ms=id_ms(error.id) + RELATED_MS + 1,
        where=conjunction((Facet("type", "log"), same)),
    )
    here = cursor.order(error.id)
    before, _ = search.older(tx, wanted, limit=MOST_RELATED, place=Place(newer=False, boundary=here))
    after, _ = search.older(tx, wanted, limit=MOST_RELATED, place=Place(newer=True, boundary=here))
    near = sorted((*before, *after), key=lambda event: abs(event.time - error.time))[:MOST_RELATED]
    return [
        Related(event, [name for name, value in ties_of(event).items() if ties.get(name) == value])
        for event in sorted(near, key=lambda event: event.id)
    ]


def ties_of(event: Event) -> dict[str, str]:
    """What an event says it belongs to, by attribute: trace, request, session, user; as the index spells them."""
    found = {}
    for name in _TIES:
        value = event.context.get(name)
        text = str(value).lower() if type(value) in {str, int} else ""
        if text.strip() and len(text) <= MAX_VALUE:
            found[name] = text
    return found
