"""The trail as a file: all of it in the order of its chain, to be verified; or what the filters find, newest first."""

from collections.abc import AsyncIterator, Callable

import msgspec
from starlette.responses import Response, StreamingResponse

from logserver.contracts.logstitch import export
from logserver.contracts.logstitch.links import NO_HEAD, Head
from logserver.contracts.logstitch.reading import EVERYBODY, MOST, Filters, Page, page, read_filters
from logserver.core.faults import Invalid
from logserver.store.tx import Tx
from logserver.web.audit.entries import asked
from logserver.web.visit import Visit

LINKS = 500
"""Links that are read at a time: on many short snapshots, so that sending may take as long as it likes."""

_encode = msgspec.json.Encoder().encode
_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


async def download(visit: Visit) -> Response:
    """``format`` trail: the whole trail as JSON lines; jsonl or csv: the events that the filters find.

    Raises Invalid for another format and for filters that are wrong.
    """
    form = visit.query.get("format", "")
    if form == "trail":
        return _sent(visit, _trail(visit), "trail.jsonl", _TYPES["jsonl"])
    if form not in _TYPES:
        raise Invalid([("format", "is trail, jsonl or csv")])
    filters = read_filters(asked(visit.query))._replace(limit=MOST)
    first = await _page(visit, filters)
    return _sent(visit, _found(visit, filters, first, _csv if form == "csv" else _lines), f"audit.{form}", _TYPES[form])


def _sent(visit: Visit, parts: AsyncIterator[bytes], name: str, media: str) -> Response:
    named = f'attachment; filename="{visit.project.slug}-{name}"'
    return StreamingResponse(parts, headers={"Content-Type": media, "Content-Disposition": named})


async def _trail(visit: Visit) -> AsyncIterator[bytes]:
    database, project = visit.site.resources.database, visit.project
    yield export.opening(project, visit.site.chain.public)
    before, last = None, NO_HEAD

    def read_on(tx: Tx, after: Head) -> tuple[bytes, Head]:
        return export.lines_on(tx, project, database.spelling, after, most=LINKS)

    while last != before:
        before = last
        lines, last = await database.read(read_on, before)
        yield lines
    yield await database.read(export.closing, project)


async def _found(visit: Visit, filters: Filters, found: Page, spelled: Callable[[Page], bytes]) -> AsyncIterator[bytes]:
    if spelled is _csv:
        yield export.csv_row(export.COLUMNS)
    yield spelled(found)
    while found.cursor is not None:
        found = await _page(visit, filters._replace(cursor=found.cursor))
        yield spelled(found)


async def _page(visit: Visit, filters: Filters) -> Page:
    database, project = visit.site.resources.database, visit.project

    def look(tx: Tx) -> Page:
        return page(tx, project, filters, audience=EVERYBODY, spelling=database.spelling, secret=database.secret)

    return await database.read(look)


def _lines(found: Page) -> bytes:
    return b"".join(_encode(event) + b"\n" for event in found.events)


def _csv(found: Page) -> bytes:
    return b"".join(export.csv_row(export.cells(event, event["content_hash"], None)) for event in found.events)
