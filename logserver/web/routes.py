"""All pages, and what they are served with."""

from typing import Any

from starlette.routing import BaseRoute

from logserver.web.agents.routes import ROUTES as AGENTS
from logserver.web.alerts.routes import ROUTES as ALERTS
from logserver.web.audit.routes import ROUTES as AUDIT
from logserver.web.errors.routes import ROUTES as ERRORS
from logserver.web.logs.routes import ROUTES as LOGS
from logserver.web.monitors.routes import ROUTES as MONITORS
from logserver.web.page import Access, Page, PageRoute
from logserver.web.people import home
from logserver.web.people.routes import ROUTES as PEOPLE
from logserver.web.projects.routes import ROUTES as PROJECTS
from logserver.web.server.routes import ROUTES as SERVER
from logserver.web.settings.routes import ROUTES as SETTINGS
from logserver.web.site import Site
from logserver.web.tracing.routes import ROUTES as TRACING

DECLARED: list[PageRoute] = [
    *PEOPLE,
    *PROJECTS,
    *SETTINGS,
    *ERRORS,
    *LOGS,
    *TRACING,
    *MONITORS,
    *AUDIT,
    *ALERTS,
    *AGENTS,
    *SERVER,
]
"""Every page, as its own module declares it."""


def nowhere(site: Site) -> Page:
    """What a browser is shown for a path that nothing has."""
    return Page(site, PageRoute("GET", "/{path:path}", home.nowhere, Access.ANYBODY))


def pages(site: Site) -> list[Page]:
    """All pages of a server."""
    return [Page(site, declared) for declared in DECLARED]


def routes(site: Site, served: list[Page]) -> list[BaseRoute]:
    """The routes of these pages, and of the files that they load."""
    return [*(page.route() for page in served), *site.assets.routes()]


def shared(assets: Any) -> dict[str, Any]:
    """The names that every template knows."""
    return {"asset": assets.path}
