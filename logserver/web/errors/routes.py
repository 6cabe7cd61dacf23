"""The routes of the pages of errors: the inbox and its groups."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
