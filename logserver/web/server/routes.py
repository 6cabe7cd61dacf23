"""The routes of the pages of the server itself."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
