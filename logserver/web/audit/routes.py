"""The routes of the pages of the audit trail, its viewer, and claimed streams."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
