"""The result of a search as a file, streamed page by page, and how far it has come."""

import re
import secrets
from collections.abc import AsyncIterator
from functools import partial

from starlette.responses import Response

from logserver.core.faults import Invalid, NotFound
from logserver.core.searching.export import Format, Kind, kind, part
from logserver.core.searching.exports import Progress
from logserver.store.cursor import TOP, Place
from logserver.store.errors import ReadTimeout
from logserver.store.search import Search
from logserver.web.answers import Stream, attachment, json
from logserver.web.formats import iso
from logserver.web.logs.asked import Asked
from logserver.web.logs.welcome import still_welcome
from logserver.web.visit import Visit

MEDIA: dict[str, tuple[Format, str]] = {
    "jsonl": ("jsonl", "application/x-ndjson"),
    "csv": ("csv", "text/csv; charset=utf-8"),
}
_NAME = re.compile("[A-Za-z0-9-]{1,64}", re.ASCII)
_LOOK_SECONDS = 5.0
_TOO_LONG = "The search takes longer than it may. Choose a shorter time, or fewer words that begin with a star."
_GONE = "Your session has ended, or you are not in this project any more."


async def export(visit: Visit) -> Response:
    """What a search finds, newest first, as a file in ``format``: jsonl or csv.

    ``name`` is what the export is called where its progress is asked for.
    """
    asked = Asked(visit)
    if asked.wrong is not None:
        raise Invalid([("q", asked.wrong.message)])
    if asked.problems:
        raise Invalid(list(asked.problems.items()))
    form, media = MEDIA.get(visit.query.get("format", "jsonl"), (None, ""))
    if form is None:
        raise Invalid([("format", "must be jsonl or csv")])
    name = visit.query.get("name") or secrets.token_hex(8)
    if not _NAME.fullmatch(name):
        raise Invalid([("name", "must be 1 to 64 letters, digits and hyphens")])
    exports = visit.site.exports
    progress = exports.begin(visit.user.uuid, name)
    written = kind(form, visit.project.slug, visit.site.resources.database.spelling, asked.columns)
    # What arrives while it runs is not in it, so that it has an end.
    wanted = asked.search()
    stamp = re.sub("[^0-9]", "", iso(visit.now_ms)[:19])
    return Stream(
        _parts(visit, wanted, written, progress),
        partial(exports.end, progress),
        media=media,
        headers=attachment(f"{visit.project.slug}-{stamp}.{form}"),
    )


async def progress(visit: Visit) -> Response:
    """How far an export of the user has come, as JSON; raises NotFound."""
    found = visit.site.exports.find(visit.user.uuid, visit.query.get("name", ""))
    if found is None:
        raise NotFound("there is no such export")
    shown = {"events": found.events, "bytes": found.bytes, "state": found.state, "reason": found.reason}
    return json(shown)


async def _parts(visit: Visit, wanted: Search, written: Kind, progress: Progress) -> AsyncIterator[bytes]:
    clock, database = visit.site.resources.clock, visit.site.resources.database
    looked = clock.monotonic()
    place = Place(newer=False, boundary=TOP)
    reason = ""
    if written.head:
        progress.bytes += len(written.head)
        yield written.head
    while not reason:
        try:
            found = await database.read(part, wanted, written, place)
        except ReadTimeout:
            reason = _TOO_LONG
            break
        if found.data:
            progress.events += found.events
            progress.bytes += len(found.data)
            yield found.data
        if found.place is None:
            progress.state = "done"
            return
        if found.place == place:
            reason = _TOO_LONG
        place = found.place
        if clock.monotonic() - looked >= _LOOK_SECONDS:
            looked = clock.monotonic()
            reason = reason or ("" if await still_welcome(visit) else _GONE)
    progress.state, progress.reason = "broken", reason
    yield written.last(reason)
