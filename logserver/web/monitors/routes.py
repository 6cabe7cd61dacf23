"""The routes of the pages of monitors."""

from logserver.web.monitors import monitors
from logserver.web.page import Access, PageRoute

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/p/{project}/monitors", monitors.index, Access.MEMBER),
    PageRoute("GET", "/p/{project}/monitors/{monitor}", monitors.show, Access.MEMBER),
    PageRoute("POST", "/p/{project}/monitors/{monitor}/pause", monitors.pause, Access.MEMBER),
    PageRoute("POST", "/p/{project}/monitors/{monitor}/remove", monitors.remove, Access.OWNER),
]
