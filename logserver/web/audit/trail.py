"""The audit trail of a project: what happened, filtered, each event with its place in the chain."""

import asyncio
from typing import Any, NamedTuple

from starlette.responses import Response

from logserver.contracts.logstitch import heads, kinds
from logserver.contracts.logstitch.heads import Unreadable
from logserver.contracts.logstitch.links import Head
from logserver.contracts.logstitch.places import Condition, Place, condition, places
from logserver.contracts.logstitch.reading import EVERYBODY, Page, page, read_filters
from logserver.core.faults import Invalid
from logserver.store.tx import Tx
from logserver.web.audit.entries import CHOICES, asked, entries
from logserver.web.audit.frames import ancestors
from logserver.web.visit import Visit

_MOST_ACTIONS = 200


class _Shown(NamedTuple):
    condition: Condition
    actions: list[str]
    """Those that the form offers."""
    page: Page
    places: list[Place]


async def trail(visit: Visit) -> Response:
    """A page of the trail, newest first, and how its chain stands; 422 where a filter is wrong."""
    wanted = asked(visit.query)
    kept = await kept_head(visit)
    filters, problems = None, {}
    try:
        filters = read_filters({**wanted, "cursor": visit.query.get("cursor", "")})
    except Invalid as fault:
        problems = dict(fault.problems)
    site, project = visit.site, visit.project

    def look(tx: Tx) -> _Shown:
        stands = condition(tx, project, site.chain.public, kept)
        known = kinds.actions(tx, project.number)[:_MOST_ACTIONS]
        database = site.resources.database
        found = Page([], None)
        if filters is not None:
            secret, spelling = database.secret, database.spelling
            found = page(tx, project, filters, audience=EVERYBODY, spelling=spelling, secret=secret)
        standing = places(tx, project, list(zip(found.packed, found.events, strict=True)))
        return _Shown(stands, known, found, standing)

    shown = await site.resources.database.read(look)
    return visit.page(
        "audit/trail.html",
        422 if problems else 200,
        shown=shown,
        entries=entries(shown.page.events, shown.places),
        wanted=wanted,
        choices=CHOICES,
        problems=problems,
        older=visit.place("/audit", **wanted, cursor=shown.page.cursor) if shown.page.cursor else None,
        newest=visit.place("/audit", **wanted) if visit.query.get("cursor") else None,
        embedding=_embedding(visit),
    )


async def kept_head(visit: Visit) -> Head | None:
    """The head of a project's chain that is noted beside the database; None where there is none to read."""
    try:
        noted = await asyncio.to_thread(heads.read, visit.site.folder)
    except Unreadable:
        return None
    kept = noted.get(visit.project.uuid)
    return kept.head() if kept is not None else None


def _embedding(visit: Visit) -> dict[str, Any]:
    """What it takes to show the trail in somebody else's page."""
    address = visit.site.resources.public_url.rstrip("/")
    if not address:
        scheme = "https" if visit.secure else "http"
        host = visit.request.headers.get(b"host", b"localhost").decode("latin-1")
        address = f"{scheme}://{host}{visit.site.prefix}"
    return {"address": address, "ancestors": ancestors(visit.site.frame_ancestors)}
