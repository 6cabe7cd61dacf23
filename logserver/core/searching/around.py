"""What happened just before and just after a record."""

from typing import NamedTuple

from logserver.store import cursor, search
from logserver.store.cursor import Place
from logserver.store.events import Event
from logserver.store.query import Node
from logserver.store.search import Search
from logserver.store.tx import Tx

WITHIN_MS = 3_600_000
"""How far before and after it is looked, so that a rare match is not looked for in all there is."""


class Around(NamedTuple):
    """Both newest first."""

    after: list[Event]
    before: list[Event]


def around(tx: Tx, project: int, event: Event, *, most: int, at_ms: int, where: Node | None = None) -> Around:
    """The ``most`` events of a project on each side of one that was filed under ``at_ms``, within an hour of it."""
    within = Search((project,), "", at_ms - WITHIN_MS, at_ms + WITHIN_MS, where)
    here = cursor.order(event.id)
    before, _ = search.older(tx, within, limit=most, place=Place(newer=False, boundary=here))
    after, _ = search.older(tx, within, limit=most, place=Place(newer=True, boundary=here + 1))
    return Around(after[::-1], before)
