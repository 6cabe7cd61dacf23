"""One record: all that is known of it, what to search for next, and what happened around it."""

from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from logserver.core import records
from logserver.core.searching.around import Around, around
from logserver.core.searching.fields import MOST_FIELDS, fields
from logserver.core.searching.lines import cut, line
from logserver.core.searching.terms import narrowed, term
from logserver.core.times import iso_text
from logserver.store.errors import QuerySyntaxError
from logserver.store.events import Event
from logserver.store.ids import Spelling, id_ms, uuid_text
from logserver.store.query import Leaf
from logserver.store.tx import Tx
from logserver.store.words import MAX_VALUE, severity
from logserver.web.answers import download
from logserver.web.formats import pretty
from logserver.web.logs.asked import CUSTOM, Asked
from logserver.web.visit import Visit

MOST_AROUND = 10
MOST_MESSAGE = 20_000
MOST_VALUE = 2_000
MOST_JSON = 40_000
_SAME = ("trace_id", "request_id", "session_id", "user_id", "service", "logger")
"""Fields by which records belong together."""
_NEAR_MS = 300_000


class Field(NamedTuple):
    """A field of a record, and the searches it leads to."""

    name: str
    value: str
    only: str | None
    without: str | None
    column: str | None


class Link(NamedTuple):
    """A way on from a record."""

    name: str
    url: str


async def record(visit: Visit) -> Response:
    """The record with a public id; ``as=json`` in the query gives it whole. Raises NotFound."""
    spelled, project = visit.request.params["event"], visit.project
    spelling = visit.site.resources.database.spelling
    event, near = await visit.site.resources.database.read(_find, project.number, spelled, spelling, visit.partial)
    whole = records.record(event, project.slug, spelling)
    if visit.query.get("as") == "json":
        return download(pretty(whole), f"{project.slug}-{whole['id']}.json", "application/json")
    text = pretty(whole)
    shown: dict[str, Any] = {
        "event": event,
        "at": id_ms(event.id),
        "id": whole["id"],
        "level": severity(event.level),
        "message": cut(event.message, MOST_MESSAGE),
        "message_cut": len(event.message) > MOST_MESSAGE,
        "fields_shown": _fields(visit, event),
        "most_fields": MOST_FIELDS,
        "links": _links(visit, event),
        "json": text if len(text) <= MOST_JSON else None,
    }
    if visit.partial:
        return visit.page("logs/record_part.html", **shown)
    columns = Asked(visit).columns
    return visit.page(
        "logs/record.html",
        **shown,
        after=[line(each, spelling, columns) for each in near.after],
        here=line(event, spelling, columns),
        before=[line(each, spelling, columns) for each in near.before],
        columns=columns,
    )


def _find(tx: Tx, project: int, spelled: str, spelling: Spelling, partial: bool) -> tuple[Event, Around]:  # noqa: FBT001 - of the request
    event = records.find(tx, project, spelled, spelling)
    if partial:
        return event, Around([], [])
    return event, around(tx, project, event, most=MOST_AROUND, at_ms=id_ms(event.id))


def _fields(visit: Visit, event: Event) -> list[Field]:
    """The fields, the record's own first; the searches go on from the one that the address carries."""
    asked = Asked(visit)
    if asked.since_ms is not None and id_ms(event.id) < asked.since_ms:
        asked.range = "all"  # a search that could not find this very record would surprise
    own: list[tuple[str, Any]] = [("type", event.type), ("level", severity(event.level))]
    if event.error_group is not None:
        own.append(("group", uuid_text(event.error_group)))
    found = []
    for name, value in (*own, *fields(event.context)):
        leaf = term(name, value)
        columns = ",".join(dict.fromkeys((*asked.columns, name)))
        found.append(
            Field(
                cut(name, MOST_VALUE),
                cut(_spelled(value), MOST_VALUE),
                _narrowed(asked, leaf, exclude=False),
                _narrowed(asked, leaf, exclude=True),
                asked.url(columns=columns) if leaf is not None and "," not in name else None,
            )
        )
    return found


def _narrowed(asked: Asked, leaf: Leaf | None, *, exclude: bool) -> str | None:
    if leaf is None:
        return None
    try:
        text = narrowed(asked.text, leaf, exclude=exclude)
    except QuerySyntaxError:
        text = narrowed("", leaf, exclude=exclude)
    return asked.url(q=text) if text is not None else None


def _spelled(value: Any) -> str:
    if value is None:
        return "null"
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _links(visit: Visit, event: Event) -> list[Link]:
    """Its error group, its trace, and the records that have something in common with it, near in time."""
    found = []
    if event.error_group is not None:
        found.append(Link("Its error group", visit.place(f"/groups/{uuid_text(event.error_group)}")))
    trace = event.context.get("trace_id")
    if isinstance(trace, str) and 0 < len(trace) <= MAX_VALUE:
        found.append(Link("Its trace", visit.place(f"/traces/{quote(trace, safe='')}")))
    at = id_ms(event.id)
    near = {"range": CUSTOM, "from": iso_text((at - _NEAR_MS) * 1000), "to": iso_text((at + _NEAR_MS) * 1000)}
    found.append(Link("All within 5 minutes", visit.place("/logs", **near)))
    for name in _SAME:
        leaf = term(name, event.context.get(name))
        if leaf is not None:
            said = f"Same {name.removesuffix('_id')} within 5 minutes"
            found.append(Link(said, visit.place("/logs", q=narrowed("", leaf), **near)))
    return found
