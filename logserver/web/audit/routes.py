"""The routes of the pages of the audit trail, its viewer, and claimed streams."""

from logserver.web.audit import chain, claiming, exporting, trail, viewer
from logserver.web.page import Access, PageRoute

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/p/{project}/audit", trail.trail, Access.MEMBER),
    PageRoute("GET", "/p/{project}/audit/chain", chain.chain, Access.MEMBER),
    PageRoute("GET", "/p/{project}/audit/export", exporting.download, Access.MEMBER),
    PageRoute("GET", "/viewer", viewer.viewer, Access.ANYBODY),
    PageRoute("GET", "/viewer/events", viewer.events, Access.ANYBODY),
    PageRoute("GET", "/claim", claiming.form, Access.ADMIN),
    PageRoute("POST", "/claim", claiming.claim, Access.ADMIN),
]
