"""Reading the trail: filters, pages, and what of an event the one who asks may see."""

import re
from typing import Any, NamedTuple

import msgspec

from logserver.api.fields import Fields
from logserver.contracts.logstitch import kinds
from logserver.contracts.logstitch.chain import hashes_of
from logserver.contracts.logstitch.events import ACTOR_TYPES, CATEGORIES, MAX_ACTION, MAX_NAME, public_id, published
from logserver.contracts.logstitch.kinds import Kind
from logserver.core.faults import Forbidden
from logserver.core.projects import Project
from logserver.store import cursor as cursors
from logserver.store import search
from logserver.store.cursor import Place
from logserver.store.events import Event
from logserver.store.ids import Spelling
from logserver.store.query import Exact, Facet, Node, Text, conjunction
from logserver.store.search import Search
from logserver.store.tx import Tx

USUAL_LIMIT = 50
MOST = 100
_SEARCHED_IN = ("actor", "target", "context", "metadata", "changes")
_WORD = re.compile(r"[^\W_]", re.UNICODE)
_MAX_SEARCH = 500
_LOOKED_AT_FIRST = 100
"""Events that are looked at one by one before the index is asked for all of a question: a millisecond."""


class Filters(NamedTuple):
    """What GET /events asks for; times are Unix milliseconds, both inclusive."""

    tenant_id: str | None
    actor_id: str | None
    actor_type: str | None
    action: str | None
    category: str | None
    target_id: str | None
    target_type: str | None
    start_ms: int | None
    end_ms: int | None
    search: str | None
    cursor: str | None
    limit: int


class Audience(NamedTuple):
    """Whose eyes an answer is for: a tenant it is forced upon, and the fields it shows (None: all)."""

    tenant_id: str | None = None
    fields: tuple[str, ...] | None = None


EVERYBODY = Audience()


class Page(NamedTuple):
    """Events as they are shown, newest first, and the cursor of the next page, if there is more."""

    events: list[dict[str, Any]]
    cursor: str | None
    packed: tuple[int, ...] = ()
    """The packed id of each, which is shown to nobody."""


