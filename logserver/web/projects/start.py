"""The start page of a project: lines to copy for every client, and a light that turns green as events arrive."""

from starlette.responses import Response

from logserver.api.addresses import origin
from logserver.core.faults import Fault
from logserver.core.fleet import edge_keys
from logserver.core.people import founding
from logserver.core.people.accounts import User
from logserver.core.projects import Project
from logserver.core.tokens import EDGE_SCOPES, PREFIXES, Issued
from logserver.store import events
from logserver.store.events import Event
from logserver.store.ids import id_ms
from logserver.store.tx import Tx
from logserver.web.formats import iso
from logserver.web.projects import fresh_tokens
from logserver.web.projects.guides import GUIDES, chosen
from logserver.web.visit import Visit

_PLACES = {"error": ("/inbox", "Inbox"), "check_in": ("/monitors", "Monitors"), "audit": ("/audit", "Audit")}
_MESSAGE = 200


async def page(visit: Visit) -> Response:
    """GET: the lines of one client, filled in with the server's address and, while it is fresh, a token."""
    product, guide = chosen(visit.query.get("with", ""))
    newest = await visit.site.resources.database.look_up(_newest, visit.project)
    resources, token = visit.site.resources, fresh_tokens.kept(visit)
    return visit.page(
        "projects/start.html",
        guides=GUIDES,
        product=product,
        guide=guide,
        token=token if token is not None and guide.edge == token.startswith(PREFIXES["edge"]) else None,
        now=iso(visit.now_ms),
        address=origin(visit.request, resources.gate, resources.public_url).rstrip("/"),
        **_arrival(newest),
    )


async def arrival(visit: Visit) -> Response:
    """GET, asked by the page every two seconds until the first event is there: what arrived, or nothing new."""
    newest = await visit.site.resources.database.look_up(_newest, visit.project)
    if newest is None and visit.partial:
        return Response(status_code=204)
    if not visit.partial:
        return visit.see(visit.place("/start"))
    return visit.page("projects/arrival.html", **_arrival(newest))


async def make_token(visit: Visit) -> Response:
    """POST: another token, which this browser keeps for an hour."""
    guide = chosen(visit.form.get("with"))[1]

    def make(tx: Tx, project: Project, user: User, now_ms: int) -> Issued:
        if guide.edge:
            return edge_keys.create(
                tx, name="set up", project=project, permissions=EDGE_SCOPES, user=user, now_ms=now_ms
            )[1]
        return founding.first_token(tx, project, user, now_ms)

    goal = visit.place("/start", **{"with": guide.key if guide.key != "curl" else None})
    try:
        made = await visit.site.resources.database.write(make, visit.project, visit.user, visit.now_ms)
    except Fault as fault:
        return visit.see(goal, str(fault))
    fresh_tokens.keep(visit, visit.project, made.secret, visit.secret)
    return visit.see(goal, "The new token stands in the lines below. Copy it now: nobody can look it up later.")


def _newest(tx: Tx, project: Project) -> Event | None:
    return events.newest(tx, project.number)


def _arrival(newest: Event | None) -> dict[str, object]:
    if newest is None:
        return {"newest": None}
    place, name = _PLACES.get(newest.type, ("/logs", "Logs"))
    line = newest.message.strip().partition("\n")[0]
    shown = line[:_MESSAGE] + ("…" if len(line) > _MESSAGE else "")
    return {"newest": newest, "at": id_ms(newest.id), "line": shown, "place": place, "place_name": name}
