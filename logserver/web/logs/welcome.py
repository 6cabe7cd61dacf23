"""Whether somebody who was let in a while ago would still be: for answers that go on for long."""

from logserver.core.faults import NotFound
from logserver.core.people import browser_sessions, members
from logserver.core.projects import by_slug
from logserver.store.tx import Tx
from logserver.web.visit import Visit


async def still_welcome(visit: Visit) -> bool:
    """Whether the session goes on, and its user still sees the project."""
    resources = visit.site.resources
    return await resources.database.look_up(_welcome, visit, resources.clock.now_ms())


def _welcome(tx: Tx, visit: Visit, now_ms: int) -> bool:
    found = browser_sessions.find(tx, visit.secret, now_ms)
    if found is None:
        return False
    try:
        project = by_slug(tx, visit.project.slug)
    except NotFound:
        return False
    return members.standing(tx, project, visit.site.resources.people.acting(found[1])) is not None