def read_filters(query: dict[str, str]) -> Filters:
    """The filters of a query; raises Invalid naming every parameter that is wrong.

    A filter without a value is none, but for the tenant's: who forgot whose events to show must not show all.
    """
    fields = Fields({name: value for name, value in query.items() if value or name == "tenant_id"}, query=True)
    action = fields.text("action", longest=MAX_ACTION)
    searched = fields.text("search", longest=_MAX_SEARCH)
    if searched is not None and not _WORD.search(searched):
        fields.wrong("search", "Must hold a letter or a digit")
    if searched is not None and "\0" in searched:
        fields.wrong("search", "Must not hold NUL")
    start, end = fields.moment("start_date"), fields.moment("end_date", end=True)
    limit = fields.integer("limit", 1, MOST)
    filters = Filters(
        tenant_id=fields.text("tenant_id", longest=MAX_NAME),
        actor_id=fields.text("actor_id", longest=MAX_NAME),
        actor_type=fields.choice("actor_type", ACTOR_TYPES),
        action=action,
        category=fields.choice("category", CATEGORIES),
        target_id=fields.text("target_id", longest=MAX_NAME),
        target_type=fields.text("target_type", longest=MAX_NAME),
        # A bound within a millisecond leaves out, or takes in, the whole of it.
        start_ms=None if start is None else -(-start // 1000),
        end_ms=None if end is None else end // 1000,
        search=searched,
        cursor=query.get("cursor") or None,  # whatever is no cursor is refused as one of another list
        limit=limit if limit is not None else USUAL_LIMIT,
    )
    fields.done()
    return filters


def page(tx: Tx, project: Project, filters: Filters, *, audience: Audience, spelling: Spelling, secret: bytes) -> Page:
    """A page of a project's audit events for an audience.

    Raises CursorError for a cursor of other filters, and Forbidden where a filter looks into what the audience
    does not see.
    """
    require_sight(filters, audience)
    asked = Kind(filters.action, filters.category, filters.actor_type, filters.target_type)
    few = kinds.terms(tx, project.number, asked)
    # The cursor is bound to what was asked, not to how it is found: that may change as events arrive.
    bound = msgspec.json.encode((project.uuid, filters._replace(cursor=None, limit=0), audience))
    place = cursors.read(filters.cursor, bound, secret) if filters.cursor is not None else None
    if few is None:
        return Page([], None)
    many = _terms(filters, audience)
    found, onward = _find(tx, project, filters, (many, few, kinds.looked_at(asked)), place)
    if onward is not None and len(found) == filters.limit:
        # A cursor tells where it stands; it stands at an event that was shown, not at one that was passed over.
        onward = Place(newer=False, boundary=cursors.order(found[-1].id))
    hashes = hashes_of(tx, [event.id for event in found])
    shown = [_shown(event, hashes.get(event.id, b""), spelling, audience) for event in found]
    spelled = cursors.spell(onward, bound, secret) if onward is not None else None
    return Page(shown, spelled, tuple(event.id for event in found))


def _find(
    tx: Tx, project: Project, filters: Filters, terms: tuple[list[Node], list[Node], list[Node]], place: Place | None
) -> tuple[list[Event], Place | None]:
    """A page of events, and where to go on; ``terms`` are of fields with many values, with few, and these looked at.

    Where both are asked for, some events that have the former are looked at for the latter first: mostly that is
    the page already, while the index would go through long lists of what is everywhere.
    """
    many, few, looked_at = terms

    def find(where: list[Node], limit: int, place: Place | None, rows: int) -> tuple[list[Event], Place | None]:
        until = None if filters.end_ms is None else filters.end_ms + 1
        own = [] if any(isinstance(term, Exact) for term in where) else [_EVERY_AUDIT_EVENT]
        asked = Search((project.number,), since_ms=filters.start_ms, until_ms=until, where=conjunction([*own, *where]))
        return search.older(tx, asked, limit=limit, place=place, checked_rows=rows)

    if not (many and few):
        return find([*many, *few], filters.limit, place, search.CHECKED_ROWS)
    found, place = find([*many, *looked_at], filters.limit, place, _LOOKED_AT_FIRST)
    if place is None or len(found) == filters.limit:
        return found, place
    more, place = find([*many, *few], filters.limit - len(found), place, search.CHECKED_ROWS)
    return found + more, place


_EVERY_AUDIT_EVENT = Facet("type", "audit")


def _terms(filters: Filters, audience: Audience) -> list[Node]:
    """What is asked of the fields that have many values."""
    terms: list[Node] = []
    if audience.tenant_id is not None:
        terms.append(Exact("tenant_id", audience.tenant_id))
    for key, value in (
        ("tenant_id", filters.tenant_id),
        ("actor.id", filters.actor_id),
        ("target.id", filters.target_id),
    ):
        if value is not None:
            terms.append(Exact(key, value))
    if filters.search is not None:
        terms += [Text(word) for word in filters.search.split() if _WORD.search(word)]
    return terms


def require_sight(filters: Filters, audience: Audience) -> None:
    """Raise Forbidden where a filter could tell what the audience is not shown."""
    if audience.fields is None:
        return
    # Its own tenant is no secret to a viewer, and of any other it finds nothing.
    asked = (
        ("actor.id", filters.actor_id),
        ("actor.type", filters.actor_type),
        ("action", filters.action),
        ("category", filters.category),
        ("target.id", filters.target_id),
        ("target.type", filters.target_type),
        ("occurred_at", filters.start_ms),
        ("occurred_at", filters.end_ms),
    )
    for field, value in asked:
        if value is not None and not {field, field.partition(".")[0]} & set(audience.fields):
            raise Forbidden(f"this viewer token does not show {field}, so it cannot filter by it")
    if filters.search is not None and not {"action", *_SEARCHED_IN} <= set(audience.fields):
        raise Forbidden("this viewer token does not show every field that a search looks into")


def _shown(event: Event, hash_: bytes, spelling: Spelling, audience: Audience) -> dict[str, Any]:
    whole = published(event, public_id(event, spelling)) | {"content_hash": hash_.hex()}
    if audience.fields is None:
        return whole
    shown: dict[str, Any] = {"id": whole["id"]}
    for path in audience.fields:
        outer, _, inner = path.partition(".")
        value = whole.get(outer)
        if not inner:
            if outer in whole:
                shown[outer] = value
        elif isinstance(value, dict) and inner in value and not isinstance(shown.get(outer), list | str):
            shown[outer] = {**shown.get(outer, {}), inner: value[inner]}
    return shown
