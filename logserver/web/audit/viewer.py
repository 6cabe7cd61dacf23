"""The viewer: one tenant's audit events, for a frame in another site's page.

Its token stands in the fragment of the address, ``/viewer#token=vt_…``, which browsers send to no server: so it is
in no log, neither ours nor a proxy's, and in no Referer. A script of the page reads it there, and sends it in a
header. No cookie is looked at or set.
"""

from typing import Any

from starlette.responses import HTMLResponse, Response

from logserver.api.faults import REFUSALS, status_of
from logserver.contracts.logstitch.reading import Audience, Page, page, read_filters
from logserver.core.faults import Invalid, Unauthorized
from logserver.core.projects import by_number
from logserver.core.tokens import Credential
from logserver.store.tx import Tx
from logserver.web.audit.entries import CHOICES, asked, entries
from logserver.web.audit.frames import ancestors
from logserver.web.page import POLICY
from logserver.web.visit import Visit

_VIEWERS = frozenset({"viewer"})
_THEMES = {"light", "dark"}


async def viewer(visit: Visit) -> Response:
    """The page in the frame; ``theme`` is light, dark or auto, which follows the reader's system."""
    theme = visit.query.get("theme", "auto")
    return _answer(visit, "audit/viewer.html", theme=theme if theme in _THEMES else "auto", choices=CHOICES)


async def events(visit: Visit) -> Response:
    """The events that a viewer token shows, as a part of that page; a refusal is a part of it as well."""
    try:
        return await _events(visit)
    except Unauthorized:
        said = "This link is not valid, or not any more. Load the page around it again to get a new one."
        return _answer(visit, "audit/viewer_refused.html", 401, message=said)
    except Invalid as fault:
        said = "; ".join(f"{name}: {message}" for name, message in fault.problems)
        return _answer(visit, "audit/viewer_refused.html", 422, message=said)
    except REFUSALS as fault:
        return _answer(visit, "audit/viewer_refused.html", status_of(fault), message=str(fault))


async def _events(visit: Visit) -> Response:
    gate, database = visit.site.resources.gate, visit.site.resources.database
    await gate.admit(visit.request, _VIEWERS)
    credential = visit.request.credential
    if credential is None or credential.project is None:
        raise Unauthorized("Unauthorized")
    gate.take(visit.request, f"events of {credential.bound['jti']}")
    wanted = asked(visit.query)
    filters = read_filters({**wanted, "cursor": visit.query.get("cursor", "")})
    number, audience = credential.project.number, _audience(credential)

    def look(tx: Tx) -> Page:
        secret, spelling = database.secret, database.spelling
        return page(tx, by_number(tx, number), filters, audience=audience, spelling=spelling, secret=secret)

    found = await database.read(look)
    older = visit.url("/viewer/events", **wanted, cursor=found.cursor) if found.cursor else None
    fields = None if audience.fields is None else {field.partition(".")[0] for field in audience.fields}
    return _answer(visit, "audit/viewer_events.html", entries=entries(found.events), older=older, fields=fields)


def _audience(credential: Credential) -> Audience:
    fields = credential.bound.get("fields")
    return Audience(credential.bound["tenant_id"], None if fields is None else tuple(fields))


def _answer(visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
    text = visit.site.renderer.render(template, {"visit": visit, **values})
    policy = f"{POLICY}; frame-ancestors {ancestors(visit.site.frame_ancestors)}"
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return HTMLResponse(text, status, headers=headers)
