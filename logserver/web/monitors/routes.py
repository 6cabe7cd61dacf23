"""The routes of the pages of monitors."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
