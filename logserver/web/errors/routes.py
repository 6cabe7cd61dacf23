"""The routes of the pages of errors: the inbox and its groups."""

from logserver.web.errors import group, inbox
from logserver.web.page import Access, PageRoute

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/p/{project}/inbox", inbox.listing, Access.MEMBER),
    PageRoute("POST", "/p/{project}/inbox", inbox.change, Access.MEMBER),
    PageRoute("GET", "/p/{project}/groups/{group}", group.group, Access.MEMBER),
    PageRoute("POST", "/p/{project}/groups/{group}", group.change, Access.MEMBER),
    PageRoute("GET", "/p/{project}/groups/{group}/occurrences/{occurrence}.txt", group.as_text, Access.MEMBER),
    PageRoute("GET", "/p/{project}/groups/{group}/occurrences/{occurrence}.json", group.as_json, Access.MEMBER),
]
