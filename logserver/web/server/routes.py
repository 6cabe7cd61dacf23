"""The routes of the pages of the server itself."""

from logserver.web.page import Access, PageRoute
from logserver.web.server import overview, workings

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/server", overview.show, Access.ADMIN),
    PageRoute("GET", "/server/jobs", workings.jobs, Access.ADMIN),
    PageRoute("GET", "/server/slow", workings.slow_queries, Access.ADMIN),
    PageRoute("GET", "/server/refused", workings.refused, Access.ADMIN),
]
