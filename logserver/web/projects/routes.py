"""The routes of the pages of projects: the list, setting up, settings."""

from logserver.web.page import Access, PageRoute
from logserver.web.projects import listing, start

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/projects", listing.page, Access.SIGNED_IN),
    PageRoute("POST", "/projects", listing.make, Access.ADMIN),
    PageRoute("GET", "/projects/new", listing.form, Access.ADMIN),
    PageRoute("GET", "/p/{project}/start", start.page, Access.MEMBER),
    PageRoute("GET", "/p/{project}/start/arrival", start.arrival, Access.MEMBER),
    PageRoute("POST", "/p/{project}/start/token", start.make_token, Access.OWNER),
]
