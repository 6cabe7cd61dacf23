"""Claiming an anonymous stream: an admin picks the project that its events move into."""

import re

from starlette.responses import Response

from logserver.contracts.logstitch.streams import Stream, Streams
from logserver.core import projects
from logserver.core.faults import Conflict, Gone, Invalid, NotFound
from logserver.store.tx import Tx
from logserver.store.writer import MAX_GROUP_ROWS, WriteTx
from logserver.web.visit import Visit

_UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


async def form(visit: Visit) -> Response:
    """What there is to claim with the token of the query, and into which project; asks for a token without one."""
    given = visit.query.get("token", "").strip()
    if not given:
        return visit.page("audit/claim.html", token="", stream=None, wrong={}, chosen="")
    return await _shown(visit, given)


async def claim(visit: Visit) -> Response:
    """Move the events of a stream into a project, all or none; 422, or what else it is, where that cannot be."""
    token, slug = visit.form.get("token").lower(), visit.form.get("project")
    if not _UUID4.fullmatch(token):
        return await _shown(visit, token)
    mine = {project.slug for project in visit.who.projects if not project.system} if visit.who else set()
    if slug not in mine:
        return await _shown(visit, token, {"project": "Choose one of the projects."}, 422)

    def move(tx: WriteTx, now_ms: int) -> int:
        return visit.site.streams.claim(tx, projects.by_slug(tx, slug), token, now_ms)

    database = visit.site.resources.database
    try:
        waiting = await database.look_up(_look, token, visit.now_ms)
        taken = await database.write(move, visit.now_ms, rows=min(waiting.n, MAX_GROUP_ROWS))
    except Invalid as fault:
        said = "; ".join(f"{name}: {message}" for name, message in fault.problems)
        return await _shown(visit, token, {"project": f"This project's rules of redaction do not take it: {said}"}, 422)
    except (Conflict, Gone, NotFound):
        return await _shown(visit, token)
    events = "1 event has" if taken == 1 else f"{taken:,} events have"
    return visit.see(visit.url(f"/p/{slug}/audit"), f"{events} moved into this project.")


async def _shown(visit: Visit, given: str, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    token, stream, problems = given.lower(), None, dict(wrong or {})
    if not _UUID4.fullmatch(token):
        status, problems["token"] = 422, "This is no claim token: those look like a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d."
    else:
        try:
            stream = await visit.site.resources.database.look_up(_look, token, visit.now_ms)
        except NotFound:
            status, problems["token"] = 404, "There is no stream of this token; the first event makes it."
        except Gone:
            status, problems["token"] = 410, "This stream has expired, and its events are gone."
    if stream is not None and stream.status == "claimed":
        status, problems["token"] = 409, "This stream has been claimed already."
        stream = None
    chosen = visit.form.get("project") or visit.query.get("project", "")
    return visit.page("audit/claim.html", status, token=given, stream=stream, wrong=problems, chosen=chosen)


def _look(tx: Tx, token: str, now_ms: int) -> Stream:
    return Streams.info(tx, token, now_ms)
