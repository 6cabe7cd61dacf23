"""The root of the pages: where somebody goes on who has named no page."""

from starlette.responses import Response

from logserver.core.faults import NotFound
from logserver.web.visit import Visit


async def home(visit: Visit) -> Response:
    """On to the inbox of the one project there is to see, or to the list of projects."""
    projects = [project for project in visit.who.projects if not project.system] if visit.who else []
    if len(projects) == 1:
        return visit.see(visit.url(f"/p/{projects[0].slug}/inbox"))
    return visit.see(visit.url("/projects"))


async def project(visit: Visit) -> Response:
    """On to the inbox of a project."""
    return visit.see(visit.place("/inbox"))


async def nowhere(_: Visit) -> Response:
    """A path that no page has; raises NotFound."""
    raise NotFound("there is no such page")
