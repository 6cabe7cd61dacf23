"""The root of the pages: where somebody goes on who has named no page."""

from starlette.responses import Response

from logserver.core.faults import NotFound
from logserver.core.projects import Project
from logserver.store import events
from logserver.web.visit import Visit


async def home(visit: Visit) -> Response:
    """On to the one project there is to see, or to the list of projects."""
    projects = [project for project in visit.who.projects if not project.system] if visit.who else []
    return await _into(visit, projects[0]) if len(projects) == 1 else visit.see(visit.url("/projects"))


async def project(visit: Visit) -> Response:
    """On to the inbox of a project; to its start page while it has no event."""
    return await _into(visit, visit.project)


async def _into(visit: Visit, chosen: Project) -> Response:
    edges = await visit.site.resources.database.look_up(events.edges, chosen.number)
    return visit.see(visit.url(f"/p/{chosen.slug}/{'inbox' if edges is not None else 'start'}"))


async def nowhere(_: Visit) -> Response:
    """A path that no page has; raises NotFound."""
    raise NotFound("there is no such page")
